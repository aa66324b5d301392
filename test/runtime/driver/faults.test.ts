import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiskWatch } from '../../../runtime/driver/disk-watch.ts';
import { Suspects } from '../../../runtime/driver/suspects.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Op } from '../../../runtime/journal/rows.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** What the flow does when the disk, the file or the process below it fails. */

const SQLITE_CORRUPT = 11;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (more: Partial<WorldOptions> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, clock: new VirtualTime(), ...more });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  for (const each of worlds.splice(0)) each.kill();
  journal.remove();
});

describe('a journal that is found damaged', () => {
  test('refuses new messages, acts outside no more, and what was accepted is done once it is mended', async () => {
    const first = world();
    await first.deploy(flow);
    await first.calm();
    const answer = Promise.withResolvers<void>();
    nodes.onCall = ({ payload }) => (payload === 'under way' ? answer.promise : undefined);
    await feed('under way');
    await first.calm();
    first.trouble = { message: 'database disk image is malformed', errcode: SQLITE_CORRUPT };
    await expect(feed('refused')).rejects.toMatchObject({ code: 'journal.damaged', retry: { afterMs: 60_000 } });
    answer.resolve();
    await first.calm();
    await first.pass(60 * 60_000);
    expect(nodes.calls).toEqual(['call:under way']);
    expect(first.services.journal.health.state).toBe('damaged');
    first.kill();

    const second = world({ seed: 2 });
    await second.deploy(flow);
    await second.calm();
    await feed('after');
    await second.calm();
    expect(payloads()).toEqual(['under way', 'under way', 'after']); // the sink is pure: what it said before the damage was never written
    expect(nodes.effects.size).toBe(2);
    expect(await second.pending()).toBe(0);
  });
});

test('dead letters, held keys and pending runs can be looked at while nothing can be written', async () => {
  const w = world();
  const runner = await w.deploy(flow);
  nodes.onCall = ({ payload }) => { if (payload === 'bad') throw new Error('bad'); };
  await nodes.deliver.get('in')?.({ payload: 'bad' }, { key: 'k' });
  await w.calm();
  w.trouble = { message: 'database or disk is full', errcode: 13 };
  runner.commit([{ op: 'end', seq: 999 }]);
  await w.calm();
  const { journal: disk } = w.services;
  expect(await disk.deadLetters({ limit: 5 })).toHaveLength(1);
  expect(await disk.keyHolds('flow')).toHaveLength(1);
  expect(await disk.pendingRuns({ limit: 5 })).toEqual([]);
  w.trouble = undefined;
  await w.pass(10_000);
});

describe('a disk that is filled up to its reserve', () => {
  test('refuses new messages, while accepted ones end and dead letters are written, and takes messages again by itself', async () => {
    const w = world();
    const answer = Promise.withResolvers<void>();
    nodes.onCall = async ({ payload }) => {
      await answer.promise;
      if (payload === 'bad') throw new Error('bad');
    };
    await w.deploy(flow);
    await w.calm();
    await feed('good');
    await feed('bad');
    w.disk.low = true;
    await expect(feed('refused')).rejects.toMatchObject({ code: 'journal.disk-low' });
    answer.resolve();
    await w.calm();
    expect(payloads()).toEqual(['good']);
    expect(await w.services.journal.deadLetters({ limit: 5 })).toMatchObject([{ node: 'call' }]);
    w.disk.low = false;
    await feed('again');
    await w.calm();
    expect(payloads()).toEqual(['good', 'again']);
  });

  test.each([['a large disk', 1e12, limits.diskReserveBytes], ['a small disk', 1e8, 1e8 * limits.diskReserveShare]])('the reserve of %s is found by looking, and left again only above its edge', async (_name, total, reserve) => {
    const clock = new VirtualTime();
    const told: boolean[] = [];
    let [free, roomsMade] = [reserve + 1, 0];
    const watch = new DiskWatch({ clock, look: async () => ({ free, total }), told: (low) => { told.push(low); }, makeRoom: async () => { roomsMade++; } });
    await watch.start();
    expect(watch.low).toBe(false);
    for (const next of [reserve + 1, reserve - 1, reserve * 1.05, reserve * 1.2]) {
      free = next;
      await clock.advance(limits.diskLookMs);
    }
    expect([told, watch.low, roomsMade]).toEqual([[true, false], false, 2]);
    watch.stop();
    expect(clock.waiting).toBe(0);
  });
});

test('a flow whose messages at rest take all that one flow may take refuses new ones until it has worked them off', async () => {
  const w = world();
  const answer = Promise.withResolvers<void>();
  nodes.onCall = () => answer.promise;
  const runner = await w.deploy(flow);
  await w.calm();
  const station = runner.station('call');
  let resting = limits.flowBytesMax - 1;
  Object.defineProperty(station, 'restingChars', { get: () => resting });
  await feed('fits');
  resting = limits.flowBytesMax;
  for (let n = 0; n < 63; n++) await feed(n);
  await expect(feed('refused')).rejects.toMatchObject({ code: 'flow.disk-full' });
  await expect(feed('refused again')).rejects.toMatchObject({ code: 'flow.disk-full' });
  resting = 0;
  await feed('fits again');
});

describe('messages that were in a call at two ends of the process in a row', () => {
  const all = flowOf({ nodes: { in: 'test-source', call: 'test-call', other: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'in.out -> other.in', 'call.out -> sink.in'] });
  const never = new Promise<void>(() => undefined);

  test('run alone, so that the one to blame is found and no other becomes a dead letter', async () => {
    let life = world();
    await life.deploy(all);
    await life.calm();
    nodes.onCall = () => never;
    for (const payload of ['a', 'poison', 'b', 'c']) await feed(payload);
    for (let end = 0; end < 2; end++) {
      await life.calm();
      life.kill();
      life = world({ seed: end + 2 });
      if (end === 1) nodes.calls.length = 0;
      if (end === 1) nodes.onCall = async ({ payload }) => { if (payload === 'poison') await never; };
      await life.deploy(all);
    }
    await life.calm();
    // The third life stands at the first call of the poison, with nobody beside it.
    expect(nodes.calls.at(-1)).toMatch(/:poison$/);
    expect(nodes.calls.filter((call) => call.endsWith(':poison'))).toHaveLength(1);
    await feed('new');
    await life.calm();
    expect(nodes.calls.filter((call) => call.endsWith(':new'))).toEqual([]);
    for (const seed of [4, 5]) {
      life.kill();
      life = world({ seed });
      await life.deploy(all);
      await life.calm();
    }
    expect((await life.services.journal.deadLetters({ limit: 9 })).map(({ code, body }) => [code, (JSON.parse(body) as { payload: string }).payload])).toEqual([['call.crashed', 'poison'], ['call.crashed', 'poison']]);
    expect(payloads().sort()).toEqual(['a', 'b', 'c', 'new']);
    expect(await life.pending()).toBe(0);
    expect(life.bugs).toEqual([]);
  });

  test('begin after a while although another call does not end, and let the others begin when they are done', async () => {
    const clock = new VirtualTime();
    const patient = new Suspects(clock);
    const said: string[] = [];
    patient.onFreed(() => { said.push('free'); });
    patient.begin();
    patient.alone(() => { said.push('first'); });
    patient.alone(() => { said.push('second'); });
    await clock.advance(limits.suspectWaitMs - 1);
    expect([said, patient.hold]).toEqual([[], true]);
    await clock.advance(1);
    expect(said).toEqual(['first']);
    patient.end();
    patient.endAlone();
    expect(said).toEqual(['first', 'second']);
    patient.endAlone();
    expect([said, patient.hold, clock.waiting]).toEqual([['first', 'second', 'free'], false, 0]);
  });
});

test('a flow is blamed when the process ended in its calls once more, after several of its messages were', async () => {
  const w = world();
  await w.deploy(flow);
  await w.calm();
  const crashed = (id: string, at: number): Op => ({ op: 'dead', letter: {
    id, run: id, flow: 'flow', node: 'call', at, attempts: 3, code: 'call.crashed', text: { en: 'x', ru: 'x' }, details: '{}', key: null, receivedAt: at, body: '{}', kind: 'failed', revision: 1, via: '', parents: null, lineage: null, holdAt: null, holdKey: null, pos: 1, edited: 0,
  } });
  await w.services.journal.commit({ ops: [crashed('old', 1), crashed('a', 50), crashed('b', 60)] });
  expect(await w.services.journal.crashing(50)).toEqual([]);
  nodes.onCall = () => new Promise(() => undefined);
  await feed('under way');
  await w.calm();
  expect(await w.services.journal.crashing(50)).toEqual([{ flow: 'flow', blamed: 2 }]);
});
