import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import delay from '../../../nodes/time/delay.ts';
import { limits } from '../../../runtime/limits.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const DAY = 24 * 60 * 60_000;

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (options: Partial<ConstructorParameters<typeof World>[0]> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, ...options });
  worlds.push(made);
  return made;
};
const feed = (payload: unknown, more: object = {}, options = {}) => (nodes.deliver.get('in') as NonNullable<ReturnType<typeof nodes.deliver.get>>)({ payload, ...more }, options);
const LINE = flowOf({ nodes: { in: 'test-source', pass: 'test-pass', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> call.in', 'call.out -> sink.in'] });

/** Calls on the stack. */
function stackDepth(): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  const depth = new Error().stack?.split('\n').length ?? 0;
  Error.stackTraceLimit = stackTraceLimit;
  return depth;
}

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

describe('one flow', () => {
  test('a message goes through pure nodes and calls to its end, and its run is completed', async () => {
    const w = world();
    await w.deploy(LINE);
    const { runId } = await feed(1);
    await w.calm();
    expect(nodes.arrived.map(({ body }) => body)).toEqual([{ payload: 1, passed: true }]);
    expect(await w.pending()).toBe(0);
    expect(await w.endedRuns()).toMatchObject([{ id: runId, completed: 1, dropped: 0, dead: 0 }]);
  });

  test('a run with several branches ends once, when its last branch has ended', async () => {
    const w = world();
    await w.deploy(flowOf({ nodes: { in: 'test-source', fan: { type: 'test-fan', config: { times: 3 } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> fan.in', 'fan.out -> call.in', 'call.out -> sink.in'] }));
    await feed('x');
    await w.calm();
    expect(nodes.arrived).toHaveLength(3);
    expect(new Set(nodes.arrived.map(({ id }) => id)).size).toBe(3);
    expect(await w.endedRuns()).toMatchObject([{ completed: 3 }]);
  });

  test('memory mode writes nothing and still ends its runs', async () => {
    const w = world();
    await w.deploy({ ...LINE, delivery: 'memory' });
    await feed(1);
    await w.calm();
    expect(nodes.arrived).toHaveLength(1);
    expect(w.endedInMemory).toMatchObject([{ completed: 1 }]);
    expect(w.writes).toBe(0);
  });

  test.each(['durable', 'memory'] as const)('a message that is sent from within a pure node, on and on, does not fill the stack (%s)', async (delivery) => {
    const w = world();
    await w.deploy(flowOf({ delivery, nodes: { in: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in'] }));
    const left = Array.from({ length: 600 }, (_, i) => i);
    const push = nodes.arrived.push.bind(nodes.arrived);
    let deepest = 0;
    nodes.arrived.push = (...arrived) => {
      deepest = Math.max(deepest, stackDepth());
      const next = left.pop();
      if (next !== undefined) void feed(next);
      return push(...arrived);
    };
    await feed('first');
    for (let i = 0; i < 500 && nodes.arrived.length < 601; i++) await w.calm();
    expect(nodes.arrived).toHaveLength(601);
    expect(deepest).toBeLessThan(1000);
  });

  test('an event id that was accepted before starts no second run', async () => {
    const w = world();
    await w.deploy(LINE);
    const first = await feed(1, {}, { eventId: 'e1' });
    await w.calm();
    const again = await feed(1, {}, { eventId: 'e1' });
    expect(again).toEqual({ runId: first.runId, duplicate: true });
    await w.calm();
    expect(nodes.arrived).toHaveLength(1);
  });
});

describe('failures', () => {
  test('a failure that may pass is tried again with growing waits, then it is a dead letter with its attempts', async () => {
    const w = world();
    nodes.onCall = () => { throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' }); };
    await w.deploy(LINE);
    await feed(1);
    await w.calm();
    expect(nodes.calls).toHaveLength(1);
    await w.pass(1500);
    expect(nodes.calls).toHaveLength(2);
    await w.pass(10 * 60_000);
    expect(nodes.calls).toHaveLength(5);
    const letters = await w.services.journal.deadLetters({ limit: 10 });
    expect(letters).toMatchObject([{ code: 'test.flaky', attempts: 5, node: 'call' }]);
    expect(await w.pending()).toBe(0);
    expect(await w.endedRuns()).toMatchObject([{ dead: 1 }]);
  });

  test.each(['durable', 'memory'] as const)('when the wall clock is set back, a retry in %s mode waits no longer for it', async (delivery) => {
    const w = world();
    nodes.onCall = () => { if (nodes.calls.length === 1) throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' }); };
    await w.deploy({ ...LINE, delivery });
    await feed(1);
    await w.calm();
    w.clock.jump(-24 * 60 * 60_000);
    await w.pass(500);
    expect(nodes.calls).toHaveLength(1);
    await w.pass(1000);
    expect(nodes.calls).toHaveLength(2);
    expect(nodes.arrived).toHaveLength(1);
    await w.pass(25 * 60 * 60_000);
    expect(nodes.calls).toHaveLength(2);
  });

  test('when the wall clock is set back and the process starts again, a retry waits as long as planned, once, and a delay until its instant', async () => {
    nodes.onCall = () => { if (nodes.calls.length === 1) throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: { afterMs: 60_000 } }); };
    const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', wait: { type: 'delay', config: { for: '2m' } }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'in.out -> wait.in', 'wait.out -> sink.in'] });
    const w = world({ nodes: [...nodes.definitions, delay] });
    await w.deploy(flow);
    await feed(1);
    await w.calm();
    w.kill();
    let back = w.clock.now() - DAY;
    for (const lives of [1, 2]) {
      const next = world({ nodes: [...nodes.definitions, delay], clock: new VirtualTime(back) });
      await next.deploy(flow);
      await next.calm();
      await next.pass(lives * 19_000);
      expect(nodes.calls).toHaveLength(1);
      back = next.clock.now();
      if (lives === 1) { next.kill(); continue; }
      await next.pass(5000);
      expect(nodes.calls).toHaveLength(2);
      await next.pass(DAY - 10_000);
      expect(nodes.arrived).toHaveLength(0);
      await next.pass(120_000);
      expect(nodes.arrived).toHaveLength(1);
    }
  });

  test('the error port takes what fails, with the failure in the message', async () => {
    const w = world();
    await w.deploy(flowOf({ nodes: { in: 'test-source', pass: { type: 'test-pass', config: { fail: true } }, sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.error -> sink.in'] }));
    await feed(1);
    await w.calm();
    expect(nodes.arrived).toMatchObject([{ body: { payload: 1, error: { code: 'test.failed', node: 'pass' } } }]);
    expect(await w.endedRuns()).toMatchObject([{ completed: 1, dead: 0 }]);
  });

  test('messages of one key stay in order through a retry, and other keys go on', async () => {
    const w = world();
    let failures = 2;
    nodes.onCall = (body) => {
      if (body.payload === 'a1' && failures-- > 0) throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' });
    };
    await w.deploy(LINE);
    for (const payload of ['a1', 'a2', 'b1', 'a3']) await feed(payload, {}, { key: payload[0] });
    await w.calm();
    expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(['b1']);
    await w.pass(60_000);
    expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(['b1', 'a1', 'a2', 'a3']);
  });

  test('a call that does not end within its time is a failure of its message', async () => {
    const w = world();
    nodes.onCall = () => new Promise(() => undefined);
    await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-external', timeout: '5s' } }, wires: ['in.out -> call.in'] }));
    await feed(1);
    await w.calm();
    await w.pass(5_000);
    expect(await w.services.journal.deadLetters({ limit: 1 })).toMatchObject([{ code: 'call.timeout' }]);
  });
});

describe('connections', () => {
  test('an unavailable connection pauses its nodes, costs no attempt, and all arrive in order of their keys when it is back', async () => {
    let up = false;
    const type = { info: { type: 'test', title: { en: 'T', ru: 'Т' }, icon: 'plug', summary: { en: 'T', ru: 'Т' }, help: { en: 'T', ru: 'Т' }, config: {} },
      open: async () => { if (!up) throw new NodeFailure('test.down', { en: 'down', ru: 'недоступно' }, { scope: 'connection' }); return {}; },
      test: async () => { if (!up) throw new Error('down'); return { en: 'ok', ru: 'ок' }; }, close: async () => undefined };
    const w = world({ connections: [type as never], project: { db: { type: 'test', config: {} } } });
    nodes.onCall = async (_body, context) => { await context.connection('db'); };
    await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', config: { db: 'db' } }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }));
    for (let i = 0; i < 50; i++) await feed(i, {}, { key: `k${i % 5}` });
    await w.pass(10 * 60_000);
    expect(nodes.arrived).toEqual([]);
    expect(nodes.calls.length).toBeLessThan(20);
    expect(await w.services.journal.deadLetters({ limit: 1 })).toEqual([]);
    up = true;
    await w.pass(60_000);
    expect(nodes.arrived).toHaveLength(50);
    for (let k = 0; k < 5; k++) {
      const ofKey = nodes.arrived.map(({ body }) => body.payload as number).filter((i) => i % 5 === k);
      expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
    }
  });
});

describe('waiting', () => {
  test('a window closes when it is full, and by itself after its time', async () => {
    const w = world();
    await w.deploy(flowOf({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 3 } }, sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> sink.in'] }));
    for (const payload of [1, 2, 3, 4]) await feed(payload);
    await w.calm();
    expect(nodes.arrived.map(({ body }) => body)).toEqual([{ payload: [1, 2, 3], reason: 'complete' }]);
    await w.pass(60_000);
    expect(nodes.arrived.map(({ body }) => body)).toEqual([{ payload: [1, 2, 3], reason: 'complete' }, { payload: [4], reason: 'timeout' }]);
    expect(await w.pending()).toBe(0);
    expect((await w.endedRuns()).map(({ completed }) => completed).sort()).toEqual([1, 1, 1, 1]);
  });
});

describe('limits', () => {
  test('a full wire holds back the source, and nothing accepted is lost when there is room again', async () => {
    const w = world();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => { open = resolve; });
    nodes.onCall = () => gate;
    const flow = flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: [{ from: 'in.out', to: 'call.in', limit: { messages: 5 } }, 'call.out -> sink.in'] });
    await w.deploy(flow);
    let accepted = 0;
    let refused = 0;
    for (let i = 0; i < 20; i++) {
      await feed(i).then(() => accepted++, (error: NodeFailure) => { expect(error.code).toBe('queue.full'); refused++; });
      await w.calm();
    }
    expect(refused).toBeGreaterThan(0);
    open();
    await w.calm();
    await w.calm();
    expect(nodes.arrived).toHaveLength(accepted);
  });

  test('more messages than the window holds wait on disk and arrive in order', async () => {
    const w = world();
    const many = limits.windowMessages + 500;
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => { open = resolve; });
    nodes.onCall = () => gate;
    await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }));
    await Promise.all(Array.from({ length: many }, (_, i) => feed(i)));
    await w.calm();
    open();
    for (let i = 0; i < 400 && nodes.arrived.length < many; i++) await w.calm();
    expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(Array.from({ length: many }, (_, i) => i));
  });
});
