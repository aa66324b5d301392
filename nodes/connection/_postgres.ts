import pg from 'pg';
import { NodeFailure, type SqlClient, type SqlExecutor, type SqlResult, type SqlValue } from '../../runtime/sdk/index.ts';
import { failureOf } from './_postgres-failures.ts';

export interface PostgresConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly tls: 'off' | 'on' | 'unverified';
  readonly poolMax: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

const SILENCE_MS = 2000; // the server ends a statement itself; when even that does not come, it is gone

/** A pool of connections to one PostgreSQL database. */
export class PostgresClient implements SqlClient {
  readonly driver = 'postgres';
  /** Whom it speaks to, for a person. */
  readonly place: string;
  readonly #pool: pg.Pool;

  constructor(config: PostgresConfig) {
    this.place = `${config.user}@${config.host}:${config.port}/${config.database}`;
    const { host, port, database, user, password, tls, poolMax, connectTimeoutMs, statementTimeoutMs } = config;
    this.#pool = new pg.Pool({
      host, port, database, user, ...(password !== undefined && { password }), max: poolMax, connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + SILENCE_MS, keepAlive: true,
      application_name: 'millrace', allowExitOnIdle: true, types: TYPES, ...(tls !== 'off' && { ssl: { rejectUnauthorized: tls === 'on' } }),
    });
    // A connection that breaks while it is idle is replaced by the pool; the next user is told by its own error.
    this.#pool.on('error', () => undefined);
  }

  query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.#with((client) => send(client, sql, values));
  }

  transaction<T>(work: (inside: SqlExecutor) => Promise<T>): Promise<T> {
    return this.#with(async (client) => {
      await send(client, 'BEGIN');
      let result: T;
      try {
        result = await work({ query: (sql, values = []) => send(client, sql, values) });
      } catch (error) {
        // On a broken connection the server rolls back by itself.
        if (!isBroken(error)) await send(client, 'ROLLBACK');
        throw error;
      }
      await commit(client);
      return result;
    });
  }

  async ping(): Promise<void> { await this.query('SELECT 1'); }
  async close(): Promise<void> { await this.#pool.end(); }

  /** Lends a connection; only a broken one is thrown away, so that a refused statement costs no new sign-in. */
  async #with<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => { throw failureOf(error); });
    let broken: Error | undefined;
    const note = (error: Error): void => { broken = error; };
    client.on('error', note);
    try {
      return await work(client);
    } catch (error) {
      if (isBroken(error)) broken ??= error as Error;
      throw error;
    } finally {
      client.off('error', note);
      client.release(broken);
    }
  }
}

const isBroken = (error: unknown): boolean => error instanceof NodeFailure && error.scope === 'connection';

async function send(client: pg.PoolClient, sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
  let results: pg.QueryResult | pg.QueryResult[];
  try { results = await client.query(sql, [...values]); } catch (error) { throw failureOf(error); }
  // A text of several statements gives a list; the last one is what it was for.
  const last = Array.isArray(results) ? results.at(-1) as pg.QueryResult : results;
  return { rows: last.rows as SqlResult['rows'], affected: last.rowCount ?? 0 };
}

/** A connection that breaks during COMMIT leaves open whether it happened. */
async function commit(client: pg.PoolClient): Promise<void> {
  let ended: pg.QueryResult;
  try { ended = await client.query('COMMIT'); } catch (error) {
    const failure = failureOf(error);
    throw failure.scope === 'connection' ? new NodeFailure(failure.code, failure.text, { scope: 'connection', outcomeUnknown: true, cause: error }) : failure;
  }
  // PostgreSQL answers COMMIT of a failed transaction with a rollback, and calls it a success.
  if (ended.command === 'ROLLBACK') {
    throw new NodeFailure('sql.failed', {
      en: 'committing the transaction: one of its statements failed before, so nothing was changed',
      ru: 'фиксация транзакции: один из её запросов ранее завершился ошибкой, поэтому ничего не изменено',
    });
  }
}

const { builtins } = pg.types;
const asText = (text: string): string => text;
const exact = (text: string): number | string => (Number.isSafeInteger(Number(text)) ? Number(text) : text);
// A day has no time zone and must not move with the server's; a large number keeps its digits; an interval is no message.
const OWN = new Map<number, (text: string) => unknown>([[builtins.INT8, exact], [builtins.DATE, asText], [builtins.TIMESTAMP, asText], [builtins.INTERVAL, asText]]);
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => (format !== 'binary' && OWN.get(oid)) || pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};
