import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Failure } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { migrations } from './migrations.ts';

/** One statement, prepared once. `Row` is what its columns are called and typed. */
export interface Query<Row> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** Answers how many rows it changed. */
  run(...values: SQLInputValue[]): number;
}

/** The store's SQLite file: power-safe (WAL, synchronous=FULL), checked and migrated before it is used. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #file: string;

  constructor(db: DatabaseSync, file: string) {
    this.#db = db;
    this.#file = file;
  }

  query<Row = never>(sql: string): Query<Row> {
    const statement: StatementSync = this.#db.prepare(sql);
    return {
      get: (...values) => this.#told(() => statement.get(...values) as Row | undefined),
      all: (...values) => this.#told(() => statement.all(...values) as Row[]),
      run: (...values) => this.#told(() => Number(statement.run(...values).changes)),
    };
  }

  /** All or nothing, in one commit. */
  transaction<T>(work: () => T): T {
    this.#told(() => { this.#db.exec('BEGIN IMMEDIATE'); });
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** The file ends where it is not used any more, as far as one short write can do that. */
  shrink(): void {
    this.#told(() => { this.#db.exec(`PRAGMA incremental_vacuum(${limits.roomPages}); PRAGMA wal_checkpoint(PASSIVE)`); });
  }

  /** What may pass by itself is told as that: another program holds the file, the disk is full or does not answer. */
  #told<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw PASSING.has(Number((error as { errcode?: unknown }).errcode) & 0xff) ? notNow(this.#file, error) : error;
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}

const SAFE = 'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY';

/** One more connection to a file that is open, and so checked and migrated. */
export function openAgain(file: string): Database {
  const db = new DatabaseSync(file, { timeout: limits.storeBusyMs });
  db.exec(SAFE);
  return new Database(db, file);
}

/** Opens `file` (`:memory:` for none). A file that cannot be used is left as it is, and the failure says why. */
export function openDatabase(file: string): Database {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: limits.storeBusyMs });
    db.exec(`PRAGMA auto_vacuum=INCREMENTAL; ${SAFE}`); // of a new file
    check(db, file);
    migrate(db, file);
    return new Database(db, file);
  } catch (error) {
    if (db?.isOpen) db.close();
    throw error instanceof Failure ? error : unusable(file, error);
  }
}

function check(db: DatabaseSync, file: string): void {
  const { quick_check: found } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
  if (found !== 'ok') throw damaged(file, found);
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS migrations (step INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT');
  const { done } = db.prepare('SELECT coalesce(max(step), 0) AS done FROM migrations').get() as { done: number };
  if (done > migrations.length) throw newer(file, done);
  for (const [index, step] of migrations.entries()) {
    if (index < done) continue;
    db.exec(step.sql);
    db.prepare('INSERT INTO migrations VALUES (?, ?)').run(index + 1, step.name);
  }
  db.exec('COMMIT');
}

// SQLite's codes: busy, locked, read-only, I/O error, full.
const PASSING = new Set([5, 6, 8, 10, 13]);
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

function unusable(file: string, error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  const code = (error as { errcode?: unknown }).errcode;
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return damaged(file, reason);
  return new Failure('store.unavailable', {
    en: `opening the store ${file}: ${reason}`,
    ru: `открытие хранилища ${file}: ${reason}`,
  }, { details: { file }, cause: error });
}

function notNow(file: string, error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure('store.unavailable', {
    en: `using the store ${file}: ${reason}; nothing was changed, try again`,
    ru: `обращение к хранилищу ${file}: ${reason}; ничего не изменено, повторите`,
  }, { details: { file }, cause: error });
}

function damaged(file: string, reason: string): Failure {
  return new Failure('store.damaged', {
    en: `opening the store ${file}: the file is damaged (${reason}); nothing was changed in it`,
    ru: `открытие хранилища ${file}: файл повреждён (${reason}); в нём ничего не изменено`,
  }, { details: { file, reason } });
}

function newer(file: string, step: number): Failure {
  return new Failure('store.newer', {
    en: `opening the store ${file}: a newer Millrace wrote it (step ${step}, this one knows ${migrations.length}); nothing was changed in it`,
    ru: `открытие хранилища ${file}: его записал более новый Millrace (шаг ${step}, этот знает ${migrations.length}); в нём ничего не изменено`,
  }, { details: { file, step, known: migrations.length } });
}
