import { afterEach, describe, expect, test } from 'vitest';
import sqlQuery from '../../../nodes/sink/sql-query.ts';
import { writes } from '../../../nodes/sink/_sql-statement.ts';
import type { Body, NodeFailure } from '../../../runtime/sdk/index.ts';
import { needsPostgres } from '../../kit/needs.ts';
import { openNode, tryNode, type KitOptions, type Trial } from '../../kit/node-kit.ts';
import { openSql, type Driver, type OpenSql } from '../../kit/sql-kit.ts';

const uri = await needsPostgres();
const opened: OpenSql[] = [];
const open = async (driver: Driver): Promise<OpenSql> => {
  const database = await openSql(driver, uri);
  opened.push(database);
  return database;
};
afterEach(async () => { for (const each of opened.splice(0)) await each.close(); });

let messages = 0;
/** Ids that no earlier test left behind in a database that stays. */
const freshId = (): string => `${process.pid}-${performance.timeOrigin}-${++messages}`;

function run({ client }: OpenSql, config: object, given: { readonly body?: Body; readonly ids?: readonly string[] } = {}): Promise<Trial> {
  const ids = given.ids ?? [freshId()];
  const options: KitOptions = { config: { db: 'db', ...config }, connection: async () => client, ids };
  return tryNode(sqlQuery, ids.map(() => given.body ?? { payload: 1 }), options);
}
const count = async ({ client }: OpenSql, table: string): Promise<unknown> => (await client.query(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n;

for (const driver of ['sqlite', 'postgres'] as const) {
  describe.skipIf(driver === 'postgres' && uri === undefined)(driver, () => {
    test('a message that comes again writes nothing and gives the same rows, bytes and all', async () => {
      const database = await open(driver);
      const table = database.table();
      const bytes = driver === 'postgres' ? 'BYTEA' : 'BLOB';
      const config = {
        setup: `CREATE TABLE IF NOT EXISTS ${table} (name TEXT, photo ${bytes}); CREATE INDEX IF NOT EXISTS ${table}_name ON ${table} (name)`,
        statement: `INSERT INTO ${table} (name, photo) VALUES ($1, $2) RETURNING name, photo`, values: [{ $expr: 'payload.name' }, { $expr: 'payload.photo' }],
      };
      const id = freshId();
      const { emits, failures } = await run(database, config, { ids: [id, id], body: { payload: { name: 'Anna', photo: Uint8Array.of(0, 255) }, topic: 'kept' } });
      expect(failures).toEqual([]);
      const [first, again] = (emits.out ?? []).map(({ payload, ...rest }) => ({ ...rest, payload: (payload as { name: string; photo: Uint8Array }[]).map((row) => ({ ...row, photo: [...row.photo] })) }));
      expect(first).toEqual({ topic: 'kept', count: 1, payload: [{ name: 'Anna', photo: [0, 255] }] });
      expect(again).toEqual(first);
      expect(await count(database, table)).toBe(1);
    });

    test('the same message at several places at once writes once', async () => {
      const database = await open(driver);
      const table = database.table();
      await database.client.query(`CREATE TABLE ${table} (n INTEGER)`);
      const id = freshId();
      await Promise.all(Array.from({ length: 5 }, () => run(database, { statement: `INSERT INTO ${table} VALUES ($1)`, values: [1] }, { ids: [id] })));
      expect(await count(database, table)).toBe(1);
    });

    test('a statement that failed leaves no receipt: the next attempt writes', async () => {
      const database = await open(driver);
      const table = database.table();
      await database.client.query(`CREATE TABLE ${table} (n INTEGER PRIMARY KEY)`);
      await database.client.query(`INSERT INTO ${table} VALUES (1)`);
      const id = freshId();
      const config = { statement: `INSERT INTO ${table} VALUES ($1)`, values: [1] };
      expect((await run(database, config, { ids: [id] })).failures.map((each) => each.code)).toEqual(['sql.constraint']);
      await database.client.query(`DELETE FROM ${table}`);
      expect((await run(database, config, { ids: [id] })).emits.out).toEqual([{ payload: [], count: 1 }]);
    });

    test('a statement that only reads leaves no receipt and reads anew each time', async () => {
      const database = await open(driver);
      const table = database.table();
      await database.client.query(`CREATE TABLE ${table} (n INTEGER)`);
      const id = freshId();
      const config = { statement: `SELECT n FROM ${table} ORDER BY n` };
      expect((await run(database, config, { ids: [id] })).emits.out?.[0]?.count).toBe(0);
      await database.client.query(`INSERT INTO ${table} VALUES (1), (2)`);
      expect((await run(database, config, { ids: [id] })).emits.out).toEqual([{ payload: [{ n: 1 }, { n: 2 }], count: 2 }]);
    });

    test('receipts are forgotten after thirty days', async () => {
      const database = await open(driver);
      const id = freshId();
      const node = await openNode(sqlQuery, { config: { db: 'db', statement: 'SELECT 1', effect: 'write' }, connection: async () => database.client, ids: [id, freshId()] });
      await node.send({ payload: 1 });
      await node.clock.advance(31 * 24 * 60 * 60 * 1000);
      await node.send({ payload: 1 });
      expect(node.trial().failures).toEqual([]);
      expect((await database.client.query('SELECT 1 FROM millrace_messages WHERE message_id LIKE $1', [`${id}%`])).rows).toEqual([]);
    });
  });
}

test.each([
  ['SELECT 1', false], ['-- insert\n select 1', false], ['/* x */ VALUES (1)', false], ['WITH a AS (SELECT 1) SELECT * FROM a', false], ["SELECT 'insert into x'", false],
  ['INSERT INTO a VALUES (1)', true], ['WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a', true], ['SELECT * INTO a FROM b', true], ['update a set b = 1', true], ['CALL p()', true], ['MERGE INTO a', true],
])('tells whether %j writes', (statement, expected) => {
  expect(writes('auto', statement)).toBe(expected);
  expect([writes('read', statement), writes('write', statement)]).toEqual([false, true]);
});

test.each([
  ['SELECT $1', 0], ['SELECT $1, $2', 1], ['SELECT 1', 1], ['SELECT $2', 2],
])('%j with %i values cannot be deployed', async (statement, values) => {
  const failed: unknown = await openNode(sqlQuery, { config: { db: 'db', statement, values: Array.from({ length: values }, () => 1) } }).catch((error: unknown) => error);
  expect((failed as NodeFailure).code).toBe('sql.places');
});

test.each([["SELECT '$3', $1", 1], ['SELECT $1, $1 -- $2', 1], ['SELECT $$ $9 $$', 0], ['SELECT "$4"', 0]])('%j needs %i values', async (statement, values) => {
  await openNode(sqlQuery, { config: { db: 'db', statement, values: Array.from({ length: values }, () => 1) } });
});

test('a value that no database can hold is the message’s failure', async () => {
  const { failures } = await tryNode(sqlQuery, [{ payload: Symbol('x') }], { config: { db: 'db', statement: 'SELECT $1', values: [{ $expr: 'payload' }] }, connection: async () => ({}) });
  expect(failures.map((each) => each.code)).toEqual(['sql.value']);
});
