import { gzipSync } from 'node:zlib';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createFetch } from '../../../runtime/http-out/fetch.ts';
import type { NodeFailure } from '../../../runtime/sdk/index.ts';
import { localServer, type LocalServer } from '../../kit/local-server.ts';

const net = createFetch();
const servers: LocalServer[] = [];
const serve = async (handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<LocalServer> => {
  const server = await localServer(handle);
  servers.push(server);
  return server;
};
afterEach(async () => { for (const server of servers.splice(0)) await server.close(); });
afterAll(() => net.close());

const failureOf = async (call: Promise<unknown>): Promise<NodeFailure> => await call.then(() => { throw new Error('it did not fail'); }, (error: unknown) => error as NodeFailure);
const redirect = (status: number, location: string) => (_: IncomingMessage, response: ServerResponse): void => { response.writeHead(status, { location }).end(); };
const reply = (body: string | Uint8Array, headers: Record<string, string> = {}) => (_: IncomingMessage, response: ServerResponse): void => { response.writeHead(200, headers).end(body); };

test('sends method, headers and body, and gives the whole answer', async () => {
  const bodies: string[] = [];
  const server = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text)).on('end', () => { response.writeHead(201, { 'X-Seen': 'yes' }).end('done'); });
  });
  const answer = await net.fetch(`${server.url}/a?b=1`, { method: 'PUT', body: 'привет', headers: { 'X-Own': '1' } });
  expect([answer.status, answer.headers['x-seen'], answer.text()]).toEqual([201, 'yes', 'done']);
  expect([server.requests[0]?.method, server.requests[0]?.url, server.requests[0]?.headers['x-own'], bodies.join('')]).toEqual(['PUT', '/a?b=1', '1', 'привет']);
});

test('reads text in the charset that the answer names, and unpacks gzip', async () => {
  const cyrillic = await serve(reply(Uint8Array.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]), { 'content-type': 'text/plain; charset=windows-1251' }));
  expect((await net.fetch(cyrillic.url)).text()).toBe('Привет');
  const packed = await serve(reply(gzipSync('unpacked'), { 'content-encoding': 'gzip' }));
  expect((await net.fetch(packed.url)).text()).toBe('unpacked');
});

test('reads an answer up to its limit, packed or not, and not beyond', async () => {
  const server = await serve(reply('x'.repeat(100)));
  expect((await net.fetch(server.url, { bytesMax: 100 })).bytes.length).toBe(100);
  expect((await failureOf(net.fetch(server.url, { bytesMax: 99 }))).code).toBe('http.too-large');
  const bomb = await serve(reply(gzipSync('x'.repeat(100_000)), { 'content-encoding': 'gzip' }));
  expect((await failureOf(net.fetch(bomb.url, { bytesMax: 1000 }))).code).toBe('http.too-large');
});

test('says that packed bytes are broken', async () => {
  const server = await serve(reply('plain', { 'content-encoding': 'gzip' }));
  expect((await failureOf(net.fetch(server.url))).code).toBe('http.broken-answer');
});

test('follows a redirect; a POST becomes GET after 302 and stays POST after 307', async () => {
  const target = await serve((request, response) => { response.end(request.method); });
  expect((await net.fetch((await serve(redirect(302, `${target.url}/x`))).url, { method: 'POST', body: 'b' })).text()).toBe('GET');
  expect((await net.fetch((await serve(redirect(307, `${target.url}/x`))).url, { method: 'POST', body: 'b' })).text()).toBe('POST');
});

test('shows no token to another host, whatever its header is called, and keeps it on the same one', async () => {
  const other = await serve((request, response) => { response.end(JSON.stringify(request.headers)); });
  const headers = { authorization: 'Bearer t', 'x-api-key': 'k', accept: 'a/b' };
  const seen = JSON.parse((await net.fetch((await serve(redirect(302, other.url))).url, { headers })).text()) as Record<string, string>;
  expect([seen.authorization, seen['x-api-key'], seen.accept]).toEqual([undefined, undefined, 'a/b']);
  const same = await serve((request, response) => { if (request.url === '/') redirect(302, '/next')(request, response); else response.end(request.headers.authorization); });
  expect((await net.fetch(same.url, { headers })).text()).toBe('Bearer t');
});

test('gives up after too many redirects, and follows none where none are wanted', async () => {
  const server = await serve(redirect(302, '/again'));
  expect((await failureOf(net.fetch(server.url, { redirects: 3 }))).code).toBe('http.redirects');
  expect(server.requests.length).toBe(4);
  expect((await net.fetch(server.url, { redirects: 0 })).status).toBe(302);
});

test('a redirect never leaves http', async () => {
  expect((await failureOf(net.fetch((await serve(redirect(302, 'file:///etc/passwd'))).url))).code).toBe('http.address');
});

test('user and password of an address become a header and do not stay in messages', async () => {
  const server = await serve((request, response) => { request.socket.destroy(); void response; });
  const failed = await failureOf(net.fetch(server.url.replace('http://', 'http://anna:geheim@') + '/a?token=t'));
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('anna:geheim').toString('base64')}`);
  expect(JSON.stringify([failed.text, failed.details])).not.toMatch(/geheim|token/);
});

test('nobody listening is an outage of the host, not the message’s failure', async () => {
  const server = await serve(reply(''));
  await server.close();
  servers.length = 0;
  const failed = await failureOf(net.fetch(server.url));
  expect([failed.code, failed.scope, failed.outcomeUnknown]).toEqual(['http.unreachable', 'connection', false]);
});

test('an unknown name is an outage of the host that names the address', async () => {
  const failed = await failureOf(net.fetch('http://no-such-host.invalid/'));
  expect([failed.code, failed.scope]).toEqual(['http.unreachable', 'connection']);
});

test('a connection cut after sending, and a deadline, leave the outcome unknown', async () => {
  const cut = await failureOf(net.fetch((await serve((request) => { request.socket.destroy(); })).url, { method: 'POST', body: 'b' }));
  expect([cut.code, cut.scope, cut.outcomeUnknown, cut.retry]).toEqual(['http.cut', 'message', true, 'backoff']);
  const aborter = new AbortController();
  const silent = await serve(() => { aborter.abort(); });
  const late = await failureOf(net.fetch(silent.url, { method: 'POST', body: 'b', signal: aborter.signal }));
  expect([late.code, late.scope, late.outcomeUnknown]).toEqual(['http.timeout', 'message', true]);
});

test('a connection cut in the middle of the answer leaves the outcome unknown', async () => {
  const server = await serve((request, response) => { response.writeHead(200, { 'content-length': '100' }); response.write('half', () => { request.socket.destroy(); }); });
  expect((await failureOf(net.fetch(server.url))).code).toBe('http.cut');
});

test.each(['', 'example.test/x', 'ftp://example.test', 'http://', 'javascript:alert(1)'])('refuses the address %j', async (address) => {
  expect((await failureOf(net.fetch(address))).code).toBe('http.address');
});

test('refuses a header that cannot be sent, without calling anybody', async () => {
  const server = await serve(reply(''));
  expect((await failureOf(net.fetch(server.url, { headers: { 'x-bad': 'a\r\nb: c' } }))).code).toBe('http.request');
  expect(server.requests).toEqual([]);
});
