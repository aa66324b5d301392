import type { Runtime } from '../../runtime/runtime.ts';
import type { Body } from '../../runtime/sdk/index.ts';
import { current } from '../peers/millrace/nodes/_job.ts';

/** Feeds the source `src` of flow `bench` inside the process, past HTTP. */

interface Feeding { readonly runtime: Runtime; readonly body: (i: number) => Body; readonly n: number }

const deliver = ({ runtime, body }: Feeding, i: number, due?: number): void => {
  void runtime.host.deliver({ flow: 'bench', node: 'src', body: (due === undefined ? body(i) : { ...body(i), due }) as never, reply: false });
};

/** Closed loop, `window` under way; answers messages a second from the first accepted to the last completed. */
export async function flood(feeding: Feeding & { readonly window: number }): Promise<number> {
  const { n, window } = feeding;
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const emit = (): void => deliver(feeding, job.sent++);
    const job = { n, rows: n, window, text: undefined, write: false, delays: undefined, late: undefined, sent: 0, seen: 0, startedAt, emit, done: () => resolve() };
    current.job = job;
    for (let i = 0; i < window; i++) emit();
  });
  await completed(feeding.runtime);
  return (n / (performance.now() - startedAt)) * 1000;
}

/** Completed means committed: the journal holds nothing of them any more. */
async function completed(runtime: Runtime): Promise<void> {
  while ((await runtime.host.pendingRuns({ limit: 1 })).total > 0);
}

/** Open loop at a steady rate; answers how long each message took, ms, from when it was due to be sent until it was at the sink. */
export async function pace(feeding: Feeding & { readonly perSecond: number }): Promise<readonly number[]> {
  const { n, perSecond } = feeding;
  const late: number[] = [];
  await new Promise<void>((resolve) => {
    const startedAt = performance.now();
    const job = { n, rows: n, window: 0, text: undefined, write: false, delays: undefined, late, sent: 0, seen: 0, startedAt, emit: () => undefined, done: () => resolve() };
    current.job = job;
    const turn = (): void => {
      for (; job.sent < n; job.sent++) {
        const due = startedAt + (job.sent / perSecond) * 1000;
        if (due > performance.now()) { setTimeout(turn, 1); return; }
        deliver(feeding, job.sent, due);
      }
    };
    turn();
  });
  return late;
}
