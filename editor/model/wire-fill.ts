import type { WireCounters } from '../../runtime/api/contract.ts';

/** '' is calm, `half` wants an eye on it, `full` holds its sender back. */
export type WireLevel = '' | 'half' | 'full';

const HALF = 0.5;

/** How full a wire is by messages or bytes, whichever is more: 0 to 1. */
export const fillOf = (counters: WireCounters): number => Math.min(1, counters.fill ?? (counters.limit > 0 ? counters.waiting / counters.limit : 0));

/** An oldest message that waits longer than it should wants an eye too. */
export function levelOf(counters: WireCounters): WireLevel {
  const fill = fillOf(counters);
  return fill >= 1 ? 'full' : fill > HALF || counters.old ? 'half' : '';
}
