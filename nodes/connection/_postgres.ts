import pg from 'pg';
import { NodeFailure, type SqlClient, type SqlExecutor, type SqlResult, type SqlValue } from '../../runtime/sdk/index.ts';

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

// Class 08: connection; 53: too many connections, out of memory or disk; 57P0x: the server goes down or comes up.
const OUTAGE = /^(08|53|57P0)/;
// Serialization failure, deadlock, lock not available, statement timeout: the same statement may succeed next time.
const PASSING = new Set(['40001', '40P01', '55P03', '57014']);
const SOCKET = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT']);
const WRONG_LOGIN = /^28/;

/** A pool of connections to one PostgreSQL database. */
export class PostgresClient implements SqlClient {
  readonly driver = 'postgres';
  readonly #pool: pg.Pool;

  constructor(config: PostgresConfig) {
    const { host, port, database, user, password, tls, poolMax, connectTimeoutMs, statementTimeoutMs } = config;
    this.#pool = new pg.Pool({
      host, port, database, user, ...(password !== undefined && { password }), max: poolMax, connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs, application_name: 'millrace', allowExitOnIdle: true, ...(tls !== 'off' && { ssl: { rejectUnauthorized: tls === 'on' } }),
    });
    // A connection that breaks while it is idle is replaced by the pool; the next user is told by its own error.
    this.#pool.on('error', () => undefined);
  }

  async query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    try { return resultOf(await this.#pool.query(sql, [...values])); } catch (error) { throw failureOf(error); }
  }

  async transaction<T>(work: (inside: SqlExecutor) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => { throw failureOf(error); });
    let broken: Error | undefined;
    client.on('error', noteBroken);
    function noteBroken(error: Error): void { broken = error; }
    try {
      await send(client, 'BEGIN');
      const result = await work({ query: (sql, values = []) => send(client, sql, values) });
      await commit(client);
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((again: Error) => { broken ??= again; });
      throw error;
    } finally {
      client.off('error', noteBroken);
      client.release(broken);
    }
  }

  async ping(): Promise<void> { await this.query('SELECT 1'); }
  async close(): Promise<void> { await this.#pool.end(); }
}

async function send(client: pg.PoolClient, sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
  try { return resultOf(await client.query(sql, [...values])); } catch (error) { throw failureOf(error); }
}

/** A connection that breaks during COMMIT leaves open whether it happened. */
async function commit(client: pg.PoolClient): Promise<void> {
  try { await client.query('COMMIT'); } catch (error) {
    const failure = failureOf(error);
    throw failure.scope === 'connection' ? new NodeFailure(failure.code, failure.text, { scope: 'connection', outcomeUnknown: true, cause: error }) : failure;
  }
}

const resultOf = (result: pg.QueryResult): SqlResult => ({ rows: result.rows as SqlResult['rows'], affected: result.rowCount ?? 0 });

function failureOf(error: unknown): NodeFailure {
  if (error instanceof NodeFailure) return error;
  const { code = '', message } = error as Error & { code?: string };
  const lost = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/.test(message);
  if (OUTAGE.test(code) || SOCKET.has(code) || lost) {
    return new NodeFailure('sql.unavailable', { en: `using PostgreSQL: ${message}`, ru: `работа с PostgreSQL: ${message}` }, { scope: 'connection', details: { sqlstate: code } });
  }
  if (WRONG_LOGIN.test(code) || code === '3D000') {
    return new NodeFailure('sql.login', { en: `signing in to PostgreSQL: ${message}; check user, password and database of the connection`, ru: `вход в PostgreSQL: ${message}; проверьте пользователя, пароль и базу в подключении` }, { scope: 'connection', details: { sqlstate: code } });
  }
  const text = { en: `running the statement: ${message}`, ru: `выполнение запроса: ${message}` };
  return new NodeFailure(PASSING.has(code) ? 'sql.busy' : 'sql.failed', text, { retry: PASSING.has(code) ? 'backoff' : 'never', details: { sqlstate: code } });
}
