import type { ReplayAnswer, ReplayMode, ReplayRequest, RunQuery } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { Text } from '../flow/flow.ts';
import type { ReplayDoor } from '../host.ts';
import { rowFlag, type Op } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { StepRecord, StoredRun } from '../store/store.ts';
import { dryRun } from './dry-run.ts';
import { reasonOf } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import { Locks } from './locks.ts';
import { beginningRow, workOf } from './message.ts';
import { runStepOf } from './path.ts';
import type { Services } from './services.ts';

/** `restart`: of dead letters, which go in the same commit. */
interface Begin { readonly of: string; readonly mode: Exclude<ReplayMode, 'dry-run'> | 'restart'; readonly letters?: readonly number[] }
/** `without`: dead letters that were gone already. */
interface Begun { readonly run: string; readonly without: readonly number[] }
type Refused = { readonly refused: Text };
/** `rest`: why no more of its messages began a run. */
type Started = { readonly runs: readonly string[]; readonly rest?: Text };
/** What a dry run begins with. */
type Rehearsed = { readonly runner: FlowRunner; readonly starts: readonly StepRecord[] };

/** Repeats runs from their records: each message with which a run began, or that came to a node, begins a run of its own. */
export class Replays implements ReplayDoor {
  readonly #services: Services;
  readonly #runner: (flow: string) => FlowRunner | undefined;
  /** By the first runs of those that are being repeated under the same keys. */
  readonly #beginning = new Locks();

  constructor(services: Services, runner: (flow: string) => FlowRunner | undefined) {
    this.#services = services;
    this.#runner = runner;
  }

  async one(run: string, request: ReplayRequest): Promise<ReplayAnswer> {
    await this.#services.history.flush();
    const done = await this.#replay(run, request);
    if ('refused' in done) throw new Failure('run.cannot-replay', done.refused);
    if ('starts' in done) return { runs: [], refused: [], more: false, steps: (await dryRun(done.runner, done.starts)).map(runStepOf) };
    return { runs: done.runs, refused: done.rest ? [{ id: run, reason: done.rest }] : [], more: false };
  }

  /** Oldest first, so that what happens again happens in the order in which it happened. */
  async many({ state, ...query }: RunQuery, request: ReplayRequest): Promise<ReplayAnswer> {
    const { history } = this.#services;
    await history.flush();
    const chosen: StoredRun[] = [];
    if (state !== 'pending') {
      for (let after: string | undefined; chosen.length <= limits.replaysAtOnce;) {
        const { runs, next } = await history.listRuns({ ...query, ...(state !== undefined && { state }), limit: limits.pageSizeMax, ...(after !== undefined && { after }) });
        chosen.push(...runs);
        after = next;
        if (after === undefined) break;
      }
    }
    const runs: string[] = [];
    const refused: { id: string; reason: Text }[] = [];
    for (const { id } of chosen.slice(0, limits.replaysAtOnce).reverse()) {
      // What was begun is told in any case: whoever repeats all of it would make it happen twice.
      const done = await this.#replay(id, request).catch((error: unknown): Refused => ({ refused: reasonOf(error) }));
      if ('runs' in done) runs.push(...done.runs);
      const reason = 'refused' in done ? done.refused : 'rest' in done ? done.rest : undefined;
      if (reason && refused.length < limits.refusedListed) refused.push({ id, reason });
    }
    return { runs, refused, more: chosen.length > limits.replaysAtOnce };
  }

  /** The message with which all of it began, also where this run repeats another under the same keys. */
  async startOf(run: string): Promise<StepRecord | undefined> {
    const seen = new Set<string>();
    for (let id: string | undefined = run; id !== undefined && !seen.has(id);) {
      seen.add(id);
      const first: StepRecord | undefined = (await this.#services.history.listSteps(id, 1)).find((step) => step.outcome === 'accepted');
      if (!first?.replay || first.replay.mode === 'new-generation') return first;
      id = first.replay.of;
    }
    return undefined;
  }

  /** Under the same keys one at a time, also beside what resent dead letters became: two would both find nothing recorded, and both act. */
  async #replay(run: string, request: ReplayRequest): Promise<Refused | Started | Rehearsed> {
    if (request.mode !== 'same-keys') return await this.#repeat(run, request);
    const first = (await this.startOf(run))?.run ?? run;
    return await this.alone([first], async () => {
      const pending = await this.pendingOf(first);
      if (pending === 'all' || pending === 'letters') return { refused: beingReplayed(run) };
      return pending === 'itself' && first !== run ? { refused: stillPending(first) } : await this.#repeat(run, request);
    });
  }

  /** Whoever begins something of these first runs under the same keys does so alone, and can read of all that was begun before. */
  async alone<T>(firsts: readonly string[], begin: () => Promise<T>): Promise<T> {
    return await this.#beginning.with(firsts, async () => {
      // What another began a moment ago may still be on its way to the store.
      await this.#services.history.flush();
      return await begin();
    });
  }

  /** What is pending of a first run and of what repeats it under the same keys: something that does all that is missing, or some of its dead letters, or the run itself. */
  async pendingOf(first: string): Promise<'all' | 'letters' | 'itself' | 'nothing'> {
    const { history } = this.#services;
    let pending: 'letters' | 'itself' | 'nothing' = (await history.findRun(first)) ? 'nothing' : 'itself';
    const family = [first];
    for (const run of family) {
      for (const { id, mode } of await history.listReplays(run, limits.pageSizeMax)) {
        if (mode === 'new-generation') continue;
        family.push(id);
        if (await history.findRun(id)) continue;
        if (mode !== 'resend') return 'all';
        pending = 'letters';
      }
    }
    return pending;
  }

  async #repeat(run: string, { mode, from }: ReplayRequest): Promise<Refused | Started | Rehearsed> {
    const { history, disk } = this.#services;
    if (mode !== 'dry-run' && disk.low) return { refused: diskLow() };
    const starts = from === undefined ? (await history.listSteps(run, 1)).filter((step) => step.outcome === 'accepted') : arrivals(await history.listSteps(run, limits.stepsOfRunMax, from));
    const first = starts[0];
    if (!first) return { refused: from === undefined ? notRecorded(run) : notThere(run, from) };
    const runner = this.#runner(first.flow);
    if (runner?.state !== 'live') return { refused: notRunning(first.flow) };
    if (!runner.unit(first.node)) return { refused: noNode(first) };
    if (starts.some(({ input }) => input === null)) return { refused: tooLarge(first.node) };
    if (mode === 'same-keys' && !(await history.findRun(run))) return { refused: stillPending(run) };
    if (mode === 'dry-run') return { runner, starts };
    const runs: string[] = [];
    // As for many: what was begun is told, also where the next cannot be written.
    for (const start of starts) {
      const begun = runner.station(start.node).full ? full(start.node) : await this.begin(runner, start, { of: run, mode }).catch(reasonOf);
      if (begun && 'en' in begun) return runs.length > 0 ? { runs, rest: begun } : { refused: begun };
      if (begun) runs.push(begun.run);
    }
    return { runs };
  }

  /** Begins a run with a message that is recorded. Undefined when dead letters were to go with it, and none is there any more. */
  async begin(runner: FlowRunner, start: StepRecord, { letters = [], ...replay }: Begin): Promise<Begun | undefined> {
    const { journal } = this.#services;
    const same = replay.mode !== 'new-generation';
    const row = beginningRow(this.#services, {
      flow: start.flow, node: start.node, via: start.via, key: start.key, revision: runner.revision?.number ?? 0,
      flags: rowFlag.recorded | (same ? rowFlag.asBefore : 0), body: start.input ?? '{}', ...(same && { id: start.message, lineage: start.lineage ?? start.message }),
    });
    const work = workOf(row, runner.wireOf(row.via));
    const gone = letters.map((seq): Op => ({ op: 'letter-gone', seq, becomes: null }));
    const ops: Op[] = [{ op: 'save', row }, ...gone, ...runner.recorder.accepted(work, replay)];
    const { letterGone, without = [] } = await journal.commit({ ops, acceptance: true, ...(letters.length > 0 && { guard: { letters } }) });
    if (letterGone) return undefined;
    this.#services.outboxGrew();
    runner.station(work.node).arrive(work);
    return { run: row.run, without };
  }
}

/** The first step of each message that came to the node. */
function arrivals(steps: readonly StepRecord[]): readonly StepRecord[] {
  const first = new Map<string, StepRecord>();
  for (const step of steps) if (!first.has(step.message)) first.set(step.message, step);
  return [...first.values()];
}

const notRecorded = (run: string): Text => ({
  en: `replaying run ${run}: its path is not kept, because it was sampled out or its time is over`,
  ru: `повтор запуска ${run}: его путь не сохранён: он не попал в выборку или истёк срок хранения`,
});
const notThere = (run: string, node: string): Text => ({
  en: `replaying run ${run} from node ${node}: no message of it at this node is kept`,
  ru: `повтор запуска ${run} с узла ${node}: сообщений запуска в этом узле не сохранено`,
});
const notRunning = (flow: string): Text => ({ en: `flow ${flow} is not running; deploy or start it, then replay`, ru: `поток ${flow} не запущен; примените или запустите его и повторите` });
const noNode = ({ flow, node }: StepRecord): Text => ({ en: `the live revision of flow ${flow} has no node ${node}; choose another node to replay from`, ru: `в работающей ревизии потока ${flow} нет узла ${node}; выберите другой узел для повтора` });
const tooLarge = (node: string): Text => ({ en: `a message at node ${node} was too large to be kept; replay from another node`, ru: `сообщение в узле ${node} было слишком велико и не сохранено; повторите с другого узла` });
export const stillPending = (run: string): Text => ({ en: `run ${run} is pending: what it has not done is still to come; wait for its end, or cancel it`, ru: `запуск ${run} ещё не завершён: несделанное ещё впереди; дождитесь конца или отмените его` });
export const beingReplayed = (run: string): Text => ({ en: `run ${run} is being replayed under the same keys already, or a dead letter of it was resent and is pending; wait for the end of that`, ru: `запуск ${run} уже повторяется с теми же ключами, или ещё не завершено его недоставленное, отправленное снова; дождитесь конца` });
const diskLow = (): Text => ({ en: 'the disk of the data folder is nearly full; free some of it, then replay', ru: 'диск папки данных почти заполнен; освободите место и повторите' });
const full = (node: string): Text => ({ en: `the queue of node ${node} is full; replay later`, ru: `очередь узла ${node} заполнена; повторите позже` });
