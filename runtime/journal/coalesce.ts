import type { Op, Row } from './rows.ts';

/** What remains to be written of one row after everything that a transaction does to it. */
export type RowOutcome =
  | { readonly kind: 'save'; readonly row: Row }
  | { readonly kind: 'patch'; readonly due: number | null; readonly attempt: number; readonly state: Row['state']; readonly calm: boolean }
  | { readonly kind: 'end' };

type RowOp = Extract<Op, { op: 'save' | 'begin' | 'wait' | 'end' }>;

/**
 * Folds one more change of a row into what the same transaction already does to it. Only the outcome is written: a message that
 * passes three nodes while the disk is busy costs one write. Safe because the transaction is applied whole or not at all.
 */
export function fold(before: RowOutcome | undefined, op: RowOp): RowOutcome {
  if (op.op === 'save') return { kind: 'save', row: op.row };
  if (op.op === 'end') return { kind: 'end' };
  const patch = op.op === 'begin' ? { due: null, attempt: op.attempt, state: 1 as const } : { due: op.due, attempt: op.attempt, state: op.state };
  const calm = (op.op === 'wait' && op.calm === true) || (before?.kind === 'patch' && before.calm);
  if (before?.kind === 'save') return { kind: 'save', row: { ...before.row, ...patch, ...(calm && { crashes: 0 }) } };
  return { kind: 'patch', ...patch, calm };
}
