import type { IncomingMessage } from 'node:http';
import { Failure } from '../errors.ts';
import { placeOf, readJson } from '../flow/json-text.ts';
import { limits } from '../limits.ts';

/**
 * The request's body as a JSON value; undefined when there is none. Throws `request.type`, `request.too-large`, `request.json` and `request.too-deep`.
 * No message repeats anything of the body: it may be a secret.
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'];
  // A form of another site can send no JSON; so a declared type must be JSON even where the body is empty.
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type)) throw wrongType(type);
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  if (type === undefined) throw wrongType('');
  return parse(bytes);
}

function wrongType(type: string): Failure {
  const named = JSON.stringify(type.slice(0, 100));
  return new Failure('request.type', { en: `reading the body: its type is ${named}, not application/json`, ru: `чтение тела запроса: его тип — ${named}, а нужен application/json` });
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limits.apiBodyBytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limits.apiBodyBytesMax) throw tooLarge();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Failure {
  const mb = limits.apiBodyBytesMax / 1024 / 1024;
  return new Failure('request.too-large', { en: `reading the body: it is larger than ${mb} MB`, ru: `чтение тела запроса: оно больше ${mb} МБ` });
}

function parse(bytes: Buffer): unknown {
  const value = valueOf(new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes));
  if (isDeeper(value, limits.apiBodyDepthMax)) throw tooDeep();
  return value;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notJson(text);
  }
}

/** Whoever walks a value later may do so level by level without minding the end of the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function tooDeep(): Failure {
  const { apiBodyDepthMax: levels } = limits;
  return new Failure('request.too-deep', { en: `reading the body: it is nested deeper than ${levels} levels`, ru: `чтение тела запроса: вложенность больше ${levels} уровней` });
}

function notJson(text: string): Failure {
  const { line, column } = placeOf(text, readJson(text).error?.offset ?? 0);
  return new Failure('request.json', { en: `reading the body: it is not JSON at line ${line}, column ${column}`, ru: `чтение тела запроса: это не JSON, строка ${line}, позиция ${column}` }, { details: { line, column } });
}
