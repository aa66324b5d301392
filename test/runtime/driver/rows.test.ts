import { afterAll, expect, test } from 'vitest';
import change from '../../../nodes/logic/change.ts';
import functionNode from '../../../nodes/code/function.ts';
import switchNode from '../../../nodes/logic/switch.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { Body, SandboxDoor } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { leftBehind } from '../../kit/left-behind.ts';
import { RandomRows, type RowNode } from '../../kit/random-rows.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { SeededRandom } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** Function, switch and change nodes in a row leave behind as one what they leave behind one by one. */

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

const ALL = 190; // of which a hundred are kept whole, and as many failures as there may be

interface Run { readonly row: readonly RowNode[]; readonly bodies: readonly Body[]; readonly delivery: 'durable' | 'memory'; /** Failures go by the error ports. */ readonly catching: boolean; /** What comes out of the row fails. */ readonly failing: boolean; readonly more?: readonly string[] }

/** `rows`: how many nodes each row that was made has. */
async function run({ row, bodies, delivery, catching, failing, more = [] }: Run, fusing: boolean) {
  const journal = journalFile();
  const nodes = new TestNodes();
  const rows: number[] = [];
  const door: SandboxDoor = { open: (program) => sandbox.open(program), fuse: (parts) => {
    const fused = fusing ? sandbox.fuse(parts) : undefined;
    if (fused) rows.push(parts.length);
    return fused;
  } };
  const w = new World({ file: journal.file, nodes: [...nodes.definitions, functionNode, switchNode, change], sandbox: door });
  const ids = row.map((_, i) => `n${i}`);
  const wires = row.map(({ port }, i) => `n${i}.${port} -> ${ids[i + 1] ?? 'end'}.in`);
  const runner = await w.deploy({ ...flowOf({
    nodes: { in: 'test-source', end: failing ? { type: 'test-pass', config: { fail: true } } : 'test-sink', caught: 'test-sink', ...Object.fromEntries(row.map(({ type, config }, i) => [`n${i}`, { type, config }])) },
    wires: ['in.out -> n0.in', ...wires, ...more, ...(catching ? ids.map((id) => `${id}.error -> caught.in`) : [])],
  }), delivery });
  const feed = nodes.deliver.get('in') as NonNullable<ReturnType<typeof nodes.deliver.get>>;
  await Promise.all(bodies.map((body) => feed(body)));
  for (let i = 0; i < 10_000 && (await w.endedRuns()).length < bodies.length; i++) await w.calm();
  const left = await leftBehind(w, nodes, runner);
  w.kill();
  journal.remove();
  return { left, rows };
}

/** Without the order of keys, and of messages: one whose expression has to be worked out is overtaken. */
const unordered = ({ letters, steps, arrived, ...left }: Awaited<ReturnType<typeof run>>['left']) => ({ ...left, kept: opened([letters, steps]), arrived: arrived.toSorted((a, b) => (a.id < b.id ? -1 : 1)) });

/** With the values that stand there as text. */
function opened(value: unknown): unknown {
  if (typeof value === 'string') return /^!?\{/.test(value) ? JSON.parse(value.replace(/^!/, '')) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map(opened) : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, opened(each)]));
}

test.each(Array.from({ length: 16 }, (_, seed) => [seed + 1]))('random rows leave behind the same (seed %i)', async (seed) => {
  const random = new RandomRows(new SeededRandom(seed));
  const given: Run = { row: random.row(), bodies: Array.from({ length: ALL }, () => random.body()), delivery: seed % 2 === 0 ? 'durable' : 'memory', catching: seed % 4 > 1, failing: seed % 8 > 3 };
  const one = await run(given, false);
  const { left } = await run(given, true);
  expect({ given: given.row, ...unordered(left) }).toEqual({ given: given.row, ...unordered(one.left) });
});

const PASS: RowNode = { type: 'function', config: { code: 'msg.mark = 1;\nreturn msg;' }, port: 'out-1' };
const SET: RowNode = { type: 'change', config: { rules: [{ action: 'set', path: 'topic', value: 'b' }] }, port: 'out' };
const ASK: RowNode = { type: 'switch', config: { property: 'topic', rules: [{ op: 'eq', value: 'a' }, { op: 'else' }] }, port: 'out-2' };
const WORKS: RowNode = { type: 'change', config: { rules: [{ action: 'set', path: 'topic', value: { $expr: '$string(payload)' } }] }, port: 'out' };
const WAITS: RowNode = { type: 'function', config: { code: 'await 1;\nreturn msg;' }, port: 'out-1' };

test.each<[string, RowNode[], number[]]>([
  ['from function to function', [PASS, SET, ASK, PASS], [4]], ['nothing before the first function, which must have written the message, or behind the last, where it saves no crossing', [SET, PASS, ASK, PASS, SET, ASK], [3]],
  ['no function alone', [PASS, SET, ASK], []], ['up to what cannot be told', [PASS, PASS, WORKS, PASS, SET, PASS], [2, 3]], ['up to a function that cannot be one with others', [PASS, SET, WAITS, SET, PASS, SET, PASS], [3]],
])('a row goes %s', async (_name, row, lengths) => {
  const given: Run = { row, bodies: [{ payload: 1 }], delivery: 'memory', catching: false, failing: false };
  const { left, rows } = await run(given, true);
  expect(rows).toEqual(lengths);
  expect(left).toEqual((await run(given, false)).left);
});

test('a switch of which two ports lead on parts the row', async () => {
  const given: Run = { row: [PASS, { ...ASK, port: 'out-1' }, PASS], bodies: [{ topic: 'a' }, { topic: 'c' }], delivery: 'memory', catching: false, failing: false, more: ['n1.out-2 -> caught.in'] };
  const { left, rows } = await run(given, true);
  expect(rows).toEqual([]);
  expect(left.arrived.map(({ node, body }) => `${node} ${String(body.topic)}`).sort()).toEqual(['caught c', 'end a']);
});

test('messages that are not certain keep their place among those that are', async () => {
  const dated: RowNode = { type: 'change', config: { rules: [{ action: 'set', path: 'topic', value: { $expr: 'payload.when' } }] }, port: 'out' };
  const bodies = Array.from({ length: 250 }, (_, n) => ({ n, payload: { when: n % 7 === 0 ? { at: new Date(n) } : n } }));
  const { left, rows } = await run({ row: [PASS, dated, PASS], bodies, delivery: 'memory', catching: false, failing: false }, true);
  expect(rows).toEqual([3]);
  expect(left.arrived.map(({ body }) => body['n'])).toEqual(bodies.map(({ n }) => n));
});
