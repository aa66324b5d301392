import { expect, test } from 'vitest';
import { formatDuration, formatRate, formatSize, parseDuration, parseRate, parseSize } from '../../../runtime/flow/units.ts';

test.each([['30s', 30_000], ['5m', 300_000], ['1h30m', 5_400_000], ['2d', 172_800_000], ['500ms', 500], ['1.5h', 5_400_000], ['0s', 0], ['1m500ms', 60_500]])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '30', 's', '1 h', '-1s', '1y', '1e3s', '30s!', `${'9'.repeat(30)}d`])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([['64KB', 65_536], ['1MB', 1_048_576], ['1GB', 1_073_741_824], ['512B', 512], ['1.5KB', 1536]])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', '64', '64kb', '1TB', '-1KB', 'KB', `${'9'.repeat(30)}GB`])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test('a rate is a count in a time', () => {
  expect(parseRate('10/1m')).toEqual({ count: 10, perMs: 60_000 });
  for (const bad of ['10', '0/1m', '10/0s', '10/m', '1.5/1s', '/1s', '10/1m/2']) expect(parseRate(bad), bad).toBeUndefined();
});

test('what is written is read as the same value', () => {
  for (const ms of [0, 1, 999, 1000, 61_000, 90_061_001, 172_800_000, 2 ** 40]) expect(parseDuration(formatDuration(ms))).toBe(ms);
  for (const bytes of [0, 1, 1023, 1024, 1536, 1_048_576, 3_000_000, 2 ** 34]) expect(parseSize(formatSize(bytes))).toBe(bytes);
  expect(formatRate({ count: 10, perMs: 60_000 })).toBe('10/1m');
  expect([formatDuration(5_400_000), formatSize(65_536)]).toEqual(['1h30m', '64KB']);
});
