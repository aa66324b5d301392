/**
 * The runtime's own figures in one table: hops through ten nodes, function nodes with change nodes between them, a durable flow of five nodes and its latency at half of what it can,
 * webhooks that are safe before they are answered, recovery with a backlog, start and memory. README.md names the other benches.
 *
 *     npm run bench [-- --messages 100000 --seconds 5 --pending 1000000 --only hops,rows,five,webhooks,recovery,start]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadDefinitions } from '../runtime/cli/options.ts';
import type { Flow } from '../runtime/flow/flow.ts';
import { createRuntime, type Runtime } from '../runtime/runtime.ts';
import { flood, pace } from './kit/feed.ts';
import { folder, line, quantile, whole } from './kit/figures.ts';
import { BENCH_NODES, chainOfTen, fiveNodes, flow, node, rowOfFunctions } from './kit/flows.ts';
import { Caller, freePort, pause, start, stop } from './kit/millrace.ts';
import { recovery } from './recovery.ts';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '100000' }, seconds: { type: 'string', default: '5' }, pending: { type: 'string', default: '1000000' }, only: { type: 'string', default: 'hops,rows,five,webhooks,recovery,start' } } });
const [messages, seconds, pending] = [values.messages, values.seconds, values.pending].map(Number) as [number, number, number];
const wanted = values.only.split(',');
const WINDOW = 1000;
const ROUNDS = 5;

async function withFlow(draft: Flow, use: (runtime: Runtime) => Promise<void>): Promise<void> {
  const dataDir = folder();
  const runtime = await createRuntime({ dataDir, ...await loadDefinitions(BENCH_NODES), examplesDir: null });
  await runtime.host.deploy(draft, 1);
  await use(runtime);
  await runtime.close();
  rmSync(dataDir, { recursive: true, force: true });
}

const spread = (rates: readonly number[]): string => `${whole(quantile(rates, 0.5))} (${whole(Math.min(...rates))} to ${whole(Math.max(...rates))})`;

async function floods(runtime: Runtime, body: (i: number) => object): Promise<number[]> {
  const feeding = { runtime, body: body as never, n: messages, window: WINDOW };
  await flood({ ...feeding, n: messages / 2 });
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rates.push(await flood(feeding));
  return rates;
}

async function hops(delivery: Flow['delivery']): Promise<void> {
  await withFlow(chainOfTen(delivery), async (runtime) => {
    line(`chain of ten, ${delivery}: messages/s`, spread(await floods(runtime, (i) => ({ payload: { i } }))));
  });
}

/** Function nodes with change nodes between them, which a message passes in one crossing. */
async function rows(changes: number): Promise<void> {
  await withFlow(rowOfFunctions(changes), async (runtime) => {
    line(`a row of ${2 * changes + 1}, functions with changes between them: messages/s`, spread(await floods(runtime, order)));
  });
}

const order = (i: number): object => ({ payload: { id: i, quantity: 2, customer: { name: 'Ada Example', email: 'ada@example.test' }, items: [{ sku: 'A-1', quantity: 2, price: 250 }], note: 'x'.repeat(100) } });

/** Accepted means on disk, completed means removed from it. */
async function five(): Promise<void> {
  await withFlow(fiveNodes('durable'), async (runtime) => {
    const rates = await floods(runtime, order);
    line('five nodes, durable: messages/s accepted to completed', spread(rates));
    const perSecond = Math.round(quantile(rates, 0.5) / 2);
    const late = await pace({ runtime, body: order as never, n: perSecond * seconds, perSecond });
    line(`the same at half of that, ${whole(perSecond)}/s: p50, p99, most, ms`, `${quantile(late, 0.5).toFixed(2)}   ${quantile(late, 0.99).toFixed(2)}   ${quantile(late, 1).toFixed(2)}`);
  });
}

/** POSTs to a webhook that answers 202 once the message is on disk. */
async function webhooks(dir: string, connections: number): Promise<void> {
  const port = await freePort();
  const { child } = await start(dir, port, ['--nodes', BENCH_NODES]);
  const caller = new Caller(port, connections);
  const times: number[] = [];
  const body = { id: 1, customer: { name: 'Ada Example', email: 'ada@example.test' }, items: [{ sku: 'A-1', qty: 2 }], note: 'x'.repeat(180) };
  const lanes = async (until: number, keep: boolean): Promise<void> => {
    await Promise.all(Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        const before = performance.now();
        const { status } = await caller.call('/hook/in', body);
        if (status !== 202) throw new Error(`the webhook answered ${status}`);
        if (keep) times.push(performance.now() - before);
      }
    }));
  };
  await lanes(performance.now() + 1000, false);
  await lanes(performance.now() + seconds * 1000, true);
  line(`webhook, durable, ${connections} connections: requests/s, p50, p99 ms`, `${whole(times.length / seconds)}   ${quantile(times, 0.5).toFixed(2)}   ${quantile(times, 0.99).toFixed(2)}`);
  caller.close();
  await stop(child);
}

/** Memory of a process and everything that it started. */
function rssMb(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try { parents.set(Number(name), Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1])); } catch { /* gone */ }
  }
  const belongs = (pid: number): boolean => pid === root || (parents.has(pid) && pid > 1 && belongs(parents.get(pid) as number));
  return [...parents.keys()].filter(belongs).reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024, 0);
}

async function cold(dir: string): Promise<void> {
  await stop((await start(dir, await freePort(), ['--nodes', BENCH_NODES])).child);
  const { child, ms } = await start(dir, await freePort(), ['--nodes', BENCH_NODES]);
  await pause(5000);
  line('start to first answer: ms; RSS idle: MB', `${ms.toFixed(0)}   ${whole(rssMb(child.pid as number))}`);
  await stop(child);
}

if (wanted.includes('hops')) for (const delivery of ['memory', 'durable'] as const) await hops(delivery);
if (wanted.includes('rows')) for (const changes of [1, 5]) await rows(changes);
if (wanted.includes('five')) await five();
const dir = folder();
mkdirSync(join(dir, 'flows/in'), { recursive: true });
writeFileSync(join(dir, 'flows/in/flow.json'), JSON.stringify(flow('in', { delivery: 'durable', wires: ['hook.out -> sink.in'], nodes: { hook: node('webhook-in', { path: '/in' }), sink: node('bench-sink') } })));
if (wanted.includes('webhooks')) for (const connections of [1, 32, 256]) await webhooks(dir, connections);
if (wanted.includes('recovery')) recovery(pending, seconds);
if (wanted.includes('start')) await cold(dir);
rmSync(dir, { recursive: true, force: true });
process.exit(0);
