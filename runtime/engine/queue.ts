/** A first-in-first-out list that grows and shrinks at both ends without copying. */
export class Deque<T> {
  #items: (T | undefined)[] = new Array(16);
  #head = 0;
  #size = 0;
  get size(): number { return this.#size; }
  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size++) & (this.#items.length - 1)] = item;
  }
  unshift(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#items.length - 1);
    this.#items[this.#head] = item;
    this.#size++;
  }
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }
  #grow(): void {
    const bigger: (T | undefined)[] = new Array(this.#items.length * 2);
    for (let i = 0; i < this.#size; i++) bigger[i] = this.#items[(this.#head + i) & (this.#items.length - 1)];
    this.#items = bigger;
    this.#head = 0;
  }
}

/**
 * The window of one node's queue. Messages leave in order of arrival; one whose key is in work steps aside until the key is free,
 * and holds nobody of another key.
 */
export class KeyedQueue<T extends { readonly key: string | null }> {
  readonly #arrived = new Deque<T>();
  readonly #freed = new Deque<T>();
  readonly #aside = new Map<string, Deque<T>>();
  readonly #busy = new Set<string>();
  #asideCount = 0;

  /** In memory, those aside included. */
  get size(): number { return this.#arrived.size + this.#freed.size + this.#asideCount; }
  get aside(): number { return this.#asideCount; }
  get heldKeys(): number { return this.#busy.size; }

  push(item: T): void { this.#arrived.push(item); }
  /** A held message whose time has come: before what waits, in order of due times. */
  pushDue(item: T): void { this.#freed.push(item); }
  /** Before everything else, with the key that it kept: a retry that is due goes before its key's newer messages. */
  pushFirst(item: T): void {
    if (item.key !== null) this.#busy.delete(item.key);
    this.#freed.unshift(item);
  }

  /** The next message that may start; its key is in work until `release`. */
  take(): T | undefined {
    for (;;) {
      const item = this.#freed.shift() ?? this.#arrived.shift();
      if (item === undefined) return undefined;
      if (item.key === null) return item;
      if (!this.#busy.has(item.key)) {
        this.#busy.add(item.key);
        return item;
      }
      this.#putAside(item.key, item);
    }
  }

  /** Marks a key as in work, for a message that waits elsewhere. */
  hold(key: string): void { this.#busy.add(key); }

  release(key: string | null): void {
    if (key === null) return;
    this.#busy.delete(key);
    const aside = this.#aside.get(key);
    const next = aside?.shift();
    if (next === undefined) return;
    this.#asideCount--;
    if (aside?.size === 0) this.#aside.delete(key);
    // First: one of its key may have become due meanwhile, and stands among the freed without having been looked at.
    this.#freed.unshift(next);
  }

  /** Takes everything out, those aside included, in order of arrival within each key. */
  takeAll(): T[] {
    const all: T[] = [];
    for (let item = this.#freed.shift() ?? this.#arrived.shift(); item !== undefined; item = this.#freed.shift() ?? this.#arrived.shift()) all.push(item);
    for (const aside of this.#aside.values()) for (let item = aside.shift(); item !== undefined; item = aside.shift()) all.push(item);
    this.#aside.clear();
    this.#asideCount = 0;
    return all;
  }

  #putAside(key: string, item: T): void {
    let aside = this.#aside.get(key);
    if (!aside) this.#aside.set(key, (aside = new Deque()));
    aside.push(item);
    this.#asideCount++;
  }
}
