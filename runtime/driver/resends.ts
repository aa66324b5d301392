import type { DeadLetterAnswer } from '../api/contract.ts';
import type { Text } from '../flow/flow.ts';
import { rowFlag, type Op, type StoredLetter } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { StepRecord } from '../store/store.ts';
import type { LetterFlows } from './dead-letters.ts';
import { reasonOf } from './failures.ts';
import { beginningRow, workOf } from './message.ts';
import { beingReplayed, stillPending, type Replays } from './replays.ts';
import type { Services } from './services.ts';
import { Tally, type Refusal } from './tally.ts';

/** A dead letter that a person chose. */
export interface Chosen { readonly seq: number; readonly pos: number; readonly run: string }
/** What a restart needs of a dead letter: of very many the bodies stay on disk. */
type Dead = Pick<StoredLetter, 'seq' | 'run' | 'flow' | 'node' | 'holdAt' | 'holdKey'>;

/** Chosen dead letters by the first runs of what they are of. */
class Families {
  readonly #starts: ReadonlyMap<string, StepRecord>;
  readonly #of: ReadonlyMap<string, readonly Chosen[]>;
  constructor(starts: ReadonlyMap<string, StepRecord>, chosen: readonly Chosen[]) {
    this.#starts = starts;
    this.#of = Map.groupBy(chosen, ({ run }) => this.firstOf(run));
  }

  get firsts(): readonly string[] { return [...this.#of.keys()]; }
  firstOf(run: string): string { return this.#starts.get(run)?.run ?? run; }
  of(first: string): readonly Chosen[] { return this.#of.get(first) ?? []; }
  /** With what its first run began, as far as that is kept. */
  startOf(run: string): StepRecord | undefined { return this.#starts.get(run); }
}

/** Makes messages of dead letters again. What is being done of their runs by something else is not begun a second time. */
export class Resends {
  readonly #services: Services;
  readonly #flows: LetterFlows;
  readonly #replays: Replays;

  constructor(services: Services, flows: LetterFlows, replays: Replays) {
    this.#services = services;
    this.#flows = flows;
    this.#replays = replays;
  }

  /** Each by itself, but none of a run that is being repeated as a whole: what is dead of it happens there. */
  async toNode(chosen: readonly Chosen[], to?: string): Promise<DeadLetterAnswer> {
    const tally = new Tally();
    for (const some of chunked(chosen)) await this.#someToNode(some, to, tally).catch((error: unknown) => { tally.rest(some.map(({ seq }) => seq), reasonOf(error)); });
    return tally.answer;
  }

  async #someToNode(chosen: readonly Chosen[], to: string | undefined, tally: Tally): Promise<void> {
    const families = await this.#familiesOf(chosen);
    await this.#alone(families.firsts, async (pending) => {
      const letters = await this.#read(chosen);
      await Promise.all(chosen.map(async ({ seq, run }, i) => {
        const letter = letters[i];
        const resend = async (): Promise<Refusal> => (letter ? await this.#resend(letter, to ?? letter.node, families.startOf(run) !== undefined).catch(reasonOf) : gone(seq));
        tally.add(seq, pending.get(families.firstOf(run)) === 'all' ? beingReplayed(run) : await resend());
      }));
    });
  }

  /** Those of one run begin it again together, once: what is not recorded as done of all of it happens there. An edited one stays: there its edit would be lost. */
  async toStart(chosen: readonly Chosen[]): Promise<DeadLetterAnswer> {
    const tally = new Tally();
    const families = await this.#familiesOf(chosen);
    let runs = 0;
    for (const some of chunked(families.firsts)) {
      await this.#alone(some, async (pending) => {
        const dead = await Promise.all(some.map((first) => this.#dead(families.of(first), tally)));
        await Promise.all(some.map(async (first, i) => {
          const letters = dead[i] ?? [];
          const reason = refusalOf(first, pending.get(first)) ?? await this.#restart(letters, families.startOf(letters[0]?.run ?? ''), tally).catch(reasonOf);
          if (reason === 'begun') runs++;
          else if (reason) tally.rest(letters.map(({ seq }) => seq), reason);
        }));
      }).catch((error: unknown) => { tally.rest(some.flatMap((first) => families.of(first)).map(({ seq }) => seq), reasonOf(error)); });
    }
    return { ...tally.answer, runs };
  }

  async #familiesOf(chosen: readonly Chosen[]): Promise<Families> {
    // A run that has just failed has its beginning still on the way to the store.
    await this.#services.history.flush();
    const starts = new Map<string, StepRecord>();
    for (const run of new Set(chosen.map((each) => each.run))) {
      const start = await this.#replays.startOf(run);
      if (start) starts.set(run, start);
    }
    return new Families(starts, chosen);
  }

  /** Nobody else begins anything of these runs meanwhile. */
  async #alone(firsts: readonly string[], begin: (pending: ReadonlyMap<string, Awaited<ReturnType<Replays['pendingOf']>>>) => Promise<void>): Promise<void> {
    await this.#replays.alone(firsts, async () => {
      await begin(new Map(await Promise.all(firsts.map(async (first) => [first, await this.#replays.pendingOf(first)] as const))));
    });
  }

  async #read(chosen: readonly Chosen[]): Promise<readonly (StoredLetter | undefined)[]> { return await Promise.all(chosen.map(({ seq }) => this.#services.journal.findDeadLetter(seq))); }

  /** Those that may begin their run again. */
  async #dead(chosen: readonly Chosen[], tally: Tally): Promise<readonly Dead[]> {
    const dead: Dead[] = [];
    for (const some of chunked(chosen)) {
      (await this.#read(some)).forEach((letter, i) => {
        if (!letter || letter.edited === 1) tally.add((some[i] as Chosen).seq, letter ? isEdited() : gone((some[i] as Chosen).seq));
        else dead.push({ seq: letter.seq, run: letter.run, flow: letter.flow, node: letter.node, holdAt: letter.holdAt, holdKey: letter.holdKey });
      });
    }
    return dead;
  }

  /** Where their run began, once more: the dead letters go in the same commit. */
  async #restart(letters: readonly Dead[], start: StepRecord | undefined, tally: Tally): Promise<Text | 'begun' | undefined> {
    const [first] = letters;
    if (!first) return undefined;
    const runner = this.#flows.runner(first.flow);
    if (!runner?.revision) return notRunning(first.flow);
    if (!start || start.input === null) return noStart(first.run);
    if (!runner.unit(start.node)) return noNode(first.flow, start.node);
    const begun = await this.#replays.begin(runner, start, { of: first.run, mode: 'restart', letters: letters.map(({ seq }) => seq) });
    const without = new Set(begun ? begun.without : letters.map(({ seq }) => seq));
    for (const letter of letters) {
      tally.add(letter.seq, without.has(letter.seq) ? gone(letter.seq) : undefined);
      if (without.has(letter.seq)) continue;
      this.#flows.counted(letter, -1);
      // It comes to the node again by its own way, behind those of its key that waited: they are not held up for it.
      if (letter.holdAt !== null && letter.holdKey !== null) runner.station(letter.holdAt).freeKey(letter.holdKey);
    }
    return begun && 'begun';
  }

  /** Makes it a message again, under its own id, in a run of its own. Where its own run is recorded, so is this one: others have to know of it. */
  async #resend(letter: StoredLetter, to: string, isRecorded: boolean): Promise<Refusal> {
    const { journal } = this.#services;
    const runner = this.#flows.runner(letter.flow);
    if (!runner?.revision) return notRunning(letter.flow);
    if (!runner.revision.takes(to)) return noNode(letter.flow, to);
    const held = letter.holdAt !== null && letter.holdKey !== null ? { node: letter.holdAt, key: letter.holdKey } : undefined;
    // Where it rested before, it takes its old place, before everything that waits behind it.
    const inPlace = held?.node === to && held.key === letter.key;
    const { id, flow, parents, key, lineage, body } = letter;
    const row = beginningRow(this.#services, {
      id, flow, node: to, via: to === letter.node ? letter.via : '', parents, key, lineage: (to === letter.node ? lineage : null) ?? id, revision: runner.revision.number, flags: isRecorded ? rowFlag.recorded : runner.recorder.begin(this.#services.clock.now()),
      cursor: to === letter.node ? cursorOf(letter) : null, body, ...(inPlace && { pos: letter.pos }),
    });
    const work = workOf(row, runner.wireOf(row.via));
    // What goes on half-way is a branch of its run from the beginning.
    const opened: readonly Op[] = row.cursor === null ? [] : [{ op: 'run', change: { run: row.run, flow, revision: row.revision, startedAt: row.receivedAt, at: row.receivedAt, opens: 1, pending: 0, completed: 0, dropped: 0, dead: 0 } }];
    const ops: Op[] = [{ op: 'save', row }, ...opened, { op: 'letter-gone', seq: letter.seq, becomes: inPlace ? null : row.seq }, ...runner.recorder.accepted(work, { of: letter.run, mode: 'resend' })];
    const { letterGone } = await journal.commit({ ops, guard: { letters: [letter.seq] } });
    if (letterGone) return gone(letter.seq);
    this.#flows.counted(letter, -1);
    runner.resent(work, held);
    return undefined;
  }
}

function refusalOf(first: string, pending: Awaited<ReturnType<Replays['pendingOf']>> | undefined): Text | undefined {
  if (pending === 'all' || pending === 'letters') return beingReplayed(first);
  return pending === 'itself' ? stillPending(first) : undefined;
}

/** A message that was parked while its node turned it into many goes on where it was. */
const cursorOf = ({ kind, details }: StoredLetter): number | null => (kind === 'parked' ? (JSON.parse(details) as { cursor?: number }).cursor ?? null : null);

export const chunked = <T>(all: readonly T[]): T[][] => Array.from({ length: Math.ceil(all.length / limits.lettersAtOnce) }, (_, i) => all.slice(i * limits.lettersAtOnce, (i + 1) * limits.lettersAtOnce));

export const gone = (id: number | string): Text => ({
  en: `dead letter ${id}: it is not there (any more): it was resent, discarded, or its time was over`,
  ru: `недоставленное ${id}: его (уже) нет: отправлено снова, удалено или истёк срок хранения`,
});
const isEdited = (): Text => ({
  en: 'it was edited, and its run begins again with the message as it was then; resend it to its node, so that the edit counts',
  ru: 'сообщение исправлено, а запуск начнётся с прежним сообщением; отправьте его снова в узел, чтобы правка учлась',
});
const notRunning = (flow: string): Text => ({ en: `flow ${flow} is not deployed; deploy it, then resend`, ru: `поток ${flow} не применён; примените его и отправьте снова` });
const noStart = (run: string): Text => ({
  en: `the message with which run ${run} began is not kept; resend to the node instead`,
  ru: `сообщение, с которого начался запуск ${run}, не сохранено; отправьте снова в узел`,
});
const noNode = (flow: string, node: string): Text => ({
  en: `the live revision of flow ${flow} has no node ${node} that takes messages; deploy one that has`,
  ru: `в работающей ревизии потока ${flow} нет узла ${node}, принимающего сообщения; примените такую ревизию`,
});
