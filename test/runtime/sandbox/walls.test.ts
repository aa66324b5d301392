import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { SandboxFunction } from '../../../runtime/sdk/index.ts';
import { callBodies, callOnce, program, shown } from '../../suites/sandbox.suite.ts';

/** The code sees nothing of the host, and leaves nothing for the next message. */

let sandbox: SandboxSupervisor;
beforeAll(() => { sandbox = new SandboxSupervisor(); });
afterAll(() => sandbox.close());

/** What the expression gives inside, or how it failed. */
async function inside(expression: string): Promise<unknown> {
  const [result] = await callOnce(sandbox, `return { payload: ${expression} };`);
  const value = shown(result);
  return Array.isArray(value) ? (value as [[{ payload: unknown }]])[0][0].payload : value;
}

describe('nothing of the host is in reach', () => {
  test.each(['process', 'require', 'module', 'exports', '__dirname', 'fetch', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'eval', 'WeakRef', 'FinalizationRegistry', 'importScripts', 'Deno', 'ivm', 'gc', 'XMLHttpRequest', 'WebSocket', 'Worker', 'performance', 'boot', 'guest', 'harden'])(
    '%s does not exist', async (name) => { expect(await inside(`typeof ${name}`)).toBe('undefined'); });

  test.each([
    'Function("return this")()', '(0, Function)("return process")()', '[]["filter"]["constructor"]("return globalThis")()', '(async () => 0).constructor("return 1")()', '(function* () {}).constructor("yield 1")()',
    'Object.getPrototypeOf(async function* () {}).constructor("1")()', 'node.send.constructor("return process")()', 'setTimeout.constructor("return process")()', 'Reflect.construct(Function, ["return 1"])()', 'new (class extends Function {})("return 1")()',
    'Buffer.from.constructor("return process")()', 'crypto.randomUUID.constructor("return 1")()', 'RED.util.cloneMessage.constructor("return 1")()', 'msg.constructor.constructor("return process")()', '(() => {}).constructor.prototype.constructor("return 1")()',
  ])('no code is made from text: %s', async (expression) => { expect(await inside(expression)).toBe('function.threw'); });

  test.each<[string, unknown]>([
    ['globalThis.constructor.constructor === Function', true],
    ['Object.getOwnPropertyNames(globalThis).filter((name) => /^(process|require|global|module|ivm|_|\\$)/.test(name)).join()', 'globalThis,global'],
    ['(function () { return this === globalThis; })()', true],
    ['arguments.callee.caller', null],
    ['(() => { Error.prepareStackTrace = (_, frames) => frames; const { stack } = new Error("x"); return typeof stack; })()', 'string'],
    ['(() => { try { null.x; } catch (error) { return error.constructor.constructor === Function; } })()', true],
    ['(() => { try { (function f() { f(); })(); } catch (error) { return error instanceof RangeError; } })()', true],
    ['typeof new ArrayBuffer(8, { maxByteLength: 2 ** 31 }).resizable', 'undefined'],
    ['new (new Uint8Array(8).buffer.constructor)(8, { maxByteLength: 64 }).byteLength', 8],
    ['typeof new Uint8Array(8).buffer.resize', 'undefined'],
    ['typeof Array.fromAsync', 'undefined'],
    ['new Date(2020, 0).constructor.now()', 1_700_000_000_000],
    ['Date.prototype.constructor === Date', true],
    ['(() => { class Later extends Date {} return new Later().getTime(); })()', 1_700_000_000_000],
    ['Reflect.construct(Date, []).getTime()', 1_700_000_000_000],
    ['new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format() + new Intl.DateTimeFormat("en", { timeZone: "UTC" }).formatToParts().length', '11/14/20235'],
    ['isNaN(Date()) && Date().length > 10', true],
  ])('%s', async (expression, value) => { expect(await inside(expression)).toEqual(value); });

  test('import() gives nothing', async () => {
    const [result] = await callOnce(sandbox, 'const fs = await import("node:fs"); return { payload: fs };');
    expect(shown(result)).toBe('function.threw');
  });

  test('the guest’s own parts are not reached by what the code is called with', async () => {
    expect(await inside('(function () { "use strict"; return this === undefined; })() && Object.keys(this).length')).toBe(0);
    expect(await inside('typeof node.send.call({}, null) + typeof node.config + typeof node.wallNow')).toBe('undefinedundefinedundefined');
  });
});

describe('nothing lasts from message to message', () => {
  let fn: SandboxFunction | undefined;
  const twice = async (code: string): Promise<unknown[]> => {
    fn = await sandbox.open(program(code));
    const results = [...await callBodies(fn, [{ payload: 1 }]), ...await callBodies(fn, [{ payload: 1 }, { payload: 1 }])];
    await fn.close();
    return results.map((result) => (Array.isArray(shown(result)) ? (shown(result) as [[{ payload: unknown }]])[0][0].payload : shown(result)));
  };
  test.each<[string, unknown]>([
    ['globalThis.count = (globalThis.count ?? 0) + 1; return { payload: globalThis.count ?? "frozen" };', 'frozen'],
    ['count = typeof count === "undefined" || count === undefined ? 1 : count + 1; return { payload: count };', 1],
    ['Object.prototype.seen = (({}).seen ?? 0) + 1; return { payload: ({}).seen ?? "frozen" };', 'frozen'],
    ['Array.prototype.push = () => 0; const list = []; list.push(1); return { payload: list.length };', 1],
    ['JSON.stringify = () => "{}"; Object.keys = () => []; return { payload: JSON.stringify({ a: 1 }) };', '{"a":1}'],
    ['({}).__proto__.seen = 1; ({}).constructor.prototype.seen = 1; return { payload: ({}).seen ?? "frozen" };', 'frozen'],
    ['Object.defineProperty(Object.prototype, "payload", { get: () => "stolen" }); return msg;', 'function.threw'],
    ['Math.random = () => 4; Date.now = () => 4; return { payload: Math.random() !== 4 && Date.now() !== 4 };', true],
    ['node.id = "x"; node.send = null; env.get = null; return { payload: node.id };', 'calc'],
    ['arguments.callee.count = (arguments.callee.count ?? 0) + 1; return { payload: arguments.callee.count ?? "frozen" };', 'frozen'],
    ['Promise.prototype.then = () => 0; String.prototype.trim = () => "x"; return { payload: await Promise.resolve(" a ".trim()) };', 'a'],
    ['Buffer.prototype.toString = () => "x"; Buffer.extra = 1; return { payload: Buffer.from("a").toString() + Buffer.extra };', 'aundefined'],
    ['URL.prototype.seen = 1; (function* () {})().__proto__.__proto__.seen = 1; return { payload: new URL("http://a").seen ?? "frozen" };', 'frozen'],
    ['Symbol.iterator.description; [][Symbol.iterator]().__proto__.next = () => ({ done: true }); return { payload: [...[1, 2]].length };', 2],
    ['/a/.__proto__.exec = () => null; return { payload: /a/.test("a") };', true],
    ['Map.prototype.get = () => 1; Reflect.ownKeys = () => []; return { payload: new Map([["a", 2]]).get("a") };', 2],
  ])('%s', async (code, value) => { expect(await twice(code)).toEqual([value, value, value]); });

  test('own properties of the names of prototypes may still be set', async () => {
    const [result] = await callOnce(sandbox, 'const e = new Error("a"); e.name = "Own"; e.message = "b"; const o = {}; o.toString = () => "own"; o.constructor = 5; o.valueOf = 1; return { payload: [String(e), `${o}`, o.constructor] };');
    expect(shown(result)).toEqual([[{ payload: ['Own: b', 'own', 5] }]]);
  });
});

describe('the process', () => {
  test('has no environment but the time zone, and is the first that the kernel ends', async () => {
    await callOnce(sandbox, 'return msg;');
    const [pid] = sandbox.processes;
    if (process.platform !== 'linux' || pid === undefined) return;
    const proc = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');
    expect(proc('environ').split('\0').filter((entry) => entry !== '' && !entry.startsWith('TZ='))).toEqual([]);
    expect(proc('oom_score_adj').trim()).toBe('1000');
    expect(proc('cmdline')).toContain('--permission');
    if (process.getuid?.() === 0) expect(/^Uid:\s+(\d+)\s+(\d+)/m.exec(proc('status'))?.slice(1)).toEqual(['65534', '65534']);
  });
});
