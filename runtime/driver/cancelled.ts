import type { CancelledRun } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { Work } from './message.ts';

/** Rows that went, and while the journal is asked: all up to a number, since rows are numbered in turn. */
interface Gone { readonly rows: ReadonlySet<number>; readonly upTo: number }

/** What of runs that a person cancelled may still be in memory. By rows: a dead letter of such a run that is resent later goes on. */
export class Cancelled {
  readonly #runs = new Map<string, Gone>();

  /** All that rests of the run now is going. */
  fence(run: string, upTo: number): void { this.#set(run, { rows: this.#rows(run), upTo }); }
  /** What is gone. */
  add(run: string, rows: CancelledRun['rows']): void { this.#set(run, { rows: new Set([...this.#rows(run), ...rows.map(({ seq }) => seq)]), upTo: 0 }); }
  /** It was not, after all. */
  delete(run: string): void { this.#runs.delete(run); }

  /** In memory mode a message has no row: all of its run is meant. */
  has({ run, seq }: Work): boolean {
    const gone = this.#runs.size === 0 ? undefined : this.#runs.get(run.id);
    return gone !== undefined && (seq <= gone.upTo || gone.rows.has(seq) || seq === 0);
  }

  #rows(run: string): ReadonlySet<number> { return this.#runs.get(run)?.rows ?? new Set(); }

  #set(run: string, gone: Gone): void {
    this.#runs.set(run, gone);
    if (this.#runs.size > limits.cancelledRunsKept) for (const oldest of this.#runs.keys()) { this.#runs.delete(oldest); break; }
  }
}
