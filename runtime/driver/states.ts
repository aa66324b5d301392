import type { Clock } from '../clock.ts';
import { decodeBody } from '../journal/codec.ts';
import type { Journal } from '../journal/journal.ts';
import type { Commit, ContextRow, Op } from '../journal/rows.ts';
import { Locks } from './locks.ts';
import type { Work } from './message.ts';
import { Draft } from './state-draft.ts';
import type { Unit } from './unit.ts';

/** Values of one flow by scope ('' is the flow's own, any other a node's), as text: whoever changes an object that was read changes nothing here. */
export class Shelf {
  readonly flow: string;
  /** Of all keys and values. */
  chars = 0;
  readonly #scopes = new Map<string, Map<string, ContextRow>>();

  constructor(flow: string, rows: Iterable<ContextRow> = []) {
    this.flow = flow;
    for (const row of rows) this.put(row);
  }

  row(node: string, key: string): ContextRow | undefined { return this.#scopes.get(node)?.get(key); }
  find(node: string, key: string): string | null { return this.row(node, key)?.value ?? null; }
  keys(node: string): Iterable<string> { return this.#scopes.get(node)?.keys() ?? []; }
  count(node: string): number { return this.#scopes.get(node)?.size ?? 0; }
  *rows(): Iterable<ContextRow> { for (const scope of this.#scopes.values()) yield* scope.values(); }

  /** A value of null takes the key away. */
  put(row: ContextRow): void {
    const scope = this.#scopes.get(row.node) ?? new Map<string, ContextRow>();
    this.#scopes.set(row.node, scope);
    const before = scope.get(row.key);
    this.chars += sizeOf(row.key, row.value) - sizeOf(row.key, before?.value ?? null);
    if (row.value === null) scope.delete(row.key);
    else scope.set(row.key, row);
    if (scope.size === 0) this.#scopes.delete(row.node);
  }
}

/** Characters that a key takes with its value. */
export const sizeOf = (key: string, value: string | null): number => (value === null ? 0 : key.length + value.length);

/** Where a value is. */
export type ContextPlace = Pick<ContextRow, 'flow' | 'node' | 'key'>;

/** The name under which all flows share values, in place of a flow's id. */
export const GLOBAL = '';

/** Node, flow and global context: in the journal, and in memory for those who read it (DESIGN 6.10). */
export class States {
  readonly #journal: Pick<Journal, 'context' | 'commit'>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #shelves = new Map<string, Shelf>();
  readonly #opened = new Map<string, Promise<void>>();
  readonly #turns = new Locks();

  constructor(journal: Pick<Journal, 'context' | 'commit'>, clock: Pick<Clock, 'now'>) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Reads what the journal holds for a flow and for all flows, once. */
  async open(flow: string): Promise<void> {
    await this.#open(GLOBAL);
    await this.#open(flow);
  }

  #open(flow: string): Promise<void> {
    let opened = this.#opened.get(flow);
    if (!opened) {
      opened = this.#journal.context(flow).then((rows) => { this.#shelves.set(flow, new Shelf(flow, rows)); });
      this.#opened.set(flow, opened);
      opened.catch(() => this.#opened.delete(flow));
    }
    return opened;
  }

  forget(flow: string): void {
    this.#opened.delete(flow);
    this.#shelves.delete(flow);
  }

  /** Empty for a flow that was not opened. */
  shelf(flow: string): Shelf { return this.#shelves.get(flow) ?? new Shelf(flow); }

  /** What a flow and all flows hold now, for a dry run: what is written there is seen there only. */
  copy(flow: string): States {
    const copy = new States(this.#journal, this.#clock);
    for (const name of [GLOBAL, flow]) copy.#shelves.set(name, new Shelf(name, this.shelf(name).rows()));
    return copy;
  }

  /** A value of the flow's own scope; undefined when there is none. */
  read(flow: string, key: string): unknown {
    const text = this.shelf(flow).find('', key);
    return text === null ? undefined : decodeBody(text);
  }

  /** For one call of a node; undefined when its type declares no state. */
  draftOf({ id, place, plan }: Unit): Draft | undefined {
    const flow = place.flow.id;
    return plan.state && new Draft({ node: id, widest: plan.state }, { own: this.shelf(flow), global: this.shelf(GLOBAL) });
  }

  /** Resolves when nobody else may write to what the node uses; what it answers ends the turn. Whoever reads a value and writes what comes of it loses no other's update so, whatever waits in between. */
  turn({ id, place, plan }: Unit): Promise<() => void> {
    const flow = place.flow.id;
    return this.#turn([`${flow}/${id}`, ...(plan.state === 'node' ? [] : [flow]), ...(plan.state === 'global' ? [GLOBAL] : [])]);
  }

  /** A person's change: in turn with the calls that use the same context, and seen when it is on disk. undefined deletes. */
  async write({ flow, node, key }: ContextPlace, value: unknown): Promise<void> {
    await this.open(flow);
    const end = await this.#turn([node === '' ? flow : `${flow}/${node}`]);
    try {
      const draft = new Draft({ node, widest: 'global' }, { own: this.shelf(flow), global: this.shelf(GLOBAL) });
      draft[flow === GLOBAL ? 'global' : node === '' ? 'flow' : 'node'].set(key, value);
      await this.keep(draft, { acceptance: true });
    } finally {
      end();
    }
  }

  /** Writes what belongs to no message, in its turn. It is seen when it is on disk. */
  async keep(draft: Draft, commit: Pick<Commit, 'acceptance'> = {}): Promise<void> {
    const rows = draft.changes().map((change) => ({ ...change, at: this.#clock.now() }));
    if (rows.length === 0) return;
    await this.#journal.commit({ ...commit, ops: rows.map((row) => ({ op: 'context', row })) });
    for (const row of rows) this.shelf(row.flow).put(row);
  }

  #turn(names: readonly string[]): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<() => void>();
    void this.#turns.with(names, () => new Promise<void>((end) => { resolve(() => { end(); }); }));
    return promise;
  }

  /** Makes true what a call wrote, in memory at once, and answers how it is written. */
  settle(work: Work): readonly Op[] {
    const { draft } = work;
    if (!draft) return NONE;
    work.draft = undefined;
    const ops: Op[] = [];
    for (const change of draft.changes()) {
      const row = { ...change, at: this.#clock.now() };
      this.shelf(row.flow).put(row);
      ops.push({ op: 'context', row });
    }
    return ops;
  }
}

const NONE: readonly Op[] = [];
