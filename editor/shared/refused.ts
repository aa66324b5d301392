import type { Text } from '../../runtime/flow/flow.ts';

export interface Refused { readonly id: string; readonly reason: Text }

/** The reasons by how often each was given, the most frequent first. */
export function reasonsOf(refused: readonly Refused[]): readonly { readonly reason: Text; readonly count: number }[] {
  return [...Map.groupBy(refused, ({ reason }) => reason.en)].map(([, of]) => ({ reason: of[0]?.reason as Text, count: of.length })).sort((a, b) => b.count - a.count);
}
