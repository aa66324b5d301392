import type { Text } from '../flow/flow.ts';
import type { HttpRequest } from './context.ts';

/** The text in the language that the caller prefers by Accept-Language: English, unless Russian comes before it. */
export function textFor({ headers }: Pick<HttpRequest, 'headers'>, text: Text): string {
  const wanted = (headers['accept-language'] ?? '').split(',').map(preference).filter(({ weight }) => weight > 0).toSorted((a, b) => b.weight - a.weight);
  return wanted.find(({ language }) => language === 'ru' || language === 'en')?.language === 'ru' ? text.ru : text.en;
}

/** `ru-RU;q=0.8`; what is no weight counts as none. */
function preference(part: string): { readonly language: string; readonly weight: number } {
  const [tag = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
  const weight = parameters.find((each) => each.startsWith('q='));
  return { language: tag.split('-')[0] ?? '', weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
}
