import { afterEach, beforeEach, expect, test } from 'vitest';
import { shortHash } from '../../../runtime/hash.ts';
import { defineNode, field, type NodeContext } from '../../../runtime/sdk/index.ts';
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

test('each node of a way sees its own place and settings, and one that waits keeps its own', async () => {
  const BOTH = (text: string) => ({ en: text, ru: text });
  const seen: unknown[] = [];
  const kept: NodeContext[] = [];
  const see = (context: NodeContext<{ readonly tag: string }>): void => { seen.push([context.node.id, context.config.tag, context.envelope.id]); };
  const common = { version: 1, title: BOTH('See'), category: 'logic', icon: 'box', summary: BOTH('Sees.'), help: BOTH('Sees.'), examples: [], replay: 'pure', config: { tag: field.text(BOTH('Tag'), { default: 'none' }) }, outputs: { fixed: { out: { title: BOTH('Out') } } } } as const;
  const quick = defineNode({ ...common, type: 'see', run: (message, context) => { see(context); return message; } });
  const slow = defineNode({ ...common, type: 'see-later', run: async (message, context) => {
    kept.push(context as unknown as NodeContext);
    await Promise.resolve();
    see(context);
    return message;
  } });
  w.kill();
  w = new World({ file: journal.file, nodes: [...nodes.definitions, quick, slow] });
  await w.deploy(flowOf({
    nodes: { in: 'test-source', a: { type: 'see', config: { tag: 'A' } }, b: 'see', late: { type: 'see-later', config: { tag: 'L' } }, c: { type: 'see', config: { tag: { $expr: 'payload' } } }, d: { type: 'see', config: { tag: 'D' } }, out: 'test-sink' },
    wires: ['in.out -> a.in', 'a.out -> b.in', 'b.out -> late.in', 'late.out -> c.in', 'c.out -> d.in', 'd.out -> out.in'],
  }));
  const run = await nodes.deliver.get('in')?.({ payload: 'C' });
  await w.calm();
  const id = (...steps: readonly string[]): string => after(run?.runId ?? '', 'in.out>a', ...steps);
  expect(seen).toEqual([
    ['a', 'A', id()], ['b', 'none', id('a.out>b')], ['late', 'L', id('a.out>b', 'b.out>late')],
    ['c', 'C', id('a.out>b', 'b.out>late', 'late.out>c')], ['d', 'D', id('a.out>b', 'b.out>late', 'late.out>c', 'c.out>d')],
  ]);
  expect(kept.map((context) => [context.node.id, context.config])).toEqual([['late', { tag: 'L' }]]);
});

test('the fields of an envelope are read one by one, and all at once as JSON', async () => {
  let context: NodeContext | undefined;
  nodes.onCall = (_body, given) => { context = given; };
  await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-tally-call', config: {} } }, wires: ['in.out -> call.in'] }));
  const run = await nodes.deliver.get('in')?.({ payload: 1 });
  await w.calm();
  const { id, runId, receivedAt, deadline } = context?.envelope ?? {};
  const all = { id, runId: run?.runId, parentIds: context?.envelope.parentIds, correlationId: runId, key: undefined, attempt: 1, receivedAt, deadline };
  expect([id, receivedAt, deadline].every((value) => value !== undefined)).toBe(true);
  expect(context?.envelope.toJSON()).toEqual(all);
  expect(JSON.parse(JSON.stringify(context?.envelope))).toEqual(JSON.parse(JSON.stringify(all)));
});
