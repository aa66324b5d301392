import { problem } from '../errors.ts';
import type { Flow, Problem } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Run } from './message.ts';
import type { NodeDefinition } from '../sdk/define-node.ts';
import { Revision } from './revision.ts';
import { canRun, type Unit, type UnitWire } from './unit.ts';

/** Reads an earlier revision of the flow; undefined when it is not kept or cannot be read. */
export type ReadRevision = (number: number) => Promise<Flow | undefined>;

/** Memory mode does not know what is pending of a revision: its runs go on in the newest. */
export const endsRunsOnTheirs = ({ runs, delivery }: Flow): boolean => runs === 'pinned' && delivery === 'durable';

/** Earlier revisions, and those whose runs are pending but go on in the newest. */
interface Earlier { readonly kept: readonly Revision[]; readonly leftOut: readonly number[] }
const NONE: Earlier = { kept: [], leftOut: [] };

/** Earlier revisions of a pinned flow, on which the runs end that began on them. Each is freed when nothing of it is pending. */
export class Pinned {
  readonly #runner: FlowRunner;
  /** The newest first. */
  #older: readonly Revision[] = [];
  #leftOut: readonly number[] = [];
  #looking = false;
  #again = false;

  constructor(runner: FlowRunner) { this.#runner = runner; }

  get any(): boolean { return this.#older.length > 0; }
  /** Runs of other revisions than these are pending, and go on in the newest. */
  get leavesOut(): boolean { return this.#leftOut.length > 0; }
  of(run: Run): Revision | undefined { return this.#older.find(({ number }) => number === run.revision); }
  /** The node as the run began with it. */
  own(node: string, run: Run): Unit | undefined {
    const unit = this.of(run)?.units.get(node);
    return unit && this.#isApart(unit) ? unit : undefined;
  }
  at(node: string): readonly Unit[] { return this.#older.flatMap(({ units }) => units.get(node) ?? []).filter((unit) => this.#isApart(unit)); }
  /** Windows belong to the node, and one type cannot read another's: there the newest counts. */
  #isApart({ id, definition }: Unit): boolean {
    const newest = this.#runner.unit(id)?.definition;
    return !newest || !definition || newest === definition || !keepsWindows(newest) || !keepsWindows(definition);
  }
  /** The node as the newest of them has it that fits, of those in which it can run when there is one. */
  unit(node: string, fits: (unit: Unit) => boolean): Unit | undefined {
    const fitting = this.at(node).filter(fits);
    return fitting.find(canRun) ?? fitting[0];
  }
  wire(id: string): UnitWire | undefined { return this.#older.map((revision) => revision.wire(id)).find((wire) => wire !== undefined); }
  get units(): readonly Unit[] { return this.#older.flatMap(({ units }) => [...units.values()]); }

  /** What keeps runs from going on as they began. */
  get problems(): readonly Problem[] {
    const { flow } = this.#runner;
    return [...this.units.flatMap((unit) => (unit.problem ? [cannotStart(flow, unit, unit.problem)] : [])), ...this.#leftOut.map((number) => goesOnInNewest(flow, number))];
  }

  /** Makes ready what runs under way need beside the next revision. What cannot be read, and what is too many, goes on in the newest. */
  async before(next: Revision, read: ReadRevision): Promise<Earlier> {
    const { flow, services, revision } = this.#runner;
    if (!endsRunsOnTheirs(next.flow)) return NONE;
    const known = new Map([...this.#older, ...(revision ? [revision] : [])].map((each) => [each.number, each]));
    const pending = (await services.journal.pendingRevisions(flow)).filter((number) => number !== next.number).toSorted((a, b) => b - a);
    const kept: Revision[] = [];
    const leftOut: number[] = [];
    // New runs may begin on the one that runs until the next one does.
    for (const number of revision && revision.number !== next.number && !pending.includes(revision.number) ? [revision.number, ...pending] : pending) {
      const older = pending.indexOf(number) < limits.pinnedRevisions ? await this.#ready(number, { next, known: known.get(number), read }) : undefined;
      if (older) kept.push(older);
      else if (pending.includes(number)) leftOut.push(number);
    }
    return { kept, leftOut };
  }

  /** With the secrets of today. */
  async #ready(number: number, { next, known, read }: { readonly next: Revision; readonly known: Revision | undefined; readonly read: ReadRevision }): Promise<Revision | undefined> {
    const { services } = this.#runner;
    try {
      const document = known?.flow ?? await read(number);
      if (!document || document.delivery === 'memory') return undefined;
      return known && !known.isRetired && known.stamp === services.values.stamp() ? known : await Revision.make({ flow: document, number, services, counts: this.#runner, before: next });
    } catch (error) {
      this.#runner.failed(error);
      return undefined;
    }
  }

  /** In the turn in which the next revision begins to count. Answers those that are needed no more. */
  use({ kept, leftOut }: Earlier): readonly Revision[] {
    const left = this.#older.filter((each) => !kept.includes(each));
    this.#older = kept;
    this.#leftOut = leftOut;
    return left;
  }
  get revisions(): readonly Revision[] { return this.#older; }
  has(revision: Revision): boolean { return this.#older.includes(revision); }

  /** Frees those of which nothing is pending any more. One look at a time, however many runs end meanwhile. */
  look(): void {
    if (!this.any) return;
    if (this.#looking) { this.#again = true; return; }
    this.#looking = true;
    this.#free().catch((error: unknown) => {
      this.#again = true;
      this.#runner.failed(error);
    }).finally(() => {
      this.#looking = false;
      if (!this.#again) return;
      this.#again = false;
      this.#runner.services.timers.after(limits.pinnedLookMs, () => this.look());
    });
  }

  async #free(): Promise<void> {
    const looked = this.#older;
    const pending = new Set(await this.#runner.services.journal.pendingOn(this.#runner.flow, looked.map(({ number }) => number)));
    const done = looked.filter((each) => !pending.has(each.number) && this.#older.includes(each));
    this.#older = this.#older.filter((each) => !done.includes(each));
    for (const each of done) this.#runner.retire(each);
  }

  /** Of a flow that has stopped: all of them are over. */
  dispose(): void { this.use(NONE); }
}

const keepsWindows = ({ collect, pace }: NodeDefinition): boolean => collect !== undefined || pace !== undefined;

const REMEDY = {
  en: 'Wait until these runs have ended, cancel them, or deploy the flow with runs that go on in the newest revision.',
  ru: 'Дождитесь конца этих запусков, отмените их или примените поток, запуски которого продолжаются на новейшей ревизии.',
};

const cannotStart = (flow: string, { id, revision }: Unit, { message }: Problem): Problem => problem('flow.earlier-revision', { flow, node: id }, {
  level: 'warning', fix: REMEDY,
  message: {
    en: `Runs end on revision ${revision}, in which the node cannot start: ${message.en} They take it as in the newest revision, or wait where that has none.`,
    ru: `На ревизии ${revision} заканчиваются запуски, а узел в ней не запускается: ${message.ru} Они проходят его как в новейшей ревизии или ждут, если там его нет.`,
  },
});

const goesOnInNewest = (flow: string, number: number): Problem => problem('flow.earlier-revision', { flow }, {
  level: 'warning', fix: REMEDY,
  message: {
    en: `Runs that began on revision ${number} go on in the newest one: it cannot be read, ran in memory mode, or is older than the ${limits.pinnedRevisions} newest with runs.`,
    ru: `Запуски, начатые на ревизии ${number}, продолжаются на новейшей: её не удаётся прочитать, она работала в режиме memory или старше ${limits.pinnedRevisions} новейших с запусками.`,
  },
});
