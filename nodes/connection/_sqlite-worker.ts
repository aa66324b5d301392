import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread of one SQLite file: statements come one after another, and nothing else in the process waits for the disk. */

export interface Statement { readonly id: number; readonly sql: string; readonly values: readonly SQLInputValue[] }
export interface SqliteError { readonly message: string; readonly errcode: number }
export type Done =
  | { readonly id: number; readonly rows: readonly Record<string, unknown>[]; readonly affected: number }
  | { readonly id: number; readonly error: SqliteError };
export type Opened = { readonly opened: true } | { readonly failed: SqliteError };

const STATEMENTS_KEPT = 200;
const BUSY_MS = 5000; // another program may be writing to the same file

const port = parentPort;
if (!port) throw new Error('this file is started as a worker');
const statements = new Map<string, StatementSync>();
let database: DatabaseSync | undefined;

function prepared(sql: string): StatementSync {
  const known = statements.get(sql);
  if (known) return known;
  const made = (database as DatabaseSync).prepare(sql);
  made.setReadBigInts(true);
  if (statements.size >= STATEMENTS_KEPT) statements.clear();
  statements.set(sql, made);
  return made;
}

/** A number where it is exact, else its digits, as PostgreSQL's are given. */
function exact(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) {
    const value = row[name];
    if (typeof value === 'bigint') row[name] = Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return row;
}

function run({ id, sql, values }: Statement): Done {
  try {
    if (values.length === 0 && hasSeveral(sql)) {
      (database as DatabaseSync).exec(sql);
      return { id, rows: [], affected: 0 };
    }
    const statement = prepared(sql);
    const named = Object.fromEntries(values.map((value, i) => [`$${i + 1}`, value]));
    if (statement.columns().length > 0) {
      const rows = (statement.all(named) as Record<string, unknown>[]).map(exact);
      return { id, rows, affected: rows.length };
    }
    return { id, rows: [], affected: Number(statement.run(named).changes) };
  } catch (error) {
    return { id, error: errorOf(error) };
  }
}

/** Whether more than one statement stands in the text: SQLite itself would run the first and say nothing of the rest. */
function hasSeveral(sql: string): boolean {
  const bare = sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  return /;\s*\S/.test(bare);
}

const errorOf = (error: unknown): SqliteError => ({ message: (error as Error).message, errcode: (error as { errcode?: number }).errcode ?? 0 });

function open(): Opened {
  try {
    database = new DatabaseSync((workerData as { file: string }).file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
    return { opened: true };
  } catch (error) {
    return { failed: errorOf(error) };
  }
}

port.postMessage(open());
port.on('message', (message: Statement | 'close') => {
  if (message !== 'close') { port.postMessage(run(message)); return; }
  database?.close();
  port.close();
});
