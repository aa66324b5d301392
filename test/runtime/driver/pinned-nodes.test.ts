import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import joinNode from '../../../nodes/logic/join.ts';
import splitNode from '../../../nodes/logic/split.ts';
import batch from '../../../nodes/time/batch.ts';
import delay from '../../../nodes/time/delay.ts';
import rateLimit from '../../../nodes/time/rate-limit.ts';
import { limits } from '../../../runtime/limits.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { PinnedStory } from '../../kit/pinned-story.ts';

/** What a run of a pinned flow does at each kind of node after a deploy: as it began. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BOTH = (text: string) => ({ en: text, ru: text });
let story: PinnedStory;
const fail = (...payloads: readonly unknown[]): void => {
  story.nodes.onCall = (body) => { if (payloads.includes(body.payload)) throw new NodeFailure('test.bad', BOTH('bad')); };
};

beforeEach(() => { story = new PinnedStory([delay, joinNode, splitNode, batch, rateLimit]); });
afterEach(() => {
  story.close();
  expect(story.bugs).toEqual([]);
});

describe('a retry', () => {
  test('goes on in the revision of its run, with its number of attempts and its wires', async () => {
    story.nodes.onCall = () => { throw new NodeFailure('test.flaky', BOTH('flaky'), { retry: 'backoff' }); };
    await story.deploy({ nodes: { in: 'test-source', call: { type: 'test-call', attempts: 3 }, old: 'test-sink' }, wires: ['in.out -> call.in', 'call.error -> old.in'] });
    await story.feed('a');
    await story.deploy({ nodes: { in: 'test-source', call: { type: 'test-call', attempts: 1 }, new: 'test-sink' }, wires: ['in.out -> call.in', 'call.error -> new.in'] });
    await story.feed('b');
    expect(story.arrived).toEqual(['new:b']);
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['new:b', 'old:a']);
    expect(story.nodes.calls).toEqual(['call:a', 'call:b', 'call:a', 'call:a']);
  });

  test('is made at a node that only its revision has, also after a restart', async () => {
    story.nodes.onCall = () => { if (story.nodes.calls.length === 1) throw new NodeFailure('test.flaky', BOTH('flaky'), { retry: 'backoff' }); };
    await story.deploy({ nodes: { in: 'test-source', call: 'test-call', old: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> old.in'] });
    await story.feed('a', 'k');
    await story.deploy({ nodes: { in: 'test-source', new: 'test-sink' }, wires: ['in.out -> new.in'] });
    await story.restart();
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['old:a']);
    expect(await story.deadLetters()).toEqual([]);
  });
});

const KEYED = (to: string, parts: object = {}) => ({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1, ...parts }, [to]: 'test-sink' }, wires: ['in.out -> call.in', `call.out -> ${to}.in`] });

describe('a key', () => {
  test('that a dead letter holds is held for messages of both revisions; released they go on in the order in which they came, each in its own', async () => {
    fail('k1');
    await story.deploy(KEYED('old'));
    for (const payload of ['k1', 'k2']) await story.feed(payload, 'k');
    await story.deploy(KEYED('new'));
    for (const payload of ['k3', 'k4']) await story.feed(payload, 'k');
    expect(story.arrived).toEqual([]);
    expect(await story.letters.heldKeys('flow')).toMatchObject([{ node: 'call', key: 'k', waiting: 3 }]);
    await story.letters.freeKey('flow', { node: 'call', key: 'k', action: 'release' });
    await story.world.calm();
    expect(story.arrived).toEqual(['old:k2', 'new:k3', 'new:k4']);
  });

  test.each([['skip', []], ['resend', ['new:k1']]] as const)('is freed by %s: a resent message begins in the newest revision, and goes first', async (action, first) => {
    fail('k1');
    await story.deploy(KEYED('old'));
    for (const payload of ['k1', 'k2']) await story.feed(payload, 'k');
    await story.deploy(KEYED('new'));
    await story.feed('k3', 'k');
    await story.restart();
    fail();
    await story.letters.freeKey('flow', { node: 'call', key: 'k', action });
    await story.world.calm();
    expect(story.arrived).toEqual([...first, 'old:k2', 'new:k3']);
    expect(await story.letters.heldKeys('flow')).toEqual([]);
  });

  test('that is held at a node which only the earlier revision has is released or skipped there; to resend, another node is named', async () => {
    fail('k1', 'j1');
    await story.deploy(KEYED('old'));
    for (const payload of ['k1', 'k2']) await story.feed(payload, 'k');
    for (const payload of ['j1', 'j2']) await story.feed(payload, 'j');
    await story.deploy({ nodes: { in: 'test-source', new: 'test-sink' }, wires: ['in.out -> new.in'] });
    expect(await story.letters.freeKey('flow', { node: 'call', key: 'k', action: 'resend' })).toMatchObject({ done: 0, refused: [{ reason: { en: expect.stringContaining('has no node call') } }] });
    const [held] = (await story.letters.heldKeys('flow')).filter(({ key }) => key === 'k');
    expect(await story.letters.resend({ ids: [held?.deadLetter ?? ''], to: { node: 'new' } })).toEqual({ done: 1, refused: [] });
    await story.letters.freeKey('flow', { node: 'call', key: 'j', action: 'skip' });
    await story.world.calm();
    expect(story.arrived.toSorted()).toEqual(['new:k1', 'old:j2', 'old:k2']);
    expect(await story.world.pending()).toBe(0);
  });

  test.each([['continue', 'hold', ['old:k2']], ['hold', 'continue', []]] as const)('is held or not by the revision of the run: it says %s, the newest %s', async (own, newest, passed) => {
    fail('k1');
    const { promise, resolve } = Promise.withResolvers<void>();
    story.nodes.onCall = async (body) => {
      if (body.payload === 'first') await promise;
      if (body.payload === 'k1') throw new NodeFailure('test.bad', BOTH('bad'));
    };
    await story.deploy(KEYED('old', { afterDeadLetter: own }));
    await story.feed('first');
    for (const payload of ['k1', 'k2']) await story.feed(payload, 'k');
    await story.deploy(KEYED('new', { afterDeadLetter: newest }));
    resolve();
    await story.world.calm();
    expect(story.arrived).toEqual(['old:first', ...passed]);
  });

  test('keeps its order at a node of both revisions, and not past a wait that only the earlier one has', async () => {
    await story.deploy({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, call: 'test-call', old: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> old.in'] });
    await story.feed('k1', 'k');
    await story.deploy({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1m' } }, call: 'test-call', new: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> new.in'] });
    await story.feed('k2', 'k');
    await story.deploy(KEYED('newest'));
    await story.feed('k3', 'k');
    expect(story.arrived).toEqual(['newest:k3']);
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['newest:k3', 'old:k1', 'new:k2']);
  });
});

describe('a window', () => {
  const split = (make: string, sink: string) => ({ nodes: { in: 'test-source', split: 'split', call: 'test-call', join: { type: 'join', config: { make } }, [sink]: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', `join.out -> ${sink}.in`] });

  test('of a split has the parts of its run only, and closes as its revision says', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    story.nodes.onCall = async (body) => { if (body.payload === 3) await promise; };
    await story.deploy(split('list', 'old'));
    await story.feed([1, 2, 3]);
    await story.deploy(split('totals', 'new'));
    await story.feed([10, 20]);
    resolve();
    await story.world.calm();
    expect(story.arrived).toEqual(['new:{"count":2,"sum":30,"average":15,"min":10,"max":20}', 'old:[1,2,3]']);
    expect(await story.world.pending()).toBe(0);
  });

  test('of a node that only the earlier revision has closes at its time, also after two deploys and a restart', async () => {
    await story.deploy({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 9 } }, old: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> old.in'] });
    await story.feed(1);
    await story.feed(2);
    await story.deploy({ nodes: { in: 'test-source', call: 'test-call', new: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> new.in'] });
    await story.deploy({ nodes: { in: 'test-source', new: 'test-sink' }, wires: ['in.out -> new.in'] });
    await story.restart();
    await story.pass(2 * MINUTE);
    expect(story.arrived).toEqual(['old:[1,2]']);
    await story.pass(2 * limits.pinnedLookMs);
    expect(story.keepsEarlier).toBe(false);
  });

  test.each(['at once', 'after a restart'])('goes on where the newest revision has a node of another kind under the same id, %s', async (when) => {
    await story.deploy({ nodes: { in: 'test-source', at: { type: 'test-gather', config: { size: 9 } }, old: 'test-sink' }, wires: ['in.out -> at.in', 'at.out -> old.in'] });
    await story.feed(1);
    await story.deploy({ nodes: { in: 'test-source', at: 'test-call', new: 'test-sink' }, wires: ['in.out -> at.in', 'at.out -> new.in'] });
    await story.feed(2);
    if (when !== 'at once') await story.restart();
    await story.pass(2 * MINUTE);
    expect(story.arrived).toEqual(['new:2', 'old:[1]']);
    expect(await story.world.pending()).toBe(0);
  });

  test.each(['at once', 'after a restart'])('is parked where the newest revision has one of another type under the same id, %s', async (when) => {
    await story.deploy({ nodes: { in: 'test-source', at: { type: 'test-gather', config: { size: 9 } }, old: 'test-sink' }, wires: ['in.out -> at.in', 'at.out -> old.in'] });
    await story.feed(1);
    await story.deploy({ nodes: { in: 'test-source', at: { type: 'rate-limit', config: { count: 1, per: '1m' } }, new: 'test-sink' }, wires: ['in.out -> at.in', 'at.out -> new.in'] });
    await story.feed(2);
    if (when !== 'at once') await story.restart();
    await story.pass(2 * MINUTE);
    expect(story.arrived).toEqual(['new:2']);
    expect(await story.deadLetters()).toMatchObject([{ kind: 'parked', node: 'at', body: { payload: 1 } }]);
    expect(await story.world.services.journal.pendingRevisions('flow')).toEqual([]);
  });

  test('of a batch is of the node: messages of both revisions meet in it, and what leaves goes on by the last one', async () => {
    const flow = (size: number, sink: string) => ({ nodes: { in: 'test-source', batch: { type: 'batch', config: { count: size, within: '1h' } }, [sink]: 'test-sink' }, wires: ['in.out -> batch.in', `batch.out -> ${sink}.in`] });
    await story.deploy(flow(5, 'old'));
    await story.feed(1);
    await story.deploy(flow(2, 'new'));
    await story.feed(2);
    expect(story.arrived).toEqual(['new:[1,2]']);
  });
});

describe('how often and where', () => {
  test('a rate limit that only the earlier revision has goes on at its pace', async () => {
    await story.deploy({ nodes: { in: 'test-source', pace: { type: 'rate-limit', config: { count: 1, per: '1m' } }, old: 'test-sink' }, wires: ['in.out -> pace.in', 'pace.out -> old.in'] });
    for (const payload of [1, 2, 3]) await story.feed(payload);
    await story.deploy({ nodes: { in: 'test-source', new: 'test-sink' }, wires: ['in.out -> new.in'] });
    await story.feed(4);
    expect(story.arrived).toEqual(['old:1', 'new:4']);
    await story.restart();
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['old:1', 'new:4', 'old:2']);
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['old:1', 'new:4', 'old:2', 'old:3']);
  });

  test('a rate limit of both revisions is the newest one’s, over the messages of both', async () => {
    const flow = (count: number, sink: string) => ({ nodes: { in: 'test-source', pace: { type: 'rate-limit', config: { count, per: '1m' } }, [sink]: 'test-sink' }, wires: ['in.out -> pace.in', `pace.out -> ${sink}.in`] });
    await story.deploy(flow(1, 'old'));
    for (const payload of [1, 2, 3]) await story.feed(payload);
    await story.deploy(flow(2, 'new'));
    await story.feed(4);
    expect(story.arrived).toEqual(['old:1', 'old:2']);
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['old:1', 'old:2', 'old:3', 'new:4']);
  });

  test('a node that was disabled in the revision of a run, and is not now, takes the messages of that run', async () => {
    const flow = (disabled: boolean) => ({ nodes: { in: 'test-source', wait: { type: 'delay', disabled, config: { for: '1m' } }, sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> sink.in'] });
    await story.deploy(flow(true));
    await story.feed(1);
    await story.deploy(flow(false));
    await story.pass(2 * MINUTE);
    expect(story.arrived).toEqual(['sink:1']);
    expect(await story.deadLetters()).toEqual([]);
  });

  test('a node that a later revision disabled and the newest has no more still takes the messages of an earlier one', async () => {
    const flow = (disabled: boolean) => ({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, call: { type: 'test-call', disabled }, sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> sink.in'] });
    await story.deploy(flow(false));
    await story.feed(1);
    await story.deploy(flow(true));
    await story.feed(2);
    await story.deploy({ nodes: { in: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in'] });
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['sink:1']);
    expect(await story.deadLetters()).toMatchObject([{ kind: 'parked', node: 'call', body: { payload: 2 } }]);
  });
});

describe('a connection', () => {
  const db = { type: 'test', config: {} };
  const uses = (name: string, sink: string) => ({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1, config: { db: name } }, [sink]: 'test-sink' }, wires: ['in.out -> call.in', `call.out -> ${sink}.in`] });
  const down = new Set<string>();
  const type = {
    info: { type: 'test', title: BOTH('Test'), icon: 'plug', summary: BOTH('Test'), help: BOTH('Test'), config: { name: { kind: 'text', title: BOTH('Name') } } },
    open: async ({ name }: { name: string }) => { if (down.has(name)) throw new NodeFailure('test.down', BOTH('down'), { scope: 'connection' }); return {}; },
    test: async () => BOTH('well'), close: async () => undefined,
  };
  const named = (name: string, rate?: string) => ({ ...db, config: { name }, ...(rate !== undefined && { rate }) });
  beforeEach(() => { down.clear(); });
  const open = (project: { readonly [name: string]: ReturnType<typeof named> }): void => {
    story.close();
    story = new PinnedStory([delay], { connections: [type as never], project: project as never });
    story.nodes.onCall = async (_body, { connection, config }) => { await connection((config as { db: string }).db); };
  };

  test('that only the earlier revision uses and that is down holds up its runs, nobody else', async () => {
    open({ one: named('one'), two: named('two') });
    down.add('one');
    await story.deploy(uses('one', 'old'));
    await story.feed('k1', 'k');
    await story.deploy(uses('two', 'new'));
    for (const [payload, key] of [['a1', 'a'], ['k2', 'k']] as const) await story.feed(payload, key);
    await story.pass(5 * MINUTE);
    expect(story.arrived).toEqual(['new:a1']);
    expect(story.nodes.calls.length).toBeLessThan(40);
    down.clear();
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['new:a1', 'old:k1', 'new:k2']);
    expect(await story.deadLetters()).toEqual([]);
  });

  test('keeps its rate also for runs of an earlier revision', async () => {
    open({ one: named('one', '1/1m'), two: named('two') });
    await story.deploy(uses('one', 'old'));
    for (const payload of [1, 2, 3]) await story.feed(payload);
    await story.deploy(uses('two', 'new'));
    await story.pass(30_000);
    expect(story.arrived).toEqual(['old:1']);
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['old:1', 'old:2']);
  });
});

