import { VirtualClock } from '../../runtime/virtual-clock.ts';

export const TEST_START = Date.parse('2026-11-23T09:00:00Z');

/** Time that stands still until the test says otherwise. */
export class VirtualTime extends VirtualClock {
  constructor(startMs = TEST_START) { super(startMs); }

  /** Lets `ms` pass, firing what is due in order, and lets what it started go on. */
  async advance(ms: number): Promise<void> {
    const end = this.now() + ms;
    while (this.step(end)) await settled();
    await settled();
  }
}

/** Resolves when everything that was ready to run has run. */
export const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** The same numbers and ids for the same seed. */
export class SeededRandom {
  #state: number;
  constructor(seed = 1) { this.#state = seed >>> 0; }
  next(): number {
    // mulberry32: small, and good enough for tests.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  id(): string {
    return `id-${Math.floor(this.next() * 1e9).toString(36).padStart(6, '0')}`;
  }
}
