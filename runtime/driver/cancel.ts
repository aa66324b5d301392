import type { EndedRun } from '../journal/rows.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Services } from './services.ts';

/**
 * Ends what is pending of a run, by a person's wish; answers how many messages that were. It is fenced off in memory first: what ends while the
 * journal is asked must not bring the run back behind its removal.
 */
export async function cancelRun({ journal, clock, history }: Pick<Services, 'journal' | 'clock' | 'history'>, runners: readonly FlowRunner[], run: string): Promise<number> {
  const fence = (): void => { const lastSeq = journal.nextSeq(); for (const runner of runners) runner.cancelled.fence(run, lastSeq); };
  const unfence = (): void => { for (const runner of runners) runner.cancelled.delete(run); };
  fence();
  // Of a run of which nothing is noted every flow may be the one.
  const flow = await history.listSteps(run, 1).then(([first]) => first?.flow, () => undefined);
  // What is coming into a window or leaving one arrives before: the journal and the windows forget the same messages.
  const held = await Promise.all(runners.filter((runner) => flow === undefined || runner.flow === flow).map((runner) => runner.collecting.hold()));
  fence();
  let discarded = 0;
  let ended: readonly EndedRun[] = [];
  try {
    const gone = await journal.cancelRun(run, clock.now()).catch((error: unknown) => {
      unfence();
      throw error;
    });
    discarded = gone.rows.length + gone.kept.length;
    ended = gone.ended;
    for (const runner of runners) discarded += await runner.cancel(run, runner.flow === gone.flow ? gone : NOTHING);
  } finally {
    for (const release of held) release();
  }
  for (const each of ended) runners.find(({ flow }) => flow === each.flow)?.runEnded(each);
  if (discarded === 0) unfence();
  return discarded;
}

const NOTHING = { rows: [], kept: [] };
