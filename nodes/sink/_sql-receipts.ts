import type { SqlClient, SqlResult, SqlValue } from '../../runtime/sdk/index.ts';

/** Which messages have written already, kept in the same database and the same transaction as what they wrote. */

const TABLE = 'millrace_messages';
const KEPT_MS = 30 * 24 * 60 * 60 * 1000; // longer than any message of a flow that is looked after stays in work
const CLEAN_EVERY_MS = 10 * 60 * 1000;
const CLEANED_AT_ONCE = 5000; // so that no statement waits long for the cleaning

interface Known { readonly ready: Promise<void>; cleanedAt: number }
const known = new WeakMap<SqlClient, Known>();

export interface Write { readonly id: string; readonly at: number; readonly statement: string; readonly values: readonly SqlValue[] }

/** Runs the statement unless its message has run it before; then what it gave the first time is given again. */
export async function once(client: SqlClient, write: Write): Promise<SqlResult> {
  await prepared(client, write.at);
  return await client.transaction(async (inside) => {
    const { affected } = await inside.query(`INSERT INTO ${TABLE} (message_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [write.id, write.at]);
    if (affected === 0) {
      const { rows: [row] } = await inside.query(`SELECT result FROM ${TABLE} WHERE message_id = $1`, [write.id]);
      return read(String(row?.result));
    }
    const result = await inside.query(write.statement, write.values);
    await inside.query(`UPDATE ${TABLE} SET result = $1 WHERE message_id = $2`, [written(result), write.id]);
    return result;
  });
}

/** The table, made once for each open client, and cleaned now and then. */
async function prepared(client: SqlClient, now: number): Promise<void> {
  let state = known.get(client);
  if (!state) {
    // Two runtimes that make the same table at the same moment: one of them fails, and finds it made.
    const ready = create(client).catch(() => create(client));
    state = { ready, cleanedAt: now };
    known.set(client, state);
    ready.catch(() => known.delete(client));
  }
  await state.ready;
  if (now - state.cleanedAt < CLEAN_EVERY_MS) return;
  state.cleanedAt = now;
  await client.query(`DELETE FROM ${TABLE} WHERE message_id IN (SELECT message_id FROM ${TABLE} WHERE at < $1 ORDER BY at LIMIT ${CLEANED_AT_ONCE})`, [now - KEPT_MS]);
}

async function create(client: SqlClient): Promise<void> {
  const big = client.driver === 'postgres' ? 'BIGINT' : 'INTEGER';
  await client.query(`CREATE TABLE IF NOT EXISTS ${TABLE} (message_id TEXT PRIMARY KEY, at ${big} NOT NULL, result TEXT)`);
  await client.query(`CREATE INDEX IF NOT EXISTS ${TABLE}_at ON ${TABLE} (at)`);
}

/** Rows as JSON that gives the same rows back: bytes and times are marked, and so is what would look like a mark. */
function written(result: SqlResult): string {
  return JSON.stringify(marked({ rows: result.rows, affected: result.affected }));
}
const read = (text: string): SqlResult => unmarked(JSON.parse(text)) as SqlResult;

function marked(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, marked(each)]));
  return Object.keys(copy).some((name) => name.startsWith('$')) ? { $literal: copy } : copy;
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== 'object' || value === null) return value;
  const { $date, $bytes, $literal } = value as { readonly $date?: string; readonly $bytes?: string; readonly $literal?: object };
  if ($date !== undefined) return new Date($date);
  if ($bytes !== undefined) return new Uint8Array(Buffer.from($bytes, 'base64'));
  return Object.fromEntries(Object.entries($literal ?? value).map(([name, each]) => [name, unmarked(each)]));
}
