import type { Body } from '../../runtime/sdk/index.ts';

/** What split writes into each message and join reads: of which whole it is a part, and which part. */
export interface Parts {
  /** Of the whole: the same for all its parts. */
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly type: 'list' | 'text' | 'record';
  /** The record's key. */
  readonly key?: string;
  /** What stood between the parts of a text. */
  readonly delimiter?: string;
  /** Items in each part of a list, when it was cut into pieces. */
  readonly size?: number;
  /** Of the split around this one. */
  readonly outer?: Parts;
}

/** The parts of a body; undefined when it is no part of anything. Messages from outside may carry anything under the name. */
export function partsOf(body: Body): Parts | undefined {
  const { parts } = body;
  if (typeof parts !== 'object' || parts === null) return undefined;
  const { id, index, count } = parts as Partial<Parts>;
  const fits = typeof id === 'string' && Number.isSafeInteger(index) && Number.isSafeInteger(count) && (index as number) >= 0 && (index as number) < (count as number);
  return fits ? (parts as Parts) : undefined;
}
