import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import join from '../../../nodes/logic/join.ts';
import split from '../../../nodes/logic/split.ts';
import batch from '../../../nodes/time/batch.ts';
import delay from '../../../nodes/time/delay.ts';
import waitForCallback from '../../../nodes/time/wait-for-callback.ts';
import { cancelRun } from '../../../runtime/driver/cancel.ts';
import { answer, JournalError, openedBy } from '../../../runtime/journal/port.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { settled, VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let w: World;
const feed = async (payload: unknown, key?: string): Promise<string> => (await nodes.deliver.get('in')?.({ payload }, key === undefined ? {} : { key }))?.runId ?? '';
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const cancel = async (run: string): Promise<number> => await cancelRun(w.services, [w.runner('flow')], run);
const line = (delivery: 'durable' | 'memory' = 'durable') => flowOf({ delivery, nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> wait.in', 'in.out -> call.in', 'wait.out -> sink.in', 'call.out -> sink.in'] });

beforeEach(() => {
  nodes = new TestNodes();
  journal = journalFile();
  w = new World({ file: journal.file, nodes: [...nodes.definitions, delay, join], clock: new VirtualTime() });
});
afterEach(() => {
  expect(w.bugs).toEqual([]);
  w.kill();
  journal.remove();
});

test.each(['durable', 'memory'] as const)('what waits for its time is discarded, and other runs go on: %s', async (delivery) => {
  await w.deploy(line(delivery));
  const [first] = [await feed(1), await feed(2)];
  await w.calm();
  expect(await cancel(first as string)).toBe(1);
  await w.pass(2 * 3_600_000);
  expect(payloads()).toEqual([1, 2, 2]);
  expect(await w.endedRuns()).toMatchObject([{ id: first, completed: 1, discarded: 1 }, { completed: 2, discarded: 0 }]);
  expect(await w.pending()).toBe(0);
});

test('a call under way is told to stop, and what it answers is not heard', async () => {
  let end: () => void = () => undefined;
  let aborted = false;
  nodes.onCall = async (_body, { signal }) => {
    signal.addEventListener('abort', () => { aborted = true; });
    await new Promise<void>((resolve) => { end = resolve; });
  };
  await w.deploy(flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }));
  const run = await feed(1, 'k');
  await w.calm();
  expect(await cancel(run)).toBe(1);
  expect(aborted).toBe(true);
  nodes.onCall = () => undefined;
  end();
  await w.calm();
  await feed(2, 'k');
  await w.calm();
  expect(payloads()).toEqual([2]);
  expect((await w.endedRuns()).find(({ id }) => id === run)).toMatchObject({ completed: 0, discarded: 1 });
});

// Cause: the refused cancel was taken back, and what had been fenced off meanwhile lay on the disk and in no queue until the next start.
test('a disk that refuses the cancel is waited for: a call that ends meanwhile leaves nothing behind', async () => {
  let end: () => void = () => undefined;
  nodes.onCall = async () => { await new Promise<void>((resolve) => { end = resolve; }); };
  await w.deploy(flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }));
  const run = await feed(1);
  await w.calm();
  w.trouble = { message: 'disk I/O error', errcode: 10 };
  const cancelled = cancel(run).catch(() => 'failed');
  await w.calm();
  end();
  await w.calm();
  w.trouble = undefined;
  await w.pass(60_000);
  expect(await cancelled).toBe(1);
  expect([payloads(), await w.pending()]).toEqual([[], 0]);
});

test('a retry and what waits behind its key in other runs: the retry is gone, the key goes on', async () => {
  nodes.onCall = ({ payload }) => { if (payload === 'bad') throw new NodeFailure('test.flaky', BOTH('flaky'), { retry: { afterMs: 60_000 } }); };
  await w.deploy(flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }));
  const run = await feed('bad', 'k');
  await feed('good', 'k');
  await w.calm();
  expect(payloads()).toEqual([]);
  expect(await cancel(run)).toBe(1);
  await w.pass(10 * 60_000);
  expect(payloads()).toEqual(['good']);
  expect(await w.pending()).toBe(0);
});

test('what a window has gathered of it is discarded too, that of other runs leaves, and the run ends', async () => {
  await w.deploy(flowOf({
    nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, join: { type: 'join', config: { until: 'time', time: '1m' } }, call: 'test-call', sink: 'test-sink' },
    wires: ['in.out -> wait.in', 'in.out -> join.in', 'join.out -> call.in', 'call.out -> sink.in', 'wait.out -> sink.in'],
  }));
  const runs = [await feed(1), await feed(2)];
  await w.calm();
  expect(await cancel(runs[1] as string)).toBe(2);
  await w.pass(2 * 3_600_000);
  expect(payloads()).toEqual([[1], 1]);
  expect(await w.endedRuns()).toMatchObject([{ id: runs[1], completed: 0, discarded: 2 }, { id: runs[0], completed: 2 }]);
  expect(await w.pending()).toBe(0);
});

test('a cancelled wait of days holds no later message of its key', async () => {
  await w.deploy(flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: { $expr: 'payload' } } }, sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> sink.in'] }));
  await feed(60_000, 'k');
  const run = await feed(7 * 24 * 3_600_000, 'k');
  await w.calm();
  expect(await cancel(run)).toBe(1);
  await feed(1000, 'k');
  await w.pass(59_000);
  expect(payloads()).toEqual([]); // the first of the key waits still
  await w.pass(61_000);
  expect(payloads()).toEqual([60_000, 1000]);
});

test('a feeder goes on when the full queue behind it was emptied by a cancel', async () => {
  const stays = Promise.withResolvers<void>();
  nodes.onCall = async ({ payload }, { node, signal }) => {
    if (node.id === 'slow' && payload === 'a') await Promise.race([stays.promise, new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve(); }); })]);
  };
  await w.deploy(flowOf({
    nodes: { in: 'test-source', first: { type: 'test-call', concurrency: 1 }, fan: { type: 'test-fan', config: { times: 30 } }, slow: { type: 'test-call', concurrency: 1 } },
    wires: ['in.out -> first.in', 'first.out -> fan.in', { from: 'fan.out', to: 'slow.in', limit: { messages: 4 } }],
  }));
  const run = await feed('a');
  await feed('b');
  await w.calm();
  expect(w.runner('flow').station('first').queued).toBe(1);
  await cancel(run);
  await w.calm();
  expect([w.runner('flow').station('first').queued, nodes.calls.filter((call) => call === 'slow:b').length]).toEqual([0, 30]);
});

test('a run that waits for a callback can be cancelled, also after a restart: its address is over and nothing leaves', async () => {
  const flow = flowOf({ nodes: { in: 'test-source', wait: 'wait-for-callback', sink: 'test-sink', late: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.waiting -> sink.in', 'wait.timeout -> late.in'] });
  const open = (clock = new VirtualTime()): World => new World({ file: journal.file, nodes: [...nodes.definitions, waitForCallback], clock });
  w.kill();
  w = open();
  await w.deploy(flow);
  const runs = [await feed(1), await feed(2)];
  await w.calm();
  expect(await cancel(runs[0] ?? '')).toBe(1);
  w.kill();
  w = open(new VirtualTime(w.clock.now()));
  await w.deploy(flow);
  expect(await cancel(runs[1] ?? '')).toBe(1);
  await w.pass(48 * 3_600_000);
  expect(nodes.arrived.map(({ node }) => node)).toEqual(['sink', 'sink']);
  expect(await w.endedRuns()).toMatchObject(runs.map((id) => ({ id, completed: 1, discarded: 1 })));
  expect(await w.services.journal.pendingRunCount()).toEqual({ runs: 0, more: false });
  expect(await w.services.journal.windows('flow')).toEqual([]);
});

test.each(['durable', 'memory'] as const)('what a cancelled run has in a window leaves it, and the others stay: %s', async (delivery) => {
  w.kill();
  w = new World({ file: journal.file, nodes: [...nodes.definitions, batch], clock: new VirtualTime() });
  await w.deploy(flowOf({ delivery, nodes: { in: 'test-source', batch: { type: 'batch', config: { count: 9, time: '1h' } }, sink: 'test-sink' }, wires: ['in.out -> batch.in', 'batch.out -> sink.in'] }));
  await feed('a');
  const run = await feed('b');
  await w.calm();
  expect(await cancel(run)).toBe(1);
  expect(await cancel(run)).toBe(0);
  await w.pass(2 * 3_600_000);
  expect(payloads()).toEqual([['a']]);
  const alone = await feed('c');
  await w.calm();
  expect(await cancel(alone)).toBe(1);
  await w.pass(2 * 3_600_000);
  expect(payloads()).toEqual([['a']]);
});

describe('while the journal is asked to cancel it', () => {
  const flow = flowOf({ nodes: { in: 'test-source', a: 'test-call', b: 'test-call', sink: 'test-sink' }, wires: ['in.out -> a.in', 'a.out -> b.in', 'b.out -> sink.in'] });
  /** As the real thread does, it answers in order, some turns later; `cancelRun` is done before its answer is heard. */
  const slowWorld = (answered: Promise<void>): World => {
    w.kill();
    journal.remove();
    journal = journalFile();
    let last: Promise<unknown> = Promise.resolve();
    return new World({
      file: journal.file, nodes: [...nodes.definitions, delay, split], clock: new VirtualTime(),
      port: (database) => ({
        opened: openedBy(database),
        ask: (request) => {
          const mine = last.then(async () => {
            await settled();
            const reply = answer(database, request);
            if (request.kind === 'query' && request.name === 'cancelRun') await answered;
            if ('error' in reply) throw new JournalError(reply.error);
            return reply.value;
          });
          last = mine.catch(() => undefined);
          return mine;
        },
      }),
    });
  };

  test.each([0, 1, 2, 3, 4, 5])('a call of it that ends does not bring it back, and none begins: %i turns between', async (turns) => {
    const answered = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    w = slowWorld(answered.promise);
    nodes.onCall = async () => { await end.promise; };
    await w.deploy(flow);
    const run = await feed(1);
    for (let i = 0; i < 20; i++) await settled();
    const cancelled = cancel(run);
    for (let i = 0; i < turns; i++) await settled();
    end.resolve();
    for (let i = 0; i < 5; i++) await settled();
    answered.resolve();
    expect(await cancelled).toBe(1);
    await w.pass(60_000);
    expect([nodes.calls, await w.pending()]).toEqual([['a:1'], 0]);
    expect(await w.endedRuns()).toMatchObject([{ id: run, discarded: 1, completed: 0 }]);
  });

  test.each([3, 5, 7, 9, 11, 13])('what is being made into very many ends with it: %i turns after it came', async (turns) => {
    w = slowWorld(Promise.resolve());
    await w.deploy(flowOf({ nodes: { in: 'test-source', split: 'split', call: 'test-call' }, wires: ['in.out -> split.in', 'split.out -> call.in'] }));
    const run = (await nodes.deliver.get('in')?.({ payload: Array.from({ length: 3500 }, (_, i) => i) }, { key: 'k' }))?.runId ?? '';
    for (let i = 0; i < turns; i++) await settled();
    await cancel(run);
    await w.pass(1000);
    expect(await w.pending()).toBe(0);
    expect((await w.endedRuns()).filter(({ id }) => id === run)).toHaveLength(1);
  });
});

test('while a run is cancelled, windows of other flows go on', async () => {
  const gathering = (id: string) => ({ ...flowOf({ nodes: { [id]: 'test-source', gather: 'test-gather', sink: 'test-sink' }, wires: [`${id}.out -> gather.in`, 'gather.out -> sink.in'] }), id });
  for (const id of ['one', 'two']) await w.deploy(gathering(id));
  const into = async (id: string, payload: number): Promise<string> => (await nodes.deliver.get(id)?.({ payload }))?.runId ?? '';
  const run = await into('one', 1);
  await into('two', 2);
  await w.calm();
  await w.moveHistory();
  const goOn = Promise.withResolvers<void>();
  const { cancelRun: remove } = w.services.journal;
  w.services.journal.cancelRun = async (...asked) => {
    await goOn.promise;
    return await remove.call(w.services.journal, ...asked);
  };
  const cancelled = cancelRun(w.services, [w.runner('one'), w.runner('two')], run);
  await w.calm();
  await into('two', 3);
  await w.calm();
  expect(payloads()).toEqual([[2, 3]]);
  goOn.resolve();
  expect(await cancelled).toBe(1);
});
