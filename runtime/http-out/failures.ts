import type { Text } from '../flow/flow.ts';
import { NodeFailure, type FailureOptions } from '../sdk/node-failure.ts';
import { AddressBarred } from './connector.ts';

/** One request on its way, after the redirects so far. */
export interface Hop { readonly url: URL; readonly method: string; readonly headers: { readonly [name: string]: string }; readonly body: string | Uint8Array | undefined }

/** Where the name of the host was not found, or nobody took the connection: nobody saw the request, so the host pauses. */
const NOT_REACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']);
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']);
const BAD_CERTIFICATE = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO/;
const NOT_HTTP = /^HPE_|UND_ERR_HEADERS_OVERFLOW/;

/** What went wrong, and whether the other side may have done the work: after the request left, nobody knows. */
export function failureOf(error: unknown, hop: Hop): NodeFailure {
  if (error instanceof AddressBarred) return barred(error, hop);
  const { code = '', message, name } = error as Error & { code?: string };
  const why = message === '' ? code : message;
  const details = { reason: code };
  if (name === 'AbortError' || name === 'TimeoutError' || code === 'UND_ERR_ABORTED') return failure('http.timeout', hop, { en: 'did not answer in time', ru: 'не ответил вовремя' }, { retry: 'backoff', outcomeUnknown: true, details });
  if (NO_NAME.has(code)) return failure('http.unreachable', hop, { en: `cannot be found by its name: ${why}; check the address`, ru: `не найден по имени: ${why}; проверьте адрес` }, { scope: 'connection', details });
  if (NOT_REACHED.has(code)) return failure('http.unreachable', hop, { en: `cannot be reached: ${why}`, ru: `недоступен: ${why}` }, { scope: 'connection', details });
  if (BAD_CERTIFICATE.test(code)) return failure('http.tls', hop, { en: `has a certificate that cannot be trusted: ${why}`, ru: `предъявил сертификат, которому нельзя доверять: ${why}` }, { scope: 'connection', details });
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return failure('http.request', hop, { en: `was not called: ${why}`, ru: `не вызван: ${why}` }, { details });
  if (NOT_HTTP.test(code)) return failure('http.broken-answer', hop, { en: `answered with what is not HTTP: ${why}`, ru: `ответил не по HTTP: ${why}` }, { retry: 'backoff', outcomeUnknown: true, details });
  return failure('http.cut', hop, { en: `broke the connection: ${why}`, ru: `оборвал соединение: ${why}` }, { retry: 'backoff', outcomeUnknown: true, details });
}

/** It costs the message, not the host: nothing is wrong with that, and waiting helps nobody. */
function barred({ address, barred }: AddressBarred, hop: Hop): NodeFailure {
  const words = barred === 'guarded'
    ? { en: `was not called: ${address} is a link-local address or a metadata service, which gives away the credentials of this machine`, ru: `не вызван: ${address} — локальный адрес канала или служба метаданных, которая выдаёт полномочия этой машины` }
    : { en: `was not called: ${address} is an address of a private network`, ru: `не вызван: ${address} — адрес частной сети` };
  return failure('http.blocked', hop, {
    en: `${words.en}; who runs this installation may allow it with MILLRACE_ALLOWED_NETWORKS`,
    ru: `${words.ru}; тот, кто обслуживает эту установку, может разрешить его через MILLRACE_ALLOWED_NETWORKS`,
  }, { details: { address } });
}

export function failure(code: string, { method, url }: Hop, what: Text, options: FailureOptions = {}): NodeFailure {
  // Without the query, which may hold a token.
  const where = `${method} ${url.origin}${url.pathname}`;
  return new NodeFailure(code, { en: `calling ${where}: the host ${what.en}`, ru: `вызов ${where}: сервер ${what.ru}` }, options);
}
