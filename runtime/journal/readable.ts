import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Cells = { readonly [column: string]: string | number | null };

const PROBES_MAX = 4_000; // looks into damaged stretches of one table: a page has some dozens of rows, each found in some dozen looks

type Each = (row: Cells) => void;
interface Table { readonly name: string; readonly columns: readonly string[]; /** `rowid`, or the primary key of a table without it. */ readonly order: readonly string[]; /** No rowid is higher. */ readonly most?: number }

/**
 * Hands over the rows of a table that SQLite can still read: from both ends up to the damage, and the islands between two damaged pages. One may come twice.
 * Answers how many stretches could not be read.
 */
export function readable(db: DatabaseSync, table: Table, each: Each): number {
  return table.order[0] === 'rowid' ? byNumber(db, table, each) : fromBothEnds(db, table, each);
}

function byNumber(db: DatabaseSync, { name, columns, most = Number.MAX_SAFE_INTEGER }: Table, each: Each): number {
  let gaps = 0;
  let probes = 0;
  const todo: { readonly from: number; readonly to: number }[] = [{ from: 0, to: most }];
  const text = `SELECT rowid AS "rowid", ${columns.join(', ')} FROM ${name} NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid`;
  const [upwards, downwards] = [text, `${text} DESC`].map((one) => prepared(db, one));
  for (let stretch = todo.pop(); stretch; stretch = todo.pop()) {
    const { from, to } = stretch;
    const inside: Each = (row) => {
      // A damaged page may name its rows as it likes.
      if ((row.rowid as number) < from || (row.rowid as number) > to) throw new RangeError('out of place');
      each(row);
    };
    const up = read(upwards, [from, to], inside);
    if (up.whole) continue;
    const begin = numberOf(up.last, from - 1) + 1;
    const down = read(downwards, [begin, to], inside);
    const end = numberOf(down.last, to + 1) - 1;
    if (end < begin) continue;
    if (begin === end || ++probes > PROBES_MAX) { gaps++; continue; }
    const middle = begin + Math.floor((end - begin) / 2);
    todo.push({ from: middle + 1, to: end }, { from: begin, to: middle });
  }
  return gaps;
}

const numberOf = (row: Cells | undefined, otherwise: number): number => (row ? row.rowid as number : otherwise);

function fromBothEnds(db: DatabaseSync, { name, columns, order }: Table, each: Each): number {
  const text = `SELECT ${columns.join(', ')} FROM ${name} ORDER BY `;
  if (readAll(db, text + order.join(', '), each)) return 0;
  readAll(db, text + order.map((column) => `${column} DESC`).join(', '), each);
  return 1;
}

/** Undefined when the table itself cannot be found any more. */
function prepared(db: DatabaseSync, text: string): StatementSync | undefined {
  try { return db.prepare(text); } catch { return undefined; }
}

/** Up to the first row that cannot be read. */
export function read(from: StatementSync | undefined, values: readonly number[], each: Each): { readonly last: Cells | undefined; readonly whole: boolean } {
  let last: Cells | undefined;
  try {
    if (!from) return { last, whole: false };
    for (const row of from.iterate(...values)) { each(row as Cells); last = row as Cells; }
    return { last, whole: true };
  } catch {
    return { last, whole: false };
  }
}

/** What one statement gives, as far as it can be read. */
export function readAll(db: DatabaseSync, text: string, each: Each): boolean {
  return read(prepared(db, text), [], each).whole;
}
