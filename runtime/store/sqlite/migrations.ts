/** The store's tables, step by step; a step is never changed once released. Its number is its place here, from 1. */
export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: 'documents, secrets, env, run history, audit',
    sql: `
      CREATE TABLE drafts (
        flow TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL, version INTEGER NOT NULL,
        updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL, deleted_at INTEGER, deleted_by TEXT) STRICT;
      CREATE TABLE revisions (
        flow TEXT NOT NULL, revision INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
        PRIMARY KEY (flow, revision)) STRICT;
      CREATE TABLE live (flow TEXT PRIMARY KEY, revision INTEGER NOT NULL, enabled INTEGER NOT NULL) STRICT;
      CREATE TABLE connections (
        name TEXT PRIMARY KEY, text TEXT, version INTEGER NOT NULL, updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL) STRICT;
      CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL, updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL) STRICT;
      CREATE TABLE env (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE runs (
        id TEXT PRIMARY KEY, flow TEXT NOT NULL, revision INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
        state TEXT NOT NULL, messages INTEGER NOT NULL) STRICT;
      CREATE INDEX runs_ended ON runs (ended_at, id);
      CREATE INDEX runs_flow_ended ON runs (flow, ended_at, id);
      CREATE INDEX runs_uncommon ON runs (state, ended_at, id) WHERE state <> 'completed';
      CREATE TABLE run_counts (flow TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (flow, state)) STRICT, WITHOUT ROWID;
      CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, details TEXT) STRICT;
      CREATE INDEX audit_at ON audit (at);`,
  },
  {
    name: 'steps of runs',
    sql: `
      CREATE TABLE run_notes (
        run TEXT PRIMARY KEY, at INTEGER NOT NULL, recorded INTEGER NOT NULL, replay_of TEXT, mode TEXT, steps INTEGER NOT NULL, chars INTEGER NOT NULL,
        cut INTEGER NOT NULL, node TEXT, code TEXT, text TEXT) STRICT, WITHOUT ROWID;
      CREATE INDEX run_notes_at ON run_notes (at);
      CREATE INDEX run_notes_replay ON run_notes (replay_of) WHERE replay_of IS NOT NULL;
      CREATE TABLE run_marks (kind TEXT NOT NULL, value TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY (kind, value, run)) STRICT, WITHOUT ROWID;
      CREATE INDEX run_marks_run ON run_marks (run);
      CREATE TABLE run_steps (
        run TEXT NOT NULL, seq INTEGER NOT NULL, flow TEXT NOT NULL, message TEXT NOT NULL, node TEXT NOT NULL, via TEXT NOT NULL, key TEXT, at INTEGER NOT NULL,
        ms REAL NOT NULL, attempt INTEGER NOT NULL, outcome TEXT NOT NULL, rule TEXT, failure TEXT, input TEXT, outputs TEXT, replay TEXT, UNIQUE (run, seq)) STRICT;
      CREATE INDEX run_steps_done ON run_steps (message, node) WHERE outcome IN ('done', 'replayed', 'dropped', 'gathered');
      CREATE TABLE step_total (id INTEGER PRIMARY KEY, chars INTEGER NOT NULL) STRICT;
      INSERT INTO step_total VALUES (1, 0);`,
  },
  { name: 'why a flow was stopped by itself', sql: 'ALTER TABLE live ADD COLUMN blamed INTEGER;' },
  {
    name: 'lineage of messages',
    sql: `
      ALTER TABLE run_steps ADD COLUMN lineage TEXT;
      CREATE INDEX run_steps_lineage ON run_steps (lineage, node) WHERE lineage IS NOT NULL;`,
  },
];
