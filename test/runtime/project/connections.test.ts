import { describe, expect, test } from 'vitest';
import type { ConnectionDocument } from '../../../runtime/flow/flow.ts';
import { StoredValues } from '../../../runtime/project/values.ts';
import { limits } from '../../../runtime/limits.ts';
import { openMemoryStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import { openVault } from '../../../runtime/project/vault.ts';
import { systemRandom } from '../../../runtime/random.ts';
import { ANN, BOB, failure, lead, leadWith, worlds } from './kit.ts';

const { open, again } = worlds();
const SQL: ConnectionDocument = { type: 'sql', config: { host: 'db.test', password: { $secret: 'db.password' } } };

describe('connections', () => {
  test('are saved with versions, and the host opens them anew', async () => {
    const { project, host, changes } = await open();
    expect(await project.saveConnection('crm', SQL, 0, ANN)).toEqual({ version: 1 });
    expect(await project.saveConnection('crm', { ...SQL, config: { host: { $env: 'PGHOST' } } }, 1, BOB)).toEqual({ version: 2 });
    expect((await failure('connection.stale', project.saveConnection('crm', SQL, 1, ANN))).details).toEqual({ connection: 'crm', version: 2 });
    expect(host.calls).toEqual(['changed crm', 'changed crm']);
    expect(changes.at(-1)).toEqual({ kind: 'connection', id: 'crm', version: 2, by: 'bob' });
    expect(await project.connection('crm')).toEqual({ type: 'sql', config: { host: { $env: 'PGHOST' } } });
    expect(await project.connection('none')).toBeUndefined();
  });
  test('say which flows use them, as drafts or live, and what is wrong with them', async () => {
    const { project } = await open();
    await project.saveConnection('crm', SQL, 0, ANN);
    await project.saveConnection('odd', { type: 'ftp', config: {} }, 0, ANN);
    await project.saveFlow(lead({ uses: { crm: 'sql' } }), 0, ANN);
    await project.deploy('lead', 1, ANN);
    await project.saveFlow(lead(), 1, ANN);
    await project.saveFlow(lead({ id: 'other', uses: { crm: 'sql' } }), 0, ANN);
    const { connections } = await project.listConnections();
    expect(connections).toMatchObject([{ name: 'crm', version: 1, state: 'unused', usedBy: ['lead', 'other'] }, { name: 'odd', usedBy: [] }]);
    expect(connections.map(({ problems }) => problems.map(({ code }) => code))).toEqual([['flow.secret-unknown'], ['connection.unknown-type']]);
  });
  test('with a literal secret are refused, and the secret is nowhere in the failure', async () => {
    const { project, store } = await open();
    for (const password of ['hunter-2', { $expr: '"hunter-2"' }, { $template: 'hunter-2' }, { $literal: 'hunter-2' }, ['hunter-2']]) {
      const refused = await failure('secret.literal', project.saveConnection('crm', { type: 'sql', config: { password } }, 0, ANN));
      expect(refused.problems[0]?.where).toEqual({ connection: 'crm', field: 'password' });
      expect(JSON.stringify([refused.text, refused.problems, refused.details])).not.toContain('hunter-2');
    }
    expect(await store.listConnections()).toEqual([]);
  });
  test('that have no form, or a name that cannot be one, are refused', async () => {
    const { project } = await open();
    for (const document of [null, 'sql', {}, { type: 5, config: {} }, { type: 'sql' }]) await failure('connection.invalid', project.saveConnection('crm', document as unknown as ConnectionDocument, 0, ANN));
    for (const name of ['', 'CRM', '../x', '__proto__', 'a b']) await failure('connection.invalid', project.saveConnection(name, SQL, 0, ANN));
  });
  test('are deleted, and a name that is not there is not found', async () => {
    const { project, host } = await open();
    await project.saveConnection('crm', SQL, 0, ANN);
    await project.deleteConnection('crm', ANN);
    expect(await project.listConnections()).toEqual({ connections: [] });
    expect(host.calls).toEqual(['changed crm', 'changed crm']);
    await failure('connection.not-found', project.deleteConnection('crm', ANN));
    await failure('connection.not-found', project.testConnection('crm'));
  });
  test('are tested as they are stored, or as they would be saved', async () => {
    const { project, host } = await open();
    await project.saveConnection('crm', SQL, 0, ANN);
    expect(await project.testConnection('crm')).toMatchObject({ ok: true });
    await project.testConnection('new', { type: 'sql', config: { host: 'other.test' } });
    expect(host.tested).toEqual([{ name: 'crm', document: SQL }, { name: 'new', document: { type: 'sql', config: { host: 'other.test' } } }]);
    await failure('connection.invalid', project.testConnection('new', { type: 'sql' } as ConnectionDocument));
  });
});

describe('secrets', () => {
  test('go in and are given to flows only', async () => {
    const world = await open();
    const { project, store } = world;
    await project.saveSecret('db.password', 'hunter-2', ANN);
    expect(await project.secret('db.password')).toBe('hunter-2');
    expect(await project.secret('none')).toBeUndefined();
    expect(Buffer.from(await store.findSecret('db.password') ?? []).toString('latin1')).not.toContain('hunter-2');
    const shown = [await project.listSecrets(), await project.audit(9), await project.export([]), world.log, world.changes];
    expect(JSON.stringify(shown)).not.toContain('hunter-2');
    expect(await (await again(world)).project.secret('db.password')).toBe('hunter-2');
  });
  test('are hidden in all that is shown, as long as they are secrets', async () => {
    const world = await open();
    expect(world.project.conceal('with hunter-2')).toBe('with hunter-2');
    await world.project.saveSecret('db.password', 'hunter-2', ANN);
    expect(world.project.conceal('with hunter-2')).toBe('with •••');
    const next = await again(world);
    expect(next.project.conceal('with hunter-2', 9)).toBe('with •••');
    await next.project.saveSecret('db.password', 'hunter-3', ANN);
    expect(next.project.conceal('hunter-2, hunter-3')).toBe('hunter-2, •••');
    await next.project.deleteSecret('db.password', ANN);
    expect(next.project.conceal('hunter-3')).toBe('hunter-3');
  });
  test('are listed by name with the flows and connections that use them', async () => {
    const { project } = await open();
    await project.saveSecret('db.password', 'x', ANN);
    await project.saveSecret('unused', 'x', ANN);
    await project.saveConnection('crm', SQL, 0, ANN);
    await project.saveFlow(leadWith({ token: { $secret: 'db.password' } }), 0, ANN);
    expect((await project.listSecrets()).secrets.map(({ name, usedBy }) => [name, usedBy])).toEqual([['db.password', ['crm', 'lead']], ['unused', []]]);
  });
  test('that change open the connections anew that read them, and no others', async () => {
    const { project, host } = await open();
    await project.saveConnection('crm', SQL, 0, ANN);
    await project.saveConnection('other', { type: 'sql', config: { host: { $env: 'PGHOST' } } }, 0, ANN);
    host.calls.length = 0;
    const before = project.stamp();
    await project.saveSecret('db.password', 'x', ANN);
    expect(project.stamp()).toBeGreaterThan(before);
    await project.saveEnv('PGHOST', 'db.test', ANN);
    await project.deleteSecret('db.password', ANN);
    expect(host.calls).toEqual(['changed crm', 'changed other', 'changed crm']);
    expect(await project.secret('db.password')).toBeUndefined();
  });
  test('without a usable name or value are refused without repeating it', async () => {
    const { project } = await open();
    for (const name of ['', 'a b', '../x', '.hidden', 'x'.repeat(101)]) await failure('secret.invalid', project.saveSecret(name, 'value', ANN));
    const long = 'v'.repeat(limits.secretBytesMax + 1);
    for (const value of ['', 5, null, undefined, { a: 'b' }, long]) {
      expect((await failure('secret.invalid', project.saveSecret('name', value as string, ANN))).message).not.toContain('vvv');
    }
    await failure('secret.not-found', project.deleteSecret('none', ANN));
  });
  test('in a flow’s secret field as text are refused, in disabled nodes, maps and records as well', async () => {
    const { project, store } = await open();
    const places = { token: 'hunter-2', headers: { 'x-key': 'hunter-2' }, auth: { user: 'ann', password: 'hunter-2' } };
    const disabled = { call: { type: 'call', version: 1, disabled: true, config: places } };
    const refused = await failure('secret.literal', project.saveFlow(lead({ nodes: { ...lead().nodes, ...disabled } }), 0, ANN));
    expect(refused.problems.map(({ where }) => where.field)).toEqual(['token', 'headers.x-key', 'auth.password']);
    expect(JSON.stringify([refused.text, refused.problems])).not.toContain('hunter-2');
    expect(await store.listDrafts()).toEqual([]);
    const fine = { token: { $env: 'TOKEN' }, headers: { 'x-key': { $secret: 'key' } }, auth: { user: 'ann', password: '' } };
    expect(await project.saveFlow(leadWith(fine), 0, ANN)).toMatchObject({ version: 1 });
  });
});

describe('environment values', () => {
  test('are kept as JSON, listed, and read at once by what runs', async () => {
    const world = await open();
    await world.project.saveEnv('REGION', 'RU', ANN);
    await world.project.saveEnv('LIMITS', { calls: [1, 2] }, ANN);
    await world.project.saveEnv('REGION', 'KZ', BOB);
    expect(world.project.env('REGION')).toBe('KZ');
    expect(await world.project.listEnv()).toEqual({ env: [{ name: 'LIMITS', value: { calls: [1, 2] } }, { name: 'REGION', value: 'KZ' }] });
    const { project } = await again(world);
    expect(project.env('LIMITS')).toEqual({ calls: [1, 2] });
    await project.deleteEnv('LIMITS', ANN);
    expect(project.env('LIMITS')).toBeUndefined();
    await failure('env.not-found', project.deleteEnv('LIMITS', ANN));
  });
  test('that cannot be stored are refused', async () => {
    const { project } = await open();
    for (const name of ['', '1A', 'a-b', 'a b']) await failure('env.invalid', project.saveEnv(name, 1, ANN));
    for (const value of [undefined, 'x'.repeat(limits.envBytesMax)]) await failure('env.invalid', project.saveEnv('A', value as string, ANN));
  });
  test('of the process are read where they carry the prefix, after the project’s own', async () => {
    const store = openMemoryStore();
    const vault = openVault({ dataDir: '/nowhere', secretKey: 'ab'.repeat(32), random: systemRandom, log: () => undefined });
    const values = new StoredValues({ store, vault, processEnv: { MILLRACE_ENV_REGION: 'RU', MILLRACE_ENV_CITY: 'Omsk', PATH: '/bin', MILLRACE_SECRET_KEY: 'x' } });
    await store.saveEnv('REGION', '"KZ"');
    await values.load();
    expect([values.env('REGION'), values.env('CITY'), values.env('PATH'), values.env('SECRET_KEY')]).toEqual(['KZ', 'Omsk', undefined, undefined]);
    expect(values.envNames().toSorted()).toEqual(['CITY', 'REGION']);
    await store.close();
  });
  test('that only the flow or only the project has are no problem, and an unknown one is a warning', async () => {
    const { project } = await open();
    await project.saveEnv('HOST', 'x', ANN);
    const flow = leadWith({ url: { $env: 'HOST' }, auth: { user: { $env: 'WHO' }, password: { $env: 'NOBODY' } } }, { env: { WHO: { type: 'text' } } });
    const { problems } = await project.saveFlow(flow, 0, ANN);
    expect(problems.map(({ code, level, where }) => [code, level, where.field])).toEqual([['flow.env-unknown', 'warning', 'auth.password']]);
  });
});
