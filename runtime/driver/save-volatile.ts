import type { Op } from '../journal/rows.ts';
import type { VolatileWindow } from './collecting.ts';
import type { FlowRunner } from './flow-runner.ts';
import { rowOf, type Run, type Work } from './message.ts';

/** Writes what memory mode holds into the journal, runs and windows included, in one commit with the calls that a planned stop breaks off: the next start goes on with it. */
export async function saveVolatile(runner: FlowRunner, works: readonly Work[], windows: readonly VolatileWindow[]): Promise<void> {
  const { journal, clock } = runner.services;
  const runs = new Map<string, Run>();
  const ops: Op[] = [];
  const branched = (run: Run): 0 | 1 => {
    runs.set(run.id, run);
    return run.pending > 1 || run.completed + run.dropped + run.dead > 0 ? 1 : 0;
  };
  for (const work of works) {
    const row = rowOf({ ...work, seq: journal.nextSeq(), pos: journal.nextSeq(), branched: branched(work.run) === 1 }, work.due === null ? 0 : work.attempt === 0 ? 3 : 2);
    ops.push({ op: 'save', row });
  }
  for (const { change, kept } of windows) {
    ops.push({ op: 'window', change });
    for (const { run, row } of kept) ops.push({ op: 'keep', kept: { ...row, pos: journal.nextSeq(), branched: branched(run) } });
  }
  for (const run of runs.values()) {
    const { id, flow, revision, startedAt, pending, completed, dropped, dead } = run;
    if (branched(run) === 1) ops.push({ op: 'run', change: { run: id, flow, revision, startedAt, at: clock.now(), opens: pending, pending: 0, completed, dropped, dead } });
  }
  if (runner.working > 0) ops.push({ op: 'break-off', flow: runner.flow });
  if (ops.length > 0) await journal.commit({ ops });
}
