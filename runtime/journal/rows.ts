import type { Text } from '../flow/flow.ts';

/** Plain data that crosses to the journal's thread and lies in its tables. */

/** What a pending message is doing: waiting in its node's queue, in a call, waiting for its due time after a failure, held by the node, or put aside because its key is in work (with its due time when it was held before). */
export const rowState = { queued: 0, started: 1, retrying: 2, held: 3, aside: 4 } as const;
/** recorded: every step of the message is kept for people to see. asBefore: what an earlier run has done already is answered from its record (a replay under the same keys). */
/** `missing`: no message, but word for a join that one of its parts will not come. */
export const rowFlag = { recorded: 1, asBefore: 2, missing: 4 } as const;
export type RowState = (typeof rowState)[keyof typeof rowState];

/** One pending message. `seq` names the row for its whole life; `pos` is its place in the queue of the node where it is now. */
export interface Row {
  readonly seq: number;
  readonly pos: number;
  readonly id: string;
  readonly run: string;
  readonly flow: string;
  readonly node: string;
  /** The wire it came by, or the output port when `node` is the source that accepted it. */
  readonly via: string;
  readonly parents: string | null;
  /** What its id would be if nothing but forks, ports, rounds and parts gave new ones: the same where nodes were added to its way or taken from it. Empty: the id of its run; null: unknown. */
  readonly lineage: string | null;
  readonly key: string | null;
  readonly receivedAt: number;
  readonly revision: number;
  /** ms since 1970; null when nothing is waited for. */
  readonly due: number | null;
  readonly attempt: number;
  readonly crashes: number;
  readonly state: RowState;
  /** 1 when the run has more than this one message, so that its counter is in `runs`. */
  readonly branched: 0 | 1;
  /** Feedback wires that the message has passed. */
  readonly hops: number;
  /** Bits of `rowFlag` that go with the message along its whole way. */
  readonly flags: number;
  /** Of a message that its node turns into very many: how many of them have left already; null for any other. */
  readonly cursor: number | null;
  readonly body: string;
}

/** A message set aside for a person, with its failure. */
export interface DeadLetterRow {
  readonly kind: 'failed' | 'unknown' | 'parked';
  readonly revision: number;
  readonly via: string;
  readonly parents: string | null;
  readonly lineage: string | null;
  /** The node whose queue it holds, and for which key: newer messages of the key wait there. Null when it holds nothing. */
  readonly holdAt: string | null;
  readonly holdKey: string | null;
  /** Place of the message in the queue where it rested: resent there it goes before everything behind it. */
  readonly pos: number;
  readonly edited: 0 | 1;
  readonly id: string;
  readonly run: string;
  readonly flow: string;
  readonly node: string;
  readonly at: number;
  readonly attempts: number;
  readonly code: string;
  readonly text: Text;
  readonly details: string;
  readonly key: string | null;
  readonly receivedAt: number;
  readonly body: string;
}

export interface StoredLetter extends DeadLetterRow { readonly seq: number }
export interface DeadLetterQuery {
  readonly flow?: string;
  readonly node?: string;
  readonly code?: string;
  readonly kind?: DeadLetterRow['kind'];
  readonly key?: string;
  readonly run?: string;
  readonly since?: number;
  readonly until?: number;
}

/** A key that waits at a node: for a person, behind a dead letter, or for the message that a resent dead letter became. */
export interface KeyHold { readonly flow: string; readonly node: string; readonly key: string; readonly at: number; readonly letter: number | null; readonly row: number | null }

/** Messages at rest at a node where nothing takes them any more become dead letters, some at a time, in the order in which they would have been taken. */
export interface Parking {
  readonly flow: string;
  readonly node: string;
  /** `all`: whatever rests there. `wires`: what came by a wire, not what the node accepted as a source. `kept`: what its windows have gathered. */
  readonly what: 'all' | 'wires' | 'kept';
  /** Rows that are at work, and end by themselves. */
  readonly except: readonly number[];
  /** Messages of runs that began on these revisions stay. */
  readonly spared: readonly number[];
  readonly at: number;
  readonly code: string;
  readonly text: Text;
  /** For a message whose call an end of the process interrupted. */
  readonly unknown: { readonly code: string; readonly text: Text };
  readonly atMost: number;
}
export interface Parked {
  readonly count: number;
  /** There may be more. */
  readonly more: boolean;
  /** Keys that one of them held, made of a resent dead letter. */
  readonly freed: readonly { readonly row: number; readonly node: string; readonly key: string }[];
  /** Keys of windows that are no more. */
  readonly windows: readonly string[];
}

/** What rests at a node. `started`: in a call, or interrupted in one when nobody has taken the flow over yet. */
export interface Resting { readonly node: string; readonly queued: number; readonly waiting: number; readonly aside: number; readonly kept: number; readonly started: number }

/** What a cancelled run had pending, in windows too, and the run itself when nothing of it is left. `flow`: null when there was nothing. */
export interface CancelledRun { readonly flow: string | null; readonly kept: readonly { readonly node: string; readonly window: string }[]; readonly rows: readonly { readonly seq: number; readonly node: string; readonly state: RowState; readonly key: string | null }[]; readonly ended: readonly EndedRun[] }

export interface EndedRun {
  readonly id: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly completed: number;
  readonly dropped: number;
  readonly dead: number;
  /** By a person. */
  readonly discarded: number;
}

/** What one transaction told of runs, in the journal and read. */
export interface OutboxRow { readonly id: number; readonly runs: string; readonly steps: string | null }
export interface OutboxRows { readonly batches: OutboxRow[]; readonly more: boolean }
export interface OutboxBatch { readonly id: number; readonly runs: readonly EndedRun[]; readonly steps: readonly string[] }

/** How many messages of a run ended in each way, and how many more are pending, by one commit. */
export interface RunChange {
  readonly run: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
  readonly at: number;
  /** Messages pending before this commit, when this commit makes the counter; null when it exists. */
  readonly opens: number | null;
  readonly pending: number;
  readonly completed: number;
  readonly dropped: number;
  readonly dead: number;
}

/** Kept by a collecting node until its window closes. */
export interface WindowChange {
  readonly flow: string;
  readonly node: string;
  readonly key: string;
  /** null removes the window and what it kept. */
  readonly state: string | null;
  readonly closeAt: number | null;
  /** Id of the message that opened it: with node and key it names the window for ever. */
  readonly first: string;
}
export interface WindowRow { readonly flow: string; readonly node: string; readonly key: string; readonly state: string; readonly closeAt: number | null; readonly first: string }
export interface KeptRow { readonly flow: string; readonly node: string; readonly window: string; readonly pos: number; readonly id: string; readonly run: string; readonly revision: number; readonly receivedAt: number; readonly branched: 0 | 1; readonly flags: number; readonly body: string }

/** The one word for how a run ended. */
export function endState(tally: Pick<EndedRun, 'completed' | 'dropped' | 'dead' | 'discarded'>): 'completed' | 'dropped' | 'dead-lettered' | 'discarded' {
  if (tally.dead > 0) return 'dead-lettered';
  if (tally.discarded > 0) return 'discarded';
  return tally.completed === 0 && tally.dropped > 0 ? 'dropped' : 'completed';
}

/** How the run of a caller's key ended; 0 while it has not. */
export const endCodes = { completed: 1, 'dead-lettered': 2, dropped: 3, discarded: 4 } as const;
export type EndCode = 0 | (typeof endCodes)[keyof typeof endCodes];

/** A value of a flow's context: of a node, or of the flow itself where the node is ''. Where the flow is '' it belongs to all. A value of null is none. */
export interface ContextRow { readonly flow: string; readonly node: string; readonly key: string; readonly value: string | null; readonly at: number }

/** A caller's Idempotency-Key and what became of it (DESIGN 6.9). */
export interface AnswerRow { readonly scope: string; readonly key: string; readonly bodyHash: string; readonly run: string; readonly at: number; readonly answer: string | null; readonly ended: EndCode }

/** One change. All of a commit are applied, or none. */
export type Op =
  | { readonly op: 'save'; readonly row: Row }
  | { readonly op: 'begin'; readonly seq: number; readonly attempt: number }
  /** `calm`: a call has ended with a known outcome, so that earlier crashes no longer tell anything. */
  | { readonly op: 'wait'; readonly seq: number; readonly due: number | null; readonly attempt: number; readonly state: RowState; readonly calm?: true }
  | { readonly op: 'end'; readonly seq: number }
  /** A planned end of the process breaks off the calls of a flow: what came of them is unknown, but they are not to blame for it. */
  | { readonly op: 'break-off'; readonly flow: string }
  /** So many have left of the very many that a row's node makes of it; null: all. Beside the row, which may be large. */
  | { readonly op: 'cursor'; readonly seq: number; readonly cursor: number | null }
  | { readonly op: 'dead'; readonly letter: DeadLetterRow }
  /** `becomes`: the row of the message that it was made into again; null when it is discarded. */
  | { readonly op: 'letter-gone'; readonly seq: number; readonly becomes: number | null }
  | { readonly op: 'letter-edited'; readonly seq: number; readonly body: string }
  | { readonly op: 'key-free'; readonly flow: string; readonly node: string; readonly key: string }
  | { readonly op: 'key-free-by'; readonly row: number }
  | { readonly op: 'run'; readonly change: RunChange }
  | { readonly op: 'ended'; readonly run: EndedRun }
  | { readonly op: 'window'; readonly change: WindowChange }
  | { readonly op: 'keep'; readonly kept: KeptRow }
  /** A window keeps nothing any more. */
  | { readonly op: 'unkeep'; readonly flow: string; readonly node: string; readonly window: string }
  /** What nodes did, as text that only the reader of the outbox understands: on disk together with the results that it tells of. */
  | { readonly op: 'steps'; readonly steps: string }
  | { readonly op: 'context'; readonly row: ContextRow }
  | { readonly op: 'park'; readonly parking: Parking }
  /** `ended`: how its run did; completed where nothing else is said. */
  | { readonly op: 'answered'; readonly run: string; readonly answer: string | null; readonly at: number; readonly ended?: EndCode };

/** What must be so for the commit to be applied. */
export interface Guard {
  /** Dead letters of which at least one must still be there: two persons never resend one. */
  readonly letters?: readonly number[];
  /** Not accepted before. */
  readonly event?: { readonly flow: string; readonly node: string; readonly id: string; readonly run: string; readonly at: number };
  readonly answer?: { readonly scope: string; readonly key: string; readonly bodyHash: string; readonly run: string; readonly at: number };
}

export interface Commit {
  readonly ops: readonly Op[];
  readonly guard?: Guard;
  /** A new acceptance: rejected when the disk is full, while everything else waits and is tried again. */
  readonly acceptance?: boolean;
}

/** What a commit found or caused. */
export interface CommitResult {
  /** The event was accepted before, by this run; nothing of the commit was applied. */
  readonly duplicateOf?: string;
  /** The caller's key is known; nothing of the commit was applied. */
  readonly known?: AnswerRow;
  /** All dead letters of the guard are gone; nothing of the commit was applied. */
  readonly letterGone?: true;
  /** Of several dead letters of the guard those that are gone; the commit was applied. */
  readonly without?: readonly number[];
  readonly parked?: Parked;
  /** Runs whose last message ended by this commit. */
  readonly ended: readonly EndedRun[];
}
