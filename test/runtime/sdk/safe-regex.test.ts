import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { SafeRegExp } from '../../../runtime/sdk/safe-regex.ts';

const codeOf = (call: () => unknown): string => {
  try { call(); } catch (error) { return (error as { code: string }).code; }
  return 'none';
};

test.each(['(a+)+$', '(a*)*', '(a|a)*b', '(a|ab)+c', '(.*)*x', '((a+)b?)+', '([a-z]+)*!', '(\\d+)+', '(x+x+)+y', '(a+){50}', '^(?:(?:\\w+)\\s?)+$', '(?<n>a+)+'])('refuses %s, whose time has no measure', (pattern) => {
  expect(codeOf(() => new SafeRegExp(pattern))).toBe('regex.unsafe');
});

test.each([
  ['^\\+?[78]\\d{10}$', '+79001234567'], ['^[\\w.+-]+@([a-z0-9-]+\\.)+[a-z]{2,}$', 'a.b@mail.example.test'], ['^(foo|bar)+$', 'foobarfoo'],
  ['^(\\d{1,3}\\.){3}\\d{1,3}$', '10.0.0.1'], ['(a|b)*c', 'ababc'], ['^\\s*(\\S+)\\s+(\\S+)\\s*$', ' a b '], ['[)(]+', '()('], ['\\(a+\\)+', '(aa))'], ['^(,\\d+)*$', ',1,22'],
])('takes %s and finds what it should', (pattern, text) => expect(new SafeRegExp(pattern).test(text)).toBe(true));

test('refuses a pattern that is none', () => expect(codeOf(() => new SafeRegExp('(a'))).toBe('regex.syntax'));

test('does not search texts beyond the limit, in any of its methods', () => {
  const long = 'a'.repeat(limits.regexSubjectChars + 1);
  const regex = new SafeRegExp('b', 'g');
  for (const call of [() => regex.test(long), () => long.replace(regex, ''), () => long.split(new SafeRegExp('b'))]) expect(codeOf(call)).toBe('regex.unsafe');
});
