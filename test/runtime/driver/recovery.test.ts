import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import delay from '../../../nodes/time/delay.ts';
import httpResponse from '../../../nodes/sink/http-response.ts';
import catchNode from '../../../nodes/logic/catch.ts';
import { answer, openedBy } from '../../../runtime/journal/port.ts';
import { NodeFailure, type DeliverOptions } from '../../../runtime/sdk/index.ts';
import type { StepRecord } from '../../../runtime/store/store.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const SQLITE_FULL = 13;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (clock = new VirtualTime(), more: Pick<ConstructorParameters<typeof World>[0], 'killBefore'> = {}): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, delay, httpResponse, catchNode], clock, ...more });
  worlds.push(made);
  return made;
};
/** The process ends at once and a new one begins on the same file, `ms` later. */
const next = (before: World, ms = 0): World => {
  before.kill();
  return world(new VirtualTime(before.clock.now() + ms));
};
const feed = async (payload: unknown, options: DeliverOptions = {}) => await nodes.deliver.get('in')?.({ payload }, options);
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const never = new Promise<void>(() => undefined);

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

describe('a call that was under way when the process ended', () => {
  test('is made again with the same key when its node is idempotent', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
    const keys: string[] = [];
    nodes.onCall = (_body, context) => { keys.push(context.idempotencyKey); return keys.length === 1 ? never : undefined; };
    const first = world();
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    const second = next(first);
    await second.deploy(flow);
    await second.calm();
    expect(payloads()).toEqual([1]);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(2);
  });

  test('is set aside for a person when its node acts outside without a key', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-external', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
    nodes.onCall = () => never;
    const first = world();
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    const second = next(first);
    await second.deploy(flow);
    await second.calm();
    expect(nodes.calls).toHaveLength(1);
    expect(await second.services.journal.deadLetters({ limit: 5 })).toMatchObject([{ code: 'call.outcome-unknown', node: 'call' }]);
    expect(await second.pending()).toBe(0);
  });

  test('ends as a dead letter when it takes the process with it again and again', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call' }, wires: ['in.out -> call.in'] });
    nodes.onCall = () => never;
    let life = world();
    await life.deploy(flow);
    await feed('poison');
    for (let crash = 0; crash < 3; crash++) {
      await life.calm();
      life = next(life);
      await life.deploy(flow);
    }
    await life.calm();
    expect(nodes.calls).toHaveLength(3);
    expect(await life.services.journal.deadLetters({ limit: 5 })).toMatchObject([{ code: 'call.crashed' }]);
  });

  test('is not to blame for planned stops, however often they break its call off', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
    nodes.onCall = () => never;
    let life = world();
    const stopped = async (): Promise<void> => {
      await life.calm();
      await life.runner('flow').stop();
      await life.runner('flow').saveVolatile();
      await life.runner('flow').dispose();
      life = next(life);
    };
    await life.deploy(flow);
    await feed('long');
    for (let stop = 0; stop < 5; stop++) {
      await stopped();
      await life.deploy(flow);
    }
    nodes.onCall = () => undefined;
    await stopped();
    await life.deploy(flow);
    await life.calm();
    expect(await life.services.journal.deadLetterTotal({})).toBe(0);
    expect(payloads()).toEqual(['long']);
  });

  test('ends as a dead letter where a planned stop broke off a call that must not be made twice', async () => {
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-external' }, wires: ['in.out -> call.in'] });
    nodes.onCall = () => never;
    const first = world();
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    await first.runner('flow').stop();
    await first.runner('flow').saveVolatile();
    await first.runner('flow').dispose();
    const second = next(first);
    await second.deploy(flow);
    await second.calm();
    expect(nodes.calls).toHaveLength(1);
    expect(await second.services.journal.deadLetters({ limit: 5 })).toMatchObject([{ code: 'call.outcome-unknown', node: 'call' }]);
  });
});

describe('a waiting message', () => {
  const flow = flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '3d' } }, sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> sink.in'] });
  const DAY = 24 * 60 * 60 * 1000;
  test('leaves at its due time after a restart, not before, and once', async () => {
    const first = world();
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    const second = next(first, 2 * DAY);
    await second.deploy(flow);
    await second.pass(DAY - 1000);
    expect(payloads()).toEqual([]);
    await second.pass(2000);
    expect(payloads()).toEqual([1]);
    const third = next(second, DAY);
    await third.deploy(flow);
    await third.pass(DAY);
    expect(payloads()).toEqual([1]);
  });
  test('counts its wait from when it came, also when the process ended before it was written down', async () => {
    const first = new World({ file: journal.file, nodes: [...nodes.definitions, delay], clock: new VirtualTime(), killBefore: 2 });
    worlds.push(first);
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    expect(first.dead).toBe(true);
    const second = next(first, DAY);
    await second.deploy(flow);
    await second.pass(2 * DAY - 1000);
    expect(payloads()).toEqual([]);
    await second.pass(2000);
    expect(payloads()).toEqual([1]);
  });
  test('whose time came while the process was down leaves at once', async () => {
    const first = world();
    await first.deploy(flow);
    await feed(1);
    await first.calm();
    const second = next(first, 10 * DAY);
    await second.deploy(flow);
    await second.pass(10);
    expect(payloads()).toEqual([1]);
  });
});

describe('a new revision', () => {
  test('takes over what waits at the same node', async () => {
    const w = world();
    nodes.onCall = () => never;
    const flow = flowOf({ nodes: { in: 'test-source', a: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> a.in', 'a.out -> sink.in'] });
    await w.deploy(flow);
    for (const payload of [1, 2, 3]) await feed(payload);
    await w.calm();
    expect(await w.pending()).toBe(3);
    nodes.onCall = () => undefined;
    await w.deploy({ ...flow, nodes: { ...flow.nodes, a: { type: 'test-call', version: 1, config: {}, name: 'changed' } } }, 2);
    await w.calm();
    expect(payloads().sort()).toEqual([2, 3]);
  });
  test('a stopped flow takes nothing in and keeps what it has', async () => {
    const w = world();
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
    const runner = await w.deploy(flow);
    await runner.stop();
    await expect(feed(1)).rejects.toMatchObject({ code: 'flow.not-live' });
    await w.deploy(flow, 2);
    await feed(2);
    await w.calm();
    expect(payloads()).toEqual([2]);
  });
});

describe.each(['durable', 'memory'] as const)('answers (%s)', (delivery) => {
  const flow = flowOf({ delivery, nodes: { in: 'test-source', call: 'test-call', answer: 'http-response' }, wires: ['in.out -> call.in', 'call.out -> answer.in'] });
  const ask = (bodyHash = 'h') => ({ reply: { timeoutMs: 1000, idempotency: { scope: 's', key: 'k', bodyHash } } });
  test('are recorded under the caller’s key and given again, also after a restart', async () => {
    const first = world();
    await first.deploy(flow);
    const receipt = await feed({ price: 5 }, ask());
    await first.calm();
    expect(await receipt?.reply).toMatchObject({ kind: 'answered', repeated: false, answer: { status: 200, body: '{"price":5}' } });
    const second = next(first);
    await second.deploy(flow);
    const again = await feed({ price: 5 }, ask());
    expect(await again?.reply).toMatchObject({ kind: 'answered', repeated: true, answer: { body: '{"price":5}' } });
    expect(nodes.calls).toHaveLength(1);
    expect(await (await feed({ price: 6 }, ask('other')))?.reply).toEqual({ kind: 'mismatch' });
  });
  test('are the same to the byte when they are bytes', async () => {
    const w = world();
    await w.deploy(flow);
    const bytes = new Uint8Array([0, 200, 255]);
    await feed(bytes, ask());
    await w.calm();
    expect(await (await feed(bytes, ask()))?.reply).toMatchObject({ kind: 'answered', repeated: true, answer: { body: bytes, headers: { 'content-type': 'application/octet-stream' } } });
  });
  test('a key whose run ended without an answer is answered for, also after a restart', async () => {
    const first = world();
    await first.deploy(flowOf({ delivery, nodes: { in: 'test-source', call: 'test-call' }, wires: ['in.out -> call.in'] }));
    nodes.onCall = ({ payload }) => { if (payload === 'bad') throw new NodeFailure('test.bad', { en: 'bad', ru: 'плохо' }); };
    const bad = { reply: { timeoutMs: 1000, idempotency: { scope: 's', key: 'bad', bodyHash: 'h' } } };
    const told = [await feed(1, ask()), await feed('bad', bad)];
    await first.calm();
    expect([await told[0]?.reply, await told[1]?.reply]).toEqual([{ kind: 'ended', how: 'completed' }, { kind: 'ended', how: 'dead-lettered' }]);
    const second = next(first);
    await second.deploy(flow);
    expect(await (await feed(1, ask()))?.reply).toEqual({ kind: 'ended', how: 'completed' });
    expect(await (await feed('bad', bad))?.reply).toEqual({ kind: 'ended', how: 'dead-lettered' });
    expect(nodes.calls).toHaveLength(2);
  });
  test('two at once begin one run', async () => {
    const w = world();
    await w.deploy(flow);
    const [first, second] = await Promise.all([feed(1, ask()), feed(1, ask())]);
    await w.calm();
    expect([(await first?.reply)?.kind, (await second?.reply)?.kind]).toEqual(['answered', 'in-progress']);
    expect(nodes.calls).toHaveLength(1);
  });
  test('a repeat while the run goes on is told so', async () => {
    const w = world();
    nodes.onCall = () => never;
    await w.deploy(flow);
    const first = await feed(1, ask());
    expect(await (await feed(1, ask()))?.reply).toEqual({ kind: 'in-progress' });
    await w.pass(1000);
    expect(await first?.reply).toEqual({ kind: 'timeout' });
  });
  test('a run that failed without one is told as failed to whoever comes again with its key, also after a restart', async () => {
    const first = world();
    await first.deploy(flow);
    nodes.onCall = () => { throw new Error('bad'); };
    const failed = { kind: 'ended', how: 'dead-lettered' };
    const receipt = await feed(1, ask());
    await first.calm();
    expect([await receipt?.reply, await (await feed(1, ask()))?.reply]).toEqual([failed, failed]);
    const second = next(first);
    await second.deploy(flow);
    expect(await (await feed(1, ask()))?.reply).toEqual(failed);
    expect(nodes.calls).toHaveLength(1);
  });
  test('a run that ends without one tells its caller how it ended', async () => {
    const w = world();
    await w.deploy(flowOf({ nodes: { in: 'test-source', fail: { type: 'test-pass', config: { fail: true } } }, wires: ['in.out -> fail.in'] }));
    const receipt = await feed(1, { reply: { timeoutMs: 1000 } });
    await w.calm();
    expect(await receipt?.reply).toEqual({ kind: 'ended', how: 'dead-lettered' });
  });
});

describe('a caller that waits', () => {
  const flow = flowOf({ nodes: { in: 'test-source', seen: 'test-sink', pass: 'test-pass', call: 'test-call' }, wires: ['in.out -> seen.in', 'in.out -> pass.in', 'pass.out -> call.in'] });
  const reply = { timeoutMs: 60_000 };
  test('is answered after its message is on disk; pure nodes run meanwhile, and nothing acts outside', async () => {
    const disk = Promise.withResolvers<void>();
    let slow = false;
    const w = new World({
      file: journal.file, nodes: nodes.definitions, clock: new VirtualTime(),
      port: (database) => ({ opened: openedBy(database), ask: async (request) => {
        if (slow && request.kind === 'apply') await disk.promise;
        return (answer(database, request) as { value: unknown }).value;
      } }),
    });
    worlds.push(w);
    await w.deploy(flow);
    await w.calm();
    slow = true;
    let told = false;
    const asking = feed(1, { reply }).then((receipt) => { told = true; return receipt; });
    await w.calm();
    expect([payloads(), nodes.calls, told]).toEqual([[1], [], false]);
    disk.resolve();
    await w.calm();
    expect(await (await asking)?.reply).toEqual({ kind: 'ended', how: 'completed' });
    expect(nodes.calls).toEqual(['call:1']);
  });
  const short = flowOf({ nodes: { in: 'test-source', answer: 'http-response' }, wires: ['in.out -> answer.in'] });
  test('is answered after one write when its run ends in pure nodes: it tells that the message came, and of its end', async () => {
    const w = world();
    await w.deploy(short);
    await w.calm();
    const before = w.writes;
    const receipt = await feed(1, { reply });
    expect([await receipt?.reply, w.writes - before]).toMatchObject([{ kind: 'answered' }, 1]);
    expect(await w.endedRuns()).toMatchObject([{ completed: 1 }]);
    expect((await w.services.journal.outbox(Infinity)).batches.flatMap(({ steps }) => steps.flatMap((text) => JSON.parse(text) as StepRecord[])).map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'answer done']);
    expect(await w.pending()).toBe(0);
  });
  test('is refused when its message and its end could not be written, and nothing is told of its run', async () => {
    const w = world();
    await w.deploy(short);
    await w.calm();
    w.trouble = { message: 'database or disk is full', errcode: SQLITE_FULL };
    await expect(feed(1, { reply })).rejects.toMatchObject({ code: 'journal.unavailable' });
    w.trouble = undefined;
    await w.pass(60_000);
    expect([await w.pending(), await w.endedRuns()]).toEqual([0, []]);
    expect(await (await feed(2, { reply }))?.reply).toMatchObject({ kind: 'answered' });
  });
  test('is refused when its message could not be written, and nothing comes of what ran meanwhile', async () => {
    const w = world();
    await w.deploy(flow);
    await w.calm();
    w.trouble = { message: 'database or disk is full', errcode: SQLITE_FULL };
    await expect(feed(1, { reply })).rejects.toMatchObject({ code: 'journal.unavailable' });
    w.trouble = undefined;
    await w.pass(60_000);
    expect([await w.pending(), nodes.calls, await w.endedRuns()]).toEqual([0, [], []]);
    expect(await (async () => { const receipt = await feed(2, { reply }); await w.calm(); return await receipt?.reply; })()).toEqual({ kind: 'ended', how: 'completed' });
    expect(nodes.calls).toEqual(['call:2']);
  });
});

describe('catch nodes', () => {
  test('the nearest one gets what its nodes failed at, and what fails behind it does not come round again', async () => {
    const w = world();
    await w.deploy(flowOf({
      nodes: { in: 'test-source', bad: { type: 'test-pass', config: { fail: true } }, all: 'catch', named: { type: 'catch', config: { nodes: ['bad'] } }, worse: { type: 'test-pass', config: { fail: true } }, sink: 'test-sink' },
      wires: ['in.out -> bad.in', 'all.out -> sink.in', 'named.out -> worse.in'],
    }));
    await feed(1);
    await w.calm();
    expect(nodes.arrived).toMatchObject([{ body: { error: { node: 'worse' } } }]);
    expect(await w.pending()).toBe(0);
  });
});

test('in memory mode an answer is on disk before it is told, and a crash before that forgets the key with the run', async () => {
  const flow = flowOf({ delivery: 'memory', nodes: { in: 'test-source', call: 'test-call', answer: 'http-response' }, wires: ['in.out -> call.in', 'call.out -> answer.in'] });
  const ask = { reply: { timeoutMs: 1000, idempotency: { scope: 's', key: 'k', bodyHash: 'h' } } };
  const first = world(new VirtualTime(), { killBefore: 1 });
  await first.deploy(flow);
  let told: unknown = 'nothing';
  void (await feed(1, ask))?.reply?.then((outcome) => { told = outcome; });
  await first.calm();
  expect([told, first.dead]).toEqual(['nothing', true]);
  const second = next(first);
  await second.deploy(flow);
  const receipt = await feed(1, ask);
  await second.calm();
  expect(await receipt?.reply).toMatchObject({ kind: 'answered', repeated: false });
  expect(nodes.calls).toHaveLength(2);
});

test('a planned stop of memory mode takes the keys of callers along', async () => {
  const flow = flowOf({ delivery: 'memory', nodes: { in: 'test-source', call: { type: 'test-call', disabled: true }, answer: 'http-response' }, wires: ['in.out -> call.in', 'call.out -> answer.in'] });
  const ask = { reply: { timeoutMs: 1000, idempotency: { scope: 's', key: 'k', bodyHash: 'h' } } };
  const first = world();
  await first.deploy(flow);
  await feed(1, ask);
  await first.calm();
  await first.runner('flow').stop();
  await first.runner('flow').saveVolatile();
  const second = next(first);
  await second.deploy(flow);
  expect(await (await feed(1, ask))?.reply).toEqual({ kind: 'in-progress' });
});
