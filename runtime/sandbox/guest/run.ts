import { failureText, refusal } from './failure.ts';
import { dropCalls, openCalls, withAsked } from './fetch-api.ts';
import { sendAll } from './send.ts';
import { countLarge } from './slices.ts';
import { fusedText } from './fused.ts';
import { Call } from './state.ts';
import type { Words } from './failure.ts';
import type { Batch, Guest, NetCall } from './state.ts';
import { awaitsTimer, dropTimersOf, firstTimer, takeDueTimer } from './timers.ts';
import { untagged } from './wire.ts';

/**
 * Runs batches in turns. The host calls `step` for a turn and reads the answer: `d` done, `m5;` more at once with 5 messages that have not begun, `w12;` wait 12 ms; then the list of
 * the results that are ready, in order. In a turn of code that may make promises at most one message's code begins or goes on, and what it set off has run before the host calls `collect`, or
 * `endTurn` and `nextTurn` for several turns in a row: so at every moment it is known whose code runs.
 */

export function newBatch(text: string): Batch {
  return { rows: JSON.parse(text) as Batch['rows'], calls: [], timers: [], handed: 0, handedBefore: 0 };
}

/** One turn. `text` is the batch's messages at its first turn, else empty. */
export function step(guest: Guest, number: number, text: string): string {
  const batch = text === '' ? guest.batches.get(number) : newBatch(text);
  if (!batch) throw new Error('this batch was not begun');
  if (guest.config.plain) return plainTurn(guest, number, batch);
  guest.batches.set(number, batch);
  forgetHanded(guest, batch);
  const now = guest.wallNow();
  guest.current = null;
  if (batch.calls.length < batch.rows.length) startCall(guest, batch, now);
  else {
    const timer = takeDueTimer(batch, now);
    if (timer) resume(guest, timer.call, timer.fire);
  }
  guest.turns = { calls: [guest.current], until: now + guest.config.sliceMs, chars: 0 };
  return '';
}

/** Ends the message whose code has run in this turn, if it is through. */
export function endTurn(guest: Guest): string {
  const { current, turns } = guest;
  const now = guest.wallNow();
  if (!current || current.text !== null) return '';
  countTime(current, now);
  if (isThrough(guest, current, now)) endCall(guest, current);
  turns.chars += charsOf(current);
  return '';
}

export function charsOf({ text }: Call): number { return text === null ? 0 : text.length; }

/** Begins the next message, in a turn of its own that follows at once. It is empty when the batch has had its slice, or holds much to be handed over. */
export function nextTurn(guest: Guest, number: number): string {
  const batch = guest.batches.get(number);
  const { turns, config } = guest;
  const now = guest.wallNow();
  guest.current = null;
  if (batch && batch.calls.length < batch.rows.length && now < turns.until && turns.chars <= config.partChars) startCall(guest, batch, now);
  turns.calls.push(guest.current);
  return '';
}

/** Of the turn that is over. */
export function countTime(call: Call, now: number): void {
  if (call.turnAt > 0) call.usedMs += now - call.turnAt;
  call.turnAt = 0;
}

export function plainTurn(guest: Guest, number: number, batch: Batch): string {
  const until = guest.wallNow() + guest.config.sliceMs;
  let out = '';
  while (batch.calls.length < batch.rows.length) {
    const text = guest.stages.length > 1 ? fusedText(guest, batch) : plainText(guest, batch);
    countLarge(guest, text);
    out = out === '' ? text : `${out},${text}`;
    if (batch.calls.length < batch.rows.length && (out.length > guest.config.partChars || guest.wallNow() >= until)) {
      guest.batches.set(number, batch); // only now: most end in their first turn, and a Map keeps some of what passes through it until the next full collection
      return `m;${listed(out)}`;
    }
  }
  guest.batches.delete(number);
  guest.current = null;
  return `d[${out}]`;
}

/** Written as the list that the host reads: brackets set there would copy a large text once more. */
export function listed(out: string): string {
  return out === '' ? '' : `[${out}]`;
}

export function plainText(guest: Guest, batch: Batch): string {
  const call = startCall(guest, batch, 0);
  endCall(guest, call);
  const { text } = call;
  // What was handed over is forgotten, so that a batch needs memory for one message only.
  call.text = '';
  return text ?? '';
}

export function startCall(guest: Guest, batch: Batch, now: number): Call {
  const row = nextRow(batch);
  const call = new Call(row, bodyOf(guest, row), batch);
  call.startedAt = now;
  if (guest.config.isClosing) call.beside = 'closing';
  batch.calls.push(call);
  resume(guest, call, null);
  return call;
}

export function nextRow(batch: Batch): Batch['rows'][number] {
  const row = batch.rows[batch.calls.length];
  if (!row) throw new Error('the batch has no more messages');
  return row;
}

export function bodyOf(guest: Guest, row: Batch['rows'][number]): Call['msg'] {
  return row[3] === 1 ? (untagged(guest.wire, row[2]) as Call['msg']) : row[2];
}

/** Runs the code of one message: from its beginning, or a timer's function. */
export function resume(guest: Guest, call: Call, timer: (() => void) | null): void {
  guest.current = call;
  forgetMatches();
  call.turnAt = guest.config.plain ? 0 : guest.wallNow();
  try {
    if (timer) { timer(); return; }
    // Called by its bare name: as a method it would get the guest as `this`.
    const { user } = guest;
    const value = user(call.msg);
    if (!guest.config.plain && isThenable(value)) awaitValue(call, value);
    else {
      call.value = value;
      call.returned = true;
    }
  } catch (thrown) {
    call.thrown ??= { value: thrown };
  }
}

/** `RegExp.$1` and its like keep the last match of the whole context, another message's or another node's: a match of nothing takes its place. */
export function forgetMatches(): void {
  /(?:)/.test('');
  (RegExp as unknown as { input: string }).input = '';
}

export function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

export function isThenable(value: unknown): boolean {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && typeof (value as { then?: unknown }).then === 'function';
}

export function awaitValue(call: Call, value: unknown): void {
  void new Promise((resolve) => { resolve(value); }).then(
    (settled) => {
      call.value = settled;
      call.returned = true;
      // Promise.race with a timer is common: once the message is there, the timer is not waited for.
      if (!isNothing(settled)) call.done = true;
    },
    (thrown: unknown) => { call.thrown ??= { value: thrown }; },
  );
}

/** Errors that nobody caught, told by the host: the message whose code ran in that turn of the last has failed, even if its result was handed over just now. */
export function blame(guest: Guest, number: number, late: readonly (readonly [turn: number, message: string, stack: string])[]): string {
  const batch = guest.batches.get(number);
  for (const [turn, message, stack] of late) {
    const call = guest.turns.calls[turn];
    if (!call || !batch || call.batch !== batch || call.text === '') continue;
    const error = new Error(message);
    Reflect.defineProperty(error, 'stack', { value: stack });
    call.thrown ??= { value: error };
    if (call.text !== null) endCall(guest, call);
    batch.handed = batch.handedBefore;
    guest.finished = 0;
  }
  return collect(guest, number);
}

/** Texts that the host has for certain. */
export function forgetHanded(guest: Guest, batch: Batch): void {
  if (guest.finished > 0) guest.batches.delete(guest.finished);
  guest.finished = 0;
  for (let at = batch.handedBefore; at < batch.handed; at++) {
    const call = batch.calls[at];
    if (call) call.text = '';
  }
  batch.handedBefore = batch.handed;
}

/** What came of the turn, and what the code asks before it can go on. */
export function collect(guest: Guest, number: number): string {
  const answer = collectResults(guest, number);
  return guest.net === undefined ? answer : withAsked(guest.net, answer);
}

/** Ends the calls that are through, and hands over the results that are next in order. */
export function collectResults(guest: Guest, number: number): string {
  const batch = guest.batches.get(number);
  if (!batch) throw new Error('this batch was not begun');
  const now = guest.wallNow();
  const { current } = guest;
  if (current) countTime(current, now);
  for (const call of batch.calls) if (call.text === null && isThrough(guest, call, now)) endCall(guest, call);
  let out = '';
  for (let call = batch.calls[batch.handed]; call && call.text !== null && out.length <= guest.config.partChars; call = batch.calls[batch.handed]) {
    out = out === '' ? call.text : `${out},${call.text}`;
    countLarge(guest, call.text);
    batch.handed++;
  }
  if (batch.handed === batch.rows.length) {
    guest.finished = number;
    return `d[${out}]`;
  }
  const left = batch.rows.length - batch.calls.length;
  if (left > 0 || typeof batch.calls[batch.handed]?.text === 'string') return `m${left};${listed(out)}`;
  const wait = nextWakeMs(guest, batch, now);
  return wait <= 0 ? `m0;${listed(out)}` : `w${Math.ceil(wait)};${listed(out)}`;
}

export function isThrough(guest: Guest, call: Call, now: number): boolean {
  if (call.thrown) return true;
  const open = guest.net === undefined ? [] : openCalls(guest.net, call);
  // A call that may change something is waited for, whatever else is over.
  if (call.done && open.every(({ method }) => method === 'GET' || method === 'HEAD')) return true;
  if (now - call.startedAt >= guest.config.timeoutMs) {
    call.thrown = { value: refusal('timeout', whyLate(call, open)) };
    return true;
  }
  if (call.usedMs >= guest.config.cpuMs) {
    call.thrown = { value: refusal('timeout', { en: `it computed for more than ${guest.config.cpuMs} ms`, ru: `он вычислял дольше ${guest.config.cpuMs} мс` }) };
    return true;
  }
  if (awaitsTimer(call) || open.length > 0) return false;
  // Nothing of this message is left that could ever settle its promise.
  if (!call.returned) call.thrown = { value: refusal('timeout', { en: 'it awaits a promise that nothing will ever settle', ru: 'он ждёт промис, который уже ничто не завершит' }) };
  return true;
}

export function whyLate(call: Call, open: readonly NetCall[]): Words {
  const [first] = open;
  if (first) return { en: `it was waiting for the answer to ${first.method} ${first.url}`, ru: `он ждал ответа на ${first.method} ${first.url}` };
  return call.returned ? { en: 'its timers were still running', ru: 'его таймеры ещё работали' } : { en: 'its promise had not settled', ru: 'промис ещё не завершился' };
}

export function nextWakeMs(guest: Guest, batch: Batch, now: number): number {
  let at = firstTimer(batch)?.due ?? Infinity;
  for (const call of batch.calls) if (call.text === null) at = Math.min(at, call.startedAt + guest.config.timeoutMs);
  return at - now;
}

/** What the code returned is sent, once. */
export function sendReturned(guest: Guest, call: Call): void {
  const { value } = call;
  call.value = undefined;
  try {
    if (call.thrown) return;
    if (call.beside === 'closing' && !isNothing(value)) throw refusal('closing', { en: 'closing code sends nothing, so it returns nothing', ru: 'код завершения ничего не отправляет и потому ничего не возвращает' });
    sendAll(guest, call, value);
  } catch (thrown) {
    call.thrown ??= { value: thrown };
  }
}

/** Sends what was returned and writes the result: `[[bodies by output],[logs],status]`, of one body by the first output and nothing else the body itself, or `{"f":failure,"l":[logs]}`. */
export function endCall(guest: Guest, call: Call): void {
  if (guest.current !== call) forgetMatches();
  guest.current = call;
  dropTimersOf(call);
  sendReturned(guest, call);
  if (guest.net !== undefined) dropCalls(guest.net, call);
  if (!call.thrown && call.reported && call.outputs === null) call.thrown = { value: call.reported };
  if (call.logsLeftOut > 0) call.logs?.push(JSON.stringify(['warn', `${call.logsLeftOut} more log lines of this message were left out`, call.logsLeftOut]));
  if (call.thrown) {
    call.text = `{"f":${failureText(call.thrown.value)},"l":[${call.logs?.join(',') ?? ''}]}`;
    call.outputs = null;
    return;
  }
  const writes = call.writes === null ? '' : `,[${[...call.writes.values()].join(',')}]`;
  const isPlain = call.logs === null && call.status === null && writes === '';
  const only = isPlain ? onlyBody(call) : undefined;
  if (only !== undefined) {
    call.text = only;
    call.outputs = null;
    return;
  }
  const outputs = call.outputs === null ? '[]' : `[${call.outputs.map((bodies) => `[${bodies.join(',')}]`).join(',')}]`;
  call.text = isPlain ? `[${outputs}]` : `[${outputs},[${call.logs?.join(',') ?? ''}],${call.status ?? 'null'}${writes}]`;
  call.outputs = null;
}

export function onlyBody({ outputs }: Call): string | undefined {
  return outputs?.length === 1 && outputs[0]?.length === 1 ? outputs[0][0] : undefined;
}
