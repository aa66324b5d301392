import { expect, test } from 'vitest';
import httpResponse from '../../../nodes/sink/http-response.ts';
import type { Body, HttpAnswer } from '../../../runtime/sdk/index.ts';
import { tryNode } from '../../kit/node-kit.ts';

async function reply(body: Body, config: { readonly [field: string]: unknown } = {}): Promise<HttpAnswer | undefined> {
  return (await tryNode(httpResponse, [body], { config })).seen.replies[0];
}

test.each([
  [{ a: 1 }, '{"a":1}', 'application/json; charset=utf-8'],
  [[1, 2], '[1,2]', 'application/json; charset=utf-8'],
  ['text', 'text', 'text/plain; charset=utf-8'],
  [7, '7', 'application/json; charset=utf-8'],
  [false, 'false', 'application/json; charset=utf-8'],
])('answers %j as %s', async (payload, body, type) => {
  expect(await reply({ payload })).toEqual({ status: 200, headers: { 'content-type': type }, body });
});

test('answers bytes as they are and nothing as nothing', async () => {
  expect((await reply({ payload: Uint8Array.of(1) }))?.body).toEqual(Uint8Array.of(1));
  expect(await reply({})).toEqual({ status: 200, headers: {}, body: '' });
  expect(await reply({ payload: { a: 1 } }, { status: 204 })).toEqual({ status: 204, headers: {}, body: '' });
});

test('the message overrules status and headers, as in Node-RED', async () => {
  const answer = await reply({ payload: 'x', statusCode: '404', headers: { 'X-Own': 'a', 'Content-Type': 'text/csv' } }, { status: 201, headers: { 'x-own': 'b', 'x-kept': 'c' } });
  expect(answer).toEqual({ status: 404, headers: { 'content-type': 'text/csv', 'x-own': 'a', 'x-kept': 'c' }, body: 'x' });
  expect((await reply({ payload: 'x', statusCode: 'no' }))?.status).toBe(200);
  expect((await reply({ payload: 'x', statusCode: 101 }))?.status).toBe(200);
});

test('a header that no answer can carry is left out and harms nothing else', async () => {
  const answer = await reply({ payload: 'x', headers: { 'x-split': 'a\r\nset-cookie: b', 'x-кириллица': 'a', 'x-name': 'Анна', 'content-length': '999', 'x-good': 'ok' } });
  expect(answer?.headers).toEqual({ 'content-type': 'text/plain; charset=utf-8', 'x-good': 'ok' });
});

test('with nobody waiting the message ends as dropped', async () => {
  const { seen, failures } = await tryNode(httpResponse, [{ payload: 1 }], { waits: false });
  expect([seen.drops, failures]).toEqual([['nobody-waits'], []]);
});
