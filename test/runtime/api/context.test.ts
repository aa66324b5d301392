import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ContextList, ContextValue } from '../../../runtime/api/contract.ts';
import { limits } from '../../../runtime/limits.ts';
import { ApiKit, sampleFlow } from '../../kit/api-kit.ts';

let kit: ApiKit;
beforeEach(async () => {
  kit = await new ApiKit().open();
  kit.project.drafts.set('lead', { flow: sampleFlow(), version: 1 });
});
afterEach(async () => { await kit.close(); });

const ask = async (method: string, path: string, body?: unknown) => await kit.ask({ method, path: `/api/v1/context${path}`, ...(body !== undefined && { body }) });
const put = async (path: string, value: unknown): Promise<number> => (await ask('PUT', path, { value })).status;

test('what a flow, its nodes and all flows hold is listed with keys and sizes, page by page', async () => {
  for (const [path, value] of [['/flow/lead/total', 12], ['/node/lead/count/b', 'xy'], ['/node/lead/count/a', [1]], ['/global/rate', 90.5]] as const) expect(await put(path, value)).toBe(200);
  const list = (await ask('GET', '?flow=lead&limit=2')).json as ContextList;
  expect(list.scopes).toEqual([{ flow: 'lead', keys: 1, bytes: 7 }, { flow: 'lead', node: 'count', keys: 2, bytes: 9 }]);
  expect(list.entries).toEqual([{ flow: 'lead', key: 'total', bytes: 7, updatedAt: 7 }, { flow: 'lead', node: 'count', key: 'a', bytes: 4, updatedAt: 7 }]);
  expect(((await ask('GET', `?flow=lead&limit=2&after=${list.next ?? ''}`)).json as ContextList).entries.map(({ key }) => key)).toEqual(['b']);
  expect(((await ask('GET', '?flow=lead&node=count')).json as ContextList).entries.map(({ key }) => key)).toEqual(['a', 'b']);
  expect((await ask('GET', '')).json).toEqual({ scopes: [{ keys: 1, bytes: 8 }], entries: [{ key: 'rate', bytes: 8, updatedAt: 7 }] });
});

test('a value is set, read and deleted in the name of who asked; what is not there is not found', async () => {
  expect((await ask('PUT', '/flow/lead/a%2Fb', { value: { n: null } })).json).toMatchObject({ flow: 'lead', key: 'a/b', value: { n: null }, truncated: false });
  expect((await ask('GET', '/flow/lead/a%2Fb')).json).toMatchObject({ value: { n: null } });
  expect((await ask('DELETE', '/flow/lead/a%2Fb')).status).toBe(204);
  for (const method of ['GET', 'DELETE']) {
    const { status, json } = await ask(method, '/flow/lead/a%2Fb');
    expect([status, json]).toMatchObject([404, { error: { code: 'context.not-found' } }]);
  }
  expect(kit.project.calls.filter(([what]) => what === 'audited')).toEqual([['audited', 'local', 'context.set', 'lead/a/b'], ['audited', 'local', 'context.delete', 'lead/a/b']]);
});

test('what was masked and is given back as it was shown stays whole', async () => {
  await put('/node/lead/call/last', { phone: '+79001234534', n: 1 });
  const { value } = (await ask('GET', '/node/lead/call/last')).json as ContextValue & { value: object };
  expect(JSON.stringify(value)).not.toContain('1234534');
  expect(await put('/node/lead/call/last', { ...value, n: 2 })).toBe(200);
  expect(JSON.parse(kit.host.states.shelf('lead').find('call', 'last') ?? '')).toEqual({ phone: '+79001234534', n: 2 });
});

test('a flow that does not exist, a body of another form and a value beyond the limits are refused', async () => {
  expect([await put('/flow/none/a', 1), (await ask('GET', '?flow=none')).status]).toEqual([404, 404]);
  for (const body of [{}, { value: 1, more: 2 }, 5]) expect((await ask('PUT', '/flow/lead/a', body)).status).toBe(400);
  expect((await ask('GET', '?limit=0')).status).toBe(400);
  const { status, json } = await ask('PUT', '/flow/lead/a', { value: 'x'.repeat(limits.contextValueChars) });
  expect([status, json]).toMatchObject([422, { error: { code: 'context.value' } }]);
  expect(kit.host.states.shelf('lead').chars).toBe(0);
});
