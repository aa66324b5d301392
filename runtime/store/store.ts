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

  // Run history: a projection of the journal, newest end first. Adding the same run again changes nothing.
  addRuns(runs: readonly RunRecord[]): Promise<void>;
  listRuns(query: RunQuery): Promise<{ readonly runs: readonly RunRecord[]; readonly next?: string }>;
  findRun(id: string): Promise<RunRecord | undefined>;
  countRuns(flow?: string): Promise<{ readonly [state in RunRecord['state']]: number }>;
  /** Forgets runs that ended before `before`, and the oldest beyond `keep`; at most `atMost` in one call. Answers how many. */
  pruneRuns(before: number, keep: number, atMost: number): Promise<number>;

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
export interface LiveState { readonly revision: number; readonly enabled: boolean }
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
export interface RunQuery { readonly flow?: string; readonly state?: RunRecord['state']; readonly limit: number; readonly after?: string }
export interface AuditEntry { readonly at: number; readonly by: string; readonly action: string; readonly subject: string; readonly details?: string }
