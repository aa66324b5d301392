import { afterEach, expect, test } from 'vitest';
import sql from '../../../nodes/connection/sql.ts';
import dedupe from '../../../nodes/crm/dedupe-contact.ts';
import type { Body, SqlClient, SqlRow } from '../../../runtime/sdk/index.ts';
import { openConnection, type OpenConnection } from '../../kit/connection-kit.ts';
import { needsPostgres } from '../../kit/needs.ts';
import { leads } from '../../kit/leads.ts';
import { openNode, tryNode, type KitOptions, type Trial } from '../../kit/node-kit.ts';

const uri = await needsPostgres();
const opened: OpenConnection[] = [];
let tables = 0;

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function open(driver: 'sqlite' | 'postgres'): Promise<{ readonly client: SqlClient; readonly table: string; readonly options: KitOptions }> {
  const at = new URL(uri ?? 'postgres://root@127.0.0.1:5432/test');
  const postgres = { host: at.hostname, port: Number(at.port || 5432), database: at.pathname.slice(1), user: decodeURIComponent(at.username), ...(at.password && { password: { $secret: 'password' } }) };
  const connection = await openConnection(sql, driver === 'sqlite' ? { driver } : { driver, ...postgres }, { password: decodeURIComponent(at.password) });
  const client = connection.client as SqlClient;
  const table = `dedupe_${process.pid}_${++tables}`;
  opened.push({ ...connection, close: async () => {
    for (const each of ['', '_keys', '_messages']) await client.query(`DROP TABLE IF EXISTS ${table}${each}`);
    await connection.close();
  } });
  return { client, table, options: { connection: async () => client, config: { db: 'crm-db', table } } };
}

const lead = (payload: object): Body => ({ payload });
const config = (options: KitOptions, more: object): KitOptions => ({ ...options, config: { ...options.config, ...more } });
const contacts = async (client: SqlClient, table: string): Promise<readonly SqlRow[]> => (await client.query(`SELECT id, name, phone, email, company, merged_into FROM ${table} ORDER BY id`)).rows.map((row) => ({ ...row, id: String(row['id']), merged_into: row['merged_into'] === null ? null : String(row['merged_into']) }));
const answers = ({ emits }: Trial, port: string): unknown[] => (emits[port] ?? []).map(({ payload }) => {
  const { contactId, candidates } = payload as { contactId: string; candidates?: unknown };
  return candidates === undefined ? contactId : [contactId, candidates];
});

for (const driver of ['sqlite', 'postgres'] as const) {
  const run = driver === 'postgres' ? test.skipIf(uri === undefined) : test;

  run(`${driver}: fifty messages of one person at once make one contact`, async () => {
    const { client, table, options } = await open(driver);
    const node = await openNode(dedupe, options);
    const spellings = ['8 (000) 123-45-67', '+7 000 1234567', '70001234567', '8-000-123-45-67', '000 123 45 67'];
    await Promise.all(Array.from({ length: 50 }, (_, i) => node.send(lead({ phone: spellings[i % 5], ...(i % 2 === 0 && { email: 'Anna@Example.test' }) }))));
    const trial = node.trial();
    expect(trial.failures).toEqual([]);
    expect(trial.emits['new']).toHaveLength(1);
    // A transaction that lost a race has used up an id.
    const [id] = answers(trial, 'new');
    expect(new Set(answers(trial, 'known'))).toEqual(new Set([id]));
    expect(await contacts(client, table)).toEqual([{ id, name: null, phone: '+70001234567', email: 'anna@example.test', company: null, merged_into: null }]);
  });

  run(`${driver}: two nodes without a common lock make one contact too`, async () => {
    const { client, table, options } = await open(driver);
    const ids = (at: string): readonly string[] => Array.from({ length: 20 }, (_, i) => `${at}-${i}`);
    const nodes = await Promise.all(['a', 'b', 'c'].map((at) => openNode(dedupe, { ...options, ids: ids(at) })));
    await Promise.all(nodes.flatMap((node) => Array.from({ length: 20 }, (_, i) => node.send(lead(i % 3 === 0 ? { email: 'a@b.test', phone: '80001234567' } : { phone: '80001234567', email: 'a@b.test' })))));
    expect(nodes.flatMap((node) => node.trial().failures)).toEqual([]);
    expect(nodes.reduce((count, node) => count + (node.trial().emits['new']?.length ?? 0), 0)).toBe(1);
    expect(await contacts(client, table)).toHaveLength(1);
  });

  run(`${driver}: a contact is found by every key it was seen with`, async () => {
    const { client, table, options } = await open(driver);
    const trial = await tryNode(dedupe, [lead({ phone: '80001111111', name: 'анна' }), lead({ phone: '80001111111', email: 'a@b.test' }), lead({ email: 'A@B.test', name: 'Анна Каренина', company: 'Ромашка' })], options);
    expect([answers(trial, 'new'), answers(trial, 'known')]).toEqual([['1'], ['1', '1']]);
    expect(await contacts(client, table)).toEqual([{ id: '1', name: 'Анна Каренина', phone: '+70001111111', email: 'a@b.test', company: 'Ромашка', merged_into: null }]);
  });

  run(`${driver}: never blanks out, and keeps the older value where that is wanted`, async () => {
    const { client, table, options } = await open(driver);
    await tryNode(dedupe, [lead({ phone: '80001111111', name: 'Анна', company: 'Ромашка' }), lead({ phone: '80001111111', name: ' ', company: null })], { ...options, ids: ['1', '2'] });
    await tryNode(dedupe, [lead({ phone: '80001111111', name: 'Другая', email: 'a@b.test' })], { ...config(options, { differs: 'older' }), ids: ['3'] });
    expect(await contacts(client, table)).toMatchObject([{ name: 'Анна', company: 'Ромашка', email: 'a@b.test' }]);
  });

  run(`${driver}: keys of several contacts are a question, and none of them changes`, async () => {
    const { client, table, options } = await open(driver);
    const trial = await tryNode(dedupe, [lead({ phone: '80001111111' }), lead({ email: 'a@b.test' }), lead({ phone: '80001111111', email: 'a@b.test', name: 'Анна' })], options);
    expect(answers(trial, 'conflict')).toEqual([['1', ['1', '2']]]);
    expect((await contacts(client, table)).map((row) => row['name'])).toEqual([null, null]);
  });

  run(`${driver}: or they become one, down a whole chain, and each key finds the oldest`, async () => {
    const { client, table, options } = await open(driver);
    const trial = await tryNode(dedupe, [
      lead({ phone: '80001111111', name: 'Анна' }), lead({ email: 'a@b.test', company: 'Ромашка' }), lead({ inn: '9600000001' }),
      lead({ email: 'a@b.test', inn: '9600000001' }), lead({ phone: '80001111111', email: 'a@b.test' }), lead({ inn: '9600000001' }),
    ], config(options, { by: ['phone', 'email', 'payload.inn'], several: 'merge' }));
    expect(answers(trial, 'known')).toEqual([['2', ['2', '3']], ['1', ['1', '2']], '1']);
    expect(await contacts(client, table)).toEqual([
      { id: '1', name: 'Анна', phone: '+70001111111', email: 'a@b.test', company: 'Ромашка', merged_into: null },
      { id: '2', name: null, phone: null, email: 'a@b.test', company: 'Ромашка', merged_into: '1' },
      { id: '3', name: null, phone: null, email: null, company: null, merged_into: '1' },
    ]);
  });

  run(`${driver}: the same message again gets the same answer and changes nothing`, async () => {
    const { client, table, options } = await open(driver);
    const ids = ['m-1', 'm-2', 'm-1'];
    const trial = await tryNode(dedupe, [lead({ phone: '80001111111', name: 'Первая' }), lead({ phone: '80001111111', name: 'Вторая' }), lead({ phone: '80001111111', name: 'Первая' })], { ...options, ids });
    expect([answers(trial, 'new'), answers(trial, 'known')]).toEqual([['1', '1'], ['1']]);
    expect(await contacts(client, table)).toMatchObject([{ name: 'Вторая' }]);
  });
}

test('a season of leads, repeats and bursts becomes just the people who sent them', async () => {
  const { client, table, options } = await open('sqlite');
  const season = leads(1500, 7);
  const node = await openNode(dedupe, options);
  for (let i = 0; i < season.length; i += 50) await Promise.all(season.slice(i, i + 50).map(({ person, payload }) => node.send({ payload, person })));
  const { emits, failures } = node.trial();
  expect(failures).toEqual([]);
  expect(emits['conflict'] ?? []).toEqual([]);
  const contactOf = new Map<unknown, unknown>();
  for (const { person, payload } of [...emits['new'] ?? [], ...emits['known'] ?? []]) {
    const { contactId } = payload as { contactId: string };
    expect(contactOf.get(person) ?? contactId, `person ${String(person)}`).toBe(contactId);
    contactOf.set(person, contactId);
  }
  const people = new Set(season.map(({ person }) => person)).size;
  expect([contactOf.size, new Set(contactOf.values()).size, (await contacts(client, table)).length]).toEqual([people, people, people]);
});

test('refuses a table name that is more than a name', async () => {
  const { options } = await open('sqlite');
  await expect(tryNode(dedupe, [lead({ phone: '80001111111' })], config(options, { table: 'x; DROP TABLE y' }))).rejects.toMatchObject({ code: 'config.value' });
});
