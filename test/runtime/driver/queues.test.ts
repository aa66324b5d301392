import { afterEach, beforeEach, expect, test } from 'vitest';
import { answer, type JournalPort } from '../../../runtime/journal/port.ts';
import type { JournalDatabase } from '../../../runtime/journal/database.ts';
import { limits } from '../../../runtime/limits.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** What waits at a node is worked on, whatever comes between. */

const { windowMessages } = limits;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (more: Partial<WorldOptions> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, clock: new VirtualTime(), ...more });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  Object.assign(limits, { windowMessages });
  for (const each of worlds.splice(0)) each.kill();
  journal.remove();
});

/** A disk that takes its time: each write waits until the test lets it. */
class SlowDisk {
  readonly #waiting: (() => void)[] = [];
  slow = false;
  readonly port = (database: JournalDatabase): JournalPort => ({
    opened: { token: database.token, lastSeq: database.lastSeq },
    ask: async (request) => {
      if (this.slow && request.kind === 'apply') await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
      return (answer(database, request) as { value: unknown }).value;
    },
  });
  next(): void { this.#waiting.shift()?.(); }
  well(): void {
    this.slow = false;
    for (const go of this.#waiting.splice(0)) go();
  }
}

test('what is written late, when the queue in memory is full of what came behind it, has its turn', async () => {
  Object.assign(limits, { windowMessages: 2 });
  const gate = Promise.withResolvers<void>();
  nodes.onCall = async () => { await gate.promise; };
  const disk = new SlowDisk();
  const w = world({ port: disk.port });
  const runner = await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 } }, wires: ['in.out -> call.in'] }));
  await feed('at work');
  await w.calm();
  disk.slow = true;
  const accepted = [feed('by wire 1'), feed('by wire 2')];
  await w.calm();
  const late = runner.injectAt('call', { payload: 'put in' });
  disk.next();
  await Promise.all(accepted);
  await w.calm();
  disk.well();
  await late;
  gate.resolve();
  await w.calm();
  expect(nodes.calls.toSorted()).toEqual(['call:at work', 'call:by wire 1', 'call:by wire 2', 'call:put in']);
  expect(await w.pending()).toBe(0);
});

test('a faster rate counts from the deploy that sets it', async () => {
  const w = world();
  const flow = (rate: string) => flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', rate } }, wires: ['in.out -> call.in'] });
  await w.deploy(flow('1/1h'));
  for (const payload of [1, 2, 3]) await feed(payload);
  await w.calm();
  expect(nodes.calls).toEqual(['call:1']);
  await w.deploy(flow('1/1s'), 2);
  await w.calm();
  await w.pass(10_000);
  expect(nodes.calls).toEqual(['call:1', 'call:2', 'call:3']);
});
