import { afterEach, beforeEach, expect, test } from 'vitest';
import delay from '../../../nodes/time/delay.ts';
import { defineNode, holdUntil, toPorts } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { TEST_START, VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** Messages that wait at nodes that hold them, one after another and in loops. */

const text = { en: 'Test', ru: 'Тест' };
const COMMON = { version: 1, title: text, category: 'logic', icon: 'box', summary: text, help: text, examples: [], replay: 'pure' } as const;
/** Waits as long as the message says for its round, and counts rounds. */
const hold = defineNode({ ...COMMON, type: 'hold', config: {}, outputs: { fixed: { out: { title: text } } }, run: (message, { resumed, clock }) => {
  const round = Number(message.round ?? 0);
  const ms = (message.waits as readonly number[])[round] ?? 0;
  return resumed || ms === 0 ? { ...message, round: round + 1 } : holdUntil(clock.now() + ms);
} });
const again = defineNode({ ...COMMON, type: 'again', config: {}, outputs: { fixed: { again: { title: text }, out: { title: text } } }, run: (message) => toPorts({ [Number(message.round) < 2 ? 'again' : 'out']: message }) });
/** Notes what comes and when. */
const see = defineNode({ ...COMMON, type: 'see', config: {}, outputs: { fixed: {} }, run: (message) => { seen.push(`${String(message.payload)} at ${world.clock.now() - TEST_START}`); } });

let journal = journalFile();
let nodes = new TestNodes();
let world: World;
let seen: string[];
beforeEach(() => {
  journal = journalFile();
  nodes = new TestNodes();
  seen = [];
  world = new World({ file: journal.file, nodes: [...nodes.definitions, delay, hold, again, see], clock: new VirtualTime() });
});
afterEach(() => {
  expect(world.bugs).toEqual([]);
  world.kill();
  journal.remove();
});

test.each(['durable', 'memory'] as const)('who has waited at one node waits at the next (%s)', async (delivery) => {
  await world.deploy(flowOf({ delivery, nodes: { in: 'test-source', a: { type: 'delay', config: { for: '5s' } }, b: { type: 'delay', config: { for: '10s' } }, sink: 'see' }, wires: ['in.out -> a.in', 'a.out -> b.in', 'b.out -> sink.in'] }));
  await nodes.deliver.get('in')?.({ payload: 'm' });
  await world.calm();
  await world.pass(60_000);
  expect(seen).toEqual(['m at 15000']);
});

test.each(['durable', 'memory'] as const)('who comes round to the node at which it has waited waits there behind an earlier message of its key (%s)', async (delivery) => {
  await world.deploy(flowOf({ delivery, nodes: { in: 'test-source', hold: 'hold', again: 'again', sink: 'see' }, wires: ['in.out -> hold.in', 'hold.out -> again.in', 'again.again -> hold.in', 'again.out -> sink.in'] }));
  const deliver = nodes.deliver.get('in');
  await deliver?.({ payload: 'first', waits: [1000, 60_000] }, { key: 'k' });
  await deliver?.({ payload: 'second', waits: [2000, 0] }, { key: 'k' });
  await world.calm();
  await world.pass(120_000);
  expect(seen).toEqual(['first at 61000', 'second at 61000']);
});
