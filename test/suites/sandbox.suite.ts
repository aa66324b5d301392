import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Body, SandboxDoor, SandboxFunction, SandboxProgram, SandboxResult, SandboxState } from '../../runtime/sdk/index.ts';

/**
 * What every sandbox promises to the nodes that give it code, whatever runs it:
 *
 *     sandboxSuite(async () => ({ door, close: async () => { … } }));
 */
export interface OpenedSandbox { readonly door: SandboxDoor; close(): Promise<void> }

export const program = (code: string, more: Partial<SandboxProgram> = {}): SandboxProgram =>
  ({ code, outputs: 2, timeoutMs: 400, memoryMb: 64, node: { id: 'calc', name: 'Calc' }, flow: 'orders', env: { REGION: 'RU' }, ...more });

export async function callOnce(door: SandboxDoor, code: string, bodies: readonly Body[] = [{ payload: 1 }], more: Partial<SandboxProgram> = {}): Promise<readonly SandboxResult[]> {
  const fn = await door.open(program(code, more));
  try {
    return await callBodies(fn, bodies);
  } finally {
    await fn.close();
  }
}

export const callBodies = (fn: SandboxFunction, bodies: readonly Body[]): Promise<readonly SandboxResult[]> =>
  fn.call(bodies.map((body, index) => ({ id: `m-${index}`, nowMs: 1_700_000_000_000 + index, body })));

/** Bodies by output, or the code of the failure. */
export function shown(result: SandboxResult | undefined): unknown {
  if (!result) return undefined;
  return 'failure' in result ? result.failure.code : result.outputs;
}

export function sandboxSuite(open: () => Promise<OpenedSandbox>): void {
  let opened: OpenedSandbox;
  beforeAll(async () => { opened = await open(); });
  afterAll(() => opened.close());
  const run = async (code: string, bodies?: readonly Body[], more?: Partial<SandboxProgram>): Promise<unknown[]> => (await callOnce(opened.door, code, bodies, more)).map(shown);
  const first = async (code: string, body?: Body): Promise<SandboxResult | undefined> => (await callOnce(opened.door, code, body && [body]))[0];

  describe('what the code returns', () => {
    test.each<[string, string, unknown]>([
      ['the message', 'return msg;', [[{ payload: 1 }]]],
      ['another object', 'return { payload: 2 };', [[{ payload: 2 }]]],
      ['nothing', 'return null;', []],
      ['no return', 'msg.payload = 2;', []],
      ['a list by output', 'return [{ payload: "a" }, { payload: "b" }];', [[{ payload: 'a' }], [{ payload: 'b' }]]],
      ['a list with a gap', 'return [null, msg];', [[], [{ payload: 1 }]]],
      ['several for one output', 'return [[{ payload: 1 }, null, { payload: 2 }], msg];', [[{ payload: 1 }, { payload: 2 }], [{ payload: 1 }]]],
      ['an empty list', 'return [];', []],
      ['a promise', 'return Promise.resolve({ payload: 3 });', [[{ payload: 3 }]]],
      ['after an await', 'const sum = await Promise.resolve(4); return { payload: sum };', [[{ payload: 4 }]]],
      ['a message of its own with one that was sent', 'node.send({ payload: "sent" }); return msg;', [[{ payload: 'sent' }, { payload: 1 }]]],
      ['what was sent is not changed afterwards', 'node.send(msg); msg.payload = 2; node.send(msg);', [[{ payload: 1 }, { payload: 2 }]]],
      ['for an output that the node has not', 'return [null, null, msg];', []],
      ['sent by a timer', 'setTimeout(() => { node.send({ payload: "later" }); }, 5);', [[{ payload: 'later' }]]],
      ['until node.done', 'const every = setInterval(() => { node.send({ payload: "tick" }); node.done(); }, 1);', [[{ payload: 'tick' }]]],
      ['a cleared interval', 'let n = 0; const id = setInterval(() => { if (++n === 3) { clearInterval(id); node.send({ payload: n }); } }, 1);', [[{ payload: 3 }]]],
      ['a race that was won', 'return Promise.race([Promise.resolve(msg), new Promise((late) => setTimeout(late, 10_000))]);', [[{ payload: 1 }]]],
      ['undeclared variables', 'out = {}; out.payload = msg.payload + 1; return out;', [[{ payload: 2 }]]],
      ['a comment at the end', 'return msg; // done', [[{ payload: 1 }]]],
    ])('%s', async (_name, code, outputs) => { expect(await run(code)).toEqual([outputs]); });

    test.each([['a number', 'return 5;'], ['a text', 'return "x";'], ['a list in a list in a list', 'return [[[msg]]];'], ['a cycle', 'const a = {}; a.a = a; return a;'], ['a list by toJSON', 'return { toJSON: () => [] };']])(
      'refuses %s', async (_name, code) => { expect(await run(code)).toEqual(['function.result']); });
  });

  describe('the message', () => {
    test('keeps what the code does not name, and what it deletes is gone', async () => {
      const body = { payload: { a: 1 }, kept: { deep: [1, 2] }, gone: 1, topic: 't' };
      expect(await run('delete msg.gone; msg.topic = msg.topic + "!"; return msg;', [body])).toEqual([[[{ payload: { a: 1 }, kept: { deep: [1, 2] }, topic: 't!' }]]]);
      expect(await run('if (msg.never) msg.kept = 0; return msg;', [body])).toEqual([[[body]]]);
    });
    test('changes inside a value come back', async () => {
      expect(await run('const { items } = msg.payload; items.push(3); return msg;', [{ payload: { items: [1, 2] }, x: 1 }])).toEqual([[[{ payload: { items: [1, 2, 3] }, x: 1 }]]]);
    });
    test('the given body itself is never changed', async () => {
      const body = Object.freeze({ payload: Object.freeze({ a: 1 }) });
      await run('msg.payload.a = 2; msg.b = 1; return msg;', [body]);
      expect(body).toEqual({ payload: { a: 1 } });
    });
    test('bytes, dates and big integers survive both ways', async () => {
      const body = { payload: new Uint8Array([1, 2, 255]), at: new Date(5), big: 12345678901234567890n, $own: { $date: 1 } };
      expect(await run('return { ...msg, kinds: [Buffer.isBuffer(msg.payload), msg.at instanceof Date, typeof msg.big, msg.$own.$date] };', [body])).toEqual([[[{ ...body, kinds: [true, true, 'bigint', 1] }]]]);
      expect(await run('msg.payload = Buffer.concat([msg.payload, Buffer.from("é")]); msg.at = new Date(msg.at.getTime() + 1); return msg;', [body])).toEqual([[[{ ...body, payload: new Uint8Array([1, 2, 255, 195, 169]), at: new Date(6) }]]]);
    });
    test('texts of every kind survive', async () => {
      const payload = { ru: 'Привет', quote: '"\\\n', emoji: '😀', zero: '\0', key: { 'a.b "c"': 1, __proto__x: 2 } };
      expect(await run('msg.copy = msg.payload; return msg;', [{ payload }])).toEqual([[[{ payload, copy: payload }]]]);
    });
    test('a key named __proto__ stays a key', async () => {
      const body = JSON.parse('{"payload":{"__proto__":{"polluted":1}}}') as Body;
      const [result] = await callOnce(opened.door, 'return { payload: structuredClone(msg.payload), seen: ({}).polluted === undefined };', [body]);
      expect(JSON.stringify(shown(result))).toBe('[[{"payload":{"__proto__":{"polluted":1}},"seen":true}]]');
    });
    test('its id is there for code from Node-RED', async () => {
      expect(await run('return { payload: msg._msgid };')).toEqual([[[{ payload: 'm-0' }]]]);
    });
  });

  describe('what the code finds', () => {
    test('names of node, env and tools', async () => {
      expect(await run('return { payload: [node.id, node.name, node.outputCount, env.get("REGION"), env.get("NO"), env.get("toString"), env.get("NR_NODE_ID"), env.get("NR_NODE_NAME"), env.get("NR_FLOW_ID")] };')).toEqual([[[{ payload: ['calc', 'Calc', 2, 'RU', null, null, 'calc', 'Calc', 'orders'] }]]]);
      expect(await run('const copy = RED.util.cloneMessage(msg); copy.payload.a.push(2); return [msg, copy];', [{ payload: { a: [1] } }])).toEqual([[[{ payload: { a: [1] } }], [{ payload: { a: [1, 2] } }]]]);
      expect(await run('return { payload: [btoa("hi"), atob("aGk="), new TextDecoder().decode(new TextEncoder().encode("é")), new URL("../c?x=1", "https://e.org/a/b").href, new URLSearchParams({ q: "a b" }).toString(), Buffer.from("hi").toString("hex")] };'))
        .toEqual([[[{ payload: ['aGk=', 'hi', 'é', 'https://e.org/c?x=1', 'q=a+b', '6869'] }]]]);
    });
    test('time and chance come from the message', async () => {
      const code = 'const before = [Date.now(), new Date().getTime(), Math.random(), crypto.randomUUID()]; await new Promise((next) => setTimeout(next, 3)); return { payload: [...before, Date.now(), Math.random()] };';
      const [one, two] = await run(code, [{}, {}]) as [[[{ payload: unknown[] }]], [[{ payload: unknown[] }]]];
      expect((await run(code, [{}, {}]))).toEqual([one, two]);
      expect([one[0][0].payload[0], one[0][0].payload[1], one[0][0].payload[4], two[0][0].payload[0]]).toEqual([1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_001]);
      expect(one[0][0].payload[3]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(one[0][0].payload.slice(2, 4)).not.toEqual(two[0][0].payload.slice(2, 4));
    });
    test('lines of the log, in order and cut to a number and length', async () => {
      const result = await first('node.log("a", { b: 1 }); node.warn("w"); console.error(new TypeError("bad")); return msg;');
      expect(result?.logs).toEqual([{ level: 'log', text: 'a {"b":1}' }, { level: 'warn', text: 'w' }, { level: 'error', text: 'TypeError: bad' }]);
      const flood = await first('for (let i = 0; i < 1000; i++) node.log("x".repeat(20_000));');
      expect(flood?.logs).toHaveLength(21);
      expect(flood?.logs[0]?.text).toMatch(/^x{8192} … \(\+11808\)$/);
      expect(flood?.logs.at(-1)).toEqual({ level: 'warn', text: '980 more log lines of this message were left out', leftOut: 980 });
    });
    test.each([['', 'at once'], ['await 1;', 'after an await']])('small and large results of one batch, in order (%s)', async (before) => {
      const sizes = [1, 2_000_000, 1, 70_000, 1, 1_500_000, 1];
      const results = await run(`${before} return { payload: 'ж'.repeat(msg.payload) };`, sizes.map((payload) => ({ payload }))) as [[{ payload: string }]][];
      expect(results.map(([[{ payload }]]) => payload.length)).toEqual(sizes);
    });
    test.each([['', 'at once'], ['await 1;', 'after an await']])('large results of every shape, as they were made (%s)', async (before) => {
      const shapes: readonly (() => unknown)[] = [
        () => '"\\ 😀\n\u2028ж'.repeat(60_000), () => Array.from({ length: 20_000 }, (_, id) => ({ id, name: `имя ${id}`, tags: ['"', '\\'], none: null })),
        () => Object.fromEntries(Array.from({ length: 20_000 }, (_, id) => [`ключ ${id}`, id / 7])), () => [[[{ a: 'x'.repeat(300_000), b: [['y'.repeat(300_000)]] }]]], () => [new Uint8Array(600_000).fill(7), new Date(5)],
      ];
      const results = await run(`${before} const shapes = [${shapes.map(String).join()}]; return { payload: shapes[msg.payload]() };`, shapes.map((_, payload) => ({ payload })));
      expect(results).toEqual(shapes.map((shape) => [[{ payload: shape() }]]));
    });
    test('a function that makes large results without pause waits for its room', async () => {
      const size = 4_000_000;
      const large = await opened.door.open(program(`return { payload: "x".repeat(${size}) };`));
      const start = systemClock.elapsed();
      const results = await callBodies(large, Array.from({ length: 10 }, () => ({})));
      const waitedMs = systemClock.elapsed() - start;
      expect(results.map((result) => 'outputs' in result && (result.outputs[0]?.[0] as { payload: string }).payload.length)).toEqual(results.map(() => size));
      // One second's worth goes at once, and the last begins when there is room for it.
      expect(waitedMs).toBeGreaterThan(((9 * size) / limits.sandboxLargeCharsPerSecond - 1) * 1000 - 10);
      await large.close();
    });
    test('the status', async () => {
      expect(await first('node.status({ fill: "red", shape: "dot", text: "down" }); return msg;')).toMatchObject({ status: { kind: 'bad', text: 'down' } });
    });
    test('granted context is read and written as in Node-RED, of every kind of value, and only what was granted', async () => {
      const state = { node: { n: 1, when: new Date(5), gone: true }, flow: { bytes: new Uint8Array([1, 2]) } };
      const call = async (code: string): Promise<SandboxResult | undefined> => {
        const fn = await opened.door.open(program(code));
        try { return (await fn.call([{ id: 'm', nowMs: 0, body: {}, state }]))[0]; } finally { await fn.close(); }
      };
      expect(await call('context.set("n", context.get("n") + 1); context.set("gone"); flow.set(["d", "b"], [context.get("when"), 3n]); msg.payload = [context.keys(), flow.get("bytes"), context.get("n"), context.get("none")]; return msg;')).toMatchObject({
        outputs: [[{ payload: [['n', 'when'], new Uint8Array([1, 2]), 2, null] }]],
        writes: [{ scope: 'node', key: 'n', value: 2 }, { scope: 'node', key: 'gone', value: undefined }, { scope: 'flow', key: 'd', value: new Date(5) }, { scope: 'flow', key: 'b', value: 3n }],
      });
      expect(await call('global.get("x")')).toMatchObject({ failure: { code: 'function.threw' } });
      expect(await call('context.set("n", 5); throw new Error("no")')).not.toHaveProperty('writes');
      expect(await call('context.set("n", () => 1)')).toMatchObject({ failure: { code: 'function.threw' } });
    });

    test('keys of context are paths, lists and stores as in Node-RED, with or without a callback', async () => {
      const state = { node: { a: { list: [1, 2], when: new Date(5) }, text: 'x' } };
      const call = async (code: string): Promise<SandboxResult | undefined> => {
        const fn = await opened.door.open(program(code));
        try { return (await fn.call([{ id: 'm', nowMs: 0, body: {}, state }]))[0]; } finally { await fn.close(); }
      };
      expect(await call('return { payload: [context.get("a.list[1]"), context.get("a.when").getTime(), context.get("a.no.x"), context.get("#:(file)::text"), context.get(["text", "a.list"], "file"), context.get("none[0]")] };'))
        .toMatchObject({ outputs: [[{ payload: [2, 5, null, 'x', ['x', [1, 2]], null] }]] });
      expect(await call('context.set("a.list[2].deep", 3n); context.set("b.c", 1, "file"); context.set("a.when"); context.set(["d", "e.f"], [true]); return { payload: context.keys("file") };')).toMatchObject({
        outputs: [[{ payload: ['a', 'text', 'b', 'd', 'e'] }]],
        writes: [{ key: 'a', value: { list: [1, 2, { deep: 3n }] } }, { key: 'b', value: { c: 1 } }, { key: 'd', value: true }, { key: 'e', value: { f: null } }],
      });
      expect(await call('const seen = []; context.get("text", (...all) => seen.push(all)); context.get(["text", "a.list[0]"], "file", (...all) => seen.push(all)); context.set("n", 1, (...all) => seen.push(all)); context.keys((...all) => seen.push(all)); context.get("a[", (error) => seen.push(error.code)); return { payload: seen };'))
        .toMatchObject({ outputs: [[{ payload: [[null, 'x'], [null, 'x', 1], [null], [null, ['a', 'text', 'n']], 'INVALID_EXPR'] }]] });
      expect(await call('return { payload: [context.update("a.n", (n = 0) => n + 1), context.update("a.n", (n) => n + 1), await context.update("later", async () => 5), context.get("a.n")] };')).toMatchObject({
        outputs: [[{ payload: [1, 2, 5, 2] }]], writes: [{ key: 'a', value: { list: [1, 2], n: 2 } }, { key: 'later', value: 5 }],
      });
      for (const code of ['context.get("a b c")', 'context.set("text.x", 1)', 'context.get("a", 5, 6)']) expect(await call(code)).toMatchObject({ failure: { code: 'function.threw' } });
    });

    test('hashes, as node:crypto gives them', async () => {
      expect(await run('return { payload: [crypto.createHash("SHA-256").update("a").update(Buffer.from("b")).digest("hex"), crypto.createHmac("sha1", "key").update("a").digest("base64"), crypto.hash("md5", "a"), crypto.createHash("sha512").update("a").digest().length, Buffer.isBuffer(crypto.createHash("md5").digest()), crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("a"))] };'))
        .toEqual([[[{ payload: [createHash('sha256').update('ab').digest('hex'), createHmac('sha1', 'key').update('a').digest('base64'), createHash('md5').update('a').digest('hex'), 64, true, true] }]]]);
      expect(await run('const sum = await crypto.subtle.digest({ name: "SHA-384" }, new TextEncoder().encode("a")); return { payload: [sum instanceof ArrayBuffer, Buffer.from(sum).toString("hex")] };')).toEqual([[[{ payload: [true, createHash('sha384').update('a').digest('hex')] }]]]);
      expect(await first('crypto.createHash("sha3-256");')).toMatchObject({ failure: { details: { message: 'Digest method not supported: sha3-256 (there are md5, sha1, sha224, sha256, sha384, sha512)' } } });
      const chance = 'return { payload: [crypto.randomBytes(4).toString("hex"), crypto.randomInt(5, 9), crypto.randomInt(3)] };';
      const [one, two] = await run(chance, [{}, {}]);
      expect(one).not.toEqual(two);
      expect(await run(chance, [{}, {}])).toEqual([one, two]);
    });

    test('RED.util works on values as in Node-RED', async () => {
      expect(await run('const { util } = RED; const copy = util.cloneMessage({ ...msg, f: () => 1 }); util.setMessageProperty(copy, "msg.payload.b[1]", "x"); return { payload: [util.getMessageProperty(copy, "payload.b"), typeof copy.f, msg.payload.b, util.compareObjects(msg.payload, { a: 1 }), util.ensureString(Buffer.from("é")), util.ensureString({ a: 1 }), util.ensureBuffer({ a: 1 }).toString(), Buffer.isBuffer(util.ensureBuffer(5)), util.normalisePropertyExpression("a[\'b c\'].d", msg, true), util.parseContextStore("#:(s)::k"), util.setObjectProperty({}, "a.b", 1, false), util.generateId().length] };', [{ payload: { a: 1 } }]))
        .toEqual([[[{ payload: [[null, 'x'], 'function', null, true, 'é', '{"a":1}', '{"a":1}', true, 'a["b c"].d', { store: 's', key: 'k' }, false, 16] }]]]);
      expect(await run('return { payload: RED.util.getMessageProperty(msg, "none.at") };')).toEqual(['function.threw']);
      expect(await run('node.on("close", () => { node.send(msg); }); return msg;')).toEqual([[[{ payload: 1 }]]]);
    });

    test.each([['node', 'flow.get("a")', 'Of the flow'], ['flow', 'global.set("a", 1)', 'Of all flows']] as const)('with a grant of its %s alone %s says which is needed', async (scope, code, wanted) => {
      const fn = await opened.door.open(program(code));
      const state = scope === 'node' ? { node: {} } : { node: {}, flow: {} };
      expect(await fn.call([{ id: 'a', nowMs: 0, body: {}, state }])).toMatchObject([{ failure: { details: { message: expect.stringContaining(wanted) as string } } }]);
      await fn.close();
    });

    test.each(['flow.get("a")', 'global.set("a", 1)', 'context.flow.get("a")'])('%s says that the node has no grant', async (code) => {
      expect(await first(code)).toMatchObject({ failure: { code: 'function.threw', details: { message: expect.stringContaining('no grant for context') as string } } });
    });
  });

  describe('a name that is looked for in vain', () => {
    test.each([
      ['fetch', 'fetch("https://a.test")', /Calls to servers/], ['process', 'process.exit()', /env\.get/], ['a module', 'dayjs()', /under Modules/], ['import()', 'await import("fs")', /under Modules/],
    ])('%s says where it would come from', async (_, code, advice) => {
      expect(await first(code)).toMatchObject({ failure: { code: 'function.threw', text: { en: expect.stringMatching(advice) as string } } });
    });
  });

  describe('setup code', () => {
    const set = (setup: string, code: string, bodies?: readonly Body[]): Promise<unknown[]> => run(code, bodies, { setup });
    const refused = (setup: string, code = 'return { payload: x };') => opened.door.open(program(code, { setup })).then((fn) => fn.close());

    test.each<[string, string, string, unknown]>([
      ['a table', 'const rates = { EUR: 1, list: [1, { a: 2 }] };', 'return { payload: rates };', { EUR: 1, list: [1, { a: 2 }] }],
      ['what its own functions computed', 'function square(n) { return n * n; }\nlet all = []; for (let i = 0; i < 3; i++) all.push(square(i));', 'return { payload: all };', [0, 1, 4]],
      ['several by a pattern, undeclared and a class that the code does not use', 'const { a, b: [c] } = { a: 1, b: [2] }; d = 3; class Never {}', 'return { payload: [a, c, d] };', [1, 2, 3]],
      ['a regular expression', 'const word = /(\\w+)@/i;', 'return { payload: ["Ann@x".replace(word, "<$1>"), "b@c".match(word)[1], "a@b@".split(word), word.test("@")] };', ['<Ann>x', 'b', ['', 'a', '', 'b', ''], false]],
      ['the environment and its node', 'const at = [env.get("REGION"), node.id, RED.util.ensureString({ a: 1 }), Buffer.from("a").toString("hex"), crypto.createHash("md5").update("a").digest("hex").slice(0, 4)];', 'return { payload: at };', ['RU', 'calc', '{"a":1}', '61', '0cc1']],
      ['nothing, and nothing but a comment', '// later', 'return msg;', 1],
    ])('gives the code %s', async (_name, setup, code, payload) => { expect(await set(setup, code)).toEqual([[[{ payload }]]]); });

    test('runs once, and gives the same whenever it runs', async () => {
      const setup = 'const made = [Math.random(), crypto.randomUUID(), Date.now(), new Date().getFullYear()];';
      const all = await set(setup, 'return { payload: made };', [{}, {}]);
      expect(all[0]).toEqual(all[1]);
      expect(await set(setup, 'await 1; return { payload: made };', [{}, {}])).toEqual(all);
      expect((all as [[[{ payload: unknown[] }]]])[0][0][0].payload.slice(2)).toEqual([0, 1970]);
      expect(await run('return { payload: made };', [{}], { setup, flow: 'another' })).not.toEqual([all[0]]);
    });
    test('a message cannot change what the next one sees', async () => {
      expect(await set('const list = [1, { n: 1 }]; const text = "a"; const shape = /x/;', 'try { list.push(2); } catch { }\nlist[1].n = 5; shape.lastIndex = 4; shape.mark = 1; let failed; try { text = "b"; } catch (error) { failed = error.name; }\nreturn { payload: [list, text, shape.lastIndex, shape.mark ?? 0, typeof shape.compile, failed] };', [{}, {}]))
        .toEqual(Array.from({ length: 2 }, () => [[{ payload: [[1, { n: 1 }], 'a', 0, 0, 'undefined', 'TypeError'] }]]));
    });
    test.each([
      ['a function', 'const x = () => 1;', 'x is a function'], ['a function inside', 'const x = { list: [1, { f() {} }] };', 'x.list[1].f is a function'], ['a map', 'const x = new Map();', 'x is a Map'], ['bytes', 'const x = [Buffer.from("a")];', 'x[0] is a Buffer'], ['a date', 'const x = new Date(5);', 'x is a Date'],
      ['one of a class', 'class Point {} const x = new Point();', 'x is a Point'], ['an expression that remembers', 'const x = /a/g;', 'x is a regular expression with the flag g'], ['a function that hides', 'const x = Object.create({ f() {} });', 'x is a Object'],
      ['context', 'const x = context.get("n");', 'context.get is not available in setup code'], ['flow', 'flow.set("n", 1);', 'flow.set is not available'], ['sending', 'node.send({});', 'node.send is not available in setup code'],
    ])('refuses %s', async (_name, setup, words) => {
      await expect(refused(setup)).rejects.toMatchObject({ code: 'function.setup', details: { message: expect.stringContaining(words) as string }, text: { ru: expect.stringContaining('Код подготовки завершился ошибкой') as string } });
    });
    test('a proxy leaves only what it showed', async () => {
      expect(await set('let n = 0; const x = new Proxy({ a: 1 }, { get: () => ++n }); const y = { get b() { return ++n; } };', 'return { payload: [x.a, x.a, y.b, y.b] };', [{}, {}])).toEqual(Array.from({ length: 2 }, () => [[{ payload: [1, 1, 2, 2] }]]));
    });
    test.each<[string, string, number, number]>([
      ['a throw', 'const x = 1;\n  null.y;', 2, 8], ['a throw in its function', 'function f() {\n throw new Error("f");\n}\nf();', 2, 8], ['what cannot be read', 'const x = 1;\nconst y = ;', 2, 11], ['a return', '\nreturn 1;', 2, 1], ['a message', 'msg.payload = 1;', 1, 1],
      ['waiting', 'const x = 1;\nsetTimeout(() => 1, 1);', 2, 1], ['a promise', 'const x = Promise.resolve(1);', 1, 11], ['await', 'const x = 1;\nawait x;', 2, 7],
    ])('%s has its line and column at the deploy', async (_name, setup, line, column) => {
      await expect(refused(setup)).rejects.toMatchObject({ code: 'function.setup', details: { line, column } });
    });
    test.each([['does not end', 'for (;;);', 'it did not end within 1000 ms'], ['needs too much memory', 'const all = []; for (;;) all.push(new Array(2_000_000).fill(1.5));', 'it needed more memory than the node may have']])('what %s is told at the deploy, and others go on', async (_name, setup, message) => {
      await expect(refused(setup)).rejects.toMatchObject({ code: 'function.setup', details: { message } });
      expect(await run('return msg;')).toEqual([[[{ payload: 1 }]]]);
    });
    test('the code’s own lines stay its own', async () => {
      const fn = await opened.door.open(program('const y = x;\n y.no.no;', { setup: '\n\n\nconst x = {};' }));
      expect((await callBodies(fn, [{}]))[0]).toMatchObject({ failure: { code: 'function.threw', details: { line: 2, column: 7 } } });
      await fn.close();
    });
  });

  describe('closing code', () => {
    const end = async (code: string, state?: SandboxState, more: Partial<SandboxProgram> = {}): Promise<SandboxResult | undefined> => {
      const fn = await opened.door.open(program(code, { outputs: 0, isClosing: true, ...more }));
      try {
        return (await fn.call([{ id: 'end', nowMs: 5, body: {}, ...(state && { state }) }]))[0];
      } finally {
        await fn.close();
      }
    };
    const opens = (code: string, more: Partial<SandboxProgram> = {}) => opened.door.open(program(code, { outputs: 0, isClosing: true, ...more }));

    test('has the sandbox, the time of the end, what the setup code made, and the context as far as it is given', async () => {
      const code = 'node.log(node.id, node.name, env.get("REGION"), Date.now(), step.by);\nconst md5 = crypto.createHash("md5").update(Buffer.from("a")).digest("hex").slice(0, 4);\nflow.set("n", flow.get("n") + step.by); flow.set("gone", undefined); context.set("all", [flow.keys(), md5, RED.util.ensureString({ a: 1 })]);\nnode.status({ fill: "green", text: "closed" });';
      expect(await end(code, { node: {}, flow: { n: 1, gone: 2 } }, { setup: 'const step = { by: 2 };' })).toEqual({
        outputs: [], status: { kind: 'good', text: 'closed' }, logs: [{ level: 'log', text: 'calc Calc RU 5 2' }],
        writes: [{ scope: 'flow', key: 'n', value: 3 }, { scope: 'flow', key: 'gone', value: undefined }, { scope: 'node', key: 'all', value: [['n'], '0cc1', '{"a":1}'] }],
      });
    });
    test('may wait', async () => {
      expect(await end('await new Promise((next) => setTimeout(next, 5));\nflow.set("n", 1);\nsetTimeout(() => node.log("later"), 1);', { flow: {} })).toMatchObject({ logs: [{ text: 'later' }], writes: [{ key: 'n', value: 1 }] });
    });
    test.each<[string, string, string, string, number]>([
      ['sending', '\n node.send({});', 'node.send is not available in closing code', 'node.send недоступно в коде завершения', 2],
      ['following a link', '\n\nawait node.linkcall("a", {});', 'node.linkcall is not available in closing code', 'node.linkcall недоступно в коде завершения', 3],
      ['calling a server', 'await fetch("https://a.test");', 'fetch is not defined. Closing code calls no servers', 'Код завершения не вызывает серверы', 1],
      ['context that is not granted', '\ncontext.get("n");', 'this node has no grant for context', 'нет доступа к контексту', 2],
      ['a throw', 'const a = 1;\n  null.x;', "TypeError: Cannot read properties of null (reading 'x')", 'Ошибка в коде завершения в строке 2, позиция 8', 2],
    ])('%s fails it, with its place', async (_name, code, en, ru, line) => {
      expect(await end(code)).toMatchObject({ failure: { code: 'function.closing', text: { en: expect.stringContaining(`The closing code failed at line ${line}, `) as string, ru: expect.stringContaining(ru) as string }, details: { field: 'closing', line, message: expect.stringContaining(en) as string } } });
    });
    test('a wider context than granted fails it, and nothing that it set before leaves', async () => {
      const result = await end('context.set("n", 1); global.set("n", 1);', { node: {} });
      expect(result).toMatchObject({ failure: { code: 'function.closing', details: { message: expect.stringContaining('Choose Of all flows') as string } } });
      expect(result).not.toHaveProperty('writes');
    });
    test('returning something fails it, since it would be sent', async () => {
      for (const code of ['return { payload: 1 };', 'return [[{}]];', 'await 1; return 5;']) expect(await end(code)).toMatchObject({ failure: { code: 'function.closing', details: { message: 'closing code sends nothing, so it returns nothing' } } });
      expect(await end('return undefined;')).toMatchObject({ outputs: [] });
    });
    test('what does not end, waits for nothing or takes the memory fails by itself', async () => {
      expect(await end('for (;;);')).toMatchObject({ failure: { code: 'function.closing', details: { message: 'it did not end within 400 ms' } } });
      expect(await end('await new Promise(() => undefined);')).toMatchObject({ failure: { code: 'function.closing', details: { message: expect.stringMatching(/^it did not end within 400 ms: .*nothing will ever settle/) as string } } });
      expect(await end('const all = []; for (;;) all.push(new Array(2_000_000).fill(1.5));')).toMatchObject({ failure: { code: 'function.closing', details: { message: expect.stringContaining('it needed more memory than the node may have') as string } } });
    });
    test.each<[string, string, number, number, Partial<SandboxProgram>?]>([
      ['what cannot be read', 'const a = 1;\nconst b = ;', 2, 11], ['a message', 'node.log(1);\nnode.log({ msg: 1 }.msg, msg.payload);', 2, 26], ['a module that the settings do not name', 'require("fs");', 1, 1],
      ['what no erasing of types makes JavaScript', '\nenum A { x }', 2, 1, { language: 'typescript' }],
    ])('%s is told at the deploy, with its place', async (_name, code, line, column, more) => {
      await expect(opens(code, more)).rejects.toMatchObject({ code: 'function.closing', details: { field: 'closing', line, column } });
    });
    test('its own variable may have the name of a message', async () => { expect(await end('const msg = "x"; node.log(msg);')).toMatchObject({ logs: [{ text: 'x' }] }); });
    test('a failure of the setup code stays that of the setup code', async () => {
      await expect(opens('node.log(x);', { setup: 'const x = () => 1;' })).rejects.toMatchObject({ code: 'function.setup', details: { field: 'setup' } });
    });
  });

  describe('failures', () => {
    test.each<[string, string, string, number, number]>([
      ['a throw', '\nthrow new Error("boom");', 'function.threw', 2, 7],
      ['a throw after an await', 'await 1;\n  null.x;', 'function.threw', 2, 8],
      ['a throw in a timer', 'setTimeout(() => {\n missing(); }, 1);', 'function.threw', 2, 2],
      ['a throw in an inner function', 'function f() {\n  throw new RangeError("r");\n}\nf();', 'function.threw', 2, 9],
      ['a rejection that nobody handles', '(async () => {\n null.x; })();\nreturn msg;', 'function.threw', 2, 7],
    ])('%s has its line and column', async (_name, code, failure, line, column) => {
      expect(await first(code)).toMatchObject({ failure: { code: failure, details: { line, column } } });
    });
    test('code that cannot be read is told at once, with its place', async () => {
      await expect(opened.door.open(program('const a = 1;\nreturn a +;'))).rejects.toMatchObject({ code: 'function.syntax', details: { line: 2, column: 11 } });
      await expect(opened.door.open(program('}); (function () {'))).rejects.toMatchObject({ code: 'function.syntax', details: { line: 1 } });
    });
    test('code that only the engine refuses fails its messages, with its place', async () => {
      expect(await first('let msg = 1;\nreturn msg;')).toMatchObject({ failure: { code: 'function.syntax', details: { line: 1, column: 5 } } });
    });
    test.each([['a text', 'throw "plain";', 'plain'], ['nothing', 'throw undefined;', 'undefined'], ['a trap', 'throw { get message() { throw 1; } };', 'an error that cannot be shown']])('throwing %s is shown', async (_name, code, message) => {
      expect(await first(code)).toMatchObject({ failure: { code: 'function.threw', details: { message } } });
    });
    test('the code cannot pretend that the sandbox failed', async () => {
      expect(await run('const e = new Error("x"); Object.defineProperty(e, "sandbox", { value: { code: "unavailable" } }); throw e;')).toEqual(['function.threw']);
      expect(await run('throw { message: "x", sandbox: { code: "constructor" } };')).toEqual(['function.threw']);
    });
    test('the sandbox’s own words are in both languages', async () => {
      const result = await first('return 5;');
      expect('failure' in (result ?? {}) && (result as { failure: { text: object } }).failure.text).toEqual({
        en: 'What the code sent is not a message: a message must be an object, not a number; put the value into one: { payload: value }',
        ru: 'Код отправил не сообщение: сообщение должно быть объектом, а не число; поместите значение в объект: { payload: значение }',
      });
    });
    test('node.error with the message fails it, unless something is sent', async () => {
      expect(await run('node.error("no phone", msg);')).toEqual(['function.threw']);
      expect(await run('node.error("no phone", msg); return msg;')).toEqual([[[{ payload: 1 }]]]);
      expect(await run('node.error("only said");')).toEqual([[]]);
    });
    test('what is logged before a failure is kept', async () => {
      expect(await first('node.log("before"); null.x;')).toMatchObject({ logs: [{ level: 'log', text: 'before' }], failure: { code: 'function.threw' } });
    });
    test.each([['too many', 'for (;;) node.send({ payload: 1 });'], ['too large', 'return { payload: "x".repeat(5_000_000) };'], ['too many although caught', 'try { for (;;) node.send({}); } catch { return msg; }']])(
      'sending %s is refused', async (_name, code) => { expect(await run(code, undefined, undefined)).toEqual(['function.output-too-large']); });
    test('one bad message of a batch harms no other, and the order stays', async () => {
      const bodies = Array.from({ length: 100 }, (_, payload) => ({ payload }));
      const results = await run('if (msg.payload === 41) throw new Error("bad"); return msg;', bodies);
      expect(results).toEqual(bodies.map((body) => (body.payload === 41 ? 'function.threw' : [[body]])));
    });
    test('waits of a batch run beside each other, and the order stays', async () => {
      const bodies = Array.from({ length: 64 }, (_, payload) => ({ payload }));
      expect(await run('await new Promise((next) => setTimeout(next, 100 - msg.payload)); return msg;', bodies, { timeoutMs: 2000 })).toEqual(bodies.map((body) => [[body]]));
    });
  });
}
