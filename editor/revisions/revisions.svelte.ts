import type { Flow, RevisionList } from '../../runtime/api/contract.ts';
import { api } from '../api/client.ts';
import { Asking } from '../state/asking.svelte.ts';

/** With what a revision is compared. */
export type Against = 'previous' | 'live' | 'draft';

/** What was deployed of one flow, and when. */
export class Revisions extends Asking {
  readonly flow: string;
  list = $state.raw<RevisionList['revisions']>([]);
  isLoading = $state(true);
  chosen = $state<number>();
  against = $state<Against>('previous');
  /** Revisions never change, so each is read once. */
  #flows = $state.raw<{ readonly [revision: number]: Flow }>({});

  constructor(flow: string) {
    super();
    this.flow = flow;
  }

  get open(): Flow | undefined { return this.chosen === undefined ? undefined : this.#flows[this.chosen]; }
  /** The one deployed before the chosen one. */
  get previous(): number | undefined { return this.list.find(({ revision }) => revision < (this.chosen ?? 0))?.revision; }
  get previousFlow(): Flow | undefined { return this.previous === undefined ? undefined : this.#flows[this.previous]; }

  async load(): Promise<void> {
    await this.try(async () => { this.list = (await api.listRevisions(this.flow)).revisions; });
    this.isLoading = false;
  }

  async show(revision: number): Promise<void> {
    this.chosen = revision;
    const wanted = [revision, this.previous].filter((each) => each !== undefined && this.#flows[each] === undefined) as readonly number[];
    await this.try(async () => {
      const flows = await Promise.all(wanted.map(async (each) => [each, await api.getRevision(this.flow, each)] as const));
      this.#flows = { ...this.#flows, ...Object.fromEntries(flows) };
    });
  }
}
