import { limits } from '../limits.ts';
import type { Text } from './flow.ts';

/** What reading the text as JSON would stumble over or silently lose. Offsets count UTF-16 units. */
export interface JsonReading {
  readonly error?: { readonly offset: number; readonly message: Text };
  /** Keys that stand twice in one object: JSON.parse keeps the last and loses the rest. */
  readonly doubles: readonly { readonly key: string; readonly offset: number }[];
  /** Integers that JavaScript rounds. */
  readonly rounded: readonly { readonly text: string; readonly offset: number }[];
}

const DEPTH_MAX = limits.documentDepthMax;

/** Reads the text without building a value. The engine's own error message has no place in some browsers, hence this reader. */
export function readJson(text: string): JsonReading {
  const reader = new Reader(text);
  try {
    reader.document();
    return { doubles: reader.doubles, rounded: reader.rounded };
  } catch (error) {
    if (!(error instanceof Stumble)) throw error;
    return { error: { offset: error.offset, message: error.text }, doubles: reader.doubles, rounded: reader.rounded };
  }
}

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

class Stumble extends Error {
  readonly offset: number;
  readonly text: Text;
  constructor(offset: number, text: Text) {
    super(text.en);
    this.offset = offset;
    this.text = text;
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids exactly these in a string
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const WORD = /true|false|null/y;

class Reader {
  readonly doubles: { key: string; offset: number }[] = [];
  readonly rounded: { text: string; offset: number }[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) { this.#text = text; }

  document(): void {
    this.#value(0);
    this.#take(SPACE);
    if (this.#at < this.#text.length) this.#stop({ en: 'the document has ended, but more text follows', ru: 'документ закончился, но дальше есть ещё текст' });
  }

  #value(depth: number): void {
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if ((first === '{' || first === '[') && depth === DEPTH_MAX) this.#stop({ en: `nested deeper than ${DEPTH_MAX} levels`, ru: `вложенность больше ${DEPTH_MAX} уровней` });
    if (first === '{') this.#object(depth + 1);
    else if (first === '[') this.#list(depth + 1);
    else if (first === '"') this.#string();
    else if (!this.#number() && this.#take(WORD) === undefined) this.#stop(this.#noValue(first));
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    this.#members('}', { en: 'a comma or } is missing here', ru: 'здесь не хватает запятой или }' }, () => {
      const offset = this.#at;
      const key = JSON.parse(this.#string()) as string;
      if (keys.has(key)) this.doubles.push({ key, offset });
      keys.add(key);
      this.#take(SPACE);
      if (this.#text[this.#at] !== ':') this.#stop({ en: 'a colon is missing after the key', ru: 'после ключа не хватает двоеточия' });
      this.#at++;
      this.#value(depth);
    });
  }

  #list(depth: number): void {
    this.#members(']', { en: 'a comma or ] is missing here', ru: 'здесь не хватает запятой или ]' }, () => this.#value(depth));
  }

  #members(end: '}' | ']', missing: Text, member: () => void): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] === end) { this.#at++; return; }
    for (;;) {
      this.#take(SPACE);
      member();
      this.#take(SPACE);
      const next = this.#text[this.#at];
      if (next !== ',' && next !== end) this.#stop(missing);
      this.#at++;
      if (next === end) return;
      this.#refuseTrailingComma();
    }
  }

  #refuseTrailingComma(): void {
    const comma = this.#at - 1;
    this.#take(SPACE);
    const next = this.#text[this.#at];
    if (next !== '}' && next !== ']') return;
    this.#at = comma;
    this.#stop({ en: `a comma must not stand before ${next}`, ru: `перед ${next} не должно быть запятой` });
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') this.#stop({ en: 'a key in double quotes is missing here', ru: 'здесь не хватает ключа в двойных кавычках' });
    const taken = this.#take(STRING);
    if (taken === undefined) this.#stop({ en: 'this text in quotes does not end, or holds a line break or a bad escape', ru: 'текст в кавычках не закрыт либо содержит перевод строки или неверный escape-символ' });
    return taken;
  }

  #number(): boolean {
    const offset = this.#at;
    const text = this.#take(NUMBER);
    if (text === undefined) return false;
    if (/^-?\d+$/.test(text) && BigInt(text) !== BigInt(Number(text))) this.rounded.push({ text, offset });
    return true;
  }

  #noValue(first: string | undefined): Text {
    if (first === undefined) return { en: 'the text ends too early', ru: 'текст обрывается' };
    if (first === "'") return { en: 'text stands in double quotes in JSON', ru: 'в JSON текст пишется в двойных кавычках' };
    if (first === '/' || first === '#') return { en: 'JSON has no comments', ru: 'в JSON нет комментариев' };
    return { en: `a value is missing here, there is ${JSON.stringify(first)}`, ru: `здесь ожидается значение, а стоит ${JSON.stringify(first)}` };
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #stop(text: Text): never { throw new Stumble(this.#at, text); }
}
