import { t } from '../i18n/index.ts';

/** A line of the log; one that stands for lines that were too many says so in the language of the page. */
export const logText = (text: string, leftOut: unknown): string => (typeof leftOut === 'number' ? t('shared.logs-left-out', { n: leftOut }) : text);
