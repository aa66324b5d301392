/** Sets of whole numbers as ranges in order, from and to included: small as long as they come about in order. */
export type Ranges = readonly (readonly [number, number])[];

export const has = (ranges: Ranges, n: number): boolean => ranges.some(([from, to]) => n >= from && n <= to);
export const sizeOf = (ranges: Ranges): number => ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);

/** Adds a number and joins the ranges that now touch. */
export function withOne(ranges: Ranges, n: number): Ranges {
  const out: [number, number][] = [];
  for (const [from, to] of [...ranges, [n, n] as const].toSorted((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

export function without(ranges: Ranges, n: number): Ranges {
  return ranges.flatMap(([from, to]): Ranges => {
    if (n < from || n > to) return [[from, to]];
    const before: Ranges = n > from ? [[from, n - 1]] : [];
    const after: Ranges = n < to ? [[n + 1, to]] : [];
    return [...before, ...after];
  });
}
