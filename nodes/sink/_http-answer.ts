import { NodeFailure, type FetchAnswer, type Retry } from '../../runtime/sdk/index.ts';

/** What an HTTP answer means for the message. */

const SHOWN_CHARS = 200; // of an answer that is not what was expected

/** Throws for an answer that says nothing about the message itself: the other side is busy, in trouble, or was not reached. */
export function refuseFailures(answer: FetchAnswer, request: string, now: number): void {
  const { status } = answer;
  if (status < 500 && status !== 429 && status !== 408) return;
  const shown = answer.text().slice(0, SHOWN_CHARS).trim();
  const said = shown === '' ? { en: 'with nothing else', ru: 'без пояснений' } : { en: `with: ${shown}`, ru: `с текстом: ${shown}` };
  const text = { en: `${request}: the answer is ${status} ${said.en}`, ru: `${request}: ответ ${status} ${said.ru}` };
  const details = { status, answer: shown };
  if (status === 429 || status === 503) throw new NodeFailure('http.unavailable', text, { scope: 'connection', retry: retryAfter(answer.headers['retry-after'], now), details });
  // A gateway that waited in vain does not know what happened behind it.
  throw new NodeFailure('http.failed', text, { retry: 'backoff', details, outcomeUnknown: status === 504 });
}

/** Seconds or an HTTP date. */
function retryAfter(header: string | undefined, now: number): Retry {
  if (header === undefined) return 'backoff';
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? { afterMs: Math.max(0, ms) } : 'backoff';
}

/** The answer's content. A refusal's page is shown as it is: that it is no JSON is not what went wrong. */
export function payloadOf(answer: FetchAnswer, as: 'auto' | 'json' | 'text' | 'bytes'): unknown {
  const type = answer.headers['content-type'] ?? '';
  if (as === 'bytes' || (as === 'auto' && /^(image|audio|video|font)\/|octet-stream|zip|pdf/.test(type))) return answer.bytes;
  const text = answer.text();
  const json = as === 'json' || (as === 'auto' && /[/+]json\b/.test(type));
  if (!json) return text;
  if (text.trim() === '') return null;
  try { return JSON.parse(text) as unknown; } catch {
    if (answer.status >= 400) return text;
    throw notJson(answer, type, text.slice(0, SHOWN_CHARS));
  }
}

function notJson({ status }: FetchAnswer, type: string, shown: string): NodeFailure {
  return new NodeFailure('http.not-json', {
    en: `reading the answer (status ${status}, ${type === '' ? 'no type' : type}): it is not JSON but begins with: ${shown}`,
    ru: `чтение ответа (статус ${status}, ${type === '' ? 'тип не указан' : type}): это не JSON, он начинается так: ${shown}`,
  }, { details: { status, type, answer: shown } });
}
