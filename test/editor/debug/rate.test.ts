import { expect, test } from 'vitest';
import type { DebugMessage } from '../../../runtime/api/contract.ts';
import { DebugRate } from '../../../editor/debug/rate.svelte.ts';

const seen = (from: number, to: number): DebugMessage[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i, at: 0, flow: 'f', node: 'a', runId: '', kind: 'debug', label: '', value: 1 }));

test('counts what came since the last second, shown and not shown', () => {
  const rate = new DebugRate({ debug: seen(1, 3), skipped: 5 });
  rate.count({ debug: seen(1, 13), skipped: 37 });
  expect([rate.shown, rate.all]).toEqual([10, 42]);
  rate.count({ debug: seen(1, 13), skipped: 37 });
  expect([rate.shown, rate.all]).toEqual([0, 0]);
});

test('counts right when old messages fell out of the list, and after it was cleared', () => {
  const rate = new DebugRate({ debug: seen(1, 100), skipped: 90 });
  rate.count({ debug: seen(51, 150), skipped: 90 });
  expect(rate.shown).toBe(50);
  rate.count({ debug: [], skipped: 0 });
  rate.count({ debug: seen(151, 152), skipped: 4 });
  expect([rate.shown, rate.all]).toEqual([2, 6]);
});
