import type { ReplayAnswer, ReplayRequest, RunDetail, RunList, RunQuery, RunState, RunStep, RunSummary } from '../../runtime/api/contract.ts';
import { api } from '../api/client.ts';
import { Asking } from '../state/asking.svelte.ts';
import { now } from '../state/timing.ts';
import { isEmptyFilter, queryOf } from './filter.ts';
import type { RunFilter } from './filter.ts';

const PAGE = 100;
const LIST_MAX = 500;

/** What came of a replay or of a cancelling, told until somebody closes it. */
export type Told =
  | { readonly what: 'replay'; readonly answer: ReplayAnswer }
  | { readonly what: 'cancel'; readonly discarded: number };

/** Runs as the person looks at them: a list by filters, and one with its path. */
export class Runs extends Asking {
  readonly flow: string;
  filter = $state.raw<RunFilter>({ period: 'any' });
  list = $state.raw<readonly RunSummary[]>([]);
  counts = $state.raw<RunList['counts']>();
  morePending = $state(false);
  isLoading = $state(true);
  isBusy = $state(false);
  open = $state.raw<RunDetail>();
  /** What a dry run of the open one would do. */
  dryRun = $state.raw<readonly RunStep[]>();
  told = $state.raw<Told>();
  #next = $state<string>();
  #sought: string | undefined;
  #asked = 0;

  constructor(flow: string) {
    super();
    this.flow = flow;
  }

  get query(): RunQuery { return queryOf(this.filter, this.flow, now()); }
  get hasMore(): boolean { return this.#next !== undefined; }
  get isFiltered(): boolean { return !isEmptyFilter(this.filter); }
  /** How many a replay of all would repeat, as far as is known; undefined where all of the first page are pending, and more may come. */
  get fit(): { readonly count: number; readonly more: boolean } | undefined {
    const count = this.list.filter(({ state }) => state !== 'pending').length;
    return count === 0 && this.hasMore ? undefined : { count, more: this.hasMore };
  }
  /** Older pages are on the screen: what is new must not push them away. */
  get isLong(): boolean { return this.list.length > PAGE; }
  /** How many there are of the flow. */
  count(state: RunState): number {
    return this.counts?.[state === 'dead-lettered' ? 'deadLettered' : state] ?? 0;
  }

  set(change: Partial<RunFilter>): void {
    this.filter = { ...this.filter, ...change };
    this.list = [];
    void this.load();
  }

  /** The newest ones, and the open one again; an answer that comes after a later question is not shown. */
  async load(): Promise<void> {
    const asked = ++this.#asked;
    await this.try(async () => {
      const page = await api.listRuns({ ...this.query, limit: Math.max(PAGE, Math.min(LIST_MAX, this.list.length)) });
      if (asked !== this.#asked) return;
      this.list = page.runs;
      this.#next = page.next;
      this.counts = page.counts;
      this.morePending = page.morePending;
    });
    if (asked !== this.#asked) return;
    this.isLoading = false;
    // One that was just started may not be known at first.
    if (this.#sought !== undefined && (this.open?.id !== this.#sought || this.open.state === 'pending')) await this.#look(this.#sought);
  }

  async more(): Promise<void> {
    await this.try(async () => {
      const page = await api.listRuns({ ...this.query, limit: PAGE, ...(this.#next !== undefined && { after: this.#next }) });
      const there = new Set(this.list.map(({ id }) => id));
      this.list = [...this.list, ...page.runs.filter(({ id }) => !there.has(id))];
      this.#next = page.next;
    });
  }

  async show(id: string): Promise<void> {
    this.#sought = id;
    this.dryRun = undefined;
    await this.#look(id);
  }

  async replay(id: string, request: ReplayRequest): Promise<void> {
    await this.#act(async () => {
      const answer = await api.replayRun(id, request);
      this.dryRun = answer.steps; // of a real one there are none, and what a dry run had shown before is over
      if (request.mode !== 'dry-run') this.told = { what: 'replay', answer };
    });
  }

  /** All that fit the filter. */
  async replayAll(request: ReplayRequest): Promise<void> {
    await this.#act(async () => { this.told = { what: 'replay', answer: await api.replayRuns(this.query, request) }; });
  }

  async cancel(id: string): Promise<void> {
    await this.#act(async () => { this.told = { what: 'cancel', ...await api.cancelRun(id) }; });
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.isBusy = true;
    this.told = undefined;
    await this.try(act);
    this.isBusy = false;
    const failed = this.error;
    await this.load();
    if (this.open && !failed) await this.#look(this.open.id);
    if (failed) this.error = failed;
  }

  #look(id: string): Promise<void> {
    return this.try(async () => { this.open = await api.findRun(id); });
  }
}
