import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import sql from '../../../nodes/connection/sql.ts';
import type { NodeFailure, SqlClient } from '../../../runtime/sdk/index.ts';
import { openConnection } from '../../kit/connection-kit.ts';
import { needsPostgres } from '../../kit/needs.ts';
import { cuttingProxy, openSql, postgresConfig, type Driver, type OpenSql } from '../../kit/sql-kit.ts';

const uri = await needsPostgres();
const opened: OpenSql[] = [];
const open = async (driver: Driver, config?: { readonly [field: string]: unknown }): Promise<OpenSql> => {
  const database = await openSql(driver, uri, config);
  opened.push(database);
  return database;
};
afterEach(async () => { for (const each of opened.splice(0)) await each.close(); });

const failureOf = async (call: Promise<unknown>): Promise<NodeFailure> => await call.then(() => { throw new Error('it did not fail'); }, (error: unknown) => error as NodeFailure);

for (const driver of ['sqlite', 'postgres'] as const) {
  describe.skipIf(driver === 'postgres' && uri === undefined)(driver, () => {
    test('a value is never part of the statement', async () => {
      const { client, table } = await open(driver);
      const t = table();
      await client.query(`CREATE TABLE ${t} (name TEXT)`);
      const evil = `x'); DROP TABLE ${t}; --`;
      await client.query(`INSERT INTO ${t} (name) VALUES ($1)`, [evil]);
      expect((await client.query(`SELECT name FROM ${t} WHERE name = $1`, [evil])).rows.map((row) => ({ ...row }))).toEqual([{ name: evil }]);
    });

    test('values come back as they were, large numbers with all digits', async () => {
      const { client, table } = await open(driver);
      const t = table();
      await client.query(`CREATE TABLE ${t} (a TEXT, b BIGINT, c BIGINT, d DOUBLE PRECISION, e ${driver === 'postgres' ? 'BYTEA' : 'BLOB'}, f TEXT)`);
      await client.query(`INSERT INTO ${t} VALUES ($1, $2, $3, $4, $5, $6)`, ['Ёж', 5, 9_007_199_254_740_993n, 1.5, Uint8Array.of(0, 255), null]);
      const { rows: [row] } = await client.query(`SELECT a, b, c, d, e, f FROM ${t}`);
      expect({ ...row, e: [...row?.e as Uint8Array] }).toEqual({ a: 'Ёж', b: 5, c: '9007199254740993', d: 1.5, e: [0, 255], f: null });
    });

    test('a transaction that throws leaves nothing, and the next one works', async () => {
      const { client, table } = await open(driver);
      const t = table();
      await client.query(`CREATE TABLE ${t} (n INTEGER PRIMARY KEY)`);
      const thrown = new Error('changed my mind');
      await expect(client.transaction(async (inside) => { await inside.query(`INSERT INTO ${t} VALUES (1)`); throw thrown; })).rejects.toBe(thrown);
      expect(await client.transaction(async (inside) => (await inside.query(`INSERT INTO ${t} VALUES (2)`)).affected)).toBe(1);
      expect((await client.query(`SELECT n FROM ${t}`)).rows.map((row) => row.n)).toEqual([2]);
    });

    test('many transactions at once: each counts once, and one that fails takes no other along', async () => {
      const { client, table } = await open(driver, { pool: 20 });
      const t = table();
      await client.query(`CREATE TABLE ${t} (id INTEGER PRIMARY KEY, n INTEGER)`);
      await client.query(`INSERT INTO ${t} VALUES (1, 0)`);
      const results = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => client.transaction(async (inside) => {
        await inside.query(`UPDATE ${t} SET n = n + 1 WHERE id = 1`);
        if (i % 10 === 3) await inside.query(`INSERT INTO ${t} VALUES (1, 1)`);
        if (i % 10 === 7) throw new Error('no');
      })));
      expect(results.filter((each) => each.status === 'fulfilled').length).toBe(80);
      expect((await client.query(`SELECT n FROM ${t}`)).rows[0]?.n).toBe(80);
    });

    test('a broken constraint and a wrong statement are the message’s own failures, never tried again', async () => {
      const { client, table } = await open(driver);
      const t = table();
      await client.query(`CREATE TABLE ${t} (n INTEGER PRIMARY KEY)`);
      await client.query(`INSERT INTO ${t} VALUES (1)`);
      const twice = await failureOf(client.query(`INSERT INTO ${t} VALUES ($1)`, [1]));
      expect([twice.code, twice.scope, twice.retry]).toEqual(['sql.constraint', 'message', 'never']);
      const wrong = await failureOf(client.query('SELEC 1'));
      expect([wrong.code, wrong.scope, wrong.retry]).toEqual(['sql.failed', 'message', 'never']);
    });

    test('several statements without values all run', async () => {
      const { client, table } = await open(driver);
      const [a, b] = [table(), table()];
      await client.query(`CREATE TABLE ${a} (n INTEGER); -- the first; of two\nCREATE TABLE ${b} (text TEXT DEFAULT ';');`);
      expect((await client.query(`SELECT * FROM ${b}`)).rows).toEqual([]);
    });

    test('Test says what was reached', async () => {
      const { client } = await open(driver);
      expect((await sql.test(client as never)).en).toMatch(driver === 'sqlite' ? /^Connected: SQLite 3\./ : /^Connected: PostgreSQL \d/);
    });
  });
}

describe('sqlite', () => {
  test('what a transaction wrote is there after the file is opened again', async () => {
    const { client, dataDir } = await open('sqlite', { file: 'sub/own.db' });
    await client.query('CREATE TABLE t (n INTEGER)');
    await client.transaction(async (inside) => { await inside.query('INSERT INTO t VALUES (7)'); });
    const again = await sql.open({ driver: 'sqlite', file: 'sub/own.db' } as never, { name: 'again', dataDir, clock: { now: () => 0 } }) as SqlClient & { close(): Promise<void> };
    expect((await again.query('SELECT n FROM t')).rows[0]?.n).toBe(7);
    await again.close();
  });

  test.each(['../project.db', '/etc/x.db', 'a/../../x.db', '', '.', 'a\0b'])('refuses the file %j: it would lie outside the data folder', async (file) => {
    expect(await failureOf(openConnection(sql, { driver: 'sqlite', file }))).toMatchObject({ code: 'sql.file', scope: 'connection' });
  });

  test('a file that is no database is an outage of the connection', async () => {
    const { dataDir } = await open('sqlite');
    writeFileSync(join(dataDir, 'other.db'), 'this is a text, and a long one at that: it fills more than the header of a database would'.repeat(10));
    const failed = await failureOf(sql.open({ driver: 'sqlite', file: 'other.db' } as never, { name: 'x', dataDir, clock: { now: () => 0 } }));
    expect([failed.code, failed.scope]).toEqual(['sql.unavailable', 'connection']);
  });

  test('using the connection inside its own transaction is refused instead of waiting for ever', async () => {
    const { client } = await open('sqlite');
    expect((await failureOf(client.transaction(async () => { await client.query('SELECT 1'); }))).code).toBe('sql.nested');
    expect((await client.query('SELECT 1 AS n')).rows[0]?.n).toBe(1);
  });
});

describe.skipIf(uri === undefined)('postgres', () => {
  test('a day and a time without a zone do not move, whatever the zone of this machine', async () => {
    const { client } = await open('postgres');
    const { rows: [row] } = await client.query("SELECT DATE '2026-03-01' AS day, TIMESTAMP '2026-03-01 00:30:00' AS wall, TIMESTAMPTZ '2026-03-01 00:30:00Z' AS instant, 12.50::numeric AS money");
    expect({ ...row }).toEqual({ day: '2026-03-01', wall: '2026-03-01 00:30:00', instant: new Date('2026-03-01T00:30:00Z'), money: '12.50' });
  });

  test('a refused statement costs no new connection', async () => {
    const { client } = await open('postgres', { pool: 1 });
    const pid = async (): Promise<unknown> => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    const before = await pid();
    await failureOf(client.query('SELEC 1'));
    await failureOf(client.transaction(async (inside) => { await inside.query('SELEC 1'); }));
    expect(await pid()).toBe(before);
  });

  test('a connection ended by the server is an outage; the next use has a new one', async () => {
    const { client } = await open('postgres', { pool: 2 });
    const failed = await failureOf(client.transaction(async (inside) => {
      const { rows: [row] } = await inside.query('SELECT pg_backend_pid() AS pid');
      await client.query('SELECT pg_terminate_backend($1)', [row?.pid as number]);
      await inside.query('SELECT 1');
    }));
    expect([failed.code, failed.scope]).toEqual(['sql.unavailable', 'connection']);
    expect((await client.query('SELECT 1 AS n')).rows[0]?.n).toBe(1);
  });

  test('a connection cut while it commits leaves open whether it did', async () => {
    const { host, port } = postgresConfig(uri) as { host: string; port: number };
    const proxy = await cuttingProxy({ host, port }, 'COMMIT');
    const { client } = await open('postgres', { host: '127.0.0.1', port: proxy.port });
    const failed = await failureOf(client.transaction(async (inside) => { await inside.query('SELECT 1'); }));
    expect([failed.code, failed.scope, failed.outcomeUnknown]).toEqual(['sql.unavailable', 'connection', true]);
    proxy.close();
  });

  test('a statement that takes too long or waits for a lock may be tried again', async () => {
    const { client } = await open('postgres', { statementTimeout: '30ms' });
    const slow = await failureOf(client.query('SELECT pg_sleep(5)'));
    expect([slow.code, slow.scope, slow.retry, slow.details.sqlstate]).toEqual(['sql.busy', 'message', 'backoff', '57014']);
  });

  test('a statement that failed inside a transaction makes its commit fail, even when nobody looked', async () => {
    const { client } = await open('postgres');
    const failed = await failureOf(client.transaction(async (inside) => { await inside.query('SELEC 1').catch(() => undefined); }));
    expect([failed.code, failed.scope]).toEqual(['sql.failed', 'message']);
  });

  test('nobody at the address, and a database that does not exist, are outages', async () => {
    expect(await failureOf(openConnection(sql, { ...postgresConfig(uri), driver: 'postgres', port: 1 }))).toMatchObject({ code: 'sql.unavailable', scope: 'connection' });
    expect(await failureOf(openSql('postgres', uri, { database: 'no_such_database' }))).toMatchObject({ code: 'sql.login', scope: 'connection' });
  });
});
