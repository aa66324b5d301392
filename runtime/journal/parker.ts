import type { Letters } from './letters.ts';
import { rowFlag, rowState, type DeadLetterRow, type EndedRun, type KeptRow, type Parked, type Parking, type Resting, type Row, type RunChange } from './rows.ts';
import type { Sql } from './sql.ts';

// Of what has left in part the counter is open.
const ROW = 'seq, pos, id, run, via, parents, lineage, key, received_at AS receivedAt, revision, due, attempt, crashes, flags, (SELECT at FROM cursors WHERE cursors.seq = messages.seq) AS cursor, body, max(branched, EXISTS (SELECT 1 FROM cursors WHERE cursors.seq = messages.seq)) AS branched';
type RestingRow = Pick<Row, 'seq' | 'pos' | 'id' | 'run' | 'via' | 'parents' | 'lineage' | 'key' | 'receivedAt' | 'revision' | 'due' | 'attempt' | 'crashes' | 'branched' | 'flags' | 'cursor' | 'body'>;
// Each by its own index. Who resends them takes them by their places.
const STATES = ['state IN (2, 3) {and} ORDER BY due, pos', 'state = 4 {and} ORDER BY key, pos', 'state = 0 {and} ORDER BY pos'];

const WINDOW_THAT_KEEPS_NOTHING = `
  DELETE FROM windows WHERE flow = ? AND node = ? AND key = ?
    AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.flow = windows.flow AND kept.node = windows.node AND kept.window = windows.key) RETURNING key`;

interface ParkerParts { readonly sql: Sql; readonly letters: Letters; readonly changeRun: (change: RunChange, ended: EndedRun[]) => void }
type Ending = Pick<Row, 'run' | 'revision' | 'receivedAt' | 'branched' | 'flags'>;
const isWord = ({ flags }: Pick<Row, 'flags'>): boolean => (flags & rowFlag.missing) !== 0;

/** Makes dead letters of what rests where nothing takes it any more, each in one step with the message's removal. */
export class Parker {
  readonly #sql: Sql;
  readonly #letters: Letters;
  readonly #changeRun: ParkerParts['changeRun'];

  constructor({ sql, letters, changeRun }: ParkerParts) {
    this.#sql = sql;
    this.#letters = letters;
    this.#changeRun = changeRun;
  }

  /** Inside a transaction. */
  park(parking: Parking, ended: EndedRun[]): Parked {
    const rows = parking.what === 'kept' ? [] : this.#rows(parking);
    for (const row of rows) {
      // Word for a join ends with it.
      if (!isWord(row)) this.#letters.add(letterOf(parking, row));
      this.#end(parking, row, ended);
    }
    const freed = this.#remove(rows);
    const kept = parking.what === 'wires' ? [] : this.#kept(parking, parking.atMost - rows.length);
    for (const row of kept) {
      this.#letters.add(letterOf(parking, { ...row, via: '', parents: null, lineage: null, key: null, due: null, attempt: 0, crashes: 0, cursor: null }));
      this.#end(parking, row, ended);
      this.#sql.run('DELETE FROM kept WHERE flow = ? AND node = ? AND window = ? AND pos = ?', row.flow, row.node, row.window, row.pos);
    }
    const windows = [...new Set(kept.map((row) => row.window))].flatMap((window) => this.#sql.all<{ key: string }>(WINDOW_THAT_KEEPS_NOTHING, parking.flow, parking.node, window));
    const words = rows.filter(isWord).length;
    return { count: rows.length - words + kept.length, more: rows.length + kept.length >= parking.atMost, freed, windows: windows.map(({ key }) => key) };
  }

  /** Takes a run's messages out of windows, and windows that keep nothing else. */
  takeKept(run: string): { flow: string; node: string; window: string; revision: number; startedAt: number }[] {
    const kept = this.#sql.all<{ flow: string; node: string; window: string; revision: number; startedAt: number }>('DELETE FROM kept WHERE run = ? RETURNING flow, node, window, revision, received_at AS startedAt', run);
    for (const { flow, node, window } of kept) this.#sql.all(WINDOW_THAT_KEEPS_NOTHING, flow, node, window);
    return kept;
  }

  /** What would be parked of the queue, but for what is being made into very many. */
  parkable(parking: Parking): Row[] {
    return this.#rows(parking).filter(({ cursor }) => cursor === null).map((row) => ({ ...row, flow: parking.flow, node: parking.node, correlation: null, state: rowState.queued, hops: 0 }));
  }

  atRest(flow: string): Resting[] {
    const nodes = new Map<string, { -readonly [name in keyof Resting]: Resting[name] }>();
    const add = (what: Exclude<keyof Resting, 'node'>, from: string): void => {
      for (const { node, n } of this.#sql.all<{ node: string; n: number }>(`SELECT node, count(*) AS n FROM ${from} GROUP BY node`, flow)) {
        const at = nodes.get(node) ?? { node, queued: 0, waiting: 0, aside: 0, kept: 0, started: 0 };
        nodes.set(node, at);
        at[what] = n;
      }
    };
    add('queued', 'messages WHERE flow = ? AND state = 0');
    add('waiting', 'messages WHERE flow = ? AND state IN (2, 3)');
    add('aside', 'messages WHERE flow = ? AND state = 4');
    add('started', 'messages WHERE flow = ? AND state = 1');
    add('kept', 'kept WHERE flow = ?');
    return [...nodes.values()];
  }

  #rows({ flow, node, what, except, spared, atMost }: Parking): RestingRow[] {
    const and = [
      ...(what === 'wires' ? [`AND via LIKE '%->%'`] : []),
      ...(except.length > 0 ? ['AND seq NOT IN (SELECT value FROM json_each(?))'] : []),
      ...(spared.length > 0 ? ['AND revision NOT IN (SELECT value FROM json_each(?))'] : []),
    ].join(' ');
    const values = [...(except.length > 0 ? [JSON.stringify(except)] : []), ...(spared.length > 0 ? [JSON.stringify(spared)] : [])];
    const found: RestingRow[] = [];
    for (const state of STATES) {
      if (found.length < atMost) found.push(...this.#sql.all<RestingRow>(`SELECT ${ROW} FROM messages WHERE flow = ? AND node = ? AND ${state.replace('{and}', and)} LIMIT ?`, flow, node, ...values, atMost - found.length));
    }
    return found;
  }

  #kept({ flow, node, spared }: Parking, atMost: number): KeptRow[] {
    const and = spared.length > 0 ? 'AND revision NOT IN (SELECT value FROM json_each(?))' : '';
    const values = spared.length > 0 ? [JSON.stringify(spared)] : [];
    return this.#sql.all(`SELECT flow, node, window, pos, id, run, revision, received_at AS receivedAt, branched, flags, body FROM kept WHERE flow = ? AND node = ? ${and} ORDER BY window, pos LIMIT ?`, flow, node, ...values, Math.max(0, atMost));
  }

  #end({ flow, at }: Parking, { run, revision, receivedAt, branched, flags }: Ending, ended: EndedRun[]): void {
    const dead = isWord({ flags }) ? 0 : 1;
    if (branched === 0) ended.push({ id: run, flow, revision, startedAt: receivedAt, endedAt: at, completed: 0, dropped: 0, dead, discarded: 0 });
    else this.#changeRun({ run, flow, revision, startedAt: receivedAt, at, opens: null, pending: -1, completed: 0, dropped: 0, dead }, ended);
  }

  #remove(rows: readonly RestingRow[]): Parked['freed'] {
    if (rows.length === 0) return [];
    const seqs = JSON.stringify(rows.map(({ seq }) => seq));
    this.#sql.run('DELETE FROM messages WHERE seq IN (SELECT value FROM json_each(?))', seqs);
    return this.#sql.all('DELETE FROM key_holds WHERE row IN (SELECT value FROM json_each(?)) RETURNING row, node, key', seqs);
  }
}

function letterOf(parking: Parking, row: Omit<RestingRow, 'seq'>): DeadLetterRow {
  const { code, text } = row.crashes > 0 ? parking.unknown : parking;
  return {
    kind: row.crashes > 0 ? 'unknown' : 'parked', revision: row.revision, via: row.via, parents: row.parents, lineage: row.lineage === '' ? row.run : row.lineage, holdAt: null, holdKey: null, pos: row.pos, edited: 0,
    id: row.id, run: row.run, flow: parking.flow, node: parking.node, at: parking.at, attempts: row.attempt, code, text,
    details: JSON.stringify({ ...(row.due !== null && { due: row.due }), ...(row.cursor !== null && { cursor: row.cursor }) }), key: row.key, receivedAt: row.receivedAt, body: row.body,
  };
}
