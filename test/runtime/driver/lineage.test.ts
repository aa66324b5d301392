import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import catchNode from '../../../nodes/logic/catch.ts';
import join from '../../../nodes/logic/join.ts';
import split from '../../../nodes/logic/split.ts';
import delay from '../../../nodes/time/delay.ts';
import { kinOf, nameOf, turned, wholeAgain } from '../../../runtime/driver/lineage.ts';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { openMemoryStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import type { StepRecord, Store } from '../../../runtime/store/store.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

/** What a replay under the same keys knows messages by where a deploy has changed their way. */

const BOTH = (text: string) => ({ en: text, ru: text });
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let store: Store;
const worlds: World[] = [];
const world = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, split, join, delay, catchNode], store, ...more });
  worlds.push(made);
  return made;
};
const replays = (w: World): Replays => new Replays(w.services, (flow) => w.runner(flow));
const lettersOf = (w: World): DeadLetters => new DeadLetters(w.services, { runner: (id) => w.runner(id), counted: () => undefined }, replays(w));
const feed = async (body: { readonly payload: unknown; readonly rounds?: number } = { payload: 'a' }): Promise<string> => (await nodes.deliver.get('in')?.(body, {}))?.runId as string;
const pathOf = async (w: World, run: string): Promise<readonly StepRecord[]> => {
  await w.moveHistory();
  return await store.listSteps(run, 10_000);
};

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); store = openMemoryStore(); });
afterEach(async () => {
  endWorlds(worlds);
  await store.close();
  journal.remove();
});

const TYPES: { readonly [id: string]: string | { type: string; config: object } } = {
  in: 'test-source', a: 'test-external', b: 'test-external', d: 'test-external', p: 'test-pass', q: 'test-pass', new: 'test-pass', wait: { type: 'delay', config: { mode: 'for', for: '1s' } }, extra: 'test-external',
  round: 'test-round', fan: 'test-fan', split: 'split', join: 'join', bad: { type: 'test-pass', config: { fail: true } }, catch: 'catch', seen: 'test-sink',
};
/** A flow of the nodes that a chain like `in p a, p.again b` names, along their first ports unless said. */
function drawn(chains: string, delivery: Flow['delivery'] = 'durable'): Flow {
  const wires = chains.split(', ').flatMap((chain) => {
    const ends = chain.split(' ');
    return ends.slice(1).map((to, i) => `${(ends[i] as string).includes('.') ? ends[i] as string : `${ends[i] as string}.out`} -> ${to.split('.')[0] as string}.in`);
  });
  const used = new Set(wires.flatMap((wire) => wire.split(' -> ')).map((end) => end.split('.')[0] as string));
  return flowOf({ delivery, nodes: Object.fromEntries([...used].map((id) => [id, TYPES[id] as string])), wires });
}

async function ranOnce(chains: string, body?: Parameters<typeof feed>[0], delivery?: Flow['delivery']): Promise<{ w: World; run: string }> {
  const w = world();
  await w.deploy(drawn(chains, delivery));
  const run = await feed(body);
  await w.calm();
  await w.pass(5000);
  await w.moveHistory();
  return { w, run };
}
/** The calls that a replay of the run makes on another flow. */
async function again({ w, run }: { readonly w: World; readonly run: string }, chains: string, delivery?: Flow['delivery']): Promise<readonly string[]> {
  await w.deploy(drawn(chains, delivery), 2);
  await w.calm();
  nodes.calls.length = 0;
  await replays(w).one(run, { mode: 'same-keys' });
  await w.calm();
  await w.pass(5000);
  expect((await w.endedRuns()).at(-1)).toMatchObject({ dead: 0 });
  return [...nodes.calls];
}

describe.each(['durable', 'memory'] as const)('a replay under the same keys in %s mode makes no call again', (delivery) => {
  test.each([
    ['a node added at the beginning', 'in a b', 'in new a b'],
    ['a node added between calls', 'in a b', 'in a new b'],
    ['several added, one of which waits', 'in a b d', 'in new a wait p b d'],
    ['one added that acts itself', 'in a b', 'in a extra b'],
    ['a node removed', 'in p a q b', 'in a b'],
    ['one removed that waited', 'in wait a b', 'in a b'],
    ['a node replaced', 'in p a q b', 'in new a b'],
    ['nodes in another order', 'in a b', 'in b a'],
    ['a node added before a fork', 'in p, p a, p b', 'in p new, new a, new b'],
    ['a node added as the first one of a branch', 'in a, in b', 'in a, in new b'],
    ['a node added and a branch on which somebody looks', 'in p a b', 'in seen, in p new a b, p seen'],
    ['a wire added', 'in a b', 'in a b, in seen, a seen'],
    ['a node added on one way to a node that is reached by two', 'in p a d, in q b d', 'in p a d, in q new b d'],
    ['a node added before two ways to one node', 'in p a d, p q d', 'in new p a d, p q d'],
    ['a node added behind several messages of one', 'in fan a b', 'in fan a new b'],
    ['a node added before several messages of one', 'in fan a b', 'in new fan a b'],
    ['a node added on a way by another port', 'in bad, bad.error a b', 'in bad, bad.error new a b'],
    ['a node added behind a catch node', 'in p bad, catch a b', 'in bad, catch a new b'],
  ])('behind %s', async (_, before, after) => {
    const ran = await ranOnce(before, undefined, delivery);
    expect(nodes.calls.length).toBeGreaterThan(0);
    expect((await again(ran, after, delivery)).filter((call) => !call.startsWith('extra'))).toEqual([]);
  });
  test.each([['in the loop', 'in round, round.again a round, round b', 'in round, round.again new a p round, round b'], ['before it', 'in round, round.again a round, round b', 'in p round, round.again a round, round b']])('of any round where a node was added %s', async (_, before, after) => {
    const ran = await ranOnce(before, { payload: 'a', rounds: 3 }, delivery);
    expect(nodes.calls).toEqual(['a:a', 'a:a', 'a:a', 'b:a']);
    expect(await again(ran, after, delivery)).toEqual([]);
  });
  test.each(['in new split a join b', 'in split new a join b', 'in split a p join b', 'in split a join new b', 'in new split a p join q b'])('behind a whole that is put together on another way: %s', async (after) => {
    const ran = await ranOnce('in split a join b', { payload: ['x', 'y', 'z'] }, delivery);
    expect(nodes.calls).toHaveLength(4);
    expect(await again(ran, after, delivery)).toEqual([]);
    expect(nodes.calls).toEqual([]);
  });
});

describe('a replay under the same keys on another way', () => {
  test('does what is missing, with the key that was tried with', async () => {
    const keys: string[] = [];
    let isBad = true;
    nodes.onCall = (_body, { node, idempotencyKey }) => {
      if (node.id !== 'b') return;
      keys.push(idempotencyKey);
      if (isBad) throw new NodeFailure('test.bad', BOTH('bad'));
    };
    const ran = await ranOnce('in a b d');
    isBad = false;
    await lettersOf(ran.w).discard({ query: {} });
    expect(await again(ran, 'in new a p b q d')).toEqual(['b:a', 'd:a']);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(2);
  });
  test.each([['in p a b', 'in p a new b, p d'], ['in split a join b', 'in new split a p join q b'], ['in p a b, p d', 'in p a new b']])('makes no call again where a branch and a node were added or removed apart from each other: %s, then %s', async (before, after) => {
    const ran = await ranOnce(before, { payload: ['x', 'y'] });
    expect((await again(ran, after)).filter((call) => !call.startsWith('d:'))).toEqual([]);
  });
  test('is shown beforehand by a dry run', async () => {
    const { w, run } = await ranOnce('in a b');
    await w.deploy(drawn('in new a p extra b'), 2);
    const { steps } = await replays(w).one(run, { mode: 'dry-run' });
    expect(steps?.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'new done', 'a replayed', 'p done', 'extra missing']);
    await w.deploy(drawn('in new a p b'), 3);
    const dry = await replays(w).one(run, { mode: 'dry-run' });
    expect(dry.steps?.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'new done', 'a replayed', 'p done', 'b replayed']);
  });
  test('calls nothing twice when the process ends in the midst of it, nor when it is replayed in its turn on a third way', async () => {
    const { w, run } = await ranOnce('in a b d');
    await w.deploy(drawn('in a new b p d'), 2);
    await w.calm();
    const [first] = (await replays(w).one(run, { mode: 'same-keys' })).runs;
    w.kill();
    const next = world({ clock: new VirtualTime(w.clock.now()), seed: 7 });
    await next.deploy(drawn('in a new b p d'), 2);
    await next.calm();
    await next.moveHistory();
    expect(nodes.calls).toEqual(['a:a', 'b:a', 'd:a']);
    expect(await again({ w: next, run: first as string }, 'in p a b q d')).toEqual([]);
  });
  test('does on a branch that is new what is missing, at a node that another one has reached', async () => {
    const ran = await ranOnce('in p d');
    expect(await again(ran, 'in p d, in q d')).toEqual(['d:a']);
  });
  test('takes what was done on one branch for nothing that another one has still to do', async () => {
    let failing = true;
    nodes.onCall = (body, { node }) => { if (failing && node.id === 'd' && body.passed === undefined) throw new NodeFailure('test.bad', BOTH('bad')); };
    const ran = await ranOnce('in p d, in a d');
    expect(nodes.calls).toEqual(expect.arrayContaining(['d:a', 'd:a', 'a:a']));
    failing = false;
    await lettersOf(ran.w).discard({ query: {} });
    expect(await again(ran, 'in a new d')).toContain('d:a');
  });
});

test('a dead letter keeps its lineage when it is resent to its node', async () => {
  let isBad = true;
  nodes.onCall = (_body, { node }) => { if (isBad && node.id === 'a') throw new NodeFailure('test.bad', BOTH('bad')); };
  const ran = await ranOnce('in p a b');
  isBad = false;
  await lettersOf(ran.w).resend({ query: {}, to: 'node' });
  await ran.w.calm();
  await ran.w.moveHistory();
  expect(nodes.calls).toEqual(['a:a', 'a:a', 'b:a']);
  expect(await again(ran, 'in new a q b')).toEqual([]);
});

/** A flow by chance: branches that part and meet, several messages of one, other ports, and loops. */
function anyFlow(pick: (below: number) => number): Flow {
  const types = ['test-pass', 'test-pass', 'test-call', 'test-fan', 'test-round', 'test-sink'];
  const count = 4 + pick(5);
  const made = Array.from({ length: count }, (_, i) => [`n${i}`, types[pick(i === count - 1 ? types.length : types.length - 1)] as string] as const);
  const wires = new Set<string>();
  for (const [i, [id]] of made.entries()) {
    wires.add(`${i === 0 ? 'in' : `n${pick(i)}`}.out -> ${id}.in`);
    if (i > 1 && pick(2) === 0) wires.add(`n${pick(i)}.out -> ${id}.in`);
  }
  for (const [i, [id, type]] of made.entries()) if (type === 'test-round') wires.add(`${id}.again -> n${pick(i + 1)}.in`);
  return flowOf({ nodes: { in: 'test-source', ...Object.fromEntries(made) }, wires: [...wires].filter((wire) => made.find(([id]) => wire.startsWith(`${id}.`))?.[1] !== 'test-sink') });
}

test('no two messages of a run have one lineage at a node, whatever the flow', async () => {
  let seen = 0;
  for (let seed = 1; seed <= 60; seed++) {
    let random = seed;
    const other = journalFile();
    const w = world({ file: other.file, seed });
    await w.deploy(anyFlow((below) => { random = (random * 48_271) % 2_147_483_647; return random % below; }));
    const run = await feed({ payload: 'a', rounds: 2 });
    await w.calm();
    const messages = new Map<string, string>();
    for (const { node, lineage, message } of await pathOf(w, run)) {
      if (lineage === null) continue; // beyond the branches of one message that are kept
      const name = `${node} ${lineage}`;
      expect([seed, name, messages.get(name) ?? message]).toEqual([seed, name, message]);
      messages.set(name, message);
    }
    seen += messages.size;
    w.kill();
    other.remove();
  }
  expect(seen).toBeGreaterThan(1000);
});

describe('a lineage', () => {
  test('stays where nothing parts, is unknown behind what is unknown, and takes each turn anew', () => {
    expect([turned('l', ''), turned(null, 'a.again')]).toEqual(['l', null]);
    expect(turned(turned('l', '>a'), '>b')).not.toBe(turned(turned('l', '>b'), '>a'));
  });
  test('of a whole comes back from its parts, also of a split inside a split, and not from what another node made parts of', () => {
    const part = turned(turned('l', '~split.out.3', 'm1'), '>a');
    const inner = turned(part, '~split.out.0', 'm2');
    expect(nameOf(inner ?? '')).not.toContain('!');
    expect(inner).toBe(`${nameOf(inner ?? '')}!m1!m2`);
    const whole = wholeAgain(inner, { node: 'join', parts: 'm2' });
    expect(whole).toBe(turned(part, '*join'));
    expect(wholeAgain(whole, { node: 'join', parts: 'm1' })).toBe(turned('l', '*join'));
    expect([wholeAgain(whole, { node: 'join', parts: 'other' }), wholeAgain('l', { node: 'join', parts: 'm1' }), wholeAgain(null, { node: 'join', parts: 'm1' })]).toEqual([null, null, null]);
  });
  test('tells who a message is by the only one that is done, or the only one at all', () => {
    const kin = (message: string, done = false) => ({ message, done });
    expect(kinOf('m', [])).toBe('m');
    expect(kinOf('m', [kin('m1')])).toBe('m1');
    expect(kinOf('m', [kin('m1', true), kin('m')])).toBe('m1');
    expect(kinOf('m', [kin('m1', true), kin('m2', true)])).toBe('m');
    expect(kinOf('m', [kin('m1'), kin('m2')])).toBe('m');
  });
});
