import type { Sql } from './sql.ts';

/** A queue that is read from the disk anew, while the process keeps nothing of it. */
export interface Reread { readonly flow: string; readonly nodes: readonly string[]; /** Rows that are at work. */ readonly except: readonly number[] }

// The first ones behind a held key lay in memory only: those on disk came behind them, and must not go before.
const ASIDE_WITH_THEIR_KEY = `
  UPDATE messages SET state = 4 WHERE flow = ? AND state = 0 AND key IS NOT NULL AND EXISTS (SELECT 1 FROM messages WHERE flow = ? AND state = 4)
    AND (node, key) IN (SELECT node, key FROM messages WHERE flow = ? AND state = 4)`;
const AT_THESE = ' AND node IN (SELECT value FROM json_each(?)) AND seq NOT IN (SELECT value FROM json_each(?))';
const QUEUE_WHOSE_KEY_IS_FREE = `
  UPDATE messages SET state = CASE WHEN due IS NULL THEN 0 ELSE 3 END WHERE flow = ? AND state = 4 AND (node, key) NOT IN (
    SELECT node, key FROM messages WHERE flow = ? AND state = 2 AND key IS NOT NULL UNION SELECT node, key FROM key_holds WHERE flow = ?)`;

/** Whoever held the key may have been the one in the call: by their places all of them are in order again. At the start of a life. */
export function inOrderAgain(sql: Sql, flow: string): void {
  sql.run(QUEUE_WHOSE_KEY_IS_FREE, flow, flow, flow);
  sql.run(ASIDE_WITH_THEIR_KEY, flow, flow, flow);
}

/** Those that lay in memory behind a key go to the others of it on disk, where some are: they come back together, in order. */
export function asideTogether(sql: Sql, { flow, nodes, except }: Reread): void {
  sql.run(ASIDE_WITH_THEIR_KEY + AT_THESE, flow, flow, flow, JSON.stringify(nodes), JSON.stringify(except));
}
