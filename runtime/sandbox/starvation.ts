/** Where the process stood when a batch began. All in ms. */
export interface TimeAt { readonly at: number; readonly lateMs: number; readonly ranMs: number; readonly cpuMs: number }

const STARVED_SHARE = 0.25; // of the time that a batch took: the limits of its code have room for that

/** How long a process was kept from the cores: then what took too long in it is not its code's fault. */
export class Starvation {
  readonly tickMs = 25;
  /** Isolates with a turn in work. */
  #working = 0;
  #changedAt = 0;
  /** Of all isolates together: with a core or without. */
  #ranMs = 0;
  #lateMs = 0;
  #tickDueAt = 0;
  #batches = 0;

  began(now: number): void { this.#count(now, 1); }
  ended(now: number): void { this.#count(now, -1); }

  /** A batch is under way: from the first to the end of the last `tick` is called every `tickMs`. */
  batchBegan(at: { readonly now: number; readonly cpuMs: number }): TimeAt {
    if (this.#batches++ === 0) this.#tickDueAt = at.now + this.tickMs;
    return this.#timeAt(at);
  }
  batchEnded(): void { this.#batches--; }
  get hasBatches(): boolean { return this.#batches > 0; }

  tick(now: number): void {
    this.#lateMs += Math.max(0, now - this.#tickDueAt);
    this.#tickDueAt = now + this.tickMs;
  }

  isStarved(since: TimeAt, at: { readonly now: number; readonly cpuMs: number }): boolean {
    const now = this.#timeAt(at);
    const elapsed = now.at - since.at;
    const ran = now.ranMs - since.ranMs;
    // Of several isolates at work each has its part of the loss.
    const waited = (ran - (now.cpuMs - since.cpuMs)) / Math.max(1, ran / elapsed);
    return Math.max(waited, now.lateMs - since.lateMs) > elapsed * STARVED_SHARE;
  }

  #timeAt({ now, cpuMs }: { readonly now: number; readonly cpuMs: number }): TimeAt {
    this.#count(now, 0);
    return { at: now, ranMs: this.#ranMs, cpuMs, lateMs: this.#lateMs + (this.#batches > 0 ? Math.max(0, now - this.#tickDueAt) : 0) };
  }

  #count(now: number, change: number): void {
    this.#ranMs += this.#working * (now - this.#changedAt);
    this.#changedAt = now;
    this.#working += change;
  }
}
