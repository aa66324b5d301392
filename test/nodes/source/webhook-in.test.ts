import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import webhookIn from '../../../nodes/source/webhook-in/index.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import type { HttpAnswer, Receipt, ReplyOutcome } from '../../../runtime/sdk/index.ts';
import { startSource, type RequestGiven, type RunningSource, type SourceOptions } from '../../kit/source-kit.ts';
import { TEST_START } from '../../kit/virtual-time.ts';
import { sourceSuite } from '../../suites/source.suite.ts';

const start = (config: { readonly [field: string]: unknown } = {}, options: SourceOptions = {}): Promise<RunningSource> => startSource(webhookIn, { ...options, config: { path: '/lead', ...config }, secrets: { key: 'geheim' } });
const JSON_TYPE = { 'content-type': 'application/json' };
const post = (body: unknown, more: RequestGiven = {}): RequestGiven => ({ body: JSON.stringify(body), ...more, headers: { ...JSON_TYPE, ...more.headers } });
const said = (answer: HttpAnswer): { readonly error?: { readonly code: string; readonly details?: unknown }; readonly [key: string]: unknown } => JSON.parse(answer.body as string) as never;
async function refused(given: RequestGiven, config: { readonly [field: string]: unknown } = {}): Promise<[number, string | undefined, unknown]> {
  const source = await start(config);
  const answer = await source.request(given);
  expect(source.delivered).toEqual([]);
  return [answer.status, said(answer).error?.code, said(answer).error?.details];
}
async function taken(given: RequestGiven, config: { readonly [field: string]: unknown } = {}): Promise<RunningSource['delivered'][number]> {
  const source = await start(config);
  const answer = await source.request(given);
  expect([answer.status, said(answer)]).toEqual([202, { runId: 'run-1' }]);
  return source.delivered[0] as RunningSource['delivered'][number];
}

sourceSuite(webhookIn, { config: { path: '/lead' }, feed: async (source) => (await source.request(post({ a: 1 }))).status === 202 });

test.each([[{ 'x-owner': 'Анна' }], [{ 'x owner': 'a' }], [{ 'x-owner': 'a\nb' }]])('does not start with a header of the answer that cannot be sent: %j', async (headers) => {
  await expect(start({ headers })).rejects.toMatchObject({ code: 'webhook.config' });
});

test('an error is told in the language that the caller prefers', async () => {
  const told = async (language: string): Promise<unknown> => (said(await (await start()).request({ body: '{', headers: { ...JSON_TYPE, 'accept-language': language } })).error as unknown as { message: string }).message;
  for (const russian of ['ru', 'ru-RU,ru;q=0.9,en;q=0.8', 'de, ru;q=0.7, en;q=0.3', 'en;q=0, *;q=0.5, ru;q=0.1']) expect(await told(russian), russian).toMatch(/^тело — не JSON: .* ничего не принято$/);
  for (const english of ['', 'en', 'de', '*', 'en-US, ru;q=0.9', 'ru;q=0', 'ru;q=x']) expect(await told(english), english).toMatch(/^the body is not JSON: .* nothing was accepted$/);
});

test('answers 202 with the run’s id, in the body and in a header', async () => {
  const answer = await (await start({ headers: { 'X-Own': 'a' } })).request(post({}));
  expect(answer).toEqual({ status: 202, headers: { 'content-type': 'application/json; charset=utf-8', 'x-own': 'a', 'x-run-id': 'run-1' }, body: '{"runId":"run-1"}' });
});

describe('bodies', () => {
  const TEXT = 'text/plain; charset=windows-1251';
  const FORM = 'application/x-www-form-urlencoded';
  test.each([
    ['application/json', '{"a":[1,null]}', { a: [1, null] }],
    ['application/vnd.crm+json; charset=utf-8', '"text"', 'text'],
    ['application/json', '\uFEFF{"a":1}', { a: 1 }],
    ['text/plain', 'привет', 'привет'],
    ['text/xml', '<a/>', '<a/>'],
    [TEXT, Uint8Array.from([0xcf, 0xf0, 0xe8]), 'При'],
    [FORM, 'a=1&b=%D1%91&c=x+y&c=z&empty=', { a: '1', b: 'ё', c: ['x y', 'z'], empty: '' }],
    [FORM, 'data[FIELDS][ID]=7&data[FIELDS][PHONE][]=1&data[FIELDS][PHONE][]=2&e=f', { data: { FIELDS: { ID: '7', PHONE: ['1', '2'] } }, e: 'f' }],
    [`${FORM}; charset=windows-1251`, 'name=%CF%F0%E8&%E0=1+2', { name: 'При', а: '1 2' }],
    ['application/octet-stream', Uint8Array.of(0, 1), Uint8Array.of(0, 1)],
    ['', Uint8Array.of(65), Uint8Array.of(65)],
    ['application/json', '', null],
  ])('%s %j', async (type, body, payload) => {
    expect((await taken({ body, headers: { 'content-type': type } })).body.payload).toEqual(payload);
  });

  test('a multipart form gives its fields and its files', async () => {
    const form = new FormData();
    form.append('name', 'Анна');
    form.append('tag', 'a');
    form.append('tag', 'b');
    form.append('photo', new Blob([Uint8Array.of(137, 80, 0)], { type: 'image/png' }), 'снимок.png');
    const sent = new Response(form);
    const { body } = await taken({ body: new Uint8Array(await sent.arrayBuffer()), headers: { 'content-type': sent.headers.get('content-type') as string } });
    expect(body.payload).toEqual({ name: 'Анна', tag: ['a', 'b'] });
    expect((body.files as { bytes: Uint8Array }[]).map((file) => ({ ...file, bytes: [...file.bytes] }))).toEqual([{ field: 'photo', name: 'снимок.png', type: 'image/png', size: 3, bytes: [137, 80, 0] }]);
  });

  test('a packed body is unpacked, but not beyond the limit', async () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    expect((await taken({ body: gzipSync('{"a":1}'), headers })).body.payload).toEqual({ a: 1 });
    expect((await refused({ body: gzipSync(`"${'x'.repeat(3000)}"`), headers }, { bodyMax: '2KB' })).slice(0, 2)).toEqual([413, 'webhook.too-large']);
    expect((await refused({ body: '{"a":1}', headers })).slice(0, 2)).toEqual([400, 'webhook.bad-body']);
    expect((await refused({ body: 'x', headers: { 'content-encoding': 'zstd' } })).slice(0, 2)).toEqual([415, 'webhook.bad-type']);
  });

  test('the person may say how to read it', async () => {
    expect((await taken({ body: '{"a":1}' }, { bodyAs: 'json' })).body.payload).toEqual({ a: 1 });
    expect((await taken(post({ a: 1 }), { bodyAs: 'text' })).body.payload).toBe('{"a":1}');
  });
});

describe('bad input is refused with its place and accepts nothing', () => {
  test.each([
    ['{"a":1,}', { line: 1, column: 8 }], ['{\n  "a": x\n}', { line: 2, column: 8 }], ['{"a":', { line: 1, column: 6 }], ['not json', { line: 1, column: 1 }],
    ['{"a" 1}', { line: 1, column: 6 }], ['[1 2]', { line: 1, column: 4 }], ['{} x', { line: 1, column: 4 }], ['{"a":"\\x"}', { line: 1, column: 7 }], ['"a\nb"', { line: 1, column: 3 }], ['[01]', { line: 1, column: 3 }], ["{'a':1}", { line: 1, column: 2 }],
  ])('JSON %j', async (body, place) => {
    expect(await refused({ body, headers: JSON_TYPE })).toEqual([400, 'webhook.bad-json', place]);
  });

  test('JSON that is not UTF-8, and JSON nested without end', async () => {
    expect((await refused({ body: Uint8Array.of(0x22, 0xff, 0x22), headers: JSON_TYPE })).slice(0, 2)).toEqual([400, 'webhook.bad-json']);
    expect((await refused({ body: '['.repeat(100_000), headers: JSON_TYPE })).slice(0, 2)).toEqual([400, 'webhook.bad-json']);
    expect((await taken({ body: `"${'['.repeat(1000)}\\"]"`, headers: JSON_TYPE })).body.payload).toContain('[[[');
  });

  test.each([
    ['multipart/form-data', 'x', 400, 'webhook.bad-body'],
    ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut off', 400, 'webhook.bad-body'],
    ['application/x-www-form-urlencoded', Array.from({ length: 1001 }, (_, i) => `f${i}=1`).join('&'), 400, 'webhook.bad-body'],
    ['application/json; charset=klingon', '{}', 415, 'webhook.bad-type'],
  ])('%s', async (type, body, status, code) => {
    expect((await refused({ body, headers: { 'content-type': type } })).slice(0, 2)).toEqual([status, code]);
  });

  test('names that reach JavaScript itself are no part of the message', async () => {
    const { body } = await taken({ body: '{"__proto__":{"admin":true},"a":{"__proto__":1,"b":2}}', headers: JSON_TYPE });
    expect([JSON.stringify(body.payload), ({} as { admin?: boolean }).admin]).toEqual(['{"a":{"b":2}}', undefined]);
    const form = await taken({ body: 'a[__proto__][x]=1&__proto__[y]=1&constructor=2&b=3', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    expect([form.body.payload, ({} as { x?: string }).x, ({} as { y?: string }).y]).toEqual([{ b: '3' }, undefined, undefined]);
  });
});

describe('the request beside the payload', () => {
  test('says method, path, parameters, query, headers and caller', async () => {
    const { body } = await taken(post(1, { method: 'PUT', path: '/lead/7', params: { id: '7' }, query: 'a=1&b=x%20y&b=z', headers: { 'x-own': 'h' }, remote: '10.0.0.1' }), { method: 'any' });
    expect(body.request).toEqual({ method: 'PUT', path: '/lead/7', params: { id: '7' }, query: { a: '1', b: ['x y', 'z'] }, headers: { ...JSON_TYPE, 'x-own': 'h' }, remote: '10.0.0.1' });
  });

  test('never holds credentials or cookies', async () => {
    const headers = { authorization: 'Bearer geheim', cookie: 'session=geheim', 'x-signature': 'geheim', 'x-own': 'h' };
    for (const config of [{ check: 'bearer', secret: { $secret: 'key' } }, { check: 'header', secret: { $secret: 'key' } }]) {
      expect(JSON.stringify((await taken(post(1, { headers }), config)).body)).not.toMatch(/geheim.*geheim|session|Bearer/);
    }
    const named = await taken(post(1, { headers }), { headersKept: 'named', headerNames: ['X-Own', 'Authorization'] });
    expect((named.body.request as { headers: unknown }).headers).toEqual({ 'x-own': 'h' });
  });

  test('without a body GET and DELETE give their query', async () => {
    expect((await taken({ method: 'GET', query: 'a=1' }, { method: 'GET' })).body.payload).toEqual({ a: '1' });
    expect((await taken({ method: 'DELETE' }, { method: 'DELETE' })).body.payload).toEqual({});
    expect((await taken({ method: 'POST', query: 'a=1' })).body.payload).toBe(null);
  });
});

describe('check of the caller', () => {
  const body = '{"a":1}';
  const secret = { $secret: 'key' };
  const sign = (text: string, encoding: 'hex' | 'base64' = 'hex'): string => createHmac('sha256', 'geheim').update(text).digest(encoding);
  const with_ = (headers: { readonly [name: string]: string }): RequestGiven => ({ body, headers: { ...JSON_TYPE, ...headers } });
  const seconds = String(TEST_START / 1000);

  test.each([
    ['bearer', { check: 'bearer' }, { authorization: 'Bearer geheim' }, [{ authorization: 'Bearer wrong' }, { authorization: 'Basic geheim' }, { authorization: 'geheim' }, {}]],
    ['basic', { check: 'basic', user: 'anna' }, { authorization: `Basic ${Buffer.from('anna:geheim').toString('base64')}` }, [{ authorization: `Basic ${Buffer.from('bob:geheim').toString('base64')}` }, {}]],
    ['header', { check: 'header', checkHeader: 'X-Token' }, { 'x-token': 'geheim' }, [{ 'x-token': 'geheim ' }, { 'x-token': '' }, {}]],
    ['signature', { check: 'hmac' }, { 'x-signature': sign(body) }, [{ 'x-signature': sign('{"a":2}') }, { 'x-signature': sign(body, 'base64') }, { 'x-signature': sign(body).slice(2) }, { 'x-signature': 'zz' }, {}]],
    ['signature with a prefix', { check: 'hmac', checkHeader: 'X-Hub-Signature-256', signaturePrefix: 'sha256=' }, { 'x-hub-signature-256': `sha256=${sign(body)}` }, [{ 'x-hub-signature-256': sign(body) }]],
    ['signature in base64', { check: 'hmac', signatureEncoding: 'base64' }, { 'x-signature': sign(body, 'base64') }, [{ 'x-signature': sign(body) }]],
    ['signature over the time', { check: 'hmac', timestampHeader: 'X-Time', signedText: 'v0:{timestamp}:{body}' }, { 'x-time': seconds, 'x-signature': sign(`v0:${seconds}:${body}`) }, [
      { 'x-signature': sign(`v0::${body}`) }, { 'x-time': String(TEST_START / 1000 - 1000), 'x-signature': sign(`v0:${TEST_START / 1000 - 1000}:${body}`) }, { 'x-time': String(TEST_START), 'x-signature': sign(`v0:${seconds}:${body}`) }, { 'x-time': 'now', 'x-signature': sign(`v0:now:${body}`) },
    ]],
  ])('%s', async (_, config, good, bad) => {
    await taken(with_(good), { ...config, secret });
    for (const headers of bad) expect((await refused(with_(headers as { [name: string]: string }), { ...config, secret })).slice(0, 2)).toEqual([401, 'webhook.not-allowed']);
  });

  test('says by which scheme to come again, and nothing of the secret', async () => {
    const answer = await (await start({ check: 'basic', user: 'anna', secret })).request(post(1));
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    expect(JSON.stringify(answer)).not.toContain('geheim');
  });

  test.each([[{ check: 'bearer' }], [{ check: 'hmac', secret, signedText: 'x' }], [{ check: 'hmac', secret, timestampHeader: 'x-time' }], [{ check: 'hmac', secret, signedText: '{timestamp}{body}' }]])('does not start with %j, which protects nothing', async (config) => {
    await expect(start(config)).rejects.toMatchObject({ code: 'webhook.config' });
  });
});

describe('pages of other origins', () => {
  const origins = { origins: ['https://shop.test'] };
  const from = (origin: string): RequestGiven => post(1, { headers: { origin, host: 'own.test' } });

  test('an allowed page may read the answer, also one that refuses', async () => {
    const source = await start(origins);
    expect((await source.request(from('https://shop.test'))).headers).toMatchObject({ 'access-control-allow-origin': 'https://shop.test', vary: 'origin' });
    expect(await source.request({ ...from('https://shop.test'), body: '{' })).toMatchObject({ status: 400, headers: { 'access-control-allow-origin': 'https://shop.test' } });
  });

  test('another page is refused; a page of this server and a caller without a page are not', async () => {
    expect((await refused(from('https://evil.test'), origins)).slice(0, 2)).toEqual([403, 'webhook.origin']);
    await taken(from('https://own.test'), origins);
    await taken(post(1), origins);
    await taken(from('https://evil.test'));
  });

  test('a preflight is answered without the check and without accepting anything', async () => {
    const source = await start({ ...origins, check: 'bearer', secret: { $secret: 'key' } });
    const preflight = source.routes.find(({ options }) => options.methods.includes('OPTIONS'));
    const ask = (origin: string): Promise<HttpAnswer> | undefined => preflight?.handle({ method: 'OPTIONS', path: '/lead', params: {}, query: '', headers: { origin, 'access-control-request-headers': 'content-type, x-own' }, body: new Uint8Array(), remote: '' });
    expect(await ask('https://shop.test')).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': 'https://shop.test', 'access-control-allow-methods': 'POST', 'access-control-allow-headers': 'content-type, x-own' } });
    expect((await ask('https://evil.test'))?.status).toBe(403);
    expect(source.delivered).toEqual([]);
  });
});

describe('delivery', () => {
  test('keeps the order of what has the same value at a path, and knows an event by another', async () => {
    const { options } = await taken(post({ phone: 7, event: 'e1' }), { orderBy: 'payload.phone', eventId: 'payload.event' });
    expect(options).toEqual({ key: '7', eventId: 'e1' });
    expect((await taken(post({}, { headers: { 'x-event': 'e2' } }), { orderBy: 'payload.phone', eventId: 'request.headers.x-event' })).options).toEqual({ eventId: 'e2' });
    expect((await taken(post({ phone: { no: 'text' } }), { orderBy: 'payload.phone' })).options).toEqual({});
  });

  test('an event that came before is answered with the first run and starts no second', async () => {
    const source = await start({ eventId: 'payload.event' }, { deliver: async () => ({ runId: 'run-0', duplicate: true }) });
    const answer = await source.request(post({ event: 'e' }));
    expect([answer.status, said(answer)]).toEqual([200, { runId: 'run-0', duplicate: true }]);
  });

  test('a full flow answers 503 and when to come again; so does a journal that cannot write, and is told in the log', async () => {
    const answerTo = async (code: string): Promise<[HttpAnswer, number]> => {
      const source = await start({}, { deliver: async () => { throw new NodeFailure(code, { en: 'why', ru: 'почему' }, { retry: { afterMs: 1500 } }); } });
      return [await source.request(post(1)), source.seen.logs.length];
    };
    const [full, quiet] = await answerTo('queue.full');
    expect([full.status, full.headers['retry-after'], said(full).error?.code, quiet]).toEqual([503, '2', 'queue.full', 0]);
    const [broken, told] = await answerTo('journal.unavailable');
    expect([broken.status, said(broken).error?.code, told]).toEqual([503, 'webhook.unavailable', 1]);
    expect((await answerTo('message.too-large'))[0].status).toBe(413);
  });
});

describe('waiting for the flow', () => {
  const waiting = async (outcome: ReplyOutcome, receipt: Partial<Receipt> = {}): Promise<[HttpAnswer, RunningSource]> => {
    const source = await start({ answer: 'wait', timeout: '7s' }, { deliver: async () => ({ runId: 'run-1', duplicate: false, reply: Promise.resolve(outcome), ...receipt }) });
    return [await source.request(post({ a: 1 }, { headers: { 'idempotency-key': 'k1', authorization: 'Bearer a' } })), source];
  };

  test('gives the flow’s answer, with the run’s id; a repeated one says so', async () => {
    const answer = { status: 201, headers: { 'x-own': 'a' }, body: 'hi' };
    expect((await waiting({ kind: 'answered', answer, repeated: false }))[0]).toEqual({ status: 201, headers: { 'x-own': 'a', 'x-run-id': 'run-1' }, body: 'hi' });
    expect((await waiting({ kind: 'answered', answer, repeated: true }, { duplicate: true }))[0].headers).toEqual({ 'x-own': 'a', 'x-run-id': 'run-1', 'idempotency-replayed': 'true' });
  });

  test.each<[ReplyOutcome, number, object]>([
    [{ kind: 'timeout' }, 504, { error: { code: 'webhook.timeout' }, runId: 'run-1' }],
    [{ kind: 'in-progress' }, 409, { error: { code: 'webhook.in-progress' }, runId: 'run-1' }],
    [{ kind: 'mismatch' }, 422, { error: { code: 'webhook.mismatch' } }],
    [{ kind: 'ended', how: 'completed' }, 200, { runId: 'run-1', state: 'completed' }],
    [{ kind: 'ended', how: 'dropped' }, 200, { runId: 'run-1', state: 'dropped' }],
    [{ kind: 'ended', how: 'dead-lettered' }, 500, { error: { code: 'webhook.dead-lettered' }, runId: 'run-1' }],
  ])('%j gives %i', async (outcome, status, body) => {
    const [answer] = await waiting(outcome);
    expect([answer.status, answer.headers['x-run-id']]).toEqual([status, 'run-1']);
    expect(said(answer)).toMatchObject(body);
  });

  test('a repeat whose answer is no longer kept gets the run’s id', async () => {
    expect(said((await waiting({ kind: 'ended', how: 'completed' }, { duplicate: true }))[0])).toEqual({ runId: 'run-1', duplicate: true });
    expect((await waiting({ kind: 'ended', how: 'dead-lettered' }, { duplicate: true }))[0]).toMatchObject({ status: 500 });
  });

  test('asks for the recorded answer by route, caller and key, and by all that must be the same', async () => {
    const [, source] = await waiting({ kind: 'timeout' });
    await source.request(post({ a: 2 }, { headers: { 'idempotency-key': 'k1', authorization: 'Bearer b' } }));
    const [first, second] = source.delivered.map(({ options }) => options.reply);
    expect([first?.timeoutMs, first?.idempotency?.key, second?.idempotency?.key]).toEqual([7000, 'k1', 'k1']);
    expect(first?.idempotency?.scope).toMatch(/^flow\/node\//);
    expect(first?.idempotency?.scope).not.toBe(second?.idempotency?.scope);
    expect(first?.idempotency?.bodyHash).not.toBe(second?.idempotency?.bodyHash);
    expect(JSON.stringify(source.delivered)).not.toContain('Bearer');
  });
});
