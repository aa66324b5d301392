/**
 * Secrets and personal data in what people look at: secrets are hidden whole, phone numbers and e-mail addresses keep just
 * enough to be recognised by somebody who knows them. Pure; the stored message stays whole.
 */

const DOT = '•';
// Bounded, so that a long text without an address costs no more than its length.
const EMAIL = /([\p{L}\p{N}_%+-])[\p{L}\p{N}._%+-]{0,63}@([\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}\.\p{L}{2,24})/gu;
// Not inside a longer word, number, path or id. International with +, or the national form with 7 or 8 before an area code.
const PHONE = /(?<![\p{L}\p{N}_.+-])(?:\+\d[\d ().\u00a0-]{7,20}\d|[78][ \u00a0(-]{0,2}[3-9]\d{2}[ \u00a0)-]{0,2}\d{3}[ \u00a0-]?\d{2}[ \u00a0-]?\d{2})(?![\p{L}\p{N}_])/gu;
const PHONE_DIGITS_MIN = 10;
const PHONE_DIGITS_MAX = 15;
const HIDDEN_DIGITS = 5;
const LAST_DIGITS = 2;
// A field that says it holds a phone number holds one in any form.
const PHONE_KEY = /phone|(?:^|[_-])(?:tel|mobile|msisdn|fax)(?:$|[_-])|телефон/i;
const PHONE_KEY_DIGITS_MIN = 7;
// A field that says it holds a secret: `authorization`, `set-cookie`, `accessToken`, `x-api-key`, `DB_PASSWORD`.
const SECRET_KEY = /(?:authorization|cookie|passw(?:or)?d|passphrase|secret|token|credentials?|(?:api|secret|private|access)[ _-]?key|cvv|cvc|пароль|токен)$|^pass$/i;
const HIDDEN = DOT.repeat(3);
// Secrets inside a text: of a header, of an address.
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{16,}/g;
// Whoever has the whole address of a waiting message may answer for the other side.
const CALLBACK = /((?:\/|%2F)hook(?:\/|%2F)resume(?:\/|%2F)[\w-]+(?:\/|%2F)[\w-]+(?:\/|%2F))[0-9a-f]+/gi;
const IN_ADDRESS = /([?&](?:[\w-]*(?:token|password|secret|api[_-]?key)|auth)=)[^&\s#"']+/gi;

/** Masks what a text holds. `key` is the name of the field that holds it, if any. */
export function maskText(text: string, key = ''): string {
  if (text !== '' && SECRET_KEY.test(key)) return HIDDEN;
  if (PHONE_KEY.test(key) && looksLikeNumber(text)) return maskDigits(text);
  const withoutSecrets = text.replace(BEARER, `$1 ${HIDDEN}`).replace(IN_ADDRESS, `$1${HIDDEN}`).replace(CALLBACK, `$1${HIDDEN}`);
  const withoutMail = withoutSecrets.includes('@') ? maskMail(withoutSecrets) : withoutSecrets;
  return withoutMail.replace(PHONE, (found) => (isPhone(found) ? maskDigits(found) : found));
}

/** Masks a number that is a phone by its field's name or by its form; any other number stays. */
export function maskNumber(value: number, key = ''): number | string {
  const text = String(value);
  if (PHONE_KEY.test(key) && looksLikeNumber(text)) return maskDigits(text);
  return /^[78]9\d{9}$/.test(text) ? maskDigits(text) : value;
}

const maskMail = (text: string): string => text.replace(EMAIL, (_, first: string, domain: string) => `${first}${DOT.repeat(3)}@${domain}`);

const digitCount = (text: string): number => text.replace(/\D/g, '').length;
const looksLikeNumber = (text: string): boolean => /^[\d\s()+.-]+$/.test(text) && digitCount(text) >= PHONE_KEY_DIGITS_MIN;

function isPhone(text: string): boolean {
  const digits = digitCount(text);
  return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

/** Hides the five digits before the last two and leaves the rest as written: `+7 900 •••-••-34`. */
function maskDigits(text: string): string {
  const last = digitCount(text) - LAST_DIGITS;
  let at = 0;
  return text.replace(/\d/g, (digit) => {
    const hidden = at >= last - HIDDEN_DIGITS && at < last;
    at++;
    return hidden ? DOT : digit;
  });
}
