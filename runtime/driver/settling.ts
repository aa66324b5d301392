import { runOps } from '../engine/run-ops.ts';
import { endState, rowFlag, rowState, type DeadLetterRow, type Op } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { FlowRunner } from './flow-runner.ts';
import { atRest, goOn, Msg, rowOf, type Run, type Work } from './message.ts';
import type { Out, Segment } from './segment.ts';
import type { Writer } from './writer.ts';

/** How messages of a run end; `told` ones are counted as nothing. */
interface Leaving { readonly completed?: number; readonly dropped?: number; readonly dead?: number; readonly discarded?: number; readonly told?: number }

/** Brings what came of a message to where it rests next, and ends what ends: in the journal, or in memory mode in the run itself. */
export class Settling {
  readonly #runner: FlowRunner;
  readonly #writer: Writer;
  /** Keys that wait until a resent dead letter has left its node, by that message's row. */
  readonly #freedBy = new Map<number, { readonly node: string; readonly key: string }>();

  constructor(runner: FlowRunner, writer: Writer) {
    this.#runner = runner;
    this.#writer = writer;
  }

  /** Commits what came of a message together with its removal, or with how far it is, and brings its results to their next places. True when it is written. */
  settle(segment: Segment, also: readonly Op[] = NONE): Promise<boolean> {
    this.#runner.parking.spare(segment);
    const { origin, outs, tally, cursor } = segment;
    const stays = cursor !== undefined || segment.kept;
    const beside = segment.letters.length === 0 && !origin.draft ? NONE : [...this.#runner.services.states.settle(origin), ...this.#letters(origin, segment.letters)];
    const told = this.#runner.recorder.tell(segment);
    if (origin.seq === 0) {
      // Memory mode: only dead letters and context are on disk.
      if (beside.length > 0) this.#writer.commit(beside);
      this.#settleInMemory(origin, segment);
      return WRITTEN;
    }
    const at = segment.letters.length === 0 && outs.length > 0 ? segment.at : this.#runner.services.clock.now();
    const { ops, branched } = runOps(origin.run, origin.branched, { outs: outs.length + (stays ? 1 : 0), tally, at });
    const works = outs.map((out, i) => this.#workOf(origin, out, { branched, first: i === 0 && !stays, followed: isFollowed(origin, i) }));
    const rows: Op[] = works.length === 0 && !stays ? [{ op: 'end', seq: origin.seq }] : works.map((work) => ({ op: 'save', row: rowOf(work, work.due === null ? rowState.queued : rowState.held) }));
    const freed = !stays && this.frees(origin.seq);
    if (freed) rows.push({ op: 'key-free-by', row: origin.seq });
    if (segment.kept) rows.push({ op: 'end', seq: origin.seq });
    else if (stays || origin.cursor !== null) rows.push({ op: 'cursor', seq: origin.seq, cursor: cursor ?? null });
    if (cursor !== undefined) goOn(origin, cursor, branched);
    const written = this.#writer.write([...also, ...rows, ...beside, ...ops, ...told]);
    for (const work of works) this.#rest(work);
    if (freed) this.freedBy(origin.seq);
    return written;
  }

  /** What is written of a message that ended before it was written itself; undefined when something of it goes on. */
  endOf(segment: Segment, also: readonly Op[]): readonly Op[] | undefined {
    const { origin, outs, letters, tally, cursor, kept } = segment;
    if (outs.length + letters.length > 0 || cursor !== undefined || kept) return undefined;
    const { ops } = runOps(origin.run, false, { outs: 0, tally, at: this.#runner.services.clock.now() });
    return [...also, { op: 'end', seq: origin.seq }, ...ops, ...this.#runner.recorder.tell(segment)];
  }

  /** A dead letter holds the key of its message where it last rested, unless the node says to continue (DESIGN 6.6). */
  #letters(origin: Work, letters: readonly DeadLetterRow[]): Op[] {
    const holds = origin.key !== null && this.#runner.unitFor(origin.node, origin.run)?.plan.node.afterDeadLetter !== 'continue';
    return letters.map((letter) => {
      this.#runner.count(letter.node).deadLetters++;
      if (!holds || letter.code === 'queue.full' || letter.kind === 'parked') return { op: 'dead', letter };
      this.#runner.station(origin.node).holdForPerson(origin.key as string);
      return { op: 'dead', letter: { ...letter, holdAt: origin.node, holdKey: origin.key } };
    });
  }

  #settleInMemory(origin: Work, segment: Segment): void {
    const { run } = origin;
    run.pending += segment.outs.length - (segment.cursor === undefined && !segment.kept ? 1 : 0);
    run.completed += segment.tally.completed;
    run.dropped += segment.tally.dropped;
    run.dead += segment.tally.dead;
    for (let i = 0; i < segment.outs.length; i++) this.#rest(this.#workOf(origin, segment.outs[i] as Out, { branched: false, first: false, followed: isFollowed(origin, i) }));
    if (segment.cursor === undefined) this.#endInMemory(run);
    else goOn(origin, segment.cursor, false);
  }

  /** A message of a run in memory mode has ended. */
  leaveRun(run: Run, { completed = 0, dropped = 0, dead = 0, discarded = 0, told = 0 }: Leaving): void {
    run.pending -= completed + dropped + dead + discarded + told;
    run.completed += completed;
    run.dropped += dropped;
    run.dead += dead;
    run.discarded += discarded;
    this.#endInMemory(run);
  }

  #endInMemory(run: Run): void {
    if (run.pending > 0) return;
    this.#runner.keys.ended(run.id, endState(run));
    this.#runner.services.ended(run);
  }

  /** A journalled message stays journalled, whatever the flow's delivery has become since; the first result takes its parent's row. */
  #workOf(origin: Work, out: Out, how: { readonly branched: boolean; readonly first: boolean; readonly followed: boolean }): Work {
    const { journal } = this.#runner.services;
    const { unit, key, body, id } = out.visit;
    const station = this.#runner.station(unit.id);
    const due = out.due === null || key === null ? out.due : Math.max(out.due, station.lastDue.get(key)?.due ?? 0);
    const pos = journal.nextSeq();
    if (due !== null && key !== null) station.lastDue.set(key, { due, pos });
    return atRest({
      seq: origin.seq === 0 || how.first ? origin.seq : journal.nextSeq(), pos, msg: new Msg(body, id, origin.seq === 0 ? undefined : out.visit.text), run: origin.run, node: unit.id, via: out.wire?.id ?? '', wire: out.wire?.count,
      key, lineage: how.followed ? out.visit.lineage : null, parents: origin.parents, receivedAt: origin.receivedAt, branched: how.branched, attempt: 0, crashes: 0, due, resumed: false,
      hops: out.visit.hops, flags: ((how.followed ? origin.flags : origin.flags & ~rowFlag.recorded) & ~rowFlag.missing) | (out.flags ?? 0), cursor: null,
    });
  }

  #rest(work: Work): void {
    const station = this.#runner.station(work.node);
    if (work.due === null) station.arrive(work);
    else station.dues.add(work, work.due);
  }

  /** A message made of a resent dead letter holds the key at the node until it is no more. */
  heldBy(row: number, held: { readonly node: string; readonly key: string }): void { this.#freedBy.set(row, held); }
  forget(): void { this.#freedBy.clear(); }
  frees(row: number): boolean { return this.#freedBy.size > 0 && this.#freedBy.has(row); }
  freedBy(row: number): void {
    const freed = this.#freedBy.get(row);
    if (this.#freedBy.delete(row) && freed) this.#runner.station(freed.node).freeKey(freed.key);
  }
}

const NONE: readonly Op[] = [];
const WRITTEN = Promise.resolve(true);
/** Of very many branches the first ones are recorded. */
const isFollowed = (origin: Work, branch: number): boolean => origin.cursor === null && branch < limits.recordedBranches;
