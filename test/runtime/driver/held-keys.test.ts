import { afterEach, beforeEach, expect, test } from 'vitest';
import { cancelRun } from '../../../runtime/driver/cancel.ts';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { limits } from '../../../runtime/limits.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });
const LINE = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (clock = new VirtualTime()): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, clock });
  worlds.push(made);
  return made;
};
const letters = (w: World): DeadLetters => new DeadLetters(w.services, {
  runner: (flow) => w.runner(flow), counted: () => undefined,
}, new Replays(w.services, (flow) => w.runner(flow)));
const feed = async (payload: unknown, key?: string) => await nodes.deliver.get('in')?.({ payload }, key === undefined ? {} : { key });
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const refuse = (...bad: readonly unknown[]): void => {
  nodes.onCall = (body) => { if (bad.includes(body.payload)) throw new NodeFailure('test.bad', BOTH('bad')); };
};
const restart = async (w: World, flow = LINE): Promise<World> => {
  w.kill();
  const next = world(new VirtualTime(w.clock.now()));
  await next.deploy(flow);
  await next.calm();
  return next;
};

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

async function heldAtA(flow = LINE): Promise<World> {
  const w = world();
  refuse('a1');
  await w.deploy(flow);
  for (const [payload, key] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['a3', 'a']] as const) await feed(payload, key);
  await w.calm();
  return w;
}

test('a dead letter holds its key and nobody else, also after a restart', async () => {
  const w = await heldAtA();
  expect(payloads()).toEqual(['b1']);
  expect(await letters(w).heldKeys('flow')).toMatchObject([{ node: 'call', key: 'a', code: 'test.bad', waiting: 2 }]);
  const next = await restart(w);
  await feed('b2', 'b');
  await next.calm();
  expect(payloads()).toEqual(['b1', 'b2']);
  expect(await letters(next).heldKeys('flow')).toMatchObject([{ key: 'a', waiting: 2 }]);
});

test.each(['now', 'after a restart'])('a resent dead letter goes before those that wait behind it, %s', async (when) => {
  let w = await heldAtA();
  if (when !== 'now') w = await restart(w);
  refuse();
  const [held] = await letters(w).heldKeys('flow');
  expect(await letters(w).resend({ ids: [held?.deadLetter ?? ''], to: 'node' })).toEqual({ done: 1, refused: [] });
  await w.calm();
  expect(payloads()).toEqual(['b1', 'a1', 'a2', 'a3']);
  expect(await letters(w).heldKeys('flow')).toEqual([]);
  expect(await w.pending()).toBe(0);
});

test('a resent dead letter keeps its place when the process ends before it is called', async () => {
  const w = await heldAtA();
  refuse();
  await w.runner('flow').stop();
  await letters(w).resend({ query: { flow: 'flow' }, to: 'node' });
  await restart(w);
  expect(payloads()).toEqual(['b1', 'a1', 'a2', 'a3']);
});

test('a resent dead letter that fails again holds its key again', async () => {
  const w = await heldAtA();
  await letters(w).freeKey('flow', { node: 'call', key: 'a', action: 'resend' });
  await w.calm();
  expect(payloads()).toEqual(['b1']);
  expect(await letters(w).heldKeys('flow')).toMatchObject([{ key: 'a', waiting: 2 }]);
});

test('a key is freed by the dead letter that holds it, of its node only', async () => {
  const w = await heldAtA();
  const [held] = await letters(w).heldKeys('flow');
  const deadLetter = held?.deadLetter as string;
  for (const wrong of [{ node: 'call', deadLetter: '999' }, { node: 'in', deadLetter }]) await expect(letters(w).freeKey('flow', { ...wrong, action: 'skip' })).rejects.toMatchObject({ code: 'key.not-held' });
  await letters(w).freeKey('flow', { node: 'call', deadLetter, action: 'skip' });
  await w.calm();
  expect(payloads()).toEqual(['b1', 'a2', 'a3']);
});

test.each([['release', 1], ['skip', 0]] as const)('%s lets the key go on without its dead letter', async (action, left) => {
  const w = await heldAtA();
  await letters(w).freeKey('flow', { node: 'call', key: 'a', action });
  await w.calm();
  expect(payloads()).toEqual(['b1', 'a2', 'a3']);
  expect((await letters(w).list({ limit: 10 })).total).toBe(left);
  await expect(letters(w).freeKey('flow', { node: 'call', key: 'a', action })).rejects.toMatchObject({ code: 'key.not-held' });
  await restart(w);
  expect(payloads()).toEqual(['b1', 'a2', 'a3']);
});

test('a node that continues after a dead letter holds nothing', async () => {
  const w = await heldAtA({ ...LINE, nodes: { ...LINE.nodes, call: { ...LINE.nodes.call, type: 'test-call', version: 1, config: {}, afterDeadLetter: 'continue' } } });
  expect(payloads()).toEqual(['a2', 'b1', 'a3']);
  expect(await letters(w).heldKeys('flow')).toEqual([]);
});

test('a failure in a pure node holds the key where the message rested, until what was resent has left', async () => {
  const flow = (fail: boolean) => flowOf({ nodes: { in: 'test-source', pass: { type: 'test-pass', config: { fail } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> call.in', 'call.out -> sink.in'] });
  const w = world();
  await w.deploy(flow(true));
  await feed('a1', 'a');
  await feed('a2', 'a');
  await w.calm();
  expect(await letters(w).heldKeys('flow')).toMatchObject([{ node: 'in', key: 'a', waiting: 1 }]);
  await w.deploy(flow(false), 2);
  const resent = letters(w).resend({ query: { flow: 'flow', node: 'pass' }, to: 'node' });
  expect(await resent).toMatchObject({ done: 1 });
  await w.calm();
  expect(payloads()).toEqual(['a1', 'a2']);
});

test('a thousand dead letters are resent in the order in which they died, or discarded, each once', async () => {
  const w = world();
  nodes.onCall = () => { throw new NodeFailure('test.bad', BOTH('bad')); };
  await w.deploy({ ...LINE, nodes: { ...LINE.nodes, call: { type: 'test-call', version: 1, config: {}, concurrency: 1 } } });
  for (let i = 0; i < 1000; i++) await feed(i);
  for (let i = 0; i < 30; i++) await w.calm();
  expect((await letters(w).list({ limit: 1 })).total).toBe(1000);
  refuse();
  const [one, two] = await Promise.all([letters(w).resend({ query: { flow: 'flow' }, to: 'node' }), letters(w).discard({ query: { flow: 'flow' } })]);
  for (let i = 0; i < 30; i++) await w.calm();
  expect(one.done + two.done).toBe(1000);
  expect(payloads()).toHaveLength(one.done);
  expect(payloads()).toEqual(payloads().toSorted((a, b) => Number(a) - Number(b)));
  expect((await letters(w).list({ limit: 1 })).total).toBe(0);
}, 30_000);

test('very many messages behind a held key take no memory, hold nobody, and come in order when it is free', async () => {
  const w = await heldAtA();
  const many = limits.asideMessages * 4;
  for (let i = 0; i < many; i++) await feed(`a-${String(i).padStart(5, '0')}`, 'a');
  await feed('b2', 'b');
  await w.calm();
  expect(payloads()).toEqual(['b1', 'b2']);
  expect((await w.services.journal.asideKeys('flow'))[0]?.count).toBeGreaterThan(many / 2);
  expect(await letters(w).heldKeys('flow')).toMatchObject([{ key: 'a', waiting: many + 2 }]);
  const next = await restart(w);
  expect(payloads()).toEqual(['b1', 'b2']);
  await letters(next).freeKey('flow', { node: 'call', key: 'a', action: 'skip' });
  for (let i = 0; i < 100; i++) await next.calm();
  expect(payloads().slice(2)).toEqual(['a2', 'a3', ...Array.from({ length: many }, (_, i) => `a-${String(i).padStart(5, '0')}`)]);
  expect(await next.pending()).toBe(0);
}, 30_000);

test('what was behind a held key, in memory and on disk, is in order after an end of the process, also when the key is free before the queue is read', async () => {
  const { asideMessages } = limits;
  Object.assign(limits, { asideMessages: 2 });
  try {
    const calls = (concurrency: number): typeof LINE => ({ ...LINE, nodes: { ...LINE.nodes, call: { type: 'test-call', version: 1, config: {}, concurrency } } });
    let gate = Promise.withResolvers<void>();
    nodes.onCall = async ({ payload }) => {
      if (payload === 'a1') throw new NodeFailure('test.bad', BOTH('bad'));
      if (payload === 'b') await gate.promise;
    };
    const w = world();
    await w.deploy(calls(2));
    await feed('b', 'b');
    for (let i = 1; i <= 7; i++) await feed(`a${i}`, 'a');
    await w.calm();
    gate = Promise.withResolvers<void>();
    const next = await restart(w, calls(1));
    await letters(next).freeKey('flow', { node: 'call', key: 'a', action: 'skip' });
    await next.calm();
    gate.resolve();
    for (let i = 0; i < 10; i++) await next.calm();
    expect(payloads()).toEqual(['b', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']);
    expect(await next.pending()).toBe(0);
  } finally { Object.assign(limits, { asideMessages }); }
});

test('what was behind a held key, in memory and on disk, is in order after a deploy has emptied its queue and left it where it was, also when the key is free before the queue is read', async () => {
  const { asideMessages } = limits;
  Object.assign(limits, { asideMessages: 2 });
  try {
    const gate = Promise.withResolvers<void>();
    nodes.onCall = async ({ payload }) => {
      if (payload === 'a1') throw new NodeFailure('test.bad', BOTH('bad'));
      if (payload === 'b') await gate.promise;
    };
    const w = world();
    await w.deploy({ ...LINE, nodes: { ...LINE.nodes, call: { type: 'test-call', version: 1, config: {}, concurrency: 2 } } });
    await feed('b', 'b');
    for (let i = 1; i <= 7; i++) await feed(`a${i}`, 'a');
    await w.calm();
    await w.deploy({ ...LINE, nodes: { ...LINE.nodes, call: { type: 'test-call', version: 1, config: {}, concurrency: 1 } } }, 2);
    w.runner('flow').station('call').empty();
    await w.runner('flow').recovery.restore(new Set(['call']));
    await letters(w).freeKey('flow', { node: 'call', key: 'a', action: 'skip' });
    await w.calm();
    gate.resolve();
    for (let i = 0; i < 10; i++) await w.calm();
    expect(payloads()).toEqual(['b', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']);
    expect(await w.pending()).toBe(0);
  } finally { Object.assign(limits, { asideMessages }); }
});

test('a key goes on when the dead letter that held it was resent to a node that gathers, or elsewhere and cancelled there', async () => {
  const flow = flowOf({
    nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink', gather: { type: 'test-gather', config: { size: 9 } }, end: 'test-sink', other: 'test-call' }, wires: ['in.out -> call.in', 'call.out -> sink.in', 'gather.out -> end.in'],
  });
  const w = world();
  await w.deploy(flow);
  for (const to of ['gather', 'other']) {
    refuse('bad');
    await feed('bad', to);
    await feed(`good ${to}`, to);
    await w.calm();
    const [letter] = (await letters(w).list({ limit: 1 })).deadLetters;
    nodes.onCall = async (_body, { node }) => { if (node.id === 'other') await new Promise(() => undefined); };
    await letters(w).resend({ ids: [letter?.id ?? ''], to: { node: to } });
    await w.calm();
    if (to === 'other') {
      expect(payloads()).not.toContain('good other');
      for (const { run } of await w.services.journal.pendingRuns({ limit: 10 })) {
        if ((await w.services.journal.pendingOf(run, 1))[0]?.node === 'other') expect(await cancelRun(w.services, [w.runner('flow')], run)).toBe(1);
      }
      await w.calm();
    }
    expect(payloads()).toContain(`good ${to}`);
    expect(await letters(w).heldKeys('flow')).toEqual([]);
  }
  const second = await restart(w, flow);
  expect(await letters(second).heldKeys('flow')).toEqual([]);
});

test('a key that was released while a resent dead letter of it is elsewhere is not let go again when that ends', async () => {
  const elsewhere = Promise.withResolvers<void>();
  const stay = Promise.withResolvers<void>();
  const w = world();
  await w.deploy(flowOf({
    nodes: { in: 'test-source', call: 'test-call', fan: 'test-fan', bad: { type: 'test-pass', config: { fail: true } }, other: 'test-call' }, wires: ['in.out -> call.in', 'call.out -> fan.in', 'fan.out -> bad.in'],
  }));
  await feed(1, 'k');
  await w.calm();
  const [letter, second] = (await letters(w).list({ limit: 10 })).deadLetters;
  expect(second).toBeDefined();
  let [at, most] = [0, 0];
  nodes.onCall = async (_body, { node }) => {
    if (node.id === 'other') { await elsewhere.promise; return; }
    most = Math.max(most, ++at);
    await stay.promise;
    at--;
  };
  await letters(w).resend({ ids: [letter?.id ?? ''], to: { node: 'other' } });
  await w.calm();
  await letters(w).freeKey('flow', { node: 'call', key: 'k', action: 'release' });
  await feed(2, 'k');
  await feed(3, 'k');
  await w.calm();
  elsewhere.resolve();
  await w.calm();
  expect([at, most]).toEqual([1, 1]);
  stay.resolve();
  await w.calm();
  expect(most).toBe(1);
});

test('a flow that could not be read as a whole holds no key twice when it is deployed again', async () => {
  const first = world();
  refuse('bad');
  await first.deploy(LINE);
  await feed('bad', 'k');
  await feed('good', 'k');
  await first.calm();
  first.kill();
  const second = world(new VirtualTime(first.clock.now()));
  const { counts } = second.services.journal;
  second.services.journal.counts = async () => { throw new Error('I/O error'); };
  await expect(second.deploy(LINE)).rejects.toThrow('I/O error');
  second.services.journal.counts = counts;
  await second.deploy(LINE, 2);
  await second.calm();
  const [letter] = (await letters(second).list({ limit: 1 })).deadLetters;
  await letters(second).discard({ ids: [letter?.id ?? ''] });
  await second.calm();
  expect(payloads()).toEqual(['good']);
});
