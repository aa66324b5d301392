import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';

interface Entry { readonly at: number; readonly order: number; call: (() => void) | null }

/**
 * Many due times behind one timer of the clock. Entries of one instant fire in the order in which they were set.
 * Due times of `set` are instants of the wall clock, which may jump while a timer waits: nothing fires before its instant, and after a jump forward what is due fires within `clockLookMs`.
 */
export class Timers {
  readonly #clock: Clock;
  #heap: Entry[] = [];
  #order = 0;
  #forgotten = 0;
  #armed: { readonly at: number; readonly cancel: () => void } | null = null;

  constructor(clock: Clock) { this.#clock = clock; }

  /** Due times in memory, with those forgotten that are still there. */
  get held(): number { return this.#heap.length; }

  /** Calls at `at` (ms since 1970), at once when that is past; answers how to forget it. */
  set(at: number, call: () => void): () => void {
    const entry: Entry = { at, order: this.#order++, call };
    this.#push(entry);
    this.#arm();
    return () => { this.#forget(entry); };
  }

  /** Calls after so much time has passed, whatever the wall clock does meanwhile; answers how to forget it. */
  after(ms: number, call: () => void): () => void { return this.#clock.after(ms, call); }

  /** Forgotten ones leave when they are more than half: they may have been set for long after. */
  #forget(entry: Entry): void {
    if (entry.call === null) return;
    entry.call = null;
    if (++this.#forgotten <= this.#heap.length / 2) return;
    this.#heap = this.#heap.filter(({ call }) => call !== null).sort((a, b) => (before(a, b) ? -1 : 1)); // what is sorted is a heap
    this.#forgotten = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (!first || (this.#armed && this.#armed.at <= first.at)) return;
    this.#armed?.cancel();
    const now = this.#clock.now();
    const at = Math.min(first.at, now + limits.clockLookMs);
    this.#armed = { at, cancel: this.#clock.after(at - now, () => this.#fire()) };
  }

  #fire(): void {
    this.#armed = null;
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first && (first.at <= now || first.call === null); first = this.#heap[0]) {
      this.#pop();
      const { call } = first;
      first.call = null;
      if (call) call();
      else this.#forgotten--;
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(entry, heap[up] as Entry)) break;
      heap[i] = heap[up] as Entry;
      i = up;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Entry, heap[down] as Entry)) down++;
      if (!before(heap[down] as Entry, last)) break;
      heap[i] = heap[down] as Entry;
      i = down;
    }
    heap[i] = last;
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
