import type { ReplayMode, RunDetail, RunList, RunQuery as RunFilter, RunStep, RunSummary } from '../api/contract.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { FlowHost } from '../host.ts';
import { limits } from '../limits.ts';
import { historyStart } from '../store/cursor.ts';
import type { RunNote, RunQuery, Store, StoredRun } from '../store/store.ts';
import type { Log } from './log.ts';

export interface HistoryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes of the disk on which it is kept. */
  readonly diskTotal?: () => number;
}
export interface RunListQuery extends RunFilter { readonly limit: number; readonly after?: string }

/** Runs and their paths, as far as they are kept: a projection of the journal, which may be late but is never wrong. */
export class History {
  readonly #o: HistoryOptions;

  constructor(options: HistoryOptions) { this.#o = options; }

  /** Forgets old runs and audit entries; in small steps, so that whoever waits for the store gets a turn in between. */
  async prune(): Promise<void> {
    const { store, clock, log } = this.#o;
    try {
      await store.pruneAudit(clock.now() - limits.auditKeptMs);
      const before = clock.now() - limits.runsKeptMs;
      while (await store.pruneRuns(before, limits.runsKept, limits.historyPruneBatch) === limits.historyPruneBatch) await turn();
      while (await store.pruneSteps(clock.now() - limits.stepsKeptMs, this.#charsMax, limits.historyPruneBatch) === limits.historyPruneBatch) await turn();
    } catch (error) {
      log('error', `forgetting old runs: ${error instanceof Error ? error.message : String(error)}; will be tried again`);
    }
  }

  /** What a small disk has room for beside messages. */
  get #charsMax(): number { return Math.min(limits.stepsKeptChars, (this.#o.diskTotal?.() ?? Infinity) * limits.stepsKeptShare); }

  /** Messages need the room more than what is told of older ones: some of the oldest paths are forgotten. */
  async makeRoom(): Promise<void> {
    const { store, clock } = this.#o;
    try {
      await store.pruneSteps(clock.now() - limits.stepsKeptMs, limits.stepsLeastChars, limits.roomRuns);
      await store.shrink();
    } catch { /* a disk that is full to its last byte takes no deletion either; the watch has told of it, and comes again */ }
  }

  /** Pending runs first, then ended ones by their end, newest first. Only the first page has pending ones. */
  async list(query: RunListQuery, host: Pick<FlowHost, 'pendingRuns'>): Promise<RunList> {
    const { state, after, ...filters } = query;
    const limit = Math.max(1, Math.min(query.limit, limits.pageSizeMax));
    const ofFlow = query.flow === undefined ? {} : { flow: query.flow };
    const noPending = after !== undefined || (state !== undefined && state !== 'pending') || query.since !== undefined || query.until !== undefined;
    const pending = await host.pendingRuns({ ...ofFlow, ...await this.#among(filters, limit), limit });
    const shown = noPending ? [] : pending.runs;
    // Asked after the pending ones: a run that ends in between is in both, never in none.
    const ended = state === 'pending' ? { runs: [] } : await this.#ended({ ...filters, limit: limit - shown.length, ...(state !== undefined && { state }), ...(after !== undefined && { after }) });
    const counts = await this.#o.store.countRuns(query.flow);
    const over = new Set(ended.runs.map(({ id }) => id));
    const still = shown.filter(({ id }) => !over.has(id));
    const notes = await this.#o.store.notesOf(still.map(({ id }) => id));
    return {
      runs: [...still.map((run) => summaryOf(run, notes.get(run.id))), ...ended.runs.map((run) => summaryOf(run, run))], ...(ended.next !== undefined && { next: ended.next }),
      counts: { pending: pending.total, completed: counts.completed, dropped: counts.dropped, deadLettered: counts['dead-lettered'], discarded: counts.discarded }, morePending: pending.more,
    };
  }

  /** One run with its path. A `Failure` `run.not-found` when neither it nor anything of it is kept. */
  async find(id: string, host: Pick<FlowHost, 'pendingRuns' | 'pathOf'>): Promise<RunDetail> {
    const { store } = this.#o;
    const path = await host.pathOf(id);
    const [still] = (await host.pendingRuns({ among: [id], limit: 1 })).runs;
    const ended = await store.findRun(id);
    const note = (await store.notesOf([id])).get(id);
    const run = ended ?? still;
    if (!run && path.flow === undefined) throw noRun(id);
    const replays = await store.listReplays(id, limits.pageSizeMax);
    return {
      ...summaryOf(run ?? endingRun(id, path), note), steps: path.steps, stepsCut: note?.cut ?? false,
      pending: path.pending, replays: replays.map((each) => ({ ...each, mode: each.mode as ReplayMode | 'resend' | 'restart' })),
    };
  }

  /** Where pending runs are looked for when they must fit a filter. */
  async #among({ id, node, code, key }: RunListQuery, limit: number): Promise<{ readonly among?: readonly string[] }> {
    if (id !== undefined) return { among: [id] };
    const marks = { ...(node !== undefined && { node }), ...(code !== undefined && { code }), ...(key !== undefined && { key }) };
    return Object.keys(marks).length === 0 ? {} : { among: await this.#o.store.listUnended({ ...marks, limit }) };
  }

  async #ended(query: RunQuery): Promise<{ readonly runs: readonly StoredRun[]; readonly next?: string }> {
    return query.limit > 0 ? this.#o.store.listRuns(query) : { runs: [], next: historyStart };
  }
}

type Listed = Pick<RunSummary, 'id' | 'flow' | 'revision' | 'startedAt' | 'state' | 'messages'> & { readonly endedAt?: number };

function summaryOf({ id, flow, revision, startedAt, endedAt, state, messages }: Listed, note: Partial<RunNote> | undefined): RunSummary {
  return {
    id, flow, revision, startedAt, ...(endedAt !== undefined && { endedAt }), state, messages, recorded: note?.recorded ?? false,
    ...(note?.failure && { failure: { node: note.failure.node, code: note.failure.code, message: note.failure.text } }),
    ...(note?.replayOf !== undefined && { replayOf: note.replayOf }),
  };
}

/** Between its end and the moment in which history knows of it, a run is known by its steps only. */
function endingRun(id: string, { flow = '', steps }: { readonly flow?: string; readonly steps: readonly RunStep[] }): Listed {
  return { id, flow, revision: 0, startedAt: steps[0]?.at ?? 0, state: 'pending', messages: 1 };
}

const noRun = (id: string): Failure => new Failure('run.not-found', {
  en: `run ${id}: nothing is kept of it; it never was, was sampled out, or its time is over`,
  ru: `запуск ${id}: о нём ничего не хранится; его не было, он не попал в выборку или истёк срок хранения`,
});

/** Lets everything that waits have its turn. */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
