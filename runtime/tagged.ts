/**
 * What JSON has no form for, as JSON: bytes as `{ "$bytes": "base64" }`, dates as `{ "$date": ms }`, big integers as `{ "$bigint": "123" }`. A `$` stands
 * before a user's own `$` keys, so that they are never taken for one of these. So the journal, the sandbox and the API write values.
 */

type Fields = { readonly [key: string]: unknown };

export function tagged(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(tagged);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.startsWith('$') ? `$${key}` : key, tagged(each)]));
}

/** What was tagged. People write tags too, so a `$` key that is none stays, and a date may be a text (`"2026-01-31T10:00:00Z"`). */
export function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(untagged);
  return isTag(value as Fields) ? special(value as Fields) : Object.fromEntries(Object.entries(value).map(([key, each]) => [ownKey(key), untagged(each)]));
}

export const ownKey = (key: string): string => (key.startsWith('$$') ? key.slice(1) : key);

export function isTag(value: Fields): boolean {
  const [key, ...more] = Object.keys(value);
  if (more.length > 0) return false;
  return key === '$date' || (key === '$bytes' && typeof value['$bytes'] === 'string') || (key === '$bigint' && /^-?\d+$/.test(String(value['$bigint'])));
}

function special({ $date, $bytes, $bigint }: Fields): unknown {
  if (typeof $bytes === 'string') return new Uint8Array(Buffer.from($bytes, 'base64'));
  if ($bigint !== undefined) return BigInt($bigint as string);
  return new Date(typeof $date === 'number' || typeof $date === 'string' ? $date : NaN);
}
