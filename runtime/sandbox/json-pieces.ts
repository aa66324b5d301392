import { limits } from '../limits.ts';

type Reading<T> = Generator<undefined, T>;

const BLANKS = ' \t\n\r';
const ENDS_SCALAR = `${BLANKS},:]}`;
const NEEDS_PARSING = /[\\\p{Cc}]/u; // of a text: it holds an escape, or maybe what JSON does not allow
const DEPTH_MAX = 5; // of what is opened, which is read once more at each level; deeper the rest is read as one
const ESCAPE_CHARS = 6; // of the longest: \u0000

/**
 * Reads JSON that comes in parts, each as far as it goes, and makes of it what JSON.parse would: so a large result is never read, nor held as text, at once. What fits into a piece is
 * read by JSON.parse itself, as many of a list's items or a record's members together as fit; what is larger is opened. A long text is put together from its parts.
 */
export class JsonPieces {
  readonly #piece: number;
  /** Stops where it needs more. */
  readonly #reading = this.#whole();
  /** What came and is not read yet. */
  #text = '';
  #at = 0;
  #isLast = false;
  #chars = 0;

  constructor(pieceChars = limits.sandboxPieceChars) { this.#piece = pieceChars; }

  push(part: string): void {
    this.#add(part);
    this.#reading.next();
  }

  /** The value, with the last part. */
  end(part: string): unknown {
    this.#isLast = true;
    this.#add(part);
    return this.#reading.next().value;
  }

  #add(part: string): void {
    this.#chars += part.length;
    if (this.#chars > limits.sandboxFrameBytesMax) throw new RangeError(`a result of ${this.#chars} characters`);
    this.#text = this.#text.slice(this.#at) + part;
    this.#at = 0;
  }

  /** Waits until so many characters are there, or all. No place is the same afterwards. */
  *#have(chars: number): Reading<void> {
    while (!this.#isLast && this.#text.length - this.#at < chars) yield;
  }

  *#whole(): Reading<unknown> {
    const value = yield* this.#value(0);
    if ((yield* this.#next()) !== '') throw this.#unreadable();
    return value;
  }

  /** One that does not fit into a piece. */
  *#value(depth: number): Reading<unknown> {
    const first = yield* this.#next();
    if (depth > DEPTH_MAX || (first !== '"' && first !== '[' && first !== '{')) return yield* this.#unopened();
    this.#at++;
    if (first === '"') return yield* this.#longText();
    return first === '[' ? yield* this.#members(']', depth) : Object.fromEntries((yield* this.#members('}', depth)) as [string, unknown][]);
  }

  /** Of a list or record that does not fit into a piece: its items, or its entries. */
  *#members(close: string, depth: number): Reading<unknown[]> {
    const found: unknown[] = [];
    for (let next = yield* this.#next(); next !== close; ) {
      for (const each of yield* this.#run(close === '}', depth)) found.push(each);
      next = yield* this.#next();
      if (next === close) break;
      if (next !== ',') throw this.#unreadable();
      this.#at++;
    }
    this.#at++;
    return found;
  }

  /** As many members as fit into a piece, or one that does not. */
  *#run(isRecord: boolean, depth: number): Reading<unknown[]> {
    yield* this.#have(this.#piece + 1);
    const end = this.#endOfRun(isRecord);
    if (end !== undefined) {
      const text = this.#text.slice(this.#at, end);
      this.#at = end;
      return isRecord ? Object.entries(JSON.parse(`{${text}}`) as object) : JSON.parse(`[${text}]`) as unknown[];
    }
    if (!isRecord) return [yield* this.#value(depth + 1)];
    const key = yield* this.#unopened();
    if (typeof key !== 'string' || (yield* this.#next()) !== ':') throw this.#unreadable();
    this.#at++;
    return [[key, yield* this.#value(depth + 1)]];
  }

  /** A value that is read as one, however large. */
  *#unopened(): Reading<unknown> {
    for (let chars = this.#piece; ; chars *= 2) {
      yield* this.#have(chars + 1);
      const end = this.#endOfValue(this.#at, this.#at + chars);
      if (end !== undefined) return this.#parsed(end);
      if (this.#text.length - this.#at <= chars) return this.#parsed(this.#text.length); // not whole, as parsing tells
    }
  }

  /** Where the last member ends that is whole within a piece; undefined when the first is not. */
  #endOfRun(isRecord: boolean): number | undefined {
    const until = this.#at + this.#piece;
    let found: number | undefined;
    for (let at = this.#at; ;) {
      const end = isRecord ? this.#endOfMember(at, until) : this.#endOfValue(at, until);
      if (end === undefined) return found;
      found = end;
      const comma = this.#behindBlanks(end);
      if (this.#text[comma] !== ',') return found;
      at = comma + 1;
    }
  }

  #endOfMember(from: number, until: number): number | undefined {
    const end = this.#endOfValue(from, until);
    const colon = end && this.#behindBlanks(end);
    return colon !== undefined && this.#text[colon] === ':' ? this.#endOfValue(colon + 1, until) : undefined;
  }

  /** Behind the value that begins there or after blanks; undefined when it does not end before `until`. Whether it is JSON shows when it is parsed. */
  #endOfValue(from: number, until: number): number | undefined {
    const text = this.#text;
    const last = Math.min(until, text.length);
    let depth = 0;
    for (let at = this.#behindBlanks(from); at < last; at++) {
      const char = text.charCodeAt(at);
      if (char === 34) {
        for (at++; at < last && text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
        if (at < last && depth === 0) return at + 1;
      } else if (char === 91 || char === 123) depth++;
      else if (char === 93 || char === 125) {
        if (--depth <= 0) return at + 1;
      } else if (depth === 0) return this.#endOfScalar(at, last);
    }
    return undefined;
  }

  #endOfScalar(from: number, last: number): number | undefined {
    let at = from;
    while (at < last && !ENDS_SCALAR.includes(this.#text.charAt(at))) at++;
    return at > from && (at < last || (this.#isLast && at === this.#text.length)) ? at : undefined;
  }

  /** From behind its quote. */
  *#longText(): Reading<string> {
    for (let text = ''; ;) {
      yield* this.#have(1);
      const end = this.#endOfText();
      const part = this.#text.slice(this.#at, end);
      text += NEEDS_PARSING.test(part) ? JSON.parse(`"${part}"`) as string : part;
      this.#at = end;
      if (this.#text[end] === '"') {
        this.#at++;
        return text;
      }
      if (this.#isLast) throw this.#unreadable();
      yield;
    }
  }

  /** Its quote, or as far as it came in whole escapes. */
  #endOfText(): number {
    const text = this.#text;
    let quote = -1;
    for (let at = this.#at; ;) {
      if (quote < at) quote = text.indexOf('"', at);
      const escape = text.indexOf('\\', at);
      if (quote >= 0 && (escape < 0 || quote < escape)) return quote;
      if (escape < 0) return text.length;
      if (escape + ESCAPE_CHARS > text.length && !this.#isLast) return escape;
      at = escape + (text[escape + 1] === 'u' ? ESCAPE_CHARS : 2);
      if (at > text.length) return text.length;
    }
  }

  #parsed(end: number): unknown {
    const text = this.#text.slice(this.#at, end);
    this.#at = end;
    return JSON.parse(text);
  }

  /** What stands behind the blanks; empty at the end. */
  *#next(): Reading<string> {
    for (;;) {
      this.#at = this.#behindBlanks(this.#at);
      if (this.#at < this.#text.length || this.#isLast) return this.#text.charAt(this.#at);
      yield;
    }
  }

  #behindBlanks(from: number): number {
    let at = from;
    while (at < this.#text.length && BLANKS.includes(this.#text.charAt(at))) at++;
    return at;
  }

  #unreadable(): SyntaxError { return new SyntaxError(`JSON that cannot be read, at ${JSON.stringify(this.#text.slice(this.#at, this.#at + 20))}`); }
}
