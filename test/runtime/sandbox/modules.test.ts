import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { SandboxFunction, SandboxProgram, SandboxResult } from '../../../runtime/sdk/index.ts';
import { commonJs, esModule, modulesOf } from '../../kit/module-folder.ts';
import { callBodies, program, shown } from '../../suites/sandbox.suite.ts';

/** Modules inside the sandbox: they work as the code does, and let nothing last. */

const opened: SandboxSupervisor[] = [];
let files: { [path: string]: string };
beforeEach(() => { files = {}; });
afterAll(() => Promise.all(opened.map((each) => each.close())));

function doorOf(real: readonly string[] = []): SandboxSupervisor {
  const door = new SandboxSupervisor({ modules: modulesOf(files, real) });
  opened.push(door);
  return door;
}
const open = (code: string, more: Partial<SandboxProgram> = {}, real: readonly string[] = []): Promise<SandboxFunction> => doorOf(real).open(program(code, { timeoutMs: 2000, modules: [{ module: 'a', name: 'a' }], ...more }));
/** Its results for so many messages. */
async function run(code: string, count = 1, more: Partial<SandboxProgram> = {}): Promise<readonly SandboxResult[]> {
  return await callBodies(await open(code, more), Array.from({ length: count }, (_, payload) => ({ payload })));
}
const payloads = (results: readonly SandboxResult[]): unknown[] => results.map((result) => { const given = shown(result); return Array.isArray(given) ? (given as [[{ payload: unknown }]])[0]?.[0]?.payload : given; });
const refusal = async (more: Partial<SandboxProgram> = {}): Promise<unknown> => open('return msg;', more).catch((error: unknown) => error);

describe('what modules can do', () => {
  test.each<[string, string, string, unknown]>([
    ['a value', 'module.exports = { twice: (n) => n * 2 };', 'msg.payload = a.twice(21); return msg;', 42],
    ['a class', 'module.exports = class { constructor(n) { this.n = n; } get next() { return this.n + 1; } };', 'return { payload: new a(1).next };', 2],
    ['a class as it was once written', 'function Old() {} Old.prototype = Object.create(Array.prototype); Old.prototype.toString = () => "old"; Old.bind = 1; Old.prototype.push = () => "pushed"; module.exports = Old;', 'return { payload: String(new a()) + a.bind + new a().push(1) };', 'old1pushed'],
    ['the message’s clock and chance', 'module.exports = () => [Date.now(), Math.random() < 1];', 'return { payload: a() };', [1_700_000_000_000, true]],
    ['promises', 'module.exports = async () => { await null; return "later"; };', 'return { payload: await a() };', 'later'],
    ['a promise that the code returns', 'module.exports = () => Promise.resolve({ payload: "later" });', 'return a();', 'later'],
    ['timers', 'module.exports = (ms, call) => { setTimeout(call, ms); };', 'a(1, () => { node.send({ payload: "sent" }); });', 'sent'],
    ['bytes', 'const { Buffer } = require("buffer"); module.exports = (text) => Buffer.from(text).toString("base64");', 'return { payload: a("hi") };', 'aGk='],
    ['the global object', 'module.exports = [globalThis, global, self].every((each) => each.Object === Object && each.globalThis === each);', 'return { payload: a };', true],
    ['what old wrappers look for', '(function (root, make) { if (typeof exports === "object" && typeof module !== "undefined") module.exports = make(); else (typeof globalThis !== "undefined" ? globalThis : root || self).a = make(); })(this, function () { return 7; });', 'return { payload: a };', 7],
  ])('%s', async (_, source, code, payload) => {
    files = commonJs('a', source);
    expect(payloads(await run(code))).toEqual([payload]);
  });

  test('several modules under names of their own, and in setup code', async () => {
    files = { ...commonJs('a', 'module.exports = { rate: 2 };'), ...esModule('b', 'export const by = (n) => n * 10; export default by;') };
    const modules = [{ module: 'a', name: '$a' }, { module: 'b', name: 'десять' }];
    expect(payloads(await run('return { payload: [rate, $a.rate, десять(2)] };', 1, { setup: 'const rate = десять($a.rate);', modules }))).toEqual([[20, 2, 20]]);
  });

  test('a real package gives what it gives in Node', async () => {
    const fn = await open('return { payload: a(msg.payload) };', { modules: [{ module: 'ms', name: 'a' }] }, ['ms']);
    expect(payloads(await callBodies(fn, [{ payload: '2 days' }, { payload: 60_000 }]))).toEqual([172_800_000, '1m']);
  });

  test('old functions that a module is given do not lead it to a message of which only some keys came', async () => {
    files = commonJs('a', 'module.exports = (f) => { try { return Object.keys(f.caller.arguments[0]); } catch { return "none"; } };');
    const bodies = [{ payload: 1, other: 2 }];
    expect(payloads(await callBodies(await open('function old() { return a(old); } msg.payload = old(); return msg;'), bodies))).toEqual(['none']);
    expect(payloads(await callBodies(await open('function old() { return a(old); } msg.payload = arguments.length && old(); return msg;'), bodies))).toEqual([['payload', 'other']]);
  });
});

describe('nothing lasts from message to message', () => {
  test.each<[string, string, string]>([
    ['a counter', 'let n = 0; module.exports = () => ++n;', 'return { payload: a() };'],
    ['what is set on the module', 'module.exports = {};', 'a.n = (a.n ?? 0) + 1; return { payload: a.n };'],
    ['what a map holds', 'const seen = new Map(); module.exports = () => seen.set(seen.size, 1).size;', 'return { payload: a() };'],
    ['where an expression was', 'const every = /x/g; module.exports = () => { every.test("xx"); return every.lastIndex; };', 'return { payload: a() };'],
    ['what a generator gave', 'const all = (function* () { let n = 0; while (true) yield ++n; })(); module.exports = () => all.next().value;', 'return { payload: a() };'],
    ['what a class counts', 'class A { static n = 0; constructor() { A.n++; } } module.exports = A;', 'new a(); return { payload: a.n };'],
    ['a setting of the module', 'let locale = "en"; module.exports = { get locale() { return locale; }, set: (to) => { locale = to; } };', 'const before = a.locale; a.set("ru"); return { payload: before === "en" ? 1 : 2 };'],
    ['after an await', 'let n = 0; module.exports = async () => ++n;', 'await null; return { payload: await a() };'],
  ])('%s', async (_, source, code) => {
    files = commonJs('a', source);
    expect(payloads(await run(code, 3))).toEqual([1, 1, 1]);
  });

  test('messages that wait beside one another have modules of their own', async () => {
    files = commonJs('a', 'let held; module.exports = { set: (to) => { held = to; }, get: () => held };');
    expect(payloads(await run('a.set(msg.payload); await new Promise((next) => setTimeout(next, 20 - msg.payload)); return { payload: a.get() };', 4))).toEqual([0, 1, 2, 3]);
  });

  test('a module is loaded only for messages whose code names it', async () => {
    files = commonJs('a', 'console.log("loaded"); module.exports = 1;');
    expect((await run('if (msg.payload === 1) node.log(String(a + a)); return msg;', 3)).map(({ logs }) => logs.map(({ text }) => text))).toEqual([[], ['loaded', '2'], []]);
  });

  test('the same message gives the same on another attempt, in another sandbox', async () => {
    files = commonJs('a', 'const id = Math.random(); const at = new Date(); module.exports = () => [id, at.getTime(), Math.random(), crypto.randomUUID()];');
    const code = 'return { payload: a() };';
    const [first, again] = [await run(code, 3), await run(code, 3)];
    expect(payloads(again)).toEqual(payloads(first));
    expect(new Set(payloads(first).map((each) => JSON.stringify(each))).size).toBe(3);
  });

  test.each<[string, string]>([
    ['a prototype', 'Array.prototype.last = function () { return this.at(-1); };'],
    ['a function of the language', 'Object.keys = () => ["patched"];'],
    ['the global object', 'globalThis.shared = 1;'],
    ['what is not declared', 'shared = 1;'],
    ['the errors of everybody', 'Error.prepareStackTrace = () => "patched";'],
    ['the console', 'console.log = () => undefined;'],
  ])('a module that changes %s cannot be loaded', async (_, source) => {
    files = commonJs('a', source);
    expect(await refusal()).toMatchObject({ code: 'function.modules', details: { field: 'modules', module: 'a/index.js:1' } });
  });

  test('a module can change a prototype as little when a message comes', async () => {
    files = commonJs('a', 'module.exports = () => { try { Array.prototype.last = 1; } catch (error) { return `${error.name} ${"last" in []}`; } };');
    expect(payloads(await run('return { payload: a() };', 2))).toEqual(['TypeError false', 'TypeError false']);
  });
});

describe('nothing of the host is in reach of a module', () => {
  test.each<[string, unknown]>([
    ['typeof process', 'undefined'], ['typeof require("module")', /module, which only Node itself has/], ['require("fs")', /fs, which only Node itself has/], ['process.binding("fs")', /process is not defined/],
    ['require("o" + "s")', /asks for "os" by a name that it makes/], ['Function("return this")()', /making code from text/], ['eval("1")', /eval is not defined/], ['[].map.constructor("return process")()', /making code from text/],
    ['new WebAssembly.Module(new Uint8Array(8))', /WebAssembly is not defined/], ['typeof SharedArrayBuffer', 'undefined'], ['typeof fetch', 'undefined'], ['(function () { return this; })()', undefined],
    ['typeof globalThis.node + typeof globalThis.flow + typeof node', 'undefinedundefinedundefined'], ['(function f() { return f.caller; })()', /caller/],
  ])('%s', async (expression, value) => {
    files = commonJs('a', `module.exports = () => (${expression});`);
    const [result] = await run('let got; try { got = a(); } catch (error) { got = error.message; } return { payload: got };');
    const [given] = payloads(result ? [result] : []);
    if (value instanceof RegExp) expect(given).toMatch(value);
    else expect(given).toEqual(value);
  });
});

describe('what is refused at a deploy', () => {
  test.each<[string, string, RegExp]>([
    ['throws', 'function f() {\n  throw new RangeError("no luck");\n}\nf();', /in the module’s file a\/index.js:2: RangeError: no luck/],
    ['never ends', 'while (true);', /did not end within 1000 ms/],
    ['takes all memory', 'const all = []; while (true) all.push(new Array(100000).fill(1));', /needed more memory/],
    ['sets a timer while it loads', 'setTimeout(() => 0, 1);', /setTimeout is not available to a module while it loads/],
    ['needs Node while it loads', 'const fs = require("fs");', /fs, which only Node itself has/],
  ])('a module that %s', async (_, source, message) => {
    files = commonJs('a', source);
    expect(await refusal()).toMatchObject({ code: 'function.modules', text: { en: expect.stringMatching(message) as string, ru: expect.stringMatching(/[а-я]/) as string } });
  });

  test.each<[string, RegExp]>([['1a', /cannot be a name/], ['a b', /cannot be a name/], ['class', /cannot be a name/], ['', /cannot be a name/], ['a){', /cannot be a name/], ['msg', /already something/], ['Buffer', /already something/], ['node', /already something/], ['require', /already something/], ['fetch', /already something/]])('the name %j', async (name, message) => {
    files = commonJs('a', '');
    expect(await refusal({ modules: [{ module: 'a', name }] })).toMatchObject({ code: 'function.modules', text: { en: expect.stringMatching(message) as string }, details: { field: 'modules', module: 'a' } });
  });

  test('a name for two modules, a module that is not allowed, and any where none is', async () => {
    files = commonJs('a', '');
    expect(await refusal({ modules: [{ module: 'a', name: 'x' }, { module: 'a', name: 'x' }] })).toMatchObject({ code: 'function.modules', text: { en: expect.stringMatching(/two modules are called x/) as string } });
    expect(await refusal({ modules: [{ module: 'b', name: 'x' }] })).toMatchObject({ code: 'function.modules', text: { en: expect.stringMatching(/b is not allowed/) as string } });
    const without = new SandboxSupervisor();
    opened.push(without);
    await expect(without.open(program('return msg;', { modules: [{ module: 'a', name: 'a' }] }))).rejects.toMatchObject({ code: 'function.modules' });
  });

  test.each<[string, string, number, number]>([
    ['require', 'const x = 1;\nconst lib = require("lodash");\nreturn msg;', 2, 13],
    ['import', '\nimport lib from "lodash";\nreturn msg;', 2, 1],
  ])('%s in the code, with where modules are named', async (_, code, line, column) => {
    files = commonJs('a', '');
    for (const [program_, kind] of [[{ code }, 'syntax'], [{ code: 'return msg;', setup: code.replace('\nreturn msg;', '') }, 'setup']] as const) {
      for (const language of ['javascript', 'typescript'] as const) await expect(doorOf().open(program(program_.code, { ...program_, language }))).rejects.toMatchObject({ code: `function.${kind}`, text: { en: expect.stringMatching(/Modules/) as string }, details: { line, column } });
    }
  });
});

test('messages of the same moment have chance of their own in a module, although the code names none', async () => {
  files = commonJs('a', 'module.exports = () => Math.random();');
  const fn = await open('return { payload: a() };');
  expect(new Set(payloads(await fn.call(['x', 'y', 'z'].map((id) => ({ id, nowMs: 1, body: {} }))))).size).toBe(3);
});

test('a failure in a module names its file, and the line of the code that called it', async () => {
  files = commonJs('a', 'exports.check = (value) => {\n  if (value === 0) throw new TypeError("not a nought");\n  return value;\n};');
  const [failed, well] = await run('const given = msg.payload;\nreturn { payload: a.check(given) };', 2);
  expect(failed).toMatchObject({ failure: { code: 'function.threw', text: { en: 'The code threw at line 2, column 21, in the module’s file a/index.js:2: TypeError: not a nought' }, details: { line: 2, column: 21, module: 'a/index.js:2' } } });
  expect(payloads(well ? [well] : [])).toEqual([1]);
});

test('a module that does not end fails only its message', async () => {
  files = commonJs('a', 'module.exports = (n) => { while (n === 1); return n; };');
  expect(payloads(await run('return { payload: a(msg.payload) };', 3, { timeoutMs: 300 }))).toEqual([0, 'function.timeout', 2]);
});

test('code with modules crosses by itself, in a row too', async () => {
  files = commonJs('a', 'module.exports = 1;');
  const door = doorOf();
  const [one, two] = [await door.open(program('return { payload: a };', { modules: [{ module: 'a', name: 'a' }] })), await door.open(program('return msg;'))];
  expect(door.fuse([one, two])).toBeUndefined();
});
