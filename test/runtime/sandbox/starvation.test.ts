import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Starvation } from '../../../runtime/sandbox/starvation.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { SandboxMessage } from '../../../runtime/sdk/index.ts';

test('code that had the core all the time is not starved', () => {
  const starvation = new Starvation();
  const since = starvation.at(0, { runningMs: 0, cpuMs: 10 });
  expect(starvation.isStarved(since, starvation.at(500, { runningMs: 500, cpuMs: 510 }))).toBe(false);
});

test('a turn in work that had the core for less than half of its time is starved', () => {
  const starvation = new Starvation();
  const since = starvation.at(0, { runningMs: 0, cpuMs: 10 });
  expect(starvation.isStarved(since, starvation.at(500, { runningMs: 500, cpuMs: 300 }))).toBe(false);
  expect(starvation.isStarved(since, starvation.at(500, { runningMs: 500, cpuMs: 200 }))).toBe(true);
});

test('turns that are over count as the one in work does', () => {
  const starvation = new Starvation();
  const since = starvation.at(0, { runningMs: 0, cpuMs: 0 });
  starvation.ran(200);
  starvation.ran(200);
  expect(starvation.isStarved(since, starvation.at(500, { runningMs: 100, cpuMs: 100 }))).toBe(true);
});

test('code that waits for its timers is starved only when they fire late', () => {
  const starvation = new Starvation();
  const since = starvation.at(0, { runningMs: 0, cpuMs: 0 });
  starvation.woke(-300); // an answer came first
  expect(starvation.isStarved(since, starvation.at(1000, { runningMs: 0, cpuMs: 5 }))).toBe(false);
  starvation.woke(600);
  expect(starvation.isStarved(since, starvation.at(1000, { runningMs: 0, cpuMs: 5 }))).toBe(true);
});

test('what was lost before a batch began is not counted for it', () => {
  const starvation = new Starvation();
  starvation.ran(5000);
  starvation.woke(5000);
  const since = starvation.at(6000, { runningMs: 0, cpuMs: 100 });
  expect(starvation.isStarved(since, starvation.at(6500, { runningMs: 500, cpuMs: 580 }))).toBe(false);
});

// Some 20 ms of a core: with a hundredth of one it takes as long as its limit allows.
const CODE = 'if (msg.payload === "loop") for (;;);\nlet sum = 0;\nfor (let i = 0; i < 20_000_000; i++) sum = (sum + i) % 1000;\nmsg.payload += sum;\nreturn msg;';
const message = (payload: string): SandboxMessage => ({ id: 'm', nowMs: 0, body: { payload } });
let sandbox: SandboxSupervisor;
let told: string[];
let greedy: ChildProcess[] = [];

beforeEach(() => {
  told = [];
  sandbox = new SandboxSupervisor({ log: (_, text) => told.push(text) });
});
afterEach(async () => {
  for (const each of greedy.splice(0)) each.kill('SIGKILL');
  await sandbox.close();
});

/** Keeps every core busy, with the usual right to it. */
async function occupyAllCores(): Promise<void> {
  greedy = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'console.log(1); for (;;);'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const { stdout } of greedy) if (stdout) await once(stdout, 'data');
}

test('a function kept apart on a machine without idle time still has its results, and is not blamed for waiting', async () => {
  const fn = await sandbox.open({ code: CODE, outputs: 1, timeoutMs: 2000, memoryMb: 32, node: { id: 'n', name: '' }, flow: 'f', env: {} });
  expect(await fn.call([message('loop')])).toMatchObject([{ failure: { code: 'function.timeout' } }]);
  expect(await fn.call([message('a')])).toMatchObject([{ outputs: [[{ payload: 'a0' }]] }]);
  await occupyAllCores();
  const results = await Promise.all(['b', 'c', 'd'].map((payload) => fn.call([message(payload)])));
  expect(results).toMatchObject([[{ outputs: [[{ payload: 'b0' }]] }], [{ outputs: [[{ payload: 'c0' }]] }], [{ outputs: [[{ payload: 'd0' }]] }]]);
}, 60_000);

test('on such a machine code that does not end is told so all the same', async () => {
  await occupyAllCores();
  const fn = await sandbox.open({ code: CODE, outputs: 1, timeoutMs: 300, memoryMb: 32, node: { id: 'n', name: '' }, flow: 'f', env: {} });
  for (let i = 0; i < 3; i++) expect(await fn.call([message('loop')])).toMatchObject([{ failure: { code: 'function.timeout' } }]);
  const raised = told.filter((text) => text.includes('too busy'));
  expect(raised.length).toBeLessThanOrEqual(1); // it does not go to and fro
}, 60_000);
