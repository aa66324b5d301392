/**
 * Puts dots in place of every value that must not be shown, as it is and as it stands in addresses and in JSON. A short value is hidden only
 * where it is the whole text: it stands in too much else.
 */
export class Concealed {
  #whole: ReadonlySet<string> = new Set();
  #within: RegExp | undefined;
  #longest = 0;

  use(values: readonly string[]): void {
    this.#whole = new Set(values);
    const forms = [...new Set(values.filter((value) => value.length >= WITHIN_MIN).flatMap(formsOf))].sort((a, b) => b.length - a.length);
    this.#longest = forms[0]?.length ?? 0;
    this.#within = forms.length === 0 ? undefined : new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
  }

  /** At most `most` characters of the text's beginning; a value at the end of them is hidden, or left out as a whole. */
  hide(text: string, most = text.length): string {
    if (this.#whole.has(text)) return DOTS;
    if (!this.#within) return text.slice(0, most);
    let shown = '';
    let from = 0;
    for (const { 0: found, index } of text.slice(0, most + this.#longest).matchAll(this.#within)) {
      if (index >= most) break;
      shown += text.slice(from, index) + DOTS;
      from = index + found.length;
    }
    return shown + text.slice(from, most);
  }
}

const DOTS = '•••';
const WITHIN_MIN = 6;
const formsOf = (value: string): string[] => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
