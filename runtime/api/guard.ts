import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import { Failure } from '../errors.ts';

/**
 * Keeps web pages of other sites away from a local Millrace. A page may send requests to 127.0.0.1 (cross-site), or rebind
 * its own name to it (DNS rebinding); the browser then tells in Origin, Sec-Fetch-Site or Host. Webhooks are exempt.
 */

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];
const DEFAULT_PORT = 80; // left out of Host and Origin by browsers

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Throws a `Failure` `request.host` or `request.origin`. Called for every request but webhooks and health, and for every upgrade. */
export function refuseForeign(request: IncomingMessage): void {
  const port = request.socket.localPort ?? 0;
  const { host, origin } = request.headers;
  if (host === undefined || !isOwn(host, port)) {
    throw new Failure('request.host', { en: `answering a request to the host ${quoted(host)}: Millrace answers to its own address only`, ru: `запрос к узлу ${quoted(host)}: Millrace отвечает только по своему адресу` });
  }
  if (origin !== undefined && !isOwnOrigin(origin, port)) refuseOrigin(origin);
  if (!isOwnSite(request)) refuseOrigin(`Sec-Fetch-Site: ${String(request.headers['sec-fetch-site'])}`);
}

function refuseOrigin(from: string): never {
  throw new Failure('request.origin', { en: `answering a request of another site (${quoted(from)}): only webhooks can be called from elsewhere`, ru: `запрос с другого сайта (${quoted(from)}): извне можно вызывать только вебхуки` });
}

function isOwn(host: string, port: number): boolean {
  const wanted = host.toLowerCase();
  return LOOPBACK_NAMES.some((name) => wanted === `${name}:${port}` || (port === DEFAULT_PORT && wanted === name));
}

const isOwnOrigin = (origin: string, port: number): boolean => origin.toLowerCase().startsWith('http://') && isOwn(origin.slice('http://'.length), port);

/** `none` is a person's own doing: an address typed or a bookmark. A link elsewhere may open the editor's page, which can be neither framed nor read from there. */
function isOwnSite({ headers, method, url = '/' }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  return method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document' && !url.startsWith('/api/') && !url.startsWith('/socket.io/');
}

const QUOTED_MAX = 100; // of what a stranger sent
const quoted = (text: string | undefined): string => JSON.stringify((text ?? '').slice(0, QUOTED_MAX));
