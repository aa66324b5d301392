import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';

export interface DiskWatchOptions {
  readonly clock: Clock;
  /** Free and whole size of the data folder's disk, in bytes. */
  readonly look: () => Promise<{ readonly free: number; readonly total: number }>;
  /** Of each change. */
  readonly told: (low: boolean, free: number) => void;
  /** Gives up something that is not needed; after each look, as long as there is too little room. */
  readonly makeRoom: () => Promise<void>;
}

const WELL_AGAIN = 1.1; // of the reserve: on its edge it would change with every message

/** Keeps a reserve of the disk for what belongs to accepted messages: below it nobody new is let in. */
export class DiskWatch {
  readonly #o: DiskWatchOptions;
  #low = false;
  #total = Infinity;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(options: DiskWatchOptions) { this.#o = options; }

  get low(): boolean { return this.#low; }
  /** Size of the whole disk in bytes, as far as it is known. */
  get total(): number { return this.#total; }

  /** Resolves after the first look, so that nothing is accepted before. */
  async start(): Promise<void> {
    // A disk whose size cannot be told is watched by its failing writes alone.
    const size = await this.#o.look().catch(() => undefined);
    if (this.#stopped) return;
    if (size) this.#see(size);
    if (this.#low) await this.#o.makeRoom();
    this.#cancel = this.#o.clock.after(limits.diskLookMs, () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #see({ free, total }: { readonly free: number; readonly total: number }): void {
    this.#total = total;
    const reserve = Math.min(limits.diskReserveBytes, total * limits.diskReserveShare);
    const low = free < reserve * (this.#low ? WELL_AGAIN : 1);
    if (low === this.#low) return;
    this.#low = low;
    this.#o.told(low, free);
  }
}
