import { afterEach, expect, test } from 'vitest';
import { pausedLines, pausedTimes } from '../../../editor/connections/paused.ts';
import { language } from '../../../editor/i18n/index.ts';

afterEach(() => { language.current = 'en'; });

const NOW = new Date(2026, 10, 27, 12, 30, 0).getTime();
const since = NOW - 25 * 60_000;

test('those that wait longest come first, and open ones not at all', () => {
  const lines = pausedLines({
    late: { state: 'paused', reason: { en: 'refused', ru: 'отказ' }, since: NOW - 1000, probeAt: NOW + 8000 },
    fine: { state: 'open' },
    'host:api.test': { state: 'paused', reason: { en: '429', ru: '429' }, since, probeAt: NOW + 30_000 },
  }, NOW);
  expect(lines.map(({ name, title, isConnection, reason }) => [name, title, isConnection, reason])).toEqual([['host:api.test', 'Host api.test', false, '429'], ['late', 'late', true, 'refused']]);
});

test('says since when and when it is tried again, in both languages', () => {
  const state = { state: 'paused', since, probeAt: NOW + 7200 } as const;
  expect(pausedTimes(state, NOW)).toBe('since 12:05:00, 25 min · next try in 8 s');
  language.current = 'ru';
  expect(pausedTimes(state, NOW)).toBe('с 12:05:00, уже 25 мин · следующая проба через 8 с');
});

test('a pause of another day has its date, and a probe that is due is under way', () => {
  expect(pausedTimes({ state: 'paused', since: NOW - 3 * 86_400_000, probeAt: NOW }, NOW)).toBe('since Nov 24, 12:30, 3 d · being tried now');
});
