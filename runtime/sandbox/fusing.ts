import { limits } from '../limits.ts';
import type { SandboxProgram } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import type { RowCode } from '../sdk/row-code.ts';
import type { Analysis } from './analyse.ts';
import { isExact } from './body-codec.ts';
import type { ModuleBundle } from './bundle.ts';
import type { GuestConfig } from './guest/state.ts';
import type { KeyUse } from './message-keys.ts';

/** A function as it was opened. */
export interface Made { readonly program: SandboxProgram; readonly analysis: Analysis; readonly modules?: ModuleBundle | undefined }

/** What stands in a row: functions, and between them code of other nodes. */
export type Place = Made | RowCode;
export const isMade = (place: Place): place is Made => 'program' in place;

/**
 * Whether functions in a row give the same as one: none waits, none uses modules (which are loaded for one node's code), all may use the same memory, and chance, which is each one's own, comes in at the first only. Nodes of other types stand between functions:
 * behind the last, this process does their work for less than it would take to have the message cross with their keys. */
export function fusible(row: readonly Place[]): boolean {
  const made = row.filter(isMade);
  const [first] = made;
  return first !== undefined && made.length > 1 && first === row[0] && made.at(-1) === row.at(-1) && row.length <= limits.sandboxFusedMax && made.every(({ program, analysis, modules }, i) => (
    !modules && analysis.plain && (i === 0 || !analysis.usesId) && program.outputs > 0 && program.flow === first.program.flow && program.memoryMb === first.program.memoryMb
  ));
}

const keysOf = (place: Place): KeyUse => (isMade(place) ? place.analysis.keys : place);

/** The keys that any of them reads or changes; null when one takes the whole message. */
export function keysOfAll(row: readonly Place[]): KeyUse {
  const cross = new Set<string>();
  const back = new Set<string>();
  for (const place of row) {
    const keys = keysOf(place);
    if (keys === null) return null;
    for (const key of keys.cross) cross.add(key);
    for (const key of keys.back) back.add(key);
  }
  return { cross: [...cross], back: [...back] };
}

/** What the guest has to know of keys: those that may come back, and which of them came in (all, where the whole message did). */
export const comingBack = (keys: KeyUse, came = keys): Pick<GuestConfig, 'back' | 'came'> => ({ back: keys && keys.back, came: keys ? keys.back.filter((key) => came === null || came.cross.includes(key)) : [] });

/** The same of all up to each function. */
export function comingBackBy(row: readonly Place[]): readonly Pick<GuestConfig, 'back' | 'came'>[] {
  const all = keysOfAll(row);
  return row.flatMap((place, at) => (isMade(place) ? [comingBack(keysOfAll(row.slice(0, at + 1)), all)] : []));
}

/** The code that stands before each function, behind the one before it. */
export function codesBefore(row: readonly Place[]): readonly (readonly string[])[] {
  const before: string[][] = [];
  let codes: string[] = [];
  for (const place of row) {
    if (!isMade(place)) { codes.push(place.source); continue; }
    before.push(codes);
    codes = [];
  }
  return before;
}

/**
 * Whether a message is the same in the isolate as here. What a function is given and gives has gone through its written form in both; a value that none has given yet must be the same in that form where code of another node
 * looks at it, and where a function only may write it, so that alone it would leave it as it is.
 */
export function crossesWell(row: readonly Place[]): (body: Body) => boolean {
  const all = keysOfAll(row);
  const written = new Set<string>();
  const asItCame = new Set<string>();
  for (const place of row) {
    const keys = keysOf(place);
    if (keys === null) break;
    const { cross, back } = keys;
    const asTheyCome = isMade(place) ? back.filter((key) => !cross.includes(key) && (all === null || all.cross.includes(key))) : cross;
    for (const key of asTheyCome) if (!written.has(key)) asItCame.add(key);
    if (isMade(place)) for (const key of back) if (cross.includes(key)) written.add(key);
  }
  const keys = [...asItCame];
  return (body) => keys.every((key) => !Object.hasOwn(body, key) || isExact(body[key]));
}
