import type { Clock } from '../clock.ts';
import type { Journal } from './journal.ts';
import { JournalError, type JournalPort } from './port.ts';
import type { Commit, CommitResult, EndedRun } from './rows.ts';

interface Queued { readonly commit: Commit; resolve(result: CommitResult): void; reject(error: Error): void }

// SQLite's codes for what may pass: busy, I/O error, full.
const PASSING = new Set([5, 10, 13]);
const RETRY_MS = 1000;
// A larger transaction holds the disk longer than its callers should wait.
const BATCH_COMMITS = 2048;

/** Groups commits: while one transaction is on its way to the disk, the next ones queue and then go together. No timer is involved. */
export class JournalClient implements Journal {
  readonly token: number;
  readonly #port: JournalPort;
  readonly #clock: Clock;
  #seq: number;
  #queue: Queued[] = [];
  #busy = false;
  #idle: (() => void)[] = [];
  /** What keeps the journal from writing now; null when it writes. */
  trouble: Error | null = null;

  constructor(port: JournalPort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    this.token = port.opened.token;
    this.#seq = port.opened.lastSeq;
  }

  nextSeq(): number { return ++this.#seq; }

  commit(commit: Commit): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      if (this.trouble && commit.acceptance) { reject(this.trouble); return; }
      this.#queue.push({ commit, resolve, reject });
      if (!this.#busy) {
        this.#busy = true;
        // One turn later, so that everything this turn commits goes in one transaction.
        queueMicrotask(() => void this.#flush());
      }
    });
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0 && !this.trouble) {
      const batch = this.#queue.splice(0, BATCH_COMMITS);
      await this.#write(batch);
    }
    this.#busy = false;
    for (const waiter of this.#idle.splice(0)) waiter();
  }

  async #write(batch: Queued[]): Promise<void> {
    try {
      const results = await this.#apply(batch);
      batch.forEach((queued, i) => queued.resolve(results[i] as CommitResult));
    } catch (error) {
      await this.#failed(batch, error as Error);
    }
  }

  async #apply(batch: readonly Queued[]): Promise<readonly CommitResult[]> {
    return await this.#port.ask({ kind: 'apply', commits: batch.map((queued) => queued.commit), lastSeq: this.#seq }) as CommitResult[];
  }

  /** The transaction left nothing behind. New acceptances are refused; what belongs to accepted messages is kept and tried again. */
  async #failed(batch: Queued[], error: Error): Promise<void> {
    if (!(error instanceof JournalError) || !PASSING.has(error.errcode & 0xff)) return this.#isolate(batch, error);
    for (const queued of batch) if (queued.commit.acceptance) queued.reject(error);
    this.#queue = [...batch.filter((queued) => !queued.commit.acceptance), ...this.#queue];
    this.trouble = error;
    this.#clock.after(RETRY_MS, () => {
      this.trouble = null;
      this.#busy = true;
      void this.#flush();
    });
  }

  /** A commit that can never succeed must not take its neighbours along. */
  async #isolate(batch: Queued[], error: Error): Promise<void> {
    if (batch.length === 1 || !(error instanceof JournalError)) {
      for (const queued of batch) queued.reject(error);
      return;
    }
    for (const queued of batch) await this.#write([queued]);
  }

  async #query<T>(name: Extract<Parameters<JournalPort['ask']>[0], { kind: 'query' }>['name'], ...args: unknown[]): Promise<T> {
    // Behind everything that was committed before: a queue read from disk must not miss what is on its way there.
    // A batch that fails is put back into the queue, so what is being written counts too.
    if (this.#busy || this.#queue.length > 0 || this.trouble) await this.commit({ ops: [] });
    return await this.#port.ask({ kind: 'query', name, args }) as T;
  }

  page: Journal['page'] = (query) => this.#query('page', query);
  due: Journal['due'] = (query) => this.#query('due', query);
  aside: Journal['aside'] = (query) => this.#query('aside', query);
  recover: Journal['recover'] = (flow) => this.#query('recover', flow);
  counts: Journal['counts'] = (flow) => this.#query('counts', flow);
  asideKeys: Journal['asideKeys'] = (flow) => this.#query('asideKeys', flow);
  retryingKeys: Journal['retryingKeys'] = (flow) => this.#query('retryingKeys', flow);
  keyHolds: Journal['keyHolds'] = (flow) => this.#query('keyHolds', flow);
  heldDues: Journal['heldDues'] = (flow) => this.#query('heldDues', flow);
  windows: Journal['windows'] = (flow) => this.#query('windows', flow);
  kept: Journal['kept'] = (query) => this.#query('kept', query);
  pendingRuns: Journal['pendingRuns'] = (query) => this.#query('pendingRuns', query);
  pendingOf: Journal['pendingOf'] = (run, limit) => this.#query('pendingOf', run, limit);
  pendingTotal: Journal['pendingTotal'] = (flow) => this.#query('pendingTotal', flow);
  cancelRun: Journal['cancelRun'] = (run, at) => this.#query('cancelRun', run, at);
  deadLetters: Journal['deadLetters'] = (query) => this.#query('deadLetters', query);
  findDeadLetter: Journal['findDeadLetter'] = (seq) => this.#query('findDeadLetter', seq);
  deadLetterTotal: Journal['deadLetterTotal'] = (query) => this.#query('deadLetterTotal', query);
  pruneDeadLetters: Journal['pruneDeadLetters'] = (before, atMost) => this.#query('pruneDeadLetters', before, atMost);
  deadLetterCounts: Journal['deadLetterCounts'] = () => this.#query('deadLetterCounts');
  findAnswer: Journal['findAnswer'] = (scope, key) => this.#query('findAnswer', scope, key);
  outbox: Journal['outbox'] = async (limit) => (await this.#query<{ id: number; runs: string; steps: string | null }[]>('outbox', limit))
    .map(({ id, runs, steps }) => ({ id, runs: JSON.parse(runs) as EndedRun[], steps: steps === null ? [] : JSON.parse(steps) as string[] }));
  forgetOutbox: Journal['forgetOutbox'] = (upTo) => this.#query('forgetOutbox', upTo);
  prune: Journal['prune'] = (before) => this.#query('prune', before);
  freeze: Journal['freeze'] = () => this.#query('freeze');
  thaw: Journal['thaw'] = () => this.#query('thaw');
  removeFlow: Journal['removeFlow'] = (flow) => this.#query('removeFlow', flow);

  async close(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#port.ask({ kind: 'close' });
  }
}
