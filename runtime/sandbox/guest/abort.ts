import { refusal } from './failure.ts';
import type { Guest } from './state.ts';
import { addTimer } from './timers.ts';

/** AbortController and AbortSignal, as far as they give calls up. */

export type AbortListener = (event: { readonly type: 'abort'; readonly target: GuestAbortSignal }) => void;

export class GuestAbortSignal {
  #reason: { readonly value: unknown } | undefined;
  #listeners: AbortListener[] = [];
  onabort: AbortListener | null = null;
  /** `start` gets what ends the signal. */
  constructor(start?: (end: (reason: unknown) => void) => void) { start?.((reason) => { this.#end(reason); }); }
  get aborted(): boolean { return this.#reason !== undefined; }
  get reason(): unknown { return this.#reason?.value; }
  throwIfAborted(): void { if (this.#reason) throw this.#reason.value; }
  addEventListener(kind: unknown, call: AbortListener): void { if (kind === 'abort' && !this.#listeners.includes(call)) this.#listeners.push(call); }
  removeEventListener(kind: unknown, call: AbortListener): void { if (kind === 'abort') this.#listeners = this.#listeners.filter((each) => each !== call); }
  #end(reason: unknown): void {
    if (this.#reason) return;
    this.#reason = { value: reason ?? abortReason('AbortError') };
    const calls = [...this.#listeners, ...(this.onabort ? [this.onabort] : [])];
    this.#listeners = [];
    for (const call of calls) call({ type: 'abort', target: this });
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
