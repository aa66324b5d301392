import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineNode } from '../../../runtime/sdk/index.ts';
import { limits } from '../../../runtime/limits.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** Messages that end the process while they pass through a pure node. */

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let w: World;
const words = (en: string) => ({ en, ru: en });
const deadly = defineNode({
  type: 'test-deadly', version: 1, title: words('Deadly'), category: 'logic', icon: 'skull', summary: words('Ends the process.'), help: words('For tests.'), config: {}, outputs: { fixed: { out: { title: words('Out') } } }, examples: [], replay: 'pure',
  run(message) {
    if (message.payload === 'deadly') w.kill();
    return message;
  },
});
const flow = flowOf({ nodes: { in: 'test-source', deadly: 'test-deadly', sink: 'test-sink' }, wires: ['in.out -> deadly.in', 'deadly.out -> sink.in'] });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => { w.kill(); journal.remove(); });

async function live(watchful: boolean): Promise<void> {
  w = new World({ file: journal.file, nodes: [...nodes.definitions, deadly], clock: new VirtualTime(), watchful });
  await w.deploy(flow);
  await w.calm();
}
const feed = (payload: unknown): void => { void nodes.deliver.get('in')?.({ payload }); };
const letters = async () => (await w.services.journal.deadLetters({ limit: 9 })).map(({ node, code }) => `${node} ${code}`);

test('one that ends the process at a pure node is a dead letter after three ends that were watched, and the others go on', async () => {
  await live(true);
  feed('deadly');
  feed('fine');
  await w.calm();
  for (let ends = 1; ends < limits.crashesMax; ends++) {
    expect(w.dead).toBe(true);
    await live(true);
  }
  nodes.arrived.length = 0; // what an ended process did not live to see
  await live(true);
  expect([w.dead, await letters(), await w.pending()]).toEqual([false, ['in call.crashed'], 0]);
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(['fine']);
});

test('what was found to end the process is not passed again, also in a life that does not watch', async () => {
  await live(true);
  feed('deadly');
  await w.calm();
  for (let ends = 1; ends < limits.crashesMax; ends++) await live(true);
  await live(false);
  expect([w.dead, await letters()]).toEqual([false, ['in call.crashed']]);
});

test('watching changes nothing for messages that do no harm: each arrives once, in order', async () => {
  await live(true);
  for (let n = 0; n < 50; n++) feed(n);
  await w.calm();
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect([await w.pending(), (await w.endedRuns()).length, w.bugs]).toEqual([0, 50, []]);
});
