import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How figures are taken and printed, the same in every bench. */

export const line = (what: string, figure: string): void => console.log(`${what.padEnd(66)}${figure}`);
export const whole = (n: number): string => Math.round(n).toLocaleString('en');
export const folder = (): string => mkdtempSync(join(tmpdir(), 'millrace-bench-'));

export function quantile(values: Iterable<number>, q: number): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Memory of a process in MB: `VmRSS` now, `VmHWM` at most so far. */
export function memoryMb(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
