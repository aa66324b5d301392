import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { BatchCall, Link, LinkEnd, Priority } from './link.ts';

export interface ServingOptions {
  readonly clock: Clock;
  readonly log: (level: 'info' | 'warn' | 'error', text: string, details?: object) => void;
  /** Starts a process; undefined when none can be. */
  readonly link: (priority: Priority, onEnd: (end: LinkEnd) => void) => Link | undefined;
  readonly priority: 'normal' | 'lowest';
  /** Whatever ended the process, the batch in it did: never is there more than one. */
  readonly isAlone?: boolean;
  /** The process is started by the first batch only, and ends after so long without one. */
  readonly idleMs?: number;
}

const NOT_STARTED = { message: 'isolated-vm has no native file for this platform', others: [] };
const RESTART_FIRST_MS = 100;
const STEADY_MS = 10_000; // a process that lived so long did not die of its start

/** One process in which the batches of many functions run beside one another. It is started anew when it ends, and holds what comes meanwhile. */
export class Serving {
  readonly #options: ServingOptions;
  #link: Link | undefined;
  /** Batches that wait for a process to be started. */
  #held: BatchCall[] = [];
  #starting = false;
  #closed = false;
  #shortLives = 0;
  #failedStarts = 0;
  #usedAt = 0;
  /** Until then the lowest priority is not enough to live on. */
  #raisedUntil = 0;
  #looking = false;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  get pid(): number | undefined { return this.#link?.pid; }

  run(call: BatchCall): void {
    this.#usedAt = this.#options.clock.elapsed();
    this.#lookForIdle();
    if (this.#link) {
      this.#link.run(call);
      return;
    }
    this.#held.push(call);
    this.start();
  }

  forget(fn: number): void { this.#link?.forget(fn); }

  start(): void {
    if (this.#link || this.#starting || this.#closed) return;
    this.#starting = true;
    const pause = this.#shortLives < 2 ? 0 : Math.min(limits.sandboxRestartMaxMs, RESTART_FIRST_MS * 2 ** (this.#shortLives - 2));
    if (pause === 0) this.#started();
    else this.#options.clock.after(pause, () => { this.#started(); });
  }

  stopIdle(why: string): void {
    if (this.#link?.idle) this.#link.kill('closed', why);
  }

  close(): void {
    this.#closed = true;
    this.#link?.kill('closed', 'the sandbox was closed');
  }

  #started(): void {
    this.#starting = false;
    if (this.#closed) return;
    const { priority, clock } = this.#options;
    const link = this.#options.link(priority === 'lowest' && clock.elapsed() < this.#raisedUntil ? 'low' : priority, (end) => { this.#ended(link, end); });
    this.#link = link;
    if (link) for (const call of this.#held.splice(0)) link.run(call);
    else this.#notStarted(NOT_STARTED);
  }

  #ended(link: Link | undefined, end: LinkEnd): void {
    if (this.#link === link) this.#link = undefined;
    if (end.reason === 'closed') return;
    // Ended by us for a known reason, it may start at once; what ends by itself again and again may not.
    this.#shortLives = end.reason === 'crashed' && end.livedMs < STEADY_MS ? this.#shortLives + 1 : 0;
    if (end.neverStarted) {
      this.#notStarted(end);
      return;
    }
    this.#failedStarts = 0;
    if (end.reason === 'starved') {
      this.#raise(end);
      return;
    }
    this.#options.log('warn', `the sandbox's process ended: ${end.message}; it is started anew`, { reason: end.reason, batches: end.others.length });
    if (this.#options.idleMs === undefined) this.start();
    const { message, guilty } = end;
    const reason = end.reason === 'memory' || end.reason === 'timeout' ? end.reason : 'broken';
    guilty?.failed({ reason, ended: true });
    const [only] = end.others;
    if (only && this.#options.isAlone) only.failed({ reason, ended: true, ...(reason === 'broken' && { message }) });
    // With the guilty one known the others were only lost; else each of them may be it.
    else for (const call of end.others) call.failed(guilty ? { reason: 'lost' } : { reason: 'suspect', message });
  }

  /** Nobody is to blame: the machine is busy. */
  #raise({ others }: LinkEnd): void {
    this.#raisedUntil = this.#options.clock.elapsed() + limits.sandboxRaisedMs;
    this.#options.log('info', 'the machine is too busy for the sandbox process of lowest priority: for a while it runs with a higher one');
    for (const call of others) call.failed({ reason: 'lost' });
  }

  #notStarted(end: Pick<LinkEnd, 'message' | 'others'>): void {
    this.#options.log('error', `the sandbox's process could not be started: ${end.message}`);
    if (++this.#failedStarts < limits.sandboxStartsMax) {
      this.#held.unshift(...end.others);
      if (this.#held.length > 0) this.start();
      return;
    }
    for (const call of [...end.others, ...this.#held.splice(0)]) call.failed({ reason: 'unavailable', message: end.message });
  }

  #lookForIdle(): void {
    const { clock, idleMs } = this.#options;
    if (idleMs === undefined || this.#looking) return;
    this.#looking = true;
    clock.after(idleMs, () => {
      this.#looking = false;
      if (clock.elapsed() - this.#usedAt >= idleMs) this.stopIdle('nothing has run in it for a while');
      if (this.#link) this.#lookForIdle();
    });
  }
}
