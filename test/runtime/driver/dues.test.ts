import { afterEach, beforeEach, expect, test } from 'vitest';
import { Dues } from '../../../runtime/driver/dues.ts';
import { rowOf, Msg, type Work } from '../../../runtime/driver/message.ts';
import type { Services } from '../../../runtime/driver/services.ts';
import { Timers } from '../../../runtime/driver/timers.ts';
import type { Row } from '../../../runtime/journal/rows.ts';
import { limits } from '../../../runtime/limits.ts';
import { settled, VirtualTime } from '../../kit/virtual-time.ts';

/** Messages that wait for their time, most of them on disk only: none is forgotten, whatever comes while the disk is read. */

const { duesPage } = limits;
beforeEach(() => { Object.assign(limits, { duesPage: 1 }); });
afterEach(() => { Object.assign(limits, { duesPage }); });

const run = { id: 'r', flow: 'f', revision: 1, startedAt: 0, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 };
const workOf = (seq: number, due: number): Work => ({ seq, pos: seq, msg: new Msg({}, `m${seq}`), run, node: 'n', via: '', wire: undefined, key: null, lineage: null, parents: [], receivedAt: 0, branched: false, attempt: 1, crashes: 0, due, resumed: false, hops: 0, flags: 0, cursor: null });
const rowOfDue = (seq: number, due: number): Row => rowOf(workOf(seq, due), 2);

class Place {
  readonly clock = new VirtualTime();
  readonly fired: number[] = [];
  takesDue = true;
  readonly dues: Dues;
  readonly #readings: ((rows: readonly Row[]) => void)[] = [];

  constructor() {
    const services = { clock: this.clock, timers: new Timers(this.clock), journal: { due: () => new Promise((resolve) => { this.#readings.push(resolve); }) } };
    const takesDue = (): boolean => this.takesDue;
    this.dues = new Dues({ flow: 'f', node: 'n', get takesDue() { return takesDue(); }, wireOf: () => undefined, due: (work) => { this.fired.push(work.seq); }, failed: (error) => { throw error; } }, services as unknown as Services);
  }
  /** Answers the reading that is under way, when there is one. */
  async read(...rows: readonly Row[]): Promise<boolean> {
    await this.clock.advance(0);
    const answer = this.#readings.shift();
    answer?.(rows);
    await settled();
    await this.clock.advance(0);
    return answer !== undefined;
  }
}

test('a message that is done and waits again while the disk is read comes again', async () => {
  const place = new Place();
  const now = place.clock.now();
  place.dues.restore(1);
  await place.read(rowOfDue(1, now));
  expect(place.fired).toEqual([1]);
  // The page was full, so the next one is being read.
  place.dues.done(workOf(1, now));
  place.dues.add(workOf(1, now + 5000), now + 5000);
  expect(await place.read()).toBe(true);
  await place.clock.advance(5000);
  expect(place.fired).toEqual([1, 1]);
});

test('a message that comes to wait behind what has been read is read in its time, also when nothing else moves', async () => {
  const place = new Place();
  const now = place.clock.now();
  place.dues.restore(1);
  // There is no room for what is due, so nothing is read.
  place.takesDue = false;
  expect(await place.read()).toBe(false);
  place.takesDue = true;
  place.dues.add(workOf(2, now + 5000), now + 5000);
  expect(await place.read(rowOfDue(2, now + 5000))).toBe(true);
  await place.clock.advance(5000);
  expect(place.fired).toEqual([2]);
});
