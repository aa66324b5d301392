import type { ContextEntry, ContextPlace, ContextValue } from '../../runtime/api/contract.ts';
import { api } from '../api/client.ts';
import { Asking } from '../state/asking.svelte.ts';

const PAGE = 200;

export const samePlace = (a: ContextPlace, b: ContextPlace): boolean => a.flow === b.flow && a.node === b.node && a.key === b.key;

/** What a flow, its nodes and all flows together keep from message to message, as it was when it was asked for. */
export class FlowContext extends Asking {
  readonly flow: string;
  entries = $state.raw<readonly ContextEntry[]>([]);
  /** More is kept than is listed. */
  isCut = $state(false);
  isLoading = $state(true);
  open = $state.raw<ContextValue>();
  #asked = 0;

  constructor(flow: string) {
    super();
    this.flow = flow;
  }

  /** An answer that comes after a later question is not shown. */
  async load(): Promise<void> {
    const asked = ++this.#asked;
    await this.try(async () => {
      const [own, shared] = await Promise.all([api.listContext({ flow: this.flow, limit: PAGE }), api.listContext({ limit: PAGE })]);
      if (asked !== this.#asked) return;
      this.entries = [...own.entries, ...shared.entries];
      this.isCut = own.next !== undefined || shared.next !== undefined;
      this.open = undefined;
    });
    this.isLoading = false;
  }

  /** Shows its value, or folds it away. */
  async toggle(place: ContextPlace): Promise<void> {
    if (this.open && samePlace(this.open, place)) this.open = undefined;
    else await this.try(async () => { this.open = await api.findContext(place); });
  }

  /** Puts a value there and shows it. What the runtime refuses is thrown, to be said where it was typed. */
  async set(place: ContextPlace, value: unknown): Promise<void> {
    const kept = await api.setContext(place, value);
    await this.load();
    this.open = kept;
  }

  /** What was refused stays said: the list that is read after it is no answer to it. */
  async delete(place: ContextPlace): Promise<void> {
    await this.try(() => api.deleteContext(place));
    const refused = this.error;
    await this.load();
    if (refused) this.error = refused;
  }
}
