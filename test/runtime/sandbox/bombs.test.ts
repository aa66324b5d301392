import { readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
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
  ['a getter of the message that loops', 'Object.defineProperty(msg, "payload", { enumerable: true, get() { for (;;); } }); return msg;', ['function.timeout']],
  ['a promise whose then loops', 'return await { then() { for (;;); } };', ['function.timeout']],
  ['a thenable that gives thenables without end', 'const next = () => ({ then(done) { done(next()); } }); return await next();', ['function.timeout', 'function.memory']],
  ['a rejection that nobody handles', 'Promise.reject(new Error("late")); await 1;', ['function.threw']],
  ['a rejection after the return', 'setTimeout(async () => { throw new Error("late"); }, 1);', ['function.threw']],
  ['a rejection with what cannot be shown', 'Promise.reject({ get message() { throw 1; }, toString() { throw 2; } }); await new Promise((next) => setTimeout(next, 1));', ['function.threw']],
  ['a thrown proxy', 'throw new Proxy({}, { get() { throw new Error("trap"); }, getPrototypeOf() { for (;;); } });', ['function.threw', 'function.timeout']],
  ['a thrown nothing', 'throw undefined;', ['function.threw']],
  ['a revoked proxy', 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy;', ['function.result', 'function.threw']],
  ['a list that says it is endless', 'return new Proxy([], { get: (target, key) => (key === "length" ? 2 ** 32 : undefined) });', ['function.timeout', 'function.threw', 'function.result']],
  ['an iterator without an end', 'return { payload: [...{ *[Symbol.iterator]() { for (;;) yield 1; } }] };', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['a toJSON that sends', 'return { payload: { toJSON() { for (;;) node.send({ payload: 1 }); } } };', ['function.output-too-large', 'function.timeout']],
  ['a toJSON that grows', 'const more = (n) => ({ toJSON: () => [more(n + 1), more(n + 1)] }); return { payload: more(0) };', ['function.result', 'function.timeout', 'function.memory', 'function.crashed']],
  ['a huge result', 'return { payload: "x".repeat(5_000_000) };', ['function.output-too-large', 'function.memory']],
  ['a huge list as result', 'return { payload: new Array(2_000_000).fill("abc") };', ['function.output-too-large', 'function.memory', 'function.timeout']],
  ['a sparse list as result', 'return { payload: new Array(2 ** 32 - 1) };', ['function.result', 'function.memory', 'function.timeout', 'function.crashed']],
  ['a flood of node.send', 'for (;;) node.send({ payload: 1 });', ['function.output-too-large', 'function.timeout']],
  ['a flood of node.send that catches', 'for (;;) try { node.send({ payload: 1 }); } catch {}', ['function.timeout']],
  ['a flood of node.status', 'for (;;) node.status({ fill: "red", text: "x".repeat(1000) });', ['function.timeout']],
  ['a flood of node.error', 'for (;;) node.error(new Error("x"), msg);', ['function.timeout', 'function.memory']],
  ['a flood of context', 'for (;;) context.set(String(Math.random()), 1);', ['function.threw']],
  ['a storm of async functions', 'const f = async () => { await 1; f(); f(); }; await f(); await new Promise(() => {});', ['function.timeout', 'function.memory', 'function.crashed']],
  ['queueMicrotask without end', 'const again = () => queueMicrotask(again); again(); await 1;', ['function.timeout', 'function.memory']],
  ['timers that set timers', 'const again = () => { setTimeout(again, 0); setTimeout(again, 0); }; again(); await new Promise(() => {});', ['function.threw', 'function.timeout']],
  ['a loop in the finally of an async function', 'try { await 1; } finally { for (;;); }', ['function.timeout']],
  ['a for await without an end', 'for await (const each of { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false }) }) }) each;', ['function.timeout', 'function.memory']],
  ['mutual recursion through JSON', 'const a = { toJSON: () => JSON.stringify(a) }; JSON.stringify(a);', ['function.threw', 'function.timeout']],
  ['recursion through a getter', 'const o = { get x() { return this.x; } }; o.x;', ['function.threw', 'function.timeout']],
  ['recursion through a proxy', 'const p = new Proxy({}, {}); Object.setPrototypeOf(p, p); p.x;', ['function.threw', 'function.timeout', 'function.crashed']],
  ['deep JSON', 'return { payload: JSON.parse("[".repeat(2_000_000) + "]".repeat(2_000_000)) };', ['function.threw', 'function.result', 'function.memory', 'function.timeout', 'function.crashed']],
  ['a regular expression that backtracks in replace', '("x".repeat(30_000) + "y").replace(/(x+x+)+z/g, "");', ['function.timeout']],
  ['a regular expression that backtracks in split', '"a".repeat(60).split(/(a|aa)+$b/); for (let i = 0; i < 1e9; i++) ("a".repeat(5000) + "!").match(/(a|a)*$/);', ['function.timeout', 'function.threw']],
  ['a regular expression of huge size', 'new RegExp("(".repeat(1e6) + ")".repeat(1e6));', ['function.threw', 'function.memory', 'function.timeout', 'function.crashed']],
  ['a huge big integer as text', 'return { payload: String(7n ** 5_000_000n).length };', ['function.timeout', 'function.memory', 'function.threw', 'function.crashed']],
  ['a shift of a big integer', '1n << 2n ** 62n;', ['function.memory', 'function.threw']],
  ['an endless Set', 'const all = new Set(); for (let i = 0; ; i++) all.add({ i });', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['an object with endless keys', 'const all = {}; for (let i = 0; ; i++) all["k" + i] = i;', ['function.memory', 'function.timeout', 'function.crashed']],
  ['endless symbols', 'for (let i = 0; ; i++) Symbol.for("x".repeat(100) + i);', ['function.memory', 'function.timeout', 'function.crashed']],
  ['endless closures', 'let f = () => 0; for (;;) { const g = f; f = () => g; }', ['function.memory', 'function.timeout', 'function.crashed']],
  ['repeat of a repeat', '"x".repeat(2 ** 29 - 30).repeat(3);', ['function.memory', 'function.threw']],
  ['padStart', '"".padStart(2 ** 29 - 30, "ab").split("");', ['function.memory', 'function.timeout', 'function.crashed']],
  ['join of what is empty', 'new Array(2 ** 28).join("ab");', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['a typed array over the limit', 'new Float64Array(2 ** 28).fill(1);', ['function.memory', 'function.threw']],
  ['buffers by Buffer', 'const all = []; for (;;) all.push(Buffer.alloc(10_000_000, 1));', ['function.memory', 'function.timeout']],
  ['base64 of much', 'let text = "x".repeat(1000); for (;;) text = btoa(text);', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['a copy of a copy', 'let value = [1]; for (;;) value = structuredClone([value, value]);', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['a long locale comparison', 'const a = "ä".repeat(2_000_000); for (;;) a.localeCompare(a + "b", "de");', ['function.timeout', 'function.memory']],
  ['normalising much', 'let text = "\\ufdfa".repeat(10_000); for (;;) text = (text + text).normalize("NFKD");', ['function.memory', 'function.timeout', 'function.crashed', 'function.threw']],
  ['formats without end', 'const all = []; for (;;) all.push(new Intl.DateTimeFormat("en"));', ['function.memory', 'function.timeout', 'function.crashed']],
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
  const own = new SandboxSupervisor();
  const fn = await own.open(program('if (msg.payload === 1) { const map = new Map(); for (let i = 0; ; i++) map.set(i, "x".repeat(100) + i); }\nreturn msg;', { timeoutMs: 2000, memoryMb: 64 }));
  const bombed = await callBodies(fn, [{ payload: 1 }]);
  const [serving] = own.processes;
  const again = await callBodies(fn, [{ payload: 1 }, { payload: 2 }]);
  expect([...bombed, ...again].map(shown)).toEqual([expect.stringMatching(/^function\.(memory|timeout)$/), expect.stringMatching(/^function\.(memory|timeout)$/), [[{ payload: 2 }]]]);
  expect(own.processes[0]).toBe(serving);
  expect((await callBodies(fn, Array.from({ length: 100 }, () => ({ payload: 3 })))).map(shown)).toEqual(Array.from({ length: 100 }, () => [[{ payload: 3 }]]));
  await own.close();
}, 60_000);

test('a function whose code did not end goes on in a process of its own kind, which yields to the others', async () => {
  const own = new SandboxSupervisor();
  const fn = await own.open(program('if (msg.payload === 1) for (;;);\nreturn msg;', { timeoutMs: 100 }));
  expect((await callBodies(fn, [{ payload: 1 }])).map(shown)).toEqual(['function.timeout']);
  const [serving] = own.processes;
  expect((await callBodies(fn, [{ payload: 2 }])).map(shown)).toEqual([[[{ payload: 2 }]]]);
  expect(own.processes).toEqual([serving, expect.any(Number)]);
  expect(own.processes.map((pid) => getPriority(pid))).toEqual([getPriority(), constants.priority.PRIORITY_BELOW_NORMAL]);
  await own.close();
}, 20_000);

test('a process that is killed is replaced, and what was in it is done', async () => {
  const own = new SandboxSupervisor();
  const fn = await own.open(program('await new Promise((next) => setTimeout(next, 50)); return msg;', { timeoutMs: 5000 }));
  await callBodies(fn, [{ payload: 0 }]);
  const before = own.processes;
  const results = callBodies(fn, Array.from({ length: 10 }, (_, payload) => ({ payload })));
  for (const pid of before) process.kill(pid, 'SIGKILL');
  expect((await results).map(shown)).toEqual(Array.from({ length: 10 }, (_, payload) => [[{ payload }]]));
  expect(own.processes.some((pid) => before.includes(pid))).toBe(false);
  await own.close();
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
