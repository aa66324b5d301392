import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { decodeBody } from './codec.ts';
import { JournalDatabase } from './database.ts';
import { readable, readAll, type Cells } from './readable.ts';

/** What came of taking the readable out of a damaged journal. */
export interface SalvageReport {
  readonly tables: { readonly [table: string]: { readonly taken: number; /** Stretches that could not be read. */ readonly gaps: number; readonly unusable: number } };
  /** Messages that the indexes still name and whose rows are gone, by flow and node; what no index names either is unknown. */
  readonly lost: readonly { readonly flow: string; readonly node: string; readonly messages: number }[];
  /** Runs of which nothing is left, and runs whose count was set to what is left. */
  readonly runsLost: number;
  readonly runsMended: number;
  /** Rows that could be read and make no sense, as they were found. */
  readonly unusable: readonly { readonly table: string; readonly row: Cells }[];
}

const ORDERS: { readonly [table: string]: readonly string[] } = {
  messages: ['rowid'], cursors: ['rowid'], dead_letters: ['rowid'], outbox: ['rowid'], key_holds: ['rowid'],
  meta: ['name'], runs: ['run'], windows: ['flow', 'node', 'key'], kept: ['flow', 'node', 'window', 'pos'], events: ['flow', 'node', 'event'], answers: ['scope', 'key'], context: ['rowid'],
};
/** Columns whose text must be read again later, by how it is read. */
const TEXTS: { readonly [table: string]: { readonly [column: string]: (text: string) => unknown } } = {
  messages: { body: decodeBody }, kept: { body: decodeBody }, dead_letters: { body: decodeBody, text: JSON.parse, details: JSON.parse }, outbox: { runs: JSON.parse }, windows: { state: JSON.parse }, context: { value: decodeBody },
};
const STATE_MAX = 4;

/**
 * Takes what can still be read of the journal `from` into a new one, `to`, and makes its parts fit each other again. `from` is not changed.
 * Undefined when nothing of it can be read.
 */
export function salvage(from: string, to: string): SalvageReport | undefined {
  new JournalDatabase(to).close();
  const source = new DatabaseSync(from, { readOnly: true });
  const target = new DatabaseSync(to);
  try {
    target.exec('PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; BEGIN IMMEDIATE');
    const known = namesOf(source, 'PRAGMA table_list');
    const present = Object.keys(ORDERS).filter((table) => known.has(table));
    if (!present.includes('messages')) return undefined;
    const unusable: { table: string; row: Cells }[] = [];
    const tables = Object.fromEntries(present.map((table) => [table, take({ source, target, table, unusable })]));
    const report = { tables, lost: lostOf(source, target), ...mend(target), unusable };
    target.exec('COMMIT');
    return report;
  } finally {
    source.close();
    target.close();
  }
}

interface Taking { readonly source: DatabaseSync; readonly target: DatabaseSync; readonly table: string; readonly unusable: { table: string; row: Cells }[] }

function take({ source, target, table, unusable }: Taking): SalvageReport['tables'][string] {
  const order = ORDERS[table] as readonly string[];
  const own = namesOf(source, `PRAGMA table_info(${table})`);
  // An older version's journal may lack some; the defaults of the new tables stand for them.
  const columns = [...namesOf(target, `PRAGMA table_info(${table})`)].filter((column) => own.has(column));
  if (table === 'meta') target.exec('DELETE FROM meta');
  const add = target.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  let taken = 0;
  let wrong = 0;
  const gaps = readable(source, { name: table, columns, order, most: mostOf(source, table) }, (row) => {
    if (makesSense(table, row)) {
      if (added(() => add.run(...columns.map((column) => row[column] ?? null)).changes)) taken++;
    } else {
      wrong++;
      unusable.push({ table, row });
    }
  });
  return { taken, gaps, unusable: wrong };
}

/** The highest number that was ever given in a table: beyond it nobody looks for rows. */
function mostOf(source: DatabaseSync, table: string): number {
  let most = 0;
  const see = ({ n }: Cells): void => { most = Math.max(most, Number(n ?? 0)); };
  const wholes = table === 'messages'
    ? [readAll(source, "SELECT value AS n FROM meta WHERE name = 'seq'", see), readAll(source, 'SELECT max(seq) AS n FROM messages INDEXED BY messages_queue WHERE state = 0', see)]
    : [readAll(source, `SELECT seq AS n FROM sqlite_sequence WHERE name = '${table}'`, see)];
  return wholes.every(Boolean) && most > 0 ? most : Number.MAX_SAFE_INTEGER;
}

function added(insert: () => number | bigint): boolean {
  try { return Number(insert()) > 0; } catch { return false; }
}

/** Damage inside a value is not always seen by SQLite. */
function makesSense(table: string, row: Cells): boolean {
  try {
    for (const [column, parse] of Object.entries(TEXTS[table] ?? {})) parse(String(row[column]));
  } catch {
    return false;
  }
  const names = ['flow', 'node', 'run', 'id'].every((column) => row[column] === undefined || typeof row[column] === 'number' || isName(row[column]));
  const { state } = row;
  return names && (table !== 'messages' || (typeof state === 'number' && state >= 0 && state <= STATE_MAX && Number.isInteger(row.pos)));
}

// Control characters and the mark of bytes that are no text stand in no name.
const isName = (value: unknown): boolean => typeof value === 'string' && value !== '' && !/[\p{Cc}\ufffd]/u.test(value);

/** What an index names, and the row that it stands for. */
const REST = { row: 'SELECT 1 FROM messages WHERE seq = ?', key: ['seq'] };
const KEPT = { row: 'SELECT 1 FROM kept WHERE flow = ? AND node = ? AND window = ? AND pos = ?', key: ['flow', 'node', 'window', 'pos'] };
const PLACES = [
  { ...REST, names: 'SELECT seq, flow, node FROM messages INDEXED BY messages_queue WHERE state = 0' },
  { ...REST, names: 'SELECT seq, flow, node FROM messages INDEXED BY messages_due WHERE state IN (2, 3)' },
  { ...REST, names: 'SELECT seq, flow, node FROM messages INDEXED BY messages_aside WHERE state = 4' },
  { ...REST, names: "SELECT seq, flow, 'in a call' AS node FROM messages INDEXED BY messages_started WHERE state = 1" },
  { ...KEPT, names: 'SELECT flow, node, window, pos FROM kept INDEXED BY kept_run' },
];

/** The indexes stand on pages of their own and name what the table has lost. */
function lostOf(source: DatabaseSync, target: DatabaseSync): SalvageReport['lost'] {
  const lost = new Map<string, { flow: string; node: string; rows: Set<string> }>();
  for (const { names, row, key } of PLACES) {
    const has = target.prepare(row);
    readAll(source, names, (cells) => {
      const { flow, node } = cells;
      const values = key.map((column) => cells[column] ?? null);
      if (!isName(flow) || !isName(node) || has.get(...values)) return;
      const place = lost.get(`${String(flow)}/${String(node)}`) ?? { flow: String(flow), node: String(node), rows: new Set() };
      lost.set(`${place.flow}/${place.node}`, place);
      place.rows.add(JSON.stringify(values));
    });
  }
  return [...lost.values()].map(({ flow, node, rows }) => ({ flow, node, messages: rows.size }));
}

/** Counters say what is there, what a window kept without it is a message again, and no number is given twice. */
function mend(target: DatabaseSync): Pick<SalvageReport, 'runsLost' | 'runsMended'> {
  const number = (text: string): number => Number((target.prepare(text).get() as { n: number | null }).n ?? 0);
  const change = (text: string): number => Number(target.prepare(text).run().changes);
  const highest = Math.max(number('SELECT max(seq) AS n FROM messages'), number('SELECT max(pos) AS n FROM messages'), number('SELECT max(pos) AS n FROM kept'), number("SELECT value AS n FROM meta WHERE name = 'seq'"));
  target.exec(`${KEPT_ALONE.replaceAll('$after', String(highest))}; DELETE FROM kept WHERE ${WITHOUT_WINDOW}`);
  target.exec('DELETE FROM key_holds WHERE letter IS NOT NULL AND letter NOT IN (SELECT seq FROM dead_letters)');
  target.exec(`CREATE TEMP TABLE present AS SELECT run, min(flow) AS flow, min(revision) AS revision, min(received_at) AS at, count(*) AS n FROM (
    SELECT run, flow, revision, received_at FROM messages WHERE branched = 1 UNION ALL SELECT run, flow, revision, received_at FROM kept WHERE branched = 1) GROUP BY run`);
  const runsLost = change('DELETE FROM runs WHERE run NOT IN (SELECT run FROM present)');
  const mended = change('UPDATE runs SET pending = (SELECT n FROM present WHERE present.run = runs.run) WHERE pending <> (SELECT n FROM present WHERE present.run = runs.run)');
  const made = change('INSERT INTO runs (run, flow, revision, started_at, pending, completed, dropped, dead) SELECT run, flow, revision, at, n, 0, 0, 0 FROM present WHERE run NOT IN (SELECT run FROM runs)');
  const last = Math.max(highest, number('SELECT max(seq) AS n FROM messages'));
  target.exec(`INSERT INTO meta VALUES ('seq', ${last}) ON CONFLICT DO UPDATE SET value = excluded.value`);
  return { runsLost, runsMended: mended + made };
}

const WITHOUT_WINDOW = '(flow, node, window) NOT IN (SELECT flow, node, key FROM windows)';
const KEPT_ALONE = `INSERT INTO messages (seq, pos, id, run, flow, node, via, received_at, revision, attempt, crashes, state, branched, body)
  SELECT $after + row_number() OVER (ORDER BY pos), $after + row_number() OVER (ORDER BY pos), id, run, flow, node, '', received_at, revision, 0, 0, 0, branched, body FROM kept WHERE ${WITHOUT_WINDOW}`;

/** Column `name` of what a statement gives; nothing when it cannot be read. */
function namesOf(db: DatabaseSync, text: string): Set<string> {
  const names = new Set<string>();
  readAll(db, text, ({ name }) => { names.add(String(name)); });
  return names;
}

const SQLITE_BUSY = 5;

/** Whether another process has the journal open. One that is too damaged to be locked is nobody's. */
export function isInUse(file: string): boolean {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return ((error as { errcode?: number }).errcode ?? 0) === SQLITE_BUSY;
  } finally {
    database.close();
  }
}

/** What a salvage that found nothing has begun. */
export function discardSalvage(to: string): void {
  for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(to + ending, { force: true });
}
