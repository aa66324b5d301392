import type { Clock } from '../clock.ts';
import { RateWindow } from '../engine/rate.ts';
import type { Op, WindowRow } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { Pace } from '../sdk/define-node.ts';
import type { Work } from './message.ts';

const ALL = '';
const NONE: readonly Op[] = [];
const nameOf = (pace: Pace, work: Work): string => (pace.eachKey ? work.key ?? ALL : ALL);

/** When messages of one paced node may pass. What has passed is written with each message, so that a restart changes nothing. */
export class Pacing {
  readonly #clock: Clock;
  readonly #again: (work: Work) => void;
  readonly #windows = new Map<string, RateWindow>();
  /** The names of their windows, for removing them. */
  readonly #first = new Map<string, string>();
  /** One of each key, whose turn has not come; it keeps its key. */
  readonly #waiting = new Set<Work>();

  constructor(clock: Clock, again: (work: Work) => void) {
    this.#clock = clock;
    this.#again = again;
  }

  get waiting(): number { return this.#waiting.size; }
  get volatile(): number { return [...this.#waiting].filter(({ seq }) => seq === 0).length; }
  volatileOf(run: string): number { return [...this.#waiting].filter((work) => work.seq === 0 && work.run.id === run).length; }
  takeAll(): Work[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }

  /** Where all share one window nobody is taken before the turn comes. */
  waitMs(pace: Pace): number { return pace.eachKey || pace.rest === 'drop' ? 0 : this.#window(pace, ALL).waitMs(this.#clock.elapsed()); }

  /** Counts the message when it may pass; one that waits comes back by itself. */
  take(pace: Pace, work: Work): 'now' | 'later' | 'drop' {
    const window = this.#window(pace, nameOf(pace, work));
    const now = this.#clock.elapsed();
    const wait = window.waitMs(now);
    if (wait === 0) {
      window.begin(now);
      return 'now';
    }
    if (pace.rest === 'drop') return 'drop';
    this.wait(work, wait);
    return 'later';
  }

  wait(work: Work, ms: number): void {
    this.#waiting.add(work);
    this.#clock.after(ms, () => { if (this.#waiting.delete(work)) this.#again(work); });
  }

  /** How what has passed is written with the message. */
  ops(pace: Pace | undefined, work: Work): readonly Op[] {
    if (!pace || work.seq === 0) return NONE;
    const key = nameOf(pace, work);
    const toWall = this.#clock.now() - this.#clock.elapsed();
    const first = this.#first.get(key) ?? work.msg.id;
    this.#first.set(key, first);
    const state = JSON.stringify(this.#window(pace, key).begun().map((at) => Math.round(at + toWall)));
    return [{ op: 'window', change: { flow: work.run.flow, node: work.node, key, state, closeAt: null, first } }];
  }

  /** Goes on with what was written in an earlier life; false when its time is over. `after`: messages that passed and have not been acted on yet. */
  restore({ count, perMs }: Pace, { key, state, first }: WindowRow, after: number): boolean {
    const now = this.#clock.now();
    const toElapsed = this.#clock.elapsed() - now;
    const written = JSON.parse(state) as number[];
    // Those that still wait behind this node reach the other side now, not when they passed. A clock that was set back makes nobody wait longer than one window.
    const begun = written.map((at, i) => (i >= written.length - after ? now : Math.min(at, now))).filter((at) => at > now - perMs).slice(-count);
    if (begun.length === 0) return false;
    this.#windows.set(key, new RateWindow({ count, perMs }, begun.map((at) => at + toElapsed)));
    this.#first.set(key, first);
    return true;
  }

  #window(pace: Pace, key: string): RateWindow {
    const known = this.#windows.get(key);
    if (known?.rate.count === pace.count && known.rate.perMs === pace.perMs) return known;
    const window = new RateWindow({ count: pace.count, perMs: pace.perMs }, known?.begun().slice(-pace.count));
    if (this.#windows.size >= limits.windowsOpenMax) for (const oldest of this.#windows.keys()) { this.#windows.delete(oldest); this.#first.delete(oldest); break; }
    this.#windows.set(key, window);
    return window;
  }
}
