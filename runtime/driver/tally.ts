import type { DeadLetterAnswer } from '../api/contract.ts';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';

/** Why something was not done; undefined when it was. */
export type Refusal = Text | undefined;

/** What came of each dead letter that a person chose. */
export class Tally {
  readonly #told = new Set<number>();
  readonly #refused: { readonly id: string; readonly reason: Text }[] = [];
  #done = 0;

  get answer(): DeadLetterAnswer { return { done: this.#done, refused: this.#refused }; }

  add(seq: number, refusal: Refusal): void {
    this.#told.add(seq);
    if (refusal === undefined) this.#done++;
    else if (this.#refused.length < limits.refusedListed) this.#refused.push({ id: String(seq), reason: refusal });
  }

  /** The same for all of these of which nothing was told yet. */
  rest(seqs: Iterable<number>, reason: Text): void { for (const seq of seqs) if (!this.#told.has(seq)) this.add(seq, reason); }
}
