import { stripTypeScriptTypes } from 'node:module';
import type { Text } from '../flow/flow.ts';
import { BY_SETTINGS } from './syntax.ts';
import { ENDS_TOO_EARLY, wordsOf } from './syntax-words.ts';

/** Why types cannot be erased, with the place in the user's code, as far as it is known. */
export interface TypeProblem { readonly message: string; readonly ru: string; readonly line?: number; readonly column?: number }

// The code is the inside of a function: it may return and wait. Its first line is the second one of what is read.
const BEFORE = 'async function code(msg) {\n';
const AFTER = '\n}';

/** The code without its types: spaces stand in their place, so that every line and column stays what it was. */
export function eraseTypes(code: string): string | TypeProblem {
  try {
    return stripped(code);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { isEnd = false, ...place } = placeIn(code) ?? {};
    const { en, ru } = reasonOf(error, isEnd);
    return { message: en, ru, ...place };
  }
}

interface Refusal extends Error { readonly code: 'ERR_INVALID_TYPESCRIPT_SYNTAX' | 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' }
const isRefusal = (error: unknown): error is Refusal => ['ERR_INVALID_TYPESCRIPT_SYNTAX', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'].includes((error as Refusal).code);

const stripped = (code: string): string => stripTypeScriptTypes(`${BEFORE}${code}${AFTER}`, { mode: 'strip' }).slice(BEFORE.length, -AFTER.length);

/** What is more than a type, and would need code in its place. */
const MORE_THAN_TYPES: { readonly [what: string]: Text } = {
  enum: { en: '`enum`', ru: '`enum`' },
  'namespace declaration': { en: '`namespace`', ru: '`namespace`' },
  'parameter property': { en: '`private`, `public` or `readonly` in a constructor’s parameters', ru: '`private`, `public` или `readonly` у параметра конструктора' },
};
/** What the parser wants instead of what it found. */
const MISSES = /^(?:Expression expected|Expected |Unexpected )/;

function reasonOf({ message }: Refusal, isEnd: boolean): Text {
  const what = /^TypeScript (.+) is not supported in strip-only mode/.exec(message)?.[1];
  if (what !== undefined) {
    const { en, ru } = MORE_THAN_TYPES[what] ?? { en: what, ru: `«${what}»` };
    return { en: `${en}: it makes code of its own, and here types are only erased; write it as JavaScript`, ru: `${ru}: это порождает код, а здесь типы только стираются; запишите это на JavaScript` };
  }
  if (message.startsWith("'import', and 'export'")) return { en: BY_SETTINGS.message, ru: BY_SETTINGS.ru };
  if (message.includes('angle-bracket')) return { en: 'a type in angle brackets; write `value as Type`', ru: 'тип в угловых скобках; напишите `value as Type`' };
  return isEnd && MISSES.test(message) ? ENDS_TOO_EARLY : wordsOf(message.replace(/\.$/, ''));
}

/** Places are told as columns of a screen, where a tab and some letters take more than one: it is asked again with letters that take one. */
function placeIn(code: string): ReturnType<typeof placeOf> {
  try {
    stripped(code.replaceAll('\t', ' ').replaceAll(/[^\n\x20-\x7e]/g, '_'));
    return undefined;
  } catch (error) {
    return placeOf((error as Refusal).stack ?? '', code.split('\n'));
  }
}

/** The place stands before the message, as `:line`, the lines around, and a row of carets. */
function placeOf(stack: string, lines: readonly string[]): { readonly line: number; readonly column: number; readonly isEnd?: true } | undefined {
  const shown = stack.split('\n');
  const line = Number(/^[^:]*:(\d+)$/.exec(shown[0] ?? '')?.[1]) - 1;
  const column = shown.find((each) => /^\s*\^+\s*$/.test(each))?.indexOf('^');
  if (!Number.isInteger(line) || column === undefined) return undefined;
  // What ends too early is found behind the user's last line.
  return line > lines.length ? { line: lines.length, column: (lines.at(-1) ?? '').length + 1, isEnd: true } : { line, column: column + 1 };
}
