import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLoopback } from '../../../runtime/api/guard.ts';
import { ApiKit, codeOf } from '../../kit/api-kit.ts';

let kit: ApiKit;
beforeEach(async () => { kit = await new ApiKit().open(); });
afterEach(async () => { await kit.close(); });

const FLOWS = '/api/v1/flows';

test('Millrace answers to each of its own names', async () => {
  for (const host of [`127.0.0.1:${kit.port}`, `localhost:${kit.port}`, `LOCALHOST:${kit.port}`, `[::1]:${kit.port}`]) expect((await kit.ask({ path: FLOWS, headers: { host } })).status).toBe(200);
});

test('a name that was rebound to this machine is refused on the API, the editor and the live channel', async () => {
  for (const host of ['evil.example', `evil.example:${kit.port}`, '127.0.0.1', 'localhost:1', `127.0.0.1.evil.example:${kit.port}`, `127.0.0.1:${kit.port}.evil.example`]) {
    for (const path of [FLOWS, '/', '/socket.io/?EIO=4&transport=polling']) {
      const answer = await kit.ask({ path, headers: { host } });
      expect([host, answer.status, codeOf(answer)]).toEqual([host, 403, 'request.host']);
    }
  }
});

test('a page of another site is refused by its origin, whatever it asks', async () => {
  for (const origin of ['https://evil.example', 'null', 'http://localhost:3000', `https://127.0.0.1:${kit.port}`, `http://127.0.0.1:${kit.port}.evil.example`]) {
    for (const [method, path] of [['GET', FLOWS], ['POST', `${FLOWS}/lead/stop`], ['GET', '/socket.io/?EIO=4&transport=polling'], ['OPTIONS', FLOWS]] as const) {
      const answer = await kit.ask({ method, path, headers: { origin } });
      expect([origin, method, answer.status, codeOf(answer)]).toEqual([origin, method, 403, 'request.origin']);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  }
  expect(kit.project.calls).toEqual([]);
  expect((await kit.ask({ path: FLOWS, headers: { origin: `http://localhost:${kit.port}` } })).status).toBe(200);
});

test('what a page of another site loads without an origin is refused by Sec-Fetch-Site', async () => {
  for (const site of ['cross-site', 'same-site']) expect(codeOf(await kit.ask({ path: FLOWS, headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' } }))).toBe('request.origin');
  const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect(codeOf(await kit.ask({ path: FLOWS, headers: navigation }))).toBe('request.origin');
  expect(codeOf(await kit.ask({ path: '/', headers: { ...navigation, 'sec-fetch-dest': 'iframe' } }))).toBe('request.origin');
  expect(codeOf(await kit.ask({ path: '/', headers: navigation }))).toBe('request.not-found');
  for (const site of ['same-origin', 'none']) expect((await kit.ask({ path: FLOWS, headers: { 'sec-fetch-site': site } })).status).toBe(200);
});

test('webhooks and health are for everybody', async () => {
  const headers = { host: 'shop.example', origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' };
  expect((await kit.ask({ method: 'POST', path: '/hook/lead', headers })).status).toBe(202);
  expect((await kit.ask({ path: '/health/live', headers })).status).toBe(200);
});

test('an upgrade of another site is refused before the live channel sees it', async () => {
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  const path = '/socket.io/?EIO=4&transport=websocket';
  expect(codeOf(await kit.ask({ path, headers: { ...upgrade, origin: 'https://evil.example' } }))).toBe('request.origin');
  expect(codeOf(await kit.ask({ path, headers: { ...upgrade, host: 'evil.example' } }))).toBe('request.host');
});

test('only addresses that nobody else can reach count as this machine', () => {
  expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '192.168.0.1', '127.0.0.1.evil.example', 'evil.example', '', '127.0.0'].some(isLoopback)).toBe(false);
});
