import { limits } from '../limits.ts';
import type { HttpAnswer, ReplyOutcome } from '../sdk/context.ts';
import type { Timers } from './timers.ts';

interface Waiter { readonly settle: (outcome: ReplyOutcome) => void; readonly keyed: boolean }

/** Callers that wait for their run's answer. Only memory: a caller does not survive the process, its recorded answer does. */
export class Replies {
  readonly #waiters = new Map<string, Waiter>();
  readonly #timers: Timers;

  constructor(timers: Timers) { this.#timers = timers; }

  get full(): boolean { return this.#waiters.size >= limits.replyWaitersMax; }

  wait(run: string, timeoutMs: number, keyed: boolean): Promise<ReplyOutcome> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(timeoutMs, () => settle({ kind: 'timeout' }));
      const settle = (outcome: ReplyOutcome): void => {
        if (!this.#waiters.delete(run)) return;
        cancel();
        resolve(outcome);
      };
      this.#waiters.set(run, { settle, keyed });
    });
  }

  /** Whether somebody waits, and whether the answer must be recorded first. */
  waiting(run: string): { readonly keyed: boolean } | undefined { return this.#waiters.get(run); }

  answer(run: string, answer: HttpAnswer): boolean {
    const waiter = this.#waiters.get(run);
    waiter?.settle({ kind: 'answered', answer, repeated: false });
    return waiter !== undefined;
  }

  ended(run: string, how: 'completed' | 'dropped' | 'dead-lettered' | 'discarded'): void {
    if (this.#waiters.size > 0) this.#waiters.get(run)?.settle({ kind: 'ended', how });
  }
}
