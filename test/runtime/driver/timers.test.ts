import { beforeEach, expect, test } from 'vitest';
import { Timers } from '../../../runtime/driver/timers.ts';
import { limits } from '../../../runtime/limits.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
let clock: VirtualTime;
let timers: Timers;
let fired: string[];
const set = (name: string, inMs: number): () => void => timers.set(clock.now() + inMs, () => { fired.push(name); });

beforeEach(() => { clock = new VirtualTime(); timers = new Timers(clock); fired = []; });

test('what waits for days fires at its instant and not before', async () => {
  set('late', 3 * DAY);
  await clock.advance(3 * DAY - 1);
  expect(fired).toEqual([]);
  await clock.advance(1);
  expect(fired).toEqual(['late']);
});

test.each([5 * MINUTE, 2 * DAY])('when the wall clock jumps %i ms forward, all that is due fires soon, in order, and the rest goes on waiting', async (jump) => {
  set('second', jump);
  set('first', jump - 1000);
  set('later', jump + 10 * MINUTE);
  await clock.advance(1000);
  clock.jump(jump);
  await clock.advance(limits.clockLookMs);
  expect(fired).toEqual(['first', 'second']);
  await clock.advance(10 * MINUTE);
  expect(fired).toEqual(['first', 'second', 'later']);
});

test.each([5 * MINUTE, 2 * DAY])('when the wall clock jumps %i ms back, nothing fires before its instant, nothing twice and nothing is lost', async (jump) => {
  const due = clock.now() + MINUTE;
  const instants: number[] = [];
  timers.set(due, () => { instants.push(clock.now()); });
  set('before', 1000);
  await clock.advance(2000);
  clock.jump(-jump);
  set('after', 1000);
  await clock.advance(1000);
  expect(fired).toEqual(['before', 'after']);
  expect(instants).toEqual([]);
  await clock.advance(jump + MINUTE);
  expect(instants).toEqual([due]);
  expect(fired).toEqual(['before', 'after']);
});

test('what was forgotten leaves no timer behind', async () => {
  set('gone', 3 * DAY)();
  await clock.advance(3 * DAY);
  expect([fired, clock.waiting]).toEqual([[], 0]);
});

test('what was set for long after and forgotten takes no room, and what was set beside it fires in order', async () => {
  set('second', 2 * DAY);
  for (let i = 0; i < 10_000; i++) set('never', DAY)();
  set('first', DAY);
  expect(timers.held).toBeLessThan(10);
  await clock.advance(2 * DAY);
  expect(fired).toEqual(['first', 'second']);
  expect(timers.held).toBe(0);
});
