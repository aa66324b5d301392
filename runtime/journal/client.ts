import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { Journal, JournalHealth } from './journal.ts';
import { JournalDamaged, JournalError, type JournalPort } from './port.ts';
import type { Commit, CommitResult, EndedRun, OutboxRows } from './rows.ts';

interface Queued { readonly commit: Commit; resolve(result: CommitResult): void; reject(error: Error): void }

// SQLite's codes for what may pass: busy, I/O error, full.
const PASSING = new Set([5, 10, 13]);
// Damaged pages, and a file that is no database any more.
const DAMAGED = new Set([11, 26]);
const RETRY_MS = 1000;
// A larger transaction holds the disk longer than its callers should wait.
const BATCH_COMMITS = 2048;

type Query = Extract<Parameters<JournalPort['ask']>[0], { kind: 'query' }>['name'];

/** Groups commits: while one transaction is on its way to the disk, the next ones queue and then go together. No timer is involved. */
export class JournalClient implements Journal {
  readonly token: number;
  readonly unplannedEnds: number;
  readonly #port: JournalPort;
  readonly #clock: Clock;
  #seq: number;
  #queue: Queued[] = [];
  #busy = false;
  #idle: (() => void)[] = [];
  /** What keeps the journal from writing now; null when it writes. */
  #trouble: Error | null = null;
  #damage: JournalDamaged | null = null;
  /** Why nothing could be written since the last time that something was. */
  #waitsFor: string | null = null;
  /** The disk has not answered for so long that nobody new is let in. */
  #slow: Error | null = null;
  readonly #broken = Promise.withResolvers<void>();
  readonly #told: (health: JournalHealth) => void;

  /** `told` hears of each change of its health. */
  constructor(port: JournalPort, clock: Clock, told: (health: JournalHealth) => void = () => undefined) {
    this.#port = port;
    this.#clock = clock;
    this.#told = told;
    this.token = port.opened.token;
    this.unplannedEnds = port.opened.unplannedEnds;
    this.#seq = port.opened.lastSeq;
  }

  nextSeq(): number { return ++this.#seq; }

  get health(): JournalHealth {
    if (this.#damage) return { state: 'damaged', reason: this.#damage.message };
    return this.#waitsFor === null ? { state: 'well' } : { state: 'waiting', reason: this.#waitsFor };
  }

  commit(commit: Commit): Promise<CommitResult> {
    // Nothing that could not be written is called done: what belongs to accepted messages stands still until a person has mended the journal.
    if (this.#damage) return commit.acceptance ? Promise.reject(this.#damage) : new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const refused = commit.acceptance && (this.#trouble ?? this.#slow ?? (this.#queue.length >= limits.commitsQueuedMax ? tooMany() : null));
      if (refused) { reject(refused); return; }
      this.#queue.push({ commit, resolve, reject });
      if (!this.#busy) {
        this.#busy = true;
        // One turn later, so that everything this turn commits goes in one transaction.
        queueMicrotask(() => void this.#flush());
      }
    });
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0 && !this.#trouble && !this.#damage) {
      const batch = this.#queue.splice(0, BATCH_COMMITS);
      await this.#write(batch);
    }
    this.#busy = false;
    for (const waiter of this.#idle.splice(0)) waiter();
  }

  async #write(batch: Queued[]): Promise<void> {
    const stopWatching = this.#clock.after(limits.commitSlowMs, () => this.#isSlow());
    try {
      const results = await this.#apply(batch);
      this.#slow = null;
      this.#waits(null);
      batch.forEach((queued, i) => queued.resolve(results[i] as CommitResult));
    } catch (error) {
      this.#slow = null;
      await this.#failed(batch, error as Error);
    } finally {
      stopWatching();
    }
  }

  /** Who is on the way to the disk must wait: it may have been written. Who is not is told to come again, and so is who comes now. */
  #isSlow(): void {
    const slow = new Error(`the disk has not answered for ${limits.commitSlowMs / 1000} s`);
    this.#slow = slow;
    this.#waits(slow.message);
    this.#refuseQueued(slow);
  }

  #refuseQueued(why: Error): void {
    const refused = this.#queue.filter((queued) => queued.commit.acceptance);
    if (refused.length > 0) this.#queue = this.#queue.filter((queued) => !queued.commit.acceptance);
    for (const queued of refused) queued.reject(why);
  }

  /** Tells of the first reason of a time in which nothing can be written, and of its end. */
  #waits(reason: string | null): void {
    const isNews = (reason === null) !== (this.#waitsFor === null);
    this.#waitsFor = reason;
    if (isNews) this.#told(this.health);
  }

  async #apply(batch: readonly Queued[]): Promise<readonly CommitResult[]> {
    return await this.#port.ask({ kind: 'apply', commits: batch.map((queued) => queued.commit), lastSeq: this.#seq, at: this.#clock.now() }) as CommitResult[];
  }

  /** The transaction left nothing behind. New acceptances are refused; what belongs to accepted messages is kept and tried again. */
  async #failed(batch: Queued[], error: Error): Promise<void> {
    if (isDamage(error)) { this.#queue.unshift(...batch); this.#damaged(error); return; }
    if (!(error instanceof JournalError) || !mayPass(error)) return this.#isolate(batch, error);
    this.#queue = [...batch, ...this.#queue];
    this.#refuseQueued(error);
    this.#trouble = error;
    this.#waits(error.message);
    this.#clock.after(RETRY_MS, () => {
      this.#trouble = null;
      this.#busy = true;
      void this.#flush();
    });
  }

  /** For good, until a person has mended the file: what is written to a damaged one may be lost, or spread the damage. */
  #damaged(error: Error): JournalDamaged {
    if (this.#damage) return this.#damage;
    this.#damage = new JournalDamaged(error);
    this.#refuseQueued(this.#damage);
    this.#queue = [];
    this.#broken.resolve();
    this.#told(this.health);
    return this.#damage;
  }

  /** A commit that can never succeed must not take its neighbours along. */
  async #isolate(batch: Queued[], error: Error): Promise<void> {
    if (batch.length === 1 || !(error instanceof JournalError)) {
      for (const queued of batch) queued.reject(error);
      return;
    }
    for (const [i, queued] of batch.entries()) {
      await this.#write([queued]);
      if (!this.#trouble && !this.#damage) continue;
      // The disk fails now: the others go behind the one that was put back.
      this.#queue.splice(this.#queue[0] === queued ? 1 : 0, 0, ...batch.slice(i + 1));
      this.#refuseQueued((this.#damage ?? this.#trouble) as Error);
      if (this.#damage) this.#queue = [];
      return;
    }
  }

  async #query<T>(name: Query, ...args: unknown[]): Promise<T> {
    // Behind everything that was committed before: a queue read from disk must not miss what is on its way there.
    // A batch that fails is put back into the queue, so what is being written counts too.
    if (!this.#damage && (this.#busy || this.#queue.length > 0 || this.#trouble)) await Promise.race([this.commit({ ops: [] }), this.#broken.promise]);
    if (this.#damage) throw this.#damage;
    return await this.#ask<T>(name, args);
  }

  /** Like a commit that belongs to accepted messages: what the disk refuses now is tried again. */
  async #persist<T>(name: Query, ...args: unknown[]): Promise<T> {
    for (;;) {
      try {
        return await this.#query<T>(name, ...args);
      } catch (error) {
        if (!(error instanceof JournalError) || !mayPass(error)) throw error;
        await new Promise<void>((resolve) => { this.#clock.after(RETRY_MS, resolve); });
      }
    }
  }

  /** For people who look: what is on its way to the disk is not waited for, since a disk that is full would let them wait as long as it is. */
  async #look<T>(name: Query, ...args: unknown[]): Promise<T> {
    if (this.#damage) throw this.#damage;
    return await this.#ask<T>(name, args);
  }

  async #ask<T>(name: Query, args: readonly unknown[]): Promise<T> {
    try {
      return await this.#port.ask({ kind: 'query', name, args }) as T;
    } catch (error) {
      throw isDamage(error) ? this.#damaged(error) : error;
    }
  }

  page: Journal['page'] = (query) => this.#query('page', query);
  due: Journal['due'] = (query) => this.#query('due', query);
  aside: Journal['aside'] = (query) => this.#query('aside', query);
  recover: Journal['recover'] = (flow) => this.#query('recover', flow, this.#clock.now());
  counts: Journal['counts'] = (flow) => this.#query('counts', flow);
  atRest: Journal['atRest'] = (flow) => this.#query('atRest', flow);
  asideTogether: Journal['asideTogether'] = (reread) => this.#query('asideTogether', reread);
  parkable: Journal['parkable'] = (parking) => this.#query('parkable', parking);
  pendingRevisions: Journal['pendingRevisions'] = (flow) => this.#query('pendingRevisions', flow);
  pendingOn: Journal['pendingOn'] = (flow, revisions) => this.#query('pendingOn', flow, revisions);
  asideKeys: Journal['asideKeys'] = (flow) => this.#query('asideKeys', flow);
  retryingKeys: Journal['retryingKeys'] = (flow) => this.#query('retryingKeys', flow);
  keyHolds: Journal['keyHolds'] = (flow) => this.#look('keyHolds', flow);
  heldDues: Journal['heldDues'] = (flow) => this.#query('heldDues', flow);
  windows: Journal['windows'] = (flow) => this.#query('windows', flow);
  kept: Journal['kept'] = (query) => this.#query('kept', query);
  context: Journal['context'] = (flow) => this.#query('context', flow);
  pendingRuns: Journal['pendingRuns'] = (query) => this.#look('pendingRuns', query);
  pendingOf: Journal['pendingOf'] = (run, limit) => this.#look('pendingOf', run, limit);
  pendingRunCount: Journal['pendingRunCount'] = (flow) => this.#look('pendingRunCount', flow);
  pendingTotal: Journal['pendingTotal'] = (flow) => this.#query('pendingTotal', flow);
  cancelRun: Journal['cancelRun'] = (run, at) => this.#persist('cancelRun', run, at);
  deadLetters: Journal['deadLetters'] = (query) => this.#look('deadLetters', query);
  findDeadLetter: Journal['findDeadLetter'] = (seq) => this.#look('findDeadLetter', seq);
  deadLetterTotal: Journal['deadLetterTotal'] = (query) => this.#look('deadLetterTotal', query);
  pruneDeadLetters: Journal['pruneDeadLetters'] = (before, atMost) => this.#query('pruneDeadLetters', before, atMost);
  deadLetterCounts: Journal['deadLetterCounts'] = () => this.#query('deadLetterCounts');
  findAnswer: Journal['findAnswer'] = (scope, key) => this.#query('findAnswer', scope, key);
  outbox: Journal['outbox'] = async (chars) => {
    const { batches, more } = await this.#query<OutboxRows>('outbox', chars);
    return { batches: batches.map(({ id, runs, steps }) => ({ id, runs: JSON.parse(runs) as EndedRun[], steps: steps === null ? [] : JSON.parse(steps) as string[] })), more };
  };
  forgetOutbox: Journal['forgetOutbox'] = (upTo) => this.#query('forgetOutbox', upTo);
  prune: Journal['prune'] = (before) => this.#query('prune', before);
  calmed: Journal['calmed'] = () => this.#query('calmed');
  crashing: Journal['crashing'] = (since) => this.#query('crashing', since);
  freeze: Journal['freeze'] = () => this.#query('freeze');
  thaw: Journal['thaw'] = () => this.#query('thaw');
  removeFlow: Journal['removeFlow'] = (flow) => this.#query('removeFlow', flow);

  async close(): Promise<void> {
    if (this.#busy) await new Promise<void>((resolve) => this.#idle.push(resolve));
    try {
      await this.#port.ask({ kind: 'close' });
    } catch (error) {
      // What is in its write-ahead file is read at the next opening; a damaged journal has been told of already.
      if (!this.#damage) throw error;
    }
  }
}

const tooMany = (): Error => new Error(`${limits.commitsQueuedMax} commits wait for the disk already`);
const mayPass = (error: JournalError): boolean => PASSING.has(error.errcode & 0xff);
const isDamage = (error: unknown): error is JournalError => error instanceof JournalError && DAMAGED.has(error.errcode & 0xff);
