import type { Dispatcher, request as sendRequest } from 'undici';
import { limits } from '../limits.ts';
import type { Fetch, FetchAnswer, FetchOptions } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { ACCEPT_ENCODING, readAnswer, Room } from './answer.ts';
import { guarded, type Resolve } from './connector.ts';
import { failure, failureOf, type Hop } from './failures.ts';
import { OPEN_TO_NODES, type NetworkPolicy } from './network.ts';

/** What sends, with its connections. */
interface Sender { readonly agent: Dispatcher; readonly request: typeof sendRequest }

export interface NetOptions {
  /** Nodes reach every address but the guarded ones unless said. */
  readonly policy?: NetworkPolicy;
  /** The system's unless said. */
  readonly resolve?: Resolve;
}

/** HTTP out, with connections kept alive and shared by all nodes. `close` ends them. */
export function createFetch(options: NetOptions = {}): { readonly fetch: Fetch; close(): Promise<void> } {
  // Apart, so that what may call the public internet only never gets a connection that another had opened elsewhere.
  const senders = new Map<boolean, Promise<Sender>>();
  const senderFor = (publicOnly: boolean): Promise<Sender> => {
    const sender = senders.get(publicOnly) ?? openSender(options, publicOnly);
    senders.set(publicOnly, sender);
    return sender;
  };
  return {
    fetch: async (url, asked = {}) => await follow(await senderFor(asked.publicOnly === true), url, asked),
    close: async () => { for (const sender of senders.values()) await (await sender).agent.destroy(); },
  };
}

/** Loaded at the first request: undici is 28 MB of memory, and many flows call nobody. */
async function openSender({ policy = OPEN_TO_NODES, resolve }: NetOptions, publicOnly: boolean): Promise<Sender> {
  const { Agent, buildConnector, request } = await import('undici');
  const connect = guarded(buildConnector, { timeout: limits.connectTimeoutMs }, { policy, publicOnly, resolve });
  // How long a call may take is the caller's signal; how much it may bring is counted while it is read.
  const agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0, connections: limits.fetchConnectionsPerHost, maxResponseSize: -1 });
  return { agent, request };
}

/** The address of a request; a `NodeFailure` `http.address` for anything that is not http or https. */
export function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new NodeFailure('http.address', {
    en: `reading the address "${text.slice(0, SHOWN_CHARS)}": it is not a whole http or https address, such as https://example.test/orders`,
    ru: `чтение адреса «${text.slice(0, SHOWN_CHARS)}»: это не полный адрес http или https, например https://example.test/orders`,
  });
}

const SHOWN_CHARS = 200;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
// Another origin sees only these of the caller's headers: any other may be a token, whatever its name.
const HARMLESS = new Set(['accept', 'accept-encoding', 'accept-language', 'content-type', 'idempotency-key', 'user-agent']);

/** Follows redirects as a browser would: 303, and 301 or 302 of a POST, become GET. */
async function follow(sender: Sender, address: string, options: FetchOptions): Promise<FetchAnswer> {
  let hop = firstHop(address, options);
  const most = options.redirects ?? limits.fetchRedirectsMax;
  for (let redirects = 0; ; redirects++) {
    options.eachHop?.(hop.url);
    const response = await send(sender, hop, options);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode) || typeof location !== 'string' || most === 0) return await readAnswer(response, hop, new Room(options.bytesMax ?? limits.fetchBytesMax, options.room));
    await response.body.dump().catch(() => undefined);
    if (redirects >= most) throw failure('http.redirects', hop, { en: `answered with more than ${most} redirects`, ru: `отвечает более чем ${most} перенаправлениями` });
    hop = redirected(hop, response.statusCode, location);
  }
}

/** A user and password in the address become a header, so that no message, log or redirect carries them on. */
function firstHop(address: string, options: FetchOptions): Hop {
  const url = addressOf(address);
  const headers: Record<string, string> = { 'accept-encoding': ACCEPT_ENCODING };
  if (url.username !== '' || url.password !== '') {
    headers.authorization = `Basic ${Buffer.from(`${unescaped(url.username)}:${unescaped(url.password)}`).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = value;
  return { url, method: (options.method ?? 'GET').toUpperCase(), headers, body: options.body };
}

/** A stray % stands for itself. */
function unescaped(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}

async function send({ agent, request }: Sender, hop: Hop, { signal }: FetchOptions): Promise<Dispatcher.ResponseData> {
  try {
    return await request(hop.url, { dispatcher: agent, method: hop.method as Dispatcher.HttpMethod, headers: hop.headers, body: hop.body ?? null, ...(signal && { signal }) });
  } catch (error) {
    throw failureOf(error, hop);
  }
}

function redirected(hop: Hop, status: number, location: string): Hop {
  const asGet = status === 303 || ((status === 301 || status === 302) && hop.method === 'POST');
  if (!URL.canParse(location, hop.url.href)) throw failure('http.redirects', hop, { en: 'redirects to what is no address', ru: 'перенаправляет туда, что не является адресом' });
  const url = addressOf(new URL(location, hop.url.href).href);
  const foreign = url.origin !== hop.url.origin;
  const headers = Object.fromEntries(Object.entries(hop.headers).filter(([name]) => !(foreign && !HARMLESS.has(name)) && !(asGet && name.startsWith('content-'))));
  return { url, method: asGet && hop.method !== 'HEAD' ? 'GET' : hop.method, headers, body: asGet ? undefined : hop.body };
}
