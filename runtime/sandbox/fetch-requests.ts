import { limits } from '../limits.ts';

/**
 * What the code asks of others, as text from the isolate: a list of `[id, row, method, address, headers, body, redirect]` for a server, `[id, row, body]` for a body
 * that was to come later, `[id, row, "LINK", link, message, timeMs]`, and `[id, row]` for one that it gives up. It is read as
 * hostile, in the child and again by its supervisor: what the guest's own code never writes ends the process.
 */

export interface GuestRequest {
  readonly kind: 'fetch';
  /** The guest's name of it, given once. */
  readonly id: number;
  /** Of the message in its batch. */
  readonly row: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array | undefined;
  /** Bytes of a body that comes when it is asked for; else 0. */
  readonly later: number;
  readonly redirect: 'follow' | 'manual' | 'error';
}
/** `message` is a text as `body-codec.ts` has values. `timeoutMs` 0: as long as there is. */
export interface GuestLink { readonly kind: 'link'; readonly id: number; readonly row: number; readonly link: string; readonly message: string; readonly timeoutMs: number }
export interface GivenUp { readonly kind: 'given-up'; readonly id: number; readonly row: number }
export interface LateBody { readonly kind: 'body'; readonly id: number; readonly row: number; readonly body: string | Uint8Array }
export type Asked = GuestRequest | LateBody | GuestLink | GivenUp;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** Those of the connection itself, and who is called: that was granted by the address. */
const NOT_THEIRS = /^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/;
// eslint-disable-next-line no-control-regex -- what would end a header, or is none of its characters
const NOT_IN_VALUE = /[\0-\x08\x0a-\x1f\x7f]|[^\0-\xff]/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Only what reads: nothing outside is changed by it. */
export const reads = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** undefined for what cannot be read. */
export function requestsIn(text: string): readonly Asked[] | undefined {
  let given: unknown;
  try { given = JSON.parse(text); } catch { return undefined; }
  if (!Array.isArray(given)) return undefined;
  const asked = given.map(askedOf);
  return asked.every((each) => each !== undefined) ? asked : undefined;
}

function askedOf(given: unknown): Asked | undefined {
  if (!Array.isArray(given)) return undefined;
  const [id, row, method, url, headers, body, redirect] = given as unknown[];
  if (!isCount(id, Number.MAX_SAFE_INTEGER) || id === 0 || !isCount(row, limits.batchMessages - 1)) return undefined;
  if (given.length === 2) return { kind: 'given-up', id, row };
  if (given.length === 3) return lateBody({ id, row }, method);
  if (method === 'LINK') return linkOf({ id, row }, given.slice(3));
  if (given.length !== 7 || typeof method !== 'string' || !METHODS.has(method) || typeof url !== 'string' || !isRedirect(redirect)) return undefined;
  const pairs = headersOf(headers);
  const later = laterOf(body);
  const bytes = later > 0 ? undefined : bodyOf(body);
  if (!pairs || bytes === false || ((bytes !== undefined || later > 0) && reads(method))) return undefined;
  if (url.length + pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > limits.sandboxFetchHeadChars) return undefined;
  return { kind: 'fetch', id, row, method, url, headers: pairs, body: bytes, later, redirect };
}

const LINK = /^[a-z][a-z0-9-]{0,120}(\/[a-z][a-z0-9-]{0,120})?$/;

function linkOf(of: Pick<GuestLink, 'id' | 'row'>, rest: readonly unknown[]): GuestLink | undefined {
  const [link, message, timeoutMs] = rest;
  if (rest.length !== 3 || typeof link !== 'string' || !LINK.test(link) || typeof message !== 'string' || message.length > limits.sandboxFetchRequestBytes || !isCount(timeoutMs, 1e9)) return undefined;
  return { kind: 'link', ...of, link, message, timeoutMs };
}

/** `["l", bytes]` */
function laterOf(given: unknown): number {
  const [kind, bytes] = Array.isArray(given) && given.length === 2 ? given as unknown[] : [];
  return kind === 'l' && isCount(bytes, limits.sandboxFetchRequestBytes) ? bytes : 0;
}

function lateBody(of: Pick<LateBody, 'id' | 'row'>, given: unknown): LateBody | undefined {
  const body = bodyOf(given);
  return body === undefined || body === false ? undefined : { kind: 'body', ...of, body };
}

const isCount = (value: unknown, max: number): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
const isRedirect = (value: unknown): value is GuestRequest['redirect'] => value === 'follow' || value === 'manual' || value === 'error';

function headersOf(given: unknown): GuestRequest['headers'] | undefined {
  if (!Array.isArray(given)) return undefined;
  const isPair = (pair: unknown): boolean => {
    if (!Array.isArray(pair) || pair.length !== 2) return false;
    const [name, value] = pair as unknown[];
    return typeof name === 'string' && TOKEN.test(name) && !NOT_THEIRS.test(name) && typeof value === 'string' && !NOT_IN_VALUE.test(value);
  };
  return given.every(isPair) ? given as [string, string][] : undefined;
}

/** null, `["t", text]` or `["b", base64]`; false for anything else. */
function bodyOf(given: unknown): string | Uint8Array | undefined | false {
  if (given === null) return undefined;
  if (!Array.isArray(given) || given.length !== 2) return false;
  const [kind, text] = given as unknown[];
  if (typeof text !== 'string' || text.length > limits.sandboxFetchRequestBytes * 2) return false;
  const body = kind === 't' ? text : kind === 'b' && BASE64.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : false;
  return body !== false && sizeOf(body) <= limits.sandboxFetchRequestBytes ? body : false;
}

export const sizeOf = (body: string | Uint8Array | undefined): number => (body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length);
