import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { Work } from './message.ts';

/**
 * Messages that were in a call at two ends of the process in a row run alone in the whole process: when it ends a third time, only the one
 * to blame was in a call (DESIGN 6.5). While one waits for its turn or runs, nobody else begins.
 */
export class Suspects {
  readonly #clock: Clock;
  /** Messages at work that are under no suspicion. */
  #others = 0;
  readonly #waiting: (() => void)[] = [];
  #alone = false;
  #freed: () => void = () => undefined;
  #stopWaiting: (() => void) | undefined;
  #patient = true;
  /** The process ended again and again, and no call may be to blame: whatever a message goes through is written down before it begins. */
  watchful: boolean;

  constructor(clock: Clock, watchful = false) {
    this.#clock = clock;
    this.watchful = watchful;
  }

  /** Called when everybody may begin again. */
  onFreed(call: () => void): void { this.#freed = call; }

  get hold(): boolean { return this.#alone || this.#waiting.length > 0; }

  /** Whether the work begins at once; else when its turn has come, by `alone`. */
  admits(work: Work): boolean {
    work.alone = work.crashes >= limits.crashesAlone && work.crashes < limits.crashesMax;
    if (!work.alone) this.begin();
    return !work.alone;
  }
  /** What was never admitted may leave, too. */
  left(work: Work): void {
    const { alone } = work;
    work.alone = undefined;
    if (alone) this.endAlone();
    else if (alone === false) this.end();
  }

  begin(): void { this.#others++; }
  end(): void {
    this.#others--;
    if (this.#waiting.length > 0) this.#next();
  }

  /** Runs it when nobody else is at work, or after a while: a call may take long, and the other may wait for this one's end. */
  alone(run: () => void): void {
    this.#waiting.push(run);
    this.#next();
  }
  endAlone(): void {
    this.#alone = false;
    this.#next();
    if (!this.hold) this.#freed();
  }

  #next(): void {
    if (this.#alone || this.#waiting.length === 0) return;
    if (this.#others > 0 && this.#patient) {
      this.#stopWaiting ??= this.#clock.after(limits.suspectWaitMs, () => {
        this.#patient = false;
        this.#next();
      });
      return;
    }
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#patient = true;
    this.#alone = true;
    this.#waiting.shift()?.();
  }
}
