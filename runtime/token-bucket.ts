const SECOND = 1000;

/** Lets so many through in a second, evenly, and at once no more than one second's worth. Time comes in as an argument: ms that pass, whatever the wall clock does. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, elapsedMs: number) {
    this.#perSecond = this.#tokens = perSecond;
    this.#filledAt = elapsedMs;
  }

  /** How many may pass now; below zero while more passed than there were. */
  left(elapsedMs: number): number {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((elapsedMs - this.#filledAt) / SECOND) * this.#perSecond);
    this.#filledAt = elapsedMs;
    return this.#tokens;
  }

  /** How long until something may pass again, in ms. */
  waitMs(elapsedMs: number): number { return (Math.max(0, -this.left(elapsedMs)) / this.#perSecond) * SECOND; }

  take(count = 1): void { this.#tokens -= count; }
}
