/** The fields `exports` and `imports` of a package.json: which path a name stands for, as Node decides it. */

type Fields = { readonly [key: string]: unknown };
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `name`: `.`, `./path` or `#own`. Undefined when the package offers no such thing under these conditions. */
export function mapped(map: unknown, name: string, conditions: ReadonlySet<string>): string | undefined {
  const byName = isFields(map) && Object.keys(map).some((key) => /^[.#]/.test(key));
  if (!byName) return name === '.' ? targetOf(map, '', conditions) ?? undefined : undefined;
  if (Object.hasOwn(map, name) && !name.includes('*')) return targetOf(map[name], '', conditions) ?? undefined;
  const found = patternFor(Object.keys(map), name);
  return found && (targetOf(map[found.key], found.rest, conditions) ?? undefined);
}

/** The pattern that says most: `./lib/*.js` before `./*`. */
function patternFor(keys: readonly string[], name: string): { readonly key: string; readonly rest: string } | undefined {
  const found = keys.flatMap((key) => {
    const [before = '', after, more] = key.split('*');
    const fits = after !== undefined && more === undefined && name.length >= key.length && name.startsWith(before) && name.endsWith(after) && name !== before;
    return fits ? [{ key, before, rest: name.slice(before.length, name.length - after.length) }] : [];
  });
  return found.toSorted((a, b) => b.before.length - a.before.length || b.key.length - a.key.length)[0];
}

/** null: kept from being used. Undefined: no condition fits, and the next may. */
function targetOf(target: unknown, rest: string, conditions: ReadonlySet<string>): string | null | undefined {
  if (typeof target === 'string') return target.replaceAll('*', rest);
  if (target === null) return null;
  const choices = Array.isArray(target) ? target as unknown[] : isFields(target) ? Object.entries(target).flatMap(([key, value]) => (key === 'default' || conditions.has(key) ? [value] : [])) : [];
  for (const choice of choices) {
    const found = targetOf(choice, rest, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}
