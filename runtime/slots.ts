/**
 * Things that come and go all the time. A Map or a Set makes a new table every so often, and from one that has reached old memory a
 * chain leads through all later ones and what was in them: much of what passed would be copied twice and kept until the next full collection. Here a slot is given again and again, and holds nothing while it is free.
 */
export class Slots<T extends object> {
  readonly #items: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number { return this.#items.length - this.#free.length; }

  /** Answers its slot: a small whole number, its name until it is taken out. */
  add(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    return slot;
  }

  get(slot: number | undefined): T | undefined { return slot === undefined ? undefined : this.#items[slot]; }

  /** What was there; undefined when the slot is free. */
  take(slot: number | undefined): T | undefined {
    const item = this.get(slot);
    if (slot === undefined || item === undefined) return undefined;
    this.#items[slot] = undefined;
    this.#free.push(slot);
    return item;
  }

  clear(): void {
    this.#items.length = 0;
    this.#free.length = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }
}
