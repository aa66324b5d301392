import type { Clock } from '../clock.ts';
import { RateWindow } from '../engine/rate.ts';
import type { Rate } from '../flow/units.ts';
import type { Connections } from './connections.ts';

/** When one more may begin at a node: by its own rate, which outlives revisions that do not change it, and by those of the connections that it uses. */
export class Rates {
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #wake: () => void;
  #own: RateWindow | undefined;
  #waking: { readonly at: number; readonly cancel: () => void } | undefined;

  /** `wake` is called when one may begin that might not before. */
  constructor({ clock, connections }: { readonly clock: Clock; readonly connections: Connections }, wake: () => void) {
    this.#clock = clock;
    this.#connections = connections;
    this.#wake = wake;
  }

  /** Whether one may begin now, after a further wait of the node's own; else it wakes when that is over. */
  allow(rate: Rate | undefined, resources: readonly string[], ownWaitMs: number): boolean {
    const now = this.#clock.elapsed();
    let wait = Math.max(this.#window(rate)?.waitMs(now) ?? 0, ownWaitMs);
    for (const resource of resources) wait = Math.max(wait, this.#connections.rateOf(resource)?.waitMs(now) ?? 0);
    if (wait > 0) this.#wakeAt(now + wait, wait);
    return wait === 0;
  }

  begin(rate: Rate | undefined, resources: readonly string[]): void {
    if (!rate && resources.length === 0) return;
    const now = this.#clock.elapsed();
    this.#window(rate)?.begin(now);
    for (const resource of resources) this.#connections.rateOf(resource)?.begin(now);
  }

  /** A deploy may have made the wait shorter than the one that it wakes from. */
  #wakeAt(at: number, wait: number): void {
    if (this.#waking && this.#waking.at <= at) return;
    this.#waking?.cancel();
    this.#waking = { at, cancel: this.#clock.after(wait, () => {
      this.#waking = undefined;
      this.#wake();
    }) };
  }

  #window(rate: Rate | undefined): RateWindow | undefined {
    if (rate && (this.#own?.rate.count !== rate.count || this.#own.rate.perMs !== rate.perMs)) this.#own = new RateWindow(rate);
    return rate && this.#own;
  }
}
