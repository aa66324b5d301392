import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import split from '../../../nodes/logic/split.ts';
import { cancelRun } from '../../../runtime/driver/cancel.ts';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineNode, many, NodeFailure, type Body } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** One message that becomes very many: in chunks, each a commit, no more than there is room for. */

const text = { en: 'Test', ru: 'Тест' };
const COMMON = { version: 1, title: text, category: 'logic', icon: 'box', summary: text, help: text, examples: [], config: {}, outputs: { fixed: { out: { title: text } } }, splits: true } as const;
let begun: number[] = [];
const slow = defineNode({ ...COMMON, type: 'slow-source', replay: 'pure', run: (message) => many(async function* parts(from) {
  begun.push(from);
  for (let i = from; i < Number(message.payload); i++) yield await Promise.resolve({ payload: i });
}) });
const breaks = defineNode({ ...COMMON, type: 'breaks', replay: 'pure', run: () => many(function* parts(from) {
  for (let i = from; i < 5; i++) yield { payload: i };
  throw new NodeFailure('test.broken', { en: 'broken', ru: 'сломано' });
}) });
const called = defineNode({ ...COMMON, type: 'called', replay: 'idempotent', run: async (message) => many((from) => Array.from({ length: Number(message.payload) - from }, (_, i) => ({ payload: from + i }))) });

const before = { ...limits };
let journal = journalFile();
let nodes = new TestNodes();
beforeEach(() => {
  journal = journalFile();
  nodes = new TestNodes();
  begun = [];
  Object.assign(limits, { chunkMessages: 4 });
});
afterEach(() => {
  journal.remove();
  Object.assign(limits, before);
});

const open = (clock = new VirtualTime()): World => new World({ file: journal.file, nodes: [...nodes.definitions, split, slow, breaks, called], clock });
const list = (length: number): Body => ({ payload: Array.from({ length }, (_, i) => i) });
const arrived = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const upTo = (length: number): number[] => Array.from({ length }, (_, i) => i);
const straight = (type: string) => flowOf({ nodes: { in: 'test-source', many: type, call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> many.in', { from: 'many.out', to: 'call.in', limit: { messages: 6 } }, 'call.out -> sink.in'] });

test.each(['split', 'slow-source', 'called'])('%s: every message leaves once, in order, and the run counts them all', async (type) => {
  const world = open();
  await world.deploy(straight(type));
  for (const size of [0, 1, 4, 5, 8, 23]) {
    nodes.arrived.length = 0;
    await nodes.deliver.get('in')?.(type === 'split' ? list(size) : { payload: size });
    await world.pass(60_000);
    expect(arrived()).toEqual(upTo(size));
  }
  expect((await world.endedRuns()).map(({ completed, dropped }) => [completed, dropped])).toEqual([type === 'split' ? [0, 1] : [1, 0], [1, 0], [4, 0], [5, 0], [8, 0], [23, 0]]);
  expect(world.bugs).toEqual([]);
  world.kill();
});

test('no more leaves than there is room for behind it, and what is known of it does not grow', async () => {
  const world = open();
  let most = 0;
  nodes.onCall = () => {
    most = Math.max(most, world.runner('flow').station('call').queued);
  };
  await world.deploy(straight('split'));
  await nodes.deliver.get('in')?.(list(500));
  await world.pass(60_000);
  expect(arrived()).toEqual(upTo(500));
  // A chunk begins while there is room for one message.
  expect(most).toBeLessThan(6 + 4);
  world.kill();
});

test.each(['durable', 'memory'] as const)('parked half-way by a deploy, and resent, it goes on where it was (%s)', async (delivery) => {
  const flow = { ...straight('slow-source'), delivery };
  const gate = Promise.withResolvers<void>();
  nodes.onCall = async () => { await gate.promise; };
  const world = open();
  await world.deploy(flow);
  await nodes.deliver.get('in')?.({ payload: 40 });
  await world.pass(1000);
  const { many: _many, ...without } = flow.nodes;
  await world.deploy({ ...flow, nodes: without, wires: flow.wires.slice(2) });
  gate.resolve();
  await world.pass(1000);
  const left = arrived().length;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(40);
  await world.deploy(flow);
  const letters = new DeadLetters(world.services, { runner: (id) => world.runner(id), counted: () => undefined }, new Replays(world.services, (id) => world.runner(id)));
  expect(await letters.resend({ query: {}, to: 'node' })).toMatchObject({ done: 1, refused: [] });
  for (let i = 0; i < 20; i++) await world.calm();
  expect(arrived()).toEqual(upTo(40));
  expect((await world.endedRuns()).toSorted((a, b) => b.dead - a.dead)).toMatchObject([{ completed: left, dead: 1 }, { completed: 40 - left, dead: 0 }]);
  expect(await world.pending()).toBe(0);
  expect(world.bugs).toEqual([]);
  world.kill();
});

test('after a restart it goes on where it was, without making what has left', async () => {
  const first = open();
  await first.deploy(straight('slow-source'));
  nodes.onCall = (body) => { if (body.payload === 17) first.kill(); };
  await nodes.deliver.get('in')?.({ payload: 40 });
  await first.pass(1000);
  expect(first.dead).toBe(true);
  nodes.onCall = () => undefined;
  begun = [];
  const second = open(new VirtualTime(first.clock.now() + 1000));
  await second.deploy(straight('slow-source'));
  await second.pass(60_000);
  expect(begun[0]).toBeGreaterThanOrEqual(12);
  expect([...new Set(arrived())]).toEqual(upTo(40));
  expect(await second.endedRuns()).toMatchObject([{ completed: 40, dead: 0 }]);
  second.kill();
});

describe('in the middle', () => {
  test('a failure ends it, and what has left stays', async () => {
    const world = open();
    await world.deploy(straight('breaks'));
    await nodes.deliver.get('in')?.({ payload: 1 });
    await world.pass(60_000);
    expect(arrived()).toEqual(upTo(4));
    expect(await world.endedRuns()).toMatchObject([{ completed: 4, dead: 1 }]);
    expect((await world.services.journal.deadLetters({ limit: 5 })).map(({ node, code }) => [node, code])).toEqual([['many', 'test.broken']]);
    world.kill();
  });

  test.each(['durable', 'memory'] as const)('a cancelled run makes no more (%s)', async (delivery) => {
    const world = open();
    const calls = { ...straight('split'), delivery };
    const { promise: never } = Promise.withResolvers();
    nodes.onCall = () => never;
    const runner = await world.deploy(calls);
    const receipt = await nodes.deliver.get('in')?.(list(100));
    await world.calm();
    const run = receipt?.runId as string;
    await cancelRun(world.services, [runner], run);
    await world.pass(60_000);
    expect(await world.pending()).toBe(0);
    const [ended] = await world.endedRuns();
    expect(ended).toMatchObject({ id: run, completed: 0, dead: 0 });
    expect(ended?.discarded).toBeGreaterThan(6);
    expect(ended?.discarded).toBeLessThan(12);
    expect(world.bugs).toEqual([]);
    world.kill();
  });

  test('a cancelled run of which only what is being made into many is left is counted whole', async () => {
    const world = open();
    const { journal: disk } = world.services;
    const row = { seq: disk.nextSeq(), pos: 1, id: 'm', run: 'r', flow: 'f', node: 'many', via: '', parents: null, lineage: null, key: null, receivedAt: 1, revision: 1, due: null, attempt: 0, crashes: 0, state: 0, branched: 0, hops: 0, flags: 0, cursor: null, body: '{}' } as const;
    await disk.commit({ ops: [{ op: 'save', row }] });
    await disk.commit({ ops: [{ op: 'cursor', seq: row.seq, cursor: 3 }, { op: 'run', change: { run: 'r', flow: 'f', revision: 1, startedAt: 1, at: 2, opens: 1, pending: 0, completed: 3, dropped: 0, dead: 0 } }] });
    expect(await disk.page({ flow: 'f', node: 'many', after: 0, limit: 5, charsMax: 100 })).toMatchObject([{ cursor: 3 }]);
    expect((await disk.cancelRun('r', 5)).ended).toEqual([{ id: 'r', flow: 'f', revision: 1, startedAt: 1, endedAt: 5, completed: 3, dropped: 0, dead: 0, discarded: 1 }]);
    world.kill();
  });

  test('a deploy takes the rest along the new wires', async () => {
    const world = open();
    const { promise, resolve } = Promise.withResolvers();
    nodes.onCall = () => promise;
    await world.deploy(straight('split'));
    await nodes.deliver.get('in')?.(list(30));
    await world.calm();
    await world.deploy({ ...straight('split'), wires: [{ from: 'in.out', to: 'many.in' }, { from: 'many.out', to: 'sink.in' }, { from: 'call.out', to: 'sink.in' }] }, 2);
    resolve(undefined);
    await world.pass(60_000);
    expect(arrived().toSorted((a, b) => Number(a) - Number(b))).toEqual(upTo(30));
    expect(nodes.calls.length).toBeLessThan(12);
    world.kill();
  });
});
