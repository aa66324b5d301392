/** What `ctx.connection` gives for a connection of type `sql`, whatever the database. */

export type SqlValue = null | boolean | number | bigint | string | Uint8Array | Date;
export type SqlRow = { readonly [column: string]: unknown };
export interface SqlResult { readonly rows: readonly SqlRow[]; readonly affected: number }

export interface SqlExecutor {
  /** One statement with bind values: `$1`, `$2`, … in PostgreSQL and SQLite alike. */
  query(sql: string, values?: readonly SqlValue[]): Promise<SqlResult>;
}
export interface SqlClient extends SqlExecutor {
  readonly driver: 'sqlite' | 'postgres' | 'mysql';
  /** All or nothing: a throw inside rolls back and is thrown on. */
  transaction<T>(work: (inside: SqlExecutor) => Promise<T>): Promise<T>;
  /** Resolves after one trip to the server. */
  ping(): Promise<void>;
}
