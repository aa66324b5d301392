import type { Commit, CommitResult, EndedRun, Op, Row, RowState } from './rows.ts';

/**
 * Commits and rows as flat lists of primitives, for the way between the threads: there every value is copied, and the names of
 * an object's fields with it, which costs four times as much as the fields themselves.
 */

type Value = string | number | null;
/** `others` holds what is rare and stays as it is. */
export interface Packed { readonly values: readonly Value[]; readonly others: readonly unknown[] }

const SAVE = 0;
const BEGIN = 1;
const WAIT = 2;
const END = 3;
const ENDED = 4;
const OTHER = 5;
const NO_GUARD = -1;

export function packCommits(commits: readonly Commit[]): Packed {
  const values: Value[] = [];
  const others: unknown[] = [];
  for (const { ops, guard } of commits) {
    values.push(ops.length, guard === undefined ? NO_GUARD : others.push(guard) - 1);
    for (const op of ops) packOp(op, values, others);
  }
  return { values, others };
}

function packOp(op: Op, values: Value[], others: unknown[]): void {
  switch (op.op) {
    case 'save': values.push(SAVE); packRow(op.row, values); return;
    case 'begin': values.push(BEGIN, op.seq, op.attempt); return;
    case 'wait': values.push(WAIT, op.seq, op.due, op.attempt, op.state, op.calm ? 1 : 0); return;
    case 'end': values.push(END, op.seq); return;
    case 'ended': {
      const { id, flow, revision, startedAt, endedAt, completed, dropped, dead, discarded } = op.run;
      values.push(ENDED, id, flow, revision, startedAt, endedAt, completed, dropped, dead, discarded);
      return;
    }
    default: values.push(OTHER, others.push(op) - 1);
  }
}

export function unpackCommits({ values, others }: Packed): Commit[] {
  const from = new Reader(values);
  const commits: Commit[] = [];
  while (!from.done) {
    const count = from.number();
    const guard = from.number();
    const ops: Op[] = [];
    for (let i = 0; i < count; i++) ops.push(unpackOp(from, others));
    commits.push(guard === NO_GUARD ? { ops } : { ops, guard: others[guard] as NonNullable<Commit['guard']> });
  }
  return commits;
}

function unpackOp(from: Reader, others: readonly unknown[]): Op {
  switch (from.number()) {
    case SAVE: return { op: 'save', row: unpackRow(from) };
    case BEGIN: return { op: 'begin', seq: from.number(), attempt: from.number() };
    case WAIT: return { op: 'wait', seq: from.number(), due: from.numberOrNull(), attempt: from.number(), state: from.number() as RowState, ...(from.number() === 1 && { calm: true }) };
    case END: return { op: 'end', seq: from.number() };
    case ENDED: return {
      op: 'ended',
      run: { id: from.text(), flow: from.text(), revision: from.number(), startedAt: from.number(), endedAt: from.number(), completed: from.number(), dropped: from.number(), dead: from.number(), discarded: from.number() },
    };
    default: return others[from.number()] as Op;
  }
}

export function packRows(rows: readonly Row[]): readonly Value[] {
  const values: Value[] = [];
  for (const row of rows) packRow(row, values);
  return values;
}

export function unpackRows(values: readonly Value[]): Row[] {
  const from = new Reader(values);
  const rows: Row[] = [];
  while (!from.done) rows.push(unpackRow(from));
  return rows;
}

function packRow(r: Row, values: Value[]): void {
  values.push(r.seq, r.pos, r.id, r.run, r.flow, r.node, r.via, r.parents, r.lineage, r.key, r.receivedAt, r.revision, r.due, r.attempt, r.crashes, r.state, r.branched, r.hops, r.flags, r.cursor, r.body);
}

function unpackRow(from: Reader): Row {
  return {
    seq: from.number(), pos: from.number(), id: from.text(), run: from.text(), flow: from.text(), node: from.text(), via: from.text(),
    parents: from.textOrNull(), lineage: from.textOrNull(), key: from.textOrNull(), receivedAt: from.number(), revision: from.number(),
    due: from.numberOrNull(), attempt: from.number(), crashes: from.number(), state: from.number() as RowState, branched: from.number() as 0 | 1,
    hops: from.number(), flags: from.number(), cursor: from.numberOrNull(), body: from.text(),
  };
}

/** Results that the commits themselves do not tell, with their places. */
export type PackedResults = readonly (readonly [place: number, result: CommitResult])[];

export function packResults(commits: readonly Commit[], results: readonly CommitResult[]): PackedResults {
  return results.flatMap((result, i) => (isPlain(result, commits[i] as Commit) ? [] : [[i, result] as const]));
}

export function unpackResults(commits: readonly Commit[], told: PackedResults): CommitResult[] {
  const results: CommitResult[] = commits.map(({ ops }) => ({ ended: endedBy(ops) }));
  for (const [i, result] of told) results[i] = result;
  return results;
}

const isPlain = (result: CommitResult, { ops }: Commit): boolean => result.known === undefined && result.duplicateOf === undefined && !result.letterGone && result.without === undefined && result.parked === undefined && result.ended.length === endedBy(ops).length;

function endedBy(ops: readonly Op[]): readonly EndedRun[] {
  const [only] = ops;
  // Nearly every commit is one of these two.
  if (ops.length === 1 && only?.op !== 'ended') return NONE;
  if (ops.length === 2 && only?.op === 'end' && ops[1]?.op === 'ended') return [ops[1].run];
  return ops.flatMap((op) => (op.op === 'ended' ? [op.run] : []));
}
const NONE: readonly EndedRun[] = [];

class Reader {
  readonly #values: readonly Value[];
  #at = 0;
  constructor(values: readonly Value[]) { this.#values = values; }
  get done(): boolean { return this.#at >= this.#values.length; }
  number(): number { return this.#values[this.#at++] as number; }
  text(): string { return this.#values[this.#at++] as string; }
  numberOrNull(): number | null { return this.#values[this.#at++] as number | null; }
  textOrNull(): string | null { return this.#values[this.#at++] as string | null; }
}
