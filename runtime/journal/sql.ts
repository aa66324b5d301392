import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Value = string | number | null;

/** Prepared statements of one database, each made once. */
export class Sql {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) { this.#db = db; }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
  run(sql: string, ...values: Value[]): void {
    this.statement(sql).run(...values);
  }
  get<T>(sql: string, ...values: Value[]): T | undefined {
    return this.statement(sql).get(...values) as T | undefined;
  }
  all<T>(sql: string, ...values: Value[]): T[] {
    return this.statement(sql).all(...values) as T[];
  }
  /** One after another, for who may stop before the last. */
  each<T>(sql: string, ...values: Value[]): IterableIterator<T> {
    return this.statement(sql).iterate(...values) as unknown as IterableIterator<T>;
  }
  number(sql: string, ...values: Value[]): number {
    return this.get<{ n: number | null }>(sql, ...values)?.n ?? 0;
  }
  /** All of it, or nothing when it throws. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
