import { refusal } from './failure.ts';
import type { Guest } from './state.ts';
import { addTimer } from './timers.ts';

/** AbortController and AbortSignal, as far as they give calls up. */

export type AbortListener = ((event: AbortEvent) => void) | { handleEvent(event: AbortEvent): void };
export interface AbortEvent { readonly type: 'abort'; readonly target: GuestAbortSignal; readonly currentTarget: GuestAbortSignal }

export class GuestAbortSignal {
  static #guest: Guest | undefined;
  #reason: { readonly value: unknown } | undefined;
  #listeners: AbortListener[] = [];
  onabort: ((event: AbortEvent) => void) | null = null;
  /** `start` gets what ends the signal. */
  constructor(start?: (end: (reason: unknown) => void) => void) { start?.((reason) => { this.#end(reason); }); }
  get aborted(): boolean { return this.#reason !== undefined; }
  get reason(): unknown { return this.#reason?.value; }
  throwIfAborted(): void { if (this.#reason) throw this.#reason.value; }
  addEventListener(kind: unknown, call: AbortListener | null): void { if (kind === 'abort' && call && !this.#listeners.includes(call)) this.#listeners.push(call); }
  removeEventListener(kind: unknown, call: AbortListener | null): void { if (kind === 'abort') this.#listeners = this.#listeners.filter((each) => each !== call); }
  #end(reason: unknown): void {
    if (this.#reason) return;
    this.#reason = { value: reason === undefined ? abortReason('AbortError') : reason };
    // One that an earlier one removed is not called any more.
    for (const call of [...this.#listeners]) if (this.#listeners.includes(call)) this.#tell(call);
    this.#listeners = [];
    if (typeof this.onabort === 'function') this.#tell(this.onabort);
  }
  /** What it throws fails the message, as in a timer's function, and keeps nobody else from hearing. */
  #tell(call: AbortListener): void {
    const event: AbortEvent = { type: 'abort', target: this, currentTarget: this };
    try {
      if (typeof call === 'function') Reflect.apply(call, this, [event]);
      else call.handleEvent(event);
    } catch (thrown) {
      const current = GuestAbortSignal.#guest?.current;
      if (current) current.thrown ??= { value: thrown };
    }
  }
  /** Once, before there is code, which finds no such name. */
  static install(guest: Guest): void {
    GuestAbortSignal.#guest = guest;
    Reflect.defineProperty(GuestAbortSignal, 'timeout', { value: (ms: unknown) => signalAfter(guest, ms) });
    Reflect.deleteProperty(GuestAbortSignal, 'install');
  }
  static abort(reason?: unknown): GuestAbortSignal {
    return new GuestAbortSignal((end) => { end(reason); });
  }
  static any(signals: Iterable<GuestAbortSignal>): GuestAbortSignal {
    return new GuestAbortSignal((end) => {
      for (const each of [...signals]) {
        if (each.aborted) end(each.reason);
        else each.addEventListener('abort', () => { end(each.reason); });
      }
    });
  }
}

export class GuestAbortController {
  #end: (reason: unknown) => void = () => undefined;
  readonly signal = new GuestAbortSignal((end) => { this.#end = end; });
  abort(reason?: unknown): void { this.#end(reason); }
}

export function abortReason(name: 'AbortError' | 'TimeoutError'): Error {
  const error = refusal('fetch-failed', name === 'AbortError'
    ? { en: 'the call was aborted', ru: 'вызов прерван' }
    : { en: 'no answer came within the time that the code gave', ru: 'ответ не пришёл за время, отведённое кодом' });
  error.name = name;
  return error;
}

export function signalAfter(guest: Guest, ms: unknown): GuestAbortSignal {
  return new GuestAbortSignal((end) => { addTimer(guest, () => { end(abortReason('TimeoutError')); }, { ms, args: [], isQuiet: true }); });
}
