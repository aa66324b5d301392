import { expect, test } from 'vitest';
import { instantOf, isEmptyFilter, localInstant, queryOf } from '../../../editor/runs/filter.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');

test('an empty filter asks for every run of the flow, or of all', () => {
  expect(queryOf({ period: 'any', node: '', key: '', id: '' }, 'orders', NOW)).toEqual({ flow: 'orders' });
  expect(queryOf({ period: 'any', isEveryFlow: true }, 'orders', NOW)).toEqual({});
  expect(isEmptyFilter({ period: 'any', isEveryFlow: true, node: '' })).toBe(true);
});

test('what is chosen is asked for together', () => {
  const filter = { period: 'day', state: 'dead-lettered', node: 'call', key: '42', id: 'r1' } as const;
  expect(queryOf(filter, 'orders', NOW)).toEqual({ flow: 'orders', state: 'dead-lettered', node: 'call', key: '42', id: 'r1', since: NOW - 86_400_000 });
  expect(isEmptyFilter(filter)).toBe(false);
});

test('two instants count only where the period is between them, and one may be open', () => {
  expect(queryOf({ period: 'between', since: 5, until: undefined }, 'orders', NOW)).toEqual({ flow: 'orders', since: 5 });
  expect(queryOf({ period: 'between', since: 5, until: 9 }, 'orders', NOW)).toEqual({ flow: 'orders', since: 5, until: 9 });
  expect(queryOf({ period: 'any', since: 5, until: 9 }, 'orders', NOW)).toEqual({ flow: 'orders' });
});

test('an instant goes into a field of date and time and comes back, to the minute', () => {
  expect(instantOf(localInstant(NOW))).toBe(NOW);
  expect([localInstant(undefined), instantOf('')]).toEqual(['', undefined]);
});
