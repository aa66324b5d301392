import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Answers } from '../../../runtime/sandbox/answers.ts';
import { MessageCalls } from '../../../runtime/sandbox/fetch-calls.ts';
import { Grant } from '../../../runtime/sandbox/fetch-grant.ts';
import { requestsIn, type Asked } from '../../../runtime/sandbox/fetch-requests.ts';
import type { Definition } from '../../../runtime/sandbox/frames.ts';
import type { BatchCall } from '../../../runtime/sandbox/link.ts';
import { SandboxedFunction } from '../../../runtime/sandbox/sandboxed-function.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { Turnstile } from '../../../runtime/sandbox/turnstile.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Fetch, FetchAnswer } from '../../../runtime/sdk/index.ts';

/** What an isolate that has left its walls could write, and what is made of it. */

const GOOD: readonly unknown[] = [1, 0, 'POST', 'https://a.test/', [['accept', 'x']], ['t', 'body'], 'follow'];
const but = (at: number, value: unknown): string => JSON.stringify([GOOD.with(at, value)]);
const fine: FetchAnswer = { status: 200, headers: {}, bytes: new Uint8Array(), text: () => '' };
const rules = { grant: new Grant({ hosts: ['a.test'], methods: 'all' }), links: false, rooms: [], bodyRooms: [] };
const callsWith = (fetch: Fetch): MessageCalls => new MessageCalls({ ...rules, turnstiles: [new Turnstile(2)] }, { fetch, key: 'k', signal: new AbortController().signal });
const request = (id: number, more: object = {}): Asked => ({ kind: 'fetch', id, row: 0, method: 'GET', url: 'https://a.test/', headers: [], body: undefined, later: 0, redirect: 'follow', ...more });
/** Everything that is ready to run has run. */
const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('of the text that comes', () => {
  test('what the guest writes is read', () => {
    expect(requestsIn(JSON.stringify([GOOD, [1, 0]]))).toEqual([
      { kind: 'fetch', id: 1, row: 0, method: 'POST', url: 'https://a.test/', headers: [['accept', 'x']], body: 'body', later: 0, redirect: 'follow' }, { kind: 'given-up', id: 1, row: 0 },
    ]);
    expect(requestsIn(but(5, ['b', 'AP8=']))).toMatchObject([{ body: new Uint8Array([0, 255]) }]);
    expect(requestsIn('[[2,0,"LINK","flow/node","{}",0]]')).toEqual([{ kind: 'link', id: 2, row: 0, link: 'flow/node', message: '{}', timeoutMs: 0 }]);
    expect(requestsIn(but(5, ['l', 70_000]))).toMatchObject([{ body: undefined, later: 70_000 }]);
    expect(requestsIn('[[1,0,["t","late"]]]')).toEqual([{ kind: 'body', id: 1, row: 0, body: 'late' }]);
    expect(requestsIn(but(5, null))).toMatchObject([{ body: undefined }]);
  });
  test.each<[string, string]>([
    ['no JSON', '[['], ['no list', '{}'], ['no text', ''], ['a request that is none', '[1]'], ['too few parts', '[[1]]'], ['three parts', '[[1,0,"GET"]]'], ['too many parts', JSON.stringify([[...GOOD, 1]])],
    ['no id', but(0, null)], ['an id of zero', but(0, 0)], ['a fraction as id', but(0, 1.5)], ['an id beyond counting', but(0, 2 ** 60)], ['a text as id', but(0, '1')], ['an object as id', but(0, { valueOf: 1 })],
    ['a negative row', but(1, -1)], ['a row beyond any batch', but(1, limits.batchMessages)], ['a text as row', but(1, '__proto__')],
    ['an unknown method', but(2, 'CONNECT')], ['a method in small letters', but(2, 'post')], ['a method with a line break', but(2, 'GET / HTTP/1.1\r\nx: y')], ['a list as method', but(2, ['GET'])],
    ['no address', but(3, null)], ['an address that is too long', but(3, 'x'.repeat(limits.sandboxFetchHeadChars))],
    ['headers that are no list', but(4, { a: 'b' })], ['a header in capitals', but(4, [['Accept', 'x']])], ['a header of three', but(4, [['a', 'b', 'c']])], ['a name with a line break', but(4, [['a\r\nb', 'c']])], ['an empty name', but(4, [['', 'c']])],
    ['a value with a line break', but(4, [['a', 'b\r\nhost: evil.test']])], ['a value with a zero', but(4, [['a', 'b\0']])], ['a value beyond Latin-1', but(4, [['a', 'ё']])], ['a number as value', but(4, [['a', 1]])],
    ['a host', but(4, [['host', 'evil.test']])], ['a length', but(4, [['content-length', '1']])], ['a transfer encoding', but(4, [['transfer-encoding', 'chunked']])], ['an upgrade', but(4, [['upgrade', 'h2c']])], ['a proxy header', but(4, [['proxy-authorization', 'x']])],
    ['a header that is too large', but(4, [['a', 'b'.repeat(limits.sandboxFetchHeadChars)]])],
    ['a body of an unknown kind', but(5, ['x', ''])], ['a body that is a text', but(5, 'body')], ['bytes that are no base64', but(5, ['b', '*'])], ['a body that is too large', but(5, ['t', 'x'.repeat(limits.sandboxFetchRequestBytes + 1)])], ['one that is too large in bytes', but(5, ['t', 'ё'.repeat(limits.sandboxFetchRequestBytes / 2 + 1)])],
    ['a later body of no size', but(5, ['l', 0])], ['a later body that is too large', but(5, ['l', limits.sandboxFetchRequestBytes + 1])], ['a later body of GET', JSON.stringify([GOOD.with(2, 'GET').with(5, ['l', 5])])], ['a late body that is none', '[[1,0,null]]'], ['a late body that is announced again', '[[1,0,["l",5]]]'],
    ['a body of GET', JSON.stringify([GOOD.with(2, 'GET')])], ['an unknown redirect', but(6, 'always')],
    ['a link without a message', '[[1,0,"LINK","a/b"]]'], ['a link with more', '[[1,0,"LINK","a/b","{}",0,1]]'], ['a link that is none', '[[1,0,"LINK","../b","{}",0]]'], ['a link to a link', '[[1,0,"LINK","a/b/c","{}",0]]'], ['a link of no text', '[[1,0,"LINK",{},"{}",0]]'],
    ['a message of a link that is no text', '[[1,0,"LINK","a",{},0]]'], ['a message of a link that is too large', JSON.stringify([[1, 0, 'LINK', 'a', 'x'.repeat(limits.sandboxFetchRequestBytes + 1), 0]])], ['a negative time of a link', '[[1,0,"LINK","a","{}",-1]]'],
    ['one bad request among good ones', JSON.stringify([GOOD, GOOD.with(0, 2), [3]])],
  ])('%s is not', (_, text) => { expect(requestsIn(text)).toBeUndefined(); });
});

describe('the calls of a message', () => {
  test('know an id once', () => {
    const calls = callsWith(() => Promise.resolve(fine));
    expect([calls.ask(request(1), () => undefined), calls.ask(request(1), () => undefined), calls.ask(request(2), () => undefined)]).toEqual([true, false, true]);
  });
  test('are judged here, whatever the isolate thought: methods, hosts, number and size', async () => {
    const asked: string[] = [];
    const calls = new MessageCalls({ ...rules, turnstiles: [new Turnstile(2)], grant: new Grant({ hosts: ['a.test'], methods: 'read' }) }, { fetch: (url) => { asked.push(url); return Promise.resolve(fine); }, key: 'k', signal: new AbortController().signal });
    const told: string[] = [];
    const refused = [{ method: 'POST' }, { url: 'https://b.test/' }, { url: 'http://a.test:8080/' }, { url: 'https://a.test@b.test/' }];
    for (const [at, more] of refused.entries()) calls.ask(request(at + 1, more), (text, taken) => { told.push(text); taken(); });
    await settled();
    expect(told).toHaveLength(4);
    for (const text of told) expect(text).toContain('fetch-refused');
    expect(asked).toEqual([]);
    const many = callsWith((url) => { asked.push(url); return Promise.resolve(fine); });
    const answers: string[] = [];
    for (let id = 1; id <= limits.sandboxFetchCallsMax + 5; id++) many.ask(request(id), (text, taken) => { answers.push(text); taken(); });
    for (let turn = 0; turn < 20; turn++) await settled();
    expect([asked.length, answers.filter((text) => text.includes('more than')).length]).toEqual([limits.sandboxFetchCallsMax, 5]);
    const large = callsWith(() => Promise.resolve(fine));
    for (const id of [1, 2]) large.ask(request(id, { method: 'POST', later: limits.sandboxFetchRequestBytes - 1 }), (text, taken) => { answers.push(text); taken(); });
    await settled();
    expect(answers.filter((text) => text.includes('larger than'))).toHaveLength(1);
  });
  test('send a large body when it comes, and nothing else than what was announced', async () => {
    const bodies: unknown[] = [];
    const calls = callsWith((_, options) => { bodies.push(options?.body); return Promise.resolve(fine); });
    const told: string[] = [];
    const tell = (text: string, taken: () => void): void => { told.push(text); taken(); };
    const small = 'x'.repeat(limits.fetchSmallBytes);
    expect([calls.ask(request(1, { method: 'POST', body: small }), tell), calls.ask(request(2, { method: 'POST', body: 'y' }), tell)]).toEqual([true, false]);
    expect(calls.ask(request(3, { method: 'POST', later: 2 }), tell)).toBe(true);
    const late = (id: number, body: string): Asked => ({ kind: 'body', id, row: 0, body });
    expect([calls.ask(late(3, 'too early'), tell), calls.ask(late(9, 'of nobody'), tell)]).toEqual([false, false]);
    await settled();
    expect(told.filter((text) => text === '[3,{"g":1}]')).toHaveLength(1);
    expect([calls.ask(late(3, 'ё'), tell), calls.ask(late(3, 'ё'), tell)]).toEqual([true, false]);
    expect(calls.ask(request(4, { method: 'POST', later: 2 }), tell)).toBe(true);
    await settled();
    expect([calls.ask(late(4, 'longer'), tell)]).toEqual([false]);
    calls.end();
    expect([calls.ask(late(4, 'ё'), tell)]).toEqual([true]);
    await settled();
    expect(bodies).toEqual([small, 'ё']);
  });
  test('that come back after the end are not heard', async () => {
    const late = Promise.withResolvers<FetchAnswer>();
    let signal: AbortSignal | undefined;
    const calls = callsWith((_, options) => { signal = options?.signal; return late.promise; });
    const told: string[] = [];
    calls.ask(request(1), (text) => { told.push(text); });
    await settled();
    calls.end();
    late.resolve(fine);
    await settled();
    expect([signal?.aborted, told]).toEqual([true, []]);
  });
});

describe('a process that asks what no code can ask', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-forged-'));
  const script = join(folder, 'child.cjs');
  // It answers each call with a frame of kind ask (21) in place of running anything.
  writeFileSync(script, `#!${process.execPath}
const pipe = new (require('node:net').Socket)({ fd: 3 });
pipe.on('data', (data) => {
  for (let at = 0; at + 9 <= data.length; at += data.readUInt32LE(at) + 4) {
    if (data.readUInt8(at + 4) !== 3) continue;
    const text = Buffer.from(data.toString('utf8', at + 9).match(/FORGED(.*?)DEGROF/)[1], 'base64');
    const frame = Buffer.alloc(9);
    frame.writeUInt32LE(5 + text.length, 0); frame.writeUInt8(21, 4); frame.writeUInt32LE(data.readUInt32LE(at + 5), 5);
    pipe.write(Buffer.concat([frame, text]));
  }
});
pipe.on('close', () => process.exit());
`, { mode: 0o755 });
  const forging = new SandboxSupervisor({ program: script });
  afterAll(async () => {
    await forging.close();
    rmSync(folder, { recursive: true });
  });

  test.each<[string, string, boolean]>([
    ['what cannot be read', '[[', true], ['a line break in a header', but(4, [['a', 'b\r\nc: d']]), true], ['for a message that it does not have', but(1, 1), true], ['twice under one id', JSON.stringify([GOOD.with(3, 'https://b.test/'), GOOD]), true], ['without a grant', JSON.stringify([GOOD]), false],
  ])('is ended, and makes no call: %s', async (_, text, granted) => {
    const asked: string[] = [];
    const fn = await forging.open({ code: 'return { payload: msg.payload };', outputs: 1, timeoutMs: 1000, memoryMb: 8, node: { id: 'n', name: 'n' }, env: {}, ...(granted && { fetch: { hosts: ['a.test'], methods: 'all' } }) });
    const [result] = await fn.call([{ id: 'm', nowMs: 0, body: { payload: `FORGED${Buffer.from(text).toString('base64')}DEGROF` }, net: { fetch: (url) => { asked.push(url); return Promise.resolve(fine); }, key: 'k', signal: new AbortController().signal } }]);
    expect(result).toMatchObject({ failure: { code: 'function.crashed' } });
    expect(asked).toEqual([]);
    await fn.close();
  });
});

describe('a batch', () => {
  test('asks for its own messages in work only: not for one that has its result, nor for a row that it has not', async () => {
    const sent: BatchCall[] = [];
    const definition: Definition = { cell: '', memoryMb: 8, timeoutMs: 100, plain: false, asks: true, sources: [], guest: '' };
    const fn = new SandboxedFunction<string>({ id: 1, definition, keys: null, usesId: false, read: String, failed: (code) => code, callsOf: () => callsWith(() => Promise.resolve(fine)), judge: (result) => result }, { together: (call) => { call.text(); sent.push(call); }, apart: () => undefined, alone: () => undefined, closed: () => undefined });
    const results = fn.call([{ id: 'a', nowMs: 0, body: {} }, { id: 'b', nowMs: 0, body: {} }]);
    const [call] = sent;
    const ask = (row: number, id: number): boolean | undefined => call?.ask?.([{ ...request(id), row }], () => undefined);
    expect(ask(0, 1)).toBe(true);
    call?.take(['first'], false);
    expect([ask(0, 2), ask(1, 3), ask(2, 4)]).toEqual([false, true, false]);
    call?.take(['second'], true);
    expect(await results).toEqual(['first', 'second']);
  });
});

test('a turnstile lets so many in, in their order, and who gives up waits no more', async () => {
  const turnstile = new Turnstile(1);
  const never = new AbortController().signal;
  const gaveUp = new AbortController();
  const order: string[] = [];
  const leave = await turnstile.enter(never);
  const second = turnstile.enter(gaveUp.signal).then(() => { order.push('second'); }, () => { order.push('gave up'); });
  const third = turnstile.enter(never).then((out) => { order.push('third'); return out; });
  gaveUp.abort();
  await second;
  leave();
  leave();
  (await third)();
  (await turnstile.enter(never))();
  expect(order).toEqual(['gave up', 'third']);
  await expect(turnstile.enter(gaveUp.signal)).rejects.toBeDefined();
});

test('whoever waits for answers is woken by each once, also by one that was there before', () => {
  const answers = new Answers();
  let woken = 0;
  answers.add('a');
  answers.onNext(() => { woken++; answers.onNext(undefined); });
  answers.add('b');
  expect([woken, answers.next(), answers.next()]).toEqual([1, 'a', 'b']);
  answers.onNext(() => { woken++; });
  answers.add('c');
  expect([woken, answers.next(), answers.next()]).toEqual([2, 'c', undefined]);
});
