import type { TestAnswer } from '../../runtime/api/contract.ts';
import { formatDuration, pick } from '../i18n/index.ts';
import { failureText } from '../shared/failure-text.ts';

/** What a Test said, as one line. */
export interface Tested { readonly ok: boolean; readonly text: string; readonly time: string | undefined; readonly fix: string | undefined }

/** The line of a test; a test that could not even be asked for is a failed one. */
export async function tested(asked: Promise<TestAnswer>): Promise<Tested> {
  try {
    const { ok, message, ms } = await asked;
    return { ok, text: pick(message), time: formatDuration(ms), fix: undefined };
  } catch (error) {
    const { message, fix } = failureText(error);
    return { ok: false, text: message, time: undefined, fix };
  }
}
