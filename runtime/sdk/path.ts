import { limits } from '../limits.ts';
import type { Body } from './message.ts';
import { NodeFailure } from './node-failure.ts';
import { scopeOf } from './row-code.ts';

/** A place in a body, compiled once and used for each message. Writing never changes the body: what lies on the path is copied. */
export interface CompiledPath {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** The value there; undefined when any part of the path is missing. `length` of a list or text is its length. */
  get(body: Body): unknown;
  /** A new body with the value there; the same body when it is there already. Missing records and lists on the way are made; text, numbers and dates on the way are a failure. */
  set(body: Body, value: unknown): Body;
  /** A new body without it; the same body when there was nothing. */
  remove(body: Body): Body;
}

/** A key of a record, or an index of a list, from the end when negative. */
export type Segment = string | number;

type Records = { readonly [key: string]: unknown };

const NAME = /[\p{L}_$][\p{L}\p{N}_$-]*/uy;
const INDEX = /\[(-?\d{1,6})\]/y;
const QUOTED = /\[("(?:[^"\\]|\\.)*")\]/y;

// Reaching these would reach JavaScript itself rather than the message's data.
const REFUSED = new Set(['__proto__', 'constructor', 'prototype']);
/** Every record has these without being given them; `length` is also the count of a list or text. */
const isInherited = (name: string): boolean => name === 'length' || Object.hasOwn(Object.prototype, name);

/** What holds the value already is not copied. A copy and a store: twice as fast as a literal with a computed key. */
function withKey(body: Body, key: string, value: unknown): Body {
  if (body[key] === value && value !== undefined) return body;
  const copy: { [name: string]: unknown } = { ...body };
  copy[key] = value;
  return copy;
}

/** Reads `payload.items[0].phone` or `payload["a b"]`. Throws a `NodeFailure` `path.syntax` for anything else. */
export const compilePath = (text: string): CompiledPath => pathAt(parsePath(text), text);

function pathAt(segments: readonly Segment[], text: string): CompiledPath {
  const [first] = segments as [string];
  const get = getterOf(segments);
  if (segments.length === 1) {
    return { text, segments, get, set: (body, value) => withKey(body, first, value), remove: (body) => withoutKey(body, first) as Body };
  }
  return { text, segments, get, set: setterOf(segments, text), remove: (body) => take(body, segments, 0) as Body };
}

/** The parts of a path. */
export function parsePath(text: string): readonly Segment[] {
  const source = text.trim();
  const segments: Segment[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < source.length) {
    if (segments.length > 0 && source[at] === '.') at++;
    else if (segments.length > 0 && source[at] !== '[') break;
    const part = match(NAME)?.[0] ?? quoted(match(QUOTED)?.[1]) ?? index(match(INDEX)?.[1]);
    if (part === undefined || REFUSED.has(String(part))) throw badPath(text, at);
    segments.push(part);
  }
  if (typeof segments[0] !== 'string' || at < source.length || segments.length > limits.pathSegmentsMax) throw badPath(text, at);
  return segments;
}

function quoted(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try { return JSON.parse(text) as string; } catch { return undefined; }
}
const index = (digits: string | undefined): number | undefined => (digits === undefined ? undefined : Number(digits));

function badPath(text: string, at: number): NodeFailure {
  return new NodeFailure('path.syntax', {
    en: `reading the path "${text}": it is not a path at character ${at + 1}; write it like payload.items[0].phone or payload["two words"]`,
    ru: `чтение пути «${text}»: ошибка в позиции ${at + 1}; путь записывается так: payload.items[0].phone или payload["два слова"]`,
  }, { details: { path: text, position: at } });
}

// One to three names are what flows use, millions of times a second; a loop over segments costs several times as much.
function getterOf(segments: readonly Segment[]): (body: Body) => unknown {
  const plain = segments.every((segment) => typeof segment === 'string' && !isInherited(segment));
  if (!plain || segments.length > 3) return (body) => walk(body, segments);
  const [a, b, c] = segments as readonly [string, string?, string?];
  if (b === undefined) return (body) => body[a];
  if (c === undefined) return (body) => keyOf(body[a], b);
  return (body) => keyOf(keyOf(body[a], b), c);
}

const keyOf = (value: unknown, key: string): unknown => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Records)[key] : undefined);

function walk(body: unknown, segments: readonly Segment[]): unknown {
  let value = body;
  for (const segment of segments) {
    if (segment === 'length' && (typeof value === 'string' || Array.isArray(value))) { value = value.length; continue; }
    if (typeof value !== 'object' || value === null) return undefined;
    if (typeof segment === 'number') value = Array.isArray(value) ? value.at(segment) : undefined;
    else value = !Array.isArray(value) && Object.hasOwn(value, segment) ? (value as Records)[segment] : undefined;
  }
  return value;
}

/** A key of the payload is what flows write most: without the general way it costs two spreads. */
function setterOf(segments: readonly Segment[], text: string): CompiledPath['set'] {
  const set: CompiledPath['set'] = (body, value) => put(body, segments, { at: 0, value, text }) as Body;
  const [a, b] = segments;
  if (segments.length !== 2 || typeof a !== 'string' || typeof b !== 'string') return set;
  return (body, value) => {
    const record = body[a];
    if (!isPlainRecord(record)) return set(body, value);
    const next = withKey(record, b, value);
    return next === record ? body : withKey(body, a, next);
  };
}

interface Put { readonly at: number; readonly value: unknown; readonly text: string }

function put(container: unknown, segments: readonly Segment[], { at, value, text }: Put): unknown {
  const segment = segments[at];
  if (segment === undefined) return value;
  const inner = (present: unknown): unknown => put(present, segments, { at: at + 1, value, text });
  if (typeof segment === 'string') {
    const record = container ?? {};
    if (!isPlainRecord(record)) throw notA('record', { text, segments, at, found: container });
    return withKey(record, segment, inner(Object.hasOwn(record, segment) ? record[segment] : undefined));
  }
  const list: unknown = container ?? [];
  if (!Array.isArray(list)) throw notA('list', { text, segments, at, found: container });
  const place = segment < 0 ? list.length + segment : segment;
  // Only the next free place may be filled: a hole would not survive the journal.
  if (place < 0 || place > list.length) throw notA('list', { text, segments, at, found: container });
  const item = inner(list[place]);
  if (item === list[place] && item !== undefined) return list;
  const copy = list.slice();
  copy[place] = item;
  return copy;
}

function take(container: unknown, segments: readonly Segment[], at: number): unknown {
  const segment = segments[at] as Segment;
  const last = at === segments.length - 1;
  if (typeof segment === 'number') {
    if (!Array.isArray(container) || container.at(segment) === undefined) return container;
    const place = segment < 0 ? container.length + segment : segment;
    return last ? container.toSpliced(place, 1) : replaced(container, place, take(container[place], segments, at + 1));
  }
  if (!isPlainRecord(container) || !Object.hasOwn(container, segment)) return container;
  if (last) return withoutKey(container, segment);
  const inner = take(container[segment], segments, at + 1);
  return inner === container[segment] ? container : { ...container, [segment]: inner };
}

const replaced = (list: readonly unknown[], place: number, value: unknown): readonly unknown[] => (value === list[place] ? list : list.with(place, value));

function withoutKey(record: Records, key: string): Records {
  if (!Object.hasOwn(record, key)) return record;
  const { [key]: _removed, ...rest } = record;
  return rest;
}

export function isPlainRecord(value: unknown): value is Records {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notA(wanted: 'record' | 'list', { text, segments, at, found }: { text: string; segments: readonly Segment[]; at: number; found: unknown }): NodeFailure {
  const parent = segments.slice(0, at).join('.') || 'message';
  const kind = Array.isArray(found) ? `list of ${found.length}` : typeof found;
  return new NodeFailure('path.blocked', {
    en: `writing ${text}: ${parent} is a ${kind}, and there is no place "${segments[at]}" in it that could be filled; write to ${parent} itself first`,
    ru: `запись в ${text}: ${parent} имеет тип ${kind}, в нём нет места «${segments[at]}», которое можно заполнить; сначала запишите сам ${parent}`,
  }, { details: { path: text, at: parent, wanted, found: kind } });
}

/** `pathAt` as JavaScript for a `RowCode`: of segments and text a path as here, but that its failures have no words. */
export const pathSource = (): string => scopeOf({ pathAt, getterOf, isInherited, keyOf, walk, setterOf, put, take, replaced, withKey, withoutKey, isPlainRecord, notA }, 'pathAt');
