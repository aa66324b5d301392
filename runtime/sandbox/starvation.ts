/** Where a batch, or the whole isolate, stood at a moment. All in ms. */
export interface TimeAt { readonly at: number; readonly lateMs: number; readonly waitedMs: number }

const STARVED_SHARE = 0.5; // of the time that a batch took: the limits of its code have room for less

/** What an isolate lost because its process was kept from a core: then what took too long is not its code's fault. */
export class Starvation {
  #ranMs = 0;
  #lateMs = 0;

  /** A turn is over: it was in work for so long, with a core or without. */
  ran(ms: number): void { this.#ranMs += ms; }

  /** It wanted to go on so long ago. Before that, when negative: an answer came. */
  woke(lateMs: number): void { this.#lateMs += Math.max(0, lateMs); }

  /** `runningMs`: of the turn in work; `cpuMs`: what its process had of the cores in all. */
  at(at: number, { runningMs, cpuMs }: { readonly runningMs: number; readonly cpuMs: number }): TimeAt {
    return { at, lateMs: this.#lateMs, waitedMs: this.#ranMs + runningMs - cpuMs };
  }

  isStarved(since: TimeAt, now: TimeAt): boolean {
    const lostMs = Math.max(now.lateMs - since.lateMs, now.waitedMs - since.waitedMs);
    return lostMs > (now.at - since.at) * STARVED_SHARE;
  }
}
