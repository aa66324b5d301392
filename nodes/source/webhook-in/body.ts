import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { limits, readJson } from '../../../runtime/sdk/index.ts';
import type { HttpRequest } from '../../../runtime/sdk/index.ts';
import { Refused } from './answers.ts';
import { parsePairs } from './form.ts';
import { placeOfError } from './json-place.ts';
import { parseMultipart, type FormFile } from './multipart.ts';

/** What a body became. */
export interface Read { readonly payload: unknown; readonly files?: readonly FormFile[] }
export type Reader = (body: Uint8Array) => Read | Promise<Read>;
export type BodyForm = 'auto' | 'json' | 'form' | 'text' | 'bytes';

const SHOWN_CHARS = 10; // of what is wrong
const READERS_KEPT = 64; // distinct content types of one webhook; each caller sends one or two

/** Chooses a reader by content type, once for each distinct one: the same few come again with every request. */
export class BodyReaders {
  readonly #known = new Map<string, Reader>();
  readonly #form: BodyForm;
  readonly #bytesMax: number;

  constructor(form: BodyForm, bytesMax: number) {
    this.#form = form;
    this.#bytesMax = bytesMax;
  }

  read({ headers, body }: Pick<HttpRequest, 'headers' | 'body'>): Read | Promise<Read> {
    const encoding = headers['content-encoding'];
    const type = headers['content-type'] ?? '';
    if (encoding !== undefined && encoding !== 'identity') return this.#unpacked(encoding, body).then((bytes) => this.#reader(type)(bytes));
    if (body.length === 0) return EMPTY;
    return this.#reader(type)(body);
  }

  #reader(type: string): Reader {
    let reader = this.#known.get(type);
    if (!reader) {
      reader = readerFor(type, this.#form);
      if (this.#known.size < READERS_KEPT) this.#known.set(type, reader);
    }
    return reader;
  }

  async #unpacked(encoding: string, body: Uint8Array): Promise<Uint8Array> {
    const unpack = Object.hasOwn(UNPACK, encoding) ? UNPACK[encoding] : undefined;
    if (!unpack) throw new Refused(415, 'webhook.bad-type', { en: `the content encoding ${encoding} is not supported; send gzip, deflate, br or none`, ru: `сжатие ${encoding} не поддерживается; отправьте gzip, deflate, br или без сжатия` });
    try {
      return await unpack(body, { maxOutputLength: this.#bytesMax });
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw new Refused(413, 'webhook.too-large', { en: `the unpacked body is larger than the ${this.#bytesMax} bytes that this webhook takes; nothing was accepted`, ru: `распакованное тело больше ${this.#bytesMax} байт, которые принимает этот вебхук; ничего не принято` });
      throw new Refused(400, 'webhook.bad-body', { en: `the body is not ${encoding}; nothing was accepted`, ru: `тело — не ${encoding}; ничего не принято` });
    }
  }
}

const EMPTY: Read = { payload: null };
const UNPACK: { readonly [encoding: string]: (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array> } = {
  gzip: promisify(gunzip), 'x-gzip': promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress),
};

function readerFor(contentType: string, form: BodyForm): Reader {
  const [mime = '', ...rest] = contentType.split(';');
  const type = mime.trim().toLowerCase();
  const charset = /charset\s*=\s*"?([^\s";]+)/i.exec(rest.join(';'))?.[1];
  const kind = form === 'auto' ? kindOf(type) : form === 'form' && type === 'multipart/form-data' ? 'multipart' : form;
  switch (kind) {
    case 'json': { const decode = decoder(charset, true); return (body) => ({ payload: parseJson(decode(body)) }); }
    case 'text': { const decode = decoder(charset, false); return (body) => ({ payload: decode(body) }); }
    case 'form': return formReader(charset);
    case 'multipart': return async (body) => { const { fields, files } = await parseMultipart(body, contentType); return files.length > 0 ? { payload: fields, files } : { payload: fields }; };
    case 'bytes': return (body) => ({ payload: body });
  }
}

function kindOf(type: string): 'json' | 'form' | 'multipart' | 'text' | 'bytes' {
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (type === 'multipart/form-data') return 'multipart';
  if (type.startsWith('text/') || type === 'application/xml' || type.endsWith('+xml')) return 'text';
  return 'bytes';
}

function formReader(charset: string | undefined): Reader {
  const decode = decoder(charset, false);
  const utf8 = charset === undefined || /^utf-?8$/i.test(charset);
  if (utf8) return (body) => ({ payload: parsePairs(decode(body)) });
  return (body) => ({ payload: parsePairs(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'), decode) });
}

function decoder(charset: string | undefined, fatal: boolean): (body: Uint8Array) => string {
  let text: InstanceType<typeof TextDecoder>;
  try {
    text = new TextDecoder(charset ?? 'utf-8', { fatal });
  } catch {
    throw new Refused(415, 'webhook.bad-type', { en: `the character set ${charset} is not supported; send UTF-8`, ru: `кодировка ${charset} не поддерживается; отправьте UTF-8` });
  }
  return (body) => {
    try { return text.decode(body); } catch { throw new Refused(400, 'webhook.bad-json', { en: `the body is not ${text.encoding} text; nothing was accepted`, ru: `тело — не текст в кодировке ${text.encoding}; ничего не принято` }); }
  };
}

export function parseJson(text: string): unknown {
  if (text.length > limits.webhookJsonDepthMax) refuseDeep(text);
  try {
    // A key of this name would later be taken for an object's prototype by careless code.
    return text.includes('__proto__') ? JSON.parse(text, withoutPrototype) : readJson(text);
  } catch {
    throw badJson(text);
  }
}

function withoutPrototype(this: unknown, key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** Deeper nesting than any form or hook has would overflow the stack of whatever walks it later. A shorter text cannot be so deep. */
function refuseDeep(text: string): void {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inText) {
      if (code === 92) i++;
      else if (code === 34) inText = false;
    } else if (code === 34) inText = true;
    else if (code === 91 || code === 123) {
      if (++depth > limits.webhookJsonDepthMax) throw new Refused(400, 'webhook.bad-json', { en: `the JSON is nested deeper than ${limits.webhookJsonDepthMax} levels; nothing was accepted`, ru: `вложенность JSON больше ${limits.webhookJsonDepthMax} уровней; ничего не принято` });
    } else if (code === 93 || code === 125) depth--;
  }
}

function badJson(text: string): Refused {
  const { at, line, column } = placeOfError(text);
  const found = JSON.stringify(text.slice(at, at + SHOWN_CHARS));
  const what = at >= text.length ? { en: 'it ends too early', ru: 'слишком рано заканчивается' } : { en: `unexpected ${found}`, ru: `неожиданно ${found}` };
  return new Refused(400, 'webhook.bad-json', { en: `the body is not JSON: line ${line}, column ${column}: ${what.en}; nothing was accepted`, ru: `тело — не JSON: строка ${line}, позиция ${column}: ${what.ru}; ничего не принято` }, { line, column });
}
