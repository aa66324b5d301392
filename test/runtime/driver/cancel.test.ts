import { afterEach, beforeEach, expect, test } from 'vitest';
import join from '../../../nodes/logic/join.ts';
import delay from '../../../nodes/time/delay.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let w: World;
const feed = async (payload: unknown, key?: string): Promise<string> => (await nodes.deliver.get('in')?.({ payload }, key === undefined ? {} : { key }))?.runId ?? '';
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
async function cancel(run: string): Promise<number> {
  const { rows, ended } = await w.services.journal.cancelRun(run, w.clock.now());
  const inMemory = w.runner('flow').cancel(run, rows);
  for (const each of ended) w.runner('flow').runEnded(each);
  return rows.length + inMemory;
}
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

test('what a window has gathered of it leaves with that of other runs, and the run ends', async () => {
  await w.deploy(flowOf({
    nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, join: { type: 'join', config: { until: 'time', time: '1m' } }, call: 'test-call', sink: 'test-sink' },
    wires: ['in.out -> wait.in', 'in.out -> join.in', 'join.out -> call.in', 'call.out -> sink.in', 'wait.out -> sink.in'],
  }));
  const runs = [await feed(1), await feed(2)];
  await w.calm();
  expect(await cancel(runs[1] as string)).toBe(1);
  await w.pass(2 * 3_600_000);
  expect(payloads()).toEqual([[1, 2], 1]);
  expect(await w.endedRuns()).toMatchObject([{ id: runs[1], completed: 1, discarded: 1 }, { id: runs[0], completed: 2 }]);
  expect(await w.pending()).toBe(0);
});
