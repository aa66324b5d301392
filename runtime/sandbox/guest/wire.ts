import { toBase64 } from './bytes.ts';
import { messageOf, refusal } from './failure.ts';
import type { Call, Guest, Wire } from './state.ts';

/** Bodies as text, tagged as the journal does it where they hold bytes, dates or big integers. */

/** Dates and bytes tell the writer of a body that they are there, so that plain data pays nothing for them. */
export function installWire(wire: Wire): void {
  const dateText = Reflect.get(Date.prototype, 'toJSON') as (this: Date) => string;
  Reflect.defineProperty(Date.prototype, 'toJSON', {
    value(this: Date) {
      if (!wire.writing) return dateText.call(this);
      wire.special = true;
      return null;
    },
    writable: true, configurable: true, enumerable: false,
  });
  Reflect.defineProperty(Uint8Array.prototype, 'toJSON', {
    value(this: Uint8Array) {
      if (!wire.writing) return { ...this };
      wire.special = true;
      return null;
    },
    writable: true, configurable: true, enumerable: false,
  });
}

/** A value's text as JSON.stringify makes it, or with `!` and tags where it holds what JSON has not. */
export function writeValue(wire: Wire, value: object): string {
  wire.special = false;
  wire.writing = true;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError) || !error.message.includes('BigInt')) throw error;
    wire.special = true;
  } finally {
    wire.writing = false;
  }
  return wire.special ? `!${JSON.stringify(tagged(value, 0))}` : text ?? 'undefined';
}

/** A value that `writeValue` or the host wrote; undefined when there is none. Made anew at each reading. */
export function readValue(wire: Wire, held: { readonly [key: string]: string | null }, key: string): unknown {
  const text = Object.hasOwn(held, key) ? held[key] : null;
  if (text === null || text === undefined) return undefined;
  return readText(wire, text);
}

export function readText(wire: Wire, text: string): unknown {
  return text.charCodeAt(0) === 33 ? untagged(wire, JSON.parse(text.slice(1))) : JSON.parse(text);
}

export function tagged(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 200) throw new RangeError('the message is nested deeper than 200 levels');
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: toBase64(value, false) };
  if (Array.isArray(value)) return value.map((each) => tagged(each, depth + 1));
  const own = value as { [key: string]: unknown };
  if (typeof own.toJSON === 'function') return own.toJSON();
  const copy: { [key: string]: unknown } = {};
  // `$` in front of the user's own `$`, so that it is never taken for a tag.
  for (const key of Object.keys(own)) setOwn(copy, key.startsWith('$') ? `$${key}` : key, tagged(own[key], depth + 1));
  return copy;
}

export function untagged(wire: Wire, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => untagged(wire, each));
  const own = value as { [key: string]: unknown };
  if (typeof own.$bytes === 'string') return wire.bytes(own.$bytes);
  if (typeof own.$date === 'number' || own.$date === null) return new Date(own.$date ?? NaN);
  if (typeof own.$bigint === 'string') return BigInt(own.$bigint);
  const copy: { [key: string]: unknown } = {};
  for (const key of Object.keys(own)) setOwn(copy, key.startsWith('$') ? key.slice(1) : key, untagged(wire, own[key]));
  return copy;
}

/** A copy of plain data. Of anything else this cannot be one: it throws. */
export function copied(wire: Wire, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const text = writeValue(wire, value);
  if (text.charCodeAt(0) === 33) throw new TypeError('it holds what JSON has not');
  return JSON.parse(text);
}

/** A data key `__proto__` stays data. */
export function setOwn(target: { [key: string]: unknown }, key: string, value: unknown): void {
  if (key === '__proto__') Reflect.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: true });
  else target[key] = value;
}

/**
 * One body that leaves: `{"p":changed keys,"d":[deleted keys]}` when the host can merge it into the message it kept, else `{"w":whole}`; a text
 * with tags travels as a string.
 */
export function bodyText(guest: Guest, call: Pick<Call, 'msg'>, body: { [key: string]: unknown }): string {
  const { back, came } = guest.config;
  if (back === null || body !== call.msg) return `{"w":${asField(writeBody(guest.wire, body))}}`;
  const changed: { [key: string]: unknown } = {};
  const deleted: string[] = [];
  for (const key of back) {
    const value = body[key];
    if (value !== undefined) changed[key] = value;
    else if (came.includes(key) || Object.hasOwn(body, key)) deleted.push(key);
  }
  const text = asField(writeBody(guest.wire, changed));
  return deleted.length === 0 ? `{"p":${text}}` : `{"p":${text},"d":${JSON.stringify(deleted)}}`;
}

export function asField(text: string): string {
  return text.charCodeAt(0) === 33 ? JSON.stringify(text) : text;
}

export function writeBody(wire: Wire, body: object): string {
  let text: string;
  try {
    text = writeValue(wire, body);
  } catch (error) {
    throw refusal('result', { en: `the message cannot be written as JSON: ${messageOf(error)}`, ru: `сообщение нельзя записать в JSON: ${messageOf(error)}` });
  }
  if (text.charCodeAt(text.startsWith('!') ? 1 : 0) !== 123) throw refusal('result', { en: 'the message has a toJSON that does not give an object', ru: 'toJSON сообщения возвращает не объект' });
  return text;
}
