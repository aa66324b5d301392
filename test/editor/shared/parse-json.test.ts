import { afterEach, expect, test } from 'vitest';
import { language } from '../../../editor/i18n/index.ts';
import { parseJson } from '../../../editor/shared/parse-json.ts';

afterEach(() => { language.current = 'en'; });

const LONG = `{ "name": "${'a'.repeat(50)}",\n  bad }`;

test.each([
  ['{ bad', /строка 1, столбец 3/],
  [LONG, /строка 2, столбец 3/],
  ['{ "a": ', /текст обрывается/],
  ['nope', /кавычки, запятые и скобки/],
])('what is wrong with %j is said in Russian, too', (text, words) => {
  language.current = 'ru';
  expect(() => parseJson(text)).toThrow(words);
  language.current = 'en';
  expect(() => parseJson(text)).toThrow(/JSON/);
});

test('what is right is read', () => {
  expect(parseJson('{ "a": [1] }')).toEqual({ a: [1] });
});
