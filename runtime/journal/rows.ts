import type { Text } from '../flow/flow.ts';

/** Plain data that crosses to the journal's thread and lies in its tables. */

/** What a pending message is doing: waiting in its node's queue, in a call, waiting for its due time after a failure, or held by the node. */
export const rowState = { queued: 0, started: 1, retrying: 2, held: 3 } as const;
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
  readonly correlation: string | null;
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
  /** Bits of `rowFlag`. */
  readonly flags: number;
  /** Of a message that its node turns into very many: how many of them have left already; null for any other. */
  readonly cursor: number | null;
  readonly body: string;
}

/** What is to be known of a message on its whole way. */
export const rowFlag = { recorded: 1, sameKeys: 2, dryRun: 4 } as const;

/** A message parked for a person, with its failure. */
export interface DeadLetterRow {
  readonly kind: 'failed' | 'unknown' | 'parked';
  readonly revision: number;
  readonly via: string;
  readonly parents: string | null;
  /** 1 while newer messages of its key wait behind it. */
  readonly holds: 0 | 1;
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

export interface EndedRun {
  readonly id: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly completed: number;
  readonly dropped: number;
  readonly dead: number;
}

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
export interface KeptRow { readonly flow: string; readonly node: string; readonly window: string; readonly pos: number; readonly id: string; readonly run: string; readonly revision: number; readonly receivedAt: number; readonly branched: 0 | 1; readonly body: string }

/** A caller's Idempotency-Key and what became of it (DESIGN 6.9). */
export interface AnswerRow { readonly scope: string; readonly key: string; readonly bodyHash: string; readonly run: string; readonly at: number; readonly answer: string | null; readonly ended: 0 | 1 }

/** One change. All of a commit are applied, or none. */
export type Op =
  | { readonly op: 'save'; readonly row: Row }
  | { readonly op: 'begin'; readonly seq: number; readonly attempt: number }
  | { readonly op: 'wait'; readonly seq: number; readonly due: number | null; readonly attempt: number; readonly state: RowState }
  | { readonly op: 'end'; readonly seq: number }
  | { readonly op: 'dead'; readonly letter: DeadLetterRow }
  | { readonly op: 'run'; readonly change: RunChange }
  | { readonly op: 'ended'; readonly run: EndedRun }
  | { readonly op: 'window'; readonly change: WindowChange }
  | { readonly op: 'keep'; readonly kept: KeptRow }
  | { readonly op: 'answered'; readonly run: string; readonly answer: string | null; readonly at: number };

/** What must not have been accepted before for the commit to be applied. */
export interface Guard {
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
  /** Runs whose last message ended by this commit. */
  readonly ended: readonly EndedRun[];
}
