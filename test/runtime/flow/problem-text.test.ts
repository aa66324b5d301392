import { expect, test } from 'vitest';
import { problemText } from '../../../runtime/flow/problem-text.ts';

test.each([
  ['a value is needed', 'a value is needed. Fill it in.'],
  ['The code cannot be read.', 'The code cannot be read. Fill it in.'],
  ['is this a date?', 'is this a date? Fill it in.'],
])('what is wrong and what to do are two sentences: %s', (en, text) => {
  expect(problemText({ message: { en, ru: '' }, fix: { en: 'Fill it in.', ru: '' } }, (both) => both.en)).toBe(text);
});
