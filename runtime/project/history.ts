import type { RunList, RunSummary } from '../api/contract.ts';
import type { Clock } from '../clock.ts';
import type { FlowHost } from '../host.ts';
import { limits } from '../limits.ts';
import { historyStart } from '../store/cursor.ts';
import type { RunQuery, RunRecord, Store } from '../store/store.ts';
import type { Log } from './log.ts';

export interface HistoryOptions { readonly store: Store; readonly clock: Clock; readonly log: Log }
export interface RunListQuery { readonly flow?: string; readonly state?: RunRecord['state'] | 'pending'; readonly limit: number; readonly after?: string }

/** The runs that ended: a projection of the journal, which may be late but is never wrong. Built before the host, which feeds it. */
export class History {
  readonly #o: HistoryOptions;

  constructor(options: HistoryOptions) { this.#o = options; }

  /** Called with ended runs, at least once for each. Resolves when they are stored; only then the host forgets them. */
  record(runs: readonly RunRecord[]): Promise<void> {
    return this.#o.store.addRuns(runs);
  }

  /** Forgets old runs and audit entries; in small steps, so that whoever waits for the store gets a turn in between. */
  async prune(): Promise<void> {
    const { store, clock, log } = this.#o;
    try {
      await store.pruneAudit(clock.now() - limits.auditKeptMs);
      const before = clock.now() - limits.runsKeptMs;
      while (await store.pruneRuns(before, limits.runsKept, limits.historyPruneBatch) === limits.historyPruneBatch) await turn();
    } catch (error) {
      log('error', `forgetting old runs: ${error instanceof Error ? error.message : String(error)}; will be tried again`);
    }
  }

  /** Pending runs first, then ended ones by their end, newest first. Only the first page has pending ones. */
  async list(query: RunListQuery, host: Pick<FlowHost, 'pendingRuns'>): Promise<RunList> {
    const { state, after } = query;
    const limit = Math.max(1, Math.min(query.limit, limits.pageSizeMax));
    const ofFlow = query.flow === undefined ? {} : { flow: query.flow };
    const pending = await host.pendingRuns({ ...ofFlow, limit });
    const shown = after !== undefined || (state !== undefined && state !== 'pending') ? [] : pending.runs;
    // Asked after the pending ones: a run that ends in between is in both, never in none.
    const ended = state === 'pending' ? { runs: [] } : await this.#ended({ ...ofFlow, limit: limit - shown.length, ...(state !== undefined && { state }), ...(after !== undefined && { after }) });
    const counts = await this.#o.store.countRuns(query.flow);
    const over = new Set(ended.runs.map(({ id }) => id));
    const runs: RunSummary[] = [...shown.filter(({ id }) => !over.has(id)), ...ended.runs];
    return {
      runs, ...(ended.next !== undefined && { next: ended.next }),
      counts: { pending: pending.total, completed: counts.completed, dropped: counts.dropped, deadLettered: counts['dead-lettered'], discarded: counts.discarded },
    };
  }

  async #ended(query: RunQuery): Promise<{ readonly runs: readonly RunRecord[]; readonly next?: string }> {
    return query.limit > 0 ? this.#o.store.listRuns(query) : { runs: [], next: historyStart };
  }
}

/** Lets everything that waits have its turn. */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
