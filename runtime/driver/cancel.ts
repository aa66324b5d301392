import type { FlowRunner } from './flow-runner.ts';
import type { Services } from './services.ts';

/**
 * Ends what is pending of a run, by a person's wish; answers how many messages that were. It is fenced off in memory first: what ends while the
 * journal is asked must not bring the run back behind its removal.
 */
export async function cancelRun({ journal, clock }: Pick<Services, 'journal' | 'clock'>, runners: readonly FlowRunner[], run: string): Promise<number> {
  const lastSeq = journal.nextSeq();
  for (const runner of runners) runner.cancelled.fence(run, lastSeq);
  const unfence = (): void => { for (const runner of runners) runner.cancelled.delete(run); };
  const { rows, ended } = await journal.cancelRun(run, clock.now()).catch((error: unknown) => {
    unfence();
    throw error;
  });
  let discarded = rows.length;
  for (const runner of runners) discarded += await runner.cancel(run, rows);
  for (const each of ended) runners.find(({ flow }) => flow === each.flow)?.runEnded(each);
  if (discarded === 0) unfence();
  return discarded;
}
