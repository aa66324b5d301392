import type { Live } from '../state/live.svelte.ts';
import { every } from '../state/timing.ts';

const SECOND = 1000;

/** How many messages of the last second are shown, and how many there were. */
export class DebugRate {
  shown = $state(0);
  all = $state(0);
  #lastId: number;
  #lastSkipped: number;

  constructor(live: Pick<Live, 'debug' | 'skipped'>) {
    this.#lastId = live.debug.at(-1)?.id ?? -1;
    this.#lastSkipped = live.skipped;
  }

  /** Counts once a second until the returned function is called. */
  follow(live: Pick<Live, 'debug' | 'skipped'>): () => void {
    return every(SECOND, () => this.count(live));
  }

  count(live: Pick<Live, 'debug' | 'skipped'>): void {
    const fresh = live.debug.length - (live.debug.findLastIndex((message) => message.id <= this.#lastId) + 1);
    // A cleared panel begins to count anew.
    const skipped = Math.max(0, live.skipped - (live.skipped < this.#lastSkipped ? 0 : this.#lastSkipped));
    this.shown = fresh;
    this.all = fresh + skipped;
    this.#lastId = live.debug.at(-1)?.id ?? this.#lastId;
    this.#lastSkipped = live.skipped;
  }
}
