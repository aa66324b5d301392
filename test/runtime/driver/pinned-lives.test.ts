import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import delay from '../../../nodes/time/delay.ts';
import waitForCallback from '../../../nodes/time/wait-for-callback.ts';
import { DriverHost } from '../../../runtime/driver/host.ts';
import { HistoryPump } from '../../../runtime/driver/history-pump.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineNode, field } from '../../../runtime/sdk/index.ts';
import { PinnedStory } from '../../kit/pinned-story.ts';

/** Earlier revisions of a pinned flow over deploys, stops, crashes and the limit of how many are kept. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BOTH = (text: string) => ({ en: text, ru: text });
let story: PinnedStory;
let secret = '';
let stamp = 1;
let isBroken = false;
const freed: string[] = [];
const tokens: string[] = [];
const withSecret = defineNode({
  type: 'test-secret', version: 1, title: BOTH('Test'), category: 'logic', icon: 'box', summary: BOTH('Test'), help: BOTH('Test'), examples: [], replay: 'idempotent',
  config: { token: field.secret(BOTH('Token')), name: field.text(BOTH('Name'), { default: '' }) }, outputs: { fixed: { out: { title: BOTH('Out') } } },
  prepare: async ({ token, name }) => {
    if (isBroken && name === 'old') throw new Error('cannot');
    return await Promise.resolve({ token: token?.reveal() ?? '', name });
  },
  dispose: async ({ name, token }: { name: string; token: string }) => { await Promise.resolve(freed.push(`${name}:${token}`)); },
  run: (message, { prepared }) => { tokens.push((prepared as { token: string }).token); return message; },
});
const open = (): PinnedStory => new PinnedStory([delay, waitForCallback, withSecret], { values: { secret: async () => await Promise.resolve(secret), stamp: () => stamp } });

beforeEach(() => {
  [secret, stamp, isBroken] = ['first', 1, false];
  freed.length = tokens.length = 0;
  story = open();
});
afterEach(() => {
  story.close();
  expect(story.bugs).toEqual([]);
});

/** Each revision has a sink of its own behind a wait. */
const waits = (n: number, wait = '1h') => ({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: wait } }, [`s${n}`]: 'test-sink' }, wires: ['in.out -> wait.in', `wait.out -> s${n}.in`] });
/** The same, with the node where its messages wait. */
const apart = (n: number) => ({ nodes: { in: 'test-source', [`wait${n}`]: { type: 'delay', config: { for: '1h' } }, [`s${n}`]: 'test-sink' }, wires: [`in.out -> wait${n}.in`, `wait${n}.out -> s${n}.in`] });
const PLAIN = { nodes: { in: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in'] };
const afterwards = async (): Promise<void> => { for (let i = 0; i < 3; i++) await story.pass(2 * limits.pinnedLookMs); };

describe('runs in several revisions', () => {
  const three = async (): Promise<void> => {
    for (const n of [1, 2, 3]) {
      await story.deploy(waits(n));
      await story.feed(n);
      await story.pass(MINUTE);
    }
  };

  test.each(['go on over a crash and a start', 'go on over a stop and a start', 'go on without either'])('%s', async (how) => {
    await three();
    if (how.includes('crash')) await story.restart();
    if (how.includes('stop')) {
      await story.runner.stop();
      await story.pass(MINUTE);
      await story.start();
    }
    await story.pass(2 * HOUR);
    expect(story.arrived).toEqual(['s1:1', 's2:2', 's3:3']);
    await afterwards();
    expect(story.keepsEarlier).toBe(false);
    expect(await story.deadLetters()).toEqual([]);
  });

  test('go on over crashes between the ends of the runs, and each revision is freed with its last run', async () => {
    await three();
    await story.restart();
    await story.pass(HOUR - 3 * MINUTE);
    expect(story.arrived).toEqual(['s1:1']);
    await story.restart();
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['s1:1', 's2:2']);
    await afterwards();
    expect(story.keepsEarlier).toBe(false);
    await story.restart();
    await story.pass(MINUTE);
    expect(story.arrived).toEqual(['s1:1', 's2:2', 's3:3']);
  });

  test('go on as they began when an earlier document is deployed once more, as a new revision', async () => {
    await story.deploy(waits(1));
    await story.feed('a');
    await story.deploy(waits(2));
    await story.feed('b');
    await story.deploy(waits(1));
    await story.feed('c');
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['s1:a', 's2:b', 's1:c']);
  });

  test('go on as they began when a revision that has some is made the newest again', async () => {
    const [one, two] = [waits(1), waits(2)];
    await story.deploy(one);
    await story.feed('a');
    await story.deploy(two);
    await story.feed('b');
    await story.runner.deploy(story.revisions.get(1) as Flow, 1, async (n) => await Promise.resolve(story.revisions.get(n)));
    await story.feed('c');
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['s1:a', 's2:b', 's1:c']);
  });

  test('are gone with their flow', async () => {
    await three();
    await story.runner.dispose();
    const { services: { journal, clock }, store } = story.world;
    const host = new DriverHost(story.world.services, new HistoryPump({ journal, clock, store, failed: (error) => story.bugs.push(error) }));
    for (const n of [1, 2, 3]) await host.deploy(story.revisions.get(n) as Flow, n, async (older) => await Promise.resolve(story.revisions.get(older)));
    expect(await host.remove('flow')).toEqual({ pending: 3, deadLetters: 0 });
    expect(await story.world.services.journal.pendingRevisions('flow')).toEqual([]);
    await story.pass(2 * HOUR);
    expect(story.arrived).toEqual([]);
  });
});

describe('of many revisions', () => {
  const many = async (count: number): Promise<void> => {
    for (let n = 1; n <= count; n++) {
      await story.deploy(apart(n));
      await story.feed(n);
    }
  };

  test('as many as the limit says have their runs end on them, beside the newest', async () => {
    await many(limits.pinnedRevisions + 1);
    await story.pass(HOUR);
    expect(story.arrived).toEqual(Array.from({ length: limits.pinnedRevisions + 1 }, (_, i) => `s${i + 1}:${i + 1}`));
    expect(await story.deadLetters()).toEqual([]);
  });

  test('the oldest beyond the limit leaves its runs to the newest: what has no place there is parked at once, and it is told', async () => {
    await many(limits.pinnedRevisions + 1);
    const { parks, problems } = await story.deploy(apart(99));
    expect(parks).toMatchObject([{ node: 'wait1', messages: 1 }]);
    expect(problems).toMatchObject([{ code: 'flow.earlier-revision', level: 'warning', message: { en: expect.stringContaining('revision 1 ') } }]);
    expect(await story.deadLetters()).toMatchObject([{ kind: 'parked', node: 'wait1', body: { payload: 1 } }]);
    await story.restart();
    await story.pass(HOUR);
    expect(story.arrived).toEqual(Array.from({ length: limits.pinnedRevisions }, (_, i) => `s${i + 2}:${i + 2}`));
  });

  test('runs of one that is left out are parked also at a node that a kept one has', async () => {
    await story.deploy(waits(1));
    await story.feed(1);
    await story.deploy(waits(2));
    await story.feed(2);
    story.revisions.delete(1);
    await story.deploy(PLAIN);
    expect(story.arrived).toEqual([]);
    const { parks } = await story.restart();
    expect(parks).toMatchObject([{ node: 'wait', messages: 1 }]);
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['s2:2']);
    expect(await story.deadLetters()).toMatchObject([{ kind: 'parked', body: { payload: 1 } }]);
    expect(await story.world.pending()).toBe(0);
  });

  test('one without runs does not count', async () => {
    await many(limits.pinnedRevisions);
    await story.deploy(PLAIN);
    const { parks } = await story.deploy(PLAIN);
    expect(parks).toEqual([]);
    await story.pass(HOUR);
    expect(story.arrived).toHaveLength(limits.pinnedRevisions);
  });

  test('deployed at once after each other, none keeps what has no runs', async () => {
    await story.deploy(waits(1));
    await story.feed('a');
    await story.deploy(waits(2));
    const flow = story.revisions.get(2) as Flow;
    for (let n = 3; n <= 40; n++) await story.runner.deploy(flow, n, async (older) => await Promise.resolve(story.revisions.get(older)));
    await story.feed('b');
    await afterwards();
    expect(story.runner.pinned.units.map(({ revision }) => revision)).toEqual([1, 1, 1]);
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['s1:a', 's2:b']);
  });

  test('runs that began in memory mode go on in the newest', async () => {
    await story.deploy(waits(1), { delivery: 'memory' });
    await story.feed('a');
    const { parks } = await story.deploy(PLAIN);
    expect(parks).toMatchObject([{ node: 'wait', messages: 1 }]);
    expect(await story.deadLetters()).toMatchObject([{ kind: 'parked', body: { payload: 'a' } }]);
  });

  test('where a later one made a source of the node, its messages are parked when runs are pinned no more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    story.nodes.onCall = async () => { await promise; };
    await story.deploy({ nodes: { in: 'test-source', x: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> x.in', 'x.out -> sink.in'] });
    await story.feed('at work', 'k');
    await story.feed('waiting', 'k');
    const source = { nodes: { in: 'test-source', x: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in', 'x.out -> sink.in'] };
    expect((await story.deploy(source)).parks).toEqual([]);
    expect((await story.deploy(source, { runs: 'newest' })).parks).toMatchObject([{ node: 'x', messages: 1 }]);
    resolve();
    await story.world.calm();
    expect(story.arrived).toEqual(['sink:at work']);
  });
});

describe('an earlier revision', () => {
  const secretive = (name: string) => ({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, call: { type: 'test-secret', config: { token: { $secret: 'token' }, name } }, sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> sink.in'] });

  test('has the secrets of today from the next deploy on, as the newest has, and what was made with those of before is freed', async () => {
    await story.deploy(secretive('old'));
    await story.feed('a');
    await story.deploy(secretive('new'));
    [secret, stamp] = ['second', 2];
    await story.deploy(secretive('new'));
    expect(freed.toSorted()).toEqual(['new:first', 'old:first']);
    await story.feed('b');
    await story.pass(HOUR);
    expect(tokens).toEqual(['second', 'second']);
    await afterwards();
    expect(freed.toSorted()).toEqual(['new:first', 'old:first', 'old:second']);
  });

  test('in which a node cannot start any more is told, and its runs take that node as in the newest', async () => {
    await story.deploy(secretive('old'));
    await story.feed('a');
    await story.deploy(secretive('new'));
    isBroken = true;
    const { problems } = await story.restart();
    expect(problems).toMatchObject([{ code: 'flow.earlier-revision', level: 'warning', where: { flow: 'flow', node: 'call' }, message: { en: expect.stringMatching(/revision 1.*cannot/) } }]);
    await story.pass(HOUR);
    expect(story.arrived).toEqual(['sink:a']);
    await afterwards();
    expect(story.runner.problems).toEqual([]);
  });

  test('is looked for no more when the flow has gone meanwhile', async () => {
    await story.deploy(waits(1, '1m'));
    for (const payload of ['a', 'b', 'c']) await story.feed(payload);
    await story.deploy(waits(2));
    await story.feed('d');
    await story.pass(MINUTE);
    await story.runner.dispose();
    let asked = 0;
    Object.assign(story.world.services.journal, { pendingOn: async () => await Promise.resolve([++asked]) });
    await story.pass(10 * limits.pinnedLookMs);
    expect(asked).toBe(0);
  });
});

describe('a wait for a callback', () => {
  let server: Server | undefined;
  afterEach(() => { server?.closeAllConnections(); server?.close(); });
  const post = async (path: string): Promise<number> => {
    server = createServer();
    story.world.services.hooks.serve(server, (_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => { server?.listen(0, '127.0.0.1', resolve); });
    const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method: 'POST', body: '{"yes":true}', headers: { 'content-type': 'application/json' } });
    await story.world.calm();
    return status;
  };

  test.each(['', ' and a restart'])('of an earlier revision is answered after two deploys that took the node away%s, and goes on as it began', async (more) => {
    let url = '';
    story.nodes.onCall = (body) => { url = (body['resume'] as { url: string }).url; };
    await story.deploy({ nodes: { in: 'test-source', wait: { type: 'wait-for-callback', config: { timeout: '3d' } }, tell: 'test-call', old: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.waiting -> tell.in', 'wait.out -> old.in'] });
    await story.feed('a');
    await story.deploy(waits(2));
    await story.feed('b');
    await story.deploy(PLAIN);
    await afterwards();
    if (more) await story.restart();
    expect(await post(url)).toBe(200);
    expect(story.arrived).toEqual(['old:a']);
    await afterwards();
    expect(story.runner.pinned.units.every(({ revision }) => revision === 2)).toBe(true);
  });
});
