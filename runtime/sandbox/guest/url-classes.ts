import { utf8Bytes } from './bytes.ts';
import { hostText } from './url-host.ts';
import { defaultPort, parseUrl, pathSegments, pathText, percentDecode, percentEncode, urlText } from './url.ts';
import type { UrlParts } from './url.ts';

/** A form's encoding: a space is `+`, everything but letters, digits and `*-._` is percent-encoded. */
export function formEncode(text: string): string {
  let encoded = '';
  for (const byte of utf8Bytes(text)) {
    const letter = String.fromCharCode(byte);
    encoded += byte === 32 ? '+' : /[A-Za-z0-9*\-._]/.test(letter) ? letter : `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  }
  return encoded;
}

export function formPairs(text: string): [string, string][] {
  return text.split('&').filter((part) => part !== '').map((part) => {
    const at = part.indexOf('=');
    const decode = (piece: string): string => percentDecode(piece.replaceAll('+', ' '));
    return at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
  });
}

export class GuestSearchParams {
  #pairs: [string, string][] = [];
  #changed: (() => void) | undefined;
  constructor(given: unknown = '', changed?: () => void) {
    this.#changed = changed;
    if (typeof given === 'object' && given !== null) {
      const entries: Iterable<unknown> = Symbol.iterator in given ? (given as Iterable<unknown>) : Object.entries(given);
      for (const entry of entries) {
        const pair = [...(entry as Iterable<unknown>)];
        if (pair.length !== 2) throw new TypeError('Each query pair must be an iterable [name, value] tuple');
        this.#pairs.push([String(pair[0]), String(pair[1])]);
      }
    } else this.#pairs = formPairs(String(given).replace(/^\?/, ''));
  }
  #tell(): void { this.#changed?.(); }
  get size(): number { return this.#pairs.length; }
  append(name: unknown, value: unknown): void { this.#pairs.push([String(name), String(value)]); this.#tell(); }
  delete(name: unknown, value?: unknown): void {
    this.#pairs = this.#pairs.filter(([key, each]) => key !== String(name) || (value !== undefined && each !== String(value)));
    this.#tell();
  }
  get(name: unknown): string | null { return this.#pairs.find(([key]) => key === String(name))?.[1] ?? null; }
  getAll(name: unknown): string[] { return this.#pairs.filter(([key]) => key === String(name)).map(([, value]) => value); }
  has(name: unknown, value?: unknown): boolean { return this.#pairs.some(([key, each]) => key === String(name) && (value === undefined || each === String(value))); }
  set(name: unknown, value: unknown): void {
    const at = this.#pairs.findIndex(([key]) => key === String(name));
    if (at < 0) this.#pairs.push([String(name), String(value)]);
    else this.#pairs = this.#pairs.filter(([key], index) => index <= at || key !== String(name)).map((pair, index) => (index === at ? [pair[0], String(value)] : pair));
    this.#tell();
  }
  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#tell();
  }
  forEach(call: (value: string, name: string, all: GuestSearchParams) => void, self?: unknown): void {
    for (const [name, value] of this.#pairs) call.call(self, value, name, this);
  }
  *entries(): IterableIterator<[string, string]> { for (const [name, value] of this.#pairs) yield [name, value]; }
  *keys(): IterableIterator<string> { for (const [name] of this.#pairs) yield name; }
  *values(): IterableIterator<string> { for (const [, value] of this.#pairs) yield value; }
  [Symbol.iterator](): IterableIterator<[string, string]> { return this.entries(); }
  toString(): string { return this.#pairs.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join('&'); }
}

export class GuestUrl {
  #parts: UrlParts;
  #search: GuestSearchParams | undefined;
  constructor(given: unknown, base?: unknown) {
    this.#parts = parseUrl(String(given), base === undefined ? null : parseUrl(String(base), null));
  }
  static canParse(given: unknown, base?: unknown): boolean { return GuestUrl.parse(given, base) !== null; }
  static parse(given: unknown, base?: unknown): GuestUrl | null {
    try { return new GuestUrl(given, base); } catch { return null; }
  }
  get href(): string { return urlText(this.#parts); }
  set href(value: unknown) { this.#parts = parseUrl(String(value), null); this.#search = undefined; }
  get origin(): string {
    const { scheme } = this.#parts;
    return scheme !== 'file' && defaultPort(scheme) !== undefined ? `${scheme}://${this.host}` : 'null';
  }
  get protocol(): string { return `${this.#parts.scheme}:`; }
  set protocol(value: unknown) {
    const scheme = String(value).replace(/:.*$/s, '').toLowerCase();
    const same = (defaultPort(scheme) === undefined) === (defaultPort(this.#parts.scheme) === undefined);
    if (!/^[a-z][a-z0-9+.-]*$/.test(scheme) || !same || scheme === 'file') return;
    this.#parts.scheme = scheme;
    if (this.#parts.port === defaultPort(scheme)) this.#parts.port = '';
  }
  get username(): string { return this.#parts.username; }
  set username(value: unknown) { if (this.#parts.host) this.#parts.username = percentEncode(String(value), /[ "#<>?`{}/:;=@[\\\]^|]/); }
  get password(): string { return this.#parts.password; }
  set password(value: unknown) { if (this.#parts.host) this.#parts.password = percentEncode(String(value), /[ "#<>?`{}/:;=@[\\\]^|]/); }
  get host(): string { return `${this.#parts.host ?? ''}${this.#parts.port === '' ? '' : `:${this.#parts.port}`}`; }
  set host(value: unknown) {
    const found = /^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/.exec(String(value).replace(/[/?#].*$/s, ''));
    if (!found) return;
    this.hostname = found[1];
    if (found[2]) this.port = found[2];
  }
  get hostname(): string { return this.#parts.host ?? ''; }
  set hostname(value: unknown) {
    const host = hostText(String(value), defaultPort(this.#parts.scheme) !== undefined);
    if (typeof this.#parts.path !== 'string' && host) this.#parts.host = host;
  }
  get port(): string { return this.#parts.port; }
  set port(value: unknown) {
    const digits = /^[0-9]*/.exec(String(value))?.[0] ?? '';
    if (!this.#parts.host || this.#parts.scheme === 'file' || Number(digits) > 65535) return;
    this.#parts.port = digits === '' || String(Number(digits)) === defaultPort(this.#parts.scheme) ? '' : String(Number(digits));
  }
  get pathname(): string { return pathText(this.#parts); }
  set pathname(value: unknown) {
    if (typeof this.#parts.path !== 'string') this.#parts.path = pathSegments(String(value).replaceAll('?', '%3F').replaceAll('#', '%23'), [], defaultPort(this.#parts.scheme) !== undefined);
  }
  get search(): string { return this.#parts.query ? `?${this.#parts.query}` : ''; }
  set search(value: unknown) {
    const text = String(value).replace(/^\?/, '');
    this.#parts.query = text === '' ? null : percentEncode(text, defaultPort(this.#parts.scheme) === undefined ? /[ "#<>]/ : /[ "#<>']/);
    this.#search = undefined;
  }
  get searchParams(): GuestSearchParams {
    const search: GuestSearchParams = this.#search ?? new GuestSearchParams(this.#parts.query ?? '', () => {
      const text = search.toString();
      this.#parts.query = text === '' ? null : text;
    });
    this.#search = search;
    return search;
  }
  get hash(): string { return this.#parts.fragment ? `#${this.#parts.fragment}` : ''; }
  set hash(value: unknown) {
    const text = String(value).replace(/^#/, '');
    this.#parts.fragment = text === '' ? null : percentEncode(text, /[ "<>`]/);
  }
  toString(): string { return this.href; }
  toJSON(): string { return this.href; }
}
