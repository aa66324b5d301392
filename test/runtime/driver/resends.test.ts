import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DeadLetters } from '../../../runtime/driver/dead-letters.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { NodeFailure, type Body } from '../../../runtime/sdk/index.ts';
import { openMemoryStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let store: Store;
const worlds: World[] = [];
const world = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, store, ...more });
  worlds.push(made);
  return made;
};
const replays = new WeakMap<World, Replays>();
const replaysOf = (w: World): Replays => {
  let made = replays.get(w);
  if (!made) replays.set(w, (made = new Replays(w.services, (flow) => w.runner(flow))));
  return made;
};
const lettersOf = (w: World): DeadLetters => new DeadLetters(w.services, { runner: (id) => w.runner(id), counted: () => undefined }, replaysOf(w));

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); store = openMemoryStore(); });
afterEach(async () => {
  endWorlds(worlds);
  await store.close();
  journal.remove();
});

async function ranOnce(flow: Flow): Promise<{ w: World; run: string }> {
  const w = world();
  await w.deploy(flow);
  const run = (await nodes.deliver.get('in')?.({ payload: 'a' }, { key: 'k1' }))?.runId as string;
  await w.calm();
  await w.moveHistory();
  return { w, run };
}

describe('several dead letters of one run', () => {
  const FANNED = flowOf({
    nodes: { in: 'test-source', fan: 'test-fan', call: { type: 'test-external', afterDeadLetter: 'continue' }, other: 'test-external', sink: 'test-sink' },
    wires: ['in.out -> other.in', 'other.out -> fan.in', 'fan.out -> call.in', 'call.out -> sink.in'],
  });
  const bad = (): never => { throw new NodeFailure('test.bad', BOTH('bad')); };
  const onlyCall = (what: (body: Body) => unknown) => (body: Body, { node }: { readonly node: { readonly id: string } }): unknown => (node.id === 'call' ? what(body) : undefined);
  const dead = async (): Promise<{ w: World; run: string; letters: DeadLetters }> => {
    nodes.onCall = onlyCall(bad);
    const { w, run } = await ranOnce(FANNED);
    nodes.calls.length = 0;
    nodes.onCall = () => undefined;
    return { w, run, letters: lettersOf(w) };
  };

  test('that are resent to the start begin it once, and what is missing of each happens once', async () => {
    const { w, run, letters } = await dead();
    const runs = new Set((await letters.list({ limit: 9 })).deadLetters.map(({ runId }) => runId));
    expect([[...runs], await letters.resend({ query: {}, to: 'start' })]).toEqual([[run], { done: 2, refused: [], runs: 1 }]);
    await w.calm();
    expect(nodes.calls).toHaveLength(2);
    expect(nodes.effects.size).toBe(3);
    expect(await letters.list({ limit: 9 })).toMatchObject({ total: 0 });
  });
  test('also those of a resend before, and only as far as they are chosen', async () => {
    const { w, letters } = await dead();
    nodes.onCall = bad;
    const [one, two] = (await letters.list({ limit: 9 })).deadLetters;
    await letters.resend({ ids: [String(one?.id)], to: 'node' });
    await w.calm();
    nodes.onCall = () => undefined;
    const left = (await letters.list({ limit: 9 })).deadLetters;
    expect(new Set(left.map(({ runId }) => runId)).size).toBe(2);
    nodes.calls.length = 0;
    expect(await letters.resend({ ids: left.map(({ id }) => id), to: 'start' })).toMatchObject({ done: 2, runs: 1 });
    await w.calm();
    expect(nodes.calls).toHaveLength(2);
    expect((await letters.list({ limit: 9 })).deadLetters.map(({ id }) => id)).not.toContain(two?.id);
  });
  test('that two persons resend at once, to the start and to the node, happen once', async () => {
    const { w, letters } = await dead();
    const ids = (await letters.list({ limit: 9 })).deadLetters.map(({ id }) => id);
    const goOn = Promise.withResolvers<void>();
    nodes.onCall = async () => { await goOn.promise; };
    const answers = await Promise.all([letters.resend({ ids: ids.slice(0, 1), to: 'start' }), letters.resend({ ids: ids.slice(1), to: 'start' }), letters.resend({ ids: ids.slice(1), to: 'node' })]);
    expect(answers.map(({ done }) => done)).toEqual([1, 0, 0]);
    expect(answers[2]?.refused).toMatchObject([{ id: ids[1], reason: { en: expect.stringContaining('is being replayed') as string } }]);
    goOn.resolve();
    await w.calm();
    expect(nodes.calls).toHaveLength(2);
  });
  test('are not resent while a replay of their run under the same keys is pending, also after an end of the process', async () => {
    const { w, run, letters } = await dead();
    nodes.onCall = () => { throw new NodeFailure('test.busy', BOTH('busy'), { retry: { afterMs: 60_000 } }); };
    await replaysOf(w).one(run, { mode: 'same-keys' });
    await w.calm();
    const refused = { done: 0, refused: [{ reason: { en: expect.stringContaining('is being replayed') as string } }, {}] };
    expect(await letters.resend({ query: {}, to: 'node' })).toMatchObject(refused);
    w.kill();
    const next = world({ clock: new VirtualTime(w.clock.now()), seed: 7 });
    await next.deploy(FANNED);
    await next.calm();
    expect(await lettersOf(next).resend({ query: {}, to: 'node' })).toMatchObject(refused);
    nodes.onCall = () => undefined;
    nodes.calls.length = 0;
    await next.pass(120_000);
    expect(nodes.calls).toHaveLength(2);
    await next.moveHistory();
    expect(await lettersOf(next).resend({ query: {}, to: 'start' })).toMatchObject({ done: 2, runs: 1 });
    await next.calm();
    expect(nodes.calls).toHaveLength(2);
  });
  test('begin their run again only when all of it has ended', async () => {
    let n = 0;
    nodes.onCall = onlyCall(() => { throw n++ === 0 ? new NodeFailure('test.bad', BOTH('bad')) : new NodeFailure('test.busy', BOTH('busy'), { retry: { afterMs: 60_000 } }); });
    const { w } = await ranOnce(FANNED);
    const letters = lettersOf(w);
    expect(await letters.resend({ query: {}, to: 'start' })).toMatchObject({ done: 0, refused: [{ reason: { en: expect.stringContaining('is pending') as string } }], runs: 0 });
    nodes.onCall = () => undefined;
    await w.pass(61_000);
    nodes.calls.length = 0;
    expect(await letters.resend({ query: {}, to: 'start' })).toMatchObject({ done: 1, runs: 1 });
    await w.calm();
    expect(nodes.calls).toHaveLength(1);
  });
  test('that were edited stay, with the reason', async () => {
    const { w, letters } = await dead();
    const [edited] = (await letters.list({ limit: 9 })).deadLetters;
    await letters.edit(String(edited?.id), { payload: 'better' });
    expect(await letters.resend({ query: {}, to: 'start' })).toMatchObject({ done: 1, refused: [{ id: edited?.id, reason: { en: expect.stringContaining('edited') as string } }], runs: 1 });
    await w.calm();
    expect((await letters.list({ limit: 9 })).deadLetters.map(({ id }) => id)).toEqual([edited?.id]);
  });
  test('of which somebody discards one meanwhile: the others begin their run, and that one is told', async () => {
    const { w, letters } = await dead();
    const ids = (await letters.list({ limit: 9 })).deadLetters.map(({ id }) => id);
    const { commit } = w.services.journal;
    w.services.journal.commit = async (each) => {
      if (each.acceptance) {
        w.services.journal.commit = commit.bind(w.services.journal);
        await letters.discard({ ids: ids.slice(0, 1) });
      }
      return await commit.call(w.services.journal, each);
    };
    expect(await letters.resend({ ids, to: 'start' })).toMatchObject({ done: 1, refused: [{ id: ids[0] }], runs: 1 });
  });
  test('begin it again whole or not at all, wherever the process ends', async () => {
    const { w } = await dead();
    await w.moveHistory();
    let ends = 0;
    let clock = new VirtualTime(w.clock.now());
    w.kill();
    for (const [how, n] of [['killBefore', 1], ['killAfter', 1], ['killAfter', 2], ['killBefore', 4]] as const) {
      const life = world({ clock, seed: 10 + ends++, [how]: n });
      await life.deploy(FANNED);
      await Promise.race([lettersOf(life).resend({ query: {}, to: 'start' }), life.calm()]);
      await life.calm();
      if (!life.dead) life.kill();
      clock = new VirtualTime(life.clock.now());
      const next = world({ clock, seed: 30 + ends });
      const rows = await next.pending();
      expect([how, n, (await lettersOf(next).list({ limit: 9 })).total > 0, rows > 0]).not.toEqual([how, n, true, true]);
      next.kill();
    }
    const last = world({ clock, seed: 50 });
    await last.deploy(FANNED);
    await last.calm();
    await lettersOf(last).resend({ query: {}, to: 'start' });
    await last.calm();
    expect(nodes.effects.size).toBe(3);
  });
});
