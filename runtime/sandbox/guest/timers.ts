import { refusal } from './failure.ts';
import { refuseBeforeMessages } from './setup.ts';
import type { Batch, Call, Guest, Timer } from './state.ts';

/** Timers of the code. They belong to the message that set them, run in its name and end with it. */

export function addTimer(guest: Guest, fire: unknown, how: { readonly ms: unknown; readonly args: readonly unknown[]; readonly repeats?: true; readonly isQuiet?: true }): number {
  const call = guest.current;
  if (typeof fire !== 'function') throw new TypeError('a timer needs a function to call');
  if (!call || call.text !== null) return 0;
  refuseBeforeMessages(guest, 'setTimeout');
  if (call.liveTimers >= guest.config.timersMax) throw refusal('threw', { en: `more than ${guest.config.timersMax} timers at once`, ru: `одновременно больше ${guest.config.timersMax} таймеров` });
  const ms = Math.max(1, Math.min(Number(how.ms) || 0, 2 ** 31));
  const id = ++guest.timerIds;
  call.liveTimers++;
  call.batch.timers.push({ id, call, due: guest.wallNow() + ms, periodMs: how.repeats ? ms : 0, isQuiet: how.isQuiet === true, fire: () => { Reflect.apply(fire, undefined, how.args); } });
  return id;
}

export function dropTimer(guest: Guest, id: unknown): void {
  const call = guest.current;
  if (!call) return;
  const { timers } = call.batch;
  const at = timers.findIndex((timer) => timer.id === id && timer.call === call);
  if (at < 0) return;
  timers.splice(at, 1);
  call.liveTimers--;
}

export function dropTimersOf(call: Call): void {
  const { timers } = call.batch;
  if (call.liveTimers === 0) return;
  for (let at = timers.length - 1; at >= 0; at--) if (timers[at]?.call === call) timers.splice(at, 1);
  call.liveTimers = 0;
}

/** Whether the message goes on for a timer. For a quiet one it does only until its code has returned. */
export function awaitsTimer(call: Call): boolean {
  return call.liveTimers > 0 && (!call.returned || call.batch.timers.some((timer) => timer.call === call && !timer.isQuiet));
}

/** Takes the timer that is due first; an interval stays, for its next time. */
export function takeDueTimer(batch: Batch, now: number): Timer | undefined {
  const timer = firstTimer(batch);
  if (!timer || timer.due > now) return undefined;
  if (timer.periodMs > 0) timer.due = now + timer.periodMs;
  else {
    batch.timers.splice(batch.timers.indexOf(timer), 1);
    timer.call.liveTimers--;
  }
  return timer;
}

export function firstTimer(batch: Batch): Timer | undefined {
  let first: Timer | undefined;
  for (const timer of batch.timers) if (!first || timer.due < first.due) first = timer;
  return first;
}
