import { expect, test } from 'vitest';
import { envValueText, parseEnvValue } from '../../../editor/settings/env-value.ts';

test('what is typed is JSON where it reads as JSON, else text', () => {
  expect(['RU', '12', 'true', '["a"]', 'https://x.test', '"12"', ''].map(parseEnvValue)).toEqual(['RU', 12, true, ['a'], 'https://x.test', '12', '']);
});

test('a value is shown so that saving it again changes nothing', () => {
  for (const value of ['RU', 12, true, null, ['a'], '12', 'true', '', { a: 1 }]) expect(parseEnvValue(envValueText(value))).toEqual(value);
});
