import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeFailure, defineNode, defineSource } from '../../../runtime/sdk/index.ts';
import { answer, JournalError } from '../../../runtime/journal/port.ts';
import { limits } from '../../../runtime/limits.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** Each of these was wrong once; the test is named by what must hold. */

const BOTH = (text: string) => ({ en: text, ru: text });
const COMMON = { version: 1, title: BOTH('T'), category: 'logic', icon: 'box', summary: BOTH('T'), help: BOTH('T'), examples: [], outputs: { fixed: { out: { title: BOTH('Out') } } } } as const;
const eager = defineSource({ ...COMMON, type: 'test-eager', config: {}, start: async ({ deliver }) => { await deliver({ payload: 'at start' }); } });
const deep = defineNode({ ...COMMON, type: 'test-deep', replay: 'pure', config: {}, run: () => {
  const body: { payload?: unknown } = {};
  body.payload = body;
  return body;
} });
const disposed: string[] = [];
const ready = defineNode({ ...COMMON, type: 'test-ready', replay: 'pure', config: {}, prepare: async (_config, host) => ({ open: true, revision: host.flow.revision }), dispose: async (made) => { made.open = false; disposed.push(String(made.revision)); },
  run: (message, { prepared }) => {
    if (!prepared.open) throw new NodeFailure('test.closed', BOTH('closed'));
    return message;
  } });

const later = defineNode({ ...COMMON, type: 'test-later', replay: 'pure', config: {}, batch: async (messages, contexts) => {
  await contexts[0]?.lock(['later'], async () => undefined);
  return messages;
} });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (clock = new VirtualTime()): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, eager, deep, ready, later], clock });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

test('a source that delivers as it starts does not hide what the last life left', async () => {
  const wires = ['in.out -> call.in', 'call.out -> sink.in'];
  const first = world();
  nodes.onCall = () => new Promise(() => undefined);
  await first.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires }));
  for (let i = 0; i < 20; i++) await feed(i);
  await first.calm();
  first.kill();
  nodes.onCall = () => undefined;
  const second = world();
  await second.deploy(flowOf({ nodes: { in: 'test-eager', call: 'test-call', sink: 'test-sink' }, wires }));
  await second.calm();
  expect(payloads()).toHaveLength(21);
  expect(await second.pending()).toBe(0);
});

test('a message that cannot be written is a dead letter, and the next ones go on', async () => {
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', pass: 'test-deep', call: 'test-call' }, wires: ['in.out -> pass.in', 'pass.out -> call.in'] }));
  for (let i = 0; i < 10; i++) await feed(i);
  await w.calm();
  expect((await w.services.journal.deadLetters({ limit: 20 })).map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 'message.not-storable'));
  expect(await w.pending()).toBe(0);
});

test('two windows of one key never give the same idempotency key, in whatever life they were', async () => {
  const keys: string[] = [];
  nodes.onCall = (_body, { idempotencyKey }) => { keys.push(idempotencyKey); };
  const flow = flowOf({ delivery: 'memory', nodes: { in: 'test-source', gather: 'test-gather', call: 'test-call' }, wires: ['in.out -> gather.in', 'gather.out -> call.in'] });
  for (const life of ['a', 'b']) {
    const own = journalFile();
    const w = new World({ file: own.file, nodes: nodes.definitions, killBefore: life === 'a' ? 10_001 : 10_002 });
    await w.deploy(flow);
    await feed(`${life}1`);
    await feed(`${life}2`);
    await w.calm();
    w.kill();
    own.remove();
  }
  expect(new Set(keys).size).toBe(2);
});

test('what a node made at deploy is kept for the calls that began on its revision', async () => {
  disposed.splice(0);
  const w = world();
  let open = (): void => undefined;
  nodes.onCall = () => new Promise<undefined>((resolve) => { open = () => resolve(undefined); });
  const flow = (name: string) => flowOf({ nodes: { in: 'test-source', call: 'test-call', fn: { type: 'test-ready', name }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> fn.in', 'fn.out -> sink.in'] });
  await w.deploy(flow('one'));
  await feed(1);
  await w.calm();
  await w.deploy(flow('two'), 2);
  expect(disposed).toEqual([]);
  open();
  await w.calm();
  expect(payloads()).toEqual([1]);
  expect(disposed).toEqual(['1']);
});

test('a disabled node calls nobody; what rests there waits until it is enabled', async () => {
  const w = world();
  nodes.onCall = () => { throw new NodeFailure('test.flaky', BOTH('flaky'), { retry: 'backoff' }); };
  const flow = (disabled: boolean) => flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', disabled }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
  await w.deploy(flow(false));
  await feed(1);
  await w.calm();
  await w.deploy(flow(true), 2);
  await w.pass(10 * 60_000);
  expect(nodes.calls).toHaveLength(1);
  nodes.onCall = () => undefined;
  await w.deploy(flow(false), 3);
  await w.calm();
  expect(payloads()).toEqual([1]);
});

test('a key whose run ended without an answer is not in progress any more', async () => {
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', call: 'test-call' }, wires: ['in.out -> call.in'] }));
  const ask = async () => await nodes.deliver.get('in')?.({ payload: 1 }, { reply: { timeoutMs: 1000, idempotency: { scope: 's', key: 'k', bodyHash: 'h' } } });
  await ask();
  await w.calm();
  expect(await (await ask())?.reply).toMatchObject({ kind: 'ended' });
});

describe('a journal that fails to be read once', () => {
  test('delays no due time for ever', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
    nodes.onCall = () => { if (nodes.calls.length === 1) throw new NodeFailure('test.flaky', BOTH('flaky'), { retry: { afterMs: 90_000 } }); };
    const first = world();
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    first.kill();
    const w = world(new VirtualTime(first.clock.now()));
    const { journal: real } = w.services;
    const due = real.due.bind(real);
    let failures = 1;
    real.due = async (query) => { if (failures-- > 0) throw new Error('read failed'); return await due(query); };
    await w.deploy(flow);
    await w.pass(10 * 60_000);
    expect(payloads()).toEqual([1]);
    expect(w.bugs.splice(0)).toHaveLength(1);
  });
});

test('a planned stop of a flow in memory mode loses nothing: queue, delays, retries and windows go on', async () => {
  const flow = flowOf({
    delivery: 'memory', nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, gather: { type: 'test-gather', config: { size: 3 } }, sink: 'test-sink', fan: { type: 'test-fan', config: { times: 3 } } },
    wires: ['in.out -> fan.in', 'fan.out -> call.in', 'call.out -> gather.in', 'gather.out -> sink.in'],
  });
  const first = world();
  let finish = (): void => undefined;
  nodes.onCall = () => (nodes.calls.length === 2 ? new Promise<undefined>((resolve) => { finish = () => resolve(undefined); }) : undefined);
  const runner = await first.deploy(flow);
  await feed('x');
  await first.calm();
  await runner.stop();
  finish();
  await first.calm();
  await runner.saveVolatile();
  await runner.dispose();
  first.kill();
  nodes.onCall = () => undefined;
  const second = world(new VirtualTime(first.clock.now() + 1000));
  await second.deploy(flow);
  await second.calm();
  expect(payloads()).toEqual([['x', 'x', 'x']]);
  expect(await second.pending()).toBe(0);
  expect(await second.endedRuns()).toMatchObject([{ completed: 3, dead: 0 }]);
});

test('nor does it lose a call that does not end in time, or anything beside a message that cannot be written', async () => {
  const flow = flowOf({ delivery: 'memory', nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
  const first = world();
  nodes.onCall = async () => { await new Promise(() => undefined); };
  const runner = await first.deploy(flow);
  const circle: { itself?: unknown } = {};
  circle.itself = circle;
  await feed(1);
  await feed(circle);
  await first.calm();
  await runner.stop();
  await runner.saveVolatile();
  await runner.dispose();
  expect(await first.services.journal.deadLetters({ limit: 5 })).toMatchObject([{ code: 'message.not-storable', node: 'call' }]);
  first.kill();
  nodes.onCall = () => undefined;
  const second = world(new VirtualTime(first.clock.now() + 1000));
  await second.deploy(flow);
  await second.calm();
  expect([payloads(), await second.pending()]).toEqual([[1], 0]);
});

test('a window does not find what the one before it kept while nodes behind take their time', async () => {
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 2 } }, later: 'test-later', sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> later.in', 'later.out -> sink.in'] }));
  await Promise.all([1, 2, 3, 4, 5, 6].map(feed));
  await w.calm();
  expect(payloads()).toEqual([[1, 2], [3, 4], [5, 6]]);
  expect(await w.endedRuns()).toHaveLength(6);
});

test('a disk that cannot read what a window keeps is not the failure of its messages', async () => {
  let reads = 0;
  const port: WorldOptions['port'] = (database) => ({
    opened: database,
    ask: async (request) => {
      if (request.kind === 'query' && request.name === 'kept' && reads++ < 2) throw new JournalError({ name: 'Error', message: 'disk I/O error', errcode: 10 });
      return (answer(database, request) as { value: unknown }).value;
    },
  });
  const w = new World({ file: journal.file, nodes: nodes.definitions, port });
  await w.deploy(flowOf({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 2 } }, sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> sink.in'] }));
  await Promise.all([1, 2].map(feed));
  await w.calm();
  await w.pass(3000);
  expect(payloads()).toEqual([[1, 2]]);
  expect(await w.services.journal.deadLetters({ limit: 5 })).toEqual([]);
  w.kill();
});

test('what memory mode wrote at a planned stop goes on beside new messages, also more than a window of it', async () => {
  const { windowMessages } = limits;
  Object.assign(limits, { windowMessages: 2 });
  try {
    nodes.onCall = () => new Promise(() => undefined);
    const flow = flowOf({ delivery: 'memory', nodes: { in: 'test-source', pass: 'test-pass', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> call.in', 'call.out -> sink.in'] });
    const first = world();
    const runner = await first.deploy(flow);
    for (let i = 0; i < 9; i++) await feed(i);
    await first.calm();
    await runner.stop();
    await runner.saveVolatile();
    first.kill();
    nodes.onCall = () => undefined;
    const second = world();
    await second.deploy(flow);
    await feed('new');
    await second.calm();
    expect(new Set(payloads())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 'new']));
    expect(payloads()).toHaveLength(10);
    expect(await second.pending()).toBe(0);
  } finally {
    Object.assign(limits, { windowMessages });
  }
});
