import type { Text } from '../../flow/flow.ts';
import { turnedAway, type RunNote, type StepRecord, type Store } from '../store.ts';
import type { Database } from './database.ts';

type Steps = Pick<Store, 'addSteps' | 'listSteps' | 'notesOf' | 'findDone' | 'listKin' | 'listReplays' | 'pruneSteps' | 'shrink'>;

interface StepRow {
  readonly run: string; readonly seq: number; readonly flow: string; readonly message: string; readonly lineage: string | null; readonly node: string; readonly via: string; readonly key: string | null; readonly at: number;
  readonly ms: number; readonly attempt: number; readonly outcome: StepRecord['outcome']; readonly rule: string | null; readonly failure: string | null; readonly input: string | null;
  readonly outputs: string | null; readonly replay: string | null;
}
/** Columns of a note, as they stand beside those of a run. */
export interface NoteRow { readonly recorded: number | null; readonly cut: number | null; readonly node: string | null; readonly code: string | null; readonly text: string | null; readonly replayOf: string | null }
export const NOTE = 'recorded, cut, node, code, text, replay_of AS replayOf';

const STEP = 'run, seq, flow, message, lineage, node, via, key, at, ms, attempt, outcome, rule, failure, input, outputs, replay';
const NOT_TURNED_AWAY = `coalesce(rule, '') NOT IN (${turnedAway.map((rule) => `'${rule}'`).join(', ')})`;
const DONE = `outcome IN ('done', 'replayed', 'dropped', 'gathered')`;
const KIN_TOLD = 2; // of several nobody knows which it is

export function stepsIn(db: Database): Steps {
  const add = adder(db);
  const list = db.query<StepRow>(`SELECT ${STEP} FROM run_steps WHERE run = ?1 AND (?2 IS NULL OR node = ?2) ORDER BY seq LIMIT ?3`);
  const notes = db.query<NoteRow & { run: string }>(`SELECT run, ${NOTE} FROM run_notes WHERE run IN (SELECT value FROM json_each(?))`);
  const done = db.query<StepRow>(`SELECT ${STEP} FROM run_steps WHERE message = ? AND node = ? AND ${DONE} AND ${NOT_TURNED_AWAY} ORDER BY rowid LIMIT 1`);
  const kin = db.query<{ message: string; done: number }>(`SELECT message, max(${DONE}) AS done FROM run_steps WHERE lineage BETWEEN ?1 AND ?1 || '!~' AND node = ?2 AND ${NOT_TURNED_AWAY} GROUP BY message ORDER BY done DESC LIMIT ${KIN_TOLD}`);
  const replays = db.query<{ id: string; startedAt: number; mode: string }>('SELECT run AS id, at AS startedAt, mode FROM run_notes WHERE replay_of = ? ORDER BY at DESC, run DESC LIMIT ?');
  const old = db.query<{ run: string; chars: number }>('SELECT run, chars FROM run_notes WHERE at < ?1 ORDER BY at LIMIT ?2');
  const oldest = db.query<{ run: string; chars: number }>('SELECT run, chars FROM run_notes ORDER BY at LIMIT ?');
  const total = db.query<{ chars: number }>('SELECT chars FROM step_total');
  const forget = forgetter(db);

  return {
    addSteps: async (steps, stepsOfRun) => db.transaction(() => {
      for (const step of steps) add(step, stepsOfRun);
    }),
    listSteps: async (run, limit, node) => list.all(run, node ?? null, limit).map(stepOf),
    notesOf: async (runs) => new Map(notes.all(JSON.stringify(runs)).map((row) => [row.run, noteOf(row)])),
    findDone: async (message, node) => {
      const row = done.get(message, node);
      return row && stepOf(row);
    },
    listKin: async (lineage, node) => kin.all(lineage, node).map(({ message, done: isDone }) => ({ message, done: isDone === 1 })),
    listReplays: async (run, limit) => replays.all(run, limit),
    pruneSteps: async (before, chars, atMost) => db.transaction(() => {
      const gone = old.all(before, atMost);
      let over = (total.get()?.chars ?? 0) - chars - gone.reduce((sum, each) => sum + each.chars, 0);
      const kept = new Set(gone.map(({ run }) => run));
      for (const each of oldest.all(atMost)) {
        if (over <= 0 || gone.length >= atMost) break;
        if (kept.has(each.run)) continue;
        gone.push(each);
        over -= each.chars;
      }
      forget(gone.map(({ run }) => run));
      return gone.length;
    }),
    shrink: async () => db.shrink(),
  };
}

function adder(db: Database): (step: StepRecord, stepsOfRun: number) => void {
  const insert = db.query(`INSERT INTO run_steps (${STEP}) VALUES (${'?, '.repeat(16)}?) ON CONFLICT (run, seq) DO NOTHING`);
  const note = db.query('INSERT INTO run_notes VALUES (?, ?, 0, NULL, NULL, 0, 0, 0, NULL, NULL, NULL) ON CONFLICT (run) DO NOTHING');
  const stepsOf = db.query<{ steps: number }>('SELECT steps FROM run_notes WHERE run = ?');
  const cut = db.query('UPDATE run_notes SET cut = 1 WHERE run = ?');
  const grow = db.query('UPDATE run_notes SET steps = steps + 1, chars = chars + ?2 WHERE run = ?1');
  const began = db.query('UPDATE run_notes SET recorded = 1, replay_of = ?2, mode = ?3 WHERE run = ?1');
  const failed = db.query('UPDATE run_notes SET node = ?2, code = ?3, text = ?4 WHERE run = ?1 AND code IS NULL');
  const mark = db.query('INSERT INTO run_marks VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const total = db.query('UPDATE step_total SET chars = chars + ?');
  return (step, stepsOfRun) => {
    note.run(step.run, step.at);
    if ((stepsOf.get(step.run)?.steps ?? 0) >= stepsOfRun) { cut.run(step.run); return; }
    const outputs = step.outputs ? JSON.stringify(step.outputs) : null;
    const { run, seq, flow, message, lineage = null, node, via, key, at, ms, attempt, outcome, rule, failure, input, replay } = step;
    const added = insert.run(run, seq, flow, message, lineage, node, via, key, at, ms, attempt, outcome, rule ?? null, failure ? JSON.stringify(failure) : null, input, outputs, replay ? JSON.stringify(replay) : null);
    if (added === 0) return;
    const chars = (input?.length ?? 0) + (outputs?.length ?? 0);
    grow.run(run, chars);
    total.run(chars);
    if (outcome === 'accepted') began.run(run, replay?.of ?? null, replay?.mode ?? null);
    if (step.cut) cut.run(run);
    if (key !== null) mark.run('key', key, run);
    if (!failure) return;
    failed.run(run, node, failure.code, JSON.stringify(failure.text));
    mark.run('node', node, run);
    mark.run('code', failure.code, run);
  };
}

/** Forgets all that is kept of the paths of runs. */
export function forgetter(db: Database): (runs: readonly string[]) => void {
  const OF_THESE = 'run IN (SELECT value FROM json_each(?))';
  const total = db.query(`UPDATE step_total SET chars = chars - coalesce((SELECT sum(chars) FROM run_notes WHERE ${OF_THESE}), 0)`);
  const tables = ['run_steps', 'run_marks', 'run_notes'].map((table) => db.query(`DELETE FROM ${table} WHERE ${OF_THESE}`));
  return (runs) => {
    if (runs.length === 0) return;
    const list = JSON.stringify(runs);
    total.run(list);
    for (const each of tables) each.run(list);
  };
}

export function noteOf({ recorded, cut, node, code, text, replayOf }: NoteRow): RunNote {
  return {
    recorded: recorded === 1, cut: cut === 1,
    ...(node !== null && code !== null && text !== null && { failure: { node, code, text: JSON.parse(text) as Text } }),
    ...(replayOf !== null && { replayOf }),
  };
}

function stepOf({ rule, failure, outputs, replay, ...row }: StepRow): StepRecord {
  return {
    ...row,
    ...(rule !== null && { rule }),
    ...(failure !== null && { failure: JSON.parse(failure) as NonNullable<StepRecord['failure']> }),
    ...(outputs !== null && { outputs: JSON.parse(outputs) as NonNullable<StepRecord['outputs']> }),
    ...(replay !== null && { replay: JSON.parse(replay) as NonNullable<StepRecord['replay']> }),
  };
}
