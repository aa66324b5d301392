import type { EndedRun, Op } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { Services } from './services.ts';

/** What a flow's writer tells its flow. */
export interface WriterOwner {
  readonly flow: string;
  readonly services: Services;
  runEnded(run: EndedRun): void;
  /** There is room again for what comes of messages. */
  writable(): void;
}

const MOST = limits.segmentsInFlight * 4;
const OPS_WEIGHT_SHIFT = 5; // thirty-two changes weigh as much as one small commit

/** What a flow has on its way to the disk: bounded, so that a slow disk cannot pile it up in memory. */
export class Writer {
  readonly #owner: WriterOwner;
  under = 0;

  constructor(owner: WriterOwner) { this.#owner = owner; }

  get full(): boolean { return this.under >= MOST; }

  /** Writes without waiting; the order of commits is the order of calls. */
  commit(ops: readonly Op[]): void { void this.write(ops); }

  /** True when it is written. */
  async write(ops: readonly Op[]): Promise<boolean> {
    const { flow, services } = this.#owner;
    const weight = 1 + (ops.length >> OPS_WEIGHT_SHIFT);
    this.under += weight;
    try {
      const { ended } = await services.journal.commit({ ops });
      this.#done(weight);
      services.outboxGrew();
      for (const run of ended) this.#owner.runEnded(run);
      return true;
    } catch (error) {
      this.#done(weight);
      services.bug(error, { en: `writing to the journal for flow ${flow}`, ru: `запись в журнал для потока ${flow}` });
      return false;
    }
  }

  #done(weight: number): void {
    const wasFull = this.full;
    this.under -= weight;
    if (wasFull && !this.full) this.#owner.writable();
  }
}
