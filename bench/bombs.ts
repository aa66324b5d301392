import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connections, nodes } from '../nodes/index.ts';
import type { Flow } from '../runtime/flow/flow.ts';
import { createRuntime } from '../runtime/runtime.ts';
import { SandboxSupervisor } from '../runtime/sandbox/supervisor.ts';

/**
 * What a bomb in one flow costs another: latency of the neighbour's messages, sent one after the other every 5 ms, quiet (before each bomb) and while each bomb goes off
 * again and again, and how far the memory of this process grew.
 *
 *     node bin/node24.mjs bench/bombs.ts [seconds for each line]          of the sandbox alone, from the call to its result
 *     node bin/node24.mjs bench/bombs.ts [seconds for each line] flow     of durable flows, from the delivery to the answer
 */

const BOMBS: readonly (readonly [name: string, code: string])[] = [
  ['endless loop', 'for (;;);'], ['backtracking', '/^(a+)+$/.test("a".repeat(40) + "!");'], ['loop after an await', 'await 1; for (;;);'],
  ['microtasks', 'const again = () => Promise.resolve().then(again); await again();'], ['timers', 'const again = () => { setTimeout(again, 0); }; again(); await new Promise(() => {});'],
  ['recursion', '(function f() { try { f(); } finally { f(); } })();'], ['endless list', 'const list = []; for (;;) list.push(new Array(1000).fill(1));'],
  ['Array.fill', 'new Array(2 ** 32 - 1).fill(0);'], ['endless Map', 'const map = new Map(); for (let i = 0; ; i++) map.set(i, i);'], ['big integer', 'let big = 3n; for (;;) big *= big;'],
  ['flood of logs', 'for (;;) node.log("x".repeat(100_000));'], ['flood of node.send', 'for (;;) try { node.send({ payload: 1 }); } catch {}'], ['large result', 'return { payload: "x".repeat(4_000_000) };'],
];
const EVERY_MS = 5;
const WARM_SECONDS = 3;
const seconds = Number(process.argv[2] ?? 3);
const NEIGHBOUR = 'msg.payload = msg.payload + 1;\nreturn msg;';

/** What runs the code of one flow. */
interface Runs { once(): Promise<boolean>; close(): Promise<void> }
interface Stage { open(code: string, flow: string): Promise<Runs>; close(): Promise<void> }

function sandboxStage(): Stage {
  const sandbox = new SandboxSupervisor();
  return {
    async open(code, flow) {
      const opened = await sandbox.open({ code, outputs: 1, timeoutMs: 200, memoryMb: 32, node: { id: flow, name: '' }, flow, env: {} });
      const message = { id: 'm', nowMs: 0, body: { payload: 1 } };
      return { once: async () => 'outputs' in ((await opened.call([message]))[0] ?? {}), close: () => opened.close() };
    },
    close: () => sandbox.close(),
  };
}

async function flowStage(): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-bombs-'));
  const { host, close } = await createRuntime({ dataDir, nodes, connections, examplesDir: null });
  return {
    async open(code, name) {
      const id = name.replaceAll(/[^A-Za-z]/g, '-').toLowerCase();
      await host.deploy(flowOf(id, code), 1);
      const once = async (): Promise<boolean> => (await (await host.deliver({ flow: id, node: 'in', body: { payload: 1 }, reply: true })).reply)?.kind === 'answered';
      return { once, close: () => host.stop(id) };
    },
    async close() {
      await close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function flowOf(id: string, code: string): Flow {
  const node = (type: string, config = {}): Flow['nodes'][string] => ({ type, version: 1, config });
  return {
    format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: {},
    nodes: { in: node('inject'), code: node('function', { code, timeout: '200ms', memory: '32MB' }), answer: node('http-response') },
    wires: [{ from: 'in.out', to: 'code.in' }, { from: 'code.out-1', to: 'answer.in' }],
  };
}

const stage = process.argv[3] === 'flow' ? await flowStage() : sandboxStage();
const neighbour = await stage.open(NEIGHBOUR, 'neighbour');

async function latencies(forSeconds: number): Promise<readonly number[]> {
  const times: number[] = [];
  const end = performance.now() + forSeconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    if (!await neighbour.once()) throw new Error('the neighbour failed');
    times.push(performance.now() - start);
    await new Promise((next) => { setTimeout(next, EVERY_MS); });
  }
  return times;
}

const at = (times: readonly number[], part: number): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0;

function show(name: string, times: readonly number[], rest: string): void {
  const [p50 = '', p99 = '', worst = ''] = [0.5, 0.99, 0.9999].map((part) => at(times, part).toFixed(2).padStart(9));
  console.log(`${name.padEnd(22)} p50 ${p50} ms   p99 ${p99} ms   worst ${worst} ms   ${rest}`);
}

await latencies(WARM_SECONDS);
const quiet: number[] = [];
const loud: { readonly name: string; readonly times: readonly number[]; readonly grewMb: number }[] = [];
for (const [name, code] of BOMBS) {
  quiet.push(...await latencies(seconds / 3));
  const bomb = await stage.open(code, name);
  const before = process.memoryUsage.rss();
  let going = true;
  const blasts = (async () => { while (going) await bomb.once(); })();
  const times = await latencies(seconds);
  going = false;
  loud.push({ name, times, grewMb: Math.round((process.memoryUsage.rss() - before) / 2 ** 20) });
  await blasts;
  await bomb.close();
}
show('quiet', quiet, 'p99 in times of the quiet one, memory of this process');
for (const { name, times, grewMb } of loud) show(name, times, `${(at(times, 0.99) / at(quiet, 0.99)).toFixed(1).padStart(4)} times   ${grewMb >= 0 ? '+' : ''}${grewMb} MB`);
await stage.close();
