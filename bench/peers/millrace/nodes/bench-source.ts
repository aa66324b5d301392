import { defineSource, type Body } from '../../../../runtime/sdk/index.ts';
import { current, emit, type Job } from './_job.ts';

const text = (words: string) => ({ en: words, ru: words });

interface Question { readonly n: number; readonly rows?: number; readonly window?: number; readonly text?: string; readonly write?: boolean; readonly delays?: readonly number[] }

/** Emits messages inside the process when POST /hook/bench/run asks for it, and answers when the sinks have seen them all. */
export default defineSource({
  type: 'bench-source', version: 1, title: text('Bench source'), category: 'source', icon: 'gauge', summary: text('Emits messages for a measurement.'), help: text('Only the benchmark uses it.'),
  config: {}, outputs: { fixed: { out: { title: text('Message') } } }, examples: [],
  start({ deliver, route, log }) {
    const send = (message: Body): void => void deliver(message).catch((error: Error) => log.error(error.message));
    route({ methods: ['POST'], path: '/bench/run', bodyBytesMax: 16 * 1024 * 1024 }, async ({ body }) => {
      const question = JSON.parse(Buffer.from(body).toString()) as Question;
      const result = await new Promise<object>((resolve) => run(question, { resolve, send }));
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(result) };
    });
    route({ methods: ['GET'], path: '/bench/ready', bodyBytesMax: 0 }, async () => ({ status: 200, headers: {}, body: '' }));
  },
});

function run(question: Question, { resolve, send }: { resolve: (result: object) => void; send: (message: Body) => void }): void {
  const { n, delays } = question;
  const job: Job = {
    n, rows: question.rows ?? n, window: question.window ?? 0, text: question.text, write: question.write ?? false, delays, late: delays && [],
    startedAt: performance.now(), sent: 0, seen: 0, send, done: resolve,
  };
  current.job = job;
  if (delays) feedSlowly(job);
  else if (job.window > 0) for (let i = 0; i < Math.min(job.window, n); i++) emit(job);
  else feedAll(job);
}

/** A hundred a turn, so that the burst itself does not count as lateness. */
function feedSlowly(job: Job): void {
  for (let i = 0; i < 100 && job.sent < job.n; i++) emit(job);
  if (job.sent < job.n) setImmediate(() => feedSlowly(job));
}

/** As fast as the engine takes them: its queue is bounded, so the source goes on when there is room. */
function feedAll(job: Job): void {
  while (job.sent < job.n && job.sent - job.seen / (job.rows / job.n) < ROOM) emit(job);
  if (job.sent < job.n) setImmediate(() => feedAll(job));
}
const ROOM = 5000;
