import { textWithKept } from '../json-text.ts';
import { tagged, untagged } from '../tagged.ts';

/** A body as JSON text and back. Bytes and dates survive; everything else is what JSON keeps. */

const MARK = '!'; // a text that begins so has tagged values; any other is plain JSON
const MAX_DEPTH = 200;

function isSpecial(value: unknown, depth: number): boolean {
  if (typeof value === 'bigint') return true;
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Uint8Array || value instanceof Date) return true;
  if (depth > MAX_DEPTH) throw new RangeError(`a message is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (const item of value) if (isSpecial(item, depth + 1)) return true;
    return false;
  }
  for (const key in value) if (key.charCodeAt(0) === 36 || isSpecial((value as Record<string, unknown>)[key], depth + 1)) return true;
  return false;
}

/** Throws a RangeError or TypeError for a body that JSON cannot hold (a cycle, too deep). */
export function encodeBody(body: object): string {
  const kept = textWithKept(body as { readonly [name: string]: unknown }, Object.keys(body), (value) => isSpecial(value, 1));
  if (kept !== undefined) return kept;
  return isSpecial(body, 0) ? MARK + JSON.stringify(tagged(body)) : JSON.stringify(body);
}

/** Whether its text is longer than that, as far as a look tells that writes nothing and ends as soon as it knows: what is true is certain. */
export function isSurelyLonger(body: object, chars: number): boolean {
  return leftAfter(body, chars, 0) < 0;
}

function leftAfter(value: unknown, chars: number, depth: number): number {
  if (typeof value === 'string') return chars - value.length - 2;
  if (typeof value !== 'object' || value === null) return chars - 1;
  if (value instanceof Uint8Array) return chars - value.length;
  if (depth > MAX_DEPTH || !isPlain(value)) return chars;
  let left = chars;
  if (Array.isArray(value)) {
    left -= value.length;
    for (let at = 0; at < value.length && left >= 0; at++) left = leftAfter(value[at], left, depth + 1);
    return left;
  }
  for (const key in value) {
    if (left < 0) break;
    const each = (value as Record<string, unknown>)[key];
    if (!isLeftOut(each)) left = leftAfter(each, left - key.length - 3, depth + 1);
  }
  return left;
}
/** What writes itself, or inherits, is not looked into. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === Array.prototype || prototype === null) && typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}
const isLeftOut = (value: unknown): boolean => value === undefined || typeof value === 'function' || typeof value === 'symbol';

/** For what has to be kept whatever it holds: in place of a body that cannot be written it says why. */
export function encodeStorable(body: object): string {
  try { return encodeBody(body); } catch (error) { return JSON.stringify({ notStorable: (error as Error).message }); }
}

export function decodeBody(text: string): { readonly [key: string]: unknown } {
  return (text.startsWith(MARK) ? untagged(JSON.parse(text.slice(1))) : JSON.parse(text)) as { readonly [key: string]: unknown };
}
