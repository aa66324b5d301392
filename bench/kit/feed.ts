import type { Runtime } from '../../runtime/runtime.ts';
import type { Body } from '../../runtime/sdk/index.ts';
import { current, emit } from '../peers/millrace/nodes/_job.ts';

/** Feeds the source `src` of flow `bench` inside the process, past HTTP. */

interface Feeding { readonly runtime: Runtime; readonly body: (i: number) => Body; readonly n: number }

const deliver = ({ runtime, body }: Feeding, i: number): void => {
  void runtime.host.deliver({ flow: 'bench', node: 'src', body: body(i) as never, reply: false });
};

/** Closed loop, `window` under way; answers messages a second from the first accepted to the last completed. */
export async function flood(feeding: Feeding & { readonly window: number }): Promise<number> {
  const { n, window } = feeding;
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const send = (): void => deliver(feeding, job.sent - 1);
    const job = { n, rows: n, window, text: undefined, write: false, delays: undefined, late: undefined, sent: 0, seen: 0, startedAt, send, done: () => resolve() };
    current.job = job;
    for (let i = 0; i < window; i++) emit(job);
  });
  await completed(feeding.runtime);
  return (n / (performance.now() - startedAt)) * 1000;
}

/** Completed means committed: the journal holds nothing of them any more. */
async function completed(runtime: Runtime): Promise<void> {
  while ((await runtime.host.pendingRuns({ limit: 1 })).total > 0);
}

/** Open loop at a steady rate; answers how long each message took, ms, from when it was due to be sent until its end was on disk. */
export async function pace({ runtime, body, n, perSecond }: Feeding & { readonly perSecond: number }): Promise<Float64Array> {
  const late = new Float64Array(n);
  const startedAt = performance.now();
  let [sent, ended] = [0, 0];
  await new Promise<void>((resolve) => {
    const send = async (due: number): Promise<void> => {
      const { reply } = await runtime.host.deliver({ flow: 'bench', node: 'src', body: body(sent++) as never, reply: true });
      await reply;
      late[ended++] = performance.now() - due;
      if (ended === n) resolve();
    };
    const turn = (): void => {
      while (sent < n) {
        const due = startedAt + (sent / perSecond) * 1000;
        if (due > performance.now()) { setTimeout(turn, 1); return; }
        void send(due);
      }
    };
    turn();
  });
  return late;
}
