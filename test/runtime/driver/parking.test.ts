import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import join from '../../../nodes/logic/join.ts';
import delay from '../../../nodes/time/delay.ts';
import rateLimit from '../../../nodes/time/rate-limit.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { CountersOf } from '../../../runtime/driver/counters.ts';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineNode, NodeFailure, type DeliverOptions } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

/** What happens to messages whose place a deploy takes away. */

const HOUR = 60 * 60_000;
const TEXT = { en: 'Test', ru: 'Тест' };
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, delay, rateLimit], clock: new VirtualTime() });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown, options: DeliverOptions = {}) => await nodes.deliver.get('in')?.({ payload }, options);
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const letters = async (w: World) => (await w.services.journal.deadLetters({ limit: 500 })).toReversed();
const parked = async (w: World): Promise<unknown[]> => (await letters(w)).filter(({ kind }) => kind === 'parked').map(({ body }) => (JSON.parse(body) as { payload: unknown }).payload);
const lettersOf = (w: World): DeadLetters => new DeadLetters(w.services, { runner: (flow) => w.runner(flow), counted: ({ flow, node }, by) => { w.runner(flow).count(node).deadLetters += by; } }, new Replays(w.services, (flow) => w.runner(flow)));
const byNode = <T extends { readonly node: string }>(all: readonly T[]): T[] => all.toSorted((a, b) => a.node.localeCompare(b.node));
/** A call that ends when the test says so. */
function gate(): { readonly call: () => Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { call: () => promise, open: resolve };
}

const FULL = flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, next: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> next.in', 'next.out -> sink.in'] });
const without = (flow: Flow, ...gone: readonly string[]): Flow => ({
  ...flow, nodes: Object.fromEntries(Object.entries(flow.nodes).filter(([id]) => !gone.includes(id))), wires: flow.wires.filter(({ from, to }) => !gone.some((id) => from.startsWith(`${id}.`) || to.startsWith(`${id}.`))),
});

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

test.each(['at once', 'after a restart'])('what a node has gathered is parked when a deploy makes it one that paces, and the flow runs, %s', async (when) => {
  const flow = (at: Flow['nodes'][string]): Flow => flowOf({ nodes: { in: 'test-source', at, sink: 'test-sink' }, wires: ['in.out -> at.in', 'at.out -> sink.in'] });
  const gather = flow({ type: 'test-gather', version: 1, config: { size: 9 } });
  const pace = flow({ type: 'rate-limit', version: 1, config: {} });
  let w = world();
  await w.deploy(gather);
  await feed(1);
  await w.calm();
  if (when !== 'at once') {
    w.kill();
    w = world();
  }
  expect((await w.runner('flow').deploy(pace, 2)).parks).toMatchObject([{ node: 'at', messages: 1 }]);
  await feed(2);
  await w.calm();
  w.kill();
  w = world();
  await w.deploy(pace, 2);
  await feed(3);
  await w.calm();
  expect(payloads()).toEqual([2, 3]);
  expect(await parked(w)).toEqual([1]);
});

describe('messages at a node that a deploy removes', () => {
  test('are parked, in their order, while the call under way ends on its revision', async () => {
    const w = world();
    const slow = gate();
    nodes.onCall = (body) => (body.payload === 1 ? slow.call() : undefined);
    await w.deploy(FULL);
    for (const payload of [1, 2, 3, 4]) await feed(payload);
    await w.calm();
    const outcome = await w.runner('flow').deploy(without(FULL, 'call'), 2);
    expect(outcome).toMatchObject({ stopped: ['call'], moves: [], parks: [{ node: 'call', messages: 3 }] });
    slow.open();
    await w.calm();
    expect(payloads()).toEqual([1]);
    expect(await w.pending()).toBe(0);
    expect(w.runner('flow').nodeCounts.get('call')?.deadLetters).toBe(3);
    expect(await parked(w)).toEqual([2, 3, 4]);
    // The node is gone; its dead letters are still counted.
    expect(new CountersOf(w.runner('flow'), w.services).read().nodes).toMatchObject({ call: { deadLetters: 3 } });
    expect((await w.endedRuns()).map(({ completed, dead }) => [completed, dead]).toSorted()).toEqual([[0, 1], [0, 1], [0, 1], [1, 0]]);
  });

  test('are parked also when they wait for a retry, for their time, or for their key', async () => {
    const w = world();
    const flow = flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, call: 'test-call' }, wires: ['in.out -> wait.in', 'in.out -> call.in'] });
    nodes.onCall = (body) => { if (body.payload === 'k1') throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' }); };
    await w.deploy(flow);
    for (const payload of ['k1', 'k2', 'k3']) await feed(payload, { key: 'k' });
    await w.calm();
    const outcome = await w.runner('flow').deploy(without(flow, 'wait', 'call'), 2);
    expect(byNode(outcome.parks)).toMatchObject([{ node: 'call', messages: 3 }, { node: 'wait', messages: 3 }]);
    await w.pass(2 * HOUR);
    expect(nodes.calls).toEqual(['call:k1']);
    expect((await letters(w)).filter(({ node }) => node === 'call').map(({ body }) => body)).toEqual(['k1', 'k2', 'k3'].map((payload) => JSON.stringify({ payload })));
    expect(await w.pending()).toBe(0);
  });

  test('are parked when they would come to rest there later: by a call of the older revision, or by its retry', async () => {
    const w = world();
    const slow = [gate(), gate()];
    nodes.onCall = async ({ payload }, { node }) => {
      if (node.id !== 'call') return;
      await slow[Number(payload) - 1]?.call();
      if (payload === 2) throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' });
    };
    await w.deploy({ ...FULL, nodes: { ...FULL.nodes, call: { type: 'test-call', version: 1, config: {} } } });
    for (const payload of [1, 2]) await feed(payload);
    await w.calm();
    await w.deploy(without(FULL, 'call', 'next'), 2);
    for (const each of slow) each.open();
    await w.calm();
    await w.pass(HOUR);
    expect((await letters(w)).map(({ node, kind, code }) => [node, kind, code]).toSorted()).toEqual([['call', 'parked', 'deploy.parked'], ['next', 'parked', 'deploy.parked']]);
    expect(nodes.calls).toHaveLength(2);
    expect(await w.pending()).toBe(0);
  });

  test('are resent to it when it is back, or to another node, or are discarded: each once', async () => {
    const w = world();
    const slow = gate();
    nodes.onCall = slow.call;
    await w.deploy(FULL);
    for (const payload of [1, 2, 3, 4]) await feed(payload);
    await w.calm();
    await w.deploy(without(FULL, 'call'), 2);
    slow.open();
    await w.calm();
    const ids = (await letters(w)).map(({ seq }) => String(seq));
    const people = lettersOf(w);
    expect(await people.resend({ ids: ids.slice(0, 1), to: 'node' })).toMatchObject({ done: 0, refused: [{ id: ids[0] }] });
    nodes.onCall = () => undefined;
    expect(await people.resend({ ids: ids.slice(0, 1), to: { node: 'next' } })).toEqual({ done: 1, refused: [] });
    await w.calm();
    expect(payloads()).toEqual([1, 2]);
    await w.deploy(FULL, 3);
    expect(await people.resend({ ids, to: 'node' })).toMatchObject({ done: 2, refused: [{ id: ids[0] }] });
    await w.calm();
    expect(payloads()).toEqual([1, 2, 3, 4]);
    expect((await people.list({ limit: 5 })).total).toBe(0);
    expect(w.runner('flow').nodeCounts.get('call')?.deadLetters).toBe(0);
  });

  test('are resent in the order of their key, also those that lay aside on disk and the one whose call ended after the deploy', async () => {
    const w = world();
    const slow = gate();
    nodes.onCall = async () => {
      await slow.call();
      throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' });
    };
    await w.deploy(FULL);
    const numbers = Array.from({ length: limits.asideMessages + 50 }, (_, i) => i);
    for (const payload of numbers) await feed(payload, { key: 'k' });
    await w.calm();
    await w.deploy(without(FULL, 'call'), 2);
    slow.open();
    await w.calm();
    nodes.onCall = () => undefined;
    await w.deploy(FULL, 3);
    expect(await lettersOf(w).resend({ query: { node: 'call' }, to: 'node' })).toEqual({ done: numbers.length, refused: [] });
    await w.pass(HOUR);
    expect(payloads()).toEqual(numbers);
  });

  test('are parked at a start that finds a newer revision than they knew, however many they are', async () => {
    const first = world();
    nodes.onCall = () => new Promise(() => undefined);
    await first.deploy(FULL);
    await feed('in a call');
    await first.calm();
    const many = limits.parkedAtOnce * 2 + 10;
    const rows = Array.from({ length: many }, (_, i) => ({
      seq: first.services.journal.nextSeq(), pos: first.services.journal.nextSeq(), id: `m${i}`, run: `r${i}`, flow: 'flow', node: 'call', via: 'in.out->call.in', parents: null, lineage: null,
      key: `k${i % 7}`, receivedAt: 1, revision: 1, due: null, attempt: 0, crashes: 0, state: 0 as const, branched: 0 as const, hops: 0, flags: 0, cursor: null, body: '{}',
    }));
    await first.services.journal.commit({ ops: rows.map((row) => ({ op: 'save', row })) });
    first.kill();
    const second = world();
    const outcome = await second.runner('flow').deploy(without(FULL, 'call'), 2);
    expect(outcome.parks).toMatchObject([{ node: 'call', messages: many + 1 }]);
    // Whether the interrupted call did its work nobody knows: a person is told so.
    expect(await second.services.journal.deadLetterTotal({ kind: 'unknown', code: 'call.outcome-unknown' })).toBe(1);
    expect(await second.services.journal.deadLetterTotal({ kind: 'parked' })).toBe(many);
    expect(await second.pending()).toBe(0);
    expect(await second.endedRuns()).toHaveLength(many + 1);
  });

  test('and those of memory mode are parked with them', async () => {
    const w = world();
    const flow = flowOf({ delivery: 'memory', nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, wait: { type: 'delay', config: { for: '1h' } }, gather: 'test-gather' }, wires: ['in.out -> call.in', 'in.out -> wait.in', 'in.out -> gather.in'] });
    const slow = gate();
    nodes.onCall = slow.call;
    await w.deploy(flow);
    for (const payload of [1, 2, 3]) await feed(payload);
    await w.calm();
    const preview = await w.runner('flow').parking.preview(without(flow, 'call', 'wait', 'gather'));
    const outcome = await w.runner('flow').deploy(without(flow, 'call', 'wait', 'gather'), 2);
    const expected = [{ node: 'call', messages: 2 }, { node: 'gather', messages: 1 }, { node: 'wait', messages: 3 }];
    for (const { parks } of [preview, outcome]) expect(byNode(parks)).toMatchObject(expected);
    slow.open();
    await w.pass(2 * HOUR);
    expect(await letters(w)).toHaveLength(6);
    expect(w.endedInMemory.map(({ completed, dead }) => completed + dead)).toEqual([3, 3, 3]);
  });

  test('free the key that one of them held, made of a resent dead letter', async () => {
    const w = world();
    nodes.onCall = ({ payload }, { node }) => {
      if (node.id === 'call' && payload === 'k1') throw new NodeFailure('test.broken', { en: 'broken', ru: 'сломано' });
      return node.id === 'next' ? new Promise(() => undefined) : undefined;
    };
    await w.deploy({ ...FULL, nodes: { ...FULL.nodes, next: { type: 'test-call', version: 1, config: {}, concurrency: 1 } } });
    await feed('stuck');
    for (const payload of ['k1', 'k2']) await feed(payload, { key: 'k' });
    await w.calm();
    const [letter] = await letters(w);
    await lettersOf(w).resend({ ids: [String(letter?.seq)], to: { node: 'next' } });
    await w.calm();
    expect(nodes.calls).toEqual(['call:stuck', 'next:stuck', 'call:k1']);
    const wired = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
    await w.deploy(wired, 2);
    await w.calm();
    expect(payloads()).toEqual(['k2']);
    expect(await w.services.journal.keyHolds('flow')).toEqual([]);
  });
});

describe('other places that a deploy takes away', () => {
  test('a source that is removed parks what it accepted; one that becomes a source parks what came to it', async () => {
    const w = world();
    nodes.onCall = () => new Promise(() => undefined);
    const flow = flowOf({ nodes: { in: 'test-source', other: 'test-source', a: { type: 'test-call', concurrency: 1 } }, wires: [{ from: 'in.out', to: 'a.in', limit: { messages: 1 } }] });
    await w.deploy(flow);
    // The second fills the wire, the third was accepted and waits at its source.
    await Promise.all([1, 2, 3].map((payload) => feed(payload)));
    await w.calm();
    const outcome = await w.runner('flow').deploy({ ...without(flow, 'in'), nodes: { other: flow.nodes.other as Flow['nodes'][string], a: { type: 'test-source', version: 1, config: {} } } }, 2);
    expect(outcome.parks.reduce((sum, { messages }) => sum + messages, 0)).toBe(2);
    expect((await letters(w)).map(({ kind }) => kind)).toEqual(['parked', 'parked']);
    await nodes.deliver.get('a')?.({ payload: 'new' });
    await w.calm();
    expect(await w.pending()).toBe(1); // the call under way
  });

  // Cause: a window that is closing was none any more, so that what it kept was parked beside the whole that carried it.
  test('a window that is closing when its node goes leaves as a whole, and parks nothing of it', async () => {
    const held = gate();
    const slow = defineNode({ type: 'slow', version: 1, title: TEXT, category: 'logic', icon: 'box', summary: TEXT, help: TEXT, examples: [], config: {}, outputs: { fixed: { out: { title: TEXT } } }, replay: 'pure', run: async (message) => {
      await held.call();
      return message;
    } });
    const w = new World({ file: journal.file, nodes: [...nodes.definitions, join, slow], clock: new VirtualTime() });
    worlds.push(w);
    const flow = flowOf({ nodes: { in: 'test-source', join: { type: 'join', config: { until: 'count', count: 2 } }, slow: 'slow', sink: 'test-sink' }, wires: ['in.out -> join.in', 'join.out -> slow.in', 'slow.out -> sink.in'] });
    await w.deploy(flow);
    for (const payload of ['a', 'b']) await feed(payload);
    await w.calm();
    const deployed = w.deploy(without(flow, 'join'), 2);
    await w.calm();
    held.open();
    await deployed;
    await w.calm();
    expect([payloads(), await parked(w)]).toEqual([[['a', 'b']], []]);
    expect(await w.endedRuns()).toMatchObject([{ completed: 1, dead: 0 }, { completed: 1, dead: 0 }]);
  });

  test('windows of a node that gathers no more park what they kept, and go on after a deploy that leaves the node', async () => {
    const w = world();
    const flow = flowOf({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 3 } }, sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> sink.in'] });
    await w.deploy(flow);
    await feed(1);
    await feed(2);
    await w.calm();
    const renamed = { ...flow, name: 'other', nodes: { ...flow.nodes, gather: { ...flow.nodes.gather, name: 'renamed' } as Flow['nodes'][string] } };
    expect(await w.runner('flow').deploy(renamed, 2)).toMatchObject({ restarted: ['gather'], moves: [{ node: 'gather', messages: 2 }], parks: [] });
    const outcome = await w.runner('flow').deploy({ ...flow, nodes: { ...flow.nodes, gather: { type: 'test-pass', version: 1, config: {} } } }, 3);
    expect(outcome.parks).toMatchObject([{ node: 'gather', messages: 2 }]);
    await feed(3);
    await w.pass(HOUR);
    expect(payloads()).toEqual([3]);
    expect(await parked(w)).toEqual([1, 2]);
    expect(await w.services.journal.windows('flow')).toEqual([]);
    expect(await w.pending()).toBe(0);
  });

  test('a node that is disabled or not installed keeps what waits', async () => {
    const w = world();
    const slow = gate();
    nodes.onCall = slow.call;
    await w.deploy(FULL);
    for (const payload of [1, 2]) await feed(payload);
    await w.calm();
    const call = FULL.nodes.call as Flow['nodes'][string];
    for (const [revision, node] of [{ ...call, disabled: true }, { ...call, type: 'not-installed' }].entries()) {
      expect((await w.runner('flow').deploy({ ...FULL, nodes: { ...FULL.nodes, call: node } }, revision + 2))).toMatchObject({ parks: [], moves: [{ node: 'call', messages: 1 }] });
    }
    slow.open();
    await w.deploy(FULL, 4);
    await w.calm();
    expect(payloads()).toEqual([1, 2]);
  });

  test('a preview says what the deploy then does, and does nothing', async () => {
    const w = world();
    nodes.onCall = () => new Promise(() => undefined);
    await w.deploy({ ...FULL, nodes: { ...FULL.nodes, spare: { type: 'test-call', version: 1, config: {}, concurrency: 1 } }, wires: [...FULL.wires, { from: 'in.out', to: 'spare.in' }] });
    for (const payload of [1, 2, 3]) await feed(payload);
    await w.calm();
    const next = { ...FULL, nodes: { ...FULL.nodes, call: { ...FULL.nodes.call, name: 'other' } as Flow['nodes'][string], fresh: { type: 'test-sink', version: 1, config: {} } } };
    const preview = await w.runner('flow').parking.preview(next);
    expect(preview).toMatchObject({ started: ['call', 'fresh'].toSorted(), restarted: ['call'], stopped: ['spare'], kept: ['in', 'next', 'sink'], moves: [{ node: 'call', messages: 2 }], parks: [{ node: 'spare', messages: 2 }] });
    expect(await letters(w)).toEqual([]);
    const { problems: _problems, state: _state, ...effects } = await w.runner('flow').deploy(next, 2);
    expect(effects).toEqual(preview);
  });
});
