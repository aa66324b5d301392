import { NodeFailure, type SqlExecutor, type SqlResult, type SqlValue } from '../../runtime/sdk/index.ts';

/** Sends one statement and waits for it. */
export type Send = (sql: string, values?: readonly SqlValue[]) => Promise<SqlResult>;

interface Job { readonly kind: 'statement' | 'transaction'; run(): Promise<unknown>; resolve(value: unknown): void; reject(error: unknown): void }

const GROUP_MAX = 64; // transactions in one commit: each adds little to it, and the first waits for the last

/**
 * SQLite has one writer: everything comes in turn. Transactions that wait behind each other share one commit, because the
 * trip to the disk costs more than all the rest; each is a savepoint of its own, so that one that fails takes no other along.
 */
export class Turns {
  readonly #send: Send;
  readonly #jobs: Job[] = [];
  #draining: Promise<void> | undefined;

  constructor(send: Send) { this.#send = send; }

  statement(sql: string, values: readonly SqlValue[]): Promise<SqlResult> {
    return this.#add('statement', () => this.#send(sql, values));
  }

  transaction<T>(work: (inside: SqlExecutor) => Promise<T>): Promise<T> {
    return this.#add('transaction', () => work({ query: (sql, values = []) => this.#send(sql, values) }));
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> { await this.#draining; }

  #add<T>(kind: Job['kind'], run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ kind, run, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    for (let job = this.#jobs[0]; job; job = this.#jobs[0]) {
      if (job.kind === 'transaction') await this.#group();
      else {
        this.#jobs.shift();
        await job.run().then(job.resolve, job.reject);
      }
    }
    // In the same turn in which nothing was left: whoever comes next starts anew.
    this.#draining = undefined;
  }

  async #group(): Promise<void> {
    const first = this.#jobs[0] as Job;
    try { await this.#send('BEGIN IMMEDIATE'); } catch (error) { this.#jobs.shift(); first.reject(error); return; }
    const done: { readonly job: Job; readonly value: unknown }[] = [];
    try {
      for (let count = 0; count < GROUP_MAX && this.#jobs[0]?.kind === 'transaction'; count++) {
        const job = this.#jobs.shift() as Job;
        const value = await this.#one(job);
        if (value) done.push({ job, value: value.value });
      }
      await this.#send('COMMIT');
    } catch (error) {
      // After a full disk and the like SQLite has rolled everything back by itself.
      await this.#send('ROLLBACK').catch(() => undefined);
      for (const { job } of done) job.reject(lost(error));
      return;
    }
    for (const { job, value } of done) job.resolve(value);
  }

  /** What the job gave; nothing when it failed alone. Throws when the whole transaction is gone. */
  async #one(job: Job): Promise<{ readonly value: unknown } | undefined> {
    try {
      await this.#send('SAVEPOINT job');
      const value = await job.run();
      await this.#send('RELEASE job');
      return { value };
    } catch (error) {
      job.reject(error);
      await this.#send('ROLLBACK TO job');
      await this.#send('RELEASE job');
      return undefined;
    }
  }
}

/** Its own work was right; what it shared the commit with was not. Nothing of it is in the file, so it may simply come again. */
function lost(error: unknown): NodeFailure {
  if (error instanceof NodeFailure && error.scope === 'connection') return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new NodeFailure('sql.busy', {
    en: `committing to the SQLite file: ${reason}; nothing was changed`,
    ru: `фиксация в файле SQLite: ${reason}; ничего не изменено`,
  }, { retry: 'backoff', cause: error });
}
