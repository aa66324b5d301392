import { afterEach, expect, test } from 'vitest';
import type { DebugMessage } from '../../../runtime/api/contract.ts';
import { lineOf } from '../../../editor/debug/log-line.ts';
import { language } from '../../../editor/i18n/index.ts';

afterEach(() => { language.current = 'en'; });
const message = (label: string, value: unknown): DebugMessage => ({ id: 1, at: 0, flow: 'f', node: 'n', runId: '', kind: 'log', level: 'warn', label, value });

test('a line that stands for lines that were too many says so in the language of the page', () => {
  language.current = 'ru';
  expect([1, 3, 975].map((leftOut) => lineOf(message('more', { leftOut })))).toEqual(['Пропущена ещё 1 строка журнала', 'Пропущены ещё 3 строки журнала', 'Пропущено ещё 975 строк журнала']);
  language.current = 'en';
  expect(lineOf(message('more', { leftOut: 1 }))).toBe('1 more log line was left out');
});

test('any other line says what was written', () => {
  expect([lineOf(message('three came', null)), lineOf(message('at', { leftOut: 'none' }))]).toEqual(['three came', 'at']);
});
