/** The only door to time: everything else receives a `Clock`. */
export interface Clock {
  /** Wall time in ms since 1970; may jump. */
  now(): number;
  /** Monotonic ms, for durations only. */
  elapsed(): number;
  /** Calls once after `delayMs`; returns how to cancel. Does not keep the process alive. */
  after(delayMs: number, call: () => void): () => void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1; // setTimeout fires at once beyond this

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
