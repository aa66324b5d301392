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
    'Buffer.from.constructor("return process")()', 'crypto.randomUUID.constructor("return 1")()', 'crypto.createHash("md5").update.constructor("return 1")()', 'RED.util.cloneMessage.constructor("return 1")()', 'msg.constructor.constructor("return process")()', '(() => {}).constructor.prototype.constructor("return 1")()',
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

  test.each(['node:fs', 'fs', './child.ts', 'data:text/javascript,export default 1', 'isolated-vm'])('import(%j) gives nothing, and the error is the guest’s own', async (name) => {
    const [result] = await callOnce(sandbox, `try { return { payload: await import(${JSON.stringify(name)}) }; } catch (error) { return { payload: [error.constructor.constructor === Function, Object.getPrototypeOf(Object.getPrototypeOf(error)) === Object.prototype || Object.getPrototypeOf(error) === Error.prototype] }; }`);
    expect(shown(result)).toEqual([[{ payload: [true, true] }]]);
  });

  test('all that can be reached from the global object is the guest’s own, frozen, and no reference to the host', async () => {
    const [result] = await callOnce(sandbox, `const seen = new Set(); const odd = []; const rest = [[globalThis, 'globalThis'], [msg.constructor, 'msg'], [node, 'node'], [setTimeout, 'setTimeout']];
      const add = (value, name) => { if ((typeof value === 'object' && value !== null) || typeof value === 'function') rest.push([value, name]); };
      const stack = Object.getOwnPropertyDescriptor(new Error(), 'stack'); add(stack.get, 'stack getter'); add(stack.set, 'stack setter');
      for (const made of [new Intl.Segmenter().segment('a'), new Intl.Segmenter().segment('a')[Symbol.iterator](), [].values().map((x) => x), 'a'.matchAll(/a/g), (function* () {}).prototype, (async function* () {}).prototype, new Map().keys(), new Set().keys(), Iterator.from({ next() {} })]) add(Object.getPrototypeOf(made), 'hidden');
      while (rest.length > 0) {
        const [value, name] = rest.pop();
        if (seen.has(value)) continue;
        seen.add(value);
        if (!Object.isFrozen(value)) odd.push(name);
        for (const word of ['applySync', 'derefInto', 'copySync', 'runSync', 'evalSync', 'mainModule', 'binding']) if (word in value) odd.push(name + ' has ' + word);
        if (typeof value === 'function' && value !== Function.prototype && !(value instanceof Function)) odd.push(name + ' is of another realm');
        add(Object.getPrototypeOf(value), name + '.__proto__');
        for (const key of Reflect.ownKeys(value)) { const own = Object.getOwnPropertyDescriptor(value, key); add(own.value, name + '.' + String(key)); add(own.get, name + '.get ' + String(key)); add(own.set, name + '.set ' + String(key)); }
      }
      return { payload: [odd.slice(0, 20), seen.size > 500] };`, [{ payload: 1 }], { timeoutMs: 5000 });
    expect(shown(result)).toEqual([[{ payload: [[], true] }]]);
  });

  test('a stack names nothing of the host', async () => {
    const stack = String(await inside('new Error("x").stack + (() => { try { null.x; } catch (error) { return error.stack; } })()'));
    expect(stack.split('\n').filter((line) => / at /.test(line) && !/\b(?:function|sandbox):\d+:\d+\)?/.test(line))).toEqual([]);
    expect(stack).not.toMatch(/file:|node:|\.ts|\/(?:work|tmp|home|usr|runtime)/);
  });

  test.each<[string, string, unknown]>([
    ['a body with a key __proto__ changes no prototype here', 'return JSON.parse(\'{"__proto__":{"polluted":1},"payload":{"__proto__":{"polluted":2},"constructor":{"prototype":{"polluted":3}}}}\');', undefined],
    ['nor one with tags', 'return Object.assign(JSON.parse(\'{"__proto__":{"polluted":1},"payload":{"__proto__":{"polluted":2}}}\'), { at: new Date(5) });', undefined],
    ['nor a changed key of the message', 'msg["__proto__"] = { polluted: 1 }; msg.payload = JSON.parse(\'{"__proto__":{"polluted":2}}\'); return msg;', undefined],
    ['nor a getter, which is only read inside', 'return { get payload() { return { then() { throw 1; } }; } };', undefined],
    ['nor a thenable', 'return { then(done) { done({ payload: JSON.parse(\'{"__proto__":{"polluted":2}}\') }); } };', undefined],
  ])('%s', async (_name, code) => {
    const [result] = await callOnce(sandbox, code);
    expect(result).toHaveProperty('outputs');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('text that looks like the sandbox’s own marks stays text', async () => {
    const [result] = await callOnce(sandbox, 'return { payload: "!{\\"$bytes\\":\\"AA==\\"}", w: "!x", p: { $date: 1 }, d: ["payload"], f: { c: "threw" } };');
    expect(shown(result)).toEqual([[{ payload: '!{"$bytes":"AA=="}', w: '!x', p: { $date: 1 }, d: ['payload'], f: { c: 'threw' } }]]);
  });

  test('an error of the code can claim no code of its own', async () => {
    const [result] = await callOnce(sandbox, 'const error = new Error("x"); error.sandbox = { code: "unavailable" }; error.code = "journal.full"; throw error;');
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
    fn = await sandbox.open(program(code, { timeoutMs: 5000 }));
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
    ['const hash = crypto.createHash("md5"); Object.getPrototypeOf(hash).update = () => 0; hash.constructor.seen = 1; crypto.createHash = null; return { payload: [crypto.createHash("md5").update("a").digest("hex"), crypto.Hash.seen ?? "frozen"].join() };', '0cc175b9c0f1b6a831c399e269772661,frozen'],
    ['URL.prototype.seen = 1; (function* () {})().__proto__.__proto__.seen = 1; return { payload: new URL("http://a").seen ?? "frozen" };', 'frozen'],
    ['Symbol.iterator.description; [][Symbol.iterator]().__proto__.next = () => ({ done: true }); return { payload: [...[1, 2]].length };', 2],
    ['/a/.__proto__.exec = () => null; return { payload: /a/.test("a") };', true],
    ['const last = RegExp.$1 + RegExp.lastMatch + RegExp["$`"]; /(p)ay/.test("to pay"); return { payload: last };', ''],
    ['const last = RegExp.input; RegExp.input = "kept"; return { payload: last };', ''],
    ['await 1; const last = RegExp.rightContext; await new Promise((next) => setTimeout(next, 1)); "a secret".replace(/a/, ""); return { payload: last };', ''],
    ['const { get } = Object.getOwnPropertyDescriptor(new Error(), "stack"); const was = get.seen ?? "none"; get.seen = 1; return { payload: was };', 'none'],
    ['const o = {}; Error.captureStackTrace(o); const { set } = Object.getOwnPropertyDescriptor(o, "stack"); const was = set.seen ?? "none"; set.seen = 1; return { payload: was };', 'none'],
    ['const p = Object.getPrototypeOf(new Intl.Segmenter().segment("a")); const was = p.seen ?? "none"; p.seen = 1; return { payload: was };', 'none'],
    ['const p = Object.getPrototypeOf(new Intl.Segmenter().segment("a")[Symbol.iterator]()); const was = p.seen ?? "none"; p.seen = 1; return { payload: was };', 'none'],
    ['Error.prepareStackTrace = () => "mine"; Error.stackTraceLimit = 0; const own = new Error("x").stack.includes("function:1"); return { payload: own };', true],
    ['const site = (strings) => strings; const list = site`a`; try { list.seen = 1; list.raw.seen = 1; } catch {} return { payload: list.seen ?? "frozen" };', 'frozen'],
    ['const sticky = /a/g; sticky.test("aa"); const last = sticky.lastIndex; return { payload: last };', 1],
    ['Symbol.for("kept").seen = 1; return { payload: Symbol.for("kept").seen ?? "none" };', 'none'],
    ['class Stamp extends (class { constructor(o) { return o; } }) { #seen = 1; static has(o) { return #seen in o; } } const was = Stamp.has(node); try { new Stamp(node); } catch {} return { payload: was };', false],
    ['(function deeper() { try { deeper(); } catch {} try { Buffer.seen = 1; URL.seen = 1; } catch {} })(); return { payload: Buffer.seen ?? "none" };', 'none'],
    ['Intl.DateTimeFormat.prototype.format = 1; Intl.NumberFormat.supportedLocalesOf = 1; new Intl.NumberFormat("en").format.seen = 1; return { payload: new Intl.NumberFormat("en").format.seen ?? "none" };', 'none'],
    ['env.get("x"); Object.assign(env, { seen: 1 }); return { payload: env.seen ?? "frozen" };', 'function.threw'],
    ['this["Pro" + "mise"].resolve().then(() => { node.send({ payload: "late" }); }); return new Promise((done) => setTimeout(done, 1));', 'late'],
    ['node.seen = 1; Object.setPrototypeOf(node, { seen: 1 }); return { payload: 1 };', 'function.threw'],
    ['Reflect.setPrototypeOf(globalThis, { seen: 1 }); Reflect.setPrototypeOf(Object.prototype, { seen: 1 }); return { payload: globalThis.seen ?? "frozen" };', 'frozen'],
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
