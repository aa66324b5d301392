import type { AuditEntry, RunQuery, RunRecord, Store } from '../store.ts';
import { parseCursor, runCursor } from '../cursor.ts';
import type { Database, Query } from './database.ts';

type Runs = Pick<Store, 'addRuns' | 'listRuns' | 'findRun' | 'countRuns' | 'pruneRuns'>;
type Audit = Pick<Store, 'audit' | 'listAudit' | 'pruneAudit'>;
type State = RunRecord['state'];

const RUN = 'id, flow, revision, started_at AS startedAt, ended_at AS endedAt, state, messages';
const AFTER = '(ended_at < ?1 OR (ended_at = ?1 AND id < ?2))';
const NEWEST = 'ORDER BY ended_at DESC, id DESC';

export function runsIn(db: Database): Runs {
  const add = db.query('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
  // Counts are kept beside the runs: counting a hundred thousand rows for each look at the list would stop the main thread.
  const count = db.query('INSERT INTO run_counts VALUES (?, ?, ?) ON CONFLICT (flow, state) DO UPDATE SET count = count + excluded.count');
  const find = db.query<RunRecord>(`SELECT ${RUN} FROM runs WHERE id = ?`);
  const counts = db.query<{ state: State; count: number }>('SELECT state, sum(count) AS count FROM run_counts WHERE ?1 IS NULL OR flow = ?1 GROUP BY state');
  const total = db.query<{ count: number | null }>('SELECT sum(count) AS count FROM run_counts');
  const prune = db.query<{ flow: string; state: State }>(`
    DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE ended_at < ?1 ORDER BY ended_at, id LIMIT ?2) RETURNING flow, state`);
  const list = listQueries(db);

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
    findRun: async (id) => find.get(id),
    countRuns: async (flow) => {
      const found = new Map(counts.all(flow ?? null).map((row) => [row.state, row.count]));
      return { completed: found.get('completed') ?? 0, dropped: found.get('dropped') ?? 0, 'dead-lettered': found.get('dead-lettered') ?? 0, discarded: found.get('discarded') ?? 0 };
    },
    pruneRuns: async (before, keep, atMost) => db.transaction(() => {
      const old = prune.all(before, atMost);
      const tooMany = Math.max(0, (total.get()?.count ?? 0) - old.length - keep);
      const beyond = prune.all(Number.MAX_SAFE_INTEGER, Math.min(tooMany, atMost - old.length));
      changeCounts([...old, ...beyond], -1);
      return old.length + beyond.length;
    }),
  };
}

/** One statement for each combination of filters, so that each walks the index that fits it. */
function listQueries(db: Database): (query: RunQuery, limit: number) => RunRecord[] {
  const select = (where: string): Query<RunRecord> => db.query(`SELECT ${RUN} FROM runs WHERE ${AFTER} ${where} ${NEWEST} LIMIT ?3`);
  const all = select('');
  const ofFlow = select('AND flow = ?4');
  const completed = select(`AND state = 'completed'`);
  const completedOfFlow = select(`AND flow = ?4 AND state = 'completed'`);
  const uncommon = select(`AND state <> 'completed' AND state = ?4`);
  const uncommonOfFlow = select(`AND state <> 'completed' AND state = ?4 AND flow = ?5`);
  return ({ flow, state, after }, limit) => {
    const { endedAt, id } = parseCursor(after);
    if (state !== undefined && state !== 'completed') {
      return flow === undefined ? uncommon.all(endedAt, id, limit, state) : uncommonOfFlow.all(endedAt, id, limit, state, flow);
    }
    if (flow === undefined) return (state === undefined ? all : completed).all(endedAt, id, limit);
    return (state === undefined ? ofFlow : completedOfFlow).all(endedAt, id, limit, flow);
  };
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
