import { bodyOf, endCall, nextRow, onlyBody, resume, sendReturned } from './run.ts';
import { Call } from './state.ts';
import type { Batch, Guest, Stage } from './state.ts';
import { asField, bodyText, readText, setOwn, writeBody, writeValue } from './wire.ts';

/**
 * Function nodes in a row, with nodes of other types between them, run one after another without leaving the isolate. Each must get exactly what it would have got alone: what a function
 * changed goes through its written form before the next one sees it.
 */

/** A message between two nodes. `whole`: it is no more the message that the host kept, but another. */
export interface Carried { msg: Call['msg']; whole: boolean }

/**
 * The text of one message's results: `[stage,[results]]` with the number of the function at which it ended. A traced message has a result of
 * every function up to that one; of any other the last one's stands for all, and where it cannot, the text is `0`: the host asks again, traced.
 */
export function fusedText(guest: Guest, batch: Batch): string {
  const row = nextRow(batch);
  const carried: Carried = { msg: bodyOf(guest, row), whole: false };
  const told: string[] = [];
  for (let stage = 0; ; stage++) {
    const traced = row[5] === 1;
    // What is not certain here is what the host makes of the message there.
    if (!goBetween(guest, stage, carried)) return traced ? `[${stage - 1},[${told.join(',')}]]` : textAt(guest, stage - 1, { ...carried, value: carried.msg });
    atStage(guest, stage);
    const call = new Call(row, carried.msg, batch);
    if (stage === 0) batch.calls.push(call);
    resume(guest, call, null);
    const last = stage === guest.stages.length - 1;
    if (!traced && passes(guest, call)) {
      if (last) return textAt(guest, stage, { msg: call.msg, value: call.value as object, whole: carried.whole });
      if (!carryOn(guest, call, carried)) return '0';
      continue;
    }
    const only = endAndTell(guest, call);
    told.push(call.text ?? '');
    call.text = '';
    if (only === null || last) return traced || stage === 0 ? `[${stage},[${told.join(',')}]]` : '0';
    if (!traced) return '0';
    carryText(guest, carried, only);
  }
}

/** Ends the call as it would end alone. The text of the one message that goes on, by the first output; null when there is none, or more. */
export function endAndTell(guest: Guest, call: Call): string | null {
  sendReturned(guest, call);
  const only = onlyBody(call);
  endCall(guest, call);
  return call.thrown === null ? only ?? null : null;
}

/** The message as the host would make it of what was written. */
export function carryText(guest: Guest, carried: Carried, text: string): void {
  const { w, p } = JSON.parse(text) as { w?: unknown; p?: unknown };
  const given = w ?? p;
  const fields = (typeof given === 'string' ? readText(guest.wire, given) : given) as Call['msg'];
  if (w !== undefined) { carried.msg = fields; return; }
  for (const key of guest.config.back ?? []) if (!Object.hasOwn(fields, key)) delete carried.msg[key];
  for (const key of Object.keys(fields)) setOwn(carried.msg, key, fields[key]);
}

export function atStage(guest: Guest, stage: number): void {
  const { config, whole, user } = guest.stages[stage] as Stage;
  guest.config = config;
  guest.whole = whole;
  guest.user = user;
}

/** One message came of it, by the first output, and nothing else is to be told. */
export function passes({ config }: Guest, call: Call): boolean {
  const { value } = call;
  return call.thrown === null && call.outputs === null && call.logs === null && call.status === null && call.reported === null && config.outputs > 0
    && typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes the message what the next node gets. False where that is not certain. */
export function carryOn(guest: Guest, call: Call, carried: Carried): boolean {
  const { back, outputChars } = guest.config;
  try {
    if (back !== null && call.value === call.msg) return carryKeys(guest, call.msg, back);
    const text = writeBody(guest.wire, call.value as object);
    carried.whole = true;
    carried.msg = readText(guest.wire, text) as Call['msg'];
    return text.length <= outputChars;
  } catch {
    return false;
  }
}

export function carryKeys(guest: Guest, msg: Call['msg'], back: readonly string[]): boolean {
  let chars = 0;
  for (const key of back) {
    const value = msg[key];
    const kind = typeof value;
    if (kind === 'function' || kind === 'symbol' || kind === 'bigint') return false;
    if (value === undefined) {
      // Who does not know whether it came in tells the host by it that it is gone. Nobody else looks at it.
      if (guest.whole.back === null || guest.whole.came.includes(key)) delete msg[key];
      continue;
    }
    if (kind === 'number') msg[key] = Number.isFinite(value) ? (value as number) + 0 : null;
    else if (kind === 'string') chars += (value as string).length;
    else if (kind === 'object' && value !== null) {
      const text = writeValue(guest.wire, value);
      if (text === 'undefined') return false;
      chars += text.length;
      msg[key] = readText(guest.wire, text);
    }
  }
  return chars <= guest.config.outputChars / 2;
}

/** What leaves the last node that ran, alone, told as what became of the message that came to the first. */
export function textAt(guest: Guest, stage: number, { msg, value, whole }: Carried & { readonly value: object }): string {
  const config = (guest.config = guest.whole);
  try {
    const text = whole ? `{"w":${asField(writeBody(guest.wire, value))}}` : bodyText(guest, { msg }, value as Call['msg']);
    return text.length > config.outputChars ? '0' : `[${stage},[${text}]]`;
  } catch {
    return '0';
  }
}

/** Takes the message through the nodes of other types that stand before the stage. False, and it has gone nowhere, where one is not certain. */
export function goBetween(guest: Guest, stage: number, carried: Carried): boolean {
  const { before } = guest.stages[stage] as Stage;
  let { msg } = carried;
  try {
    for (const pass of before) {
      const next = pass(msg);
      if (!next) return false;
      msg = next;
    }
  } catch {
    return false;
  }
  carried.msg = msg;
  return true;
}
