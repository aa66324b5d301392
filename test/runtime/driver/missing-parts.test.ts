import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import catchNode from '../../../nodes/logic/catch.ts';
import join from '../../../nodes/logic/join.ts';
import split from '../../../nodes/logic/split.ts';
import switchNode from '../../../nodes/logic/switch.ts';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import type { FlowRunner } from '../../../runtime/driver/flow-runner.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { defineNode, drop, NodeFailure } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** A join is told of the parts that will not come, and completes without them; those that come all the same leave by `late`. */

const text = { en: 'Test', ru: 'Тест' };
const COMMON = { version: 1, title: text, category: 'logic', icon: 'box', summary: text, help: text, examples: [], config: {}, outputs: { fixed: { out: { title: text } } }, replay: 'pure' } as const;
const filter = defineNode({ ...COMMON, type: 'filter', run: (message) => (message.payload === 'bad' ? drop('bad') : message.payload === 'nothing' ? undefined : message) });

let journal = journalFile();
let nodes = new TestNodes();
beforeEach(() => {
  journal = journalFile();
  nodes = new TestNodes();
});
afterEach(() => { journal.remove(); });

const open = (clock = new VirtualTime()): World => new World({ file: journal.file, nodes: [...nodes.definitions, catchNode, join, split, switchNode, filter], clock });
const arrivedAt = (node: string): unknown[] => nodes.arrived.filter((each) => each.node === node).map(({ body: { error: _error, ...body } }) => body);
const through = (middle: string, more: Partial<Parameters<typeof flowOf>[0]> = {}): Flow => flowOf({
  delivery: more.delivery ?? 'durable',
  nodes: { in: 'test-source', split: 'split', middle, join: 'join', sink: 'test-sink', late: 'test-sink', ...more.nodes },
  wires: ['in.out -> split.in', 'split.out -> middle.in', 'middle.out -> join.in', 'join.out -> sink.in', 'join.late -> late.in', ...more.wires ?? []],
});

async function fed(flow: Flow, payload: unknown, world = open()): Promise<World> {
  await world.deploy(flow);
  await world.calm();
  await nodes.deliver.get('in')?.({ payload });
  await world.calm();
  await world.pass(60 * 60_000);
  expect(world.bugs).toEqual([]);
  return world;
}
const fails = (payload: unknown): void => { if (payload === 'bad') throw new NodeFailure('test.broken', text); };

test.each(['durable', 'memory'] as const)('a part that a rule dropped, or of which nothing came, is not waited for (%s)', async (delivery) => {
  const world = await fed(through('filter', { delivery }), ['a', 'bad', 'b', 'nothing']);
  expect(arrivedAt('sink')).toEqual([{ payload: ['a', 'b'], missing: { dropped: 1, elsewhere: 1 } }]);
  expect(await world.endedRuns()).toMatchObject([{ completed: 3, dropped: 1, dead: 0 }]);
  expect(await world.pending()).toBe(0);
  world.kill();
});

test('a whole whose parts come again in another order is the same message', async () => {
  const keys: string[] = [];
  nodes.onCall = (_body, { idempotencyKey }) => { keys.push(idempotencyKey); };
  const world = open();
  await world.deploy(flowOf({ nodes: { in: 'test-source', join: 'join', call: 'test-call' }, wires: ['in.out -> join.in', 'join.out -> call.in'] }));
  await world.calm();
  const part = async (index: number): Promise<void> => { await nodes.deliver.get('in')?.({ payload: index, parts: { id: 'whole', index, count: 3, type: 'list' } }); };
  for (const index of [0, 1, 2, 2, 0, 1]) await part(index);
  await world.calm();
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
  world.kill();
});

test('of a whole of which nothing comes an empty one is made', async () => {
  const world = await fed(through('filter'), ['bad', 'bad']);
  expect(arrivedAt('sink')).toEqual([{ payload: [], missing: { dropped: 2 } }]);
  world.kill();
});

test('a dead letter is not waited for; resent after its whole has left, it leaves by late', async () => {
  nodes.onCall = ({ payload }) => fails(payload);
  const world = await fed(through('test-call'), ['bad', 'b']);
  expect(arrivedAt('sink')).toEqual([{ payload: ['b'], missing: { deadLettered: 1 } }]);
  expect(await world.endedRuns()).toMatchObject([{ completed: 1, dead: 1 }]);
  await resend(world);
  expect(arrivedAt('late')).toMatchObject([{ payload: 'bad', parts: { index: 0, count: 2 } }]);
  expect(arrivedAt('sink')).toHaveLength(1);
  expect(await world.pending()).toBe(0);
  world.kill();
});

test('a dead letter that is resent while its whole still waits is a part of it', async () => {
  nodes.onCall = ({ payload }) => { fails(payload); if (payload === 'slow') throw new NodeFailure('test.slow', text, { retry: { afterMs: 2 * 60 * 60_000 } }); };
  const world = await fed(through('test-call'), ['bad', 'b', 'slow']);
  expect(arrivedAt('sink')).toEqual([]);
  await resend(world);
  expect(arrivedAt('sink')).toEqual([]);
  await world.pass(3 * 60 * 60_000);
  expect(arrivedAt('sink')).toEqual([{ payload: ['bad', 'b', 'slow'] }]);
  expect(arrivedAt('late')).toEqual([]);
  world.kill();
});

async function resend(world: World): Promise<void> {
  nodes.onCall = () => undefined;
  const runner = (): FlowRunner => world.runner('flow');
  const letters = new DeadLetters(world.services, { runner, counted: () => undefined }, new Replays(world.services, runner));
  const [letter] = (await letters.list({ limit: 5 })).deadLetters;
  expect(await letters.resend({ ids: [letter?.id ?? ''], to: 'node' })).toEqual({ done: 1, refused: [] });
  await world.pass(60_000);
}

describe.each(['durable', 'memory'] as const)('word to a join at rest (%s)', (delivery) => {
  const flow = through('filter', { delivery, nodes: { join: { type: 'join', disabled: true } } });
  const without = { ...flow, nodes: Object.fromEntries(Object.entries(flow.nodes).filter(([id]) => id !== 'join')), wires: flow.wires.filter(({ from, to }) => !from.startsWith('join.') && !to.startsWith('join.')) };
  test('ends when a deploy takes the join away, while parts become dead letters', async () => {
    const world = await fed(flow, ['a', 'bad', 'bad']);
    await world.deploy(without);
    await world.calm();
    expect((await world.services.journal.deadLetters({ limit: 9 })).map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([{ payload: 'a' }]);
    expect(await world.endedRuns()).toMatchObject([{ completed: 0, dropped: 2, dead: 1 }]);
    expect(await world.pending()).toBe(0);
    expect(world.runner('flow').count('join').deadLetters).toBe(1);
    world.kill();
  });
  test('ends when a deploy makes another node of the join, or one that waits for no parts', async () => {
    for (const join of [{ type: 'test-call' }, { type: 'join', config: { until: 'time', time: '1s' } }]) {
      nodes.arrived.length = 0;
      const world = await fed(flow, ['bad', 'bad']);
      await world.deploy(through('filter', { delivery, nodes: { join } }));
      await world.calm();
      await world.pass(60_000);
      expect(nodes.calls).toEqual([]);
      expect(nodes.arrived).toEqual([]);
      expect(await world.pending()).toBe(0);
      expect(await world.endedRuns()).toMatchObject([{ completed: 0, dropped: 2, dead: 0 }]);
      world.kill();
      journal.remove();
      journal = journalFile();
    }
  });
});

describe.each(['durable', 'memory'] as const)('a part that a deploy parks (%s)', (delivery) => {
  const slow = (payload: unknown): void => { if (payload !== 'a') throw new NodeFailure('test.slow', text, { retry: { afterMs: 24 * 60 * 60_000 } }); };
  const flow = through('test-call', { delivery });
  const { middle: _, ...nodesLeft } = flow.nodes;
  const without = { ...flow, nodes: nodesLeft, wires: flow.wires.filter(({ from, to }) => !`${from} ${to}`.includes('middle.')) };
  test('is told to its join, which completes without it; resent to its node later it leaves by late', async () => {
    nodes.onCall = ({ payload }) => { slow(payload); };
    const world = await fed(flow, ['a', 'b', 'c']);
    expect(arrivedAt('sink')).toEqual([]);
    expect((await world.deploy(without, 2)) && world.runner('flow').count('middle').deadLetters).toBe(2);
    await world.calm();
    expect(arrivedAt('sink')).toEqual([{ payload: ['a'], missing: { deadLettered: 2 } }]);
    expect(await world.endedRuns()).toMatchObject([{ completed: 1, dead: 2 }]);
    expect(await world.services.journal.deadLetters({ limit: 9 })).toMatchObject([{ kind: 'parked', code: 'deploy.parked', node: 'middle' }, { kind: 'parked' }]);
    await world.deploy(flow, 3);
    await resend(world);
    expect(arrivedAt('late')).toHaveLength(1);
    expect(arrivedAt('sink')).toHaveLength(1);
    expect([await world.pending(), world.bugs]).toEqual([0, []]);
    world.kill();
  });
  test('ends alone where the deploy takes the join away as well', async () => {
    nodes.onCall = ({ payload }) => { slow(payload); };
    const world = await fed(flow, ['a', 'b', 'c']);
    const { join: _join, ...rest } = without.nodes;
    await world.deploy({ ...without, nodes: rest, wires: without.wires.filter(({ from, to }) => !`${from} ${to}`.includes('join.')) }, 2);
    await world.calm();
    await world.pass(60_000);
    expect(await world.endedRuns()).toMatchObject([{ dead: 3 }]);
    expect([arrivedAt('sink'), await world.pending(), world.bugs]).toEqual([[], 0, []]);
    world.kill();
  });
});

test('many parts in a queue that a deploy parks are told, some at a time', async () => {
  const { parkedAtOnce } = limits;
  Object.assign(limits, { parkedAtOnce: 3 });
  try {
    const flow = through('test-call', { nodes: { middle: { type: 'test-call', disabled: true } } });
    const world = await fed(flow, Array.from({ length: 20 }, (_, i) => i));
    const { middle: _, ...rest } = flow.nodes;
    await world.deploy({ ...flow, nodes: rest, wires: flow.wires.filter(({ from, to }) => !`${from} ${to}`.includes('middle.')) }, 2);
    await world.calm();
    expect(arrivedAt('sink')).toEqual([{ payload: [], missing: { deadLettered: 20 } }]);
    expect(await world.endedRuns()).toMatchObject([{ dead: 20 }]);
    expect([await world.pending(), world.bugs]).toEqual([0, []]);
    world.kill();
  } finally { Object.assign(limits, { parkedAtOnce }); }
});

test('word to a join that can open no more windows is no dead letter', async () => {
  nodes.onCall = ({ payload }) => { fails(payload); if (payload === 'slow') throw new NodeFailure('test.slow', text, { retry: { afterMs: 2 * 60 * 60_000 } }); };
  const { windowsOpenMax } = limits;
  Object.assign(limits, { windowsOpenMax: 1 });
  try {
    const world = await fed(through('test-call'), ['a', 'slow']);
    await nodes.deliver.get('in')?.({ payload: ['bad', 'slow'] });
    await world.calm();
    expect((await world.services.journal.deadLetters({ limit: 9 })).map(({ node }) => node)).toEqual(['middle']);
    expect(world.bugs).toEqual([]);
    world.kill();
  } finally { Object.assign(limits, { windowsOpenMax }); }
});

test('what a switch sends another way, a catch node takes or an error port leads away is not waited for', async () => {
  nodes.onCall = ({ payload }) => fails(payload);
  const bySwitch = flowOf({
    nodes: { in: 'test-source', split: 'split', choose: { type: 'switch', config: { property: 'payload', rules: [{ op: 'eq', value: 'bad' }, { op: 'else' }] } }, join: 'join', sink: 'test-sink', other: 'test-sink' },
    wires: ['in.out -> split.in', 'split.out -> choose.in', 'choose.out-1 -> other.in', 'choose.out-2 -> join.in', 'join.out -> sink.in'],
  });
  const byCatch = through('test-call', { nodes: { catch: 'catch', other: 'test-sink' }, wires: ['catch.out -> other.in'] });
  const byPort = through('test-call', { nodes: { other: 'test-sink' }, wires: ['middle.error -> other.in'] });
  for (const flow of [bySwitch, byCatch, byPort]) {
    nodes.arrived.length = 0;
    const world = await fed(flow, ['a', 'bad'], open());
    expect(arrivedAt('sink')).toEqual([{ payload: ['a'], missing: { elsewhere: 1 } }]);
    expect(arrivedAt('other')).toHaveLength(1);
    world.kill();
    journal.remove();
    journal = journalFile();
  }
});

test('an error port that leads to the join brings the part', async () => {
  nodes.onCall = ({ payload }) => fails(payload);
  const world = await fed(through('test-call', { wires: ['middle.error -> join.in'] }), ['a', 'bad']);
  expect(arrivedAt('sink')).toEqual([{ payload: ['a', 'bad'] }]);
  world.kill();
});

test('of splits inside one another the join of the part that is missing is told, and the outer one gets what the inner one made', async () => {
  const flow = flowOf({
    nodes: { in: 'test-source', outer: 'split', first: 'filter', inner: 'split', second: 'filter', join: 'join', whole: 'join', sink: 'test-sink' },
    wires: ['in.out -> outer.in', 'outer.out -> first.in', 'first.out -> inner.in', 'inner.out -> second.in', 'second.out -> join.in', 'join.out -> whole.in', 'whole.out -> sink.in'],
  });
  const world = await fed(flow, [['a', 'bad'], 'bad', ['bad'], []]);
  expect(arrivedAt('sink')).toEqual([{ payload: [['a'], []], missing: { dropped: 2 } }]);
  expect(await world.pending()).toBe(0);
  expect((await world.services.journal.windows('flow')).every(({ state }) => state === '{"closed":true}')).toBe(true);
  world.kill();
});

test('who comes after the time was over leaves by late, also after a restart, and a week later opens a window of its own', async () => {
  nodes.onCall = ({ payload }) => { if (payload !== 'a') throw new NodeFailure('test.slow', text, { retry: { afterMs: Number(payload) } }); };
  const flow = through('test-call', { nodes: { join: { type: 'join', config: { timeout: '1h' } }, incomplete: 'test-sink' }, wires: ['join.incomplete -> incomplete.in'] });
  const world = open();
  await world.deploy(flow);
  await nodes.deliver.get('in')?.({ payload: ['a', 2 * 60 * 60_000, limits.joinLateMs + 3 * 60 * 60_000] });
  await world.calm();
  await world.pass(90 * 60_000);
  expect(arrivedAt('incomplete')).toEqual([{ payload: ['a'] }]);
  world.kill();
  nodes.onCall = () => undefined;
  const second = open(new VirtualTime(world.clock.now() + 1000));
  await second.deploy(flow);
  await second.calm();
  await second.pass(60 * 60_000);
  expect(arrivedAt('late')).toMatchObject([{ payload: 2 * 60 * 60_000 }]);
  await second.pass(limits.joinLateMs + 3 * 60 * 60_000);
  expect(arrivedAt('late')).toHaveLength(1);
  expect(arrivedAt('incomplete')).toHaveLength(2);
  expect(arrivedAt('sink')).toEqual([]);
  expect(await second.pending()).toBe(0);
  second.kill();
});
