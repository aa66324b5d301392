import type { Reread } from './key-order.ts';
import type { AnswerRow, CancelledRun, Commit, CommitResult, ContextRow, DeadLetterQuery, KeptRow, KeyHold, OutboxBatch, Parking, Resting, Row, StoredLetter, WindowRow } from './rows.ts';

/** `waiting`: nothing can be written now, and it is tried again; `damaged`: nothing is written until a person has mended the file. */
export type JournalHealth = { readonly state: 'well' } | { readonly state: 'waiting' | 'damaged'; readonly reason: string };

/**
 * What survives on a message's path. One runtime owns a journal; its fencing token grows with each owner, and a commit of an
 * earlier owner is refused (`journal.fenced`).
 *
 * Commits are applied in the order of the calls, each whole or not at all. `commit` resolves after its data is on disk.
 */
export interface Journal {
  /** Grows with every opening. */
  readonly token: number;
  /** Ends of the process in a row that nobody planned, before this life. */
  readonly unplannedEnds: number;
  readonly health: JournalHealth;
  /** Names for new rows and places; never given twice. */
  nextSeq(): number;
  commit(commit: Commit): Promise<CommitResult>;

  /** The queue of a node from a place on, in order: rows that wait for nothing, at least one, and no more after their bodies reach `charsMax`. Sees every commit made before the call, as all reads do. */
  page(query: { readonly flow: string; readonly node: string; readonly after: number; readonly limit: number; readonly charsMax: number }): Promise<readonly Row[]>;
  /** Rows of a node that retry or are held, in order of their due times, from behind a place on. */
  due(query: { readonly flow: string; readonly node: string; readonly after: { readonly due: number; readonly pos: number }; readonly limit: number }): Promise<readonly Row[]>;
  /** Rows of a key that were put aside, in order. */
  aside(query: { readonly flow: string; readonly node: string; readonly key: string; readonly limit: number }): Promise<readonly Row[]>;
  /** Rows that were in a call when the last owner ended become queued again, with one crash more; so do those put aside whose key is in work no more. */
  recover(flow: string): Promise<void>;
  /** Messages at rest by node, for a flow; those put aside are in `asideKeys`. */
  counts(flow: string): Promise<readonly { readonly node: string; readonly queued: number; readonly waiting: number }[]>;
  /** Everything that rests by node, for a flow. */
  atRest(flow: string): Promise<readonly Resting[]>;
  /** Before queues are read anew in the middle of a life: messages of a key of which some are put aside are put aside all, so that they come back in order. */
  asideTogether(reread: Reread): Promise<void>;
  /** The next messages of a node's queue that such a parking would take, but for those that are being made into very many. */
  parkable(parking: Parking): Promise<readonly Row[]>;
  /** Revisions on which pending runs began: for the deploy of a pinned flow. One look at every message. */
  pendingRevisions(flow: string): Promise<readonly number[]>;
  /** Which of these revisions have pending runs. Looks at one message of each, as long as that is pending. */
  pendingOn(flow: string, revisions: readonly number[]): Promise<readonly number[]>;
  asideKeys(flow: string): Promise<readonly { readonly node: string; readonly key: string; readonly count: number }[]>;
  /** Keys of rows that retry, whose newer messages must wait. */
  retryingKeys(flow: string): Promise<readonly { readonly node: string; readonly key: string }[]>;
  /** Keys that wait behind a dead letter, or behind what it became; oldest first. */
  keyHolds(flow: string): Promise<readonly KeyHold[]>;
  /** The last of each key's held messages: a later message of the key never leaves before it. */
  heldDues(flow: string): Promise<readonly { readonly node: string; readonly key: string; readonly due: number; readonly pos: number }[]>;

  windows(flow: string): Promise<readonly WindowRow[]>;
  kept(query: { readonly flow: string; readonly node: string; readonly window: string }): Promise<readonly KeptRow[]>;

  /** Everything that a flow's context holds; of '' what belongs to all flows. */
  context(flow: string): Promise<readonly ContextRow[]>;

  /** Also of what windows have gathered. Newest first; `among` finds in queues only what is recorded. */
  pendingRuns(query: { readonly flow?: string; readonly among?: readonly string[]; readonly limit: number }): Promise<readonly { readonly run: string; readonly flow: string; readonly revision: number; readonly startedAt: number; readonly messages: number }[]>;
  /** Recorded messages of a run, and those in windows, by their places; the bodies are left out. */
  pendingOf(run: string, limit: number): Promise<readonly Pick<Row, 'id' | 'node' | 'state' | 'attempt' | 'due'>[]>;
  /** Runs of which something is pending, among the newest messages; `more`: there are older ones. */
  pendingRunCount(flow?: string): Promise<{ readonly runs: number; readonly more: boolean }>;
  pendingTotal(flow?: string): Promise<number>;
  /** Takes everything of a run away that is pending in queues, calls, waits and windows. A disk that refuses is waited for, as with a commit. */
  cancelRun(run: string, at: number): Promise<CancelledRun>;
  /** Newest first. */
  deadLetters(query: DeadLetterQuery & { readonly after?: number; readonly limit: number }): Promise<readonly StoredLetter[]>;
  findDeadLetter(seq: number): Promise<StoredLetter | undefined>;
  deadLetterTotal(query: DeadLetterQuery): Promise<number>;
  deadLetterCounts(): Promise<readonly { readonly flow: string; readonly node: string; readonly count: number }[]>;
  /** Forgets dead letters of before an instant, at most so many; answers how many by node. One that holds a key stays. */
  pruneDeadLetters(before: number, atMost: number): Promise<readonly { readonly flow: string; readonly node: string; readonly count: number }[]>;
  findAnswer(scope: string, key: string): Promise<AnswerRow | undefined>;

  /** Ended runs that the store has not got yet, about so much text of them; `forget` once it has. */
  outbox(chars: number): Promise<{ readonly batches: readonly OutboxBatch[]; readonly more: boolean }>;
  forgetOutbox(upTo: number): Promise<void>;
  /** Removes event ids and answers past their time, and the oldest answers beyond the quota. */
  prune(before: { readonly events: number; readonly answers: number; readonly answerBytes: number }): Promise<void>;
  /** Forgets everything of a flow. */
  removeFlow(flow: string): Promise<void>;

  /** This life goes well: earlier ends are no sign of anything any more. */
  calmed(): Promise<void>;
  /** Flows that were in a call when the last owner ended, with how many of their messages are dead letters since an instant because the process ended at their calls. Before `recover`. */
  crashing(since: number): Promise<readonly { readonly flow: string; readonly blamed: number }[]>;
  /** Everything committed before is in the journal's one file, and that file stays as it is until `thaw`: commits go on beside it. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;

  close(): Promise<void>;
}
