import { decodeBody, encodeBody } from '../journal/codec.ts';
import { rowState, type Op, type Row } from '../journal/rows.ts';
import type { Lineage } from './lineage.ts';
import type { Services } from './services.ts';
import type { Draft } from './state-draft.ts';
import type { WireCount } from './unit.ts';
import type { Body } from '../sdk/message.ts';
import type { Stream } from './stream.ts';

/** Everything caused by one delivered message. The counters are used in memory mode only; in durable mode the journal counts. */
export interface Run {
  readonly id: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
  pending: number;
  completed: number;
  dropped: number;
  dead: number;
  /** By a person. */
  discarded: number;
}

/** A message at rest. */
export class Msg {
  readonly body: Body;
  readonly id: string;
  #text: string | undefined;

  constructor(body: Body, id: string, text?: string) {
    this.body = body;
    this.id = id;
    this.#text = text;
  }
  /** The same under the id that it had before. */
  named(id: string): Msg { return id === this.id ? this : new Msg(this.body, id, this.#text); }
  /** The body as JSON text, made at most once. */
  get text(): string { return (this.#text ??= encodeBody(this.body)); }
}

/** A message at work before it is written: what comes of it waits for that, or is written with it where that is its end. */
export interface Accepting {
  /** Its commit is not made yet. */
  open: boolean;
  /** What is written of its end, when that has come already. */
  ended?: readonly Op[] | undefined;
  /** Whether it could be written. */
  readonly written: Promise<boolean>;
}

/** One message at rest at a node: in its queue, in a call, or waiting for its due time. */
export interface Work {
  /** Its row in the journal; 0 in memory mode. */
  readonly seq: number;
  readonly pos: number;
  msg: Msg;
  readonly run: Run;
  readonly node: string;
  readonly via: string;
  readonly key: string | null;
  lineage: Lineage;
  readonly parents: readonly string[];
  readonly receivedAt: number;
  branched: boolean;
  /** Counts of the wire that it came by; none for what a source accepted. */
  readonly wire: WireCount | undefined;
  /** Calls of this node for this message that count as attempts. */
  attempt: number;
  crashes: number;
  /** Under suspicion of ending the process while it is at work; undefined before and after. */
  alone?: boolean | undefined;
  due: number | null;
  /** It is at work before it is written. */
  accepting?: Accepting | undefined;
  /** At its station, while it is at work there. */
  slot?: number | undefined;
  /** Tells the call that it is in to stop. */
  aborter?: AbortController | undefined;
  /** The revision that works on it now. */
  on?: { leave(): void } | undefined;
  /** It was held here by the node, and its time has come. */
  resumed: boolean;
  /** Feedback wires passed. */
  readonly hops: number;
  readonly flags: number;
  /** Of very many that its node makes of it: how many have left. */
  cursor: number | null;
  /** Those that have not left yet. */
  stream?: Stream | undefined;
  /** What the call that has just ended wrote to the context: committed with its results. */
  draft?: Draft | undefined;
  /** Ends its turn to write to the context. */
  endTurn?: (() => void) | undefined;
}

type OnlyAtWork = 'alone' | 'accepting' | 'slot' | 'aborter' | 'on' | 'stream' | 'draft' | 'endTurn';

/** A message that comes to rest. Every one is made here with all its fields: objects of one shape are what the engine is fast with. */
export function atRest(from: Omit<Work, OnlyAtWork>): Work {
  return {
    seq: from.seq, pos: from.pos, msg: from.msg, run: from.run, node: from.node, via: from.via, wire: from.wire, key: from.key, lineage: from.lineage, parents: from.parents, receivedAt: from.receivedAt,
    branched: from.branched, attempt: from.attempt, crashes: from.crashes, due: from.due, resumed: from.resumed, hops: from.hops, flags: from.flags, cursor: from.cursor,
    alone: undefined, accepting: undefined, slot: undefined, aborter: undefined, on: undefined, stream: undefined, draft: undefined, endTurn: undefined,
  };
}

export function workOf(row: Row, wire: WireCount | undefined): Work {
  return atRest({
    seq: row.seq, pos: row.pos, msg: new Msg(decodeBody(row.body), row.id),
    run: { id: row.run, flow: row.flow, revision: row.revision, startedAt: row.receivedAt, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 },
    node: row.node, via: row.via, wire, key: row.key, lineage: row.lineage === '' ? row.run : row.lineage, parents: row.parents === null ? [] : JSON.parse(row.parents) as string[],
    receivedAt: row.receivedAt, branched: row.branched === 1 || row.cursor !== null, attempt: row.attempt, crashes: row.crashes, due: row.due, resumed: row.state === rowState.held || (row.state === rowState.aside && row.due !== null),
    hops: row.hops, flags: row.flags, cursor: row.cursor,
  });
}

/** A row with which a run begins now. Without an id the message is named as its run, without a place it is the last. */
export function beginningRow({ journal, random, clock }: Pick<Services, 'journal' | 'random' | 'clock'>, begin: Pick<Row, 'flow' | 'node' | 'via' | 'key' | 'revision' | 'flags' | 'body'> & Partial<Pick<Row, 'id' | 'pos' | 'parents' | 'lineage' | 'cursor'>>): Row {
  const now = clock.now();
  const run = random.id(now);
  return {
    seq: journal.nextSeq(), pos: begin.pos ?? journal.nextSeq(), id: run, run, parents: null, lineage: '', receivedAt: now, due: null, attempt: 0, crashes: 0,
    state: rowState.queued, branched: 0, hops: 0, cursor: null, ...begin,
  };
}

export function rowOf(work: Work, state: Row['state']): Row {
  return {
    seq: work.seq, pos: work.pos, id: work.msg.id, run: work.run.id, flow: work.run.flow, node: work.node, via: work.via,
    parents: work.parents.length === 0 ? null : JSON.stringify(work.parents), lineage: work.lineage === work.run.id ? '' : work.lineage, key: work.key, receivedAt: work.receivedAt,
    revision: work.run.revision, due: work.due, attempt: work.attempt, crashes: work.crashes, state, branched: work.branched ? 1 : 0,
    hops: work.hops, flags: work.flags, cursor: work.cursor, body: work.msg.text,
  };
}

/** Its node has made so many of it, and makes more. */
export function goOn(origin: Work, cursor: number, branched: boolean): void {
  origin.cursor = cursor;
  origin.branched = branched;
}
