import { afterEach, beforeEach, expect, test } from 'vitest';
import { shortHash } from '../../../runtime/hash.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World } from '../../kit/world.ts';

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let w: World;
beforeEach(() => {
  nodes = new TestNodes();
  journal = journalFile();
  w = new World({ file: journal.file, nodes: nodes.definitions });
});
afterEach(() => {
  expect(w.bugs).toEqual([]);
  w.kill();
  journal.remove();
});

const after = (id: string, ...steps: readonly string[]): string => steps.reduce((from, step) => shortHash(`${from}|${step}`), id);

test('the id of a result follows from each step of its way: along single wires, at a fork, and as one of several', async () => {
  await w.deploy(flowOf({
    nodes: { in: 'test-source', a: 'test-pass', b: 'test-pass', fan: { type: 'test-fan', config: { times: 2 } }, c: 'test-pass', left: 'test-sink', right: 'test-sink' },
    wires: ['in.out -> a.in', 'a.out -> b.in', 'b.out -> fan.in', 'fan.out -> c.in', 'c.out -> left.in', 'c.out -> right.in'],
  }));
  const run = await nodes.deliver.get('in')?.({ payload: 1 });
  await w.calm();
  const way = ['in.out>a', 'a.out>b', 'b.out>fan'];
  const expected = [['fan.out>c'], ['fan.out.1>c']].flatMap((step) => ['left', 'right'].map((to) => after(run?.runId ?? '', ...way, ...step, `c.out>${to}`)));
  expect(nodes.arrived.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
});
