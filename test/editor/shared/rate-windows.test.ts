import { afterEach, expect, test } from 'vitest';
import { language } from '../../../editor/i18n/index.ts';
import { windowsOf } from '../../../editor/shared/fields/rate-windows.ts';

afterEach(() => { language.current = 'en'; });

test('a usual window is chosen among the usual ones', () => {
  expect(windowsOf('1m').map(({ value }) => value)).toEqual(['1s', '1m', '1h', '1d']);
});

test('a window that somebody wrote into the file stays, in words of the language', () => {
  expect(windowsOf('90s').at(-1)).toEqual({ value: '90s', label: 'in any 1.5 min' });
  language.current = 'ru';
  expect(windowsOf('12h').at(-1)).toEqual({ value: '12h', label: 'за любые 12 ч' });
});
