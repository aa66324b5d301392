import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createFetch } from '../../../runtime/http-out/fetch.ts';
import { networkPolicy } from '../../../runtime/http-out/network.ts';
import { limits } from '../../../runtime/limits.ts';
import { MessageCalls, type CallRules } from '../../../runtime/sandbox/fetch-calls.ts';
import { Grant } from '../../../runtime/sandbox/fetch-grant.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { Turnstile } from '../../../runtime/sandbox/turnstile.ts';
import type { Fetch, SandboxMessage } from '../../../runtime/sdk/index.ts';
import { localServer, type LocalServer } from '../../kit/local-server.ts';
import { program, shown } from '../../suites/sandbox.suite.ts';

/** Answers of servers are held by the runtime's process until the code has them: how much at once is bounded for all of them together. */

const sandbox = new SandboxSupervisor();
const net = createFetch({ policy: networkPolicy({ MILLRACE_ALLOWED_NETWORKS: '127.0.0.1' }) });
const servers: LocalServer[] = [];
afterEach(async () => { for (const server of servers.splice(0)) await server.close(); });
afterAll(async () => { await sandbox.close(); await net.close(); });

const LARGE = Buffer.alloc(limits.sandboxFetchAnswerBytes, 'x');
const NEVER = new AbortController().signal;
/** Large answers, unless another size is asked for; `chunked` says nothing of its size. */
async function serve(): Promise<LocalServer> {
  const server = await localServer((request, response) => {
    const [, how, size] = (request.url ?? '').split('/');
    const body = LARGE.subarray(0, Number(size ?? LARGE.length));
    if (how === 'gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body));
    else if (how === 'chunked') { response.write(body.subarray(0, 1)); response.end(body.subarray(1)); }
    else response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  servers.push(server);
  return server;
}

describe('an answer', () => {
  const small = limits.fetchSmallBytes;
  const most = limits.sandboxFetchAnswerBytes;
  test.each<[string, number, readonly number[]]>([
    ['plain', small, []], ['chunked', small, []], ['gzip', small, []], ['plain', small + 1, [small + 1]], ['chunked', small + 1, [most]], ['gzip', small + 1, [most]], ['plain', most, [most]], ['gzip', most, [most]],
  ])('%s of %i bytes asks for room %j', async (how, size, asked) => {
    const { url } = await serve();
    const rooms: number[] = [];
    const { bytes } = await net.fetch(`${url}/${how}/${size}`, { bytesMax: most, room: (bytes) => { rooms.push(bytes); return Promise.resolve(); } });
    expect([rooms, bytes.length]).toEqual([asked, size]);
  });
  test.each(['plain', 'gzip'])('that is not given room in time is given up: %s', async (how) => {
    const { url } = await serve();
    const stop = new AbortController();
    const full = new Turnstile(1);
    await full.enter(NEVER);
    const call = net.fetch(`${url}/${how}`, { signal: stop.signal, room: async (bytes) => { setImmediate(() => { stop.abort(); }); await full.enter(stop.signal, bytes); } });
    await expect(call).rejects.toMatchObject({ code: 'http.timeout' });
  });
});

/** Counts what stands between the room for an answer and the code that has it. */
async function manyCalls(count: number, hold: number, heard = count): Promise<{ granted: () => number; most: () => number; full: Promise<void>; all: Promise<readonly string[]>; takeAll: () => void; end: () => void }> {
  const { url, port } = await serve();
  let [asked, granted, taken, most] = [0, 0, 0, 0];
  const full = Promise.withResolvers<undefined>();
  const all = Promise.withResolvers<readonly string[]>();
  const told: string[] = [];
  let waiting: (() => void)[] = [];
  let open = false;
  const look = (): void => {
    most = Math.max(most, granted - taken);
    if (asked === limits.sandboxFetchAtOnceOfNode && waiting.length === hold) full.resolve(undefined);
    if (told.length === heard) all.resolve(told);
  };
  const fetch: Fetch = (address, options = {}) => net.fetch(address, {
    ...options,
    room: async (bytes) => {
      asked++;
      look();
      await options.room?.(bytes);
      granted++;
      look();
    },
  });
  const rules: CallRules = { grant: new Grant({ hosts: [`127.0.0.1:${port}`], methods: 'all' }), links: false, turnstiles: [new Turnstile(limits.sandboxFetchAtOnceOfNode)], rooms: [new Turnstile(limits.sandboxFetchHeldBytesOfNode)], bodyRooms: [] };
  const calls = Array.from({ length: count }, () => new MessageCalls(rules, { fetch, key: 'k', signal: NEVER }));
  for (const each of calls) {
    each.ask({ kind: 'fetch', id: 1, row: 0, method: 'GET', url, headers: [], body: undefined, later: 0, redirect: 'follow' }, (text, done) => {
      told.push(text);
      const take = (): void => {
        taken++;
        done();
      };
      if (open) take();
      else waiting.push(take);
      look();
    });
  }
  const takeAll = (): void => {
    open = true;
    for (const take of waiting) take();
    waiting = [];
  };
  return { granted: () => granted, most: () => most, full: full.promise, all: all.promise, takeAll, end: () => { for (const each of calls.slice(0, limits.sandboxFetchAtOnceOfNode)) each.end(); } };
}

describe('of many calls with the largest answers', () => {
  const hold = limits.sandboxFetchHeldBytesOfNode / limits.sandboxFetchAnswerBytes;

  test('no more are held than there is room for; the others wait, and all are served', async () => {
    const many = await manyCalls(40, hold);
    await many.full;
    expect(many.granted()).toBe(hold);
    many.takeAll();
    const all = await many.all;
    expect(all.filter((text) => text.length > limits.sandboxFetchAnswerBytes)).toHaveLength(40);
    expect(many.most()).toBe(hold);
  });
  test('those whose message has ended make room, though its code never took them', async () => {
    const many = await manyCalls(40, hold, 40 - limits.sandboxFetchAtOnceOfNode + hold); // of the first sixteen half are told
    await many.full;
    many.end();
    many.takeAll();
    expect(await many.all).toHaveLength(40 - limits.sandboxFetchAtOnceOfNode + hold);
  });
});

test('code that reads more than there is room for, call after call and in many nodes at once, has all of it', async () => {
  const { url, port } = await serve();
  const code = 'let size = 0; for (let n = 0; n < msg.times; n++) size += (await (await fetch(msg.url)).text()).length; return { payload: size };';
  const message = (n: number, times: number): SandboxMessage => ({ id: `m-${n}`, nowMs: 0, body: { url, times }, net: { fetch: net.fetch, key: `m-${n}`, signal: NEVER } });
  const nodes = await Promise.all([1, 2, 3].map(() => sandbox.open(program(code, { timeoutMs: 20_000, fetch: { hosts: [`127.0.0.1:${port}`], methods: 'read' } }))));
  const results = await Promise.all(nodes.map((node, at) => node.call(at === 0 ? [message(0, 20)] : Array.from({ length: 20 }, (_, n) => message(n, 1)))));
  expect(results.map((each) => each.map(shown))).toEqual([20, 1, 1].map((times) => Array.from({ length: times === 20 ? 1 : 20 }, () => [[{ payload: times * limits.sandboxFetchAnswerBytes }]])));
  for (const node of nodes) await node.close();
}, 60_000);

test('large bodies leave the isolate when there is room for them, no more than that at once, and all arrive', async () => {
  const bytes = limits.sandboxFetchRequestBytes;
  const hold = limits.sandboxFetchHeldBytesOfNode / bytes;
  const held: (() => void)[] = [];
  let [most, sent] = [0, 0];
  const full = Promise.withResolvers<undefined>();
  const fetch: Fetch = async (_, { body = '' } = {}) => {
    sent += body.length;
    const go = Promise.withResolvers<undefined>();
    most = Math.max(most, held.push(() => { go.resolve(undefined); }));
    if (held.length >= hold) full.resolve(undefined);
    await go.promise;
    return { status: 200, headers: {}, bytes: new Uint8Array(), text: () => '' };
  };
  const code = 'return { payload: (await fetch("http://a.test", { method: "POST", body: new Uint8Array(msg.size).fill(120) })).status };';
  const node = await sandbox.open(program(code, { timeoutMs: 60_000, memoryMb: 256, fetch: { hosts: ['a.test'], methods: 'all' } }));
  const results = node.call(Array.from({ length: 12 }, (_, n) => ({ id: `m-${n}`, nowMs: 0, body: { size: bytes }, net: { fetch, key: `m-${n}`, signal: NEVER } })));
  await full.promise;
  // Each that ends lets one in: so it goes on until all have been sent.
  while (sent < 12 * bytes) { held.shift()?.(); await new Promise((resolve) => { setImmediate(resolve); }); }
  for (const go of held) go();
  expect((await results).map(shown)).toEqual(Array.from({ length: 12 }, () => [[{ payload: 200 }]]));
  expect(most).toBe(hold);
  await node.close();
}, 90_000);

test('a turnstile counts sizes: who needs less does not pass who waits, unless that one gives up, and what is left over is free at once', async () => {
  const turnstile = new Turnstile(10);
  const stop = new AbortController();
  const order: string[] = [];
  const leave = await turnstile.enter(NEVER, 8);
  const large = turnstile.enter(stop.signal, 6).then(() => order.push('large'), () => order.push('gave up'));
  const small = turnstile.enter(NEVER, 2).then((out) => { order.push('small'); return out; });
  const huge = turnstile.enter(NEVER, 100).then((out) => { order.push('huge'); return out; });
  stop.abort();
  await large;
  (await small)();
  leave(3);
  leave(5);
  leave();
  (await huge)();
  expect(order).toEqual(['gave up', 'small', 'huge']);
  const rest = await turnstile.enter(NEVER, 9);
  rest(4);
  (await turnstile.enter(NEVER, 6))();
});
