import { beforeAll, describe, expect, test } from 'vitest';
import russian from 'typescript/lib/ru/diagnosticMessages.generated.json';
import guest from '../../../../editor/shared/typing/guest.d.ts?raw';
import { libTexts } from '../../../../editor/shared/typing/lib-texts.ts';
import type { NodeCode } from '../../../../editor/shared/typing/protocol.ts';
import { TypeService } from '../../../../editor/shared/typing/type-service.ts';

/** The language service over files in memory, as the worker has it. */

let service: TypeService;
beforeAll(() => { service = new TypeService({ libs: libTexts, guest, language: 'en' }); });

const MESSAGE = 'payload: { name: string; count: number; items?: { price: number; [key: string]: any }[]; [key: string]: any };\ntopic: string;\n[key: string]: any;';
const node = (code: string, more: Partial<NodeCode> = {}): NodeCode => ({ language: 'typescript', code, setup: '', modules: [], imports: {}, message: MESSAGE, env: 'REGION: string;\nLIMIT: number;', settings: { context: 'none' }, ...more });

/** The code that is marked, with the reason. `|` in the code is the cursor where there is one. */
function marked(code: string, more: Partial<NodeCode> = {}, of: 'code' | 'setup' = 'code'): string[] {
  const whole = node(code, more);
  return service.answer(whole, of, { ask: 'marks' }).map(({ from, to, why }) => `${whole[of].slice(from, to)}: ${Object.values(why).join(' / ')}`);
}
const atCursor = (code: string): { readonly code: string; readonly at: number } => ({ code: code.replace('|', ''), at: code.indexOf('|') });
function labels(text: string, more: Partial<NodeCode> = {}): string[] {
  const { code, at } = atCursor(text);
  return (service.answer(node(code, more), 'code', { ask: 'completions', at })?.entries ?? []).map(({ label }) => label);
}

describe('JavaScript', () => {
  const plain = (code: string, more: Partial<NodeCode> = {}): string[] => marked(code, { language: 'javascript', ...more });
  test.each([
    ['new fields and other kinds of values', 'msg.more = 1; msg.payload = 5; msg.payload.x = "a"; delete msg.topic; msg.payload.name = 3; msg.payload.count.toUpperCase();'],
    ['undeclared variables', 'count = 1; count++; for (key in msg) { last = key; } [a, b] = [1, 2]; ({ c: d } = msg); return { count, last, a, b, d };'],
    ['what returns and waits', 'if (!msg.payload) return null; const answer = await new Promise((next) => setTimeout(next, 5)); return [[msg, null], { payload: answer }];'],
    ['Node-RED’s ways', 'var self = this; node.status({ fill: "red", shape: "dot", text: "x" }); node.on("close", function () {}); node.error("bad", msg); var copy = RED.util.cloneMessage(msg); node.send([copy, null]); return;'],
    ['objects that grow', 'var all = {}; all.first = msg.payload; all["second"] = 2; var list = []; list.push(all); msg.payload = list; return msg;'],
    ['asking whether something is there', 'if (typeof fetch === "function") fetch("x"); if (typeof flow !== "undefined") flow.get("a");'],
    ['what strict code may not', 'with (msg) { payload = 1; } var old = 010; arguments[0]; var let1 = 1; function f(a, a) { return a; } f.call(null);'],
    ['labels, keys and shorthand', 'const name = 1; outer: for (;;) { break outer; } msg.payload = { name, other: name, [name]: 1, get it() { return 1; } }; const { x, y: { z } = {} } = msg; return { x, z };'],
    ['errors and classes', 'class Odd extends Error { #n = 1; constructor(m) { super(m); this.code = 1; } get n() { return this.#n; } } try { throw new Odd("x"); } catch (e) { node.warn(e.message + e.code); }'],
    ['text with places, and a comment at the end', 'msg.payload = `${msg.topic}: ${env.get("REGION")} ${env.get("OTHER")}`; return msg; // done'],
    ['granted context', 'const n = flow.get("n") || 0; flow.set("n", n + 1); context.get("a"); context.flow.get("b");'],
  ])('no mark for %s', (_name, code) => {
    expect(plain(code, { settings: { context: 'flow' } })).toEqual([]);
  });
  test.each<[string, string, string[]]>([
    ['a name that nothing has', 'msg.payload = nowhere(1); return { payload, msg };', ['nowhere: nowhere', 'payload: payload']],
    ['what Node has and the sandbox has not', 'const fs = require("fs"); process.exit(); eval("1"); new SharedArrayBuffer(1); document.title;', ['require: require', 'process: process', 'eval: eval', 'SharedArrayBuffer: SharedArrayBuffer', 'document: document']],
    ['a bracket that is missing', 'if (msg.payload) {\n  msg.x = 1;', ["''}' expected."]],
    ['a bracket too much', 'return msg; }', ['declared']],
    ['types', 'const a: number = 1;', ['number: Type annotations can only be used in TypeScript files.']],
    ['the same name twice', 'const a = 1; let a = 2;', ["a: Cannot redeclare block-scoped variable 'a'.", "a: Cannot redeclare block-scoped variable 'a'."]],
  ])('a mark for %s', (name, code, expected) => {
    const found = plain(code);
    if (name.startsWith('a bracket')) expect(found).toHaveLength(1);
    else expect(found).toEqual(expected);
  });
});

describe('TypeScript', () => {
  test.each<[string, string, string[]]>([
    ['a value of another type', 'const n: number = msg.topic; return msg;', ["n: Type 'string' is not assignable to type 'number'."]],
    ['a method that a value has not', 'msg.payload.count.toUpperCase();', ["toUpperCase: Property 'toUpperCase' does not exist on type 'number'."]],
    ['what may be absent', 'msg.payload.items.length;', ["msg.payload.items: 'msg.payload.items' is possibly 'undefined'."]],
    ['what is no message', 'return 5;', ["return: Type '5' is not assignable to type 'Sent'."]],
    ['a mistake in what a field of the message is given', 'msg.more = msg.payload.count.size;', ["size: Property 'size' does not exist on type 'number'."]],
    ['a wrong argument', 'Buffer.from("x", "utf9");', ['from: No overload matches this call.']],
    ['an environment value of another type', 'const n: number = env.get("REGION"); const m: number = env.get("LIMIT");', ["n: Type 'string' is not assignable to type 'number'."]],
    ['what makes code of its own', 'enum Kind { A }', ['Kind: true']],
    ['a name that nothing has', 'nowhere("x");', ['nowhere: nowhere']],
    ['what is not granted', 'await fetch("https://a.test"); flow.get("a"); context.flow.get("b");', ['fetch: fetch / fetch', 'flow: flow / context', 'context: context / context', 'flow: flow / context']],
  ])('a mark for %s', (_name, code, expected) => {
    expect(marked(code).map((each) => each.split('\n')[0])).toEqual(expected);
  });
  test.each([
    ['new fields of the message, at any depth', 'msg.more = { a: 1 }; msg.payload.total = 5; msg["other"] = 1; return msg;'],
    ['a field that gets a value of another kind', 'msg.payload = msg.payload.count;\nmsg.topic = null;\nmsg.payload.name = 5;\nmsg.payload = { name: 5, count: "x" };\nmsg.topic ??= 5;\nreturn msg;'],
    ['what is read of it afterwards', 'msg.payload = [1, 2];\nconst sum: number = msg.payload.reduce((a: number, b: number) => a + b, 0);\nif (msg.payload > 5) node.warn(msg.payload.join(","));\nconst two: number[] = msg.payload;'],
    ['a field that is deleted', 'delete msg.topic; delete msg.payload.name;'],
    ['types of one’s own', 'interface Item { price: number }\nconst items = (msg.payload.items ?? []) as Item[];\nmsg.payload = items.reduce((sum, { price }) => sum + price, 0);\nreturn msg;'],
    ['functions without types, and any catch', 'function twice(x) { return x * 2; } try { twice(1); } catch (error) { node.error(error.message); }'],
    ['a list that begins empty and grows', 'const out = []; for (const item of msg.payload.items ?? []) out.push(item.price); msg.payload = out; return msg;'],
    ['a record that grows by name, and a variable without a type', 'let last; const sums = {}; function add(key, price) { sums[key] = (sums[key] ?? 0) + price; last = key; } add("a", 1); return { payload: sums, last };'],
    ['what waits', 'const all = await Promise.all([1, 2]); for await (const each of all) node.log(each); return [null, msg];'],
  ])('no mark for %s', (_name, code) => { expect(marked(code)).toEqual([]); });
  test('what the code itself did not change keeps its type, also beside what it did', () => {
    expect(marked('msg.topic = 5; msg.payload.count.trim(); msg.payload = items.map((x) => x); const items = [1];').map((each) => each.split(':')[0])).toEqual(['trim', 'items']);
  });
});

describe('setup code', () => {
  const setup = 'const rates = { EUR: 1, USD: 0.9 };\nlet list = [1, 2];\nlimit = 5;\nconst { a, b: [c] } = { a: 1, b: [2] };\nfunction help() { return 1; }';
  test('its names are known in the code, each with its type', () => {
    expect(labels('|', { setup })).toEqual(expect.arrayContaining(['rates', 'list', 'limit', 'a', 'c']));
    expect(labels('rates.|', { setup })).toEqual(['EUR', 'USD']);
    expect(marked('const x: string = rates.EUR;', { setup })).toEqual(["x: Type 'number' is not assignable to type 'string'."]);
  });
  test('they cannot be changed', () => {
    expect(marked('rates.EUR = 2; list.push(3); rates = 1;', { setup }).map((each) => each.split(':')[0])).toEqual(['EUR', 'push', 'rates']);
  });
  test('the code may give their names to something else', () => { expect(marked('const rates = 5; return { rates };', { setup })).toEqual([]); });
  test('it has no message, and is marked as code is', () => {
    expect(marked('', { setup: 'const rates = msg.payload;', language: 'javascript' }, 'setup')).toEqual(['msg: msg']);
    expect(marked('', { setup: 'const n: number = "a";' }, 'setup')).toEqual(["n: Type 'string' is not assignable to type 'number'."]);
    expect(marked('', { setup }, 'setup').map((each) => each.split(':')[0])).toEqual(['limit']);
    expect(marked('', { setup, language: 'javascript' }, 'setup')).toEqual([]);
  });
});

describe('closing code', () => {
  const closing = { message: undefined, settings: { context: 'flow', fetch: 'all', links: true } };
  test('knows the sandbox, the context that is granted and what the setup code made', () => {
    expect(marked('const n: number = flow.get("n") + step.by;\nawait new Promise<void>((next) => setTimeout(next, n));\nnode.log(n);', { ...closing, setup: 'const step = { by: 1 };' })).toEqual([]);
    expect(labels('|', closing)).toEqual(expect.arrayContaining(['node', 'env', 'context', 'flow']));
    expect(marked('flow.get("n");', { ...closing, settings: { context: 'node' } })).toEqual(['flow: flow / context']);
  });
  test('has no message, no server and no link, whatever is granted', () => {
    expect(marked('const n = msg.payload; fetch("https://a.test"); node.linkcall("a", {});', { ...closing, language: 'javascript' })).toEqual(['msg: msg', 'fetch: fetch', 'linkcall: linkcall']);
    expect(labels('|', closing).filter((name) => ['msg', 'fetch', 'Headers'].includes(name))).toEqual([]);
  });
  test('returns nothing', () => { expect(marked('return { a: 1 };', closing)).toHaveLength(1); });
});

test('calls to servers are known where they are granted', () => {
  const code = 'const answer = await fetch("https://a.test", { method: "POST", body: "x", signal: AbortSignal.timeout(100) });\nif (answer.ok) msg.payload = await answer.json();\nreturn msg;';
  expect(marked(code, { settings: { fetch: 'all' } })).toEqual([]);
  expect(marked(code, { settings: { fetch: 'none' } }).map((each) => each.split(':')[0])).toEqual(['fetch', 'AbortSignal']);
});

test('modules are known by their names in both codes, and as anything', () => {
  const of = { modules: ['dayjs', 'not-a-name'], setup: 'const today = dayjs().format();' };
  expect(marked('msg.payload = dayjs(msg.topic).format("L"); msg.today = today.length; return msg;', of)).toEqual([]);
  expect(marked('', of, 'setup')).toEqual([]);
  expect(marked('return { payload: not };', of)).toEqual(['not: not']);
  expect(marked('dayjs = 1; return msg;', { ...of, language: 'javascript' })).toEqual([]);
});

describe('at the cursor', () => {
  test('members of the message, each with its type', () => {
    const { code, at } = atCursor('msg.payload.|');
    expect(service.answer(node(code), 'code', { ask: 'completions', at })).toMatchObject({ from: at, entries: [{ label: 'count', detail: 'number' }, { label: 'items' }, { label: 'name', detail: 'string' }] });
  });
  test('what most code reads of a message comes first, and what is only for the runtime last', () => {
    const { code, at } = atCursor('msg.|');
    const offered = [...service.answer(node(code, { message: '_msgid: string; age: number; topic?: string; payload?: unknown' }), 'code', { ask: 'completions', at })?.entries ?? []].sort((a, b) => a.sort.localeCompare(b.sort) || a.label.localeCompare(b.label)).map(({ label }) => label);
    expect(offered).toEqual(['payload', 'topic', 'age', '_msgid']);
  });
  test('names of the sandbox, without what is not granted and what only surrounds the code', () => {
    const offered = labels('|');
    expect(offered).toEqual(expect.arrayContaining(['msg', 'node', 'env', 'RED', 'Buffer', 'crypto', 'Math']));
    expect(offered.filter((name) => ['flow', 'global', 'context', '$kept', '$setup', '$code', 'eval', 'window'].includes(name))).toEqual([]);
    expect(labels('|', { settings: { context: 'flow' } })).toEqual(expect.arrayContaining(['context', 'flow']));
    expect(labels('context.|', { settings: { context: 'node' } })).toEqual(['get', 'keys', 'set', 'update']);
  });
  test('a name half written, wherever it stands', () => {
    const { code, at } = atCursor('if (true) {\n  const x = msg.pay|');
    expect(service.answer(node(code, { language: 'javascript' }), 'code', { ask: 'completions', at })).toMatchObject({ from: code.indexOf('pay'), entries: expect.arrayContaining([expect.objectContaining({ label: 'payload' })]) });
  });
  test('names of the environment in their call', () => { expect(labels('env.get("|")')).toEqual(['REGION', 'LIMIT']); });
  test('what a name is, and what is said of it', () => {
    const hover = (text: string): unknown => { const { code, at } = atCursor(text); return service.answer(node(code), 'code', { ask: 'hover', at }); };
    expect(hover('RED.util.clone|Message(msg)')).toMatchObject({ from: 9, to: 21, text: 'A copy that shares nothing with the message.' });
    expect(hover('return m|sg;')).toMatchObject({ type: expect.stringContaining('count: number') });
    expect(hover('msg.payload.it|ems;')).toMatchObject({ type: '(property) items?: {\n    price: number;\n}[] | undefined' });
    expect(hover('const of: { [key: string]: any } = {}; o|f;')).toMatchObject({ type: 'const of: {\n    [key: string]: any;\n}' });
    expect(hover('|   ')).toBeUndefined();
  });
  test('the argument at the cursor', () => {
    const { code, at } = atCursor('Buffer.from("x", |)');
    expect(service.answer(node(code), 'code', { ask: 'signature', at })).toMatchObject({ label: ['from(text: string, ', 'encoding?: Encoding', '): Buffer'] });
    expect(service.answer(node('msg'), 'code', { ask: 'signature', at: 3 })).toBeUndefined();
  });
});

test('in Russian it says in Russian what is wrong, and what a name is', () => {
  const other = new TypeService({ libs: libTexts, guest, language: 'ru', diagnostics: russian });
  expect(other.answer(node('const n: number = msg.topic;'), 'code', { ask: 'marks' })).toMatchObject([{ why: { words: 'Тип "string" не может быть назначен для типа "number".' } }]);
  expect(other.answer(node('RED.util.cloneMessage(msg)'), 'code', { ask: 'hover', at: 12 })).toMatchObject({ text: 'Копия, у которой нет ничего общего с сообщением.' });
});

test('an answer follows every change of the code, of the language and of the message', () => {
  expect(marked('msg.topic.toFixed();')).toHaveLength(1);
  expect(marked('msg.topic.toFixed();', { message: 'topic: number; [key: string]: any;' })).toEqual([]);
  expect(marked('msg.topic.toFixed();', { language: 'javascript' })).toEqual([]);
});

describe('modules with declarations', () => {
  const of = (name: string, module: string): Partial<NodeCode> => ({ modules: [name], imports: { [name]: module } });
  test('are known by what their packages declare, as the sandbox has them', () => {
    const own = new TypeService({ libs: libTexts, guest, language: 'en' });
    const offered = (text: string, more: Partial<NodeCode>, service = own): string[] => {
      const { code, at } = atCursor(text);
      return (service.answer(node(code, more), 'code', { ask: 'completions', at })?.entries ?? []).map(({ label }) => label);
    };
    own.learn('day', {
      entry: 'day/index.d.ts', names: { day: 'day/index.d.ts' },
      files: { 'day/index.d.ts': 'import { Unit } from "./units.js";\nexport = day;\nexport as namespace day;\ndeclare function day(at?: number): day.Day;\ndeclare namespace day { interface Day { startOf(unit: Unit): Day } function utc(): Day; }', 'day/units.d.ts': 'export type Unit = "hour" | "month";' },
    });
    own.learn('day/more', { entry: 'day/more/index.d.ts', names: { 'day/more': 'day/more/index.d.ts', day: 'day/index.d.ts' }, files: { 'day/more/index.d.ts': 'import day from "day";\ndeclare const more: (x: typeof day) => number;\nexport default more;\ndeclare module "day" { interface Day { extra(): string } }' } });
    own.learn('lib', { entry: 'lib/lib.d.mts', names: { lib: 'lib/lib.d.mts' }, files: { 'lib/lib.d.mts': 'export * from "./part.mjs"; export * from "./own.mts";\nexport declare const one: import("nothing").Unknown;', 'lib/part.d.mts': 'export declare function group(list: string[]): number;', 'lib/own.d.mts': 'export declare function own(): void;' } });
    own.learn('none', { names: {}, files: {} });
    expect(offered('d.|', of('d', 'day'))).toEqual(expect.arrayContaining(['utc']));
    expect(offered('d().|', of('d', 'day'))).toEqual(expect.arrayContaining(['startOf']));
    expect(offered('d().startOf("|")', of('d', 'day'))).toEqual(['hour', 'month']);
    expect(offered('lib.|', of('lib', 'lib'))).toEqual(expect.arrayContaining(['group', 'one', 'own']));
    expect(own.answer(node('more.|', of('more', 'day/more')), 'code', { ask: 'hover', at: 1 })?.type).toContain('const more: (x: typeof');
    const marks = (code: string, more: Partial<NodeCode>): string[] => own.answer(node(code, more), 'code', { ask: 'marks' }).map(({ why }) => Object.values(why).join());
    expect(marks('lib.group(1);', of('lib', 'lib'))).toHaveLength(1);
    expect(marks('lib.one.anything(1); lib.group(["a"]).toFixed();', of('lib', 'lib'))).toEqual([]);
    expect(marks('none.anything(1)();', of('none', 'none'))).toEqual([]);
    // Neither a package's own global name nor another module of the node before is there.
    expect(marks('day(); lib.group;', of('d', 'day'))).toEqual(['day', 'lib']);
  });
});
