/**
 * One message that is split into very many, each passed on, and all of them added up again; the process is killed with SIGKILL in the middle of
 * the splitting and once more in the middle of the joining. The sum must be exact and come once, in bounded memory.
 *
 *     npm run split -- [--messages 1000000] [--mb 400]
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';
import { memoryMb, whole } from './kit/figures.ts';
import { flow, node } from './kit/flows.ts';
import { Caller, freePort, pause, start, stop } from './kit/millrace.ts';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '1000000' }, mb: { type: 'string', default: '400' } } });
const [messages, mbMax] = [Number(values.messages), Number(values.mb)];

interface Total { readonly count: number; readonly sum: number; readonly min: number; readonly max: number }
const totals: Total[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
    totals.push(JSON.parse(Buffer.concat(chunks).toString()) as Total);
    response.writeHead(204).end();
  });
});

const dir = mkdtempSync(join(tmpdir(), 'millrace-split-'));
const [port, receiverPort] = [await freePort(), await freePort()];
receiver.listen(receiverPort, '127.0.0.1');
mkdirSync(join(dir, 'flows/split'), { recursive: true });
writeFileSync(join(dir, 'flows/split/flow.json'), JSON.stringify(flow('split', {
  delivery: 'durable', wires: ['in.out -> split.in', 'split.out -> mark.in', 'mark.out -> join.in', 'join.out -> post.in'],
  nodes: {
    in: node('webhook-in', { method: 'POST', path: '/split', headersKept: 'none', bodyMax: '16MB' }), split: node('split'),
    mark: node('change', { rules: [{ action: 'set', path: 'topic', value: 'part' }] }), join: node('join', { make: 'totals' }),
    post: node('http-request', { method: 'POST', url: `http://127.0.0.1:${receiverPort}/`, idempotent: true }),
  },
})));


/** One life of the process: how many parts have left and how many were gathered in it. */
class Life {
  readonly #child: ChildProcess;
  readonly #live = io(`http://127.0.0.1:${port}/live`, { transports: ['websocket'] });
  sent = 0;
  gathered = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const told = ({ nodes }: { readonly nodes: { readonly [id: string]: { readonly done: number } } }): void => {
      this.sent = nodes.mark?.done ?? 0;
      this.gathered = nodes.join?.done ?? 0;
    };
    this.#live.on('connect', () => this.#live.emit('watch', { flow: 'split' }));
    this.#live.on('snapshot', ({ counters }: { readonly counters: Parameters<typeof told>[0] }) => told(counters));
    this.#live.on('counters', told);
  }
  static async begin(): Promise<Life> { return new Life((await start(dir, port)).child); }
  get peak(): number { return memoryMb(this.#child.pid as number, 'VmHWM'); }

  async until(reached: () => boolean): Promise<void> { while (!reached()) await pause(20); }

  async end(signal: NodeJS.Signals): Promise<number> {
    const { peak } = this;
    this.#live.close();
    await stop(this.#child, signal);
    return peak;
  }
}

const caller = new Caller(port, 4);
/** When history has the run. */
async function ended(): ReturnType<Caller['counts']> {
  for (;;) {
    const counts = await caller.counts();
    if (counts.completed > 0) return counts;
    await pause(100);
  }
}
const peaks: number[] = [];
const began = performance.now();
const told = (what: string, peak: number, life: Life): void => {
  peaks.push(peak);
  console.log(`${what.padEnd(34)}${((performance.now() - began) / 1000).toFixed(1).padStart(8)}${whole(life.sent).padStart(14)}${whole(life.gathered).padStart(14)}${whole(peak).padStart(14)}`);
};

console.log('                                   after s    parts sent      gathered   RSS peak MB');
let life = await Life.begin();
let passed = false;
try {
  const posted = await caller.call('/hook/split', Array.from({ length: messages }, (_, i) => i));
  if (posted.status !== 202) throw new Error(`the list was not accepted: ${posted.status} ${posted.text}`);
  await life.until(() => life.sent >= messages * 0.4);
  told('killed while it was being split', await life.end('SIGKILL'), life);
  let { gathered } = life;
  life = await Life.begin();
  await life.until(() => gathered + life.gathered >= messages * 0.7);
  ({ gathered } = life);
  told('killed while it was being joined', await life.end('SIGKILL'), life);
  life = await Life.begin();
  await life.until(() => totals.length > 0);
  await caller.untilDone();
  const counts = await ended();
  told('done', life.peak, life);
  const [total] = totals;
  const sum = (messages * (messages - 1)) / 2;
  passed = totals.length === 1 && total?.count === messages && total.sum === sum && total.max === messages - 1 && counts.deadLettered === 0 && Math.max(...peaks) < mbMax;
  console.log(`${totals.length} answer: ${whole(total?.count ?? 0)} parts of ${whole(messages)}, sum ${whole(total?.sum ?? 0)} of ${whole(sum)}; RSS at most ${whole(Math.max(...peaks))} MB of ${mbMax}, ${counts.completed} run completed, ${counts.deadLettered} dead letters`);
} finally {
  await life.end('SIGKILL').catch(() => undefined);
  caller.close();
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
}
console.log(passed ? 'ok' : 'FAILED');
process.exit(passed ? 0 : 1);
