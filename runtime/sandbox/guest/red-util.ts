import type { GuestBufferClass } from './buffer.ts';
import { cloneValue } from './clone.ts';
import { nextChance } from './chance.ts';
import type { Guest } from './state.ts';
import { GuestTextDecoder } from './text-codecs.ts';
import { setOwn } from './wire.ts';

/** RED.util: what it gives in Node-RED, as far as it works on values and not on Node-RED itself. */

export type PathPart = string | number;
export interface Fields { [key: string]: unknown }

export function makeRedApi(guest: Guest): object {
  return {
    util: {
      cloneMessage: (message: unknown) => cloneValue(message, new Map(), true),
      generateId: () => Array.from({ length: 16 }, () => Math.floor(nextChance(guest) * 16).toString(16)).join(''),
      ensureString, ensureBuffer, compareObjects,
      getMessageProperty: (message: unknown, path: unknown) => valueAt(message, pathParts(withoutMsg(path), message)),
      setMessageProperty: (message: unknown, path: unknown, ...rest: unknown[]) => setValueAt(message, pathParts(withoutMsg(path), message), givenValue(rest)),
      getObjectProperty: (object: unknown, path: unknown) => valueAt(object, pathParts(path, object)),
      setObjectProperty: (object: unknown, path: unknown, ...rest: unknown[]) => setValueAt(object, pathParts(path, object), givenValue(rest)),
      normalisePropertyExpression: (path: unknown, message?: unknown, asText?: unknown) => {
        const parts = pathParts(path, message);
        return asText === true ? textOfPath(parts) : parts;
      },
      parseContextStore,
    },
  };
}

export function withoutMsg(path: unknown): string {
  const text = String(path);
  return text.startsWith('msg.') ? text.slice(4) : text;
}

/** `createMissing` is true unless a value is deleted or the caller says otherwise. */
export function givenValue([value, createMissing]: readonly unknown[]): { readonly value: unknown; readonly createMissing: boolean } {
  return { value, createMissing: createMissing === undefined ? value !== undefined : Boolean(createMissing) };
}

export function ensureString(value: unknown): string {
  if (value instanceof Uint8Array) return new GuestTextDecoder('utf-8', { ignoreBOM: true }).decode(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function ensureBuffer(value: unknown): Uint8Array {
  const { Buffer } = globalThis as unknown as { Buffer: GuestBufferClass & { isBuffer(value: unknown): boolean } };
  return Buffer.isBuffer(value) ? (value as Uint8Array) : Buffer.from(value instanceof Uint8Array ? value : ensureString(value));
}

/** Deep, by own keys in any order. Dates are compared by their time, which Node-RED does not. */
export function compareObjects(one: unknown, two: unknown): boolean {
  if (one === two) return true;
  if (typeof one !== 'object' || typeof two !== 'object' || one === null || two === null || Array.isArray(one) !== Array.isArray(two)) return false;
  if (one instanceof Date || two instanceof Date) return one instanceof Date && two instanceof Date && one.getTime() === two.getTime();
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(two).length) return false;
  if (ArrayBuffer.isView(one) !== ArrayBuffer.isView(two)) return false;
  return keys.every((key) => Object.hasOwn(two, key) && compareObjects((one as Fields)[key], (two as Fields)[key]));
}

/** `#:(store)::key` names a store, as the fields of Node-RED's nodes write it. */
export function parseContextStore(key: unknown): { readonly store?: string; readonly key: string } {
  const found = /^#:\((\S+?)\)::([^]*)$/.exec(String(key));
  return found ? { store: found[1] ?? '', key: found[2] ?? '' } : { key: String(key) };
}

/** `a.b[0]["c d"]` as its keys. `[msg.x]` stands for the value of that property of `message`. */
export function pathParts(path: unknown, message?: unknown): PathPart[] {
  const text = String(path);
  const parts: PathPart[] = [];
  if (text === '' || text.startsWith('.') || text.startsWith('[')) throw badPath(text, 0);
  const next = /(?:^|\.)(?:'([^']+)'|"([^"]+)"|([^\s.[\]"']+))|\[(?:(\d+)|'([^']+)'|"([^"]+)")\]/y;
  while (next.lastIndex < text.length) {
    const at = next.lastIndex;
    const found = next.exec(text);
    if (!found) {
      const end = endOfInner(text, at);
      parts.push(innerKey(text.slice(at + 1, end), message));
      next.lastIndex = end + 1;
      continue;
    }
    const [, single, double, name, index, singleIn, doubleIn] = found;
    const key = single ?? double ?? singleIn ?? doubleIn;
    const number = index ?? (name !== undefined && /^\d+$/.test(name) ? name : undefined);
    parts.push(number === undefined ? key ?? name ?? '' : Number(number));
  }
  return parts;
}

export function badPath(text: string, at: number): Error {
  return Object.assign(new Error(`Invalid property expression "${text.slice(0, 200)}" at position ${at}`), { code: 'INVALID_EXPR' });
}

/** Where the bracket at `at` closes, when a property of the message stands inside it. */
export function endOfInner(text: string, at: number): number {
  let depth = 0;
  if (/^\[msg[.[]/.test(text.slice(at, at + 5))) {
    for (let end = at; end < text.length; end++) {
      if (text[end] === '[') depth++;
      if (text[end] === ']' && --depth === 0) return end;
    }
  }
  throw badPath(text, at);
}

export function innerKey(text: string, message: unknown): PathPart {
  const value = message === undefined ? undefined : valueAt({ msg: message }, pathParts(text, message));
  if (typeof value !== 'string' && typeof value !== 'number') throw badPath(text, 0);
  return value;
}

export function textOfPath(parts: readonly PathPart[]): string {
  return parts.map((part, at) => (typeof part === 'number' || !/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part) ? `[${JSON.stringify(part)}]` : at === 0 ? part : `.${part}`)).join('');
}

/** Own properties only. A missing parent is an error, as reading it in code would be. */
export function valueAt(root: unknown, parts: readonly PathPart[]): unknown {
  return parts.reduce((value: unknown, part) => {
    if (value === undefined || value === null) throw new TypeError(`Cannot read property "${part}" of ${String(value)}`);
    return typeof value === 'string' || Object.hasOwn(value as object, part) ? (value as Fields)[part] : undefined;
  }, root);
}

/** False when nothing was set, because a parent is missing or holds no values. undefined deletes, and closes the gap in a list. */
export function setValueAt(root: unknown, parts: readonly PathPart[], { value, createMissing }: ReturnType<typeof givenValue>): boolean {
  let parent = root;
  for (const [at, part] of parts.entries()) {
    if (typeof parent !== 'object' || parent === null) return false;
    if (at === parts.length - 1) return setLast(parent as Fields, part, value);
    const held = Object.hasOwn(parent, part) ? (parent as Fields)[part] : undefined;
    if (held === undefined || held === null) {
      if (!createMissing) return false;
      setOwn(parent as Fields, part as string, typeof parts[at + 1] === 'number' ? [] : {});
    }
    parent = Object.hasOwn(parent, part) ? (parent as Fields)[part] : undefined;
  }
  return false;
}

export function setLast(parent: Fields, part: PathPart, value: unknown): boolean {
  if (value !== undefined) setOwn(parent, part as string, value);
  else if (Array.isArray(parent) && typeof part === 'number') parent.splice(part, 1);
  else delete parent[part];
  return true;
}
