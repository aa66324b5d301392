/**
 * The runtime's own figures in one table: hops through ten nodes, webhooks that are safe before they are answered, recovery with a backlog,
 * start and memory. Function nodes: bench/sandbox.ts. Against other systems: bench/peers.
 *
 *     npm run bench [-- --messages 100000 --seconds 5 --pending 100000]
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../runtime/clock.ts';
import { loadDefinitions } from '../runtime/cli/options.ts';
import type { Flow } from '../runtime/flow/flow.ts';
import { JournalClient } from '../runtime/journal/client.ts';
import { openThreadPort } from '../runtime/journal/port.ts';
import { createRuntime } from '../runtime/runtime.ts';
import { Caller, freePort, pause, ROOT, start, stop } from './kit/millrace.ts';
import { current } from './peers/millrace/nodes/_job.ts';

const { values } = parseArgs({ options: { messages: { type: 'string', default: '100000' }, seconds: { type: 'string', default: '5' }, pending: { type: 'string', default: '100000' } } });
const [messages, seconds, pending] = [values.messages, values.seconds, values.pending].map(Number) as [number, number, number];
const BENCH_NODES = join(ROOT, 'bench/peers/millrace/nodes');
const definitions = await loadDefinitions(BENCH_NODES);
const line = (what: string, figure: string): void => console.log(`${what.padEnd(58)}${figure}`);
const whole = (n: number): string => Math.round(n).toLocaleString('en');
const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-bench-'));

function flow(id: string, draft: Pick<Flow, 'nodes' | 'delivery'> & { readonly wires: readonly string[] }): Flow {
  const wires = draft.wires.map((wire) => { const [from = '', to = ''] = wire.split(' -> '); return { from, to }; });
  return { format: 'millrace.flow/1', id, name: id, layout: {}, ...draft, wires };
}

function chain(delivery: Flow['delivery']): Flow {
  const hops = Array.from({ length: 10 }, (_, i) => `h${i}`);
  const change = { type: 'change', version: 1, config: { rules: [{ action: 'set', path: 'mark', value: 1 }] } };
  const ids = ['src', ...hops, 'sink'];
  return flow('hops', {
    delivery, wires: ids.slice(1).map((id, i) => `${ids[i] ?? ''}.out -> ${id}.in`),
    nodes: { src: { type: 'bench-source', version: 1, config: {} }, sink: { type: 'bench-sink', version: 1, config: {} }, ...Object.fromEntries(hops.map((id) => [id, change])) },
  });
}

/** Messages a second through ten change nodes, a thousand under way. */
async function hops(delivery: Flow['delivery']): Promise<void> {
  const dataDir = folder();
  const runtime = await createRuntime({ dataDir, ...definitions, examplesDir: null });
  await runtime.host.deploy(chain(delivery), 1);
  const once = (n: number): Promise<number> => new Promise((resolve) => {
    const emit = (): void => { job.sent++; void runtime.host.deliver({ flow: 'hops', node: 'src', body: { payload: { i: job.sent } }, reply: false }); };
    const job = { n, rows: n, window: 1000, text: undefined, write: false, delays: undefined, late: undefined, sent: 0, seen: 0, startedAt: performance.now(), emit, done: ({ ms }: { ms: number }) => resolve(ms) };
    current.job = job;
    for (let i = 0; i < 1000; i++) emit();
  });
  await once(messages / 2);
  const ms = await once(messages);
  line(`chain of ten, ${delivery}: messages/s, hops/s`, `${whole((messages / ms) * 1000)}   ${whole((messages * 10_000) / ms)}`);
  await runtime.close();
  rmSync(dataDir, { recursive: true, force: true });
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

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
  times.sort((a, b) => a - b);
  line(`webhook, durable, ${connections} connections: requests/s, p50, p99 ms`, `${whole(times.length / seconds)}   ${quantile(times, 0.5).toFixed(2)}   ${quantile(times, 0.99).toFixed(2)}`);
  caller.close();
  await stop(child);
}

/** A backlog in the journal, and how long until its first message is worked on. */
async function recovery(): Promise<void> {
  const dataDir = folder();
  const journal = new JournalClient(await openThreadPort(join(dataDir, 'journal.db'), (error) => { throw error; }), systemClock);
  const body = JSON.stringify({ payload: { id: 1, note: 'x'.repeat(260) } });
  for (let i = 0; i < pending; i += 1000) {
    await journal.commit({ ops: Array.from({ length: 1000 }, () => {
      const seq = journal.nextSeq();
      return { op: 'save', row: { seq, pos: seq, id: `m${seq}`, run: `r${seq}`, flow: 'backlog', node: 'work', via: 'src.out->work.in', parents: null, correlation: null, key: null, receivedAt: 1, revision: 1, due: null, attempt: 0, crashes: 0, state: 0, branched: 0, hops: 0, flags: 0, cursor: null, body } };
    }) });
  }
  await journal.close();
  const before = performance.now();
  const first = Promise.withResolvers<void>();
  const runtime = await createRuntime({ dataDir, ...definitions, examplesDir: null, trace: (_flow, node) => { if (node === 'sink') first.resolve(); } });
  await runtime.host.deploy(flow('backlog', {
    delivery: 'durable', wires: ['src.out -> work.in', 'work.out -> sink.in'],
    nodes: { src: { type: 'bench-source', version: 1, config: {} }, work: { type: 'sql-query', version: 1, config: { db: 'db', statement: 'SELECT 1', effect: 'read' } }, sink: { type: 'bench-sink', version: 1, config: {} } },
  }), 1);
  await runtime.project.saveConnection('db', { type: 'sql', config: {} }, 0, { name: 'bench' });
  await first.promise;
  line(`recovery with ${whole(pending)} pending: ms to the first message, RSS MB`, `${(performance.now() - before).toFixed(0)}   ${whole(process.memoryUsage().rss / 2 ** 20)}`);
  await runtime.close();
  rmSync(dataDir, { recursive: true, force: true });
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

await hops('memory');
await hops('durable');
const dir = folder();
mkdirSync(join(dir, 'flows/in'), { recursive: true });
writeFileSync(join(dir, 'flows/in/flow.json'), JSON.stringify(flow('in', { delivery: 'durable', wires: ['hook.out -> sink.in'], nodes: { hook: { type: 'webhook-in', version: 1, config: { path: '/in' } }, sink: { type: 'bench-sink', version: 1, config: {} } } })));
for (const connections of [1, 32, 256]) await webhooks(dir, connections);
await recovery();
await cold(dir);
rmSync(dir, { recursive: true, force: true });
process.exit(0);
