import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import type { HttpRequest, Secret, Text } from '../../../runtime/sdk/index.ts';
import { Refused } from './answers.ts';

/** Who may call. Every comparison takes the same time whatever differs, so that nobody finds a token letter by letter. */
export interface CheckConfig {
  readonly check: 'none' | 'hmac' | 'bearer' | 'basic' | 'header';
  readonly secret: Secret | undefined;
  readonly user: string | undefined;
  readonly checkHeader: string;
  readonly signaturePrefix: string;
  readonly signatureEncoding: 'hex' | 'base64';
  readonly signedText: string;
  readonly timestampHeader: string | undefined;
  readonly tolerance: number;
}

/** Throws `Refused` with 401 when the caller may not. */
export type Check = (request: HttpRequest, nowMs: number) => void;

/** Made once at start; throws when the settings cannot protect anything. */
export function createCheck(config: CheckConfig): Check {
  if (config.check === 'none') return () => undefined;
  const secret = config.secret?.reveal() ?? '';
  if (secret === '') throw misconfigured('the check of the caller has no secret', 'для проверки отправителя не задан секрет');
  switch (config.check) {
    case 'bearer': return schemeCheck('bearer', secret);
    case 'basic': return schemeCheck('basic', Buffer.from(`${config.user ?? ''}:${secret}`).toString('base64'));
    case 'header': return headerCheck(config.checkHeader.toLowerCase(), secret);
    case 'hmac': return signatureCheck(config, secret);
  }
}

/** Header names that carry what proves the caller: they are never part of a message. */
export function secretHeaders(config: CheckConfig): readonly string[] {
  return config.check === 'header' ? [config.checkHeader.toLowerCase()] : [];
}

function schemeCheck(scheme: 'bearer' | 'basic', expected: string): Check {
  const wanted = digest(expected);
  const challenge = { 'www-authenticate': scheme === 'basic' ? 'Basic realm="webhook", charset="UTF-8"' : 'Bearer' };
  return ({ headers }) => {
    const given = headers.authorization ?? '';
    const space = given.indexOf(' ');
    const same = timingSafeEqual(digest(given.slice(space + 1).trim()), wanted);
    if (space < 0 || given.slice(0, space).toLowerCase() !== scheme || !same) throw notAllowed({ en: `the Authorization header does not hold the expected ${scheme} credentials`, ru: `в заголовке Authorization нет нужных данных ${scheme}` }, challenge);
  };
}

function headerCheck(name: string, expected: string): Check {
  const wanted = digest(expected);
  return ({ headers }) => {
    if (!timingSafeEqual(digest(headers[name] ?? ''), wanted)) throw notAllowed({ en: `the header ${name} does not hold the expected token`, ru: `в заголовке ${name} нет нужного токена` });
  };
}

function signatureCheck(config: CheckConfig, secret: string): Check {
  const name = config.checkHeader.toLowerCase();
  const stampName = config.timestampHeader?.toLowerCase();
  const parts = signedParts(config);
  return (request, nowMs) => {
    const stamp = stampName === undefined ? '' : freshStamp(request.headers[stampName], stampName, nowMs, config.tolerance);
    const mac = createHmac('sha256', secret);
    for (const part of parts) mac.update(part === BODY ? request.body : part === STAMP ? stamp : part);
    const wanted = mac.digest();
    const given = request.headers[name] ?? '';
    const text = given.startsWith(config.signaturePrefix) ? given.slice(config.signaturePrefix.length).trim() : '';
    const bytes = Buffer.from(text, config.signatureEncoding);
    if (bytes.length !== wanted.length || !timingSafeEqual(bytes, wanted)) throw notAllowed({ en: `the header ${name} does not hold the signature of this body`, ru: `в заголовке ${name} нет подписи этого тела` });
  };
}

const BODY = '{body}';
const STAMP = '{timestamp}';

/** The signed text in pieces, so that the body is hashed as the bytes that came. */
function signedParts({ signedText, timestampHeader }: CheckConfig): readonly string[] {
  const parts = signedText.split(/(\{body\}|\{timestamp\})/).filter((part) => part !== '');
  if (!parts.includes(BODY)) throw misconfigured('the signed text must contain {body}', 'подписываемый текст должен содержать {body}');
  if (timestampHeader !== undefined && !parts.includes(STAMP)) {
    throw misconfigured('with a timestamp header the signed text must contain {timestamp}, or anybody could change the time', 'если задан заголовок времени, подписываемый текст должен содержать {timestamp}, иначе время мог бы изменить кто угодно');
  }
  if (timestampHeader === undefined && parts.includes(STAMP)) throw misconfigured('the signed text contains {timestamp}, but no timestamp header is named', 'подписываемый текст содержит {timestamp}, но заголовок времени не указан');
  return parts;
}

/** The stamp as it came. Seconds or milliseconds since 1970, or an ISO time. */
function freshStamp(text: string | undefined, name: string, nowMs: number, toleranceMs: number): string {
  const number = Number(text);
  const atMs = text === undefined || text === '' ? NaN : Number.isFinite(number) ? (number < 1e11 ? number * 1000 : number) : Date.parse(text);
  if (!Number.isFinite(atMs)) throw notAllowed({ en: `the header ${name} holds no time`, ru: `в заголовке ${name} нет времени` });
  if (Math.abs(nowMs - atMs) > toleranceMs) throw notAllowed({ en: `the time in the header ${name} is more than ${Math.round(toleranceMs / 1000)} s away from now`, ru: `время в заголовке ${name} отличается от текущего больше чем на ${Math.round(toleranceMs / 1000)} с` });
  return text as string;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A refusal that says to the caller by which scheme it may come again. */
export class NotAllowed extends Refused {
  readonly headers: { readonly [name: string]: string };
  constructor(reason: Text, headers: { readonly [name: string]: string }) {
    super(401, 'webhook.not-allowed', { en: `${reason.en}; nothing was accepted`, ru: `${reason.ru}; ничего не принято` });
    this.headers = headers;
  }
}
const notAllowed = (reason: Text, headers: { readonly [name: string]: string } = {}): NotAllowed => new NotAllowed(reason, headers);

function misconfigured(en: string, ru: string): NodeFailure {
  return new NodeFailure('webhook.config', { en: `starting the webhook: ${en}`, ru: `запуск вебхука: ${ru}` });
}
