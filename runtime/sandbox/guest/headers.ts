/** Headers as the Fetch standard has them: names in lower case, several values of one name joined. */
export class GuestHeaders {
  readonly #all = new Map<string, string>();
  constructor(given?: unknown) {
    if (given === undefined || given === null) return;
    if (typeof given !== 'object') throw new TypeError('Headers: give an object, or a list of [name, value]');
    const pairs: Iterable<unknown> = Symbol.iterator in given ? (given as Iterable<unknown>) : Object.entries(given);
    for (const pair of pairs) {
      const [name, value, ...more] = [...(pair as Iterable<unknown>)];
      if (more.length > 0 || value === undefined) throw new TypeError('Headers: each entry must be [name, value]');
      this.append(name, value);
    }
  }
  append(name: unknown, value: unknown): void {
    const key = headerName(name);
    const before = this.#all.get(key);
    const after = headerValue(key, value);
    this.#all.set(key, before === undefined ? after : `${before}, ${after}`);
  }
  set(name: unknown, value: unknown): void {
    const key = headerName(name);
    this.#all.set(key, headerValue(key, value));
  }
  delete(name: unknown): void { this.#all.delete(headerName(name)); }
  get(name: unknown): string | null { return this.#all.get(headerName(name)) ?? null; }
  has(name: unknown): boolean { return this.#all.has(headerName(name)); }
  forEach(call: (value: string, name: string, all: GuestHeaders) => void, self?: unknown): void {
    for (const [name, value] of this.entries()) Reflect.apply(call, self, [value, name, this]);
  }
  *entries(): IterableIterator<[string, string]> {
    for (const name of [...this.#all.keys()].sort()) yield [name, this.#all.get(name) ?? ''];
  }
  *keys(): IterableIterator<string> { for (const [name] of this.entries()) yield name; }
  *values(): IterableIterator<string> { for (const [, value] of this.entries()) yield value; }
  [Symbol.iterator](): IterableIterator<[string, string]> { return this.entries(); }
}

export function headerName(given: unknown): string {
  const name = String(given).toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) throw new TypeError(`"${name.slice(0, 100)}" cannot be the name of a header`);
  return name;
}

/** What would end the header, and begin another, is no value of one. */
export function headerValue(name: string, given: unknown): string {
  const value = String(given).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  // eslint-disable-next-line no-control-regex -- what would end a header, or is none of its characters
  if (/[\0-\x08\x0a-\x1f\x7f]|[^\0-\xff]/.test(value)) throw new TypeError(`the header ${name} has a character that no header may have`);
  return value;
}
