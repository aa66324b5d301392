import type { AuditEntry, RunQuery, RunRecord, Store, StoredRun } from '../store.ts';
import { parseCursor, runCursor } from '../cursor.ts';
import type { Database, Query } from './database.ts';
import { forgetter, NOTE, noteOf, type NoteRow } from './steps.ts';

type Runs = Pick<Store, 'addRuns' | 'listRuns' | 'listUnended' | 'findRun' | 'countRuns' | 'pruneRuns'>;
type Audit = Pick<Store, 'audit' | 'listAudit' | 'pruneAudit'>;
type State = RunRecord['state'];
type RunRow = RunRecord & NoteRow;

const RUN = 'id, flow, revision, started_at AS startedAt, ended_at AS endedAt, state, messages';
const WITH_NOTE = `SELECT ${RUN}, ${NOTE} FROM runs LEFT JOIN run_notes ON run = id`;

export function runsIn(db: Database): Runs {
  const add = db.query('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
  // Counts are kept beside the runs: counting a hundred thousand rows for each look at the list would stop the main thread.
  const count = db.query('INSERT INTO run_counts VALUES (?, ?, ?) ON CONFLICT (flow, state) DO UPDATE SET count = count + excluded.count');
  const find = db.query<RunRow>(`${WITH_NOTE} WHERE id = ?`);
  const counts = db.query<{ state: State; count: number }>('SELECT state, sum(count) AS count FROM run_counts WHERE ?1 IS NULL OR flow = ?1 GROUP BY state');
  const total = db.query<{ count: number | null }>('SELECT sum(count) AS count FROM run_counts');
  const prune = db.query<{ id: string; flow: string; state: State }>(`
    DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE ended_at < ?1 ORDER BY ended_at, id LIMIT ?2) RETURNING id, flow, state`);
  const forgetSteps = forgetter(db);
  const unended = db.query<{ run: string }>(UNENDED);
  const list = lister(db);

  const changeCounts = (changed: readonly { flow: string; state: State }[], by: 1 | -1): void => {
    const sums = Map.groupBy(changed, ({ flow, state }) => JSON.stringify([flow, state]));
    for (const [key, rows] of sums) {
      const [flow, state] = JSON.parse(key) as [string, State];
      count.run(flow, state, by * rows.length);
    }
  };
  return {
    addRuns: async (runs) => db.transaction(() => {
      const added = runs.filter((run) => add.run(run.id, run.flow, run.revision, run.startedAt, run.endedAt, run.state, run.messages) > 0);
      changeCounts(added, 1);
    }),
    listRuns: async (query) => {
      const runs = list(query, query.limit + 1);
      const page = runs.slice(0, query.limit);
      const last = page.at(-1);
      return runs.length > page.length && last ? { runs: page, next: runCursor(last) } : { runs: page };
    },
    listUnended: async ({ node, code, key, limit }) => unended.all(node ?? null, code ?? null, key ?? null, limit).map(({ run }) => run),
    findRun: async (id) => {
      const row = find.get(id);
      return row && runOf(row);
    },
    countRuns: async (flow) => {
      const found = new Map(counts.all(flow ?? null).map((row) => [row.state, row.count]));
      return { completed: found.get('completed') ?? 0, dropped: found.get('dropped') ?? 0, 'dead-lettered': found.get('dead-lettered') ?? 0, discarded: found.get('discarded') ?? 0 };
    },
    pruneRuns: async (before, keep, atMost) => db.transaction(() => {
      const old = prune.all(before, atMost);
      const tooMany = Math.max(0, (total.get()?.count ?? 0) - old.length - keep);
      const beyond = prune.all(Number.MAX_SAFE_INTEGER, Math.min(tooMany, atMost - old.length));
      changeCounts([...old, ...beyond], -1);
      forgetSteps([...old, ...beyond].map(({ id }) => id));
      return old.length + beyond.length;
    }),
  };
}

const MARK = (kind: string): string => `id IN (SELECT run FROM run_marks WHERE kind = '${kind}' AND value = ?)`;
/** Conditions by filter. The common state is written out, so that the index of the uncommon ones serves those. */
const CONDITIONS = {
  flow: 'flow = ?', id: 'id = ?', node: MARK('node'), code: MARK('code'), key: MARK('key'), since: 'ended_at >= ?', until: 'ended_at < ?',
} as const satisfies { readonly [filter in keyof RunQuery]?: string };

const MARKED = (kind: string, at: string): string => `(${at} IS NULL OR run IN (SELECT run FROM run_marks WHERE kind = '${kind}' AND value = ${at}))`;
const UNENDED = `SELECT run FROM run_notes WHERE ${MARKED('node', '?1')} AND ${MARKED('code', '?2')} AND ${MARKED('key', '?3')} AND NOT EXISTS (SELECT 1 FROM runs WHERE id = run) ORDER BY at DESC LIMIT ?4`;
/** One statement for each combination of filters, so that each walks the index that fits it. */
function lister(db: Database): (query: RunQuery, limit: number) => StoredRun[] {
  const statements = new Map<string, Query<RunRow>>();
  return (query, limit) => {
    const { endedAt, id } = parseCursor(query.after);
    const where = ['(ended_at < ? OR (ended_at = ? AND id < ?))'];
    const values: (string | number)[] = [endedAt, endedAt, id];
    if (query.state === 'completed') where.push(`state = 'completed'`);
    else if (query.state !== undefined) {
      where.push(`state <> 'completed' AND state = ?`);
      values.push(query.state);
    }
    for (const [name, condition] of Object.entries(CONDITIONS)) {
      const value = query[name as keyof typeof CONDITIONS];
      if (value === undefined) continue;
      where.push(condition);
      values.push(value);
    }
    const sql = `${WITH_NOTE} WHERE ${where.join(' AND ')} ORDER BY ended_at DESC, id DESC LIMIT ?`;
    let statement = statements.get(sql);
    if (!statement) statements.set(sql, (statement = db.query(sql)));
    return statement.all(...values, limit).map(runOf);
  };
}

function runOf({ recorded, cut, node, code, text, replayOf, ...run }: RunRow): StoredRun {
  return recorded === null ? run : { ...run, ...noteOf({ recorded, cut, node, code, text, replayOf }) };
}

export function auditIn(db: Database): Audit {
  const add = db.query('INSERT INTO audit (at, by, action, subject, details) VALUES (?, ?, ?, ?, ?)');
  // The last instant of a page is always whole: a page is asked for by instant, and many entries may share one.
  const list = db.query<Omit<AuditEntry, 'details'> & { details: string | null }>(`
    SELECT at, by, action, subject, details FROM audit
    WHERE at < ?1 AND at >= coalesce((SELECT at FROM audit WHERE at < ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2 - 1), 0)
    ORDER BY at DESC, id DESC`);
  const prune = db.query('DELETE FROM audit WHERE at < ?');
  return {
    audit: async ({ at, by, action, subject, details }) => { add.run(at, by, action, subject, details ?? null); },
    listAudit: async (limit, before) => list.all(before ?? Number.MAX_SAFE_INTEGER, limit).map(({ details, ...entry }) => (details === null ? entry : { ...entry, details })),
    pruneAudit: async (before) => prune.run(before),
  };
}
