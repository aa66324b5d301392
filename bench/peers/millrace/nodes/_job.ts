import { readJson, type Body } from '../../../../runtime/sdk/index.ts';

/** What one measured run counts. The clock of the bench is the process's own, monotonic, as for every other system. */
export interface Job {
  readonly n: number;
  readonly rows: number;
  readonly window: number;
  readonly text: string | undefined;
  readonly write: boolean;
  readonly delays: readonly number[] | undefined;
  readonly late: number[] | undefined;
  readonly startedAt: number;
  sent: number;
  seen: number;
  readonly send: (message: Body) => void;
  readonly done: (result: { n: number; ms: number; late?: readonly number[] }) => void;
}

export const current: { job: Job | null } = { job: null };

/** Sends the next message. One function for all runs: a new one for each would have its callers compiled anew in the middle of what is measured. */
export function emit(job: Job): void {
  const i = job.sent++;
  const payload: unknown = job.text === undefined ? { i } : readJson(job.text);
  job.send(job.delays ? { payload, delay: job.delays[i], due: performance.now() + Number(job.delays[i]) } : { payload });
}

/** What the sink does with each arrival. */
export function arrived(message: Body): void {
  const { job } = current;
  if (!job) return;
  if (job.late) job.late.push(performance.now() - Number(message.due));
  job.seen += 1;
  if (job.seen >= job.rows) {
    current.job = null;
    job.done({ n: job.n, ms: performance.now() - job.startedAt, ...(job.late && { late: job.late }) });
  } else if (job.window > 0 && job.sent < job.n && job.sent < job.seen / (job.rows / job.n) + job.window) emit(job);
}
