import type { CancelledRun } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { Work } from './message.ts';

/** What of runs that a person cancelled may still be in memory, by the rows that went. What a window kept of such a run goes on when the window closes: others are in it. */
export class Cancelled {
  readonly #runs = new Map<string, ReadonlySet<number>>();

  add(run: string, rows: CancelledRun['rows']): void {
    this.#runs.set(run, new Set([...this.#runs.get(run) ?? [], ...rows.map(({ seq }) => seq)]));
    if (this.#runs.size > limits.cancelledRunsKept) for (const oldest of this.#runs.keys()) { this.#runs.delete(oldest); break; }
  }

  /** In memory mode a message has no row: all of its run is meant. */
  has({ run, seq }: Work): boolean {
    const gone = this.#runs.size === 0 ? undefined : this.#runs.get(run.id);
    return gone !== undefined && (seq === 0 || gone.has(seq));
  }
}
