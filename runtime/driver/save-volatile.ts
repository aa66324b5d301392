import { rowState, type Op, type RowState } from '../journal/rows.ts';
import type { VolatileWindow } from './collecting.ts';
import type { FlowRunner } from './flow-runner.ts';
import { rowOf, type Run, type Work } from './message.ts';
import { letterOf } from './parking.ts';
import { notStorable } from './failures.ts';

/** What memory mode holds: waiting for its turn or time, and in calls that did not end in time. */
export interface Volatile { readonly atRest: readonly Work[]; readonly atWork: readonly Work[] }

/** Writes what memory mode holds into the journal, runs and windows included, in one commit with the calls that a planned stop breaks off: the next start goes on with it. */
export async function saveVolatile(runner: FlowRunner, { atRest, atWork }: Volatile, windows: readonly VolatileWindow[]): Promise<void> {
  const { journal, clock } = runner.services;
  const runs = new Map<string, Run>();
  const ops: Op[] = [];
  const branched = (run: Run): 0 | 1 => {
    runs.set(run.id, run);
    return run.pending > 1 || run.completed + run.dropped + run.dead > 0 ? 1 : 0;
  };
  const save = (work: Work, state: RowState): void => {
    ops.push({ op: 'save', row: rowOf({ ...work, seq: journal.nextSeq(), pos: journal.nextSeq(), branched: branched(work.run) === 1 }, state) });
  };
  ops.push(...lettersOf(runner, [...atRest, ...atWork], runs));
  const storable = ({ msg }: Work): boolean => reasonAgainst(msg) === undefined;
  for (const work of atRest.filter(storable)) save(work, work.due === null ? rowState.queued : work.attempt === 0 ? rowState.held : rowState.retrying);
  // A call that was under way is one whose outcome nobody knows, as after a crash.
  for (const work of atWork.filter(storable)) save({ ...work, due: null }, runner.unit(work.node)?.rests ? rowState.started : rowState.queued);
  for (const { change, kept } of windows) {
    ops.push({ op: 'window', change });
    for (const { run, row } of kept) ops.push({ op: 'keep', kept: { ...row, pos: journal.nextSeq(), branched: branched(run) } });
  }
  for (const run of runs.values()) {
    const { id, flow, revision, startedAt, pending, completed, dropped, dead } = run;
    if (branched(run) === 1) ops.push({ op: 'run', change: { run: id, flow, revision, startedAt, at: clock.now(), opens: pending, pending: 0, completed, dropped, dead } });
  }
  if (runner.working > 0) ops.push({ op: 'break-off', flow: runner.flow });
  const commits = [...(ops.length > 0 ? [{ ops }] : []), ...runner.keys.takeAll().map((answer) => ({ ops: [], guard: { answer } }))];
  await Promise.all(commits.map((commit) => journal.commit(commit)));
}

/** What cannot be written becomes dead letters, and takes nothing else along. */
function lettersOf(runner: FlowRunner, works: readonly Work[], runs: Map<string, Run>): Op[] {
  return works.flatMap((work): Op[] => {
    const error = reasonAgainst(work.msg);
    if (error === undefined) return [];
    const { run, node, msg } = work;
    run.pending--;
    run.dead++;
    runs.set(run.id, run);
    const { code, text } = notStorable(node, error);
    return [{ op: 'dead', letter: letterOf({ kind: 'failed', code, text, flow: runner.flow, node, at: runner.services.clock.now() }, { ...work, id: msg.id, body: msg.body }) }];
  });
}

function reasonAgainst(msg: Work['msg']): unknown {
  try {
    void msg.text;
    return undefined;
  } catch (error) { return error; }
}
