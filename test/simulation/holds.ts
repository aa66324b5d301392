import type { DeadLetterRow, KeyHold } from '../../runtime/journal/rows.ts';
import type { CallStart } from './ledger.ts';

/** Keys that wait for a person: behind a dead letter nothing of its key is called at its node before it is resent, skipped or released. */
export class Holds {
  readonly #violated: (text: string) => void;
  /** Dead letters whose key waits behind them since they died. */
  readonly #holding = new Map<string, { readonly node: string; readonly key: string }>();
  /** What the disk says. */
  onDisk: () => readonly KeyHold[] = () => [];

  constructor(violated: (text: string) => void) { this.#violated = violated; }

  letter(name: string, { holdAt, holdKey }: DeadLetterRow): void {
    if (holdAt !== null && holdKey !== null) this.#holding.set(name, { node: holdAt, key: holdKey });
  }
  freed(node: string, key: string): void { for (const [name, held] of this.#holding) if (held.node === node && held.key === key) this.#holding.delete(name); }
  hasHeld(name: string): boolean { return this.#holding.has(name); }

  /** What was made of a dead letter may be called while others of its key are dead letters. */
  called({ run, node, key, path }: CallStart): void {
    if (key === undefined) return;
    for (const hold of this.onDisk()) if (hold.node === node && hold.key === key && hold.letter !== null) this.#violated(`${run}|${node}|${path} is called while its key waits for a person`);
  }
}
