import { Slots } from '../slots.ts';
import type { Work } from './message.ts';

/** Messages at work at one node. */
export class AtWork implements Iterable<Work> {
  readonly #works = new Slots<Work>();

  get size(): number { return this.#works.size; }
  add(work: Work): void { work.slot = this.#works.add(work); }
  delete(work: Work): void {
    this.#works.take(work.slot);
    work.slot = undefined;
  }
  [Symbol.iterator](): Iterator<Work> { return this.#works[Symbol.iterator](); }
}
