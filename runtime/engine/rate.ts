import type { Rate } from '../flow/units.ts';

/** At most so many in any window of that length. Remembers when the last ones began. Instants are monotonic, so that a clock that is set does not matter. */
export class RateWindow {
  readonly rate: Rate;
  readonly #begun: number[];
  #next: number;

  /** `begun`: the last ones of before, oldest first. */
  constructor(rate: Rate, begun: readonly number[] = []) {
    this.rate = rate;
    this.#begun = [...begun];
    this.#next = rate.count === 0 ? 0 : begun.length % rate.count;
  }

  /** When the last ones began, oldest first. */
  begun(): number[] {
    return this.#begun.length < this.rate.count ? [...this.#begun] : [...this.#begun.slice(this.#next), ...this.#begun.slice(0, this.#next)];
  }

  /** How long until one more may begin; 0 when it may now. */
  waitMs(now: number): number {
    if (this.#begun.length < this.rate.count) return 0;
    return Math.max(0, (this.#begun[this.#next] as number) + this.rate.perMs - now);
  }

  begin(now: number): void {
    this.#begun[this.#next] = now;
    this.#next = (this.#next + 1) % this.rate.count;
  }
}
