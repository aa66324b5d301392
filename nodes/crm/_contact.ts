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
  const parsed = parsePhoneNumberFromString(prepared(raw, country), country as CountryCode);
  if (!parsed?.isPossible()) return { reason: { en: 'not a possible phone number', ru: 'такого телефонного номера быть не может' } };
  return { value: parsed.number, ...(parsed.ext && { extension: parsed.ext }) };
}

/** `8…` and `7…` of eleven digits are both how a Russian number is written by hand; `00…` is an international prefix anywhere. */
function prepared(raw: string, country: string): string {
  const text = raw.replaceAll(/[\u00a0\u2007\u202f]/g, ' ').trim();
  const digits = text.replaceAll(/\D/g, '');
  if ((country === 'RU' || country === 'KZ') && digits.length === 11 && /^[78]/.test(digits)) return `+7${digits.slice(1)}`;
  if (digits.startsWith('00') && digits.length > 9) return `+${digits.slice(2)}`;
  return text;
}

const LOCAL = /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}$/u;
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

/** Lower case, the domain in its ASCII form; `Name <address>` gives the address. */
export function normalEmail(raw: string): Normal {
  const text = raw.replaceAll(/[\u00a0\u200b]/g, ' ').trim();
  const address = (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).replace(/^mailto:/i, '').trim();
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at).toLowerCase();
  const domain = domainToASCII(address.slice(at + 1).toLowerCase());
  if (at < 1 || !LOCAL.test(local) || local.includes('..') || !DOMAIN.test(domain)) return { reason: { en: 'not an e-mail address', ru: 'это не адрес почты' } };
  return { value: `${local}@${domain}` };
}

/** One space between words, no quotes around, and capitals where everything came in one case. */
export function normalName(raw: string): string {
  const text = raw.replaceAll(/[\s\u00a0\u200b]+/g, ' ').trim().replaceAll(/^[«"'„“”]+|[»"'“”]+$/g, '').trim();
  const oneCase = text === text.toUpperCase() || text === text.toLowerCase();
  return oneCase ? text.toLowerCase().replaceAll(/(^|[\s-])(\p{L})/gu, (_all, before: string, letter: string) => before + letter.toUpperCase()) : text;
}

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
