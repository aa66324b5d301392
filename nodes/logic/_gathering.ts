import type { Body, CollectStep, Json, Missing } from '../../runtime/sdk/index.ts';
import { partsOf, type Parts } from './_parts.ts';
import { has, sizeOf, without, withOne, type Ranges } from './_ranges.ts';
import type { Totals } from './_totals.ts';

/** A window of the parts of one whole: which have come, and which will not. Small, because it is written with each message. */
export interface Gathering {
  /** Ranges of the indexes that have come. */
  readonly came?: Ranges;
  /** Those that ended on their way, by how. */
  readonly gone?: { readonly [how in Missing]?: Ranges };
  /** Of one of those, for a whole of which nothing came. */
  readonly like?: Pick<Parts, 'type' | 'outer'>;
  readonly totals?: Totals;
  /** It has closed without all of them. */
  readonly closed?: true;
}

const HOWS = ['dropped', 'dead-lettered', 'elsewhere'] as const;

/** A part has come; one that was thought lost is not. */
export function partCame(body: Body, window: Gathering): CollectStep {
  const { index, count } = partsOf(body) as Parts;
  const { came = [], gone = {} } = window;
  if (has(came, index)) return { state: window as unknown as Json };
  const next: Gathering = { ...window, came: withOne(came, index), ...(window.gone && { gone: Object.fromEntries(HOWS.flatMap((how) => (gone[how] ? [[how, without(gone[how], index)]] : []))) }) };
  return { state: next as unknown as Json, keep: body, ...(isWhole(next, count) && { close: true }) };
}

export function partIsMissing(told: Body, how: Missing, window: Gathering): CollectStep {
  const { index, count, type, outer } = partsOf(told) as Parts;
  const { came = [], gone = {} } = window;
  if (window.closed || has(came, index) || HOWS.some((each) => has(gone[each] ?? [], index))) return { state: window as unknown as Json };
  const next: Gathering = { ...window, gone: { ...gone, [how]: withOne(gone[how] ?? [], index) }, like: { type, ...(outer && { outer }) } };
  return { state: next as unknown as Json, ...(isWhole(next, count) && { close: true }) };
}

/** How many did not come, by how; undefined when all did. */
export function missingOf({ gone }: Gathering): { readonly [how: string]: number } | undefined {
  const counts = HOWS.flatMap((how) => (gone?.[how] && sizeOf(gone[how]) > 0 ? [[how === 'dead-lettered' ? 'deadLettered' : how, sizeOf(gone[how])] as const] : []));
  return counts.length === 0 ? undefined : Object.fromEntries(counts);
}

const isWhole = ({ came = [], gone = {} }: Gathering, count: number): boolean => sizeOf(came) + HOWS.reduce((sum, how) => sum + sizeOf(gone[how] ?? []), 0) === count;
