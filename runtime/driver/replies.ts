import { limits } from '../limits.ts';
import type { HttpAnswer, ReplyOutcome } from '../sdk/context.ts';
import { Slots } from '../slots.ts';
import type { Timers } from './timers.ts';

interface Waiter { readonly settle: (outcome: ReplyOutcome) => void; readonly keyed: boolean }

/** Callers that wait for their run's answer. Only memory: a caller does not survive the process, its recorded answer does. */
export class Replies {
  readonly #waiters = new Slots<Waiter>();
  /** Of runs. */
  readonly #slots = new Map<string, number>();
  readonly #timers: Timers;

  constructor(timers: Timers) { this.#timers = timers; }

  get full(): boolean { return this.#waiters.size >= limits.replyWaitersMax; }

  wait(run: string, timeoutMs: number, keyed: boolean): Promise<ReplyOutcome> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(timeoutMs, () => settle({ kind: 'timeout' }));
      const settle = (outcome: ReplyOutcome): void => {
        if (!this.#waiters.take(this.#slots.get(run))) return;
        this.#slots.delete(run);
        cancel();
        resolve(outcome);
      };
      this.#slots.set(run, this.#waiters.add({ settle, keyed }));
    });
  }

  /** Whether somebody waits, and whether the answer must be recorded first. */
  waiting(run: string): { readonly keyed: boolean } | undefined { return this.#waiterOf(run); }

  answer(run: string, answer: HttpAnswer): boolean {
    const waiter = this.#waiterOf(run);
    waiter?.settle({ kind: 'answered', answer, repeated: false });
    return waiter !== undefined;
  }

  ended(run: string, how: 'completed' | 'dropped' | 'dead-lettered' | 'discarded'): void {
    if (this.#waiters.size > 0) this.#waiterOf(run)?.settle({ kind: 'ended', how });
  }

  /** Nobody waits any more. */
  forget(run: string): void { this.#waiterOf(run)?.settle({ kind: 'timeout' }); }

  #waiterOf(run: string): Waiter | undefined { return this.#waiters.get(this.#slots.get(run)); }
}
