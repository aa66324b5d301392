import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread of one SQLite file: statements come one after another, and nothing else in the process waits for the disk. */

export interface Statement { readonly id: number; readonly sql: string; readonly values: readonly SQLInputValue[] }
export type Done =
  | { readonly id: number; readonly rows: readonly Record<string, unknown>[]; readonly affected: number }
  | { readonly id: number; readonly error: { readonly message: string; readonly errcode: number } };

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
  if (statements.size >= STATEMENTS_KEPT) statements.clear();
  statements.set(sql, made);
  return made;
}

function run({ id, sql, values }: Statement): Done {
  try {
    const statement = prepared(sql);
    const named = Object.fromEntries(values.map((value, i) => [`$${i + 1}`, value]));
    if (statement.columns().length > 0) {
      const rows = statement.all(named) as Record<string, unknown>[];
      return { id, rows, affected: rows.length };
    }
    return { id, rows: [], affected: Number(statement.run(named).changes) };
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    return { id, error: { message, errcode: errcode ?? 0 } };
  }
}

try {
  database = new DatabaseSync((workerData as { file: string }).file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
  port.postMessage({ opened: true });
} catch (error) {
  const { message, errcode } = error as Error & { errcode?: number };
  port.postMessage({ failed: { message, errcode: errcode ?? 0 } });
}
port.on('message', (message: Statement | 'close') => {
  if (message !== 'close') { port.postMessage(run(message)); return; }
  database?.close();
  port.close();
});
