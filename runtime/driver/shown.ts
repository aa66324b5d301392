const SHOWN_PER_MS = 8;

/** Whether a person is shown a message. Of many in one millisecond the first ones only: nobody looks faster, and each costs every hop some stores. */
export class Shown {
  #at = 0;
  #count = 0;

  take(at: number): boolean {
    if (at !== this.#at) {
      this.#at = at;
      this.#count = 0;
    }
    return this.#count++ < SHOWN_PER_MS;
  }
}
