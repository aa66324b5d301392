import type { Clock } from './clock.ts';

interface Entry { readonly at: number; readonly order: number; readonly call: () => void }

/** A clock that stands still until it is told to go on: days of waiting pass at once in cases. */
export class VirtualClock implements Clock {
  readonly #start: number;
  #now: number;
  #jumped = 0;
  #order = 0;
  readonly #entries = new Set<Entry>();

  constructor(startMs: number) { this.#start = this.#now = startMs; }

  now(): number { return this.#now + this.#jumped; }
  elapsed(): number { return this.#now - this.#start; }
  after(delayMs: number, call: () => void): () => void {
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), order: this.#order++, call };
    this.#entries.add(entry);
    return () => { this.#entries.delete(entry); };
  }

  /** Sets the wall clock forward or back, as an administrator does: no time passes, and timers wait as long as before. */
  jump(ms: number): void { this.#jumped += ms; }

  /** Timers that wait; what has stopped leaves none. */
  get waiting(): number { return this.#entries.size; }

  /** Goes to the next timer, but not beyond `wallEnd`, and fires it; false when there is none before. */
  step(wallEnd: number): boolean {
    const end = wallEnd - this.#jumped;
    let next: Entry | undefined;
    for (const entry of this.#entries) if (entry.at <= end && (!next || entry.at < next.at || (entry.at === next.at && entry.order < next.order))) next = entry;
    if (!next) { this.#now = Math.max(this.#now, end); return false; }
    this.#entries.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.call();
    return true;
  }
}
