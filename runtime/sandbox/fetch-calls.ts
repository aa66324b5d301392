import { isUtf8 } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { Fetch, FetchAnswer, SandboxFailure, SandboxNet } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { valueBack, valueText } from './body-codec.ts';
import type { Grant } from './fetch-grant.ts';
import { reads, sizeOf, type Asked, type GuestLink, type GuestRequest } from './fetch-requests.ts';
import type { Tell } from './link.ts';
import type { Leave, Turnstile } from './turnstile.ts';

/** What all messages of a node share. `turnstiles` count calls, `rooms` the bytes of answers and `bodyRooms` those of requests that are not small. */
export interface CallRules { readonly grant: Grant | undefined; readonly links: boolean; readonly turnstiles: readonly Turnstile[]; readonly rooms: readonly Turnstile[]; readonly bodyRooms: readonly Turnstile[] }

/** One call, how far it came, and the places that it has until the code has its answer. They are taken in one order, so that nobody waits for one that waits for him. */
interface OneCall { readonly aborter: AbortController; hops: number; readonly places: Leave[]; readonly rooms: Leave[]; /** Takes the body that was to come later, if it is what was said. */ takeBody?: ((body: string | Uint8Array) => boolean) | undefined }

const FETCH_FAILED = 'function.fetch-failed';
const LINK_FAILED = 'function.link-failed';
/** Nobody was called, or nobody may be. */
const NOT_MADE = new Set(['http.address', 'http.blocked', 'http.request']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** The calls that the code makes for one message: made here, outside the sandbox, and ended with the message. */
export class MessageCalls {
  readonly #rules: CallRules;
  readonly #net: SandboxNet | undefined;
  readonly #open = new Map<number, OneCall>();
  /** Those whose answer the code has not yet. */
  readonly #untaken = new Set<OneCall>();
  readonly #ids = new Set<number>();
  #writes = 0;
  #bytes = 0;
  /** Writing calls that the other side may have seen. */
  #seen = 0;
  /** Calls by links, by what they ask: how many are equal. */
  readonly #equal = new Map<string, number>();
  /** The last call that failed for a reason that may pass. */
  #trouble: (Pick<NodeFailure, 'scope' | 'retry'> & { readonly code: string }) | undefined;

  constructor(rules: CallRules, net: SandboxNet | undefined) {
    this.#rules = rules;
    this.#net = net;
  }

  /** Something outside may have been changed for this message: it is not run again as if nothing had been. */
  get wrote(): boolean { return this.#seen > 0; }

  /** False for what honest code of the guest never asks. `tell` gets the answer's text. */
  ask(asked: Asked, tell: Tell): boolean {
    if (asked.kind === 'given-up') { this.#giveUp(asked.id); return true; }
    // Nobody waits for it when the code has given the call up, or its time is over.
    if (asked.kind === 'body') return this.#open.has(asked.id) ? this.#open.get(asked.id)?.takeBody?.(asked.body) ?? false : this.#ids.has(asked.id);
    if (this.#ids.has(asked.id)) return false;
    this.#ids.add(asked.id);
    const size = asked.kind === 'link' ? asked.message.length : sizeOf(asked.body);
    this.#bytes += size + (asked.kind === 'link' ? 0 : asked.later);
    if (asked.kind === 'fetch' && size > 0 && this.#bytes > limits.fetchSmallBytes) return false;
    const call: OneCall = { aborter: new AbortController(), hops: 0, places: [], rooms: [] };
    this.#open.set(asked.id, call);
    void (asked.kind === 'link' ? this.#returned(asked, call.aborter.signal) : this.#answer(call, asked, tell)).then((answer) => {
      if (!this.#open.delete(asked.id)) { leave(call); return; }
      this.#untaken.add(call);
      tell(`[${asked.id},${answer}]`, () => {
        this.#untaken.delete(call);
        leave(call);
      });
    });
    return true;
  }

  /** The message has its result: what is under way is broken off. */
  end(): void {
    for (const { aborter } of this.#open.values()) aborter.abort();
    this.#open.clear();
    for (const call of this.#untaken) leave(call);
    this.#untaken.clear();
  }

  /** What a failure of the message means for the next attempt. */
  judge(failure: SandboxFailure): SandboxFailure {
    if (failure.code === 'function.fetch-interrupted') return { ...failure, retry: 'backoff', outcomeUnknown: true };
    const underWay = this.#open.size > 0;
    const trouble = failure.code === this.#trouble?.code ? this.#trouble : undefined;
    // One that is under way when the call failed was given up by the code, or by the message's time.
    const passes = (underWay && ['function.timeout', FETCH_FAILED, LINK_FAILED].includes(failure.code)) || (trouble !== undefined && trouble.retry !== 'never');
    if (this.wrote && (passes || underWay)) return { ...failure, retry: passes ? 'backoff' : 'never', outcomeUnknown: true };
    if (!passes) return failure;
    // The only call of the message: the host is out of reach, and nothing was done before.
    if (trouble?.scope === 'connection' && this.#ids.size === 1) return { ...failure, scope: 'connection', retry: trouble.retry };
    return { ...failure, retry: 'backoff' };
  }

  #giveUp(id: number): void {
    const call = this.#open.get(id);
    if (!call) return;
    this.#trouble = { code: FETCH_FAILED, scope: 'message', retry: 'backoff' };
    this.#open.delete(id);
    call.aborter.abort();
  }

  async #answer(call: OneCall, request: GuestRequest, tell: Tell): Promise<string> {
    try {
      this.#checkAmount();
      this.#check(request);
      return answerText(await this.#made(call, request, tell), request);
    } catch (error) {
      leave(call);
      const failure = failureOf(error, request);
      const made = isMade(failure);
      if (made) this.#trouble = { ...failure, code: FETCH_FAILED };
      return JSON.stringify({ f: [made ? 'fetch-failed' : 'fetch-refused', failure.text.en, failure.text.ru] });
    }
  }

  /** What the run returned that a link-in node began with this message: no second one, however often the code runs for it. */
  async #returned({ link, message, timeoutMs }: GuestLink, given: AbortSignal): Promise<string> {
    const net = this.#net;
    try {
      this.#checkAmount();
      if (!this.#rules.links || !net?.links) throw new NodeFailure('function.link-refused', { en: 'links are not granted here', ru: 'ссылки здесь не разрешены' });
      const asked = `${link} ${message}`;
      const nth = (this.#equal.get(asked) ?? 0) + 1;
      this.#equal.set(asked, nth);
      const signal = AbortSignal.any([net.signal, given]);
      return JSON.stringify({ m: returnedText(link, await net.links.call(link, bodyIn(message), { nth, signal, ...(timeoutMs > 0 && { timeoutMs }) })) });
    } catch (error) {
      const failure = error instanceof NodeFailure ? error : new NodeFailure(LINK_FAILED, { en: String(error), ru: String(error) });
      this.#trouble = { scope: failure.scope, retry: failure.retry, code: LINK_FAILED };
      return JSON.stringify({ f: [failure.code.startsWith('function.') ? failure.code.slice('function.'.length) : 'link-failed', failure.text.en, failure.text.ru] });
    }
  }

  #checkAmount(): void {
    if (this.#ids.size > limits.sandboxFetchCallsMax) throw refused({ en: `more than ${limits.sandboxFetchCallsMax} calls for one message`, ru: `больше ${limits.sandboxFetchCallsMax} вызовов на одно сообщение` });
    if (this.#bytes > limits.sandboxFetchRequestBytes) throw refused({ en: `the bodies sent for one message are larger than ${limits.sandboxFetchRequestBytes} bytes`, ru: `тела запросов одного сообщения больше ${limits.sandboxFetchRequestBytes} байт` });
  }

  #check({ url, method }: GuestRequest): void {
    if (this.#rules.grant?.readsOnly && !reads(method)) throw refused({ en: `${method} is not granted, only GET and HEAD; grant all methods in the node's settings`, ru: `${method} не разрешён, только GET и HEAD; разрешите все методы в настройках узла` });
    if (URL.canParse(url)) this.#checkHost(new URL(url));
  }

  #checkHost(url: URL): void {
    if (this.#rules.grant?.allows(url)) return;
    const host = `${url.protocol}//${url.host}`;
    throw refused({ en: `calls to ${host} are not granted; add ${url.host} to the hosts in the node's settings`, ru: `вызовы ${host} не разрешены; добавьте ${url.host} к серверам в настройках узла` });
  }

  /** When it is its turn. */
  async #made(call: OneCall, request: GuestRequest, tell: Tell): Promise<FetchAnswer> {
    const net = this.#net;
    if (!net?.fetch) throw refused({ en: 'there is no network here', ru: 'сети здесь нет' });
    const signal = AbortSignal.any([net.signal, call.aborter.signal]);
    const key = reads(request.method) ? {} : { 'idempotency-key': `${net.key}:${++this.#writes}` };
    for (const turnstile of this.#rules.turnstiles) call.places.push(await turnstile.enter(signal));
    const { body, leaveBody } = request.later > 0 ? await this.#later(call, request, { tell, signal }) : { body: request.body, leaveBody: [] };
    const answer = await this.#send(net.fetch, call, { request, body, signal, headers: { 'user-agent': 'Millrace', ...key, ...headersOf(request) } });
    for (const leave of call.rooms) leave(answer.bytes.length);
    for (const leave of leaveBody) leave();
    return answer;
  }

  /** Asks for the body when there is room for it. */
  async #later(call: OneCall, { id, later }: GuestRequest, { tell, signal }: { readonly tell: Tell; readonly signal: AbortSignal }): Promise<{ readonly body: string | Uint8Array; readonly leaveBody: readonly Leave[] }> {
    const leaveBody: Leave[] = [];
    for (const room of this.#rules.bodyRooms) {
      leaveBody.push(await room.enter(signal, later));
      call.places.push(...leaveBody.slice(-1));
    }
    return await new Promise((resolve, reject) => {
      call.takeBody = (body) => {
        call.takeBody = undefined;
        if (sizeOf(body) !== later) return false;
        resolve({ body, leaveBody });
        return true;
      };
      signal.addEventListener('abort', () => { reject(signal.reason as Error); }, { once: true });
      tell(`[${id},{"g":1}]`, () => undefined);
    });
  }

  async #send(fetch: Fetch, call: OneCall, { request, body, signal, headers }: { readonly request: GuestRequest; readonly body: string | Uint8Array | undefined; readonly signal: AbortSignal; readonly headers: { readonly [name: string]: string } }): Promise<FetchAnswer> {
    const { url, method, redirect } = request;
    const writes = !reads(method);
    if (writes) this.#seen++;
    try {
      return await fetch(url, {
        method, headers, signal, ...(body !== undefined && { body }), publicOnly: true, bytesMax: limits.sandboxFetchAnswerBytes,
        redirects: redirect === 'follow' ? limits.fetchRedirectsMax : 0,
        room: async (bytes) => { for (const room of this.#rules.rooms) call.rooms.push(await room.enter(signal, bytes)); },
        eachHop: (hop) => { call.hops++; this.#checkHost(hop); },
      });
    } catch (error) {
      if (writes && call.hops <= 1 && isUnseen(error)) this.#seen--;
      throw error;
    }
  }
}

function leave({ places, rooms }: OneCall): void {
  for (const each of [...places, ...rooms]) each();
}

function bodyIn(message: string): Body {
  const body = valueBack(message);
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  throw new NodeFailure(LINK_FAILED, { en: 'a message is an object', ru: 'сообщение — это объект' });
}

function returnedText(link: string, message: Body): string {
  const text = valueText(message);
  if (text.length <= limits.sandboxFetchAnswerBytes) return text;
  throw new NodeFailure(LINK_FAILED, { en: `calling ${link}: the message that was returned is larger than ${limits.sandboxFetchAnswerBytes} bytes`, ru: `вызов ${link}: возвращённое сообщение больше ${limits.sandboxFetchAnswerBytes} байт` });
}

/** Several of one name travel as one. */
function headersOf({ headers }: GuestRequest): { readonly [name: string]: string } {
  const all = Object.create(null) as { [name: string]: string }; // a header may be called as something that every object has
  for (const [name, value] of headers) all[name] = all[name] === undefined ? value : `${all[name]}, ${value}`;
  return all;
}

/** Text as text, so that the isolate need not decode what is most often JSON. In another charset than UTF-8 both. */
function answerText(answer: FetchAnswer, request: GuestRequest): string {
  const { status, headers, bytes, url = request.url } = answer;
  if (request.redirect === 'error' && REDIRECTS.has(status)) throw new NodeFailure('http.redirects', { en: `calling ${shown(request)}: the host redirects`, ru: `вызов ${shown(request)}: сервер перенаправляет` });
  const utf8 = isUtf8(bytes);
  const body = utf8 ? { t: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') } : { b: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'), ...(/charset=/i.test(headers['content-type'] ?? '') && { t: answer.text() }) };
  return JSON.stringify({ s: status, x: STATUS_CODES[status] ?? '', u: url, ...(withoutFragment(url) !== withoutFragment(request.url) && { r: 1 }), h: Object.entries(headers), ...body });
}

const withoutFragment = (url: string): string => (URL.canParse(url) ? new URL(url).href.replace(/#.*$/s, '') : url);
const refused = (text: Text): NodeFailure => new NodeFailure('function.fetch-refused', text);
const isMade = ({ code }: NodeFailure): boolean => code.startsWith('http.') && !NOT_MADE.has(code);
const isUnseen = (error: unknown): boolean => error instanceof NodeFailure && (!isMade(error) || error.scope === 'connection');
/** Without the query, which may hold a token. */
const shown = ({ method, url }: GuestRequest): string => `${method} ${url.replace(/[?#].*$/s, '')}`;

function failureOf(error: unknown, request: GuestRequest): NodeFailure {
  if (error instanceof NodeFailure && error.code !== 'function.fetch-refused') return error;
  const why = error instanceof NodeFailure ? error.text : { en: error instanceof Error ? error.message : String(error), ru: error instanceof Error ? error.message : String(error) };
  return new NodeFailure(error instanceof NodeFailure ? error.code : 'http.cut', { en: `calling ${shown(request)}: ${why.en}`, ru: `вызов ${shown(request)}: ${why.ru}` });
}
