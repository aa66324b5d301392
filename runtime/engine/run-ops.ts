import type { Op } from '../journal/rows.ts';

/** How the branches of one segment ended. */
export interface Tally { completed: number; dropped: number; dead: number }

export interface RunPlace {
  readonly id: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
}

/**
 * What a segment's end means for its run. A run of one message needs no counter: it goes on with one message, or it has ended.
 * A counter is opened by the first commit after which that is not so; from then on the journal counts.
 */
export function runOps(run: RunPlace, branched: boolean, change: { readonly outs: number; readonly tally: Tally; readonly at: number }): { readonly ops: readonly Op[]; readonly branched: boolean } {
  const { outs, tally, at } = change;
  const untouched = outs === 1 && tally.completed + tally.dropped + tally.dead === 0;
  if (untouched) return { ops: [], branched };
  if (!branched && outs === 0) {
    return { ops: [{ op: 'ended', run: { ...placeOf(run), endedAt: at, ...tally, discarded: 0 } }], branched };
  }
  const opens = branched ? null : 1;
  return {
    ops: [{ op: 'run', change: { run: run.id, flow: run.flow, revision: run.revision, startedAt: run.startedAt, at, opens, pending: outs - 1, ...tally } }],
    branched: true,
  };
}

const placeOf = ({ id, flow, revision, startedAt }: RunPlace): RunPlace => ({ id, flow, revision, startedAt });
