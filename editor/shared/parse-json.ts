import { language, t } from '../i18n/index.ts';

/** Reads JSON that a person typed. What is wrong with it is thrown in the language of the screen; the browser says it in English only. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { message } = error as Error;
    throw new SyntaxError(language.current === 'en' ? message : inWords(message), { cause: error });
  }
}

function inWords(message: string): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  if (line !== undefined && column !== undefined) return t('shared.json-at', { line, column });
  return /end of/i.test(message) ? t('shared.json-ends') : t('shared.json-wrong');
}
