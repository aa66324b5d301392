import { domainToASCII } from 'node:url';
import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min';
import { NodeFailure, type Text } from '../../runtime/sdk/index.ts';

/** How contact data is brought into one form. What several spellings of one person's data give must be equal to the letter. */

export type Normal = { readonly value: string; readonly extension?: string } | { readonly reason: Text };

/** E.164. "Possible" by length and not "valid" by the operators' tables, which lag behind the real ones. */
export function normalPhone(raw: string, region: string): Normal {
  const country = region.toUpperCase();
  if (!isSupportedCountry(country)) {
    throw new NodeFailure('contact.region', {
      en: `normalizing a phone: "${region}" is not a country code such as RU or DE`,
      ru: `нормализация телефона: «${region}» — не код страны вроде RU или DE`,
    });
  }
  for (const { text, sure } of spellings(raw, country)) {
    const parsed = parsePhoneNumberFromString(text, country as CountryCode);
    // A number that only fits once a digit is taken away was not meant.
    if (parsed && (sure === true ? parsed.isValid() && parsed.number.slice(1) === text.replaceAll(/\D/g, '') : parsed.isPossible())) return { value: parsed.number, ...(parsed.ext && { extension: parsed.ext }) };
  }
  return { reason: { en: 'not a possible phone number', ru: 'такого телефонного номера быть не может' } };
}

const SEVEN = ['RU', 'KZ']; // countries whose numbers are written by hand with 8 or with 7 in front

interface Spelling { readonly text: string; /** Taken only when it is a valid number, because another reading follows. */ readonly sure?: boolean }

/** What a person may have meant, likeliest first. */
function spellings(raw: string, country: string): Spelling[] {
  const text = raw.normalize('NFKC').replaceAll(/[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/g, ' ').trim();
  const digits = text.replaceAll(/\D/g, '');
  const national = SEVEN.includes(country) && digits.length === 11 && /^[78]/.test(digits) ? [{ text: `+7${digits.slice(1)}` }] : [];
  // `+81…` is Japan, while `+8 900…` is a Russian number with a stray plus.
  if (text.startsWith('+')) return national.length === 0 ? [{ text }] : [{ text, sure: true }, ...national];
  const abroad = digits.startsWith('00') && digits.length > 9 ? [{ text: `+${digits.slice(2)}` }] : [];
  return [...national, ...abroad, { text }];
}

const LOCAL = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}$/u;
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

/** Lower case, the domain in its ASCII form; `Name <address>` gives the address. */
export function normalEmail(raw: string): Normal {
  const text = raw.normalize('NFC').replaceAll(/[\u00a0\u200b\ufeff]/g, ' ').trim();
  const address = (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).replace(/^mailto:/i, '').trim();
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at).toLowerCase();
  const domain = domainToASCII(address.slice(at + 1).toLowerCase());
  if (at < 1 || !LOCAL.test(local) || /^\.|\.\.|\.$/.test(local) || !DOMAIN.test(domain)) return { reason: { en: 'not an e-mail address', ru: 'это не адрес почты' } };
  return { value: `${local}@${domain}` };
}

// Written small inside a name, in either alphabet.
const PARTICLES = new Set(['оглы', 'кызы', 'фон', 'де', 'дер', 'ди', 'von', 'der', 'de', 'di', 'da', 'bin', 'ibn']);

/** One space between words, no quotes around, and capitals where everything came in one case. */
export function normalName(raw: string): string {
  const text = raw.normalize('NFC').replaceAll(/[\s\u200b\ufeff]+/g, ' ').trim().replaceAll(/^[«"'„“”\s]+|[»"'“”\s]+$/g, '');
  if (text !== text.toUpperCase() && text !== text.toLowerCase()) return text;
  return text.toLowerCase().split(' ').map((word, i) => (i > 0 && PARTICLES.has(word) ? word : capitalized(word))).join(' ');
}

/** Also after a dash, and after one letter with an apostrophe: Мамин-Сибиряк, Д'Артаньян. */
const capitalized = (word: string): string => word.replaceAll(/(?:^|-)\p{L}(?:['’]\p{L})?/gu, (start) => start.toUpperCase());

const PATRONYMIC = /(вич|вна|ична|инична|оглы|кызы)$/i;

export interface PersonName { readonly last?: string; readonly first?: string; readonly middle?: string }

/** Parts of a personal name: `Фамилия Имя Отчество` or `Имя Отчество Фамилия`, told apart by the patronymic; two words are first and last. */
export function nameParts(name: string): PersonName {
  const words = name.split(' ').filter(Boolean);
  const [a, b, c] = words;
  if (a === undefined) return {};
  if (b === undefined) return { first: a };
  if (c === undefined) return PATRONYMIC.test(b) ? { first: a, middle: b } : { first: a, last: b };
  if (PATRONYMIC.test(b) && !PATRONYMIC.test(c)) return { first: a, middle: b, last: c };
  return { last: a, first: b, middle: words.slice(2).join(' ') };
}
