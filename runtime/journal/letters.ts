import type { DeadLetterQuery, DeadLetterRow, KeyHold, StoredLetter } from './rows.ts';
import type { Sql, Value } from './sql.ts';

const COLUMNS = `seq, id, run, flow, node, at, attempts, code, text, details, key, received_at AS receivedAt, body, kind, revision, via, parents, lineage, edited, pos,
  (SELECT node FROM key_holds WHERE letter = dead_letters.seq) AS holdAt, (SELECT key FROM key_holds WHERE letter = dead_letters.seq) AS holdKey`;
const ADD = `INSERT INTO dead_letters (id, run, flow, node, at, attempts, code, text, details, key, received_at, body, kind, revision, via, parents, lineage, edited, pos) VALUES (${'?, '.repeat(18)}?)`;

type Stored = Omit<StoredLetter, 'text'> & { readonly text: string };

/** Dead letters and the keys that they hold. */
export class Letters {
  readonly #sql: Sql;
  constructor(sql: Sql) { this.#sql = sql; }

  add(d: DeadLetterRow): void {
    this.#sql.run(ADD, d.id, d.run, d.flow, d.node, d.at, d.attempts, d.code, JSON.stringify(d.text), d.details, d.key, d.receivedAt, d.body, d.kind, d.revision, d.via, d.parents, d.lineage, d.edited, d.pos);
    if (d.holdAt !== null && d.holdKey !== null) this.#sql.run('INSERT INTO key_holds (flow, node, key, at, letter) VALUES (?, ?, ?, ?, last_insert_rowid())', d.flow, d.holdAt, d.holdKey, d.at);
  }

  exists(seq: number): boolean { return this.#sql.get('SELECT 1 FROM dead_letters WHERE seq = ?', seq) !== undefined; }

  /** The letter is no more. A key that it held is free, or is held by the message that it became. */
  remove(seq: number, becomes: number | null): void {
    this.#sql.run('DELETE FROM dead_letters WHERE seq = ?', seq);
    if (becomes === null) this.#sql.run('DELETE FROM key_holds WHERE letter = ?', seq);
    else this.#sql.run('UPDATE key_holds SET letter = NULL, row = ? WHERE letter = ?', becomes, seq);
  }

  edit(seq: number, body: string): void { this.#sql.run('UPDATE dead_letters SET body = ?, edited = 1 WHERE seq = ?', body, seq); }

  free(flow: string, node: string, key: string): void { this.#sql.run('DELETE FROM key_holds WHERE flow = ? AND node = ? AND key = ?', flow, node, key); }
  /** The message that came of a resent letter has left its node. */
  freeBy(row: number): void { this.#sql.run('DELETE FROM key_holds WHERE row = ?', row); }

  holds(flow: string): KeyHold[] {
    return this.#sql.all<KeyHold>('SELECT flow, node, key, at, letter, row FROM key_holds WHERE flow = ? ORDER BY at', flow);
  }

  find(seq: number): StoredLetter | undefined {
    const row = this.#sql.get<Stored>(`SELECT ${COLUMNS} FROM dead_letters WHERE seq = ?`, seq);
    return row && { ...row, text: JSON.parse(row.text) };
  }

  /** Newest first. */
  list(query: DeadLetterQuery & { readonly after?: number; readonly limit: number }): StoredLetter[] {
    const { where, values } = filter(query);
    const rows = this.#sql.all<Stored>(`SELECT ${COLUMNS} FROM dead_letters WHERE seq < ? ${where} ORDER BY seq DESC LIMIT ?`, query.after ?? Number.MAX_SAFE_INTEGER, ...values, query.limit);
    return rows.map((row) => ({ ...row, text: JSON.parse(row.text) }));
  }

  total(query: DeadLetterQuery): number {
    const { where, values } = filter(query);
    return this.#sql.number(`SELECT count(*) AS n FROM dead_letters WHERE 1 ${where}`, ...values);
  }

  counts(): { flow: string; node: string; count: number }[] {
    return this.#sql.all('SELECT flow, node, count(*) AS count FROM dead_letters GROUP BY flow, node');
  }

  /** Forgets the oldest beyond what is kept, a bounded number at a time; one that holds a key stays. */
  prune(before: number, atMost: number): { flow: string; node: string; count: number }[] {
    const gone = this.#sql.all<{ flow: string; node: string }>(
      'DELETE FROM dead_letters WHERE seq IN (SELECT seq FROM dead_letters WHERE at < ? AND seq NOT IN (SELECT letter FROM key_holds WHERE letter IS NOT NULL) ORDER BY seq LIMIT ?) RETURNING flow, node', before, atMost);
    const counts = new Map<string, { flow: string; node: string; count: number }>();
    for (const { flow, node } of gone) {
      const count = counts.get(`${flow}/${node}`) ?? { flow, node, count: 0 };
      count.count++;
      counts.set(`${flow}/${node}`, count);
    }
    return [...counts.values()];
  }
}

const EQUALS = { flow: 'flow', node: 'node', code: 'code', kind: 'kind', key: 'key', run: 'run' } as const;

function filter(query: DeadLetterQuery): { readonly where: string; readonly values: Value[] } {
  const parts: string[] = [];
  const values: Value[] = [];
  for (const [name, column] of Object.entries(EQUALS)) {
    const value = query[name as keyof typeof EQUALS];
    if (value === undefined) continue;
    parts.push(`AND ${column} = ?`);
    values.push(value);
  }
  if (query.since !== undefined) { parts.push('AND at >= ?'); values.push(query.since); }
  if (query.until !== undefined) { parts.push('AND at < ?'); values.push(query.until); }
  return { where: parts.join(' '), values };
}
