import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Starvation } from '../../../runtime/sandbox/starvation.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { SandboxMessage } from '../../../runtime/sdk/index.ts';

/** A process in which one batch is under way from the moment 0; it had 10 ms of the cores before. */
function begun(): { readonly starvation: Starvation; readonly isStarved: (now: number, cpuMs: number) => boolean } {
  const starvation = new Starvation();
  const since = starvation.batchBegan({ now: 0, cpuMs: 10 });
  return { starvation, isStarved: (now, cpuMs) => starvation.isStarved(since, { now, cpuMs: cpuMs + 10 }) };
}
/** It lives: its timer comes in time. */
function live(starvation: Starvation, from: number, to: number): void { for (let now = from + starvation.tickMs; now <= to; now += starvation.tickMs) starvation.tick(now); }

test('code that had the core all the time is not starved', () => {
  const { starvation, isStarved } = begun();
  starvation.began(0);
  live(starvation, 0, 500);
  expect(isStarved(500, 500)).toBe(false);
});

test('a turn in work that was kept from the core for more than a quarter of its time is starved', () => {
  const { starvation, isStarved } = begun();
  starvation.began(0);
  live(starvation, 0, 500);
  expect(isStarved(500, 400)).toBe(false);
  expect(isStarved(500, 350)).toBe(true);
});

test('turns that are over count as the one in work does', () => {
  const { starvation, isStarved } = begun();
  for (const from of [0, 200, 400]) {
    starvation.began(from);
    starvation.ended(from + 100);
  }
  live(starvation, 0, 500);
  expect(isStarved(500, 280)).toBe(false);
  expect(isStarved(500, 100)).toBe(true);
});

test('what another isolate of the process had does not hide that this one was kept from the core', () => {
  const { starvation, isStarved } = begun();
  for (let i = 0; i < 3; i++) starvation.began(0);
  live(starvation, 0, 500);
  expect(isStarved(500, 1400)).toBe(false);
  expect(isStarved(500, 300)).toBe(true);
});

test('code that waits is starved when the process stood still meanwhile', () => {
  const { starvation, isStarved } = begun();
  live(starvation, 0, 600);
  expect(isStarved(600, 5)).toBe(false);
  starvation.tick(900);
  live(starvation, 900, 1000);
  expect(isStarved(1000, 5)).toBe(true);
});

test('a process that stands still right now is starved already', () => {
  const { isStarved } = begun();
  expect(isStarved(20, 1)).toBe(false);
  expect(isStarved(500, 1)).toBe(true);
});

test('what was lost before a batch began is not counted for it', () => {
  const { starvation } = begun();
  starvation.began(0);
  starvation.tick(5000);
  const since = starvation.batchBegan({ now: 5000, cpuMs: 100 });
  live(starvation, 5000, 5500);
  expect(starvation.isStarved(since, { now: 5500, cpuMs: 580 })).toBe(false);
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
  expect(told.filter((text) => text.includes('too busy'))).toHaveLength(existsSync('/usr/bin/chrt') ? 1 : 0); // it does not go to and fro
}, 60_000);
