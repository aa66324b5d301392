import type { Problem } from '../../runtime/flow/flow.ts';
import { pick } from '../i18n/index.ts';

/** What is wrong and what to do about it, as two sentences. */
export function problemText({ message, fix }: Pick<Problem, 'message' | 'fix'>): string {
  const [what, then] = [pick(message), pick(fix)];
  return `${what}${/[.!?…]$/.test(what) ? '' : '.'} ${then}`;
}
