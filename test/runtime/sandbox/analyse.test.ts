import { describe, expect, test } from 'vitest';
import { analyse } from '../../../runtime/sandbox/analyse.ts';

function analysed(code: string): Exclude<ReturnType<typeof analyse>, { message: string }> {
  const found = analyse(code);
  if (!('source' in found)) throw new Error(found.message);
  return found;
}

describe('which keys cross, and which come back', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['return msg;', [], []],
    ['return { payload: 1 };', [], []],
    ['msg.payload = 1; return msg;', [], ['payload']],
    ['if (msg.a > 1) msg.b = 2; return msg;', ['a'], ['b']],
    ['return { payload: msg.a + msg["b c"].d };', ['a', 'b c'], []],
    ['msg.n++; return [null, msg];', ['n'], ['n']],
    ['msg.n += 1; return msg;', ['n'], ['n']],
    ['delete msg.gone; return msg;', ['gone'], ['gone']],
    ['const { a, b = 1 } = msg; return msg;', ['a', 'b'], ['a', 'b']],
    ['msg.payload.items.push(1); return msg;', ['payload'], ['payload']],
    ['const list = msg.payload; list.push(1); return msg;', ['payload'], ['payload']],
    ['msg.text = `${msg.payload.name} ${msg.topic?.trim()}`; return msg;', ['payload', 'topic'], ['text']],
    ['tag`${msg.payload}`; return msg;', ['payload'], ['payload']],
    ['msg.payload.name.split(","); return msg;', ['payload'], []],
    ['return msg.payload ? msg : null;', ['payload'], []],
    ['return msg.a || msg;', ['a'], ['a']],
    ['node.send(msg); node.send([null, [msg]]); node.error("x", msg);', [], []],
    ['msg = { payload: msg.a }; return msg;', ['a'], ['a']],
    ['const other = { msg: 1 }; other.msg; return msg;', [], []],
    ['msg.payload = msg.payload.map((each) => each + msg.rate); return msg;', ['payload', 'rate'], ['payload']],
  ])('%s', (code, cross, back) => { expect(analysed(code).keys).toEqual({ cross, back }); });

  test.each([
    'Object.assign(msg, { a: 1 }); return msg;', 'msg[msg.key] = 1; return msg;', 'return { ...msg };', 'const m = msg; return m;', 'const { a, ...rest } = msg; return rest;', 'return JSON.stringify(msg);', 'for (const key in msg) key;',
    'return [1].map(() => { return msg; });', 'const f = () => msg; return f();', 'arguments[0].a = 1; return msg;', 'return RED.util.cloneMessage(msg);', 'const node = { send() {} }; node.send(msg);', 'msg.hasOwnProperty("a"); return msg;',
    '[1].forEach((msg) => msg.a);', 'with (msg) { payload; }', 'const o = { msg }; return o;', 'return [...msg.list, ...msg];', 'const { ["a" + 1]: b } = msg;', 'node = { send: keep }; node.send(msg);', 'return await msg;',
  ])('everything, when the message goes where it cannot be followed: %s', (code) => { expect(analysed(code).keys).toBeNull(); });
});

describe('whether the code may still have something to do when it has returned', () => {
  test.each(['return msg;', 'const f = () => 1; return { payload: f() };', 'const o = { async: 1, then: 2 }; return o;', 'class A { get x() { return 1; } }', 'return { payload: crypto.createHash("md5").update("a").digest("hex") };', 'for (const x of [1]) x;'])('not: %s', (code) => { expect(analysed(code).plain).toBe(true); });
  test.each(['await 1;', 'const f = async () => 1;', 'return Promise.resolve(msg);', 'setTimeout(f, 1);', 'globalThis["Pro" + "mise"];', 'queueMicrotask(f);', 'for await (const x of []) x;', 'class A { async f() {} }', 'import("x");', 'crypto.subtle.digest("SHA-256", bytes).then(f);', 'crypto["sub" + "tle"];', 'const { subtle } = crypto;', 'const o = { async *f() {} };', 'this["Pro" + "mise"];'])('it may: %s', (code) => { expect(analysed(code).plain).toBe(false); });
});

describe('whether what the code gives may hang on the message’s id', () => {
  test.each(['return msg;', 'msg.n = Math.max(1, 2); return msg;', 'return RED.util.cloneMessage(msg);', 'RED.util.setMessageProperty(msg, "a", 1); return msg;', 'msg.sum = crypto.createHash("sha256").update(msg.payload).digest("hex"); return msg;', 'crypto.timingSafeEqual(a, b);'])('not: %s', (code) => { expect(analysed(code).usesId).toBe(false); });
  test.each(['Math.random();', 'Math["random"]();', 'const { random } = Math;', 'f(Math);', 'crypto.randomUUID();', 'crypto.randomBytes(8);', 'crypto[name]();', 'const { createHash } = crypto;', 'RED.util.generateId();', 'const { util } = RED;', 'RED["util"].x();', 'const u = RED.util;', 'RED.util[name]();', 'this.crypto;', 'globalThis.x;', 'msg._msgid;', 'msg["_msgid"];'])('it may: %s', (code) => { expect(analysed(code).usesId).toBe(true); });
});

describe('the function that is made of the code', () => {
  test('begins on a line before the code, so that lines are the user’s own', () => {
    expect(analysed('a();\nreturn msg;').source).toBe('(function (msg) {\na();\nreturn msg;\n})');
  });
  test('waits only when the code does so at its own level', () => {
    expect(analysed('await 1;').source).toMatch(/^\(async /);
    expect(analysed('const f = async () => { await 1; };').source).toMatch(/^\(function /);
  });
  test('declares what the code assigns without declaring it', () => {
    expect(analysed('out = {}; [a, { b: c = 1 }] = list; for (key in out) n++; return out;').source).toContain('(msg) { var out, a, c, key, n;\n');
    expect(analysed('let out; out = 1; function f(x) { x = 1; } try { } catch (e) { e = 1; } class C {} C = 1;').source).toContain('(msg) {\n');
  });
});

describe('setup code', () => {
  const prepared = (setup: string, code: string) => {
    const found = analyse(code, setup);
    return 'source' in found ? [found.setupNames, found.setup, found.source] : found;
  };
  test('gives the names that the code uses, as constants around it', () => {
    expect(prepared('const a = 1, { b } = { b: 2 }; function c() {} d = 4; class E {}', 'return { payload: [a, b, d] };')).toEqual([
      ['d', 'a', 'b'], '(function () { var d;\nconst a = 1, { b } = { b: 2 }; function c() {} d = 4; class E {}\nreturn [d, a, b];\n})', '(function () { const [d, a, b] = arguments[0]; return function (msg) {\nreturn { payload: [a, b, d] };\n}; })',
    ]);
  });
  test('what the code assigns is not taken from it', () => { expect(prepared('const a = 1;', 'a = 2; n = 1;')).toMatchObject([['a'], {}, '(function () { const [a] = arguments[0]; return function (msg) { var n;\na = 2; n = 1;\n}; })']); });
  test('blank is none', () => { expect(prepared(' \n', 'return msg;')).toEqual([[], null, '(function (msg) {\nreturn msg;\n})']); });
  test('nothing gets out of it', () => { expect(prepared('}); (function () {', 'return msg;')).toMatchObject({ inSetup: true, line: 1, column: 1 }); });
});

describe('code that cannot be read', () => {
  test.each<[string, number, number]>([['return a +;', 1, 11], ['\n  if (', 2, 7], ['}); (function () {', 1, 1], ['import x from "y";', 1, 1], ['const a = 1;\nconst a = 2;', 2, 7]])('%s', (code, line, column) => {
    expect(analyse(code)).toMatchObject({ line, column });
  });
});
