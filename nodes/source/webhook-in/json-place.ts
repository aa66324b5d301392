/** Where a text stops being JSON. `JSON.parse` itself tells the place of some errors only. Called for texts that it refused. */
export function placeOfError(text: string): { readonly at: number; readonly line: number; readonly column: number } {
  const at = new Scanner(text).firstError();
  const before = text.slice(0, at).split('\n');
  return { at, line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

type Expect = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'more or end';

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class Scanner {
  readonly #text: string;
  readonly #open: ('[' | '{')[] = [];
  #at = 0;
  #expect: Expect = 'value';

  constructor(text: string) { this.#text = text; }

  firstError(): number {
    for (;;) {
      this.#take(SPACE);
      if (this.#at >= this.#text.length || !this.#token(this.#text[this.#at] as string)) return this.#at;
    }
  }

  #token(char: string): boolean {
    switch (this.#expect) {
      case ':': return char === ':' && this.#go('value');
      case 'key': return char === '"' && this.#string() && this.#to(':');
      case 'key or }': return char === '}' ? this.#close() : char === '"' && this.#string() && this.#to(':');
      case 'value or ]': return char === ']' ? this.#close() : this.#value(char);
      case 'value': return this.#value(char);
      case 'more or end': return this.#moreOrEnd(char);
    }
  }

  #value(char: string): boolean {
    if (char === '[' || char === '{') {
      this.#open.push(char);
      return this.#go(char === '[' ? 'value or ]' : 'key or }');
    }
    return (char === '"' ? this.#string() : this.#take(NUMBER) || this.#take(WORD)) && this.#to('more or end');
  }

  #moreOrEnd(char: string): boolean {
    const inside = this.#open.at(-1);
    if (inside === undefined) return false;
    if (char === ',') return this.#go(inside === '[' ? 'value' : 'key');
    return char === (inside === '[' ? ']' : '}') && this.#close();
  }

  #close(): boolean {
    this.#open.pop();
    return this.#go('more or end');
  }

  /** Stays before the character that no text in quotes may hold. */
  #string(): boolean {
    for (this.#at++; this.#at < this.#text.length;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 34) { this.#at++; return true; }
      if (code < 32 || (code === 92 && !this.#take(ESCAPE))) return false;
      if (code !== 92) this.#at++;
    }
    return false;
  }

  #go(next: Expect): boolean {
    this.#at++;
    return this.#to(next);
  }
  #to(next: Expect): boolean {
    this.#expect = next;
    return true;
  }
  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}
