import { DatabaseSync } from 'node:sqlite';
import { assert } from '../assert.ts';
import { limits } from '../limits.ts';
import { ClockMark } from './clock-mark.ts';
import { fold, type RowOutcome } from './coalesce.ts';
import { asideTogether, inOrderAgain, type Reread } from './key-order.ts';
import { Letters } from './letters.ts';
import { Parker } from './parker.ts';
import { endCodes, endState, type AnswerRow, type CancelledRun, type Commit, type CommitResult, type ContextRow, type DeadLetterQuery, type EndedRun, type KeptRow, type KeyHold, type Op, type OutboxRow, type OutboxRows, type Parked, type Parking, type Resting, type Row, type RowState, type RunChange, type StoredLetter, type WindowChange, type WindowRow } from './rows.ts';
import { PendingRevisions } from './pending-revisions.ts';
import { migrations } from './schema.ts';
import { Sql } from './sql.ts';

const ROW = 'seq, pos, id, run, flow, node, via, parents, lineage, key, received_at AS receivedAt, revision, due, attempt, crashes, state, branched, hops, flags, (SELECT at FROM cursors WHERE cursors.seq = messages.seq) AS cursor, body';
const ADD = `INSERT INTO messages VALUES (${'?, '.repeat(20)}?)`;
const SAVE = ADD.replace('INSERT', 'INSERT OR REPLACE');
const PATCH = 'UPDATE messages SET due = ?, attempt = ?, state = ? WHERE seq = ?';
const PATCH_CALM = 'UPDATE messages SET due = ?, attempt = ?, state = ?, crashes = 0 WHERE seq = ?';

// Where a message was before it was at work: what had waited for its time goes on at once, and is not held anew.
const AS_BEFORE = 'state = CASE WHEN due IS NULL THEN 0 ELSE 3 END';

/** What a transaction tells the run history. */
interface News { readonly ended: EndedRun[]; readonly steps: string[] }
/** What a transaction writes once at its end, however often it changed on the way. */
interface Outcomes { readonly rows: Map<number, RowOutcome>; readonly windows: Map<string, WindowChange> }

/** Thrown when a later owner has opened the same journal. */
export class Fenced extends Error {
  override name = 'Fenced';
}

/** The journal's SQLite file, synchronous: lives in the journal's thread, or in memory for tests. Power-safe: WAL, synchronous=FULL. */
export class JournalDatabase {
  readonly #db: DatabaseSync;
  readonly #sql: Sql;
  readonly #letters: Letters;
  readonly #parker: Parker;
  readonly #revisions: PendingRevisions;
  readonly #clock: ClockMark;
  readonly token: number;
  readonly lastSeq: number;
  /** Ends of the process in a row before this opening that nobody planned. */
  readonly unplannedEnds: number;
  /** Some caller's key may still be in progress; spares every other runtime the look. */
  #keysOpen: boolean;
  /** The highest number given to a row so far. One with a higher number is added without a look for what it might replace, which costs a quarter of the write. */
  #highest: number;

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: 2000 });
    // One owner: the lock is taken at once and kept, so that a second runtime on the same folder is told so.
    this.#db.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY');
    this.thaw();
    this.#sql = new Sql(this.#db);
    this.#letters = new Letters(this.#sql);
    this.#revisions = new PendingRevisions(this.#sql);
    this.#parker = new Parker({ sql: this.#sql, letters: this.#letters, changeRun: (change, ended) => this.#changeRun(change, ended) });
    this.#db.exec('BEGIN IMMEDIATE');
    this.#migrate();
    this.#keysOpen = this.#sql.number('SELECT count(*) AS n FROM answers WHERE ended = 0') > 0;
    this.token = this.#bump('token');
    this.unplannedEnds = this.#bump('lives') - 1;
    // Written with every transaction; places are not looked for, because of a million rows none is indexed by place alone.
    this.lastSeq = Math.max(this.#sql.number('SELECT max(seq) AS n FROM messages'), this.#meta('seq'));
    this.#highest = this.lastSeq;
    this.#clock = new ClockMark(this.#sql);
    this.#db.exec('COMMIT');
  }

  /** Applies the commits in one transaction, at an instant of the wall clock. A fenced or failing transaction leaves nothing behind. */
  apply(commits: readonly Commit[], lastSeq: number, at = 0): CommitResult[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      if (this.#meta('token') !== this.token) throw new Fenced('the journal has a newer owner');
      const outcomes: Outcomes = { rows: new Map(), windows: new Map() };
      const news: News = { ended: [], steps: [] };
      const results = commits.map((commit) => this.#applyOne(commit, outcomes, news));
      this.#writeAll(outcomes);
      this.#tell(news);
      this.#sql.run(`INSERT INTO meta VALUES ('seq', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, lastSeq);
      this.#clock.passed(at);
      this.#db.exec('COMMIT');
      this.#highest = Math.max(this.#highest, lastSeq);
      for (const seq of outcomes.rows.keys()) if (seq > this.#highest) this.#highest = seq;
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #tell({ ended, steps }: News): void {
    if (ended.length + steps.length > 0) this.#sql.run('INSERT INTO outbox (runs, steps) VALUES (?, ?)', JSON.stringify(ended), steps.length === 0 ? null : JSON.stringify(steps));
    // A caller's key whose run has ended is no longer in progress, answered or not.
    if (this.#keysOpen) for (const run of ended) this.#sql.run('UPDATE answers SET ended = ? WHERE run = ? AND ended = 0', endCodes[endState(run)], run.id);
  }

  #applyOne(commit: Commit, outcomes: Outcomes, news: News): CommitResult {
    const { letters = [] } = commit.guard ?? {};
    const without = letters.filter((seq) => !this.#letters.exists(seq));
    if (letters.length > 0 && without.length === letters.length) return { letterGone: true, ended: [] };
    const seen = this.#guard(commit);
    if (seen) return seen;
    const ended: EndedRun[] = [];
    let parked: Parked | undefined;
    for (const op of commit.ops) {
      if (op.op === 'steps') news.steps.push(op.steps);
      else if (op.op === 'park') {
        this.#flush(outcomes);
        parked = this.#parker.park(op.parking, ended);
      } else if (op.op === 'break-off') {
        this.#flush(outcomes);
        this.#sql.run(`UPDATE messages SET ${AS_BEFORE}, crashes = max(crashes, 1), attempt = attempt - 1 WHERE flow = ? AND state = 1`, op.flow);
      } else this.#applyOp(op, outcomes, ended);
    }
    news.ended.push(...ended);
    return { ended, ...(parked && { parked }), ...(without.length > 0 && { without }) };
  }

  /** Writes what the transaction has done to rows so far, for what reads them in it. */
  #flush(outcomes: Outcomes): void {
    this.#writeAll(outcomes);
    for (const seq of outcomes.rows.keys()) if (seq > this.#highest) this.#highest = seq;
    outcomes.rows.clear();
    outcomes.windows.clear();
  }

  /** What was accepted before, the recorded answer first; when nothing was, event and key are taken by this commit. */
  #guard({ guard }: Commit): CommitResult | undefined {
    const known = guard?.answer && this.findAnswer(guard.answer.scope, guard.answer.key);
    if (known) return { known, ended: [] };
    const event = guard?.event;
    const before = event && this.#sql.get<{ run: string }>('SELECT run FROM events WHERE flow = ? AND node = ? AND event = ?', event.flow, event.node, event.id);
    if (before) return { duplicateOf: before.run, ended: [] };
    if (event) this.#sql.run('INSERT INTO events VALUES (?, ?, ?, ?, ?)', event.flow, event.node, event.id, event.run, event.at);
    if (guard?.answer) {
      const { scope, key, bodyHash, run, at } = guard.answer;
      this.#sql.run('INSERT INTO answers VALUES (?, ?, ?, ?, ?, NULL, 0)', scope, key, bodyHash, run, at);
      this.#keysOpen = true;
    }
    return undefined;
  }

  #applyOp(op: Exclude<Op, { op: 'steps' | 'park' | 'break-off' }>, { rows, windows }: Outcomes, ended: EndedRun[]): void {
    switch (op.op) {
      case 'save': rows.set(op.row.seq, fold(undefined, op)); return;
      case 'begin': case 'wait': case 'end': rows.set(op.seq, fold(rows.get(op.seq), op)); return;
      case 'cursor': this.#setCursor(op.seq, op.cursor); return;
      case 'dead': this.#letters.add(op.letter); return;
      case 'letter-gone': this.#letters.remove(op.seq, op.becomes); return;
      case 'letter-edited': this.#letters.edit(op.seq, op.body); return;
      case 'key-free': this.#letters.free(op.flow, op.node, op.key); return;
      case 'key-free-by': this.#letters.freeBy(op.row); return;
      case 'context': this.#setContext(op.row); return;
      case 'ended': ended.push(op.run); return;
      case 'run': this.#changeRun(op.change, ended); return;
      case 'answered':
        this.#sql.run('UPDATE answers SET answer = coalesce(answer, ?), ended = ?, at = ? WHERE run = ?', op.answer, op.ended ?? 1, op.at, op.run);
        return;
      case 'unkeep': this.#sql.run('DELETE FROM kept WHERE flow = ? AND node = ? AND window = ?', op.flow, op.node, op.window); return;
      case 'keep': {
        const k = op.kept;
        this.#sql.run('INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', k.flow, k.node, k.window, k.pos, k.id, k.run, k.revision, k.receivedAt, k.branched, k.body, k.flags);
        return;
      }
      case 'window': {
        const w = op.change;
        if (w.state === null) {
          windows.delete(nameOf(w));
          this.#sql.run('DELETE FROM windows WHERE flow = ? AND node = ? AND key = ?', w.flow, w.node, w.key);
          this.#sql.run('DELETE FROM kept WHERE flow = ? AND node = ? AND window = ?', w.flow, w.node, w.key);
        } else windows.set(nameOf(w), w);
      }
    }
  }

  #changeRun(c: RunChange, ended: EndedRun[]): void {
    if (c.opens !== null) this.#sql.run('INSERT INTO runs VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0) ON CONFLICT (run) DO UPDATE SET pending = pending + excluded.pending', c.run, c.flow, c.revision, c.startedAt, c.opens);
    const now = this.#sql.get<{ pending: number; completed: number; dropped: number; dead: number; discarded: number }>(
      'UPDATE runs SET pending = pending + ?, completed = completed + ?, dropped = dropped + ?, dead = dead + ? WHERE run = ? RETURNING pending, completed, dropped, dead, discarded',
      c.pending, c.completed, c.dropped, c.dead, c.run);
    assert(now && now.pending >= 0, `run ${c.run} has a counter that never falls below zero`);
    if (now.pending > 0) return;
    this.#sql.run('DELETE FROM runs WHERE run = ?', c.run);
    ended.push({ id: c.run, flow: c.flow, revision: c.revision, startedAt: c.startedAt, endedAt: c.at, completed: now.completed, dropped: now.dropped, dead: now.dead, discarded: now.discarded });
  }

  #writeAll({ rows, windows }: Outcomes): void {
    for (const w of windows.values()) this.#sql.run('INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?)', w.flow, w.node, w.key, w.state, w.closeAt, w.first);
    const gone: number[] = [];
    for (const [seq, outcome] of rows) {
      if (outcome.kind === 'save') this.#save(outcome.row);
      else if (outcome.kind === 'patch') this.#sql.run(outcome.calm ? PATCH_CALM : PATCH, outcome.due, outcome.attempt, outcome.state, seq);
      else if (seq <= this.#highest) gone.push(seq);
    }
    if (gone.length > 0) this.#sql.run('DELETE FROM messages WHERE seq IN (SELECT value FROM json_each(?))', JSON.stringify(gone));
  }

  #save(r: Row): void {
    this.#sql.run(r.seq > this.#highest ? ADD : SAVE, r.seq, r.pos, r.id, r.run, r.flow, r.node, r.via, r.parents, r.lineage, r.key, r.receivedAt, r.revision, r.due, r.attempt, r.crashes, r.state, r.branched, r.body, r.hops, r.flags, null);
    if (r.cursor !== null) this.#setCursor(r.seq, r.cursor);
  }

  #setCursor(seq: number, cursor: number | null): void {
    if (cursor === null) this.#sql.run('DELETE FROM cursors WHERE seq = ?', seq);
    else this.#sql.run('INSERT OR REPLACE INTO cursors VALUES (?, ?)', seq, cursor);
  }

  #setContext({ flow, node, key, value, at }: ContextRow): void {
    if (value === null) this.#sql.run('DELETE FROM context WHERE flow = ? AND node = ? AND key = ?', flow, node, key);
    else this.#sql.run('INSERT OR REPLACE INTO context VALUES (?, ?, ?, ?, ?)', flow, node, key, value, at);
  }

  page(q: { flow: string; node: string; after: number; limit: number; charsMax: number }): Row[] {
    const rows: Row[] = [];
    let chars = 0;
    const found = this.#sql.statement(`SELECT ${ROW} FROM messages WHERE flow = ? AND node = ? AND pos > ? AND state = 0 ORDER BY pos LIMIT ?`).iterate(q.flow, q.node, q.after, q.limit);
    for (const row of found as Iterable<Row>) {
      rows.push(row);
      chars += row.body.length;
      if (chars >= q.charsMax) break;
    }
    return rows;
  }
  due(q: { flow: string; node: string; after: { due: number; pos: number }; limit: number }): Row[] {
    return this.#sql.all<Row>(`SELECT ${ROW} FROM messages WHERE flow = ? AND node = ? AND (due, pos) > (?, ?) AND state IN (2, 3) ORDER BY due, pos LIMIT ?`, q.flow, q.node, q.after.due, q.after.pos, q.limit);
  }
  aside(q: { flow: string; node: string; key: string; limit: number }): Row[] {
    return this.#sql.all<Row>(`SELECT ${ROW} FROM messages WHERE flow = ? AND node = ? AND key = ? AND state = 4 ORDER BY pos LIMIT ?`, q.flow, q.node, q.key, q.limit);
  }
  recover(flow: string, now: number): void {
    this.#sql.transaction(() => {
      this.#clock.begins(now);
      // Counted before the call; an end of the process is no failure of the message (DESIGN 6.5).
      this.#sql.run(`UPDATE messages SET ${AS_BEFORE}, crashes = crashes + 1, attempt = attempt - 1 WHERE flow = ? AND state = 1`, flow);
      this.#sql.run('DELETE FROM key_holds WHERE flow = ? AND row IS NOT NULL AND row NOT IN (SELECT seq FROM messages)', flow);
      this.#sql.run('DELETE FROM cursors WHERE seq NOT IN (SELECT seq FROM messages)');
      inOrderAgain(this.#sql, flow);
    });
  }
  counts(flow: string): { node: string; queued: number; waiting: number }[] {
    const queued = this.#sql.all<{ node: string; n: number }>('SELECT node, count(*) AS n FROM messages WHERE flow = ? AND state = 0 GROUP BY node', flow);
    const waiting = this.#sql.all<{ node: string; n: number }>('SELECT node, count(*) AS n FROM messages WHERE flow = ? AND state IN (2, 3) GROUP BY node', flow);
    const nodes = new Map<string, { node: string; queued: number; waiting: number }>();
    for (const each of queued) nodes.set(each.node, { node: each.node, queued: each.n, waiting: 0 });
    for (const each of waiting) nodes.set(each.node, { node: each.node, queued: nodes.get(each.node)?.queued ?? 0, waiting: each.n });
    return [...nodes.values()];
  }
  atRest(flow: string): Resting[] { return this.#parker.atRest(flow); }
  asideTogether(reread: Reread): void { asideTogether(this.#sql, reread); }
  parkable(parking: Parking): Row[] { return this.#parker.parkable(parking); }
  pendingRevisions(flow: string): number[] { return this.#revisions.all(flow); }
  pendingOn(flow: string, revisions: readonly number[]): number[] { return revisions.filter((revision) => this.#revisions.isPending(flow, revision)); }
  asideKeys(flow: string): { node: string; key: string; count: number }[] {
    return this.#sql.all('SELECT node, key, count(*) AS count FROM messages WHERE flow = ? AND state = 4 GROUP BY node, key', flow);
  }
  retryingKeys(flow: string): { node: string; key: string }[] {
    return this.#sql.all('SELECT node, key FROM messages WHERE flow = ? AND state = 2 AND key IS NOT NULL', flow);
  }
  keyHolds(flow: string): KeyHold[] { return this.#letters.holds(flow); }
  heldDues(flow: string): { node: string; key: string; due: number; pos: number }[] {
    return this.#sql.all(LAST_HELD_OF_EACH_KEY, flow);
  }
  windows(flow: string): WindowRow[] {
    return this.#sql.all('SELECT flow, node, key, state, close_at AS closeAt, first FROM windows WHERE flow = ?', flow);
  }
  kept(q: { flow: string; node: string; window: string }): KeptRow[] {
    return this.#sql.all('SELECT flow, node, window, pos, id, run, revision, received_at AS receivedAt, branched, body, flags FROM kept WHERE flow = ? AND node = ? AND window = ? ORDER BY pos', q.flow, q.node, q.window);
  }
  context(flow: string): ContextRow[] { return this.#sql.all('SELECT flow, node, key, value, at FROM context WHERE flow = ?', flow); }
  pendingRuns(q: { flow?: string; among?: readonly string[]; limit: number }): { run: string; flow: string; revision: number; startedAt: number; messages: number }[] {
    const select = (from: string): string => `SELECT run, flow, revision, min(received_at) AS startedAt, count(*) AS messages FROM ${from} GROUP BY run ORDER BY startedAt DESC LIMIT ?3`;
    if (q.among) return this.#sql.all(select(PENDING_AMONG), q.flow ?? null, JSON.stringify(q.among), q.limit);
    return this.#sql.all(select(NEWEST_PENDING), q.flow ?? null, limits.pendingLookedAtMax, q.limit);
  }
  /** `more`: there are older ones that were not looked at. */
  pendingRunCount(flow?: string): { runs: number; more: boolean } {
    const { runs = 0, kept = 0, rows = 0 } = this.#sql.get<{ runs: number; kept: number; rows: number }>(`SELECT count(DISTINCT run) AS runs, sum(is_kept) AS kept, count(*) AS rows FROM ${NEWEST_PENDING}`, flow ?? null, limits.pendingLookedAtMax) ?? {};
    return { runs, more: Math.max(kept, rows - kept) === limits.pendingLookedAtMax };
  }
  pendingOf(run: string, limit: number): Pick<Row, 'id' | 'node' | 'state' | 'attempt' | 'due'>[] {
    return this.#sql.all(PENDING_OF, run, limit);
  }
  pendingTotal(flow?: string): number {
    return flow === undefined ? this.#sql.number('SELECT count(*) AS n FROM messages') : this.#sql.number('SELECT count(*) AS n FROM messages WHERE flow = ?', flow);
  }
  cancelRun(run: string, at: number): CancelledRun {
    return this.#sql.transaction(() => {
      const rows = this.#sql.all<{ seq: number; node: string; state: RowState; key: string | null; flow: string; revision: number; startedAt: number }>(
        'DELETE FROM messages WHERE run = ? RETURNING seq, node, state, key, flow, revision, received_at AS startedAt', run);
      const kept = this.#parker.takeKept(run);
      const first = rows[0] ?? kept[0];
      if (!first) return { flow: null, rows: [], kept: [], ended: [] };
      this.#sql.run('DELETE FROM key_holds WHERE row IN (SELECT value FROM json_each(?))', JSON.stringify(rows.map(({ seq }) => seq)));
      const ended: EndedRun[] = [];
      const { flow, revision, startedAt } = first;
      // One that is being made into very many has a counter without its row saying so.
      if (this.#sql.number('SELECT count(*) AS n FROM runs WHERE run = ?', run) === 0) ended.push({ id: run, flow, revision, startedAt, endedAt: at, completed: 0, dropped: 0, dead: 0, discarded: 1 });
      else {
        this.#sql.run('UPDATE runs SET discarded = discarded + ? WHERE run = ?', rows.length + kept.length, run);
        this.#changeRun({ run, flow, revision, startedAt, at, opens: null, pending: -rows.length - kept.length, completed: 0, dropped: 0, dead: 0 }, ended);
      }
      this.#tell({ ended, steps: [] });
      return { flow, rows: rows.map(({ seq, node, state, key }) => ({ seq, node, state, key })), kept: kept.map(({ node, window }) => ({ node, window })), ended };
    });
  }
  deadLetters(q: DeadLetterQuery & { after?: number; limit: number }): StoredLetter[] { return this.#letters.list(q); }
  findDeadLetter(seq: number): StoredLetter | undefined { return this.#letters.find(seq); }
  deadLetterTotal(q: DeadLetterQuery): number { return this.#letters.total(q); }
  deadLetterCounts(): { flow: string; node: string; count: number }[] { return this.#letters.counts(); }
  pruneDeadLetters(before: number, atMost: number): { flow: string; node: string; count: number }[] { return this.#letters.prune(before, atMost); }
  findAnswer(scope: string, key: string): AnswerRow | undefined {
    return this.#sql.get('SELECT scope, key, body_hash AS bodyHash, run, at, answer, ended FROM answers WHERE scope = ? AND key = ?', scope, key);
  }
  /** The runs as text: who reads them parses them, not this thread, for which every commit waits. */
  outbox(chars: number): OutboxRows {
    const batches: OutboxRow[] = [];
    let left = chars;
    for (const row of this.#sql.each<OutboxRow>('SELECT id, runs, steps FROM outbox ORDER BY id')) {
      batches.push(row);
      left -= row.runs.length + (row.steps?.length ?? 0);
      if (left <= 0) return { batches, more: true };
    }
    return { batches, more: false };
  }
  forgetOutbox(upTo: number): void {
    this.#sql.run('DELETE FROM outbox WHERE id <= ?', upTo);
  }
  prune(before: { events: number; answers: number; answerBytes: number }): void {
    this.#sql.run('DELETE FROM events WHERE at < ?', before.events);
    this.#sql.run('DELETE FROM answers WHERE at < ? AND (ended > 0 OR run NOT IN (SELECT run FROM messages))', before.answers);
    this.#sql.run(PRUNE_ANSWERS_OVER_QUOTA, before.answerBytes);
  }
  removeFlow(flow: string): void {
    for (const table of ['messages', 'runs', 'windows', 'kept', 'events', 'dead_letters', 'key_holds', 'context']) this.#sql.run(`DELETE FROM ${table} WHERE flow = ?`, flow);
  }
  crashing(since: number): { flow: string; blamed: number }[] {
    return this.#sql.all("SELECT flow, count(*) AS blamed FROM dead_letters WHERE at >= ? AND code = 'call.crashed' AND flow IN (SELECT flow FROM messages WHERE state = 1) GROUP BY flow", since);
  }
  freeze(): void {
    const { busy, log } = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number; log: number };
    assert(busy === 0 && log <= 0, 'the one connection of the journal reads nothing while it is frozen');
    this.#db.exec('PRAGMA wal_autocheckpoint=0');
  }
  thaw(): void { this.#db.exec('PRAGMA wal_autocheckpoint=4000'); }
  /** This life goes well: whatever ends it is the first end that nobody planned. */
  calmed(): void { this.#setLives(1); }
  close(): void {
    this.#setLives(0);
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  #migrate(): void {
    const { user_version: from } = this.#db.prepare('PRAGMA user_version').get() as { user_version: number };
    assert(from <= migrations.length, 'the journal was written by a newer version of Millrace: start that one, or restore a backup from before the update');
    for (const step of migrations.slice(from)) this.#db.exec(step);
    this.#db.exec(`PRAGMA user_version = ${migrations.length}`);
  }
  #setLives(lives: number): void { this.#sql.run(`UPDATE meta SET value = ? WHERE name = 'lives'`, lives); }
  #bump(name: string): number {
    const next = this.#meta(name) + 1;
    this.#sql.run('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', name, next);
    return next;
  }
  #meta(name: string): number {
    return this.#sql.number('SELECT value AS n FROM meta WHERE name = ?', name);
  }
}

const nameOf = ({ flow, node, key }: WindowChange): string => `${flow}/${node}/${key}`;
// The newest only: grouping a million rows would stop the journal's thread.
// In queues, calls and waits, and in windows. Names of runs are in the order of their time.
const NEWEST_PENDING = `(
  SELECT * FROM (SELECT run, flow, revision, received_at, 0 AS is_kept FROM messages WHERE ?1 IS NULL OR flow = ?1 ORDER BY seq DESC LIMIT ?2)
  UNION ALL SELECT * FROM (SELECT run, flow, revision, received_at, 1 AS is_kept FROM kept WHERE ?1 IS NULL OR flow = ?1 ORDER BY run DESC LIMIT ?2))`;
const PENDING_AMONG = `(
  SELECT run, flow, revision, received_at FROM messages WHERE flags <> 0 AND run IN (SELECT value FROM json_each(?2)) AND flow = coalesce(?1, flow)
  UNION ALL SELECT run, flow, revision, received_at FROM kept WHERE run IN (SELECT value FROM json_each(?2)) AND flow = coalesce(?1, flow))`;
const PENDING_OF = `
  SELECT id, node, state, attempt, due FROM (
    SELECT pos, id, node, state, attempt, due FROM messages WHERE flags <> 0 AND run = ?1
    UNION ALL SELECT pos, id, node, 3, 0, (SELECT close_at FROM windows w WHERE w.flow = kept.flow AND w.node = kept.node AND w.key = kept.window) FROM kept WHERE run = ?1)
  ORDER BY pos LIMIT ?2`;
const PRUNE_ANSWERS_OVER_QUOTA = `
  DELETE FROM answers WHERE (scope, key) IN (
    SELECT scope, key FROM (SELECT scope, key, sum(length(answer)) OVER (ORDER BY at DESC) AS bytes FROM answers WHERE answer IS NOT NULL) WHERE bytes > ?)`;
const LAST_HELD_OF_EACH_KEY = `
  SELECT node, key, due, pos FROM (
    SELECT node, key, due, pos, row_number() OVER (PARTITION BY node, key ORDER BY due DESC, pos DESC) AS place FROM messages WHERE flow = ? AND state IN (3, 4) AND due IS NOT NULL AND key IS NOT NULL)
  WHERE place = 1`;
