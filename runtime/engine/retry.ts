import type { Retry } from '../sdk/node-failure.ts';

/** What happens after a failure that is the message's own. */
export type AfterFailure = { readonly kind: 'retry'; readonly afterMs: number } | { readonly kind: 'final' };

export interface RetryPolicy {
  readonly attempts: number;
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** `spread` in [0, 1) lengthens the wait by up to a fifth, so that what failed together does not come back together. */
export function afterFailure(retry: Retry, { attempt, spread }: { readonly attempt: number; readonly spread: number }, policy: RetryPolicy): AfterFailure {
  if (retry === 'never' || attempt >= policy.attempts) return { kind: 'final' };
  if (retry !== 'backoff') return { kind: 'retry', afterMs: retry.afterMs };
  const wait = Math.min(policy.firstMs * policy.factor ** (attempt - 1), policy.maxMs);
  return { kind: 'retry', afterMs: Math.round(wait * (1 + spread / 5)) };
}

/** When a paused connection is probed the next time. */
export function probeAfter(probe: number, limits: { readonly firstMs: number; readonly maxMs: number }): number {
  return Math.min(limits.firstMs * 2 ** probe, limits.maxMs);
}
