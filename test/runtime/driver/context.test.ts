import { afterEach, beforeEach, expect, test } from 'vitest';
import { cancelRun } from '../../../runtime/driver/cancel.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineNode, field, many, NodeFailure, type NodeContext, type NodeDefinition } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const custom: NodeDefinition[] = [];
const world = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, ...custom], ...more });
  worlds.push(made);
  return made;
};
const wait = (w: World, ms: number): Promise<void> => new Promise((resolve) => { w.clock.after(ms, resolve); });
const feed = async (payload: unknown): Promise<string> => (await nodes.deliver.get('in')?.({ payload }))?.runId as string;
/** A node whose handler is the test's. */
const acting = (run: (context: NodeContext) => unknown, more: { readonly state?: 'node' | 'flow' | 'global' } = { state: 'flow' }): void => {
  custom.push(defineNode({ type: 'act', version: 1, title: BOTH('Act'), category: 'logic', icon: 'box', summary: BOTH('Acts.'), help: BOTH('Acts.'), examples: [], replay: 'pure', config: {}, outputs: { fixed: { out: { title: BOTH('Out') } } }, ...more,
    run: (message, context) => (run(context as NodeContext) ?? message) as never }));
};
const inContext = (w: World, { flow = 'flow', node = '', key = 'count' } = {}): unknown => {
  const text = w.services.states.shelf(flow).find(node, key);
  return text === null ? undefined : JSON.parse(text);
};
const onDisk = async (w: World, flow = 'flow') => (await w.services.journal.context(flow)).map(({ node, key, value }) => `${node}/${key}=${value}`);
const counting = (scope: 'node' | 'flow' | 'global', delivery: 'durable' | 'memory' = 'durable') => flowOf({
  delivery, nodes: { in: 'test-source', a: { type: 'test-tally', concurrency: 8, config: { scope } }, b: { type: 'test-tally-call', concurrency: 8, config: { scope } }, sink: 'test-sink' }, wires: ['in.out -> a.in', 'in.out -> b.in', 'a.out -> sink.in', 'b.out -> sink.in'],
});
const line = flowOf({ nodes: { in: 'test-source', count: { type: 'test-tally', config: { scope: 'flow' }, attempts: 2, timeout: '5s' }, sink: 'test-sink' }, wires: ['in.out -> count.in', 'count.out -> sink.in'] });
const actLine = flowOf({ nodes: { in: 'test-source', act: 'act', sink: 'test-sink' }, wires: ['in.out -> act.in', 'act.out -> sink.in'] });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); custom.length = 0; });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

test.each([['node', 'durable'], ['flow', 'durable'], ['global', 'durable'], ['flow', 'memory']] as const)('no update of messages that are at work at the same time is lost: %s context, %s mode', async (scope, delivery) => {
  const w = world();
  nodes.onCall = () => wait(w, 10);
  await w.deploy(counting(scope, delivery));
  await Promise.all(Array.from({ length: 20 }, (_, i) => feed(i)));
  await w.calm();
  await w.pass(1000);
  expect(nodes.arrived).toHaveLength(40);
  const counted = scope === 'node' ? ['a', 'b'].map((node) => inContext(w, { node })) : [inContext(w, { flow: scope === 'global' ? '' : 'flow' })];
  expect(counted).toEqual(scope === 'node' ? [20, 20] : [40]);
  expect((await onDisk(w, scope === 'global' ? '' : 'flow')).toSorted()).toEqual(scope === 'node' ? ['a/count=20', 'b/count=20'] : ['/count=40']);
});

test('two flows count together in global context', async () => {
  const w = world();
  nodes.onCall = () => wait(w, 10);
  await w.deploy(counting('global'));
  const first = nodes.deliver.get('in');
  await w.deploy({ ...counting('global'), id: 'other' });
  await Promise.all(Array.from({ length: 10 }, (_, i) => Promise.all([feed(i), first?.({ payload: i })])));
  await w.calm();
  await w.pass(1000);
  expect(inContext(w, { flow: '' })).toBe(40);
});

test('values are there after a restart, of every kind that a message may hold', async () => {
  const when = new Date(5);
  acting(({ state }) => {
    state.node.set('own', [1n, new Uint8Array([1, 2])]);
    state.flow.set('shared', { when, $odd: null });
    state.global.set('all', 'x');
  }, { state: 'global' });
  const first = world();
  await first.deploy(actLine);
  await feed(1);
  await first.calm();
  first.kill();
  custom.length = 0;
  const seen: unknown[] = [];
  acting(({ state }) => { seen.push(state.node.get('own'), state.flow.get('shared'), state.global.get('all'), state.flow.keys(), state.flow.get('none')); }, { state: 'global' });
  const second = world();
  await second.deploy(actLine);
  await feed(2);
  await second.calm();
  expect(seen).toEqual([[1n, new Uint8Array([1, 2])], { when, $odd: null }, 'x', ['shared'], undefined]);
});

test('a call sees what it wrote itself, and what it read is a copy', async () => {
  const seen: unknown[] = [];
  acting(({ state: { flow } }) => {
    flow.set('list', [1]);
    flow.get<number[]>('list')?.push(2);
    seen.push(flow.get('list'), flow.update<number[]>('list', (before = []) => [...before, 3]), flow.keys());
    flow.delete('list');
    seen.push(flow.get('list'), flow.keys());
  });
  const w = world();
  await w.deploy(actLine);
  await feed(1);
  await w.calm();
  expect(seen).toEqual([[1], [1, 3], ['list'], undefined, []]);
  expect(await onDisk(w)).toEqual([]);
});

test('a call that fails writes nothing, its retry that succeeds writes once', async () => {
  let failures = 1;
  acting(({ state }) => {
    state.flow.update<number>('count', (n = 0) => n + 1);
    if (failures-- > 0) throw new NodeFailure('test.flaky', BOTH('flaky'), { retry: { afterMs: 1000 } });
  });
  const w = world();
  await w.deploy(actLine);
  await feed(1);
  await w.calm();
  expect(inContext(w)).toBeUndefined();
  await w.pass(2000);
  expect([inContext(w), await onDisk(w)]).toEqual([1, ['/count=1']]);
});

test('a dead letter of the call and a failure that is caught leave nothing in the context', async () => {
  acting(({ state }) => { state.flow.set('count', 1); throw new NodeFailure('test.broken', BOTH('broken')); });
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', act: 'act', sink: 'test-sink' }, wires: ['in.out -> act.in', 'act.error -> sink.in'] }));
  await feed(1);
  await w.calm();
  expect([nodes.arrived.length, inContext(w), await onDisk(w)]).toEqual([1, undefined, []]);
  await w.deploy(actLine, 2);
  await feed(2);
  await w.calm();
  expect([await w.services.journal.deadLetterTotal({}), await onDisk(w)]).toEqual([1, []]);
});

test('what a call writes after its time is over is not heard', async () => {
  const w = world();
  nodes.onCall = () => wait(w, 7000);
  await w.deploy(line);
  await feed(1);
  await w.calm();
  await w.pass(20_000);
  expect([inContext(w), await onDisk(w)]).toEqual([undefined, []]);
  expect(await w.services.journal.deadLetterTotal({})).toBe(1);
});

test('a call of a cancelled run writes nothing, and the next one has its turn', async () => {
  const w = world();
  nodes.onCall = () => wait(w, 1000);
  await w.deploy(line);
  const [run] = [await feed(1), await feed(2)];
  await w.calm();
  await cancelRun(w.services, [w.runner('flow')], run as string);
  await w.pass(5000);
  expect(nodes.arrived.map(({ body }) => [body.payload, body.count])).toEqual([[2, 1]]);
  expect(await onDisk(w)).toEqual(['/count=1']);
});

test('a replay does not rewind it: the same keys change nothing, a new generation counts again, a dry run counts in a copy', async () => {
  const w = world();
  await w.deploy(line);
  const [run] = [await feed(1), await feed(2)];
  await w.calm();
  await w.moveHistory();
  const replays = new Replays(w.services, (flow) => w.runner(flow));
  const dry = await replays.one(run as string, { mode: 'dry-run' });
  expect(dry.steps?.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'count done', 'sink done']);
  expect(dry.steps?.[1]?.outputs?.out?.bodies).toMatchObject([{ body: { payload: 1, count: 3 } }]);
  expect([inContext(w), await onDisk(w)]).toEqual([2, ['/count=2']]);
  await replays.one(run as string, { mode: 'same-keys' });
  await w.calm();
  expect([inContext(w), nodes.arrived.at(-1)?.body.count]).toEqual([2, 1]);
  await replays.one(run as string, { mode: 'new-generation' });
  await w.calm();
  expect([inContext(w), nodes.arrived.at(-1)?.body.count]).toEqual([3, 3]);
});

test('very many messages of one call write once, also when the process ends among them', async () => {
  acting(({ state }) => {
    state.flow.update<number>('count', (n = 0) => n + 1);
    return many((from) => [1, 2, 3, 4, 5].slice(from).map((payload) => ({ payload })));
  });
  const before = { ...limits };
  Object.assign(limits, { chunkMessages: 2 });
  try {
    const flow = flowOf({ nodes: { in: 'test-source', act: 'act', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> act.in', { from: 'act.out', to: 'call.in', limit: { messages: 2 } }, 'call.out -> sink.in'] });
    for (let killBefore = 3; killBefore < 9; killBefore++) {
      const first = world({ killBefore });
      await first.deploy(flow);
      await feed('x');
      await first.calm();
      first.kill();
      const second = world();
      await second.deploy(flow);
      await second.pass(60_000);
      expect([killBefore, await second.pending(), await onDisk(second)]).toEqual([killBefore, 0, [`/count=${killBefore - 2}`]]);
      second.kill();
    }
  } finally {
    Object.assign(limits, before);
  }
});

test.each([
  ['a value too large', 'context.value', { contextValueChars: 4 }, (context: NodeContext) => { context.state.flow.set('a', 'long text'); }],
  ['a value of no kind that can be kept', 'context.value', {}, (context: NodeContext) => { context.state.flow.set('a', () => 1); }],
  ['a key too long', 'context.key', { contextKeyChars: 2 }, (context: NodeContext) => { context.state.flow.set('abc', 1); }],
  ['one key too many', 'context.full', { contextKeysMax: 2 }, (context: NodeContext) => { for (const key of ['a', 'b', 'c']) context.state.flow.set(key, 1); }],
  ['more than all may take', 'context.full', { contextChars: 6 }, (context: NodeContext) => { context.state.flow.set('a', 'x'); context.state.node.set('b', 'y'); }],
] as const)('%s is the failure of its message, and nothing of it is kept', async (_name, code, low, run) => {
  acting(run);
  const before = { ...limits };
  const w = world();
  await w.deploy(actLine);
  Object.assign(limits, low);
  try {
    await feed(1);
    await w.calm();
  } finally {
    Object.assign(limits, before);
  }
  expect((await w.services.journal.deadLetters({ limit: 5 })).map((letter) => letter.code)).toEqual([code]);
  expect([await onDisk(w), w.services.states.shelf('flow').chars]).toEqual([[], 0]);
});

test('what a call wrote whose answer was lost is lost with it, and written by who confirms that it was done', async () => {
  custom.push(defineNode({ type: 'act', version: 1, title: BOTH('Act'), category: 'logic', icon: 'box', summary: BOTH('Acts.'), help: BOTH('Acts.'), examples: [], replay: 'external', state: 'flow', config: {}, outputs: { fixed: { out: { title: BOTH('Out') } } },
    run: (_message, { state }) => {
      state.flow.set('count', 'lost');
      throw new NodeFailure('test.cut', BOTH('cut'), { retry: 'backoff', outcomeUnknown: true });
    },
    confirm: async (_message, { state }) => {
      state.flow.set('count', 'confirmed');
      return 'done';
    } }));
  const w = world();
  await w.deploy(actLine);
  await feed(1);
  await w.calm();
  expect([nodes.arrived.length, await onDisk(w)]).toEqual([1, ['/count="confirmed"']]);
});

test('a type that declares no state, or a narrower one, cannot use it', async () => {
  acting(({ state }) => { state.flow.get('x'); }, { state: 'node' });
  const w = world();
  await w.deploy(actLine);
  await feed(1);
  await w.calm();
  expect((await w.services.journal.deadLetters({ limit: 5 })).map(({ code }) => code)).toEqual(['context.not-declared']);
});

test('a field reads the context of the flow by name at each message', async () => {
  custom.push(defineNode({ type: 'reader', version: 1, title: BOTH('Reader'), category: 'logic', icon: 'box', summary: BOTH('Reads.'), help: BOTH('Reads.'), examples: [], replay: 'pure', config: { n: field.integer(BOTH('N'), { default: -1 }) }, outputs: { fixed: { out: { title: BOTH('Out') } } },
    run: (message, { config }) => ({ ...message, read: config.n }) }));
  const w = world();
  await w.deploy(flowOf({ nodes: { in: 'test-source', read: { type: 'reader', config: { n: { $context: 'count' } } }, count: { type: 'test-tally', config: { scope: 'flow' } }, sink: 'test-sink' }, wires: ['in.out -> read.in', 'read.out -> count.in', 'count.out -> sink.in'] }));
  for (const payload of [1, 2, 3]) { await feed(payload); await w.calm(); }
  expect(nodes.arrived.map(({ body }) => body.read)).toEqual([-1, 1, 2]);
});

test('a change by a person waits for the call that uses the same context, and is on disk before it is seen', async () => {
  const w = world();
  nodes.onCall = () => wait(w, 1000);
  await w.deploy(line);
  await feed(1);
  await w.calm();
  let seen: unknown;
  const changed = w.services.states.write({ flow: 'flow', node: '', key: 'count' }, 40).then(() => { seen = inContext(w); });
  await w.calm();
  expect(seen).toBeUndefined();
  await w.pass(1000);
  await changed;
  expect([seen, await onDisk(w)]).toEqual([40, ['/count=40']]);
  await feed(2);
  await w.calm();
  await w.pass(2000);
  expect(nodes.arrived.map(({ body }) => body.count)).toEqual([1, 41]);
});

test('a change that the disk refuses is told to the person, and changes nothing', async () => {
  const w = world();
  await w.deploy(line);
  w.trouble = { message: 'full', errcode: 13 };
  await expect(w.services.states.write({ flow: 'flow', node: '', key: 'count' }, 40)).rejects.toThrow('full');
  w.trouble = undefined;
  await w.pass(2000);
  expect([inContext(w), await onDisk(w)]).toEqual([undefined, []]);
});

test('what a flow held is forgotten with it', async () => {
  const w = world();
  await w.deploy(line);
  await feed(1);
  await w.calm();
  await w.services.journal.removeFlow('flow');
  w.services.states.forget('flow');
  expect([await onDisk(w), inContext(w)]).toEqual([[], undefined]);
});
