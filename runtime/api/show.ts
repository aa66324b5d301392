import { limits } from '../limits.ts';
import { maskNumber, maskText } from './mask.ts';

/** Hides the values of secrets in a text, or in so many characters of its beginning: `ProjectDoor.conceal`. */
export type Conceal = (text: string, most?: number) => string;

/** What a person is shown of a value: masked where personal, cut where large. Bytes, dates and big integers are written as in the journal (`tagged.ts`). */
export interface Shown { readonly value: unknown; readonly truncated: boolean }

const CUT = '…';
const ENTRY_BYTES = 4; // quotes, colon and comma of an entry
const EDGE = 64; // a phone or address that the cut went through would no longer be known as one

/** Walks the value once and stops when the room is used up, so that a large message costs no more than a small one. */
export function show(value: unknown, conceal: Conceal, bytesMax: number = limits.debugBytesMax): Shown {
  const walk = new Walk(conceal, bytesMax);
  const shown = walk.value(value, '', 0);
  return { value: shown, truncated: walk.truncated };
}

/** Shows bodies that one answer holds, as much of them as a person reads at once: they share the room. */
export function showTogether(conceal: Conceal): <T extends { readonly body: unknown; readonly truncated: boolean }>(seen: T) => T {
  let room: number = limits.shownPathBytesMax;
  return (seen) => {
    const { value, truncated } = show(seen.body, conceal, Math.min(limits.debugBytesMax, room));
    room = Math.max(limits.shownBytesMin, room - JSON.stringify(value).length);
    return { ...seen, body: value, truncated: seen.truncated || truncated };
  };
}

/** Where an answer of ours quotes what messages or other systems said: every text for people, and the keys of messages. All else is ids and words of ours. */
const QUOTING = new Set(['en', 'ru', 'key', 'label', 'reason', 'rule', 'details', 'subject']);

/** Masks what an answer of ours quotes, whole. What stands under one of the names `asWritten` is a person's own, and goes back as it came. */
export function masked(answer: unknown, conceal: Conceal, asWritten: readonly string[] = []): unknown {
  const walk = (value: unknown, quotes: boolean): unknown => {
    if (typeof value === 'string') return quotes ? maskText(conceal(value)) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => walk(each, quotes));
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asWritten.includes(name) ? each : walk(each, quotes || QUOTING.has(name))]));
  };
  return walk(answer, false);
}

class Walk {
  truncated = false;
  readonly #conceal: Conceal;
  #room: number;
  readonly #open = new Set<object>();

  constructor(conceal: Conceal, bytesMax: number) {
    this.#conceal = conceal;
    this.#room = bytesMax;
  }

  value(value: unknown, key: string, depth: number): unknown {
    this.#room -= ENTRY_BYTES;
    switch (typeof value) {
      case 'string': return this.#text(value, key);
      case 'number': return Number.isFinite(value) ? maskNumber(value, key) : String(value);
      case 'boolean': return value;
      case 'bigint': return this.#bigint(String(value), key);
      case 'object': return value === null ? null : this.#object(value, key, depth);
      case 'undefined': return null;
      default: return `[${typeof value}]`;
    }
  }

  /** What is masked of it is no number any more. */
  #bigint(text: string, key: string): unknown {
    const masked = maskText(text, key);
    return masked === text ? { $bigint: text } : masked;
  }

  #text(text: string, key: string): string {
    const fits = text.length <= this.#room;
    const shown = fits ? maskText(this.#conceal(text), key) : `${maskText(this.#cut(text), key)}${CUT}`;
    this.#room -= shown.length;
    return shown;
  }

  #cut(text: string): string {
    this.truncated = true;
    const head = this.#conceal(text, Math.max(0, this.#room));
    const tail = head.slice(-EDGE);
    const edge = /[\d\s()+.-]+$|\S+$/.exec(tail)?.[0] ?? '';
    return head.slice(0, head.length - edge.length);
  }

  #object(value: object, key: string, depth: number): unknown {
    if (value instanceof Date) return { $date: value.getTime() };
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof Error) return { name: value.name, message: this.#text(value.message, 'message') };
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.value(value.toJSON(), key, depth);
    if (this.#open.has(value)) return '[circular]';
    if (depth >= limits.shownDepthMax) { this.truncated = true; return CUT; }
    this.#open.add(value);
    const shown = Array.isArray(value) ? this.#list(value, key, depth) : this.#record(value, depth);
    this.#open.delete(value);
    return shown;
  }

  #bytes(bytes: Uint8Array): { $bytes: string } {
    const fitting = Math.max(0, Math.floor((this.#room * 3) / 4));
    if (bytes.length > fitting) this.truncated = true;
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, fitting)).toString('base64');
    this.#room -= base64.length;
    return { $bytes: base64 };
  }

  #list(list: readonly unknown[], key: string, depth: number): unknown[] {
    const shown: unknown[] = [];
    for (const item of list) {
      if (this.#full()) break;
      shown.push(this.value(item, key, depth + 1));
    }
    return shown;
  }

  #record(record: object, depth: number): { [key: string]: unknown } {
    const shown: [string, unknown][] = [];
    const taken = new Set<string>();
    for (const [key, item] of Object.entries(record)) {
      if (item === undefined) continue;
      if (this.#full()) break;
      const name = this.#name(key, taken);
      shown.push([name, this.value(item, key, depth + 1)]);
    }
    return Object.fromEntries(shown); // keeps `__proto__` a plain key
  }

  /** A key may itself be a phone number or address; two of them may look alike once masked. */
  #name(key: string, taken: Set<string>): string {
    const masked = maskText(key.length <= this.#room ? this.#conceal(key) : this.#cut(key));
    let name = masked;
    for (let i = 2; taken.has(name); i++) name = `${masked} (${i})`;
    taken.add(name);
    this.#room -= name.length;
    return name;
  }

  #full(): boolean {
    if (this.#room > 0) return false;
    this.truncated = true;
    return true;
  }
}
