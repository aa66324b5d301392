import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import join from '../../../nodes/logic/join.ts';
import split from '../../../nodes/logic/split.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { limits } from '../../../runtime/limits.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { openMemoryStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import type { StepRecord, Store } from '../../../runtime/store/store.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });
const LINE = flowOf({ nodes: { in: 'test-source', step: 'test-pass', call: 'test-external', sink: 'test-sink' }, wires: ['in.out -> step.in', 'step.out -> call.in', 'call.out -> sink.in'] });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let store: Store;
const worlds: World[] = [];
const world = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, store, ...more });
  worlds.push(made);
  return made;
};
const replays = (w: World): Replays => new Replays(w.services, (flow) => w.runner(flow));
const lettersOf = (w: World): DeadLetters => new DeadLetters(w.services, { runner: (id) => w.runner(id), counted: () => undefined }, replays(w));
const feed = async (payload: unknown, key?: string): Promise<string> => (await nodes.deliver.get('in')?.({ payload }, key === undefined ? {} : { key }))?.runId as string;
const pathOf = async (w: World, run: string): Promise<readonly StepRecord[]> => {
  await w.moveHistory();
  return await store.listSteps(run, 1000);
};
const told = (steps: readonly StepRecord[]): string[] => steps.map(({ node, outcome }) => `${node} ${outcome}`);

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); store = openMemoryStore(); });
afterEach(async () => {
  endWorlds(worlds);
  await store.close();
  journal.remove();
});

async function ranOnce(flow = LINE): Promise<{ w: World; run: string }> {
  const w = world();
  await w.deploy(flow);
  const run = await feed('a', 'k1');
  await w.calm();
  await w.moveHistory();
  return { w, run };
}

describe.each(['durable', 'memory'] as const)('the path of a run in %s mode', (delivery) => {
  const flow = { ...LINE, delivery };
  test('has a step for each node, with what came in and what left it', async () => {
    const { w, run } = await ranOnce(flow);
    const steps = await pathOf(w, run);
    expect(told(steps)).toEqual(['in accepted', 'step done', 'call done', 'sink done']);
    expect(steps[1]).toMatchObject({ via: 'in.out->step.in', key: 'k1', attempt: 1, input: '{"payload":"a"}', outputs: { out: { count: 1, bodies: ['{"payload":"a","passed":true}'] } } });
    expect(new Set(steps.map(({ message }) => message)).size).toBe(4);
    expect(steps.at(-1)?.outputs).toEqual({});
  });
  test('tells each attempt with its failure', async () => {
    let fails = 2;
    nodes.onCall = () => { if (fails-- > 0) throw new NodeFailure('test.busy', BOTH('busy'), { retry: 'backoff' }); };
    const { w, run } = await ranOnce(flow);
    await w.pass(60_000);
    const calls = (await pathOf(w, run)).filter(({ node }) => node === 'call');
    expect(calls.map(({ outcome, attempt, failure }) => [outcome, attempt, failure?.code])).toEqual([['retried', 1, 'test.busy'], ['retried', 2, 'test.busy'], ['done', 3, undefined]]);
  });
  test('ends with the failure of a dead letter, and the run tells it', async () => {
    nodes.onCall = () => { throw new NodeFailure('test.bad', BOTH('bad')); };
    const { w, run } = await ranOnce(flow);
    expect(told(await pathOf(w, run)).at(-1)).toBe('call dead-lettered');
    expect((await store.notesOf([run])).get(run)).toMatchObject({ recorded: true, failure: { node: 'call', code: 'test.bad' } });
  });
});

test('the path of a run that does not end is told as it goes', async () => {
  nodes.onCall = () => { throw new NodeFailure('test.gone', BOTH('gone'), { scope: 'connection' }); };
  const w = world();
  await w.deploy(LINE);
  const run = await feed('a');
  const accepted = w.outboxNews;
  expect(accepted).toBeGreaterThan(0);
  await w.calm();
  expect(w.outboxNews).toBeGreaterThan(accepted);
  expect(told(await pathOf(w, run))).toEqual(['in accepted', 'step done', 'call retried']);
  expect((await store.listRuns({ limit: 9 })).runs).toEqual([]);
});

test('steps are on disk with the results that they tell of: after an end of the process at any write the path is whole, and no step is there twice', async () => {
  let at = 0;
  for (let died = true; died;) {
    at++;
    nodes = new TestNodes();
    journal.remove();
    journal = journalFile();
    store = openMemoryStore();
    const first = world({ killAfter: at });
    await first.deploy(LINE);
    void feed('a');
    await first.calm();
    died = first.dead;
    first.kill();
    const second = world({ clock: new VirtualTime(first.clock.now()), seed: 99 });
    await second.deploy(LINE);
    await second.calm();
    await second.moveHistory();
    const [ended] = (await store.listRuns({ limit: 9 })).runs;
    expect(ended, `write ${at}`).toBeDefined();
    const path = told(await pathOf(second, ended?.id ?? ''));
    // A call that the end interrupted is asked for again: an external one becomes a dead letter of unknown outcome.
    expect(['sink done', 'call dead-lettered'], `write ${at}`).toContain(path.at(-1));
    expect(path.slice(0, 2), `write ${at}`).toEqual(['in accepted', 'step done']);
    expect(new Set(path).size, `write ${at}`).toBe(path.length);
  }
  expect(at).toBeGreaterThan(3);
});

test('above a rate runs are sampled, failures are kept all the same, and one that is not kept says that it cannot be replayed', async () => {
  const w = world();
  await w.deploy(LINE);
  nodes.onCall = (body) => { if (body.payload === 'bad') throw new NodeFailure('test.bad', BOTH('bad')); };
  const runs: string[] = [];
  for (let i = 0; i < limits.recordedRunsPerSecond + 20; i++) runs.push(await feed(i));
  const bad = await feed('bad');
  await w.calm();
  await w.moveHistory();
  const notes = await store.notesOf([...runs, bad]);
  expect(runs.filter((run) => notes.get(run)?.recorded)).toHaveLength(limits.recordedRunsPerSecond);
  expect(notes.get(bad)).toMatchObject({ recorded: false, failure: { node: 'call' } });
  await expect(replays(w).one(bad, { mode: 'new-generation' })).rejects.toMatchObject({ code: 'run.cannot-replay' });
});

test('a node with `record` keeps each of its calls whole, however busy the flow', async () => {
  const flow = { ...LINE, nodes: { ...LINE.nodes, call: { ...LINE.nodes.call, record: true } } } as typeof LINE;
  const w = world();
  await w.deploy(flow);
  nodes.onCall = (body) => ({ payload: body.payload, data: 'x'.repeat(limits.recordedBodyChars + 1) });
  let last = '';
  for (let i = 0; i < limits.recordedRunsPerSecond + 5; i++) last = await feed(i);
  await w.calm();
  const [step] = await pathOf(w, last);
  expect(step).toMatchObject({ node: 'call', outcome: 'done' });
  expect(step?.outputs?.['out']?.bodies[0]?.length).toBeGreaterThan(limits.recordedBodyChars);
});

test('a body that is too large to be kept is left out and its place kept', async () => {
  const w = world();
  await w.deploy(LINE);
  const run = await feed('x'.repeat(limits.recordedBodyChars));
  await w.calm();
  const steps = await pathOf(w, run);
  expect(told(steps)).toContain('sink done');
  expect(steps.every(({ input }) => input === null)).toBe(true);
  await expect(replays(w).one(run, { mode: 'new-generation' })).rejects.toMatchObject({ code: 'run.cannot-replay', text: { en: expect.stringContaining('too large') as string } });
});

test('of very many branches the first ones are followed, and the path says that it is cut', async () => {
  const flow = flowOf({ nodes: { in: 'test-source', fan: { type: 'test-fan', config: { times: 500 } }, call: 'test-external' }, wires: ['in.out -> fan.in', 'fan.out -> call.in'] });
  const { w, run } = await ranOnce(flow);
  const steps = await pathOf(w, run);
  expect(steps.find(({ node }) => node === 'fan')?.outputs?.['out']).toMatchObject({ count: 500 });
  expect(steps.filter(({ node }) => node === 'call')).toHaveLength(limits.recordedBranches);
  expect((await store.notesOf([run])).get(run)?.cut).toBe(true);
});

describe('a replay', () => {
  test('under the same keys does only what is missing', async () => {
    nodes.onCall = (body, { node }) => { if (node.id === 'second' && body.payload === 'a') throw new NodeFailure('test.bad', BOTH('bad')); };
    const flow = flowOf({ nodes: { in: 'test-source', first: 'test-external', second: 'test-external', sink: 'test-sink' }, wires: ['in.out -> first.in', 'first.out -> second.in', 'second.out -> sink.in'] });
    const { w, run } = await ranOnce(flow);
    nodes.onCall = () => undefined;
    const [again] = (await replays(w).one(run, { mode: 'same-keys' })).runs;
    await new DeadLetters(w.services, { runner: (id) => w.runner(id), counted: () => undefined }, replays(w)).discard({ query: {} });
    w.runner('flow').station('second').freeKey('k1');
    await w.calm();
    expect(nodes.calls).toEqual(['first:a', 'second:a', 'second:a']);
    expect(nodes.effects.size).toBe(2);
    expect(told(await pathOf(w, again as string))).toEqual(['in accepted', 'first replayed', 'second done', 'sink done']);
    expect(await store.listReplays(run, 9)).toMatchObject([{ id: again, mode: 'same-keys' }]);
  });
  test('under the same keys does nothing again behind a node to which a wire was added meanwhile', async () => {
    const draw = (...more: string[]): Flow => flowOf({ nodes: { in: 'test-source', first: 'test-external', second: 'test-external', seen: 'test-sink' }, wires: ['in.out -> first.in', 'first.out -> second.in', ...more] });
    const { w, run } = await ranOnce(draw());
    await w.deploy(draw('first.out -> seen.in', 'second.out -> seen.in'), 2);
    await replays(w).one(run, { mode: 'same-keys' });
    await w.calm();
    expect([nodes.calls, nodes.arrived.length]).toEqual([['first:a', 'second:a'], 2]);
  });
  // Cause: that it was dropped at the node was taken for what the node had done with it.
  test('under the same keys brings what a full queue had turned away', async () => {
    const goOn = Promise.withResolvers<void>();
    nodes.onCall = async () => { await goOn.promise; };
    const w = world();
    await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 } }, wires: [{ from: 'in.out', to: 'call.in', limit: { messages: 1 }, whenFull: 'drop' }] }));
    const runs: string[] = [];
    for (const payload of ['a', 'b', 'c']) { runs.push(await feed(payload)); await w.calm(); }
    goOn.resolve();
    await w.calm();
    expect(nodes.calls).toEqual(['call:a', 'call:b']);
    await replays(w).one(runs[2] as string, { mode: 'same-keys' });
    await w.calm();
    expect(nodes.calls).toEqual(['call:a', 'call:b', 'call:c']);
  });
  test('under the same keys is kept through an end of the process', async () => {
    const { w, run } = await ranOnce();
    const [again] = (await replays(w).one(run, { mode: 'same-keys' })).runs;
    w.kill();
    const next = world({ clock: new VirtualTime(w.clock.now()), seed: 7 });
    await next.deploy(LINE);
    await next.calm();
    expect(nodes.calls).toEqual(['call:a']);
    expect(told(await pathOf(next, again as string)).at(-1)).toBe('sink done');
  });
  test('under the same keys puts a whole together again, as the same message, and ends', async () => {
    const w = world({ nodes: [...nodes.definitions, split, join] });
    await w.deploy(flowOf({ nodes: { in: 'test-source', split: 'split', call: 'test-call', join: 'join', after: 'test-call', sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', 'join.out -> after.in', 'after.out -> sink.in'] }));
    const run = await feed(['a', 'b', 'c']);
    await w.calm();
    await w.moveHistory();
    const [again] = (await replays(w).one(run, { mode: 'same-keys' })).runs;
    await w.calm();
    expect(nodes.calls).toHaveLength(4);
    expect(nodes.arrived.map(({ body }) => body.payload)).toEqual([['a', 'b', 'c'], ['a', 'b', 'c']]);
    expect((await w.endedRuns()).find(({ id }) => id === again)).toMatchObject({ dead: 0 });
  });
  test('as a new generation does everything again under new ids', async () => {
    const { w, run } = await ranOnce();
    const { runs } = await replays(w).one(run, { mode: 'new-generation' });
    await w.calm();
    expect(nodes.calls).toEqual(['call:a', 'call:a']);
    expect(nodes.effects.size).toBe(2);
    expect(new Set(nodes.arrived.map(({ id }) => id)).size).toBe(2);
    expect(runs).toHaveLength(1);
  });
  test('from a node begins with each message that came to it', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', fan: 'test-fan', call: 'test-external', sink: 'test-sink' }, wires: ['in.out -> fan.in', 'fan.out -> call.in', 'call.out -> sink.in'] });
    const { w, run } = await ranOnce(flow);
    expect(nodes.arrived).toHaveLength(2);
    const { runs } = await replays(w).one(run, { mode: 'new-generation', from: 'call' });
    await w.calm();
    expect(runs).toHaveLength(2);
    expect(nodes.calls).toHaveLength(4);
    await expect(replays(w).one(run, { mode: 'same-keys', from: 'gone' })).rejects.toMatchObject({ code: 'run.cannot-replay' });
  });
  test('as a dry run answers from the record, acts and writes nothing, and tells where a call is missing', async () => {
    nodes.onCall = (body) => ({ payload: `${String(body.payload)} answered` });
    const flow = flowOf({ nodes: { in: 'test-source', first: 'test-external', second: 'test-external', sink: 'test-sink' }, wires: ['in.out -> first.in', 'first.out -> second.in', 'second.out -> sink.in'] });
    const { w, run } = await ranOnce(flow);
    const before = { calls: [...nodes.calls], writes: w.writes, done: w.runner('flow').count('first').done };
    const { steps, runs } = await replays(w).one(run, { mode: 'dry-run' });
    expect(steps?.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'first replayed', 'second replayed', 'sink done']);
    expect(steps?.[3]?.input?.body).toEqual({ payload: 'a answered answered' });
    expect(runs).toEqual([]);
    expect({ calls: nodes.calls, writes: w.writes, done: w.runner('flow').count('first').done }).toEqual(before);

    nodes.onCall = (_, { node }) => { if (node.id === 'second') throw new NodeFailure('test.bad', BOTH('bad')); };
    const failed = await feed('b');
    await w.calm();
    const dry = await replays(w).one(failed, { mode: 'dry-run' });
    expect(dry.steps?.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'first replayed', 'second missing']);
  });
  test('of many goes by a filter, oldest first, and names what it refused', async () => {
    const w = world();
    await w.deploy(LINE);
    for (const payload of ['a', 'b', 'c']) { await feed(payload, payload === 'b' ? 'other' : 'k'); await w.calm(); await w.pass(10); }
    const large = await feed('x'.repeat(limits.recordedBodyChars), 'k');
    await w.calm();
    const answer = await replays(w).many({ flow: 'flow', key: 'k' }, { mode: 'new-generation' });
    await w.calm();
    expect(answer).toMatchObject({ refused: [{ id: large }], more: false });
    expect(nodes.calls.slice(4)).toEqual(['call:a', 'call:c']);
  });
  test('under the same keys is made one at a time, so that two at once, or one beside another that is pending, act once', async () => {
    nodes.onCall = () => { throw new NodeFailure('test.bad', BOTH('bad')); };
    const w = world();
    await w.deploy(LINE);
    const run = await feed('a');
    await w.calm();
    await w.moveHistory();
    const goOn = Promise.withResolvers<void>();
    nodes.calls.length = 0;
    nodes.onCall = async () => { await goOn.promise; };
    const again = replays(w);
    const twice = await Promise.allSettled([again.one(run, { mode: 'same-keys' }), again.one(run, { mode: 'same-keys' })]);
    expect(twice.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await w.calm();
    await expect(again.one(run, { mode: 'same-keys' })).rejects.toMatchObject({ code: 'run.cannot-replay' });
    goOn.resolve();
    await w.calm();
    expect(nodes.calls).toHaveLength(1);
    await again.one(run, { mode: 'same-keys' });
    await w.calm();
    expect(nodes.calls).toHaveLength(1);
  });
  test('under the same keys is refused while a dead letter of it that was resent, also again, is pending', async () => {
    nodes.onCall = () => { throw new NodeFailure('test.bad', BOTH('bad')); };
    const { w, run } = await ranOnce();
    const letters = lettersOf(w);
    await letters.resend({ query: {}, to: 'node' });
    await w.calm();
    const goOn = Promise.withResolvers<void>();
    nodes.onCall = async () => { await goOn.promise; };
    await letters.resend({ query: {}, to: 'node' });
    await w.calm();
    nodes.calls.length = 0;
    await expect(replays(w).one(run, { mode: 'same-keys' })).rejects.toMatchObject({ code: 'run.cannot-replay' });
    await w.calm();
    expect(nodes.calls).toEqual([]);
    goOn.resolve();
    await w.calm();
    await replays(w).one(run, { mode: 'same-keys' });
    await w.calm();
    expect(nodes.calls).toEqual([]);
  });
  test('of many tells what it began and what could not be written, and a full disk takes none', async () => {
    const { w } = await ranOnce();
    for (const payload of ['b', 'c']) await feed(payload, 'k1');
    await w.calm();
    const { commit } = w.services.journal;
    let begun = 0;
    w.services.journal.commit = async (each) => {
      if (each.acceptance && ++begun === 2) throw new Error('the disk has not answered for 5 s');
      return await commit.call(w.services.journal, each);
    };
    const answer = await replays(w).many({ flow: 'flow' }, { mode: 'new-generation' });
    expect(answer).toMatchObject({ runs: [expect.any(String), expect.any(String)], refused: [{ reason: { en: expect.stringContaining('the disk has not answered') as string } }] });
    w.disk.low = true;
    expect((await replays(w).many({ flow: 'flow' }, { mode: 'new-generation' })).runs).toEqual([]);
  });
  test('tells which runs it began also where the disk takes no more of them', async () => {
    const { w, run } = await ranOnce(flowOf({ nodes: { in: 'test-source', fan: 'test-fan', call: 'test-external', sink: 'test-sink' }, wires: ['in.out -> fan.in', 'fan.out -> call.in', 'call.out -> sink.in'] }));
    const commit = w.services.journal.commit.bind(w.services.journal);
    let most = 1;
    w.services.journal.commit = async (each) => {
      if (each.acceptance === true && most-- === 0) throw new Error('the disk is full');
      return await commit(each);
    };
    const answer = await replays(w).one(run, { mode: 'new-generation', from: 'call' });
    expect(answer).toMatchObject({ runs: [expect.any(String)], refused: [{ id: run, reason: { en: expect.stringContaining('the disk is full') as string } }] });
    await w.calm();
    expect(nodes.calls).toHaveLength(3);
    most = 0;
    await expect(replays(w).one(run, { mode: 'new-generation', from: 'call' })).rejects.toMatchObject({ code: 'run.cannot-replay' });
  });
  test('of a run that is pending, of a stopped flow and of a node that is gone is refused with the reason', async () => {
    nodes.onCall = () => { throw new NodeFailure('test.busy', BOTH('busy'), { retry: 'backoff' }); };
    const { w, run } = await ranOnce();
    await expect(replays(w).one(run, { mode: 'same-keys' })).rejects.toMatchObject({ text: { en: expect.stringContaining('pending') as string } });
    await expect(replays(w).one('nothing', { mode: 'same-keys' })).rejects.toMatchObject({ code: 'run.cannot-replay' });
    await w.deploy(flowOf({ nodes: { other: 'test-source' }, wires: [] }), 2);
    await expect(replays(w).one(run, { mode: 'new-generation' })).rejects.toMatchObject({ text: { en: expect.stringContaining('no node in') as string } });
    await w.runner('flow').stop();
    await expect(replays(w).one(run, { mode: 'new-generation' })).rejects.toMatchObject({ text: { en: expect.stringContaining('not running') as string } });
  });
});

test('a dead letter is resent from where its run began, through resends before: what was done is not done again', async () => {
  const flow = flowOf({ nodes: { in: 'test-source', first: 'test-external', second: 'test-external', sink: 'test-sink' }, wires: ['in.out -> first.in', 'first.out -> second.in', 'second.out -> sink.in'] });
  nodes.onCall = (_, { node }) => { if (node.id === 'second') throw new NodeFailure('test.bad', BOTH('bad')); };
  const { w, run } = await ranOnce(flow);
  const letters = lettersOf(w);
  expect((await letters.resend({ query: {}, to: 'node' })).done).toBe(1);
  await w.calm();
  nodes.onCall = () => undefined;
  const [letter] = (await letters.list({ limit: 9 })).deadLetters;
  expect(letter?.runId).not.toBe(run);
  expect((await letters.resend({ query: {}, to: 'start' })).done).toBe(1);
  await w.calm();
  expect(nodes.calls).toEqual(['first:a', 'second:a', 'second:a', 'second:a']);
  expect(nodes.arrived).toHaveLength(1);
  expect(await letters.list({ limit: 9 })).toMatchObject({ total: 0 });
});

test('a dead letter of a new generation is resent from the start of that: its calls have the keys of it, and what it did is not done again', async () => {
  const flow = flowOf({ nodes: { in: 'test-source', first: 'test-external', second: 'test-external', sink: 'test-sink' }, wires: ['in.out -> first.in', 'first.out -> second.in', 'second.out -> sink.in'] });
  const keys: string[] = [];
  let isBad = false;
  nodes.onCall = (_, { node, idempotencyKey }) => {
    keys.push(idempotencyKey);
    if (isBad && node.id === 'second') throw new NodeFailure('test.bad', BOTH('bad'));
  };
  const { w, run } = await ranOnce(flow);
  isBad = true;
  await replays(w).one(run, { mode: 'new-generation' });
  await w.calm();
  isBad = false;
  const letters = lettersOf(w);
  expect((await letters.resend({ query: {}, to: 'start' })).done).toBe(1);
  await w.calm();
  expect(nodes.calls).toEqual(['first:a', 'second:a', 'first:a', 'second:a', 'second:a']);
  expect(keys[4]).toBe(keys[3]);
  expect(keys[4]).not.toBe(keys[1]);
  expect(nodes.arrived).toHaveLength(2);
});
