/** Durations, sizes and rates as people write them. Each parser answers undefined for what it cannot read. */

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

/** `"30s"`, `"5m"`, `"1h30m"`, `"1.5h"`, `"2d"`, `"500ms"` → milliseconds. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(count) * DURATION_MS[unit as keyof typeof DURATION_MS];
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : undefined;
}

/** The shortest text that `parseDuration` reads as `ms`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / DURATION_MS[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * DURATION_MS[unit];
  }
  return text || '0s';
}

/** `"64KB"`, `"1.5MB"`, `"512B"` → bytes; 1 KB is 1024 B. */
export function parseSize(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const bytes = Math.round(Number(count) * SIZE_BYTES[unit as keyof typeof SIZE_BYTES]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A text that `parseSize` reads as `bytes`, in the largest unit that holds it exactly. */
export function formatSize(bytes: number): string {
  const whole = Math.max(0, Math.round(bytes));
  for (const unit of ['GB', 'MB', 'KB'] as const) {
    if (whole > 0 && whole % SIZE_BYTES[unit] === 0) return `${whole / SIZE_BYTES[unit]}${unit}`;
  }
  return `${whole}B`;
}

export interface Rate { readonly count: number; readonly perMs: number }

/** `"10/1m"` → ten in a minute. */
export function parseRate(text: string): Rate | undefined {
  const [, digits, per] = /^(\d+)\/(.+)$/.exec(text) ?? [];
  const count = Number(digits);
  const perMs = per === undefined ? undefined : parseDuration(per);
  return perMs && count > 0 && Number.isSafeInteger(count) ? { count, perMs } : undefined;
}

export const formatRate = (rate: Rate): string => `${rate.count}/${formatDuration(rate.perMs)}`;
