import type { DeadLetter, DeadLetterAnswer, DeadLetterDetail, DeadLetterQuery, HeldKey, HeldKeyRequest, ResendRequest } from '../../runtime/api/contract.ts';
import { api, ApiError } from '../api/client.ts';
import { Asking } from '../state/asking.svelte.ts';

const PAGE = 100;

export type Choice = { readonly ids: readonly string[] } | { readonly query: DeadLetterQuery };

/** What came of the last thing that a person did here. */
export type Told = DeadLetterAnswer & ({ readonly what: 'resend' | 'discard' } | { readonly what: 'key'; readonly action: HeldKeyRequest['action']; readonly key: string });

/** Dead letters and held keys of one flow, as the person looks at them. */
export class Letters extends Asking {
  readonly flow: string;
  list = $state.raw<readonly DeadLetter[]>([]);
  total = $state(0);
  held = $state.raw<readonly HeldKey[]>([]);
  /** More keys may be held than are listed. */
  heldTotal = $state(0);
  isLoading = $state(true);
  node = $state('');
  code = $state('');
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  open = $state.raw<DeadLetterDetail>();
  told = $state.raw<Told>();
  isBusy = $state(false);
  #next: string | undefined;
  #asked = 0;

  constructor(flow: string) {
    super();
    this.flow = flow;
  }

  get query(): DeadLetterQuery { return { flow: this.flow, ...(this.node !== '' && { node: this.node }), ...(this.code !== '' && { code: this.code }) }; }
  get hasMore(): boolean { return this.#next !== undefined; }
  get isFiltered(): boolean { return this.node !== '' || this.code !== ''; }

  /** The newest ones; an answer that comes after a later question is not shown. */
  async load(): Promise<void> {
    const asked = ++this.#asked;
    await this.try(async () => {
      const [page, held] = await Promise.all([api.listDeadLetters({ ...this.query, limit: Math.max(PAGE, Math.min(500, this.list.length)) }), api.heldKeys(this.flow)]);
      if (asked !== this.#asked) return;
      this.list = page.deadLetters;
      this.#next = page.next;
      this.total = page.total;
      this.held = held.keys;
      this.heldTotal = held.total;
      const there = new Set(page.deadLetters.map(({ id }) => id));
      // Newer ones push what a person looks at, edits or has chosen off the page; it is still there.
      const isOnPage = (id: string): boolean => page.next !== undefined || there.has(id);
      this.chosen = new Set([...this.chosen].filter(isOnPage));
      if (this.open && !there.has(this.open.id) && !(isOnPage(this.open.id) && await isKept(this.open.id))) this.open = undefined;
    });
    this.isLoading = false;
  }

  async more(): Promise<void> {
    await this.try(async () => {
      const page = await api.listDeadLetters({ ...this.query, limit: PAGE, ...(this.#next !== undefined && { after: this.#next }) });
      this.list = [...this.list, ...page.deadLetters];
      this.#next = page.next;
    });
  }

  async show(id: string): Promise<void> {
    await this.try(async () => { this.open = await api.findDeadLetter(id); });
  }

  async save(body: { readonly [key: string]: unknown }): Promise<void> {
    const { open } = this;
    if (open) await this.#thenLoad(async () => { this.open = await api.editDeadLetter(open.id, body); });
  }

  choose(id: string, isChosen: boolean): void {
    const chosen = new Set(this.chosen);
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    this.chosen = chosen;
  }
  chooseAll(isChosen: boolean): void { this.chosen = new Set(isChosen ? this.list.map(({ id }) => id) : []); }

  async resend(choice: Choice, to: ResendRequest['to']): Promise<void> {
    await this.#act(async () => ({ ...await api.resendDeadLetters({ ...choice, to }), what: 'resend' }));
  }
  async discard(choice: Choice): Promise<void> {
    await this.#act(async () => ({ ...await api.discardDeadLetters(choice), what: 'discard' }));
  }
  async free({ node, key, deadLetter }: HeldKey, action: HeldKeyRequest['action']): Promise<void> {
    await this.#act(async () => ({ ...await api.freeKey(this.flow, { node, deadLetter, action }), what: 'key', action, key }));
  }

  async #act(act: () => Promise<Told>): Promise<void> {
    this.isBusy = true;
    this.told = undefined;
    await this.#thenLoad(async () => { this.told = await act(); });
    this.isBusy = false;
  }

  /** What was refused stays said: the list that is read after it is no answer to it. */
  async #thenLoad(work: () => Promise<void>): Promise<void> {
    await this.try(work);
    const refused = this.error;
    await this.load();
    if (refused) this.error = refused;
  }
}

async function isKept(id: string): Promise<boolean> {
  try {
    await api.findDeadLetter(id);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
