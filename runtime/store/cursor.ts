import type { RunRecord } from './store.ts';

/** A place in the list of ended runs, newest first: the run after which the next page goes on. */
export const runCursor = (run: Pick<RunRecord, 'endedAt' | 'id'>): string => `${run.endedAt}.${run.id}`;

/** Without a cursor, or with one that is none, the list starts at the newest run. */
export function parseCursor(cursor: string | undefined): { readonly endedAt: number; readonly id: string } {
  const [, endedAt, id] = /^(\d{1,16})\.(.*)$/s.exec(cursor ?? '') ?? [];
  return endedAt === undefined || id === undefined ? { endedAt: Number.MAX_SAFE_INTEGER, id: '' } : { endedAt: Number(endedAt), id };
}

/** The cursor before the newest run: a page that begins there is the first one. */
export const historyStart = runCursor({ endedAt: Number.MAX_SAFE_INTEGER, id: '' });
