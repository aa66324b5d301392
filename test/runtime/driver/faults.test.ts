import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** What the flow does when the disk, the file or the process below it fails. */

const SQLITE_CORRUPT = 11;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (more: Partial<WorldOptions> = {}): World => {
  const made = new World({ file: journal.file, nodes: nodes.definitions, clock: new VirtualTime(), ...more });
  worlds.push(made);
  return made;
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });
const payloads = (): unknown[] => nodes.arrived.map(({ body }) => body.payload);
const flow = flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  for (const each of worlds.splice(0)) each.kill();
  journal.remove();
});

describe('a journal that is found damaged', () => {
  test('refuses new messages, acts outside no more, and what was accepted is done once it is mended', async () => {
    const first = world();
    await first.deploy(flow);
    await first.calm();
    const answer = Promise.withResolvers<void>();
    nodes.onCall = ({ payload }) => (payload === 'under way' ? answer.promise : undefined);
    await feed('under way');
    await first.calm();
    first.trouble = { message: 'database disk image is malformed', errcode: SQLITE_CORRUPT };
    await expect(feed('refused')).rejects.toMatchObject({ code: 'journal.damaged', retry: { afterMs: 60_000 } });
    answer.resolve();
    await first.calm();
    await first.pass(60 * 60_000);
    expect(nodes.calls).toEqual(['call:under way']);
    expect(first.services.journal.health.state).toBe('damaged');
    first.kill();

    const second = world({ seed: 2 });
    await second.deploy(flow);
    await second.calm();
    await feed('after');
    await second.calm();
    expect(payloads()).toEqual(['under way', 'under way', 'after']); // the sink is pure: what it said before the damage was never written
    expect(nodes.effects.size).toBe(2);
    expect(await second.pending()).toBe(0);
  });
});
