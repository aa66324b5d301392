import type { Sql } from './sql.ts';

/** A pending message that began on a revision: in a queue, call or wait, or kept in a window. */
type Witness = { readonly seq: number } | { readonly node: string; readonly window: string; readonly pos: number };

/**
 * Which revisions pending runs began on. There is no index for that: it would make every message of every flow half as dear again, where only
 * pinned flows ask. Instead one message is remembered of each revision, and another looked for when that has gone.
 */
export class PendingRevisions {
  readonly #sql: Sql;
  readonly #witnesses = new Map<string, Witness>();

  constructor(sql: Sql) { this.#sql = sql; }

  all(flow: string): number[] {
    return this.#sql.all<{ revision: number }>('SELECT revision FROM messages WHERE flow = ?1 UNION SELECT revision FROM kept WHERE flow = ?1', flow).map(({ revision }) => revision);
  }

  isPending(flow: string, revision: number): boolean {
    const name = `${revision} ${flow}`;
    const known = this.#witnesses.get(name);
    if (known && this.#isThere(known, flow, revision)) return true;
    const found = this.#find(flow, revision);
    if (found) this.#witnesses.set(name, found);
    else this.#witnesses.delete(name);
    return found !== undefined;
  }

  #isThere(witness: Witness, flow: string, revision: number): boolean {
    if ('seq' in witness) return this.#sql.get('SELECT 1 FROM messages WHERE seq = ? AND flow = ? AND revision = ?', witness.seq, flow, revision) !== undefined;
    return this.#sql.get('SELECT 1 FROM kept WHERE flow = ? AND node = ? AND window = ? AND pos = ? AND revision = ?', flow, witness.node, witness.window, witness.pos, revision) !== undefined;
  }

  /** In the order of rows: those of an earlier revision come first. */
  #find(flow: string, revision: number): Witness | undefined {
    return this.#sql.get<{ seq: number }>('SELECT seq FROM messages WHERE flow = ? AND revision = ? ORDER BY seq LIMIT 1', flow, revision)
      ?? this.#sql.get<{ node: string; window: string; pos: number }>('SELECT node, window, pos FROM kept WHERE flow = ? AND revision = ? LIMIT 1', flow, revision);
  }
}
