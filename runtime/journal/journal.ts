import type { AnswerRow, Commit, CommitResult, DeadLetterRow, EndedRun, KeptRow, Row, WindowRow } from './rows.ts';

/**
 * What survives on a message's path. One runtime owns a journal; its fencing token grows with each owner, and a commit of an
 * earlier owner is refused (`journal.fenced`).
 *
 * Commits are applied in the order of the calls, each whole or not at all. `commit` resolves after its data is on disk.
 */
export interface Journal {
  /** Grows with every opening. */
  readonly token: number;
  /** Names for new rows and places; never given twice. */
  nextSeq(): number;
  commit(commit: Commit): Promise<CommitResult>;

  /** The queue of a node from a place on, in order: rows that wait for nothing, at least one, and no more after their bodies reach `charsMax`. Sees every commit made before the call, as all reads do. */
  page(query: { readonly flow: string; readonly node: string; readonly after: number; readonly limit: number; readonly charsMax: number }): Promise<readonly Row[]>;
  /** Rows that retry or are held and are due from one instant to before another, earliest first. */
  due(query: { readonly flow: string; readonly from: number; readonly before: number }): Promise<readonly Row[]>;
  /** Rows that were in a call when the last owner ended. They become queued again, with one crash more. */
  recoverStarted(flow: string): Promise<void>;
  /** Messages at rest by node, for a flow. */
  counts(flow: string): Promise<readonly { readonly node: string; readonly queued: number; readonly waiting: number }[]>;
  /** Keys of rows that retry, whose newer messages must wait. */
  heldKeys(flow: string): Promise<readonly { readonly node: string; readonly key: string; readonly seq: number }[]>;
  /** The latest due time of each key of held messages: a later message of the key never leaves before it. */
  heldDues(flow: string): Promise<readonly { readonly node: string; readonly key: string; readonly due: number }[]>;

  windows(flow: string): Promise<readonly WindowRow[]>;
  kept(query: { readonly flow: string; readonly node: string; readonly window: string }): Promise<readonly KeptRow[]>;

  pendingRuns(query: { readonly flow?: string; readonly limit: number }): Promise<readonly { readonly run: string; readonly flow: string; readonly revision: number; readonly startedAt: number; readonly messages: number }[]>;
  pendingTotal(flow?: string): Promise<number>;
  deadLetters(query: { readonly flow?: string; readonly after?: number; readonly limit: number }): Promise<readonly (DeadLetterRow & { readonly seq: number })[]>;
  deadLetterCounts(): Promise<readonly { readonly flow: string; readonly node: string; readonly count: number }[]>;
  findAnswer(scope: string, key: string): Promise<AnswerRow | undefined>;

  /** Ended runs that the store has not got yet; `forget` once it has. */
  outbox(limit: number): Promise<readonly { readonly id: number; readonly runs: readonly EndedRun[] }[]>;
  forgetOutbox(upTo: number): Promise<void>;
  /** Removes event ids and answers past their time, and the oldest answers beyond the quota. */
  prune(before: { readonly events: number; readonly answers: number; readonly answerBytes: number }): Promise<void>;
  /** Forgets everything of a flow. */
  removeFlow(flow: string): Promise<void>;

  close(): Promise<void>;
}
