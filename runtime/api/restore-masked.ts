import { isTag, ownKey, untagged } from '../tagged.ts';

/**
 * A body as a person gave it back, with what was hidden from him put in again: a value that is still as it was shown stands for
 * the whole one. `original` is the stored body, `shown` what the person saw of it. Dates, bytes and big integers are written as tags.
 */
export function restoreMasked(given: unknown, original: unknown, shown: unknown): unknown {
  if (same(given, shown)) return original;
  if (Array.isArray(given) && Array.isArray(original) && Array.isArray(shown)) return given.map((each, i) => restoreMasked(each, original[i], shown[i]));
  if (isRecord(given) && isRecord(original) && isRecord(shown) && !isTag(given)) {
    return Object.fromEntries(Object.entries(given).map(([key, each]) => (Object.hasOwn(shown, key) ? [key, restoreMasked(each, original[key], shown[key])] : [ownKey(key), untagged(each)])));
  }
  return untagged(given);
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date) && !(value instanceof Uint8Array);
const same = (a: unknown, b: unknown): boolean => b !== undefined && JSON.stringify(a) === JSON.stringify(b);
