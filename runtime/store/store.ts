import type { Text } from '../flow/flow.ts';

/**
 * Documents that people look at and change. One interface, several databases, one conformance suite.
 * Each method is atomic by itself; there is no transaction over two of them (DESIGN 9).
 */
export interface Store {
  // Drafts: what an editor saves. `version` counts saves.
  listDrafts(): Promise<readonly DraftSummary[]>;
  findDraft(flow: string): Promise<Draft | undefined>;
  /** Saves when `expected` is the stored version (0: there is none, or a deleted one whose versions count on); answers the new version, or `conflict` with the stored one. */
  saveDraft(flow: string, save: VersionedSave): Promise<{ version: number } | { conflict: number }>;
  /** Keeps the flow for 30 days under the same id, out of the list. */
  deleteDraft(flow: string, by: string, at: number): Promise<boolean>;
  restoreDraft(flow: string): Promise<boolean>;
  /** Deleted flows that can still be restored, last deleted first. */
  listDeletedDrafts(): Promise<readonly (DraftSummary & { readonly deletedAt: number; readonly deletedBy: string })[]>;
  /** Forgets a deleted flow with its revisions; false when it is not deleted. Safe to repeat after a crash half way. */
  forgetDeletedDraft(flow: string): Promise<boolean>;

  // Revisions: immutable, numbered from 1 within a flow.
  addRevision(flow: string, made: Stamp & { readonly text: string }): Promise<number>;
  listRevisions(flow: string, limit: number): Promise<readonly RevisionSummary[]>;
  findRevision(flow: string, revision: number): Promise<Revision | undefined>;
  /** Which revision runs; `enabled: false` is a stopped flow. */
  setLive(flow: string, live: LiveState): Promise<void>;
  findLive(flow: string): Promise<LiveState | undefined>;
  listLive(): Promise<readonly (LiveState & { readonly flow: string })[]>;

  // Connections of the project, by name; text is canonical JSON of one ConnectionDocument.
  listConnections(): Promise<readonly { readonly name: string; readonly text: string; readonly version: number }[]>;
  saveConnection(name: string, save: VersionedSave): Promise<{ version: number } | { conflict: number }>;
  deleteConnection(name: string): Promise<boolean>;

  // Secrets: sealed bytes only; the key never reaches the store.
  listSecrets(): Promise<readonly { readonly name: string; readonly updatedAt: number; readonly updatedBy: string }[]>;
  findSecret(name: string): Promise<Uint8Array | undefined>;
  saveSecret(name: string, save: Stamp & { readonly sealed: Uint8Array }): Promise<void>;
  deleteSecret(name: string): Promise<boolean>;

  // Project environment, by name; JSON text.
  listEnv(): Promise<readonly { readonly name: string; readonly value: string }[]>;
  saveEnv(name: string, value: string): Promise<void>;
  deleteEnv(name: string): Promise<boolean>;

  // Run history: a projection of the journal, newest end first. Adding the same run or step again changes nothing.
  addRuns(runs: readonly RunRecord[]): Promise<void>;
  listRuns(query: RunQuery): Promise<{ readonly runs: readonly StoredRun[]; readonly next?: string }>;
  findRun(id: string): Promise<StoredRun | undefined>;
  countRuns(flow?: string): Promise<{ readonly [state in RunRecord['state']]: number }>;
  /** What nodes did with messages of runs, ended or not. Of one run no more than `stepsOfRun` are kept. */
  addSteps(steps: readonly StepRecord[], stepsOfRun: number): Promise<void>;
  /** In the order in which they were made; `node` alone, or all. */
  listSteps(run: string, limit: number, node?: string): Promise<readonly StepRecord[]>;
  /** What is noted of runs, ended or not; nothing for one of which no step is kept. */
  notesOf(runs: readonly string[]): Promise<ReadonlyMap<string, RunNote>>;
  /** Runs that have not ended, as far as is noted: those that fit the filter, newest first. */
  listUnended(query: Pick<RunQuery, 'node' | 'code' | 'key' | 'limit'>): Promise<readonly string[]>;
  /** The step in which a node was done with a message; one that was turned away at its input is still to be done. */
  findDone(message: string, node: string): Promise<StepRecord | undefined>;
  /** The messages of a lineage, whatever ids stand behind its name, that came to a node, and of each whether the node was done with it; of those that were turned away nothing. */
  listKin(lineage: string, node: string): Promise<readonly Kin[]>;
  /** Runs that repeat this one, newest first. */
  listReplays(run: string, limit: number): Promise<readonly { readonly id: string; readonly startedAt: number; readonly mode: string }[]>;
  /** Forgets runs that ended before `before`, and the oldest beyond `keep`, with their steps; at most `atMost` in one call. Answers how many. */
  pruneRuns(before: number, keep: number, atMost: number): Promise<number>;
  /** Forgets the steps of the runs that began before `before`, and of the oldest while there is more text than `chars`; of at most `atMost` runs in one call. Answers of how many. */
  pruneSteps(before: number, chars: number, atMost: number): Promise<number>;
  /** Gives some of the room of what was forgotten back to the disk. */
  shrink(): Promise<void>;

  // Audit
  audit(entry: AuditEntry): Promise<void>;
  /** Newest first. A page holds every entry of its last instant, so it may be longer than `limit`. */
  listAudit(limit: number, before?: number): Promise<readonly AuditEntry[]>;
  pruneAudit(before: number): Promise<number>;

  close(): Promise<void>;
}

/** Who changed it, and when. */
export interface Stamp { readonly by: string; readonly at: number }
/** A text that is saved only over the version `expected`. */
export interface VersionedSave extends Stamp { readonly text: string; readonly expected: number }
export interface DraftSummary { readonly flow: string; readonly name: string; readonly version: number; readonly updatedAt: number; readonly updatedBy: string }
export interface Draft extends DraftSummary { readonly text: string }
export interface RevisionSummary { readonly revision: number; readonly at: number; readonly by: string }
export interface Revision extends RevisionSummary { readonly text: string }
export interface LiveState { readonly revision: number; readonly enabled: boolean; /** Of one that was stopped by itself: the messages at whose calls the process ended. */ readonly blamed?: number }
export interface RunRecord {
  readonly id: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How it ended: `dead-lettered` when any branch did. */
  readonly state: 'completed' | 'dropped' | 'dead-lettered' | 'discarded';
  /** Messages that ended in it. */
  readonly messages: number;
}
/** What the steps of a run tell about all of it. */
export interface RunNote {
  /** Its path is kept from the beginning; without, only what failed. */
  readonly recorded: boolean;
  /** Some steps are not kept. */
  readonly cut: boolean;
  readonly failure?: { readonly node: string; readonly code: string; readonly text: Text };
  readonly replayOf?: string;
}
export interface StoredRun extends RunRecord, Partial<RunNote> {}
export interface RunQuery {
  readonly flow?: string;
  readonly state?: RunRecord['state'];
  /** A node that failed in it, a code with which something failed, a key of one of its messages. */
  readonly node?: string;
  readonly code?: string;
  readonly key?: string;
  readonly id?: string;
  /** Of its end, ms since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly after?: string;
}
/** Rules by which a message ends at a node that has not had it: its queue is full, it is disabled. */
export const turnedAway = ['queue.full', 'disabled'] as const;

/** What one node did with one message at one attempt. Bodies are the journal's text; null for one that was too large to be kept. */
export interface StepRecord {
  readonly run: string;
  /** Unique and growing within a run. */
  readonly seq: number;
  readonly flow: string;
  readonly message: string;
  /** Names the message wherever nodes are added to its way or taken from it; null: unknown. */
  readonly lineage: string | null;
  readonly node: string;
  readonly via: string;
  readonly key: string | null;
  readonly at: number;
  readonly ms: number;
  readonly attempt: number;
  readonly outcome: 'accepted' | 'done' | 'replayed' | 'retried' | 'failed' | 'dropped' | 'held' | 'gathered' | 'missing' | 'dead-lettered';
  readonly rule?: string;
  readonly failure?: { readonly code: string; readonly text: Text };
  readonly input: string | null;
  readonly outputs?: { readonly [port: string]: StepOutput };
  /** Steps after it are not kept. */
  readonly cut?: true;
  /** Of the step that began a replay: the run that it repeats, and how. */
  readonly replay?: { readonly of: string; readonly mode: string };
}
export interface Kin { readonly message: string; readonly done: boolean }
/** How many messages left a port, and the first ones of them. */
export interface StepOutput { readonly count: number; readonly bodies: readonly (string | null)[] }
export interface AuditEntry { readonly at: number; readonly by: string; readonly action: string; readonly subject: string; readonly details?: string }
