import { mkdirSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { NodeFailure, sibling, type SqlClient, type SqlExecutor, type SqlResult, type SqlValue } from '../../runtime/sdk/index.ts';
import type { Done } from './_sqlite-worker.ts';

const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;

/** The file's place under the project's data folder; never outside it. */
export function sqliteFile(dataDir: string, file: string): string {
  if (dataDir === ':memory:') return ':memory:';
  const path = join(dataDir, file);
  const inside = relative(dataDir, path);
  if (!isAbsolute(file) && inside !== '' && !inside.startsWith('..')) return path;
  throw new NodeFailure('sql.file', {
    en: `opening the SQLite file "${file}": it must be a path inside the data folder, such as project.db`,
    ru: `открытие файла SQLite «${file}»: нужен путь внутри папки данных, например project.db`,
  });
}

/** One SQLite file in a thread of its own. Transactions follow each other: SQLite has one writer. */
export class SqliteClient implements SqlClient {
  readonly driver = 'sqlite';
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (done: Done) => void>();
  #lastId = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #dead: NodeFailure | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (done: Done) => {
      this.#waiting.get(done.id)?.(done);
      this.#waiting.delete(done.id);
    });
    const died = (reason: string) => (): void => {
      this.#dead ??= unavailable(reason);
      for (const [id, settle] of this.#waiting) settle({ id, error: { message: reason, errcode: SQLITE_IOERR } });
      this.#waiting.clear();
    };
    worker.on('error', died('the thread of the database failed'));
    worker.on('exit', died('the database is closed'));
    worker.unref();
  }

  static async open(file: string): Promise<SqliteClient> {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    const worker = new Worker(sibling('./_sqlite-worker', import.meta.url), { workerData: { file } });
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (first: { failed?: { message: string; errcode: number } }) => (first.failed ? reject(failureOf(first.failed)) : resolve()));
    });
    worker.removeAllListeners('error');
    return new SqliteClient(worker);
  }

  query(sql: string, values: readonly SqlValue[] = []): Promise<SqlResult> {
    return this.#inTurn(() => this.#send(sql, values));
  }

  transaction<T>(work: (inside: SqlExecutor) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#send('BEGIN IMMEDIATE', []);
      try {
        const result = await work({ query: (sql, values = []) => this.#send(sql, values) });
        await this.#send('COMMIT', []);
        return result;
      } catch (error) {
        // After some errors SQLite has rolled back by itself; the first error is the one to tell.
        await this.#send('ROLLBACK', []).catch(() => undefined);
        throw error;
      }
    });
  }

  async ping(): Promise<void> { await this.query('SELECT 1'); }

  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    this.#worker.ref();
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage('close');
    await ended;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work, work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #send(sql: string, values: readonly SqlValue[]): Promise<SqlResult> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, (done) => ('error' in done ? reject(failureOf(done.error)) : resolve(done)));
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

function failureOf({ message, errcode }: { readonly message: string; readonly errcode: number }): NodeFailure {
  const primary = errcode & 0xff;
  if (primary === SQLITE_IOERR || primary === SQLITE_FULL || primary === SQLITE_CANTOPEN) return unavailable(message);
  const text = { en: `running the statement: ${message}`, ru: `выполнение запроса: ${message}` };
  if (primary === SQLITE_BUSY) return new NodeFailure('sql.busy', text, { retry: 'backoff' });
  return new NodeFailure('sql.failed', text, { details: { sqlite: errcode } });
}
