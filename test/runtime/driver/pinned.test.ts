import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import delay from '../../../nodes/time/delay.ts';
import { CountersOf } from '../../../runtime/driver/counters.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { limits } from '../../../runtime/limits.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

/** Runs of a pinned flow end on the revision on which they began. */

const HOUR = 60 * 60_000;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, delay], clock: new VirtualTime() });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const letters = async (w: World) => await w.services.journal.deadLetters({ limit: 500 });
const pinned = (flow: Flow): Flow => ({ ...flow, runs: 'pinned' });
const OLD = pinned(flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '1h' } }, call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> sink.in'] }));
/** Without the two nodes where messages wait. */
const NEW = pinned(flowOf({ nodes: { in: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in'] }));
const read = async (number: number): Promise<Flow | undefined> => await Promise.resolve(number === 1 ? OLD : undefined);

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

describe('a deploy of a pinned flow', () => {
  test('leaves runs under way their nodes and wires, takes new ones by the newest, and frees the old revision after its last run', async () => {
    const w = world();
    await w.deploy(OLD);
    await feed('old');
    await w.calm();
    expect(await w.runner('flow').parking.preview(NEW)).toMatchObject({ parks: [], moves: [{ node: 'wait', messages: 1 }] });
    expect(await w.runner('flow').deploy(NEW, 2)).toMatchObject({ parks: [], moves: [{ node: 'wait', messages: 1 }] });
    await feed('new');
    await w.calm();
    expect(payloads()).toEqual(['new']);
    expect(w.runner('flow').pinned.any).toBe(true);
    expect(new CountersOf(w.runner('flow'), w.services).read().nodes).toMatchObject({ wait: { held: 1 } });
    await w.pass(HOUR);
    await w.calm();
    expect(payloads()).toEqual(['new', 'old']);
    await w.pass(2 * limits.pinnedLookMs);
    await w.calm();
    expect(w.runner('flow').pinned.any).toBe(false);
    expect(await letters(w)).toEqual([]);
  });

  test('holds over a restart: the old revision is read again', async () => {
    const first = world();
    await first.deploy(OLD);
    await feed('old');
    await first.calm();
    await first.runner('flow').deploy(NEW, 2);
    first.kill();
    const w = world();
    expect(await w.runner('flow').deploy(NEW, 2, read)).toMatchObject({ parks: [] });
    await w.calm();
    await w.pass(HOUR);
    await w.calm();
    expect(payloads()).toEqual(['old']);
    expect(await letters(w)).toEqual([]);
  });

  test('parks after a restart what has no place, where the old revision cannot be read any more', async () => {
    const first = world();
    await first.deploy(OLD);
    await feed('old');
    await first.calm();
    await first.runner('flow').deploy(NEW, 2);
    first.kill();
    const w = world();
    expect(await w.runner('flow').deploy(NEW, 2)).toMatchObject({ parks: [{ node: 'wait', messages: 1 }] });
    expect(await letters(w)).toMatchObject([{ kind: 'parked' }]);
  });

  test('that is not pinned any more moves all to the newest: what has no place there is parked', async () => {
    const w = world();
    await w.deploy(OLD);
    await feed('old');
    await w.calm();
    await w.runner('flow').deploy(NEW, 2);
    const { runs: _, ...newest } = NEW;
    expect(await w.runner('flow').deploy(newest, 3)).toMatchObject({ parks: [{ node: 'wait', messages: 1 }] });
    expect(w.runner('flow').pinned.any).toBe(false);
    expect(await letters(w)).toMatchObject([{ kind: 'parked' }]);
  });

  test('calls what is queued with the settings and wires of its own revision', async () => {
    const w = world();
    const { promise, resolve } = Promise.withResolvers<void>();
    nodes.onCall = async (body) => { if (body.payload === 1) await promise; };
    const flow = pinned(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, next: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> next.in', 'next.out -> sink.in'] }));
    await w.deploy(flow);
    for (const payload of [1, 2, 3]) await feed(payload);
    await w.calm();
    await w.runner('flow').deploy(pinned(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, other: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> other.in'] })), 2);
    await feed(4);
    resolve();
    await w.calm();
    expect(nodes.arrived.map(({ node, body }) => [node, body.payload])).toEqual([['sink', 1], ['sink', 2], ['sink', 3], ['other', 4]]);
    expect(await letters(w)).toEqual([]);
  });
});
