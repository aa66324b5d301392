import { afterEach, beforeEach, expect, test } from 'vitest';
import { Failure } from '../../../runtime/errors.ts';
import { limits } from '../../../runtime/limits.ts';
import { NodeFailure } from '../../../runtime/sdk/node-failure.ts';
import { ApiKit, codeOf, HIDDEN, sampleFlow } from '../../kit/api-kit.ts';

let kit: ApiKit;
beforeEach(async () => { kit = await new ApiKit().open(); });
afterEach(async () => { await kit.close(); });

const put = (body: unknown, version = '"0"') => kit.ask({ method: 'PUT', path: '/api/v1/flows/lead', body, headers: { 'if-match': version } });

test('a flow is created, read with its version, changed and deleted', async () => {
  const created = await put(sampleFlow());
  expect([created.status, created.headers.etag, created.json]).toEqual([200, '"1"', { version: 1, problems: [] }]);
  const read = await kit.ask({ path: '/api/v1/flows/lead' });
  expect([read.headers.etag, read.json]).toEqual(['"1"', { flow: sampleFlow(), version: 1, problems: [] }]);
  expect((await put({ ...sampleFlow(), name: 'Lead' }, read.headers.etag)).json).toEqual({ version: 2, problems: [] });
  expect((await kit.ask({ method: 'DELETE', path: '/api/v1/flows/lead' })).status).toBe(204);
  expect((await kit.ask({ path: '/api/v1/flows' })).json).toEqual({ flows: [] });
  expect(kit.project.calls).toContainEqual(['saveFlow', 'lead', 'local']);
});

test('the second of two who change the same version is refused and told the newer one', async () => {
  await put(sampleFlow());
  await put({ ...sampleFlow(), name: 'first' }, '"1"');
  const second = await put({ ...sampleFlow(), name: 'second' }, '"1"');
  expect([second.status, codeOf(second)]).toEqual([412, 'flow.stale']);
  expect(second.json).toMatchObject({ error: { details: { version: 2 }, fix: { en: expect.any(String), ru: expect.any(String) } } });
  expect(kit.project.drafts.get('lead')?.flow.name).toBe('first');
});

test('a change that does not say on which version it builds is refused', async () => {
  const answer = await kit.ask({ method: 'PUT', path: '/api/v1/flows/lead', body: sampleFlow() });
  expect([answer.status, codeOf(answer)]).toEqual([428, 'request.version-missing']);
  for (const version of ['1', '*', '"x"', '"1", "2"', '"-1"']) expect(codeOf(await put(sampleFlow(), version))).toBe('request.invalid');
  expect(kit.project.drafts.size).toBe(0);
});

test('a document that is no flow comes back with every problem and its place', async () => {
  const answer = await put({ format: 'millrace.flow/1', id: 'lead', name: 7, delivery: 'durable', nodes: { a: { version: 1, config: {} } }, wires: [], layout: {} });
  expect([answer.status, codeOf(answer)]).toEqual([422, 'flow.invalid']);
  const { problems } = (answer.json as { error: { problems: { where: object }[] } }).error;
  expect(problems.map(({ where }) => where)).toEqual(expect.arrayContaining([{ flow: 'lead', field: 'name' }, { flow: 'lead', node: 'a' }]));
});

test('a flow is saved only under its own id', async () => {
  const answer = await put(sampleFlow('other'));
  expect([answer.status, codeOf(answer)]).toEqual([422, 'flow.id']);
});

test('broken JSON is answered with its line and column and nothing of its text', async () => {
  const answer = await kit.ask({ method: 'PUT', path: '/api/v1/secrets/token', raw: '{\n  "value": "hunter2",,\n}', headers: { 'content-type': 'application/json' } });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'request.json']);
  expect(answer.json).toMatchObject({ error: { details: { line: 2, column: 22 } } });
  expect(answer.text).not.toContain('hunter2');
});

test.each([
  [{}, 'body: "value" is missing'], [{ value: 7 }, 'body.value: must be of type string'], [{ value: 'x', more: 1 }, 'body: "more" is not known here'],
  [undefined, 'body: must be of type object'], ['text', 'body: must be of type object'], [[1], 'body: must be of type object'],
])('the body %j is refused with its place', async (body, said) => {
  const answer = await kit.ask({ method: 'PUT', path: '/api/v1/secrets/token', body });
  expect([answer.status, codeOf(answer)]).toEqual([400, 'request.invalid']);
  expect(answer.json).toMatchObject({ error: { message: { en: said } } });
  expect(kit.project.secrets.size).toBe(0);
});

test('a body that is not declared as JSON is refused, as a form of another site would send it', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/stop', raw: '{}', headers: { 'content-type': type } });
    expect([answer.status, codeOf(answer)]).toEqual([415, 'request.type']);
  }
  expect(kit.project.calls).toEqual([]);
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/stop' })).status).toBe(204);
});

test('a body above the limit is refused before and while it is read', async () => {
  const headers = { 'content-type': 'application/json' };
  const announced = await kit.ask({ method: 'POST', path: '/api/v1/import', raw: Buffer.alloc(limits.apiBodyBytesMax + 1, 32), headers });
  expect([announced.status, codeOf(announced), announced.headers.connection]).toEqual([413, 'request.too-large', 'close']);
  const chunked = await kit.ask({ method: 'POST', path: '/api/v1/import', raw: Buffer.alloc(limits.apiBodyBytesMax + 1, 32), headers: { ...headers, 'transfer-encoding': 'chunked' } });
  expect(chunked.status).toBe(413);
});

test.each([
  ['PUT', '/api/v1/dead-letters/1', 'body'], ['POST', '/api/v1/flows/lead/nodes/in/inject', 'body'], ['PUT', '/api/v1/env/region', 'value'], ['PUT', '/api/v1/context/global/k', 'value'],
])('a body that is nested too deep for the journal and the store is refused: %s %s', async (method, path, field) => {
  const nested = (levels: number): string => `{"${field}":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}}`;
  const ask = (levels: number) => kit.ask({ method, path, raw: nested(levels), headers: { 'content-type': 'application/json' } });
  kit.host.dead = [{ ...LETTER, id: '1' }];
  expect((await ask(limits.apiBodyDepthMax)).status).toBeLessThan(300);
  for (const levels of [limits.apiBodyDepthMax + 1, 100_000]) {
    const answer = await ask(levels);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'request.too-deep']);
  }
});

test('a query is read as the types that it stands for', async () => {
  await kit.ask({ path: '/api/v1/runs?flow=lead&state=pending&limit=7' });
  await kit.ask({ path: '/api/v1/runs' });
  expect(kit.project.calls).toEqual([['listRuns', { flow: 'lead', state: 'pending', limit: 7 }], ['listRuns', { limit: 50 }]]);
  for (const query of ['limit=0', 'limit=501', 'limit=x', 'state=odd', 'flow=a&flow=b', 'unknown=1']) expect(codeOf(await kit.ask({ path: `/api/v1/runs?${query}` }))).toBe('request.invalid');
});

test('a store that takes nothing is told with its meaning and what to do', async () => {
  const store = async () => ((await kit.ask({ path: '/api/v1/system' })).json as { store: object }).store;
  expect(await store()).toEqual({ state: 'well' });
  kit.host.stored = { state: 'waiting', reason: 'database is locked', code: 'store.unavailable' };
  expect(await store()).toMatchObject({ state: 'waiting', reason: 'database is locked', code: 'store.unavailable', means: { en: expect.any(String), ru: expect.any(String) }, fix: { en: expect.stringContaining('free space') } });
});

test('a journal that takes nothing is told with its meaning and what to do', async () => {
  const journal = async () => ((await kit.ask({ path: '/api/v1/system' })).json as { journal: object }).journal;
  expect(await journal()).toEqual({ state: 'well' });
  kit.host.health = { state: 'waiting', reason: 'filled up', code: 'journal.disk-low' };
  expect(await journal()).toMatchObject({ state: 'waiting', reason: 'filled up', code: 'journal.disk-low', means: { en: expect.stringContaining('reserve'), ru: expect.any(String) }, fix: { en: expect.stringContaining('Free space') } });
});

test('deploy, rollback, start and restore reach the project', async () => {
  await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/deploy', body: { version: 3 } });
  await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/rollback', body: { revision: 2 } });
  await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/start' });
  await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/restore' });
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/deploy/preview', body: { version: 3 } })).json).toMatchObject({ parks: [], refused: false });
  expect(kit.project.calls.pop()).toEqual(['previewDeploy', 'lead', 3]);
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/rollback/preview', body: { revision: 2 } })).json).toMatchObject({ parks: [], refused: false });
  expect(kit.project.calls.pop()).toEqual(['previewRollback', 'lead', 2]);
  expect(kit.project.calls).toEqual([['deploy', 'lead', 3], ['rollback', 'lead', 2], ['start', 'lead'], ['restore', 'lead']]);
  expect(codeOf(await kit.ask({ path: '/api/v1/flows/lead/revisions/abc' }))).toBe('revision.not-found');
});

test('inject takes a body or none, and a node’s failure is answered as its own', async () => {
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/a/inject' })).json).toEqual({ runId: 'run-1' });
  await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/a/inject', body: { body: { payload: 1 } } });
  expect(kit.host.injected).toEqual([['lead', 'a', undefined], ['lead', 'a', { payload: 1 }]]);
  kit.host.injectFails = new NodeFailure('queue.full', { en: 'full', ru: 'полно' });
  const full = await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/a/inject' });
  expect([full.status, codeOf(full)]).toEqual([503, 'queue.full']);
});

test('a node is tried with the config that was sent, on the message that was sent or on the last one', async () => {
  kit.project.drafts.set('lead', { flow: sampleFlow(), version: 1 });
  const node = { type: 'function', version: 1, config: { code: 'return msg;' } };
  const ask = (body: unknown) => kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/f/try', body });
  const none = await ask({ node });
  expect([none.status, codeOf(none)]).toEqual([409, 'try.no-message']);
  expect((await ask({ node, body: { payload: 1 } })).json).toEqual(kit.host.tried);
  const body = { payload: { phone: '+79001234534', sum: 1 } };
  kit.host.last = { input: { at: 1, runId: 'r', body, truncated: false }, outputs: {} };
  const masked = ((await kit.ask({ path: '/api/v1/flows/lead/nodes/f/last' })).json as { input: { body: typeof body } }).input.body;
  await ask({ node });
  await ask({ node, body: { payload: { ...masked.payload, sum: 2 } } });
  const flow = { ...sampleFlow(), nodes: { f: node } };
  expect(kit.host.asked).toEqual([['try', flow, 'f', { payload: 1 }], ['try', flow, 'f', body], ['try', flow, 'f', { payload: { phone: '+79001234534', sum: 2 } }]]);
  expect(kit.project.calls.filter(([what]) => what === 'audited')).toEqual([]);
});

test('a message that is typed to try a node may hold dates, bytes and big integers', async () => {
  kit.project.drafts.set('lead', { flow: sampleFlow(), version: 1 });
  const ask = (body: unknown) => kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/f/try', body: { node: {}, body } });
  await ask({ at: { $date: 5 }, photo: { $bytes: 'AQI=' }, id: { $bigint: '12' } });
  kit.host.last = { input: { at: 1, runId: 'r', body: { at: new Date(1), id: 1n }, truncated: false }, outputs: {} };
  await ask({ at: { $date: 1 }, id: { $bigint: '2' } });
  expect(kit.host.asked.map((each) => each.at(-1))).toEqual([{ at: new Date(5), photo: Uint8Array.of(1, 2), id: 12n }, { at: new Date(1), id: 2n }]);
});

test('a try is refused for a message that is too large, a flow that is not there, and a request of another form', async () => {
  const ask = async (body: unknown, flow = 'lead') => codeOf(await kit.ask({ method: 'POST', path: `/api/v1/flows/${flow}/nodes/f/try`, body }));
  kit.project.drafts.set('lead', { flow: sampleFlow(), version: 1 });
  expect(await ask({ node: {}, body: { payload: 'x'.repeat(limits.tryBodyChars) } })).toBe('try.too-large');
  expect(await ask({ node: {}, body: {} }, 'none')).toBe('flow.not-found');
  for (const body of [{}, { node: 1 }, { node: {}, body: [] }, { node: {}, body: 1 }, { node: {}, more: 1 }]) expect(await ask(body)).toBe('request.invalid');
});

test('what is answered of a try is masked: bodies, lines, context and failure', async () => {
  kit.project.drafts.set('lead', { flow: sampleFlow(), version: 1 });
  const seen = { body: { note: HIDDEN }, truncated: false };
  kit.host.tried = {
    outcome: 'failed', failure: { code: 'x', message: { en: HIDDEN, ru: HIDDEN } }, input: seen, outputs: { out: { count: 1, bodies: [seen] } },
    logs: [{ level: 'info', text: `got ${HIDDEN}` }], status: { kind: 'bad', text: { en: HIDDEN, ru: HIDDEN } }, writes: [{ scope: 'flow', key: 'k', value: seen }], ms: 1,
  };
  const { text, json } = await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/f/try', body: { node: {}, body: {} } });
  expect(text).not.toContain(HIDDEN);
  expect(json).toMatchObject({ logs: [{ text: 'got •••' }], outputs: { out: { bodies: [{ body: { note: '•••' } }] } } });
});

test('connections, secrets and env are saved, tried and deleted, and no answer holds a secret', async () => {
  const document = { type: 'sql', config: { driver: 'sqlite' } };
  const saved = await kit.ask({ method: 'PUT', path: '/api/v1/connections/crm-db', body: { document }, headers: { 'if-match': '"4"' } });
  expect([saved.headers.etag, saved.json]).toEqual(['"5"', { version: 5 }]);
  expect((await kit.ask({ method: 'POST', path: '/api/v1/connections/crm-db/test', body: { document } })).json).toMatchObject({ ok: true });
  expect((await kit.ask({ method: 'POST', path: '/api/v1/connections/host%3Aapi.test/try' })).json).toEqual({ state: 'open' });
  expect(kit.host.asked).toEqual([['tryConnection', 'host:api.test']]);
  const limited = { ...document, rate: '5/1s', note: 'kept as it is' };
  expect((await kit.ask({ method: 'PUT', path: '/api/v1/connections/crm-db', body: { document: limited }, headers: { 'if-match': '"5"' } })).status).toBe(200);
  await kit.ask({ method: 'PUT', path: '/api/v1/env/REGION', body: { value: null } });
  expect(kit.project.calls.filter(([what]) => what !== 'audited')).toEqual([['saveConnection', 'crm-db', document, 4], ['testConnection', 'crm-db', document], ['saveConnection', 'crm-db', limited, 5], ['saveEnv', 'REGION', null]]);
  expect((await kit.ask({ method: 'PUT', path: '/api/v1/secrets/token', body: { value: 'hunter2' } })).status).toBe(204);
  expect(kit.project.secrets.get('token')).toBe('hunter2');
  expect((await kit.ask({ path: '/api/v1/secrets' })).text).not.toContain('hunter2');
});

test('what is seen of messages is masked', async () => {
  kit.host.last = { input: { at: 1, runId: 'r', truncated: false, body: { payload: { phone: '+79001234534' } } }, outputs: { out: { at: 1, runId: 'r', truncated: false, body: { mail: 'ivan@example.com' } } } };
  expect((await kit.ask({ path: '/api/v1/flows/lead/nodes/a/last' })).json).toEqual({
    input: { at: 1, runId: 'r', truncated: false, body: { payload: { phone: '+7900•••••34' } } }, outputs: { out: { at: 1, runId: 'r', truncated: false, body: { mail: 'i•••@example.com' } } },
  });
  kit.host.dead = [{ id: '1', messageId: 'm', runId: 'r', flow: 'lead', node: 'a', at: 1, kind: 'failed', holdsKey: false, revision: 1, edited: false, attempts: 5, code: 'http.failed', message: { en: '', ru: '' }, body: { phone: '+79001234534' } }];
  expect((await kit.ask({ path: '/api/v1/dead-letters?flow=lead' })).text).not.toContain('1234534');
});

test('one flow is exported as its file, all as one file', async () => {
  await put(sampleFlow());
  const one = await kit.ask({ path: '/api/v1/export?flow=lead' });
  expect([one.text, one.headers['content-disposition'], one.headers['content-type']]).toEqual(['lead\n', 'attachment; filename="lead.json"', 'application/json; charset=utf-8']);
  expect((await kit.ask({ path: '/api/v1/export?flow=a&flow=b' })).text).toBe('a,b\n');
  expect((await kit.ask({ path: '/api/v1/export' })).text).toBe('lead\n');
});

test('an unexpected error is answered with an id that the log explains, and with nothing else', async () => {
  kit.project.breaks = new TypeError('secret detail of /srv/app');
  const answer = await kit.ask({ path: '/api/v1/flows' });
  expect([answer.status, codeOf(answer)]).toEqual([500, 'runtime.bug']);
  expect(answer.text).not.toMatch(/secret detail|\.ts/);
  const { id } = (answer.json as { error: { details: { id: string } } }).error.details;
  expect(kit.logged).toEqual([{ text: expect.stringContaining(id), details: { id, err: kit.project.breaks } }]);
});

test('an expected failure keeps its status, code, fix and problems', async () => {
  kit.project.breaks = new Failure('files.read-only', { en: 'saving', ru: 'сохранение' }, { fix: { en: 'do this', ru: 'сделайте так' } });
  const answer = await kit.ask({ path: '/api/v1/flows' });
  expect([answer.status, answer.json]).toEqual([403, { error: { code: 'files.read-only', message: { en: 'saving', ru: 'сохранение' }, fix: { en: 'do this', ru: 'сделайте так' } } }]);
  expect(kit.logged).toEqual([]);
});

test('unknown addresses, methods and undecodable paths are told apart', async () => {
  expect([await kit.ask({ path: '/api/v1/nothing' }), await kit.ask({ path: '/elsewhere' })].map(codeOf)).toEqual(['request.not-found', 'request.not-found']);
  const method = await kit.ask({ method: 'DELETE', path: '/api/v1/flows' });
  expect([method.status, codeOf(method), method.headers.allow]).toEqual([405, 'request.method', 'GET']);
  const undecodable = await kit.ask({ path: '/api/v1/flows/%E0%A4%A' });
  expect([undecodable.status, codeOf(undecodable)]).toEqual([400, 'request.invalid']);
});

test('health is answered before anything else is loaded, and readiness follows the runtime', async () => {
  expect((await kit.ask({ path: '/health/live' })).status).toBe(200);
  expect((await kit.ask({ path: '/health/ready' })).status).toBe(200);
  kit.isReady = false;
  expect((await kit.ask({ path: '/health/ready' })).status).toBe(503);
});

test('openapi.json lists every route with its parameters and body', async () => {
  const { paths } = (await kit.ask({ path: '/api/v1/openapi.json' })).json as { paths: { [path: string]: { [method: string]: { parameters: { name: string }[]; requestBody?: object } } } };
  expect(paths['/flows/{id}']?.['put']?.parameters.map(({ name }) => name)).toEqual(['id', 'If-Match']);
  expect(paths['/runs']?.['get']?.parameters.map(({ name }) => name)).toEqual(['flow', 'state', 'node', 'code', 'key', 'id', 'since', 'until', 'limit', 'after']);
  expect(paths['/flows/{id}/deploy']?.['post']?.requestBody).toMatchObject({ required: true });
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/catalog', '/connections/{name}/test', '/secrets/{name}', '/env/{name}', '/dead-letters', '/import', '/export', '/audit', '/system']));
});

const LETTER = { id: '7', messageId: 'm', runId: 'r', flow: 'lead', node: 'a', at: 1, kind: 'failed', holdsKey: true, revision: 1, edited: false, attempts: 5, code: 'http.failed', message: { en: '', ru: '' }, body: { payload: { phone: '+79001234534', sum: 5 } } } as const;

test('a dead letter that is edited keeps what was masked and left as it was', async () => {
  kit.host.dead = [LETTER];
  const { json } = await kit.ask({ path: '/api/v1/dead-letters/7' });
  const { body } = json as { body: { payload: { phone: string } } };
  expect(body.payload.phone).not.toContain('1234534');
  expect((await kit.ask({ method: 'PUT', path: '/api/v1/dead-letters/7', body: { body: { payload: { ...body.payload, sum: 6 }, added: true } } })).status).toBe(200);
  expect(kit.host.dead[0]).toMatchObject({ edited: true, body: { payload: { phone: '+79001234534', sum: 6 }, added: true } });
  expect(kit.project.calls).toContainEqual(['audited', 'local', 'dead-letter.edit', '7']);
});

test('what a failure quotes, and keys, are shown masked and without the value of any secret', async () => {
  const quoting = { en: `calling +79001234534 with ${HIDDEN}`, ru: `вызов +79001234534 с ${HIDDEN}` };
  const shown = { en: 'calling +7900•••••34 with •••', ru: 'вызов +7900•••••34 с •••' };
  kit.host.dead = [{ ...LETTER, key: '+79001234534', message: quoting }];
  const letter = { key: '+7900•••••34', message: shown };
  expect((await kit.ask({ path: '/api/v1/dead-letters' })).json).toMatchObject({ deadLetters: [letter] });
  expect((await kit.ask({ path: '/api/v1/dead-letters/7' })).json).toMatchObject(letter);
  kit.host.held = [{ node: 'a', key: '+79001234534', since: 1, failedAt: 'call', deadLetter: '7', code: 'x.y', message: quoting, waiting: 2 }];
  expect((await kit.ask({ path: '/api/v1/flows/lead/held-keys' })).json).toMatchObject({ keys: [{ node: 'a', deadLetter: '7', ...letter }] });
  kit.project.runs.set('r1', {
    id: 'r1', flow: 'lead', revision: 1, startedAt: 1, state: 'dead-lettered', messages: 1, recorded: true, stepsCut: false, pending: [], replays: [], failure: { node: 'a', code: 'x.y', message: quoting },
    steps: [{ messageId: 'm', node: 'a', at: 1, ms: 2, attempt: 1, outcome: 'dead-lettered', failure: { code: 'x.y', message: quoting }, input: { body: { note: HIDDEN }, truncated: false } }],
  });
  expect((await kit.ask({ path: '/api/v1/runs/r1' })).json).toMatchObject({ failure: { message: shown }, steps: [{ failure: { message: shown }, input: { body: { note: '•••' } } }] });
  kit.host.injectFails = new NodeFailure('x.y', quoting, { details: { said: HIDDEN } });
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/nodes/in/inject' })).json).toEqual({ error: { code: 'x.y', message: shown, details: { said: '•••' } } });
});

test('a dead letter that holds the value of a secret is edited without losing it', async () => {
  kit.host.dead = [{ ...LETTER, body: { payload: { note: `use ${HIDDEN}`, sum: 5 } } }];
  const { body } = (await kit.ask({ path: '/api/v1/dead-letters/7' })).json as { body: { payload: { note: string } } };
  expect(body.payload.note).toBe('use •••');
  await kit.ask({ method: 'PUT', path: '/api/v1/dead-letters/7', body: { body: { payload: { ...body.payload, sum: 6 } } } });
  expect(kit.host.dead[0]).toMatchObject({ body: { payload: { note: `use ${HIDDEN}`, sum: 6 } } });
});

test('a document goes back to whoever wrote it as it was written', async () => {
  const flow = { ...sampleFlow(), nodes: { a: { type: 'template', version: 1, config: { key: 'sales@example.com', label: '+79001234534' } } } };
  await put(flow);
  expect((await kit.ask({ path: '/api/v1/flows/lead' })).json).toMatchObject({ flow });
  expect((await kit.ask({ path: '/api/v1/flows/lead/revisions/1' })).json).toEqual(flow);
});

test('dead letters are resent and discarded by their ids or by a filter, never by nothing', async () => {
  const post = async (path: string, body: unknown) => (await kit.ask({ method: 'POST', path: `/api/v1/dead-letters/${path}`, body })).status;
  expect(await post('resend', { ids: ['1', '2'], to: 'node' })).toBe(200);
  expect(await post('discard', { query: { flow: 'lead', code: 'http.failed' } })).toBe(200);
  for (const nonsense of [{}, { ids: [] }, { ids: ['1'], query: {} }, { query: { kind: 'odd' } }, { ids: [1] }]) expect(await post('discard', nonsense), JSON.stringify(nonsense)).toBe(400);
  for (const nonsense of [{ ids: ['1'] }, { ids: ['1'], to: 'moon' }]) expect(await post('resend', nonsense), JSON.stringify(nonsense)).toBe(400);
  expect(kit.host.asked).toEqual([['resend', { ids: ['1', '2'], to: 'node' }], ['discard', { query: { flow: 'lead', code: 'http.failed' } }]]);
  expect(kit.project.calls.filter(([what]) => what === 'audited')).toHaveLength(2);
});

test('held keys are listed and freed, and a run is cancelled, in the name of who asked', async () => {
  expect((await kit.ask({ path: '/api/v1/flows/lead/held-keys' })).json).toEqual({ keys: [], total: 0 });
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/held-keys', body: { node: 'a', key: 'k', action: 'skip' } })).json).toEqual({ done: 1, refused: [] });
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/held-keys', body: { node: 'a', deadLetter: '7', action: 'resend' } })).status).toBe(200);
  for (const vague of [{}, { key: 'k', deadLetter: '7' }]) expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/held-keys', body: { node: 'a', action: 'skip', ...vague } })).status).toBe(400);
  expect((await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/held-keys', body: { node: 'a', key: 'k', action: 'burn' } })).status).toBe(400);
  expect((await kit.ask({ method: 'POST', path: '/api/v1/runs/r1/cancel' })).json).toEqual({ discarded: 1 });
  expect([kit.host.asked, kit.host.cancelled]).toEqual([[['free', 'lead', { node: 'a', key: 'k', action: 'skip' }], ['free', 'lead', { node: 'a', deadLetter: '7', action: 'resend' }]], ['r1']]);
});

test('of several dead letters that hold a key each is answered for; only when nothing could be done is it a conflict', async () => {
  const refused = [{ id: '7', reason: { en: 'its node is gone', ru: 'узла нет' } }];
  const free = async () => await kit.ask({ method: 'POST', path: '/api/v1/flows/lead/held-keys', body: { node: 'a', key: 'k', action: 'resend' } });
  kit.host.freed = { done: 2, refused };
  const some = await free();
  expect([some.status, some.json]).toEqual([200, { done: 2, refused }]);
  kit.host.freed = { done: 0, refused };
  const none = await free();
  expect([none.status, none.json]).toMatchObject([409, { error: { code: 'dead-letter.refused' } }]);
});

test('whatever a person does to messages and connections leaves a line in the audit log: who, what, and how many', async () => {
  const lines = async (method: string, path: string, body?: unknown): Promise<readonly [string, unknown[][], string[]]> => {
    kit.project.calls.length = 0;
    kit.project.details.length = 0;
    const { status } = await kit.ask({ method, path: `/api/v1${path}`, ...(body !== undefined && { body }) });
    return [`${status}`, kit.project.calls.filter(([what]) => what === 'audited').map(([, ...rest]) => rest), [...kit.project.details]];
  };
  kit.host.dead = [LETTER];
  expect(await lines('POST', '/flows/lead/nodes/in/inject', { body: { payload: 1 } })).toEqual(['200', [['local', 'message.inject', 'lead/in']], ['1 message, run run-1']]);
  expect(await lines('POST', '/connections/crm/test')).toEqual(['200', [['local', 'connection.test', 'crm']], ['works']]);
  expect(await lines('POST', '/connections/crm/test', { document: { type: 'sql', config: {} } })).toEqual(['200', [['local', 'connection.test', 'crm']], ['works, with a document that is not saved']]);
  expect(await lines('POST', '/connections/crm/try')).toEqual(['200', [['local', 'connection.try', 'crm']], ['open']]);
  expect(await lines('POST', '/dead-letters/resend', { query: { flow: 'lead' }, to: 'node' })).toEqual(['200', [['local', 'dead-letter.resend', 'lead']], ['1 done, 0 refused: {"query":{"flow":"lead"},"to":"node"}']]);
  expect(await lines('POST', '/dead-letters/discard', { ids: ['7'] })).toEqual(['200', [['local', 'dead-letter.discard', '*']], ['1 done, 0 refused: {"ids":["7"]}']]);
  expect(await lines('POST', '/runs/replay', { mode: 'same-keys', query: { flow: 'lead' } })).toEqual(['200', [['local', 'run.replay', 'lead']], ['2 started, 0 refused: {"mode":"same-keys","query":{"flow":"lead"}}']]);
  expect(await lines('POST', '/runs/r1/cancel')).toEqual(['200', [['local', 'run.cancel', 'r1']], ['1 messages']]);
  kit.host.freed = { done: 2, refused: [{ id: '7', reason: { en: 'gone', ru: 'нет' } }] };
  expect(await lines('POST', '/flows/lead/held-keys', { node: 'a', deadLetter: '7', action: 'skip' })).toEqual(['200', [['local', 'key.skip', 'lead']], ['2 done, 1 refused: {"node":"a","deadLetter":"7","action":"skip"}']]);
});

test('a run is shown with its path, personal data masked, and an unknown one is not found', async () => {
  const seen = (body: unknown) => ({ body, truncated: false });
  kit.project.runs.set('r1', {
    id: 'r1', flow: 'lead', revision: 1, startedAt: 1, state: 'completed', messages: 1, recorded: true, stepsCut: false, pending: [], replays: [],
    steps: [{ messageId: 'm', node: 'a', at: 1, ms: 2, attempt: 1, outcome: 'done', input: seen({ phone: '+7 999 1234534' }), outputs: { out: { count: 1, bodies: [seen({ phone: '+7 999 1234534' })] } } }],
  });
  const { json, text } = await kit.ask({ path: '/api/v1/runs/r1' });
  expect(json).toMatchObject({ steps: [{ node: 'a', outputs: { out: { count: 1, bodies: [{ truncated: false }] } } }] });
  expect(text).not.toContain('1234534');
  expect(codeOf(await kit.ask({ path: '/api/v1/runs/none' }))).toBe('run.not-found');
});

test('a replay is asked for one run or by a filter, audited unless it is a dry run, and refused without a mode', async () => {
  const post = (path: string, body: unknown) => kit.ask({ method: 'POST', path: `/api/v1/runs/${path}`, body });
  expect((await post('r1/replay', { mode: 'same-keys', from: 'a' })).json).toEqual({ runs: ['run-2'], refused: [], more: false });
  expect((await post('replay', { mode: 'new-generation', query: { flow: 'lead', code: 'x.y' } })).json).toMatchObject({ runs: ['run-2', 'run-3'] });
  expect(kit.project.calls).toEqual([['audited', 'local', 'run.replay', 'r1'], ['audited', 'local', 'run.replay', 'lead']]);
  kit.host.dryPath = [{ messageId: 'm', node: 'a', at: 1, ms: 0, attempt: 1, outcome: 'missing', input: { body: { email: 'ivan.petrov@example.com' }, truncated: false } }];
  const dry = await post('r1/replay', { mode: 'dry-run' });
  expect(dry.json).toMatchObject({ steps: [{ outcome: 'missing' }] });
  expect(dry.text).not.toContain('ivan.petrov');
  expect(kit.project.calls).toHaveLength(2);
  expect(kit.host.asked).toEqual([['replay', 'r1', { mode: 'same-keys', from: 'a' }], ['replay', { flow: 'lead', code: 'x.y' }, { mode: 'new-generation' }], ['replay', 'r1', { mode: 'dry-run' }]]);
  for (const bad of [{}, { mode: 'again' }, { mode: 'same-keys', to: 'a' }]) expect(codeOf(await post('r1/replay', bad))).toBe('request.invalid');
  expect(codeOf(await post('replay', { mode: 'same-keys' }))).toBe('request.invalid');
});

test('a backup is made, answered and written to the audit log', async () => {
  const answer = await kit.ask({ method: 'POST', path: '/api/v1/backup' });
  expect([answer.status, answer.json]).toEqual([200, { name: 'backup-1', folder: 'data/backups/backup-1', bytes: 10, files: 3, links: [], startedAt: 5, key: 'key-file' }]);
  expect(kit.project.calls).toContainEqual(['audited', 'local', 'backup.make', 'backup-1']);
});

test('declarations of a module are given as they are, to who names one', async () => {
  const answer = await kit.ask({ path: '/api/v1/modules/types?module=dayjs%2Fplugin%2Futc' });
  expect([answer.status, answer.json]).toEqual([200, { entry: 'dayjs/plugin/utc/index.d.ts', files: { 'dayjs/plugin/utc/index.d.ts': 'export const phone: "+79001234567";' }, names: {} }]);
  expect((await kit.ask({ path: '/api/v1/modules/types' })).status).toBe(400);
  expect((await kit.ask({ path: `/api/v1/modules/types?module=${'x'.repeat(201)}` })).status).toBe(400);
});
