import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { SandboxSupervisor } from '../runtime/sandbox/supervisor.ts';
import type { Body, SandboxFunction, SandboxMessage } from '../runtime/sdk/index.ts';

/**
 * What a function node costs: messages a second, and CPU of this process and of the sandbox's per message, at three sizes, in batches of 64 with
 * two in flight, beside the same code as a plain closure in the same run.
 *
 *     node bin/node24.mjs bench/sandbox.ts [seconds for each line]
 */

const CODE = `const order = msg.payload;
msg.payload = {
  lines: order.items.map((item) => ({ name: item.name, total: item.quantity * item.price })),
  text: \`Order \${order.id} for \${order.customer}\`,
};
return msg;`;
const TOUCH = 'msg.seen = true;\nreturn msg;';
const AWAIT = 'const more = await Promise.resolve(1);\nmsg.seen = more;\nreturn msg;';
const SIZES = [['0.3 KB', 3], ['1 KB', 13], ['20 KB', 270]] as const;
const BATCH = 64;
const LONE = 300;
const seconds = Number(process.argv[2] ?? 2);

const bodyOf = (items: number, id: number): Body => ({
  topic: 'orders',
  payload: { id, customer: 'Anna Petrova', items: Array.from({ length: items }, (_, index) => ({ sku: `SKU-${1000 + index}`, name: `item ${index}`, quantity: index % 5, price: 9.5 * index })) },
});

interface Measured { readonly perSecond: number; readonly ownUs: number; readonly allUs: number }

/** CPU ms that another process has used: the 14th and 15th field of its stat, in ticks of 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measure(pids: () => readonly number[], work: () => Promise<number>): Promise<Measured> {
  await work();
  const others = pids();
  const othersBefore = others.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const own = process.cpuUsage();
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < seconds * 1000) count += await work();
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(own);
  const other = others.reduce((sum, pid) => sum + cpuMs(pid), 0) - othersBefore;
  return { perSecond: (count / elapsed) * 1000, ownUs: (user + system) / count, allUs: (user + system + other * 1000) / count };
}

const show = (name: string, { perSecond, ownUs, allUs }: Measured): void => {
  console.log(`${name.padEnd(34)} ${Math.round(perSecond).toLocaleString('en').padStart(12)}/s   CPU ${ownUs.toFixed(2).padStart(8)} µs here, ${allUs.toFixed(2).padStart(8)} µs in all`);
};

/** Sixteen batches, two at a time, as the engine gives them. */
async function batches(fn: SandboxFunction, messages: readonly SandboxMessage[]): Promise<number> {
  let left = 16;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const results = await fn.call(messages);
      if (results.some((result) => 'failure' in result)) throw new Error(JSON.stringify(results.find((result) => 'failure' in result)));
    }
  };
  await Promise.all([lane(), lane()]);
  return 16 * messages.length;
}

async function lone(fn: SandboxFunction, message: SandboxMessage): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < LONE * 2; index++) {
    const start = performance.now();
    await fn.call([message]);
    if (index >= LONE) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(`${'one message at a time'.padEnd(34)} p50 ${times[LONE >> 1]?.toFixed(3)} ms, p99 ${times[Math.floor(LONE * 0.99)]?.toFixed(3)} ms`);
}

const sandbox = new SandboxSupervisor({ log: (_level, text) => { console.log(text); } });
const open = (code: string): Promise<SandboxFunction> => sandbox.open({ code, outputs: 1, timeoutMs: 5000, memoryMb: 64, node: { id: 'f', name: '' }, flow: 'bench', env: {} });
console.log(`Node ${process.version}, ${availableParallelism()} cores, ${seconds} s a line, batches of ${BATCH}`);
const mapped = await open(CODE);
const touched = await open(TOUCH);
const awaited = await open(AWAIT);
for (const [size, items] of SIZES) {
  const messages = Array.from({ length: BATCH }, (_, index) => ({ id: `m-${index}`, nowMs: 1_700_000_000_000, body: bodyOf(items, index) }));
  const closure = new Function('msg', CODE) as (msg: object) => unknown;
  console.log(`\n${size} (${JSON.stringify(messages[0]?.body).length} characters)`);
  show('plain closure', await measure(() => [], async () => { for (const { body } of messages) closure({ ...body }); return BATCH; }));
  show('sandbox, reads and writes it all', await measure(() => sandbox.processes, () => batches(mapped, messages)));
  show('sandbox, names one new key', await measure(() => sandbox.processes, () => batches(touched, messages)));
  show('sandbox, with an await', await measure(() => sandbox.processes, () => batches(awaited, messages)));
  if (messages[0]) await lone(mapped, messages[0]);
}
for (const pid of sandbox.processes) console.log(`\nRSS of the sandbox's process: ${Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024)} MB`);
await sandbox.close();
