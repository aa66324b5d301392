import { expect, test } from 'vitest';
import httpRequest from '../../../nodes/sink/http-request.ts';
import { replayOf } from '../../../runtime/flow/evaluate-rule.ts';
import type { NodeFailure } from '../../../runtime/sdk/index.ts';
import { tryNode, type Trial } from '../../kit/node-kit.ts';
import { answerOf, SimHttp } from '../../kit/sim-http.ts';
import { TEST_START } from '../../kit/virtual-time.ts';

type Config = { readonly [field: string]: unknown };
const POST = { method: 'POST', url: 'https://api.test/orders' };

async function call(config: Config, answer: ReturnType<typeof answerOf>, body: { [key: string]: unknown } = { payload: { id: 7 } }): Promise<Trial & { readonly sent: SimHttp['sent'] }> {
  const http = new SimHttp().on('api.test', () => answer);
  return { ...await tryNode(httpRequest, [body], { config, fetch: http.fetch, secrets: { token: 'geheim' } }), sent: http.sent };
}
async function failure(config: Config, answer: ReturnType<typeof answerOf>): Promise<NodeFailure> {
  const [failed] = (await call(config, answer)).failures;
  if (!failed) throw new Error('it did not fail');
  return failed;
}

test('429 and 503 pause the host for as long as it asks', async () => {
  const asked = await failure(POST, answerOf(429, 'slow down', { 'retry-after': '7' }));
  expect([asked.code, asked.scope, asked.retry]).toEqual(['http.unavailable', 'connection', { afterMs: 7000 }]);
  const dated = await failure(POST, answerOf(503, '', { 'retry-after': new Date(TEST_START + 90_000).toUTCString() }));
  expect(dated.retry).toEqual({ afterMs: 90_000 });
  expect((await failure(POST, answerOf(503, '', { 'retry-after': 'soon' }))).retry).toBe('backoff');
});

test.each([500, 502, 408])('%i is tried again with growing waits', async (status) => {
  const failed = await failure(POST, answerOf(status, '<html>down</html>'));
  expect([failed.code, failed.scope, failed.retry, failed.outcomeUnknown]).toEqual(['http.failed', 'message', 'backoff', false]);
  expect(failed.text.en).toContain('<html>down</html>');
});

test('504 leaves open whether the work was done', async () => {
  expect((await failure(POST, answerOf(504, ''))).outcomeUnknown).toBe(true);
});

test('a 403 page leaves by refused as text, even where JSON is expected', async () => {
  const { emits, failures } = await call({ ...POST, answer: 'json' }, answerOf(403, '<html>no</html>', { 'content-type': 'text/html' }));
  expect([failures, emits.refused?.[0]?.payload, emits.refused?.[0]?.statusCode]).toEqual([[], '<html>no</html>', 403]);
});

test('a page where JSON is expected is a failure that shows how the page begins', async () => {
  const failed = await failure({ ...POST, answer: 'json' }, answerOf(200, `<html>${'x'.repeat(500)}`, { 'content-type': 'text/html' }));
  expect([failed.code, failed.retry]).toEqual(['http.not-json', 'never']);
  expect(failed.details).toMatchObject({ status: 200, answer: `<html>${'x'.repeat(194)}` });
  expect((await failure(POST, answerOf(200, '{"a":', { 'content-type': 'application/json' }))).code).toBe('http.not-json');
});

test('an answer with nothing in it is an answer', async () => {
  for (const answer of ['auto', 'json', 'text']) {
    const { emits, failures } = await call({ ...POST, answer }, answerOf(204, ''));
    expect([failures, emits.answer?.length]).toEqual([[], 1]);
  }
});

test('every attempt of a message has the same Idempotency-Key, another message another', async () => {
  const http = new SimHttp();
  await tryNode(httpRequest, [{ payload: 1 }, { payload: 1 }], { config: { ...POST, url: 'https://echo.test/' }, fetch: http.fetch, ids: ['m1', 'm1'] });
  await tryNode(httpRequest, [{ payload: 1 }], { config: { ...POST, url: 'https://echo.test/' }, fetch: http.fetch, ids: ['m2'] });
  const keys = http.sent.map(({ options }) => options.headers?.['idempotency-key']);
  expect([keys[0] === keys[1], keys[0] === keys[2]]).toEqual([true, false]);
});

test('own headers win over made ones whatever their case, and never double them', async () => {
  const { sent } = await call({ ...POST, headers: { 'Idempotency-Key': 'own', 'Content-Type': 'application/vnd.x+json' } }, answerOf(200, ''));
  expect(sent[0]?.options.headers).toMatchObject({ 'idempotency-key': 'own', 'content-type': 'application/vnd.x+json' });
  expect(Object.keys(sent[0]?.options.headers ?? {}).filter((name) => name.toLowerCase() === 'idempotency-key').length).toBe(1);
});

test.each([
  [{ auth: 'bearer' }, { authorization: 'Bearer geheim' }],
  [{ auth: 'basic', user: 'anna' }, { authorization: `Basic ${Buffer.from('anna:geheim').toString('base64')}` }],
  [{ auth: 'header', tokenHeader: 'X-Token' }, { 'x-token': 'geheim' }],
])('signs in with %j', async (auth, headers) => {
  const { sent } = await call({ ...POST, ...auth, secret: { $secret: 'token' } }, answerOf(200, ''));
  expect(sent[0]?.options.headers).toMatchObject(headers);
});

test.each([
  ['form', { payload: { a: 'x y', b: [1, 2], c: { d: 1 } } }, 'a=x+y&b=1&b=2&c=%7B%22d%22%3A1%7D', 'application/x-www-form-urlencoded'],
  ['text', { payload: 'plain' }, 'plain', 'text/plain; charset=utf-8'],
  ['text', { payload: Uint8Array.of(1, 2) }, Uint8Array.of(1, 2), 'application/octet-stream'],
  ['none', { payload: 1 }, undefined, undefined],
])('sends a body as %s', async (body, message, sentBody, type) => {
  const { sent } = await call({ ...POST, body }, answerOf(200, ''), message);
  expect([sent[0]?.options.body, sent[0]?.options.headers?.['content-type']]).toEqual([sentBody, type]);
});

test('reads bytes as they are', async () => {
  const { emits } = await call({ url: 'https://api.test/x.png' }, answerOf(200, Uint8Array.of(137, 80), { 'content-type': 'image/png' }));
  expect(emits.answer?.[0]?.payload).toEqual(Uint8Array.of(137, 80));
});

test('a value never breaks out of its place in the address', async () => {
  const { sent } = await call({ url: { $template: 'https://api.test/people/{{payload}}/card' } }, answerOf(200, ''), { payload: '../admin?x=1#' });
  expect(sent[0]?.url).toBe('https://api.test/people/..%2Fadmin%3Fx%3D1%23/card');
});

test('a POST may be repeated only where the other side tells repeats apart', () => {
  const replay = (config: Config): string => replayOf(httpRequest.info.replay, config, httpRequest.info.config);
  expect([replay({ method: 'GET' }), replay({ method: 'PUT' }), replay({ method: 'DELETE' })]).toEqual(['idempotent', 'idempotent', 'idempotent']);
  expect([replay({ method: 'POST' }), replay({ method: 'PATCH' }), replay({ method: 'POST', idempotent: true })]).toEqual(['external', 'external', 'idempotent']);
});
