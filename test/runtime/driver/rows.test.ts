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

interface Run { readonly row: readonly RowNode[]; readonly bodies: readonly Body[]; readonly delivery: 'durable' | 'memory'; /** Where failures go. */ readonly catching?: boolean }

/** `rows`: how many nodes each row that was made has. */
async function run({ row, bodies, delivery, catching = false }: Run, fusing: boolean) {
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
  const wires = row.map(({ port }, i) => `n${i}.${port} -> ${ids[i + 1] ?? 'sink'}.in`);
  const runner = await w.deploy({ ...flowOf({
    nodes: { in: 'test-source', sink: 'test-sink', caught: 'test-sink', ...Object.fromEntries(row.map(({ type, config }, i) => [`n${i}`, { type, config }])) },
    wires: ['in.out -> n0.in', ...wires, ...(catching ? ids.map((id) => `${id}.error -> caught.in`) : [])],
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
const unordered = ({ letters, arrived, ...left }: Awaited<ReturnType<typeof run>>['left']) => ({
  ...left, letters: letters.map((letter) => ({ ...letter, body: JSON.parse(letter.body.replace(/^!/, '')) as unknown })), arrived: arrived.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
});

test.each(Array.from({ length: 16 }, (_, seed) => [seed + 1]))('random rows leave behind the same (seed %i)', async (seed) => {
  const random = new RandomRows(new SeededRandom(seed));
  const given: Run = { row: random.row(), bodies: Array.from({ length: 150 }, () => random.body()), delivery: seed % 2 === 0 ? 'durable' : 'memory', catching: seed % 4 > 1 };
  const one = await run(given, false);
  const { left } = await run(given, true);
  expect({ given: given.row, ...unordered(left) }).toEqual({ given: given.row, ...unordered(one.left) });
});
