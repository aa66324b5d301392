import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../runtime/clock.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { SandboxFunction } from '../../../runtime/sdk/index.ts';
import { callBodies, program, shown } from '../../suites/sandbox.suite.ts';

/** A bomb hurts only its own message: the others of its batch have their results, and the next message is through within two seconds. */

const NEXT_WITHIN_MS = 2000;
const HOST_GROWS_AT_MOST = 64 * 2 ** 20;
const SHORT_MS = 150;
const LONG_MS = 5000; // the limit is of time, not of computing: on a machine under load a bomb may need long until it hits another wall

let sandbox: SandboxSupervisor;
let neighbour: SandboxFunction;
beforeAll(async () => {
  sandbox = new SandboxSupervisor();
  neighbour = await sandbox.open(program('msg.payload = msg.payload + 1; return msg;', { flow: 'another', node: { id: 'n', name: '' } }));
  await callBodies(neighbour, [{ payload: 0 }]);
});
afterAll(() => sandbox.close());

async function explode(bomb: string, timeoutMs: number): Promise<{ readonly results: readonly unknown[]; readonly nextMs: number; readonly hostGrew: number }> {
  const fn = await sandbox.open(program(`if (msg.payload === 2) { ${bomb} }\nreturn msg;`, { timeoutMs, memoryMb: 16 }));
  const before = process.memoryUsage.rss();
  const results = await callBodies(fn, Array.from({ length: 5 }, (_, payload) => ({ payload })));
  const hostGrew = process.memoryUsage.rss() - before;
  const start = systemClock.elapsed();
  const next = await Promise.all([callBodies(fn, [{ payload: 9 }]), callBodies(neighbour, [{ payload: 9 }])]);
  const nextMs = systemClock.elapsed() - start;
  expect(next.map(([result]) => shown(result))).toEqual([[[{ payload: 9 }]], [[{ payload: 10 }]]]);
  await fn.close();
  return { results: results.map(shown), nextMs, hostGrew };
}

describe.each<[string, string, readonly string[]]>([
  ['an endless loop', 'for (;;);', ['function.timeout']],
  ['an endless loop that catches', 'for (;;) try { for (;;); } finally { continue; }', ['function.timeout']],
  ['a regular expression that backtracks', '/^(a+)+$/.test("a".repeat(40) + "!");', ['function.timeout']],
  ['a loop after an await', 'await 1; for (;;);', ['function.timeout']],
  ['a loop after a timer', 'await new Promise((next) => setTimeout(next, 2)); for (;;);', ['function.timeout']],
  ['a loop in a timer', 'setTimeout(() => { for (;;); }, 1); await new Promise(() => {});', ['function.timeout']],
  ['a storm of microtasks', 'const again = () => Promise.resolve().then(again); await again();', ['function.timeout', 'function.memory']],
  ['a promise that never settles', 'await new Promise(() => {});', ['function.timeout']],
  ['an interval that never ends', 'setInterval(() => {}, 1); return;', ['function.timeout']],
  ['a flood of timers', 'for (;;) setTimeout(() => {}, 100_000);', ['function.threw']],
  ['endless recursion', '(function f() { f(); })();', ['function.threw']],
  ['recursion that catches', '(function f() { try { f(); } finally { f(); } })();', ['function.timeout', 'function.threw']],
  ['a result whose getter loops', 'return { get payload() { for (;;); } };', ['function.timeout']],
  ['a result whose toJSON loops', 'return { payload: { toJSON() { for (;;); } } };', ['function.timeout']],
  ['a result that is a trap', 'return new Proxy({}, { ownKeys() { for (;;); } });', ['function.timeout']],
  ['a thrown error whose stack loops', 'throw { get stack() { for (;;); } };', ['function.timeout']],
  ['a thrown error whose message is huge', 'throw new Error("x".repeat(20_000_000));', ['function.threw', 'function.memory']],
  ['a very deep result', 'let deep = {}; for (let i = 0; i < 100_000; i++) deep = { deep }; return deep;', ['function.result', 'function.memory', 'function.timeout']],
  ['a flood of logs', 'for (;;) node.log("x".repeat(100_000));', ['function.timeout']],
  ['an endless list', 'const list = []; for (;;) list.push(new Array(1000).fill(1));', ['function.memory', 'function.timeout']],
  ['Array.fill', 'new Array(2 ** 32 - 1).fill(0);', ['function.memory', 'function.timeout', 'function.crashed']],
  ['an endless Map', 'const map = new Map(); for (let i = 0; ; i++) map.set(i, i);', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['push of itself', 'const list = [1, 2, 3]; for (;;) list.push(...list);', ['function.threw', 'function.memory', 'function.timeout', 'function.crashed']],
  ['doubling of a text', 'let text = "ab"; for (;;) text += text;', ['function.memory']],
  ['doubling of a text that is flattened', 'let text = "ab"; for (;;) { text += text; /x$/.test(text); }', ['function.memory', 'function.timeout', 'function.crashed']],
  ['squaring of a big integer', 'let big = 3n; for (;;) big *= big;', ['function.memory', 'function.timeout', 'function.crashed']],
  ['large buffers', 'const all = []; for (;;) all.push(new Uint8Array(10_000_000).fill(1));', ['function.memory']],
  ['one huge buffer', 'new ArrayBuffer(8_000_000_000);', ['function.memory']],
  ['a huge power', 'return { payload: String(2n ** 100_000_000n).length };', ['function.memory', 'function.timeout', 'function.crashed']],
  ['a sort of much', 'const all = []; for (let i = 0; i < 3_000_000; i++) all.push(String(-i)); all.sort(); for (;;) all.sort();', ['function.memory', 'function.timeout']],
])('%s', (_name, bomb, codes) => {
  test('fails its own message only, and the next is through', async () => {
    const { results, nextMs, hostGrew } = await explode(bomb, codes.includes('function.timeout') ? SHORT_MS : LONG_MS);
    expect(results.map((result, payload) => (payload === 2 ? codes.includes(String(result)) || result : result))).toEqual([[[{ payload: 0 }]], [[{ payload: 1 }]], true, [[{ payload: 3 }]], [[{ payload: 4 }]]]);
    expect(nextMs).toBeLessThan(NEXT_WITHIN_MS);
    expect(hostGrew).toBeLessThan(HOST_GROWS_AT_MOST);
  }, 30_000);
});

test('a function that has ended the process goes on apart from the others, until it shows itself harmless', async () => {
  const fn = await sandbox.open(program('if (msg.payload === 1) { const map = new Map(); for (let i = 0; ; i++) map.set(i, "x".repeat(100) + i); }\nreturn msg;', { timeoutMs: 2000, memoryMb: 64 }));
  const bombed = await callBodies(fn, [{ payload: 1 }]);
  const [serving] = sandbox.processes;
  const again = await callBodies(fn, [{ payload: 1 }, { payload: 2 }]);
  expect([...bombed, ...again].map(shown)).toEqual([expect.stringMatching(/^function\.(memory|timeout)$/), expect.stringMatching(/^function\.(memory|timeout)$/), [[{ payload: 2 }]]]);
  expect(sandbox.processes[0]).toBe(serving);
  expect((await callBodies(fn, Array.from({ length: 100 }, () => ({ payload: 3 })))).map(shown)).toEqual(Array.from({ length: 100 }, () => [[{ payload: 3 }]]));
  await fn.close();
}, 60_000);

test('a process that is killed is replaced, and what was in it is done', async () => {
  const fn = await sandbox.open(program('await new Promise((next) => setTimeout(next, 50)); return msg;', { timeoutMs: 5000 }));
  await callBodies(fn, [{ payload: 0 }]);
  const before = sandbox.processes;
  const results = callBodies(fn, Array.from({ length: 10 }, (_, payload) => ({ payload })));
  for (const pid of before) process.kill(pid, 'SIGKILL');
  expect((await results).map(shown)).toEqual(Array.from({ length: 10 }, (_, payload) => [[{ payload }]]));
  expect(sandbox.processes.some((pid) => before.includes(pid))).toBe(false);
  await fn.close();
}, 20_000);

test('what stops all processes of a terminal or a service at once lets calls under way end', async () => {
  const fn = await sandbox.open(program('await new Promise((next) => setTimeout(next, 50)); return msg;', { timeoutMs: 5000 }));
  await callBodies(fn, [{ payload: 0 }]);
  const before = sandbox.processes;
  const results = callBodies(fn, [{ payload: 1 }]);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) for (const pid of before) process.kill(pid, signal);
  expect((await results).map(shown)).toEqual([[[{ payload: 1 }]]]);
  expect(sandbox.processes).toEqual(before);
  await fn.close();
}, 20_000);

test('a process that cannot be started is told to the messages, for them to be tried again', async () => {
  const said: string[] = [];
  const own = new SandboxSupervisor({ program: '/bin/false', log: (_level, text) => { said.push(text); } });
  const fn = await own.open(program('return msg;'));
  expect((await callBodies(fn, [{ payload: 1 }, { payload: 2 }])).map(shown)).toEqual(['sandbox.unavailable', 'sandbox.unavailable']);
  expect(said[0]).toContain('could not be started: ended with code 1');
  await own.close();
});

test('closing ends every process', async () => {
  const own = new SandboxSupervisor();
  const fn = await own.open(program('return msg;'));
  await callBodies(fn, [{ payload: 1 }]);
  const [pid] = own.processes;
  await own.close();
  await expect.poll(() => alive(pid)).toBe(false);
});

function alive(pid: number | undefined): boolean {
  try {
    // A killed process that nobody has waited for yet is a zombie, which runs no more.
    return pid !== undefined && process.kill(pid, 0) && (process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z '));
  } catch {
    return false;
  }
}
