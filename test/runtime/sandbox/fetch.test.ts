import { gzipSync } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createFetch } from '../../../runtime/http-out/fetch.ts';
import { networkPolicy } from '../../../runtime/http-out/network.ts';
import { limits } from '../../../runtime/limits.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { Body, Fetch, FetchOptions, SandboxGrant, SandboxMessage, SandboxResult } from '../../../runtime/sdk/index.ts';
import { localServer, type LocalServer } from '../../kit/local-server.ts';
import { program, shown } from '../../suites/sandbox.suite.ts';

/** What code that is granted servers can do with them, against real ones. */

const sandbox = new SandboxSupervisor();
const net = createFetch({ policy: networkPolicy({ MILLRACE_ALLOWED_NETWORKS: '127.0.0.1' }) });
const servers: LocalServer[] = [];
afterEach(async () => { for (const server of servers.splice(0)) await server.close(); });
afterAll(async () => { await sandbox.close(); await net.close(); });

async function serve(handle: (request: IncomingMessage, response: ServerResponse, body: string) => void): Promise<LocalServer> {
  const server = await localServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => { handle(request, response, body); });
  });
  servers.push(server);
  return server;
}
const echo = (): Promise<LocalServer> => serve((request, response, body) => {
  response.writeHead(200, 'Fine', { 'content-type': 'application/json', 'x-two': ['a', 'b'] }).end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
});

interface How { readonly grant?: Partial<SandboxGrant>; readonly fetch?: Fetch; readonly timeoutMs?: number; readonly signal?: AbortSignal; readonly bodies?: readonly Body[] }
const grantOf = (server: LocalServer | undefined, grant: How['grant']): SandboxGrant => ({ hosts: server ? [`127.0.0.1:${server.port}`] : ['127.0.0.1'], methods: 'all', ...grant });

async function results(server: LocalServer | undefined, code: string, how: How = {}): Promise<readonly SandboxResult[]> {
  const fn = await sandbox.open(program(code, { timeoutMs: how.timeoutMs ?? 5000, fetch: grantOf(server, how.grant) }));
  try {
    const messages = (how.bodies ?? [{ url: server?.url ?? '' }]).map((body, at): SandboxMessage => ({ id: `m-${at}`, nowMs: 1_700_000_000_000, body, net: { fetch: how.fetch ?? net.fetch, key: `m-${at}:calc`, signal: how.signal ?? new AbortController().signal } }));
    return await fn.call(messages);
  } finally {
    await fn.close();
  }
}
/** What the code gave as its payload, or its failure's code. */
async function given(server: LocalServer | undefined, code: string, how?: How): Promise<unknown> {
  const value = shown((await results(server, code, how))[0]);
  return Array.isArray(value) ? (value as [[{ payload: unknown }]])[0]?.[0]?.payload : value;
}
const failureOf = async (server: LocalServer | undefined, code: string, how?: How) => {
  const [result] = await results(server, code, how);
  if (!result || !('failure' in result)) throw new Error(`it did not fail: ${JSON.stringify(result)}`);
  return result.failure;
};
/** A server to whose answers the test holds the key. */
async function slow(): Promise<{ server: LocalServer; asked: Promise<void>; closed: Promise<void>; answer: () => void }> {
  const asked = Promise.withResolvers<undefined>();
  const closed = Promise.withResolvers<undefined>();
  let answer = (): void => undefined;
  const server = await serve((request, response) => {
    answer = () => { response.end('late'); };
    response.on('close', () => { closed.resolve(undefined); });
    void request;
    asked.resolve(undefined);
  });
  return { server, asked: asked.promise, closed: closed.promise, answer: () => { answer(); } };
}

describe('a call', () => {
  test('a header may be called as something that every object has', async () => {
    const server = await echo();
    expect(await given(server, 'const { headers } = await (await fetch(msg.url, { headers: { constructor: "a", "x-own": "b" } })).json(); return { payload: [headers.constructor, headers["x-own"]] };')).toEqual(['a', 'b']);
  });

  test('brings status, headers and body, each way of reading it', async () => {
    const code = `const r = await fetch(msg.url + '/a?b=1#c', { headers: { 'X-Own': 'x' } }); const copy = r.clone(); const again = r.clone(); const body = await r.json();
      return { payload: [r.ok, r.status, r.statusText, r.redirected, r.url === msg.url + '/a?b=1', r.headers.get('Content-Type'), r.headers.has('x-two'), [...r.headers].length > 2, body.method, body.url, body.headers['x-own'], body.headers['user-agent'], (await copy.text()).length === (await again.arrayBuffer()).byteLength, r.bodyUsed] };`;
    expect(await given(await echo(), code)).toEqual([true, 200, 'OK', false, true, 'application/json', true, true, 'GET', '/a?b=1', 'x', 'Millrace', true, true]);
  });
  test.each<[string, string, string, string]>([
    ['text', '"привет 😀"', 'привет 😀', 'text/plain;charset=UTF-8'],
    ['JSON', 'JSON.stringify({ a: 1 }), headers: { "content-type": "application/json" }', '{"a":1}', 'application/json'],
    ['a form', 'new URLSearchParams({ q: "a b", r: "ё" })', 'q=a+b&r=%D1%91', 'application/x-www-form-urlencoded;charset=UTF-8'],
    ['a Buffer', 'Buffer.from("bytes")', 'bytes', 'undefined'],
    ['bytes', 'new TextEncoder().encode("xbytes").subarray(1)', 'bytes', 'undefined'],
    ['an ArrayBuffer', 'new TextEncoder().encode("bytes").buffer', 'bytes', 'undefined'],
  ])('sends %s', async (_, body, sent, type) => {
    expect(await given(await echo(), `const r = await (await fetch(msg.url, { method: 'post', body: ${body} })).json(); return { payload: [r.method, r.body, String(r.headers['content-type'])] };`)).toEqual(['POST', sent, type]);
  });
  test('takes a URL, and an object with url, which what stands beside it goes before', async () => {
    expect(await given(await echo(), 'const r = await (await fetch(new URL("/x", msg.url))).json(); const s = await (await fetch({ url: msg.url, method: "PUT", body: "b" }, { method: "PATCH" })).json(); return { payload: [r.url, s.method, s.body] };')).toEqual(['/x', 'PATCH', 'b']);
  });
  test('gives bytes as they are, text in the charset of the answer, and unpacks', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/bytes') response.end(Uint8Array.from([0, 255, 254]));
      else if (request.url === '/1251') response.writeHead(200, { 'content-type': 'text/plain; charset=windows-1251' }).end(Uint8Array.from([0xcf, 0xf0]));
      else if (request.url === '/bom') response.end('\ufeff{"a":1}');
      else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'));
    });
    const code = 'const get = (path) => fetch(msg.url + path); return { payload: [[...await (await get("/bytes")).bytes()], await (await get("/1251")).text(), await (await get("/bom")).json(), (await (await get("/bom")).bytes()).length, await (await get("/gzip")).text()] };';
    expect(await given(server, code)).toEqual([[0, 255, 254], 'Пр', { a: 1 }, 10, 'unpacked']);
  });
  test('of which the answer is an error status is no failure', async () => {
    const server = await serve((_, response) => { response.writeHead(503, 'Later').end('busy'); });
    expect(await given(server, 'const r = await fetch(msg.url); return { payload: [r.ok, r.status, await r.text()] };')).toEqual([false, 503, 'busy']);
  });
  test('may have any status that servers send', async () => {
    const server = await serve((request, response) => { response.writeHead(request.url === '/204' ? 204 : 999).end(); });
    expect(await given(server, 'return { payload: [(await fetch(msg.url + "/204")).status, (await fetch(msg.url)).status] };')).toEqual([204, 999]);
  });
  test('many at once come back each to its own, in several messages of one batch', async () => {
    const server = await serve((request, response) => { response.end(request.url); });
    const bodies = Array.from({ length: 5 }, (_, n) => ({ url: server.url, n }));
    const all = await results(server, 'const got = await Promise.all([1, 2, 3, 4].map(async (i) => (await fetch(`${msg.url}/${msg.n}-${i}`)).text())); return { payload: got.join() };', { bodies });
    expect(all.map(shown)).toEqual(bodies.map(({ n }) => [[{ payload: [1, 2, 3, 4].map((i) => `/${n}-${i}`).join() }]]));
  });
  test('follows redirects within the grant, shows them where asked, and refuses them where asked', async () => {
    const server = await serve((request, response) => { if (request.url === '/from') response.writeHead(302, { location: '/to' }).end(); else response.end(request.method); });
    const code = 'const f = await fetch(msg.url + "/from", { method: "POST", body: "b" }); const m = await fetch(msg.url + "/from", { redirect: "manual" }); let e; try { await fetch(msg.url + "/from", { redirect: "error" }); } catch (error) { e = error.message; } return { payload: [f.redirected, f.url.endsWith("/to"), await f.text(), m.status, m.headers.get("location"), e.includes("redirects")] };';
    expect(await given(server, code)).toEqual([true, true, 'GET', 302, '/to', true]);
  });
  test('that writes carries a key of the message and its number, which the code may replace; one that reads none', async () => {
    const server = await echo();
    const keys = 'const key = async (method, headers = {}) => (await (await fetch(msg.url, { method, headers })).json()).headers["idempotency-key"] ?? null;';
    const code = `${keys} return { payload: [await key("POST"), await key("GET"), await key("DELETE"), await key("PUT", { "Idempotency-Key": "own" })] };`;
    expect(await given(server, code)).toEqual(['m-0:calc:1', null, 'm-0:calc:2', 'own']);
    expect(await given(server, code)).toEqual(['m-0:calc:1', null, 'm-0:calc:2', 'own']);
  });
  test('changes nothing about time and chance', async () => {
    const server = await echo();
    const code = 'const a = [Date.now(), Math.random()]; await fetch(msg.url); return { payload: [...a, Date.now(), Math.random()] };';
    const first = await given(server, code);
    expect(await given(server, code)).toEqual(first);
    expect((first as number[])[2]).toBe(1_700_000_000_000);
  });
  test('uses what the code sends later too: by callbacks, and beside timers', async () => {
    expect(await given(await echo(), 'fetch(msg.url).then((r) => r.json()).then((r) => { setTimeout(() => { node.send({ payload: r.method }); }, 2); });')).toBe('GET');
  });
});

describe('without a grant', () => {
  test.each(['fetch', 'Headers', 'Response', 'AbortController', 'AbortSignal', 'Request'])('%s does not exist', async (name) => {
    const fn = await sandbox.open(program(`return { payload: typeof ${name} };`));
    const [result] = await fn.call([{ id: 'm', nowMs: 0, body: {}, net: { fetch: net.fetch, key: 'k', signal: new AbortController().signal } }]);
    expect(shown(result)).toEqual([[{ payload: 'undefined' }]]);
    await fn.close();
  });
  test('a node is one with others as before; with it never', async () => {
    const plain = await sandbox.open(program('return msg;'));
    const other = await sandbox.open(program('return msg;'));
    const granted = await sandbox.open(program('return msg;', { fetch: { hosts: ['a.test'], methods: 'read' } }));
    const fused = sandbox.fuse([plain, other]);
    expect(fused).toBeDefined();
    expect([sandbox.fuse([plain, granted]), sandbox.fuse([granted, plain])]).toEqual([undefined, undefined]);
    for (const each of [plain, other, granted, fused]) await each?.close();
  });
});

describe('a grant', () => {
  const asked: string[] = [];
  const answering: Fetch = async (url, options: FetchOptions = {}) => {
    options.eachHop?.(new URL(url));
    asked.push(`${options.method} ${url}`);
    return { status: 200, headers: {}, bytes: new Uint8Array(), text: () => '' };
  };
  const may = async (hosts: readonly string[], url: string): Promise<unknown> => await given(undefined, 'return { payload: (await fetch(msg.url)).status };', { grant: { hosts }, fetch: answering, bodies: [{ url }] });

  test.each<[string, string, boolean]>([
    ['api.example.com', 'https://api.example.com/x', true], ['api.example.com', 'http://api.example.com', true], ['API.Example.com', 'https://api.EXAMPLE.com', true], ['api.example.com', 'https://api.example.com:443/', true],
    ['api.example.com', 'https://api.example.com:8443/', false], ['api.example.com', 'https://example.com', false], ['api.example.com', 'https://x.api.example.com', false], ['api.example.com', 'https://api.example.com.evil.test', false],
    ['api.example.com', 'https://evil.test/?api.example.com', false], ['api.example.com', 'https://evil.test#api.example.com', false], ['api.example.com', 'https://evil.test\\@api.example.com/', false],
    ['*.example.com', 'https://a.example.com', true], ['*.example.com', 'https://a.b.example.com', true], ['*.example.com', 'https://example.com', false], ['*.example.com', 'https://evilexample.com', false],
    ['https://api.example.com', 'http://api.example.com', false], ['https://api.example.com', 'https://api.example.com', true], ['http://api.example.com:8080', 'http://api.example.com:8080/y', true], ['api.example.com:8443', 'https://api.example.com:8443', true],
    ['api.example.com:8443', 'https://api.example.com', false], ['api.example.com:443', 'https://api.example.com', true], ['пример.рф', 'https://xn--e1afmkfd.xn--p1ai/', true], ['127.0.0.1', 'http://2130706433/', true], ['[::1]:80', 'http://[0:0:0:0:0:0:0:1]/', true],
  ])('of %s for %s: %s', async (host, url, allowed) => {
    asked.length = 0;
    expect(await may([host], url)).toBe(allowed ? 200 : 'function.fetch-refused');
    expect(asked).toHaveLength(allowed ? 1 : 0);
  });
  test.each([[[]], [['*']], [['*.com']], [['*.1.2.3']], [['a b']], [['a.com/path']], [['a.com:0']], [['a.com:99999']], [['ftp://a.com']], [['user@a.com']], [Array.from({ length: 101 }, (_, n) => `h${n}.test`)]])('%j is none', async (hosts) => {
    await expect(sandbox.open(program('return msg;', { fetch: { hosts, methods: 'all' } }))).rejects.toMatchObject({ code: 'function.fetch-grant', details: { field: 'hosts' } });
  });
  test('that only reads refuses everything else, with what to do', async () => {
    const failure = await failureOf(await echo(), '\n  await fetch(msg.url, { method: "POST" });', { grant: { methods: 'read' } });
    expect(failure).toMatchObject({ code: 'function.fetch-refused', details: { line: 2, column: 9 }, text: { en: expect.stringContaining('grant all methods') as string } });
    expect(failure.retry).toBeUndefined();
  });
  test('names the host that is missing, and what to do, in both languages', async () => {
    const failure = await failureOf(undefined, 'await fetch("https://other.test/x?token=t");');
    expect(failure.text.en).toMatch(/^A call to a server was not made at line 1, column 7: TypeError: calling GET https:\/\/other\.test\/x: calls to https:\/\/other\.test are not granted; add other\.test to the hosts/);
    expect(failure.text.ru).toContain('добавьте other.test к серверам');
    expect(JSON.stringify(failure)).not.toContain('token');
  });
  test('holds for each redirect, and what a foreign host is not shown', async () => {
    const other = await echo();
    const server = await serve((_, response) => { response.writeHead(307, { location: other.url }).end(); });
    expect((await failureOf(server, 'await fetch(msg.url)')).text.en).toContain(`calls to http://127.0.0.1:${other.port} are not granted`);
    expect(other.requests).toEqual([]);
    expect(await given(server, 'const { headers } = await (await fetch(msg.url, { headers: { authorization: "Bearer t", "x-key": "k", accept: "a/b" } })).json(); return { payload: [headers.authorization ?? null, headers["x-key"] ?? null, headers.accept] };', { grant: { hosts: [`127.0.0.1:${server.port}`, `127.0.0.1:${other.port}`] } })).toEqual([null, null, 'a/b']);
  });
  test('of a name reaches no private address', async () => {
    const closed = createFetch();
    expect((await failureOf(await echo(), 'await fetch(msg.url)', { fetch: closed.fetch })).text.en).toContain('127.0.0.1 is an address of a private network; who runs this installation may allow it');
    expect((await failureOf(undefined, 'await fetch("http://169.254.169.254/latest/")', { fetch: closed.fetch, grant: { hosts: ['169.254.169.254'] } })).code).toBe('function.fetch-refused');
    await closed.close();
  });
});

describe('what goes wrong', () => {
  test('is an ordinary TypeError that the code may catch', async () => {
    const server = await echo();
    await server.close();
    expect(await given(server, 'try { await fetch(msg.url); } catch (error) { return { payload: [error instanceof TypeError, error.constructor === TypeError, error.message.includes("cannot be reached")] }; }')).toEqual([true, true, true]);
  });
  test('uncaught is the message’s failure, with the place of the call, and tried again', async () => {
    const server = await echo();
    await server.close();
    const failure = await failureOf(server, 'const look = async () => {\n  await fetch(msg.url);\n};\nawait look();');
    expect(failure).toMatchObject({ code: 'function.fetch-failed', details: { line: 2, column: 9 }, scope: 'connection', retry: 'backoff' });
    expect(await failureOf(server, 'await fetch(msg.url).catch(() => 0); await fetch(msg.url);')).toMatchObject({ code: 'function.fetch-failed', retry: 'backoff' });
  });
  test('in a call that nobody awaits fails the message too', async () => {
    const server = await echo();
    await server.close();
    expect(await failureOf(server, 'fetch(msg.url); setTimeout(() => {}, 100);')).toMatchObject({ details: { line: 1 } });
  });
  test.each<[string, string, RegExp]>([
    ['an address that is none', 'fetch("/relative")', /not a whole address/], ['another scheme', 'fetch("file:///etc/passwd")', /neither http/], ['a password in it', 'fetch("https://a:b@c.test")', /authorization/],
    ['a method', 'fetch(msg.url, { method: "CONNECT" })', /no method/], ['a body of GET', 'fetch(msg.url, { body: "x" })', /no body/], ['an object as body', 'fetch(msg.url, { method: "POST", body: { text: "a" } })', /JSON\.stringify/],
    ['a line break in a header', 'fetch(msg.url, { headers: { a: "b\\r\\nx: y" } })', /no header may have/], ['a line break in a name', 'fetch(msg.url, { headers: { "a\\r\\nb": "c" } })', /cannot be the name/], ['a zero in a header', 'fetch(msg.url, { headers: [["a", "b\\0"]] })', /no header may have/],
    ['the host header', 'fetch(msg.url, { headers: { Host: "other.test" } })', /set by the call itself/], ['a length of its own', 'fetch(msg.url, { method: "POST", body: "x", headers: { "Content-Length": "100" } })', /set by the call/], ['a redirect mode', 'fetch(msg.url, { redirect: "sometimes" })', /follow, manual or error/],
    ['a symbol as address', 'fetch(Symbol("x"))', /Symbol/],
  ])('%s is refused before anything is sent', async (_, call, message) => {
    const server = await echo();
    expect(await given(server, `try { await ${call}; } catch (error) { return { payload: [error instanceof TypeError, error.message] }; }`)).toEqual([true, expect.stringMatching(message)]);
    expect(server.requests).toEqual([]);
  });
  test('bodies, heads and answers have their bounds', async () => {
    const server = await serve((request, response, body) => { response.end(request.url === '/big' ? 'x'.repeat(limits.sandboxFetchAnswerBytes + 1) : String(body.length)); });
    const body = `"x".repeat(${limits.sandboxFetchRequestBytes})`;
    expect(await given(server, `return { payload: await (await fetch(msg.url, { method: "POST", body: ${body} })).text() };`)).toBe(String(limits.sandboxFetchRequestBytes));
    expect((await failureOf(server, `await fetch(msg.url, { method: "POST", body: ${body} + "y" });`)).text.en).toContain('larger than');
    expect((await failureOf(server, `await fetch(msg.url, { method: "POST", body: ${body} }); await fetch(msg.url, { method: "POST", body: "y" });`)).code).toBe('function.fetch-refused');
    expect((await failureOf(server, `await fetch(msg.url, { headers: { a: "b".repeat(${limits.sandboxFetchHeadChars}) } });`)).text.en).toContain('address and headers');
    expect(await failureOf(server, 'await fetch(msg.url + "/big");')).toMatchObject({ code: 'function.fetch-failed', text: { en: expect.stringContaining('answered with more than') as string } });
  });
  test('a thousand calls are refused after the first fifty, and no more than some run at once', async () => {
    let [now, most] = [0, 0];
    const server = await serve((_, response) => {
      most = Math.max(most, ++now);
      setImmediate(() => { now--; response.end('x'); });
    });
    const code = 'const all = await Promise.allSettled(Array.from({ length: 1000 }, () => fetch(msg.url))); return { payload: [all.filter((each) => each.status === "fulfilled").length, all.at(-1).reason.message] };';
    expect(await given(server, code)).toEqual([limits.sandboxFetchCallsMax, `more than ${limits.sandboxFetchCallsMax} calls for one message`]);
    expect(server.requests).toHaveLength(limits.sandboxFetchCallsMax);
    expect(most).toBeLessThanOrEqual(limits.sandboxFetchAtOnceOfNode);
  });
  test('setup code has no fetch, though the node has', async () => {
    await expect(sandbox.open(program('return msg;', { setup: 'const a = fetch("https://a.test");', fetch: { hosts: ['a.test'], methods: 'all' } }))).rejects.toMatchObject({ code: 'function.setup', message: expect.stringContaining('fetch is not available in setup code') as string });
  });
});

describe('time', () => {
  test('a message that waits too long for an answer fails, may be tried again, and the call is broken off', async () => {
    const { server, closed } = await slow();
    const failure = await failureOf(server, 'await fetch(msg.url);', { timeoutMs: 400 });
    expect(failure).toMatchObject({ code: 'function.timeout', retry: 'backoff', text: { en: expect.stringContaining(`waiting for the answer to GET ${server.url}`) as string } });
    expect(failure.outcomeUnknown).toBeUndefined();
    await closed;
  });
  test('of one that writes nobody knows what came of it', async () => {
    const { server, closed } = await slow();
    expect(await failureOf(server, 'await fetch(msg.url, { method: "POST" });', { timeoutMs: 400 })).toMatchObject({ code: 'function.timeout', outcomeUnknown: true });
    await closed;
  });
  test('what is given up by the code’s own time is a TimeoutError, and broken off', async () => {
    const { server, closed } = await slow();
    expect(await given(server, 'try { await fetch(msg.url, { signal: AbortSignal.timeout(250) }); } catch (error) { return { payload: [error.name, error.message] }; }')).toEqual(['TimeoutError', 'no answer came within the time that the code gave']);
    await closed;
    expect(await failureOf(server, '\nawait fetch(msg.url, { signal: AbortSignal.timeout(20) });')).toMatchObject({ code: 'function.fetch-failed', retry: 'backoff', details: { line: 2 } });
  });
  test('what the code aborts is broken off with its reason', async () => {
    const { server, closed } = await slow();
    expect(await given(server, 'const stop = new AbortController(); setTimeout(() => { stop.abort(new Error("enough")); }, 250); try { await fetch(msg.url, { signal: AbortSignal.any([stop.signal]) }); } catch (error) { return { payload: error.message }; }')).toBe('enough');
    await closed;
    expect(await given(server, 'try { await fetch(msg.url, { signal: AbortSignal.abort() }); } catch (error) { return { payload: error.name }; }')).toBe('AbortError');
  });
  test('a time that is not used holds nobody up', async () => {
    const server = await echo();
    const [result] = await results(server, 'fetch(msg.url, { signal: AbortSignal.timeout(4000) }).then(() => { node.send({ payload: 1 }); });', { timeoutMs: 1000 });
    expect(shown(result)).toEqual([[{ payload: 1 }]]);
    expect(shown((await results(server, 'await fetch(msg.url, { signal: AbortSignal.any([AbortSignal.timeout(4000)]) }); node.send({ payload: 2 });', { timeoutMs: 1000 }))[0])).toEqual([[{ payload: 2 }]]);
  });
  // The timer ended with the first answer, so that nothing bounded the calls after it or beside it.
  test('a time for several calls holds until the last of them', async () => {
    const server = await serve((request, response) => { if (request.url === '/fast') response.end('fast'); });
    const ended = '.catch((error) => error.name)';
    expect(await given(server, `const signal = AbortSignal.timeout(250); const first = await (await fetch(msg.url + "/fast", { signal })).text(); return { payload: [first, await fetch(msg.url + "/never", { signal })${ended}] };`)).toEqual(['fast', 'TimeoutError']);
    expect(await given(server, `const signal = AbortSignal.timeout(250); return { payload: await Promise.all([fetch(msg.url + "/fast", { signal }).then((r) => r.text()), fetch(msg.url + "/never", { signal })${ended}]) };`)).toEqual(['fast', 'TimeoutError']);
  });
  test('code that waits for nothing but its time is woken by it', async () => {
    expect(await given(await echo(), 'return await new Promise((next) => { AbortSignal.timeout(20).addEventListener("abort", () => { next({ payload: "woken" }); }); });')).toBe('woken');
  });
  test('a race that was won does not wait for one that reads, but for one that writes', async () => {
    const { server, closed, asked, answer } = await slow();
    expect(await given(server, 'return Promise.race([fetch(msg.url), new Promise((next) => setTimeout(next, 250, { payload: "first" }))]);')).toBe('first');
    await closed;
    void asked.then(() => { answer(); });
    const writing = await slow();
    void writing.asked.then(() => { writing.answer(); });
    expect(await given(writing.server, 'return Promise.race([fetch(msg.url, { method: "POST" }), Promise.resolve({ payload: "first" })]);')).toBe('first');
    expect(writing.server.requests).toHaveLength(1);
  });
  test('cancelling the message breaks its calls off', async () => {
    const { server, asked, closed } = await slow();
    const stop = new AbortController();
    const running = failureOf(server, 'await fetch(msg.url);', { signal: stop.signal });
    await asked;
    stop.abort();
    await closed;
    expect((await running).code).toBe('function.fetch-failed');
  });
});

describe('what a failure means', () => {
  test('after a writing call that was answered an error of the code is the code’s own', async () => {
    const failure = await failureOf(await echo(), 'await fetch(msg.url, { method: "POST" }); throw new Error("no");');
    expect([failure.code, failure.retry, failure.outcomeUnknown]).toEqual(['function.threw', undefined, undefined]);
  });
  test('after a writing call a later one that fails leaves it unknown what was done', async () => {
    const server = await echo();
    const gone = await echo();
    await gone.close();
    expect(await failureOf(server, `await fetch(msg.url, { method: "POST" }); await fetch("${gone.url}");`, { grant: { hosts: [`127.0.0.1:${server.port}`, `127.0.0.1:${gone.port}`] } })).toMatchObject({ code: 'function.fetch-failed', outcomeUnknown: true });
  });
  test('a writing call that nobody can have seen leaves nothing unknown; one that was cut does', async () => {
    const server = await echo();
    await server.close();
    expect((await failureOf(server, 'await fetch(msg.url, { method: "POST" });')).outcomeUnknown).toBeUndefined();
    const cut = await serve((request) => { request.socket.destroy(); });
    expect(await failureOf(cut, 'await fetch(msg.url, { method: "POST" });')).toMatchObject({ code: 'function.fetch-failed', outcomeUnknown: true });
    expect((await failureOf(cut, 'await fetch(msg.url);')).outcomeUnknown).toBeUndefined();
  });
  test('when another message ends the sandbox, one that has written is not run again, and one that reads is', async () => {
    const asked: string[] = [];
    const both = Promise.withResolvers<undefined>();
    const server = await serve((request, response) => {
      asked.push(request.method ?? '');
      if (asked.length === 2) both.resolve(undefined);
      if (asked.length > 2) response.end('x');
    });
    const code = 'if (msg.bomb) { await new Promise((next) => setTimeout(next, 300)); for (;;); } await fetch(msg.url, { method: msg.method }); return { payload: "through" };';
    const all = await results(server, code, { timeoutMs: 700, bodies: [{ url: server.url, method: 'POST', bomb: false }, { url: server.url, method: 'GET', bomb: false }, { bomb: true, url: '', method: '' }] });
    expect(all.map(shown)).toEqual(['function.fetch-interrupted', [[{ payload: 'through' }]], 'function.timeout']);
    expect(all[0]).toMatchObject({ failure: { outcomeUnknown: true } });
    expect(asked.toSorted()).toEqual(['GET', 'GET', 'POST']);
  });
});

describe('the walls', () => {
  test('what the classes are made of is frozen, and tricks through Response and Headers give nothing', async () => {
    const code = `'use strict'; const out = []; const tries = [() => { Response.prototype.json = 1; }, () => { Headers.prototype.get = 1; }, () => { fetch.x = 1; }, () => { Object.setPrototypeOf(Response.prototype, {}); }, () => { Response.prototype.text.call({}).catch(() => 0); }, () => { Object.getOwnPropertyDescriptor(Response.prototype, 'status').get.call(Object.create(Response.prototype)); }, () => { globalThis.fetch = 1; }, () => { AbortSignal.timeout = 1; }];
      for (const each of tries) try { const r = each(); out.push('done'); } catch { out.push('no'); }
      const own = new (class extends Response { get status() { return 1; } })('x'); out.push(own.status, await own.text());
      const r = await fetch(msg.url); r.extra = 1; out.push(r.extra, Object.isFrozen(Response.prototype), r.constructor === Response, Object.getPrototypeOf(r.headers.get).constructor === Function, Object.keys(r));
      try { r.constructor.constructor('return process')(); } catch (error) { out.push(error.message); }
      return { payload: out };`;
    expect(await given(await echo(), code)).toEqual(['no', 'no', 'no', 'no', 'done', 'no', 'no', 'no', 1, 'x', 1, true, true, true, ['extra'], 'making code from text is not available in a function node']);
  });
  test('one message hears nothing of another’s calls, and a call that is held longer than its message never comes back', async () => {
    const server = await echo();
    const code = 'if (msg.first) { const held = fetch(msg.url); held.then(() => { node.send({ payload: "too late" }); }); return { payload: typeof globalThis.kept }; } await new Promise((next) => setTimeout(next, 50)); return { payload: typeof globalThis.kept };';
    const async = code.replace('if (msg.first)', 'await null; if (msg.first)');
    const all = await results(server, async, { bodies: [{ first: true, url: server.url }, { first: false, url: server.url }] });
    expect(all.map(shown)).toEqual([[[{ payload: 'undefined' }]], [[{ payload: 'undefined' }]]]);
  });
  test('code that runs while a result is written asks nothing any more', async () => {
    const server = await echo();
    const [result] = await results(server, 'return { payload: { toJSON() { fetch(msg.url + "/late"); return 1; } } };');
    expect(shown(result)).toEqual([[{ payload: 1 }]]);
    expect(server.requests).toEqual([]);
  });
});
