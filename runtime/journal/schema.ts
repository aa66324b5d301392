/** The journal's tables, step by step; a step is never changed once released. */
export const migrations: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE messages (
     seq INTEGER PRIMARY KEY, pos INTEGER NOT NULL, id TEXT NOT NULL, run TEXT NOT NULL, flow TEXT NOT NULL, node TEXT NOT NULL,
     via TEXT NOT NULL, parents TEXT, correlation TEXT, key TEXT, received_at INTEGER NOT NULL, revision INTEGER NOT NULL,
     due INTEGER, attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, state INTEGER NOT NULL, branched INTEGER NOT NULL, body TEXT NOT NULL);
   CREATE INDEX messages_queue ON messages (flow, node, pos) WHERE state = 0;
   CREATE INDEX messages_started ON messages (flow) WHERE state = 1;
   CREATE INDEX messages_due ON messages (flow, due) WHERE state >= 2;
   CREATE TABLE runs (
     run TEXT PRIMARY KEY, flow TEXT NOT NULL, revision INTEGER NOT NULL, started_at INTEGER NOT NULL, pending INTEGER NOT NULL,
     completed INTEGER NOT NULL, dropped INTEGER NOT NULL, dead INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE dead_letters (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, run TEXT NOT NULL, flow TEXT NOT NULL, node TEXT NOT NULL, at INTEGER NOT NULL,
     attempts INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, details TEXT NOT NULL, key TEXT, received_at INTEGER NOT NULL, body TEXT NOT NULL);
   CREATE INDEX dead_letters_flow ON dead_letters (flow, node);
   CREATE TABLE windows (
     flow TEXT NOT NULL, node TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, close_at INTEGER, first TEXT NOT NULL,
     PRIMARY KEY (flow, node, key)) WITHOUT ROWID;
   CREATE TABLE kept (
     flow TEXT NOT NULL, node TEXT NOT NULL, window TEXT NOT NULL, pos INTEGER NOT NULL, id TEXT NOT NULL, run TEXT NOT NULL,
     revision INTEGER NOT NULL, received_at INTEGER NOT NULL, branched INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (flow, node, window, pos)) WITHOUT ROWID;
   CREATE TABLE events (
     flow TEXT NOT NULL, node TEXT NOT NULL, event TEXT NOT NULL, run TEXT NOT NULL, at INTEGER NOT NULL,
     PRIMARY KEY (flow, node, event)) WITHOUT ROWID;
   CREATE INDEX events_at ON events (at);
   CREATE TABLE answers (
     scope TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL, run TEXT NOT NULL, at INTEGER NOT NULL, answer TEXT, ended INTEGER NOT NULL,
     PRIMARY KEY (scope, key)) WITHOUT ROWID;
   CREATE INDEX answers_run ON answers (run);
   CREATE INDEX answers_at ON answers (at);
   CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, runs TEXT NOT NULL);`,
  `ALTER TABLE messages ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE messages ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE messages ADD COLUMN cursor INTEGER;
   ALTER TABLE dead_letters ADD COLUMN kind TEXT NOT NULL DEFAULT 'failed';
   ALTER TABLE dead_letters ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE dead_letters ADD COLUMN via TEXT NOT NULL DEFAULT '';
   ALTER TABLE dead_letters ADD COLUMN parents TEXT;
   ALTER TABLE dead_letters ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE dead_letters ADD COLUMN pos INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX dead_letters_at ON dead_letters (at);
   CREATE TABLE key_holds (flow TEXT NOT NULL, node TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, letter INTEGER, row INTEGER);
   CREATE INDEX key_holds_place ON key_holds (flow, node, key);
   CREATE INDEX key_holds_letter ON key_holds (letter);
   CREATE INDEX key_holds_row ON key_holds (row);
   DROP INDEX messages_due;
   CREATE INDEX messages_due ON messages (flow, node, due, pos) WHERE state IN (2, 3);
   CREATE INDEX messages_aside ON messages (flow, node, key, pos) WHERE state = 4;
   ALTER TABLE runs ADD COLUMN discarded INTEGER NOT NULL DEFAULT 0;`,
  `ALTER TABLE outbox ADD COLUMN steps TEXT;
   ALTER TABLE kept ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX messages_recorded ON messages (run) WHERE flags <> 0;`,
  `CREATE TABLE cursors (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL);`,
  `CREATE INDEX kept_run ON kept (run);`,
  `CREATE TABLE context (flow TEXT NOT NULL, node TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (flow, node, key));`,
  `ALTER TABLE messages RENAME COLUMN correlation TO lineage;
   ALTER TABLE dead_letters ADD COLUMN lineage TEXT;`,
];
