import { SandboxSupervisor } from '../runtime/sandbox/supervisor.ts';

/**
 * What a bomb in one flow costs another: latency of the neighbour's messages, sent one after the other every 5 ms, quiet and while each bomb goes off
 * again and again, and how far the memory of this process grew.
 *
 *     node bin/node24.mjs bench/bombs.ts [seconds for each line]
 */

const BOMBS: readonly (readonly [name: string, code: string])[] = [
  ['endless loop', 'for (;;);'], ['backtracking', '/^(a+)+$/.test("a".repeat(40) + "!");'], ['loop after an await', 'await 1; for (;;);'],
  ['microtasks', 'const again = () => Promise.resolve().then(again); await again();'], ['timers', 'const again = () => { setTimeout(again, 0); }; again(); await new Promise(() => {});'],
  ['recursion', '(function f() { try { f(); } finally { f(); } })();'], ['endless list', 'const list = []; for (;;) list.push(new Array(1000).fill(1));'],
  ['Array.fill', 'new Array(2 ** 32 - 1).fill(0);'], ['endless Map', 'const map = new Map(); for (let i = 0; ; i++) map.set(i, i);'], ['big integer', 'let big = 3n; for (;;) big *= big;'],
  ['flood of logs', 'for (;;) node.log("x".repeat(100_000));'], ['flood of node.send', 'for (;;) try { node.send({ payload: 1 }); } catch {}'], ['large result', 'return { payload: "x".repeat(4_000_000) };'],
];
const EVERY_MS = 5;
const seconds = Number(process.argv[2] ?? 3);
const sandbox = new SandboxSupervisor();
const open = (code: string, flow: string) => sandbox.open({ code, outputs: 1, timeoutMs: 200, memoryMb: 32, node: { id: flow, name: '' }, flow, env: {} });
const neighbour = await open('msg.payload = msg.payload + 1;\nreturn msg;', 'neighbour');

async function latencies(): Promise<readonly number[]> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    const [result] = await neighbour.call([{ id: 'm', nowMs: 0, body: { payload: 1 } }]);
    if (!result || 'failure' in result) throw new Error('the neighbour failed');
    times.push(performance.now() - start);
    await new Promise((next) => { setTimeout(next, EVERY_MS); });
  }
  return times.toSorted((a, b) => a - b);
}

function show(name: string, times: readonly number[], grewMb: number): void {
  const at = (part: number): string => (times[Math.floor(times.length * part)] ?? 0).toFixed(2).padStart(9);
  console.log(`${name.padEnd(22)} p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   worst ${at(0.9999)} ms   memory ${grewMb >= 0 ? '+' : ''}${grewMb} MB`);
}

await latencies();
show('quiet', await latencies(), 0);
for (const [name, code] of BOMBS) {
  const bomb = await open(code, name);
  const before = process.memoryUsage.rss();
  let going = true;
  const blasts = (async () => { while (going) await bomb.call([{ id: 'b', nowMs: 0, body: { payload: 1 } }]); })();
  const times = await latencies();
  going = false;
  show(name, times, Math.round((process.memoryUsage.rss() - before) / 2 ** 20));
  await blasts;
  await bomb.close();
}
show('quiet again', await latencies(), 0);
await sandbox.close();
