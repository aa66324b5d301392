import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JournalDatabase } from '../../../runtime/journal/database.ts';
import { salvage, type SalvageReport } from '../../../runtime/journal/salvage.ts';
import type { Op } from '../../../runtime/journal/rows.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { SeededRandom } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

const MESSAGES = 3000;
const PAGE = 4096;
let journal: ReturnType<typeof journalFile>;
beforeEach(() => { journal = journalFile(); });
afterEach(() => { journal.remove(); });

/** A journal of single messages and of runs of three, at a call. */
function fill(): void {
  const ops: Op[] = [];
  for (let seq = 1; seq <= MESSAGES; seq++) {
    const run = seq % 2 === 0 ? `single${seq}` : `three${Math.floor(seq / 6)}`;
    ops.push({ op: 'save', row: {
      seq, pos: seq, id: `m${seq}`, run, flow: 'flow', node: 'call', via: 'in.out->call.in', parents: null, lineage: null, key: null, receivedAt: 5, revision: 1, due: null, attempt: 0, crashes: 0,
      state: 0, branched: seq % 2 === 0 ? 0 : 1, hops: 0, flags: 0, cursor: null, body: JSON.stringify({ payload: seq, filler: 'x'.repeat(300) }),
    } });
  }
  for (let n = 0; n < MESSAGES / 6; n++) ops.push({ op: 'run', change: { run: `three${n}`, flow: 'flow', revision: 1, startedAt: 5, at: 5, opens: 3, pending: 0, completed: 0, dropped: 0, dead: 0 } });
  const database = new JournalDatabase(journal.file);
  database.apply([{ ops }], MESSAGES);
  database.close();
}

/** Fills pages with what is no page of SQLite's, or turns bytes around inside them. The first page stays. */
function damage(seed: number, pages: number): void {
  const random = new SeededRandom(seed);
  const bytes = readFileSync(journal.file);
  for (let n = 0; n < pages; n++) {
    const at = PAGE * (1 + Math.floor(random.next() * (bytes.length / PAGE - 1)));
    if (random.next() < 0.5) bytes.fill(0x5a, at, at + PAGE);
    else for (let i = 0; i < 300; i++) bytes[at + Math.floor(random.next() * PAGE)] = Math.floor(random.next() * 256);
  }
  writeFileSync(journal.file, bytes);
}

const salvaged = (): string => `${journal.file}.new`;
const seqsIn = (file: string): number[] => {
  const database = new DatabaseSync(file, { readOnly: true });
  try { return (database.prepare('SELECT seq FROM messages ORDER BY seq').all() as { seq: number }[]).map(({ seq }) => seq); } finally { database.close(); }
};
const lostIn = ({ lost }: SalvageReport): number => lost.reduce((sum, { messages }) => sum + messages, 0);

test('of a whole journal all is taken and nothing is called lost', () => {
  fill();
  const report = salvage(journal.file, salvaged());
  expect(report).toMatchObject({ tables: { messages: { taken: MESSAGES, gaps: 0, unusable: 0 }, runs: { taken: MESSAGES / 6, gaps: 0 } }, lost: [], runsLost: 0, runsMended: 0, unusable: [] });
  expect(seqsIn(salvaged())).toHaveLength(MESSAGES);
  const database = new DatabaseSync(journal.file, { readOnly: true });
  const tables = (database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").all() as { name: string }[]).map(({ name }) => name);
  database.close();
  expect(Object.keys(report?.tables ?? {}).sort()).toEqual(tables.sort());
});

test('of damaged pages their messages are lost and named, and no other', () => {
  fill();
  const bytes = readFileSync(journal.file);
  const [first, second] = [bytes.indexOf('"payload":700,'), bytes.indexOf('"payload":2100,')].map((at) => Math.floor(at / PAGE) * PAGE) as [number, number];
  for (const at of [first, second]) bytes.fill(0x5a, at, at + PAGE);
  writeFileSync(journal.file, bytes);
  const report = salvage(journal.file, salvaged());
  const left = seqsIn(salvaged());
  const missing = Array.from({ length: MESSAGES }, (_, i) => i + 1).filter((seq) => !left.includes(seq));
  expect(missing).toEqual(expect.arrayContaining([700, 2100]));
  expect(missing.length).toBeLessThan(30);
  expect(report?.lost).toEqual([{ flow: 'flow', node: 'call', messages: missing.length }]);
});

test('so are those that a window has gathered; of a damaged page of them what is lost is named', () => {
  const database = new JournalDatabase(journal.file);
  const ops: Op[] = Array.from({ length: 300 }, (_, pos) => ({ op: 'keep', kept: { flow: 'flow', node: 'gather', window: 'w', pos, id: `m${pos}`, run: `r${pos}`, revision: 1, receivedAt: 5, branched: 0, flags: 0, body: JSON.stringify({ payload: pos, filler: 'x'.repeat(300) }) } }));
  database.apply([{ ops: [{ op: 'window', change: { flow: 'flow', node: 'gather', key: 'w', state: '300', closeAt: null, first: 'm0' } }, ...ops] }], 300);
  database.close();
  const bytes = readFileSync(journal.file);
  const at = Math.floor(bytes.indexOf('"payload":150,') / PAGE) * PAGE;
  bytes.fill(0x5a, at, at + PAGE);
  writeFileSync(journal.file, bytes);
  const report = salvage(journal.file, salvaged());
  const taken = report?.tables.kept?.taken ?? 0;
  expect(taken).toBeGreaterThan(250);
  expect(report?.lost).toEqual([{ flow: 'flow', node: 'gather', messages: 300 - taken }]);
});

test.each(Array.from({ length: 12 }, (_, i) => i + 1))('whatever is damaged, what is left runs to its end and the numbers add up (seed %i)', async (seed) => {
  fill();
  damage(seed, 1 + (seed % 6));
  const report = salvage(journal.file, salvaged());
  if (!report) throw new Error('the first page is whole, so something is readable');
  const left = seqsIn(salvaged());
  expect(report.tables.messages?.taken).toBe(left.length);
  // An index may itself be damaged: then it names fewer than are lost, never more.
  expect(left.length + lostIn(report)).toBeLessThanOrEqual(MESSAGES + report.unusable.length);
  const nodes = new TestNodes();
  const world = new World({ file: salvaged(), nodes: nodes.definitions, seed });
  await world.deploy(flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }));
  for (let n = 0; n < 200 && await world.pending() > 0; n++) await world.calm();
  expect(world.bugs).toEqual([]);
  expect(nodes.arrived).toHaveLength(left.length);
  expect((await world.endedRuns()).reduce((sum, { completed }) => sum + completed, 0)).toBe(left.length);
  await nodes.deliver.get('in')?.({ payload: 'new' });
  await world.calm();
  expect(nodes.arrived.at(-1)?.body.payload).toBe('new');
  world.kill();
});

test('a journal whose beginning is destroyed gives nothing, and says so', () => {
  fill();
  const bytes = readFileSync(journal.file);
  bytes.fill(0x5a, 0, PAGE);
  writeFileSync(journal.file, bytes);
  expect(salvage(journal.file, salvaged())).toBeUndefined();
});
