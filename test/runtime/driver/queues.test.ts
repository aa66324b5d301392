import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { answer, type JournalPort, openedBy } from '../../../runtime/journal/port.ts';
import type { JournalDatabase } from '../../../runtime/journal/database.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineSource, NodeFailure } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { settled, VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** What waits at a node is worked on, whatever comes between. */

const { windowMessages } = limits;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (more: Partial<WorldOptions> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, clock: new VirtualTime(), ...more });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  Object.assign(limits, { windowMessages });
  for (const each of worlds.splice(0)) each.kill();
  journal.remove();
});

/** A disk that takes its time: each write waits until the test lets it. */
class SlowDisk {
  readonly #waiting: (() => void)[] = [];
  slow = false;
  readonly port = (database: JournalDatabase): JournalPort => ({
    opened: openedBy(database),
    ask: async (request) => {
      if (this.slow && request.kind === 'apply') await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
      return (answer(database, request) as { value: unknown }).value;
    },
  });
  next(): void { this.#waiting.shift()?.(); }
  well(): void {
    this.slow = false;
    for (const go of this.#waiting.splice(0)) go();
  }
}

test('what is written late, when the queue in memory is full of what came behind it, has its turn', async () => {
  Object.assign(limits, { windowMessages: 2 });
  const gate = Promise.withResolvers<void>();
  nodes.onCall = async () => { await gate.promise; };
  const disk = new SlowDisk();
  const w = world({ port: disk.port });
  const runner = await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 } }, wires: ['in.out -> call.in'] }));
  await feed('at work');
  await w.calm();
  disk.slow = true;
  const accepted = [feed('by wire 1'), feed('by wire 2')];
  await w.calm();
  const late = runner.injectAt('call', { payload: 'put in' });
  disk.next();
  await Promise.all(accepted);
  await w.calm();
  disk.well();
  await late;
  gate.resolve();
  await w.calm();
  expect(nodes.calls.toSorted()).toEqual(['call:at work', 'call:by wire 1', 'call:by wire 2', 'call:put in']);
  expect(await w.pending()).toBe(0);
});

test('a faster rate counts from the deploy that sets it', async () => {
  const w = world();
  const flow = (rate: string) => flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', rate } }, wires: ['in.out -> call.in'] });
  await w.deploy(flow('1/1h'));
  for (const payload of [1, 2, 3]) await feed(payload);
  await w.calm();
  expect(nodes.calls).toEqual(['call:1']);
  await w.deploy(flow('1/1s'), 2);
  await w.calm();
  await w.pass(10_000);
  expect(nodes.calls).toEqual(['call:1', 'call:2', 'call:3']);
});

test('a message whose key cannot be written is not lost: it is a dead letter where it would rest, and its node goes on', async () => {
  const circle: { [name: string]: unknown } = {};
  circle.itself = circle;
  nodes.onCall = ({ payload }) => (payload === 'bad' ? { payload, row: circle } : undefined);
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', first: { type: 'test-call', concurrency: 1 }, call: 'test-call' }, wires: ['in.out -> first.in', { from: 'first.out', to: 'call.in', key: 'row' }] }));
  await feed('bad');
  await feed('good');
  await w.calm();
  expect(nodes.calls).toEqual(['first:bad', 'first:good', 'call:good']);
  expect(await w.services.journal.deadLetters({ limit: 5 })).toMatchObject([{ code: 'message.not-storable', node: 'call' }]);
  expect(await w.pending()).toBe(0);
});

test('a number of any size is a key', async () => {
  nodes.onCall = ({ payload }, { node }) => (node.id === 'first' ? { payload, row: { id: 1n } } : undefined);
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', first: 'test-call', call: 'test-call' }, wires: ['in.out -> first.in', { from: 'first.out', to: 'call.in', key: 'row' }] }));
  await feed(1);
  await w.calm();
  expect(nodes.calls).toEqual(['first:1', 'call:1']);
});

test('what comes to a disabled node waits there until that is enabled, whatever the node does', async () => {
  const w = world();
  const flow = (disabled: boolean) => flowOf({
    nodes: { in: 'test-source', pass: { type: 'test-pass', disabled }, call: { type: 'test-call', disabled }, show: { type: 'test-sink', disabled } }, wires: ['in.out -> pass.in', 'pass.out -> show.in', 'in.out -> call.in'],
  });
  await w.deploy(flow(true));
  await feed(1);
  await w.calm();
  expect([nodes.calls, nodes.arrived, await w.pending()]).toEqual([[], [], 2]);
  await w.deploy(flow(false), 2);
  await w.calm();
  expect([nodes.calls, nodes.arrived.length, await w.pending()]).toEqual([['call:1'], 1, 0]);
});

test('at a disabled node that only shows a message, that ends', async () => {
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', show: { type: 'test-sink', disabled: true } }, wires: ['in.out -> show.in'] }));
  await feed(1);
  await w.calm();
  expect([nodes.arrived, await w.pending(), await w.endedRuns()]).toMatchObject([[], 0, [{ dropped: 1, completed: 0 }]]);
});

test('what is resent while a deploy takes its node away is there once: as a dead letter, or at the node when it is back', async () => {
  const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
  const without = flowOf({ nodes: { in: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in'] });
  for (let turns = 0; turns < 14; turns++) {
    nodes = new TestNodes();
    journal.remove();
    journal = journalFile();
    const w = world();
    nodes.onCall = () => { throw new NodeFailure('test.bad', { en: 'bad', ru: 'bad' }); };
    await w.deploy(flow);
    await nodes.deliver.get('in')?.({ payload: 1 }, { key: 'k' });
    await w.calm();
    nodes.onCall = () => undefined;
    const letters = new DeadLetters(w.services, { runner: (id) => w.runner(id), counted: () => undefined }, new Replays(w.services, (id) => w.runner(id)));
    const [letter] = (await letters.list({ limit: 10 })).deadLetters;
    const resent = letters.resend({ ids: [letter?.id ?? ''], to: 'node' });
    for (let i = 0; i < turns; i++) await settled();
    await w.deploy(without, 2);
    await resent;
    await w.calm();
    await w.deploy(flow, 3);
    await w.pass(60_000);
    expect((await letters.list({ limit: 10 })).deadLetters.length + nodes.arrived.length, `${turns} turns between`).toBe(1);
  }
});

test('a source that does something every ten seconds goes on when the clock is set back', async () => {
  let ticks = 0;
  const ticker = defineSource({
    version: 1, title: { en: 'Test', ru: 'Test' }, category: 'source', icon: 'box', summary: { en: 'Test', ru: 'Test' }, help: { en: 'Test', ru: 'Test' }, examples: [],
    type: 'test-ticker', config: {}, outputs: { fixed: { out: { title: { en: 'Out', ru: 'Out' } } } }, start: ({ every }) => { every(10_000, () => { ticks++; }); },
  });
  const w = world({ nodes: [...nodes.definitions, ticker] });
  await w.deploy(flowOf({ nodes: { in: 'test-ticker', sink: 'test-sink' }, wires: ['in.out -> sink.in'] }));
  await w.pass(30_000);
  w.clock.jump(-3_600_000);
  await w.pass(60_000);
  expect(ticks).toBe(9);
});
