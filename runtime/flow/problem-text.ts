import type { Problem, Text } from './flow.ts';

/** What is wrong and what to do about it, as two sentences of the language that `pick` picks. */
export function problemText({ message, fix }: Pick<Problem, 'message' | 'fix'>, pick: (text: Text) => string): string {
  const what = pick(message);
  return `${what}${/[.!?…]$/.test(what) ? '' : '.'} ${pick(fix)}`;
}
