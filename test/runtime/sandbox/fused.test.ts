import { afterAll, describe, expect, test } from 'vitest';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { Body, FusedFunctions, FusedResult, SandboxFunction, SandboxMessage, SandboxResult } from '../../../runtime/sdk/index.ts';
import { SeededRandom } from '../../kit/virtual-time.ts';
import { program } from '../../suites/sandbox.suite.ts';

/** Functions in a row give as one what they give one after another. */

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

/** What a node may do to a message: the ordinary, and everything in which a shortcut could show. */
const CODES = [
  'msg.mark = 1; return msg;', 'msg.payload = { ...msg.payload, sum: (msg.payload?.n ?? 0) + 1 }; return msg;', 'msg.topic = String(msg.payload && msg.payload.n); return msg;',
  'delete msg.topic; return msg;', 'delete msg.mark; msg.extra = undefined; return msg;', 'msg.date = new Date(5); return msg;', 'msg.bytes = new Uint8Array([1, 2, 3]); return msg;', 'msg.big = 12345678901234567890n; return msg;',
  'msg.none = NaN; msg.zero = -0; msg.far = Infinity; return msg;', 'msg.when = msg.date instanceof Date ? msg.date.getTime() : typeof msg.date; return msg;', 'msg.kind = Object.prototype.toString.call(msg.bytes); return msg;',
  'msg.a = msg.payload; msg.b = msg.a; if (msg.b && typeof msg.b === "object") msg.b.shared = true; return msg;', 'msg.same = msg.a === msg.payload; return msg;', 'return { payload: msg.payload, fresh: true };', 'return { ...msg, copied: Object.keys(msg).length };',
  'const copy = RED.util.cloneMessage(msg); copy.cloned = 1; return copy;', 'msg.list = [1, undefined, () => 1, null, { u: undefined }]; return msg;', 'msg.fn = () => 1; return msg;', 'msg.has = "fn" in msg || "extra" in msg; return msg;',
  'msg.toJSON = () => ({ payload: "mine" }); return msg;', 'msg.odd = { toJSON() { return undefined; } }; return msg;', 'msg.odd = Object.assign(Object.create({ inherited: 1 }), { own: 2 }); return msg;', 'msg.inherited = msg.odd && msg.odd.inherited; return msg;',
  'msg["$date"] = 7; return msg;', 'msg.text = "ключ \\u2028 \\ud83d\\ude00"; return msg;', 'return msg.payload && msg.payload.n % 2 ? msg : null;', 'return msg.payload && msg.payload.n > 2 ? [msg, null] : [null, msg];', 'return [[msg, msg]];', 'return [];', 'msg.payload = 1;',
  'node.send(msg); return msg;', 'node.log("seen", msg.topic); return msg;', 'node.warn(node.name); msg.by = node.id; return msg;', 'msg.by = node.id + node.outputCount; return msg;', 'node.status({ fill: "green", text: "ok" }); return msg;', 'node.error("no", msg); return msg;', 'node.error("no", msg);',
  'msg.sum = crypto.createHash("sha1").update(String(msg.topic)).digest("hex"); return msg;', 'RED.util.setMessageProperty(msg, "payload.deep.set", 1); return msg;', 'msg.ref = RED.util.generateId(); return msg;',
  'if (msg.payload && msg.payload.n === 3) throw new Error("three"); return msg;', 'msg.self = msg; return msg;', 'return 5;', 'msg.r = Math.random(); return msg;', 'msg.id = crypto.randomUUID(); return msg;', 'msg.m = Math.max(1, 2); return msg;', 'msg.now = Date.now() + new Date().getTime(); return msg;',
  'msg.env = env.get("REGION"); return msg;', 'msg.own = [env.get("NR_NODE_ID"), env.get("NR_NODE_NAME")]; return msg;', 'count = (typeof count === "number" ? count : 0) + 1; msg.count = count; return msg;', 'msg.payload = "x".repeat(3 * 1024 * 1024); return msg;', 'msg.long = typeof msg.payload === "string" ? msg.payload.length : 0; delete msg.payload; return msg;', 'for (let i = 0; i < 1e5; i++); return msg;',
];
/** Looks at all that the others may have written, by name, so that only what it names crosses. */
const LOOKS = `msg.seen = [typeof msg.none, String(msg.none), 1 / msg.zero, msg.far, msg.list && [msg.list.length, typeof msg.list[1], JSON.stringify(msg.list)], typeof msg.fn, typeof msg.odd, msg.odd && Object.keys(msg.odd), msg.odd && msg.odd.inherited,
  msg.a === msg.payload, msg.b === msg.a, msg.a && msg.a.shared, typeof msg.big, msg.date instanceof Date, msg.bytes instanceof Uint8Array, msg.bytes && msg.bytes.length, typeof msg.extra, msg.mark, msg.topic, msg.text, msg.$date, typeof msg.self, typeof msg.toJSON, JSON.stringify(msg.payload)];
return msg;`;
const BODIES: readonly Body[] = [
  { payload: { n: 1 }, topic: 'a' }, { payload: { n: 2, deep: { list: [1, { x: null }] } } }, { payload: { n: 3 }, mark: 0, topic: '' }, { payload: 'text', extra: 'here', mark: 1 }, {}, { payload: { n: 5 }, date: new Date(9), bytes: new Uint8Array([7]), big: 3n }, { payload: [1, 2, 3], $date: 'mine' },
];

const messagesOf = (bodies: readonly Body[], at: string, traced = false): SandboxMessage[] => bodies.map((body, i) => ({ id: `m${i}${at}`, nowMs: 1_700_000_000_000 + i, body, traced }));
/** One message by the first output, whatever else was told. */
const goesOn = (result: SandboxResult | undefined): Body | undefined =>
  result && 'outputs' in result && result.outputs.length === 1 && result.outputs[0]?.length === 1 ? result.outputs[0][0] : undefined;

/** What came of it with the body that it was given, each function's result read with what the one before it gave. */
function readAll({ stage, results }: FusedResult, body: Body): { stage: number; results: (SandboxResult | undefined)[] } {
  let at = body;
  return { stage, results: results.map((read) => {
    const result = read?.(at);
    at = goesOn(result) ?? at;
    return result;
  }) };
}

/** Each function gets what the one before it gave by its first output alone. */
async function oneByOne(row: readonly SandboxFunction[], bodies: readonly Body[]): Promise<SandboxResult[][]> {
  const all: SandboxResult[][] = bodies.map(() => []);
  for (const [i, body] of bodies.entries()) {
    let at: Body | undefined = body;
    for (const fn of row) {
      const [result] = await fn.call([{ id: `m${i}`, nowMs: 1_700_000_000_000 + i, body: at }]);
      if (!result) break;
      all[i]?.push(result);
      at = goesOn(result);
      if (!at) break;
    }
  }
  return all;
}

async function openRow(codes: readonly string[], timeoutMs = 20_000): Promise<{ row: SandboxFunction[]; fused: FusedFunctions | undefined; close: () => Promise<unknown> }> {
  const row = await Promise.all(codes.map((code, i) => sandbox.open(program(code, { node: { id: `f${i}`, name: `F ${i}` }, timeoutMs, memoryMb: 128 }))));
  const fused = sandbox.fuse(row);
  return { row, fused, close: () => Promise.all([fused?.close(), ...row.map((fn) => fn.close())]) };
}

describe('function nodes in a row, as one', () => {
  const same = async (codes: readonly string[]): Promise<void> => {
    const { row, fused, close } = await openRow(codes);
    if (fused) {
      const expected = await oneByOne(row, BODIES);
      const traced = await fused.call(messagesOf(BODIES, '', true));
      traced.forEach((result, i) => { if (result) expect({ codes, ...readAll(result, BODIES[i] as Body) }).toEqual({ codes, stage: (expected[i]?.length ?? 0) - 1, results: expected[i] }); });
      const last = await fused.call(messagesOf(BODIES, ''));
      last.forEach((result, i) => {
        if (!result) return;
        expect({ codes, stage: result.stage }).toEqual({ codes, stage: (expected[i]?.length ?? 0) - 1 });
        expect({ codes, ...readAll(result, BODIES[i] as Body) }).toMatchObject({ codes, results: result.results.length === 1 ? expected[i]?.slice(-1) : expected[i] });
      });
    }
    await close();
  };
  test.each(CODES)('what one did is seen by the next as it was written: %s', async (code) => {
    await same([code, LOOKS]);
    await same(['msg.mark = 2; return msg;', code, 'msg.topic = "t" + msg.topic; return msg;', LOOKS]);
  });
  test.each(Array.from({ length: 20 }, (_, seed) => [seed]))('give what they give one after another (seed %i)', async (seed) => {
    const random = new SeededRandom(seed + 1);
    await same(Array.from({ length: 2 + Math.floor(random.next() * 5) }, () => CODES[Math.floor(random.next() * CODES.length)] as string));
  });

  test('each has what its own setup code made', async () => {
    const codes = ['msg.a = [table.n, node.id, chance]; return msg;', 'msg.b = [typeof table, typeof chance]; return msg;', 'msg.c = [table, chance]; return msg;'];
    const setups = ['const table = { n: 1 }; const chance = Math.random();', '', 'const table = "own"; const chance = Math.random();'];
    const row = await Promise.all(codes.map((code, i) => sandbox.open(program(code, { setup: setups[i] ?? '', node: { id: `f${i}`, name: '' } }))));
    const fused = sandbox.fuse(row);
    const expected = await oneByOne(row, [{}]);
    expect((await fused?.call(messagesOf([{}], '', true)))?.map((result) => result && readAll(result, {}))).toEqual([{ stage: 2, results: expected[0] }]);
    expect((await fused?.call(messagesOf([{}, {}], '')))?.map((result) => result?.results.at(-1)?.({}))).toEqual([expected[0]?.at(-1), expected[0]?.at(-1)]);
    await Promise.all([fused?.close(), ...row.map((fn) => fn.close())]);
  });

  test.each([false, true])('keys stand in the order in which the next one would find them alone (traced: %s)', async (traced) => {
    const { row, fused, close } = await openRow(['msg.topic = "b"; msg.mark = 1; return msg;', 'msg.order = Object.keys(msg).join(); return msg;']);
    const body = { topic: 'a', payload: 1 };
    const [expected] = await oneByOne(row, [body]);
    const [answer] = await fused?.call(messagesOf([body], '', traced)) ?? [];
    expect(answer && readAll(answer, body).results.at(-1)).toEqual(expected?.at(-1));
    await close();
  });

  test('a key that one may write and did not stays what it was, although another one reads it as JSON has it', async () => {
    const { fused, close } = await openRow(['if (msg.topic === "x") msg.a = 1; return msg;', 'msg.kind = typeof msg.a; return msg;']);
    const answers = await fused?.call(messagesOf([{ a: Number.NaN }, { a: 5 }], ''));
    expect(answers?.map((answer) => answer?.stage)).toEqual([undefined, 1]);
    await close();
  });

  test('most rows can be one, and what can is not asked a second time', async () => {
    const { fused, close } = await openRow(['msg.a = 1; return msg;', 'msg.b = msg.a + 1; return msg;', 'return { payload: msg.b, topic: msg.topic };']);
    const body = { topic: 't', payload: 0 };
    expect((await fused?.call(messagesOf([body], '')))?.map((result) => result && readAll(result, body))).toEqual([{ stage: 2, results: [{ outputs: [[{ payload: 2, topic: 't' }]], logs: [] }] }]);
    await close();
  });

  test.each([
    ['chance behind the first', ['return msg;', 'msg.r = Math.random(); return msg;']], ['code that waits', ['return msg;', 'await 1; return msg;']], ['ids behind the first', ['return msg;', 'msg.i = msg._msgid; return msg;']],
  ])('%s keeps them apart', async (_name, codes) => {
    const { fused, close } = await openRow(codes);
    expect(fused).toBeUndefined();
    await close();
  });

  // What the first leaves where only the language itself keeps things, and where the next looks for it; a message without `secret` comes after.
  test.each<[string, string, string]>([
    ['the last match', '/(s.*)/.test(msg.secret);', 'RegExp.$1 + RegExp.lastMatch + RegExp.input'],
    ['the input of a match', 'if (msg.secret) RegExp.input = msg.secret;', 'RegExp.input'],
    ['the getter of stacks', 'if (msg.secret) Object.getOwnPropertyDescriptor(new Error(), "stack").get.kept = msg.secret;', 'Object.getOwnPropertyDescriptor(new Error(), "stack").get.kept'],
    ['a hidden prototype', 'if (msg.secret) Object.getPrototypeOf(new Intl.Segmenter().segment("a")).kept = msg.secret;', 'Object.getPrototypeOf(new Intl.Segmenter().segment("a")).kept'],
    ['an iterator’s prototype', 'if (msg.secret) Object.getPrototypeOf([].values()).kept = msg.secret;', 'Object.getPrototypeOf([].values()).kept'],
    ['a function of the guest', 'if (msg.secret) node.send.kept = msg.secret;', 'node.send.kept'],
    ['its own function', 'if (msg.secret) arguments.callee.kept = msg.secret;', 'arguments.callee.kept'],
    ['Error', 'if (msg.secret) Error.prepareStackTrace = () => msg.secret;', 'Error.prepareStackTrace'],
    ['a symbol', 'if (msg.secret) Symbol.for("kept").description = msg.secret;', 'Symbol.for("kept").kept'],
    ['the format of dates', 'if (msg.secret) { const f = new Intl.DateTimeFormat(); f.format.kept = msg.secret; Intl.DateTimeFormat.kept = msg.secret; }', 'String(new Intl.DateTimeFormat().format.kept ?? "") + (Intl.DateTimeFormat.kept ?? "")'],
    ['an undeclared variable', 'if (msg.secret) kept = msg.secret;', '(typeof kept === "undefined" ? "" : kept)'],
    ['RED', 'if (msg.secret) RED.util.kept = msg.secret;', 'RED.util.kept'],
    ['a prototype by way of the message', 'if (msg.secret) Object.getPrototypeOf(msg).kept = msg.secret;', '({}).kept'],
  ])('nothing goes past the message from one to the next, nor to the next message: %s', async (_name, leave, look) => {
    const { fused, close } = await openRow([`${leave} delete msg.secret; return msg;`, `msg.found = String(${look} || ""); return msg;`, `msg.again = String(${look} || ""); return msg;`]);
    const results = await fused?.call(messagesOf([{ secret: 'secret' }, { payload: 1 }, { secret: 'secret' }], ''));
    for (const result of results ?? []) if (result) expect(JSON.stringify(readAll(result, {}))).not.toContain('secret');
    await close();
  });

  test('a message that ends the process, or does not end, has to be tried one by one; the others have their results', async () => {
    const { fused, close } = await openRow(['msg.a = 1; return msg;', 'if (msg.payload === 2) for (;;); return msg;'], 300);
    const results = await fused?.call(messagesOf([{ payload: 1 }, { payload: 2 }, { payload: 3 }], ''));
    expect(results?.map((result) => result?.stage)).toEqual([1, undefined, 1]);
    await close();
  });

  test('a failure names its line in its own code', async () => {
    const { fused, close } = await openRow(['msg.a = 1;\nreturn msg;', 'msg.b = 1;\nmsg.c = msg.none.at;\nreturn msg;']);
    const [result] = await fused?.call(messagesOf([{}], '')) ?? [];
    expect(result?.results.at(-1)?.({})).toMatchObject({ failure: { code: 'function.threw', details: { line: 2 } } });
    await close();
  });
});
