/** A first-in-first-out list that grows and shrinks at both ends without copying. */
export class Deque<T> {
  #items: (T | undefined)[] = new Array(16);
  #head = 0;
  #size = 0;
  get size(): number { return this.#size; }
  peek(): T | undefined { return this.#size === 0 ? undefined : this.#items[this.#head]; }
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
  countIf(is: (item: T) => boolean): number {
    let count = 0;
    for (let i = 0; i < this.#size; i++) if (is(this.#items[(this.#head + i) & (this.#items.length - 1)] as T)) count++;
    return count;
  }
  #grow(): void {
    const bigger: (T | undefined)[] = new Array(this.#items.length * 2);
    for (let i = 0; i < this.#size; i++) bigger[i] = this.#items[(this.#head + i) & (this.#items.length - 1)];
    this.#items = bigger;
    this.#head = 0;
  }
}

/** Where messages that step aside go when there are too many of them for memory. */
export interface Overflow<T> {
  sizeOf(item: T): number;
  /** Takes a message away; false when it must stay in memory. */
  putAway(item: T): boolean;
  /** Asks for the next messages of a key that were put away; they come by `returned`. */
  fetch(key: string): void;
}

export interface AsideLimits { readonly messages: number; readonly size: number }

/**
 * The window of one node's queue. Messages leave in order of arrival; one whose key is in work steps aside until the key is free,
 * and holds nobody of another key. Beyond the limits those aside are put away: a key that is held for days takes no memory.
 */
export class KeyedQueue<T extends { readonly key: string | null }> {
  readonly #overflow: Overflow<T> | undefined;
  readonly #limits: AsideLimits;
  /** They own their key: it is in work until they are done. */
  readonly #first = new Deque<T>();
  readonly #retries = new Deque<T>();
  readonly #freed = new Deque<T>();
  readonly #arrived = new Deque<T>();
  readonly #aside = new Map<string, Deque<T>>();
  readonly #away = new Map<string, number>();
  /** How many of a key were away when they were asked for. */
  readonly #asked = new Map<string, number>();
  readonly #busy = new Set<string>();
  #asideCount = 0;
  #asideSize = 0;
  #awayCount = 0;

  constructor(overflow?: Overflow<T>, limits: AsideLimits = { messages: Infinity, size: Infinity }) {
    this.#overflow = overflow;
    this.#limits = limits;
  }

  /** In memory, those aside included. */
  get size(): number { return this.#first.size + this.#retries.size + this.#freed.size + this.#arrived.size + this.#asideCount; }
  get aside(): number { return this.#asideCount; }
  /** Put away, and not in memory. */
  get away(): number { return this.#awayCount; }
  /** Due and waiting for a call. */
  get due(): number { return this.#retries.size + this.#freed.size; }
  /** Messages of a key that wait for it. */
  behind(key: string): number { return (this.#aside.get(key)?.size ?? 0) + (this.#away.get(key) ?? 0); }
  /** The one that would be taken first of each list. */
  *heads(): Generator<T> {
    for (const list of [this.#first, this.#retries, this.#freed, this.#arrived, ...this.#aside.values()]) if (list.peek() !== undefined) yield list.peek() as T;
  }

  /** How many of those in memory are so. */
  countIf(is: (item: T) => boolean): number {
    let count = 0;
    for (const list of [this.#first, this.#retries, this.#freed, this.#arrived, ...this.#aside.values()]) count += list.countIf(is);
    return count;
  }

  push(item: T): void { this.#arrived.push(item); }
  /** A held message whose time has come: before what waits, in order of due times. */
  pushDue(item: T): void { this.#freed.push(item); }
  /** A retry that is due. It kept its key, so it goes before the newer messages of it. */
  pushRetry(item: T): void {
    if (item.key !== null) this.#busy.add(item.key);
    this.#retries.push(item);
  }
  /** Before everything else: its call could not be made. */
  pushFirst(item: T): void {
    if (item.key !== null) this.#busy.add(item.key);
    this.#first.unshift(item);
  }

  /** The next message that may start; its key is in work until `release`. Without `retries` a retry comes only when nothing else can. */
  take(retries = true): T | undefined {
    return this.#first.shift() ?? (retries ? this.#retries.shift() : undefined) ?? this.#takeNew() ?? this.#retries.shift();
  }

  /** Marks a key as in work, for a message that waits elsewhere. */
  hold(key: string): void { this.#busy.add(key); }
  isHeld(key: string): boolean { return this.#busy.has(key); }

  release(key: string | null): void {
    if (key === null) return;
    this.#busy.delete(key);
    const aside = this.#aside.get(key);
    const next = aside?.shift();
    if (next === undefined) {
      if (!this.#away.has(key)) return;
      this.#busy.add(key); // until they are back
      this.#asked.set(key, this.#away.get(key) ?? 0);
      this.#overflow?.fetch(key);
      return;
    }
    this.#count(next, -1);
    if (aside?.size === 0) this.#aside.delete(key);
    // First: one of its key may have become due meanwhile, and stands among the freed without having been looked at.
    this.#freed.unshift(next);
  }

  /** Those of a held key that are away since an earlier life. */
  wereAway(key: string, count: number): void {
    this.#away.set(key, count);
    this.#awayCount += count;
  }

  /** What `fetch` asked for: the next of the key, in order. None means that there are no more. */
  returned(key: string, items: readonly T[]): void {
    const before = this.#away.get(key) ?? 0;
    // What was put away since it was asked is not among the answer.
    const left = Math.max(0, before - (items.length === 0 ? this.#asked.get(key) ?? before : items.length));
    this.#asked.delete(key);
    this.#awayCount -= before - left;
    if (left === 0) this.#away.delete(key);
    else this.#away.set(key, left);
    for (const item of items) this.#keepAside(key, item);
    this.release(key);
  }

  /** Takes everything out, those aside included, in order of arrival within each key. */
  takeAll(): T[] {
    const all: T[] = [];
    for (const list of [this.#first, this.#retries, this.#freed, this.#arrived, ...this.#aside.values()]) {
      for (let item = list.shift(); item !== undefined; item = list.shift()) all.push(item);
    }
    this.#aside.clear();
    this.#asideCount = this.#asideSize = 0;
    return all;
  }

  #takeNew(): T | undefined {
    for (;;) {
      const item = this.#freed.shift() ?? this.#arrived.shift();
      if (item === undefined || item.key === null) return item;
      if (!this.#busy.has(item.key)) {
        this.#busy.add(item.key);
        return item;
      }
      this.#putAside(item.key, item);
    }
  }

  #putAside(key: string, item: T): void {
    const away = this.#away.get(key);
    const over = this.#asideCount >= this.#limits.messages || this.#asideSize >= this.#limits.size;
    // Behind one that is away everybody of the key is, so that they come back in order.
    if ((over || away !== undefined) && this.#overflow?.putAway(item)) {
      this.#away.set(key, (away ?? 0) + 1);
      this.#awayCount++;
    } else this.#keepAside(key, item);
  }

  #keepAside(key: string, item: T): void {
    let aside = this.#aside.get(key);
    if (!aside) this.#aside.set(key, (aside = new Deque()));
    aside.push(item);
    this.#count(item, 1);
  }

  #count(item: T, by: 1 | -1): void {
    this.#asideCount += by;
    this.#asideSize += by * (this.#overflow?.sizeOf(item) ?? 0);
  }
}
