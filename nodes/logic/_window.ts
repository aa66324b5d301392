import { compilePath, type Body } from '../../runtime/sdk/index.ts';
import { partsOf, type Parts } from './_parts.ts';

/** What join makes of the messages of one window. Pure, and never fails: a window that is full must close. */
export interface Making {
  readonly make: 'same' | 'list' | 'record' | 'text' | 'merged' | 'totals';
  readonly path: string;
  readonly keyPath: string;
  readonly joiner: string | undefined;
}

/** The joined body: all of the last message, with the whole at the path and without its place in the whole. `reckoned`: the whole, where it is not made of what was kept. */
export function joined(kept: readonly Body[], making: Making, reckoned?: unknown): Body {
  const ordered = inOrder(kept);
  const parts = ordered.map(partsOf).find((each) => each !== undefined);
  const last = kept.at(-1) ?? {};
  const { parts: _place, ...rest } = last;
  const base: Body = parts?.outer && partsOf(last)?.id === parts.id ? { ...rest, parts: parts.outer } : rest;
  const whole = reckoned ?? wholeOf(ordered, making, parts);
  try { return compilePath(making.path).set(base, whole); } catch { return { ...base, payload: whole }; }
}

/** A whole of which nothing came. */
export function nothing({ type, outer }: Pick<Parts, 'type' | 'outer'>, { make, path }: Making, reckoned?: unknown): Body {
  const kind = make === 'same' ? type : make;
  const whole = reckoned ?? (kind === 'text' ? '' : kind === 'list' ? [] : {});
  return compilePath(path).set(outer ? { parts: outer } : {}, whole);
}

/** By index where all are parts of one whole, else as they came. */
function inOrder(kept: readonly Body[]): readonly Body[] {
  const indexes = kept.map((body) => partsOf(body));
  const [first] = indexes;
  if (!first || indexes.some((parts) => parts?.id !== first.id)) return kept;
  return kept.toSorted((a, b) => (partsOf(a) as Parts).index - (partsOf(b) as Parts).index);
}

function wholeOf(ordered: readonly Body[], { make, path, keyPath, joiner }: Making, parts: Parts | undefined): unknown {
  const at = compilePath(path);
  const values = ordered.map((body) => at.get(body));
  const kind = make === 'same' ? parts?.type ?? 'list' : make;
  if (kind === 'text') return values.map(textOf).join(joiner ?? (make === 'same' ? parts?.delimiter : undefined) ?? '\n');
  if (kind === 'merged') return Object.assign({}, ...values.map((value) => (isRecord(value) ? value : {}))) as unknown;
  if (kind === 'record') {
    // What was split by keys goes back under them, whatever the topic says.
    const key = make === 'same' ? (body: Body): string | undefined => partsOf(body)?.key : (body: Body): string | undefined => keyOf(body, keyPath);
    const entries = ordered.map((body, i) => [key(body) ?? String(i), values[i]] as const);
    return Object.fromEntries(entries.filter(([key]) => key !== '__proto__'));
  }
  return make === 'same' && parts?.size !== undefined ? values.flat(1) : values;
}

/** Under which key a message stands in a joined record. */
export function keyOf(body: Body, keyPath: string): string | undefined {
  const key = compilePath(keyPath).get(body) ?? partsOf(body)?.key;
  return key === undefined || key === null ? undefined : textOf(key);
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));
