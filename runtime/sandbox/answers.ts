/** What came for one batch while its code ran or waited. Whoever waits is woken by it. */
export class Answers {
  readonly #texts: string[] = [];
  #wake: (() => void) | undefined;

  add(text: string): void {
    this.#texts.push(text);
    this.#wake?.();
  }

  next(): string | undefined { return this.#texts.shift(); }

  /** Calls `wake` when something comes, at once when it is there already; undefined: nobody waits any more. */
  onNext(wake: (() => void) | undefined): void {
    this.#wake = wake;
    if (this.#texts.length > 0) wake?.();
  }
}
