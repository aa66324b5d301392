import type { Journal } from '../journal/journal.ts';
import { endState, type EndedRun } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { RunRecord, StepRecord, Store } from '../store/store.ts';
import type { Clock } from '../clock.ts';

type EndedRunInMemory = Omit<EndedRun, 'endedAt'>;

export interface HistoryPumpOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Where it goes. Adding the same twice changes nothing. */
  readonly store: Pick<Store, 'addRuns' | 'addSteps'>;
  readonly failed: (error: unknown) => void;
}

const EVERY_MS = 200; // history may be late
const AFTER_FAILURE_MS = 5000;

/** Brings ended runs from the journal's outbox to the store: late at worst, never wrong, never in the way of messages. */
export class HistoryPump {
  readonly #o: HistoryPumpOptions;
  #inMemory: EndedRun[] = [];
  #steps: StepRecord[] = [];
  #dirty = true;
  #running: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;
  /** Why the last move failed; undefined when it did not. */
  trouble: unknown;

  constructor(options: HistoryPumpOptions) { this.#o = options; }

  start(): void { this.#plan(0); }

  /** The outbox has more. */
  grew(): void { this.#dirty = true; }

  /** A run of memory mode ended. Above a rate its history is sampled: writing it would cost more than the run. */
  add({ id, flow, revision, startedAt, completed, dropped, dead, discarded }: EndedRunInMemory): void {
    if (this.#inMemory.length >= limits.memoryRunsPerPump) return;
    this.#inMemory.push({ id, flow, revision, startedAt, endedAt: this.#o.clock.now(), completed, dropped, dead, discarded });
    this.#dirty = true;
  }

  /** Steps of memory mode. */
  addSteps(steps: readonly StepRecord[]): void {
    if (this.#steps.length < limits.stepsInMemory) this.#steps.push(...steps);
    this.#dirty = true;
  }

  /** Resolves when everything told before can be read. */
  async flush(): Promise<void> {
    this.#dirty = true;
    const moving = this.#running.then(() => this.#move());
    this.#running = moving.catch(() => { this.#dirty = true; });
    await moving;
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#running;
    await this.#move();
  }

  #plan(afterMs: number): void {
    this.#cancel = this.#o.clock.after(afterMs, () => {
      this.#running = this.#running.then(() => this.#move()).then(() => {
        this.trouble = undefined;
        this.#plan(EVERY_MS);
      }, (error: unknown) => {
        this.#dirty = true;
        this.trouble = error;
        this.#o.failed(error);
        this.#plan(AFTER_FAILURE_MS);
      });
    });
  }

  async #move(): Promise<void> {
    for (let more = this.#dirty; more;) {
      this.#dirty = false;
      // Steps before runs: a run that is shown shows its path.
      await this.#recordSteps(this.#steps.splice(0));
      await this.#record(this.#inMemory.splice(0));
      const outbox = await this.#o.journal.outbox(limits.outboxChars);
      const { batches } = outbox;
      const last = batches.at(-1);
      if (last) {
        await this.#recordSteps(batches.flatMap(({ steps }) => steps.flatMap((text) => JSON.parse(text) as StepRecord[])));
        await this.#record(batches.flatMap(({ runs }) => runs));
        await this.#o.journal.forgetOutbox(last.id);
      }
      // What comes meanwhile goes with the next move: one write of much costs a fraction of many writes.
      more = outbox.more;
    }
  }

  async #recordSteps(steps: readonly StepRecord[]): Promise<void> {
    if (steps.length > 0) await this.#o.store.addSteps(steps, limits.stepsOfRunMax);
  }

  /** In bites: the store may live on this thread. */
  async #record(runs: readonly EndedRun[]): Promise<void> {
    for (let at = 0; at < runs.length; at += limits.historyBiteRuns) {
      await this.#o.store.addRuns(runs.slice(at, at + limits.historyBiteRuns).map(recordOf));
    }
  }
}

function recordOf(run: EndedRun): RunRecord {
  const { id, flow, revision, startedAt, endedAt, completed, dropped, dead, discarded } = run;
  return { id, flow, revision, startedAt, endedAt, state: endState(run), messages: completed + dropped + dead + discarded };
}
