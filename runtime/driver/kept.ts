import { decodeBody, encodeBody } from '../journal/codec.ts';
import type { KeptRow } from '../journal/rows.ts';
import type { Run, Work } from './message.ts';

/** A message that a window keeps. */
export interface Kept { readonly stored: boolean; readonly id: string; readonly run: Run; readonly branched: boolean; readonly receivedAt: number; readonly flags: number; readonly body: { readonly [key: string]: unknown } }

export function keptRow(work: Work, keep: { readonly [key: string]: unknown }): Omit<KeptRow, 'node' | 'window'> {
  const { id, flow, revision, startedAt } = work.run;
  return { flow, pos: work.pos, id: work.msg.id, run: id, revision, receivedAt: startedAt, branched: work.branched ? 1 : 0, flags: work.flags, body: encodeBody(keep) };
}

export const keptOf = (work: Work, body: { readonly [key: string]: unknown }): Kept => ({ stored: work.seq !== 0, id: work.msg.id, run: work.run, branched: work.branched, receivedAt: work.receivedAt, flags: work.flags, body });

export function keptOfRow(row: KeptRow): Kept {
  const run: Run = { id: row.run, flow: row.flow, revision: row.revision, startedAt: row.receivedAt, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 };
  return { stored: true, id: row.id, run, branched: row.branched === 1, receivedAt: row.receivedAt, flags: row.flags, body: decodeBody(row.body) };
}
