import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { NodeFailure, sibling, type SqlClient, type SqlExecutor, type SqlResult, type SqlValue } from '../../runtime/sdk/index.ts';
import { Turns } from './_sqlite-turns.ts';
import type { Done, Opened, SqliteError } from './_sqlite-worker.ts';

// SQLite's primary result codes.
const BUSY = new Set([5, 6]); // busy, locked
const UNUSABLE = new Set([8, 10, 11, 13, 14, 26]); // read-only, I/O error, corrupt, full, cannot open, not a database
const CONSTRAINT = 19;
const IO_ERROR = 10;

/** The file's place under the project's data folder; never outside it. */
export function sqliteFile(dataDir: string, file: string): string {
  if (dataDir === ':memory:') return ':memory:';
  const path = join(dataDir, file);
  const inside = relative(dataDir, path);
  if (!isAbsolute(file) && !file.includes('\0') && inside !== '' && !inside.startsWith('..')) return path;
  throw new NodeFailure('sql.file', {
    en: `opening the SQLite file "${file}": it must be a path inside the data folder, such as project.db`,
    ru: `открытие файла SQLite «${file}»: нужен путь внутри папки данных, например project.db`,
  }, { scope: 'connection' });
}

/** One SQLite file in a thread of its own. */
export class SqliteClient implements SqlClient {
  readonly driver = 'sqlite';
  /** Its file, for a person. */
  readonly place: string;
  readonly #worker: Worker;
  readonly #turns = new Turns((sql, values = []) => this.#send(sql, values));
  readonly #inside = new AsyncLocalStorage<true>();
  readonly #waiting = new Map<number, (done: Done) => void>();
  #lastId = 0;
  #dead: NodeFailure | undefined;

  private constructor(worker: Worker, file: string) {
    this.#worker = worker;
    this.place = basename(file);
    worker.on('message', (done: Done) => {
      const settle = this.#waiting.get(done.id);
      this.#waiting.delete(done.id);
      // Only what is under way keeps the process alive.
      if (this.#waiting.size === 0) worker.unref();
      settle?.(done);
    });
    const died = (reason: string) => (): void => {
      this.#dead ??= unavailable(reason);
      for (const [id, settle] of this.#waiting) settle({ id, error: { message: reason, errcode: IO_ERROR } });
      this.#waiting.clear();
    };
    worker.on('error', died('its thread failed'));
    worker.on('exit', died('it is closed'));
    worker.unref();
  }

  static async open(file: string): Promise<SqliteClient> {
    try { if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true }); } catch (error) { throw unavailable((error as Error).message); }
    const worker = new Worker(sibling('./_sqlite-worker', import.meta.url), { workerData: { file } });
    const failed = await new Promise<string | undefined>((resolve) => {
      worker.once('error', (error) => resolve(error.message));
      worker.once('message', (first: Opened) => resolve('failed' in first ? first.failed.message : undefined));
    });
    worker.removeAllListeners('error');
    if (failed === undefined) return new SqliteClient(worker, file);
    await worker.terminate();
    throw unavailable(failed);
  }

  async query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    this.#refuseNested();
    return await this.#turns.statement(sql, values);
  }

  async transaction<T>(work: (inside: SqlExecutor) => Promise<T>): Promise<T> {
    this.#refuseNested();
    return await this.#turns.transaction((inside) => this.#inside.run(true, () => work(inside)));
  }

  async ping(): Promise<void> { await this.query('SELECT 1'); }

  /** Waits for what is under way. A thread that is gone already is closed. */
  async close(): Promise<void> {
    await this.#turns.idle();
    if (this.#dead) return;
    const ended = new Promise((resolve) => { this.#worker.once('exit', resolve); });
    this.#worker.ref();
    this.#worker.postMessage('close');
    await ended;
  }

  /** Such a call would wait for the transaction, and the transaction for it. */
  #refuseNested(): void {
    if (!this.#inside.getStore()) return;
    throw new NodeFailure('sql.nested', {
      en: 'using the SQLite database inside a transaction: the work of a transaction must use what it was given, not the connection',
      ru: 'работа с базой SQLite внутри транзакции: транзакция должна использовать переданный ей объект, а не подключение',
    });
  }

  #send(sql: string, values: readonly SqlValue[]): Promise<SqlResult> {
    if (this.#dead) return Promise.reject(this.#dead);
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, (done) => ('error' in done ? reject(failureOf(done.error)) : resolve({ rows: done.rows, affected: done.affected })));
      this.#worker.postMessage({ id, sql, values: values.map(bound) });
    });
  }
}

function bound(value: SqlValue): null | number | bigint | string | Uint8Array {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Date ? value.toISOString() : value;
}

function unavailable(reason: string): NodeFailure {
  return new NodeFailure('sql.unavailable', { en: `using the SQLite database: ${reason}`, ru: `работа с базой SQLite: ${reason}` }, { scope: 'connection' });
}

function failureOf({ message, errcode }: SqliteError): NodeFailure {
  const primary = errcode & 0xff;
  if (UNUSABLE.has(primary)) return unavailable(message);
  const text = { en: `running the statement: ${message}`, ru: `выполнение запроса: ${message}` };
  if (BUSY.has(primary)) return new NodeFailure('sql.busy', text, { retry: 'backoff' });
  return new NodeFailure(primary === CONSTRAINT ? 'sql.constraint' : 'sql.failed', text, { details: { sqlite: errcode } });
}
