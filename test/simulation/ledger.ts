import type { Request } from '../../runtime/journal/port.ts';
import { rowFlag, type CancelledRun, type CommitResult, type DeadLetterRow, type EndedRun, type KeptRow, type Op, type Row } from '../../runtime/journal/rows.ts';
import { decodeBody } from '../../runtime/journal/codec.ts';
import type { Body } from '../../runtime/sdk/index.ts';
import type { StepRecord } from '../../runtime/store/store.ts';
import { Holds } from './holds.ts';
import { Repeats } from './repeats.ts';

/**
 * What really happened, written down outside of the runtime and over all its lives: what the disk holds, what was called, what
 * arrived. Whatever can be judged at once is judged at once; the rest is the oracle's.
 */

/** How a run began: with a message that a source accepted, or with one that is done again: a replay, which keeps no place among others, or a dead letter, which keeps its own while its key waits behind it. */
export interface Accepted { readonly run: string; readonly node: string; readonly path: string; /** So many of what its node makes of it had left before. */ readonly cursor: number; readonly place: { readonly source: string; readonly order: number } | undefined }
export interface Visit { readonly run: string; readonly node: string; readonly path: string }
export interface CallStart extends Visit { readonly key: string | undefined; readonly idempotencyKey: string; readonly attempt: number; readonly body: Body; readonly id: string; readonly signal: AbortSignal }
export interface Gathered { readonly node: string; readonly carrier: string; readonly parts: ReadonlySet<string>; readonly path: string }

/** How far a message has come: every node of the simulation writes itself behind it. What was caught says where it failed. */
export function pathOf(body: Body): string {
  const failedAt = (body.error as { readonly node?: string } | undefined)?.node;
  return String(body.path) + (failedAt === undefined ? '' : `!${failedAt}`);
}
export const visitKey = ({ run, node, path }: Visit): string => `${run}|${node}|${path}`;

/** What is begun by a commit: a message at rest, or one that has ended already and has left no more than its steps. */
function begun(op: Op): readonly (Pick<Row, 'run' | 'node' | 'body'> & Partial<Pick<Row, 'cursor'>>)[] {
  if (op.op === 'save') return [op.row];
  if (op.op !== 'steps') return [];
  return (JSON.parse(op.steps) as StepRecord[]).flatMap(({ outcome, run, node, input }) => (outcome === 'accepted' && input !== null ? [{ run, node, body: input }] : []));
}

export class Ledger {
  readonly rows = new Map<number, Row>();
  readonly kept = new Map<string, KeptRow>();
  readonly accepted = new Map<string, Accepted>();
  readonly ended = new Map<string, EndedRun[]>();
  readonly letters = new Map<string, DeadLetterRow[]>();
  readonly arrived = new Set<string>();
  readonly gathered: Gathered[] = [];
  /** Parts that a join has not kept: it had them already, or their whole had left. */
  readonly passed = new Map<string, 'taken' | 'late'>();
  /** Runs of parts of a whole that left in another run: how each of them ended is not reckoned. */
  readonly crossed = new Set<string>();
  /** Wholes that have left their join. */
  readonly wholes = new Set<string>();
  /** Words for joins that went with a run that a person cancelled. */
  readonly wordsDiscarded = new Map<string, number>();
  /** Messages that went with their run when a person cancelled it, with how many a node had made of it by then; in memory mode nobody sees which. */
  readonly discarded = new Map<string, number>();
  readonly cancelled = new Set<string>();
  readonly violations: string[] = [];
  readonly trace: string[] = [];
  /** Memory mode promises less: nothing of it is on disk before it ends. */
  durable = true;
  /** When the flow was without a node: messages at rest there were parked, and nothing led there. */
  readonly spansWithout: { readonly node: string; readonly from: number; to: number }[] = [];
  readonly #began = new Map<string, number>();
  readonly #endedAt = new Map<string, number>();
  now: () => number = () => 0;
  readonly #cancelledRows = new Set<number>();
  readonly holds = new Holds((text) => { this.violated(text); });
  readonly repeats = new Repeats((text) => { this.violated(text); });
  readonly #underWay = new Set<CallStart>();
  readonly #failures = new Map<string, number>();
  readonly #lastOrder = new Map<string, number>();
  readonly #doneOutside = new Map<string, number>();
  readonly #events = new Map<string, string>();
  readonly #callers = new Map<string, string>();
  readonly #answers = new Map<string, string>();

  note(text: string): void { this.trace.push(`${String(this.now()).padStart(8)} ${text}`); }
  violated(text: string): void {
    this.note(`VIOLATED ${text}`);
    this.violations.push(text);
  }

  // The disk

  asked(query: Request & { kind: 'query' }): void {
    if (query.name === 'recover') this.#recoverStarted();
  }

  applied(request: Exclude<Request, { kind: 'close' }>, value: unknown): void {
    if (request.kind === 'query') { this.#runCancelled(String(request.args[0]), value as CancelledRun); return; }
    const results = value as readonly CommitResult[];
    request.commits.forEach(({ ops, guard, acceptance }, i) => {
      const result = results[i] as CommitResult;
      if (result.duplicateOf !== undefined || result.known || result.letterGone) return;
      for (const op of ops) this.#applied(op);
      const resent = guard?.letters !== undefined;
      if (guard?.answer) this.#keyTaken(`${guard.answer.scope} ${guard.answer.key}`, guard.answer.run);
      for (const op of ops) if (op.op === 'steps') this.repeats.told(JSON.parse(op.steps) as StepRecord[]);
      if (acceptance || resent) this.#accepted(ops, guard?.event?.id);
      for (const run of result.ended) this.runEnded(run);
    });
  }

  runEnded(run: EndedRun): void {
    this.note(`run ${run.id} ended: completed ${run.completed}, dropped ${run.dropped}, dead ${run.dead}, discarded ${run.discarded}`);
    this.#endedAt.set(run.id, this.now());
    this.ended.set(run.id, [...(this.ended.get(run.id) ?? []), run]);
  }

  #applied(op: Op): void {
    if (op.op === 'save') this.#saved(op.row);
    else if (op.op === 'end') this.rows.delete(op.seq);
    else if (op.op === 'begin') this.#patch(op.seq, { state: 1, attempt: op.attempt, due: null });
    else if (op.op === 'wait') this.#patch(op.seq, { state: op.state, attempt: op.attempt, due: op.due });
    else if (op.op === 'cursor' && this.rows.has(op.seq)) this.#patch(op.seq, { cursor: op.cursor });
    else if (op.op === 'dead') this.#letter(op.letter);
    else if (op.op === 'key-free') this.holds.freed(op.node, op.key);
    else if (op.op === 'keep') this.kept.set(`${op.kept.node}|${op.kept.window}|${op.kept.pos}`, op.kept);
    else if (op.op === 'window' && op.change.state === null) for (const key of this.kept.keys()) if (key.startsWith(`${op.change.node}|${op.change.key}|`)) this.kept.delete(key);
    if (this.durable && (op.op === 'end' || op.op === 'save')) this.#noCallLeftBehind(op);
  }

  #saved(row: Row): void {
    this.rows.set(row.seq, row);
    this.repeats.saved(row);
  }

  /** What the journal has parked by itself: rows and kept messages that have become dead letters. */
  parked(letters: readonly DeadLetterRow[]): void {
    for (const letter of letters) {
      const isIt = ({ id, run, node }: Pick<Row, 'id' | 'run' | 'node'>): boolean => id === letter.id && run === letter.run && node === letter.node;
      const row = [...this.rows.values()].find(isIt);
      const kept = [...this.kept].find(([, each]) => isIt(each));
      if (row) this.rows.delete(row.seq);
      else if (kept) this.kept.delete(kept[0]);
      else continue;
      this.#letter(letter);
    }
  }
  /** Whether the flow was without the node at some time of the run. */
  wasWithout(node: string, run: string): boolean {
    const [began, ended] = [this.#began.get(run) ?? 0, this.#endedAt.get(run) ?? Infinity];
    return this.spansWithout.some((span) => span.node === node && began <= span.to && ended >= span.from);
  }

  #patch(seq: number, change: Partial<Row>): void {
    const row = this.rows.get(seq);
    if (row) this.rows.set(seq, { ...row, ...change });
    else if (!this.#cancelledRows.has(seq)) this.violated(`row ${seq} is changed after it is gone`);
  }

  /** All that was pending of it is gone, wherever it was, and nothing else. */
  #runCancelled(run: string, gone: CancelledRun): void {
    const rows = [...this.rows.values()].filter((row) => row.run === run);
    const kept = [...this.kept].filter(([, each]) => each.run === run);
    this.note(`run ${run} is cancelled: ${rows.length} messages, ${kept.length} kept in windows`);
    if (gone.rows.length !== rows.length || gone.kept.length !== kept.length) this.violated(`cancelling ${run} discards ${gone.rows.length} messages and ${gone.kept.length} kept ones, ${rows.length} and ${kept.length} were pending`);
    if (!this.durable || rows.length + kept.length > 0) this.cancelled.add(run);
    for (const { seq } of rows) {
      this.rows.delete(seq);
      this.#cancelledRows.add(seq); // a change of it may be on its way
    }
    for (const [key] of kept) this.kept.delete(key);
    this.wordsDiscarded.set(run, (this.wordsDiscarded.get(run) ?? 0) + rows.filter(({ flags }) => (flags & rowFlag.missing) !== 0).length);
    for (const { node, body, cursor } of [...rows, ...kept.map(([, each]) => ({ ...each, cursor: null }))]) this.discarded.set(visitKey({ run, node, path: pathOf(decodeBody(body)) }), cursor ?? 0);
    for (const call of this.#underWay) if (call.run === run) this.#underWay.delete(call);
    for (const ended of gone.ended) this.runEnded(ended);
  }

  #letter(letter: DeadLetterRow): void {
    const key = visitKey({ run: letter.run, node: letter.node, path: pathOf(decodeBody(letter.body)) });
    this.note(`dead letter ${key} ${letter.code}`);
    this.letters.set(key, [...(this.letters.get(key) ?? []), letter]);
    this.holds.letter(key, letter);
  }

  #recoverStarted(): void {
    for (const [seq, row] of this.rows) if (row.state === 1) this.rows.set(seq, { ...row, state: 0 });
  }

  #accepted(ops: readonly Op[], event: string | undefined): void {
    for (const { run, node, body, cursor } of ops.flatMap(begun)) {
      if (this.accepted.has(run)) continue;
      const path = pathOf(decodeBody(body));
      const again = this.repeats.modeOf(run);
      const before = event === undefined ? undefined : this.#events.get(event);
      if (before !== undefined) this.violated(`event ${event} is accepted a second time by run ${run}, before by ${before}`);
      if (event !== undefined) this.#events.set(event, run);
      if (again === 'resend' && !this.repeats.isAsBefore(run) && !this.letters.has(visitKey({ run: this.repeats.resentFrom(run) ?? '', node, path }))) this.repeats.elsewhere(run);
      this.#began.set(run, this.now());
      this.accepted.set(run, { run, node, path, cursor: cursor ?? 0, place: again === undefined ? { source: node, order: this.accepted.size } : this.#placeOf(run, node, path) });
      this.note(`${again ?? 'accepted'} ${run} at ${node}: ${path}`);
    }
  }

  /** A dead letter that was resent to its node while it held its key goes before all that waited for it. */
  #placeOf(run: string, node: string, path: string): Accepted['place'] {
    const of = this.repeats.resentFrom(run);
    return of !== undefined && this.holds.hasHeld(visitKey({ run: of, node, path })) ? this.accepted.get(of)?.place : undefined;
  }

  /** A caller's own key starts one run. */
  #keyTaken(key: string, run: string): void {
    const before = this.#callers.get(key);
    if (before !== undefined) this.violated(`the caller's key ${key} starts run ${run}, and started ${before} before`);
    this.#callers.set(key, run);
  }

  /** All that callers are ever told under one key is the same. */
  answered(key: string, answer: string): void {
    this.note(`answered ${key}: ${answer}`);
    const before = this.#answers.get(key) ?? answer;
    this.#answers.set(key, before);
    if (before !== answer) this.violated(`the caller's key ${key} is answered ${answer}, and was answered ${before} before`);
  }

  #noCallLeftBehind(op: Op): void {
    for (const call of this.#underWay) {
      if (call.signal.aborted) continue;
      const stays = [...this.rows.values()].some((row) => row.id === call.id && row.node === call.node);
      if (!stays) this.violated(`a call of ${visitKey(call)} is under way, and its row is gone by ${op.op}`);
    }
  }

  // What nodes do

  callStarted(call: CallStart): void {
    this.note(`call ${visitKey(call)} attempt ${call.attempt} key ${call.key ?? '-'}`);
    if (this.durable && ![...this.rows.values()].some((row) => row.id === call.id && row.node === call.node && row.state === 1)) this.violated(`${visitKey(call)} is called while the disk does not say so`);
    this.#expectAccepted(call);
    this.repeats.called(call);
    this.#attemptsAdmissible(call);
    if (call.key !== undefined) {
      for (const other of this.#underWay) if (!other.signal.aborted && other.node === call.node && other.key === call.key) this.violated(`${visitKey(call)} is called while ${visitKey(other)} of the same key is`);
    }
    for (const other of this.#underWay) {
      const isSame = !other.signal.aborted && other.node === call.node && other.path === call.path && !call.path.includes('/join') && this.repeats.isSame(call.run, other.run);
      if (isSame) this.violated(`${visitKey(call)} is called while ${other.run} does the same work`);
    }
    const begun = this.accepted.get(call.run);
    const isResent = begun?.node === call.node && begun.path === call.path && this.repeats.resentFrom(call.run) !== undefined;
    if (!isResent) this.holds.called(call);
    this.#inOrder(call);
    this.#underWay.add(call);
  }

  callEnded(call: CallStart): void { this.#underWay.delete(call); }

  failedByItself(call: CallStart): void { this.#count(this.#failures, visitKey(call)); }

  effect(call: CallStart, external: boolean): void {
    this.note(`effect ${visitKey(call)}`);
    if (external && this.#count(this.#doneOutside, visitKey(call)) > 1) this.violated(`${visitKey(call)} happened twice at a node that is never called again by itself`);
  }

  arrivedAt(visit: Visit, body: Body): void {
    this.note(`arrived ${visitKey(visit)}`);
    this.#inOrder({ ...visit, body });
    this.arrived.add(visitKey(visit));
  }

  /** A join is told of what will not come: it waits for its time only while parts of the whole, or words of them, are under way. Parts that come again after their whole has left wait for nobody. */
  waitedLong(whole: string): void {
    if (!this.durable || this.cancelled.size > 0 || this.wholes.has(whole)) return;
    // A join that was away itself was told of nothing meanwhile.
    if (this.spansWithout.some(({ node }) => node.startsWith('join'))) return;
    if (![...this.rows.values()].some(({ body }) => body.includes(whole))) this.violated(`a join waited in vain for a part of ${whole}`);
  }

  /** The process ended: no call is under way any more. That is no attempt of any message. */
  processEnded(): void {
    this.#underWay.clear();
    this.#lastOrder.clear();
  }

  #count(map: Map<string, number>, key: string): number {
    const next = (map.get(key) ?? 0) + 1;
    map.set(key, next);
    return next;
  }

  #expectAccepted(visit: Visit): void {
    if (this.durable && !this.accepted.has(visit.run)) this.violated(`${visitKey(visit)} is acted on, and was never accepted`);
  }

  #attemptsAdmissible(call: CallStart): void {
    const most = 1 + (this.#failures.get(visitKey(call)) ?? 0);
    if (call.attempt > most) this.violated(`${visitKey(call)} is at attempt ${call.attempt}, and has failed ${most - 1} times by itself`);
  }

  /** Messages that had the same keys at every place of the same way come in the order of their acceptance, in each life. */
  #inOrder({ run, node, path, body }: Visit & { readonly body: Body }): void {
    const { place } = this.accepted.get(run) ?? {};
    if (body.ordered !== true || place === undefined) return;
    const { source, order } = place;
    const lane = `${source}|${node}|${path.replace(/^\d+/, '')}|${String(body.k)}|${String(body.k2)}`;
    const last = this.#lastOrder.get(lane) ?? -1;
    if (order < last) this.violated(`${visitKey({ run, node, path })} comes after a later message of its key`);
    this.#lastOrder.set(lane, Math.max(last, order));
  }
}
