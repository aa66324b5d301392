import { canonicalJson } from '../../runtime/flow/canonical.ts';
import { isRecord } from '../../runtime/flow/own.ts';

/** The one place in a value where it was changed, as a path; undefined where a list has more or fewer items than before, or several places changed at once. */
export function changedPlace(before: unknown, after: unknown, path: string): string | undefined {
  const isList = Array.isArray(before) && Array.isArray(after);
  if (!isList && !(isRecord(before) && isRecord(after))) return path;
  const [old, next] = [Object.entries(before), new Map(Object.entries(after))];
  if (isList && old.length !== next.size) return undefined;
  const was = new Map(old);
  const [key, ...more] = [...new Set([...was.keys(), ...next.keys()])].filter((each) => canonicalJson(was.get(each) ?? null) !== canonicalJson(next.get(each) ?? null));
  return key === undefined || more.length > 0 ? undefined : changedPlace(was.get(key), next.get(key), `${path}.${key}`);
}
