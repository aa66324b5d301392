import { Agent, request, type Dispatcher } from 'undici';
import { limits } from '../limits.ts';
import type { Fetch, FetchAnswer, FetchOptions } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';

/** HTTP out, with connections kept alive and shared by all nodes. `close` ends them. */
export function createFetch(): { readonly fetch: Fetch; close(): Promise<void> } {
  const agent = new Agent({ connect: { timeout: limits.connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0, connections: limits.fetchConnectionsPerHost, maxResponseSize: -1 });
  return { fetch: (url, options = {}) => follow(agent, url, options), close: () => agent.close() };
}

interface Hop { readonly url: URL; readonly method: string; readonly headers: { readonly [name: string]: string }; readonly body: string | Uint8Array | undefined }

// What only the first host may see.
const CREDENTIALS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Follows redirects as a browser would: 303, and 301 or 302 of a POST, become GET; credentials never go to another origin. */
async function follow(agent: Agent, address: string, options: FetchOptions): Promise<FetchAnswer> {
  let hop: Hop = { url: parsed(address), method: (options.method ?? 'GET').toUpperCase(), headers: options.headers ?? {}, body: options.body };
  const most = options.redirects ?? limits.fetchRedirectsMax;
  for (let redirects = 0; ; redirects++) {
    const response = await send(agent, hop, options);
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string' || most === 0) return await read(response, hop, options);
    await response.body.dump();
    if (redirects >= most) throw failure('http.redirects', hop, `answered with more than ${most} redirects`, `отвечает более чем ${most} перенаправлениями`);
    hop = redirected(hop, response.statusCode, location);
  }
}

async function send(agent: Agent, hop: Hop, { signal }: FetchOptions): Promise<Dispatcher.ResponseData> {
  try {
    return await request(hop.url, { dispatcher: agent, method: hop.method as Dispatcher.HttpMethod, headers: hop.headers, body: hop.body ?? null, ...(signal && { signal }) });
  } catch (error) {
    throw failureOf(error, hop);
  }
}

async function read(response: Dispatcher.ResponseData, hop: Hop, { bytesMax = limits.fetchBytesMax }: FetchOptions): Promise<FetchAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > bytesMax) throw failure('http.too-large', hop, `answered with more than ${bytesMax} bytes`, `ответил более чем ${bytesMax} байтами`);
      chunks.push(chunk);
    }
  } catch (error) {
    response.body.destroy();
    throw error instanceof NodeFailure ? error : failureOf(error, hop);
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value ?? '']));
  return { status: response.statusCode, headers, bytes, text: () => decoded(bytes, headers['content-type'] ?? '') };
}

function redirected(hop: Hop, status: number, location: string): Hop {
  const url = new URL(location, hop.url);
  const asGet = status === 303 || ((status === 301 || status === 302) && hop.method === 'POST');
  const foreign = url.origin !== hop.url.origin;
  const headers = Object.fromEntries(Object.entries(hop.headers).filter(([name]) => !(foreign && CREDENTIALS.has(name.toLowerCase())) && !(asGet && name.toLowerCase().startsWith('content-'))));
  return { url: parsed(url.href), method: asGet ? 'GET' : hop.method, headers, body: asGet ? undefined : hop.body };
}

function parsed(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new NodeFailure('http.address', {
    en: `reading the address "${address}": it is not an http or https address`,
    ru: `чтение адреса «${address}»: это не адрес http или https`,
  });
}

/** In the charset that the answer names, UTF-8 otherwise. */
function decoded(bytes: Uint8Array, contentType: string): string {
  const charset = /charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try { return new TextDecoder(charset).decode(bytes); } catch { return new TextDecoder().decode(bytes); }
}

const NOT_REACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']);

/** Not reached: nobody saw the request, so the host pauses. Cut afterwards: the other side may have done the work. */
function failureOf(error: unknown, hop: Hop): NodeFailure {
  const { code = '', message, name } = error as Error & { code?: string };
  const why = message === '' ? code : message;
  if (name === 'AbortError' || code === 'UND_ERR_ABORTED') return failure('http.timeout', hop, 'did not answer in time', 'не ответил вовремя', { retry: 'backoff', outcomeUnknown: true });
  if (NOT_REACHED.has(code)) return failure('http.unreachable', hop, `cannot be reached: ${why}`, `недоступен: ${why}`, { scope: 'connection' });
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return failure('http.tls', hop, `has a certificate that cannot be trusted: ${why}`, `предъявил сертификат, которому нельзя доверять: ${why}`, { scope: 'connection' });
  if (code === 'UND_ERR_INVALID_ARG') return failure('http.request', hop, `was not called: ${why}`, `не вызван: ${why}`);
  return failure('http.cut', hop, `broke the connection: ${why}`, `оборвал соединение: ${why}`, { retry: 'backoff', outcomeUnknown: true });
}

function failure(code: string, { method, url }: Hop, en: string, ru: string, options: ConstructorParameters<typeof NodeFailure>[2] = {}): NodeFailure {
  // Without the query, which may hold a token.
  const where = `${method} ${url.origin}${url.pathname}`;
  return new NodeFailure(code, { en: `calling ${where}: the host ${en}`, ru: `вызов ${where}: сервер ${ru}` }, options);
}
