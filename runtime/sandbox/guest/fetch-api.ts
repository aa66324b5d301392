import { GuestAbortController, GuestAbortSignal } from './abort.ts';
import { toBase64, utf8Length } from './bytes.ts';
import type { Words } from './failure.ts';
import { GuestHeaders } from './headers.ts';
import { contentOf, GuestContent, GuestResponse } from './response.ts';
import { forgetHanded, forgetMatches } from './run.ts';
import { refuseWithoutMessage } from './setup.ts';
import type { Call, Guest, HostAnswer, Net, NetCall } from './state.ts';
import { GuestSearchParams, GuestUrl } from './url-classes.ts';

/**
 * `fetch`, where the node is granted hosts. What is asked leaves the isolate as text with the answer of a turn, and what comes of it begins a turn of its own, in which only the
 * code of that message runs. It holds nothing of the host.
 */

export interface FetchOptions { method?: unknown; headers?: unknown; body?: unknown; redirect?: unknown; signal?: unknown }

export function fetchApi(guest: Guest, net: Net): { [name: string]: unknown } {
  GuestAbortSignal.install(guest);
  return { fetch: (given: unknown, options: unknown) => guestFetch(guest, net, [given, options]), Headers: GuestHeaders, Response: GuestResponse, AbortController: GuestAbortController, AbortSignal: GuestAbortSignal };
}

/** Like the standard's it never throws, but rejects; except in setup code, which cannot wait. */
export function guestFetch(guest: Guest, net: Net, [given, options]: readonly [unknown, unknown]): Promise<GuestResponse> {
  refuseWithoutMessage(guest, 'fetch');
  const site = new TypeError('fetch');
  return new Promise((resolve, reject) => {
    const call = guest.current;
    if (!call || call.text !== null) throw new TypeError('fetch: this message has ended');
    const all = optionsOf(given, options);
    const signal = all.signal instanceof GuestAbortSignal ? all.signal : undefined;
    signal?.throwIfAborted();
    const url = addressText(given);
    const { method, rest, body } = requestText(net, { call, url, all });
    const id = ++net.ids;
    const asked: NetCall = { call, method, url: shownAddress(url), site, resolve: (answer) => { resolve(responseOf(guest, answer)); }, reject, body };
    net.open.set(id, asked);
    net.asked.push({ call, text: `[${id},${call.batch.calls.indexOf(call)},${rest}]` });
    signal?.addEventListener('abort', () => { giveUp(net, id, signal.reason); });
  });
}

/** A Request is an object with the options' names and `url`; what stands beside it goes before. */
export function optionsOf(given: unknown, options: unknown): FetchOptions {
  const first = typeof given === 'object' && given !== null && !(given instanceof GuestUrl) ? (given as FetchOptions) : {};
  const second = typeof options === 'object' && options !== null ? (options as FetchOptions) : {};
  const named = (name: keyof FetchOptions): unknown => second[name] ?? first[name];
  return { method: named('method'), headers: named('headers'), body: named('body'), redirect: named('redirect'), signal: named('signal') };
}

export function addressText(given: unknown): string {
  const text = typeof given === 'object' && given !== null && !(given instanceof GuestUrl) && 'url' in given ? String(given.url) : String(given);
  let url: GuestUrl;
  try { url = new GuestUrl(text); } catch { throw new TypeError(`fetch: "${text.slice(0, 200)}" is not a whole address, such as https://api.example.com/orders`); }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`fetch: ${url.protocol.slice(0, 20)} is neither http: nor https:`);
  if (url.username !== '' || url.password !== '') throw new TypeError('fetch: an address may hold no user and password; send them as the header authorization');
  url.hash = '';
  return url.href;
}

/** The request without its id: `method, address, headers, body, redirect`. Of a body that is not small it says how large it is, and keeps it until the host has room. */
export function requestText(net: Net, { call, url, all }: { readonly call: Call; readonly url: string; readonly all: FetchOptions }): { readonly method: string; readonly rest: string; readonly body: string } {
  const { rules } = net;
  const method = methodOf(all.method, url, rules.reads);
  const redirect = all.redirect === undefined ? 'follow' : String(all.redirect);
  if (redirect !== 'follow' && redirect !== 'manual' && redirect !== 'error') throw new TypeError(`fetch: redirect is follow, manual or error, not ${redirect.slice(0, 20)}`);
  const headers = new GuestHeaders(all.headers);
  const content = sentContent(all.body, method, headers);
  const pairs = [...headers.entries()];
  checkHead(pairs, url, rules.headChars);
  const bytes = content === null ? 0 : content.bytes?.length ?? utf8Length(content.text ?? '');
  const isSmall = countCall(net, call, bytes) <= rules.smallBytes || bytes === 0;
  const body = content === null ? null : content.bytes ? ['b', toBase64(content.bytes, false)] : ['t', content.text];
  return { method, rest: JSON.stringify([method, url, pairs, isSmall ? body : ['l', bytes], redirect]).slice(1, -1), body: isSmall ? '' : JSON.stringify(body) };
}

/** What one message has sent with this. Refuses what it may not ask any more. */
export function countCall({ rules, used: all }: Net, call: Call, bytes: number): number {
  const used = all.get(call) ?? { calls: 0, bytes: 0 };
  if (used.calls >= rules.calls) throw fetchRefused({ en: `more than ${rules.calls} calls for one message`, ru: `больше ${rules.calls} вызовов на одно сообщение` });
  if (used.bytes + bytes > rules.bodyBytes) throw fetchRefused({ en: `the bodies sent for one message are larger than ${rules.bodyBytes} bytes`, ru: `тела запросов одного сообщения больше ${rules.bodyBytes} байт` });
  all.set(call, { calls: used.calls + 1, bytes: used.bytes + bytes });
  return used.bytes + bytes;
}

/** Without the query, which may hold a token. */
export function shownAddress(url: string): string { return url.replace(/[?#].*$/s, ''); }

export function methodOf(given: unknown, url: string, readsOnly: boolean): string {
  const method = given === undefined || given === null ? 'GET' : String(given).toUpperCase();
  if (!['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method)) throw new TypeError(`fetch: ${method.slice(0, 20)} is no method that can be sent`);
  if (readsOnly && method !== 'GET' && method !== 'HEAD') {
    throw fetchRefused({ en: `calling ${method} ${shownAddress(url)}: ${method} is not granted, only GET and HEAD; grant all methods in the node's settings`, ru: `вызов ${method} ${shownAddress(url)}: ${method} не разрешён, только GET и HEAD; разрешите все методы в настройках узла` });
  }
  return method;
}

export function sentContent(given: unknown, method: string, headers: GuestHeaders): GuestContent | null {
  if (given === undefined || given === null) return null;
  if (method === 'GET' || method === 'HEAD') throw new TypeError(`fetch: ${method} has no body`);
  const type = given instanceof GuestSearchParams ? 'application/x-www-form-urlencoded;charset=UTF-8' : typeof given === 'string' ? 'text/plain;charset=UTF-8' : '';
  if (type !== '' && !headers.has('content-type')) headers.set('content-type', type);
  return contentOf(given);
}

export function checkHead(pairs: readonly [string, string][], url: string, charsMax: number): void {
  for (const [name] of pairs) {
    if (/^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*)$/.test(name)) throw new TypeError(`fetch: the header ${name} is set by the call itself`);
  }
  const chars = pairs.reduce((sum, [name, value]) => sum + name.length + value.length, url.length);
  if (chars > charsMax) throw fetchRefused({ en: `address and headers are larger than ${charsMax} characters`, ru: `адрес и заголовки больше ${charsMax} знаков` });
}

export function fetchRefused(words: Words): Error { return hostError('fetch-refused', words, new TypeError('fetch')); }

/** An ordinary error of the kind of `site`, made where the code called: nobody's frames are left when the answer comes. */
export function hostError(code: string, words: Words, site: Error): Error {
  const error = site instanceof TypeError ? new TypeError(words.en) : new Error(words.en);
  const { stack } = site;
  Reflect.defineProperty(error, 'sandbox', { value: { code, ru: words.ru } });
  Reflect.defineProperty(error, 'stack', { value: `${error.name}: ${words.en}${String(stack).slice(String(site).length)}`, writable: true, configurable: true });
  return error;
}

/** What was asked in the turn that is over, as the beginning of its answer. Nothing of a message that has ended. */
export function withAsked(net: Net, answer: string): string {
  if (net.asked.length === 0) return answer;
  const texts = net.asked.filter(({ call }) => call.text === null).map(({ text }) => text);
  net.asked = [];
  const list = `[${texts.join(',')}]`;
  return texts.length === 0 ? answer : `q${list.length};${list}${answer}`;
}

/** A turn: what came of one call goes to the code that waits for it. Nobody does when its message has ended. */
export function takeAnswer(guest: Guest, number: number, text: string): string {
  const batch = guest.batches.get(number);
  if (!batch) throw new Error('this batch was not begun');
  forgetHanded(guest, batch);
  guest.turns = { calls: [], until: 0, chars: 0 };
  const [id, answer] = JSON.parse(text) as [number, HostAnswer];
  const asked = guest.net?.open.get(id);
  if (!guest.net || !asked) return '';
  const { call, site } = asked;
  if (answer.g) { handBody(guest.net, id, asked); return ''; }
  guest.net.open.delete(id);
  guest.current = call;
  guest.turns.calls.push(call);
  forgetMatches();
  call.turnAt = guest.wallNow();
  if (answer.f) asked.reject(hostError(answer.f[0], { en: answer.f[1], ru: answer.f[2] }, site));
  else asked.resolve(answer);
  return '';
}

/** The host has room for the body. */
export function handBody(net: Net, id: number, asked: NetCall): void {
  const { call, body } = asked;
  asked.body = '';
  if (body) net.asked.push({ call, text: `[${id},${call.batch.calls.indexOf(call)},${body}]` });
}

export function responseOf(guest: Guest, { s = 0, x, u = '', r, h, t, b }: HostAnswer): GuestResponse {
  return new GuestResponse(new GuestContent(t, b === undefined ? undefined : guest.wire.bytes(b)), { statusText: x, headers: h }, { status: s, url: u, redirected: r === 1 });
}

export function giveUp(net: Net, id: number, reason: unknown): void {
  const asked = net.open.get(id);
  if (!asked) return;
  const { call, site } = asked;
  net.open.delete(id);
  net.asked.push({ call, text: `[${id},${call.batch.calls.indexOf(call)}]` });
  if (reason instanceof Error && Reflect.getOwnPropertyDescriptor(reason, 'sandbox')) Reflect.defineProperty(reason, 'stack', { value: String(site.stack), configurable: true });
  asked.reject(reason);
}

/** The calls of a message that are under way. */
export function openCalls(net: Net, call: Call): readonly NetCall[] { return [...net.open.values()].filter((each) => each.call === call); }

export function dropCalls(net: Net, call: Call): void {
  for (const [id, each] of net.open) if (each.call === call) net.open.delete(id);
  net.used.delete(call);
}
