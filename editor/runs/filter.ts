import type { RunQuery, RunState } from '../../runtime/api/contract.ts';

export const periods = ['any', 'hour', 'day', 'week', 'between'] as const;
export type Period = (typeof periods)[number];

/** What a person looks for. Empty texts are no filter. */
export interface RunFilter {
  /** Runs of every flow instead of the open one's. */
  readonly isEveryFlow?: boolean;
  readonly state?: RunState | undefined;
  /** At which something failed. */
  readonly node?: string;
  readonly key?: string;
  readonly id?: string;
  readonly period: Period;
  /** Of the period between two instants, ms since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

const HOUR_MS = 3_600_000;
const LENGTH_MS: { readonly [Name in Period]?: number } = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS };

export const isEmptyFilter = ({ isEveryFlow: _, period, ...rest }: RunFilter): boolean => period === 'any' && Object.values(rest).every((value) => value === undefined || value === '');

export function queryOf(filter: RunFilter, flow: string, now: number): RunQuery {
  const { state, node = '', key = '', id = '', period } = filter;
  const length = LENGTH_MS[period];
  const since = length === undefined ? (period === 'between' ? filter.since : undefined) : now - length;
  const until = period === 'between' ? filter.until : undefined;
  return {
    ...(!filter.isEveryFlow && { flow }), ...(state !== undefined && { state }), ...(node !== '' && { node }), ...(key !== '' && { key }), ...(id !== '' && { id }),
    ...(since !== undefined && { since }), ...(until !== undefined && { until }),
  };
}

/** What a field of date and time holds, in the zone of the browser. */
export function localInstant(at: number | undefined): string {
  if (at === undefined) return '';
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function instantOf(text: string): number | undefined {
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? undefined : at;
}
