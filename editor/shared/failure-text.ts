import type { Text } from '../../runtime/flow/flow.ts';
import { pick } from '../i18n/index.ts';

/** What failed and what to do about it, in the language of the screen. An API error brings both; anything else has its own words only. */
export function failureText(error: unknown): { readonly message: string; readonly fix: string | undefined } {
  const { text, fix } = error as { readonly text?: Text; readonly fix?: Text };
  if (text) return { message: pick(text), fix: fix && pick(fix) };
  return { message: error instanceof Error ? error.message : String(error), fix: undefined };
}
