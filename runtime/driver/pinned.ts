import type { Flow } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Run } from './message.ts';
import { Revision } from './revision.ts';
import type { Unit, UnitWire } from './unit.ts';

/** Reads an earlier revision of the flow; undefined when it is not kept or cannot be read. */
export type ReadRevision = (number: number) => Promise<Flow | undefined>;

/** Memory mode does not know what is pending of a revision: its runs go on in the newest. */
export const endsRunsOnTheirs = ({ runs, delivery }: Flow): boolean => runs === 'pinned' && delivery === 'durable';

/** Earlier revisions of a pinned flow, on which the runs end that began on them. Each is freed when nothing of it is pending. */
export class Pinned {
  readonly #runner: FlowRunner;
  /** The newest first. */
  #older: readonly Revision[] = [];
  #looking = false;
  #again = false;

  constructor(runner: FlowRunner) { this.#runner = runner; }

  get any(): boolean { return this.#older.length > 0; }
  of(run: Run): Revision | undefined { return this.#older.find(({ number }) => number === run.revision); }
  /** The node as the newest of them has it that fits. */
  unit(node: string, fits: (unit: Unit) => boolean): Unit | undefined { return this.#older.map(({ units }) => units.get(node)).find((unit) => unit !== undefined && fits(unit)); }
  wire(id: string): UnitWire | undefined { return this.#older.map((revision) => revision.wire(id)).find((wire) => wire !== undefined); }
  get units(): readonly Unit[] { return this.#older.flatMap(({ units }) => [...units.values()]); }

  /** Makes ready what runs under way need beside the next revision. What cannot be read, and what is too many, goes on in the newest. */
  async before(next: Revision, read: ReadRevision): Promise<readonly Revision[]> {
    const { flow, services, revision } = this.#runner;
    if (!endsRunsOnTheirs(next.flow)) return [];
    const ready = new Map([...this.#older, ...(revision ? [revision] : [])].map((each) => [each.number, each]));
    ready.delete(next.number);
    const pending = (await services.journal.pendingRevisions(flow)).map((each) => each.revision);
    // New runs may begin on the one that runs until the next one does.
    const needed = [...new Set([...pending, ...(revision ? [revision.number] : [])])].filter((number) => number !== next.number);
    const kept: Revision[] = [];
    for (const number of needed.toSorted((a, b) => b - a).slice(0, limits.pinnedRevisions)) {
      const known = ready.get(number);
      const document = known ? undefined : await read(number).catch((error: unknown) => { this.#runner.failed(error); return undefined; });
      const older = known ?? (document && await Revision.make({ flow: document, number, services, counts: this.#runner, before: next }));
      if (older) kept.push(older);
    }
    return kept;
  }

  /** In the turn in which the next revision begins to count. Answers those that are needed no more. */
  use(older: readonly Revision[]): readonly Revision[] {
    const left = this.#older.filter((each) => !older.includes(each));
    this.#older = older;
    return left;
  }
  has(revision: Revision): boolean { return this.#older.includes(revision); }

  /** Frees those of which nothing is pending any more. One look at a time, however many runs end meanwhile. */
  look(): void {
    if (this.#looking) { this.#again = true; return; }
    this.#looking = true;
    this.#free().catch((error: unknown) => { this.#runner.failed(error); }).finally(() => {
      this.#looking = false;
      if (!this.#again) return;
      this.#again = false;
      this.#runner.services.timers.after(limits.pinnedLookMs, () => this.look());
    });
  }

  async #free(): Promise<void> {
    const looked = this.#older;
    const pending = new Set((await this.#runner.services.journal.pendingRevisions(this.#runner.flow)).map(({ revision }) => revision));
    const done = looked.filter((each) => !pending.has(each.number) && this.#older.includes(each));
    this.#older = this.#older.filter((each) => !done.includes(each));
    for (const each of done) each.retire((error) => this.#runner.failed(error));
  }

  dispose(): void { for (const each of this.use([])) each.retire((error) => this.#runner.failed(error)); }
}
