import { expect, test } from 'vitest';
import { packCommits, packResults, packRows, unpackCommits, unpackResults, unpackRows } from '../../../runtime/journal/packing.ts';
import type { Commit, CommitResult, EndedRun, Row } from '../../../runtime/journal/rows.ts';

const row = (seq: number, more: Partial<Row> = {}): Row => ({
  seq, pos: seq + 1, id: `m${seq}`, run: `r${seq}`, flow: 'f', node: 'n', via: 'a.out->n.in', parents: null, lineage: null, key: null, receivedAt: 5, revision: 1,
  due: null, attempt: 0, crashes: 0, state: 0, branched: 0, hops: 0, flags: 0, cursor: null, body: '{"payload":"Привет"}', ...more,
});
const full = row(7, { parents: '["p"]', lineage: 'c', key: 'k', due: 9, attempt: 2, crashes: 1, state: 2, branched: 1, hops: 3, flags: 4, cursor: 5 });
const run: EndedRun = { id: 'r1', flow: 'f', revision: 2, startedAt: 3, endedAt: 4, completed: 5, dropped: 6, dead: 7, discarded: 8 };
const change = { run: 'r', flow: 'f', revision: 1, startedAt: 1, at: 2, opens: 1, pending: 1, completed: 0, dropped: 0, dead: 0 };

test('commits cross the threads as they were', () => {
  const commits: Commit[] = [
    { ops: [] },
    { ops: [{ op: 'save', row: row(1) }, { op: 'save', row: full }] },
    { ops: [{ op: 'begin', seq: 1, attempt: 2 }, { op: 'wait', seq: 1, due: null, attempt: 2, state: 0 }, { op: 'wait', seq: 1, due: 8, attempt: 2, state: 3, calm: true }] },
    { ops: [{ op: 'save', row: row(2) }], guard: { event: { flow: 'f', node: 'n', id: 'e', run: 'r', at: 1 } } },
    { ops: [{ op: 'end', seq: 2 }, { op: 'ended', run }] },
    { ops: [{ op: 'run', change }, { op: 'answered', run: 'r', answer: null, at: 3 }] },
  ];
  expect(unpackCommits(structuredClone(packCommits(commits)))).toEqual(commits);
});

test('rows cross the threads as they were', () => {
  expect(unpackRows(structuredClone(packRows([row(1), full])))).toEqual([row(1), full]);
  expect(unpackRows(packRows([]))).toEqual([]);
});

test('a result is told only where the commit does not say it itself', () => {
  const commits: Commit[] = [{ ops: [{ op: 'end', seq: 2 }, { op: 'ended', run }] }, { ops: [{ op: 'save', row: row(1) }] }, { ops: [{ op: 'run', change }] }, { ops: [{ op: 'run', change }] }, { ops: [] }];
  const results: CommitResult[] = [{ ended: [run] }, { duplicateOf: 'r0', ended: [] }, { ended: [] }, { ended: [{ ...run, id: 'r' }] }, { ended: [], parked: { count: 0, more: false, freed: [], windows: [] } }];
  const told = packResults(commits, results);
  expect(told.map(([place]) => place)).toEqual([1, 3, 4]);
  expect(unpackResults(commits, told)).toEqual(results);
});
