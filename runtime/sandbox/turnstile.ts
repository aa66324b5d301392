/** Goes out, with all that was taken in but `rest`. */
export type Leave = (rest?: number) => void;

/** Lets so much in at once, be it calls or bytes; the others wait, first come first served. */
export class Turnstile {
  readonly #most: number;
  readonly #waiting: { readonly size: number; readonly enter: () => void }[] = [];
  #inside = 0;

  constructor(most: number) { this.#most = most; }

  /** Answers how to leave. Rejects with the signal's reason while it waits. What is larger than all there is goes in alone. */
  async enter(signal: AbortSignal, asked = 1): Promise<Leave> {
    signal.throwIfAborted();
    const size = Math.min(asked, this.#most);
    if (this.#waiting.length === 0 && this.#inside + size <= this.#most) this.#inside += size;
    else await this.#turn(signal, size); // who leaves gives the place on
    let taken = size;
    return (rest = 0) => {
      if (rest >= taken) return;
      this.#inside -= taken - rest;
      taken = rest;
      this.#next();
    };
  }

  #turn(signal: AbortSignal, size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
        this.#next(); // those behind may need less
      };
      const waiting = {
        size,
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #next(): void {
    for (let [first] = this.#waiting; first && this.#inside + first.size <= this.#most; [first] = this.#waiting) {
      this.#waiting.shift();
      this.#inside += first.size;
      first.enter();
    }
  }
}
