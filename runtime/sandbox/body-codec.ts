import { keptText, partsWithKept } from '../json-text.ts';
import type { SandboxMessage, SandboxState } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { isPlainRecord } from '../sdk/path.ts';
import { tagged, untagged } from '../tagged.ts';
import type { KeyUse } from './message-keys.ts';

/**
 * Bodies on their way into the sandbox and back. Plain JSON stays as it is; where a body holds bytes, dates or big integers they become
 * `{ $bytes }`, `{ $date }` and `{ $bigint }`, and a `$` stands before the user's own `$` keys.
 */

const DEPTH_MAX = 200; // recursion stays far from the end of the stack; the guest has the same bound

type Fields = { readonly [key: string]: unknown };

/**
 * One message of a batch, in parts: `[id, time, body]`, then 1 when the body has tags, then the context, each value as a text of its own that the guest reads when it is asked for, then 1 when
 * it is traced.
 */
export function rowParts(message: SandboxMessage, { keys, usesId }: { readonly keys: KeyUse; readonly usesId: boolean }): readonly string[] {
  const kept = partsWithKept(message.body, keys?.cross ?? Object.keys(message.body), isSpecial);
  const body = kept !== undefined || keys === null ? message.body : pick(message.body, keys.cross);
  const tags = kept === undefined && isSpecial(body);
  const state = message.state === undefined ? '' : `,${tags ? '' : '0,'}${stateText(message.state)}`;
  const traced = message.traced ? `${tags ? '' : ',0'}${state === '' ? ',null' : ''},1` : '';
  const head = `[${usesId ? JSON.stringify(message.id) : '""'},${message.nowMs},`;
  const tail = `${tags ? ',1' : ''}${state}${traced}]`;
  if (kept === undefined) return [`${head}${JSON.stringify(tags ? tagged(body) : body)}${tail}`];
  kept[0] = head + String(kept[0]);
  kept[kept.length - 1] += tail;
  return kept;
}

const stateText = (state: SandboxState): string => JSON.stringify(Object.fromEntries(Object.entries(state).map(([scope, values]) => [scope, Object.fromEntries(Object.entries(values).map(([key, value]) => [key, valueText(value)]))])));
/** A value as the guest reads it: tagged behind a `!` where it holds what JSON has not. */
export const valueText = (value: unknown): string => (isSpecial(value) ? `!${JSON.stringify(tagged(value))}` : JSON.stringify(value));

/** A value as the guest wrote it. */
export const valueBack = (text: string): unknown => (text.startsWith('!') ? untagged(JSON.parse(text.slice(1))) : JSON.parse(text));

/** `_msgid` is the message's id, for code that came from Node-RED. */
export function withMessageId(body: Body, id: string): Body {
  return '_msgid' in body ? body : { ...body, _msgid: id };
}

function pick(body: Fields, keys: readonly string[]): Fields {
  const picked: { [key: string]: unknown } = {};
  for (const key of keys) {
    const value = Object.hasOwn(body, key) ? body[key] : undefined;
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

const isSpecial = (value: unknown): boolean => hasSpecial(value, 0);

function hasSpecial(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  if (value instanceof Uint8Array || value instanceof Date) return true;
  if (depth > DEPTH_MAX) throw new RangeError(`the message is nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) {
    for (const each of value) if (hasSpecial(each, depth + 1)) return true;
    return false;
  }
  for (const key in value) if (hasSpecial((value as Fields)[key], depth + 1)) return true;
  return false;
}

/** A value that its written form holds as it is. */
export function isExact(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? Number.isFinite(value) : value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
  if (keptText(value) !== undefined) return true;
  if (depth > DEPTH_MAX) return false;
  if (Array.isArray(value)) {
    for (const each of value) if (!isExact(each, depth + 1)) return false;
    return true;
  }
  if (value instanceof Uint8Array || value instanceof Date) return true;
  return isPlainRecord(value) && Object.values(value).every((each) => isExact(each, depth + 1));
}

/** A body that came back: `w` is whole, `p` is what changed of the message that was kept, `d` the keys that were deleted. */
export interface BodyGiven { readonly w?: unknown; readonly p?: unknown; readonly d?: readonly string[] }

export function bodyBack({ w, p, d }: BodyGiven, kept: Body): Body {
  const body = w === undefined ? { ...kept, ...fieldsOf(p) } : fieldsOf(w);
  if (d === undefined) return body;
  const left: { [key: string]: unknown } = { ...body };
  for (const key of d) delete left[key];
  return left;
}

function fieldsOf(given: unknown): Fields {
  return (typeof given === 'string' ? untagged(JSON.parse(given.slice(1))) : given) as Fields;
}
