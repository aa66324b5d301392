import { defineNode, field, NodeFailure, toPorts, type Body, type FetchAnswer, type Retry, type Secret } from '../../runtime/sdk/index.ts';

const SHOWN_CHARS = 200; // of an answer that is not what was expected

/**
 * A 4xx answer is the flow author's to handle and leaves by its own port. 429 and 503 speak for all and pause the host; another
 * 5xx is this message's failure.
 */
export default defineNode({
  type: 'http-request',
  version: 1,
  title: { en: 'HTTP request', ru: 'Запрос HTTP' },
  category: 'sink',
  icon: 'globe',
  summary: { en: 'Sends each message as one HTTP request and emits the answer.', ru: 'Отправляет каждое сообщение одним запросом HTTP и выдаёт ответ.' },
  help: {
    en: 'The answer leaves by **Answer** with `payload`, `statusCode` and `responseHeaders`; a 4xx answer leaves by **Refused** in the same form.\n\n| what happens | then |\n|---|---|\n| 2xx, 3xx | Answer |\n| 4xx | Refused |\n| 429, 503 | the host pauses, as long as Retry-After says; no attempt is used up |\n| another 5xx | tried again with growing waits |\n| host cannot be reached | pauses and goes on by itself |\n| no answer in time, connection cut | the outcome is unknown: GET, HEAD, PUT and DELETE are tried again; POST and PATCH are set aside, unless the other side honours Idempotency-Key |\n\nEach request carries an `Idempotency-Key` that is the same for every attempt of a message.',
    ru: 'Ответ уходит через **Ответ** с полями `payload`, `statusCode` и `responseHeaders`; ответ 4xx уходит в том же виде через **Отказ**.\n\n| что произошло | что дальше |\n|---|---|\n| 2xx, 3xx | Ответ |\n| 4xx | Отказ |\n| 429, 503 | сервер приостанавливается на время из Retry-After; попытки не расходуются |\n| другой 5xx | повтор с растущими паузами |\n| сервер недоступен | пауза, затем работа продолжается сама |\n| нет ответа вовремя, обрыв | исход неизвестен: GET, HEAD, PUT и DELETE повторяются; POST и PATCH откладываются, если другая сторона не учитывает Idempotency-Key |\n\nКаждый запрос несёт `Idempotency-Key`, одинаковый для всех попыток одного сообщения.',
  },
  keywords: ['http', 'api', 'rest', 'fetch', 'запрос', 'вызов'],
  line: '{method} {url}',
  replay: { when: { any: [{ field: 'method', is: ['GET', 'HEAD', 'PUT', 'DELETE'] }, { field: 'idempotent', is: [true] }] }, then: 'idempotent', else: 'external' },
  config: {
    method: field.choice({ en: 'Method', ru: 'Метод' }, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'].map((value) => ({ value, title: { en: value, ru: value } })), { default: 'GET' }),
    url: field.text({ en: 'Address', ru: 'Адрес' }, { required: true, placeholder: 'https://example.test/orders' }),
    query: field.map({ en: 'Query', ru: 'Параметры запроса' }, field.any({ en: 'Value', ru: 'Значение' }), { default: {} }),
    headers: field.map({ en: 'Headers', ru: 'Заголовки' }, field.text({ en: 'Value', ru: 'Значение' }, { required: true }), { default: {} }),
    body: field.choice({ en: 'Body', ru: 'Тело' }, [
      { value: 'json', title: { en: 'JSON', ru: 'JSON' } },
      { value: 'form', title: { en: 'form', ru: 'форма' } },
      { value: 'text', title: { en: 'text or bytes', ru: 'текст или байты' } },
      { value: 'none', title: { en: 'none', ru: 'нет' } },
    ], { default: 'json', visible: { field: 'method', is: ['POST', 'PUT', 'PATCH', 'DELETE'] } }),
    content: field.any({ en: 'Content', ru: 'Содержимое' }, { help: { en: 'The payload unless given.', ru: 'Если не задано — payload.' }, visible: { field: 'body', not: ['none'] } }),
    auth: field.choice({ en: 'Sign in', ru: 'Авторизация' }, [
      { value: 'none', title: { en: 'none', ru: 'нет' } },
      { value: 'bearer', title: { en: 'bearer token', ru: 'токен bearer' } },
      { value: 'basic', title: { en: 'user and password', ru: 'имя и пароль' } },
    ], { default: 'none' }),
    user: field.text({ en: 'User', ru: 'Имя' }, { visible: { field: 'auth', is: ['basic'] } }),
    secret: field.secret({ en: 'Token or password', ru: 'Токен или пароль' }, { visible: { field: 'auth', is: ['bearer', 'basic'] } }),
    answer: field.choice({ en: 'Read the answer as', ru: 'Читать ответ как' }, [
      { value: 'auto', title: { en: 'its type says', ru: 'указано в его типе' } },
      { value: 'json', title: { en: 'JSON', ru: 'JSON' } },
      { value: 'text', title: { en: 'text', ru: 'текст' } },
      { value: 'bytes', title: { en: 'bytes', ru: 'байты' } },
    ], { default: 'auto' }),
    redirects: field.integer({ en: 'Redirects followed', ru: 'Переходов по перенаправлению' }, { default: 5, min: 0, max: 5, dynamic: [], advanced: true }),
    idempotent: field.boolean({ en: 'The other side honours Idempotency-Key', ru: 'Другая сторона учитывает Idempotency-Key' }, { default: false, advanced: true, visible: { field: 'method', is: ['POST', 'PATCH'] } }),
  },
  outputs: { fixed: { answer: { title: { en: 'answer', ru: 'ответ' } }, refused: { title: { en: 'refused', ru: 'отказ' } } } },
  failures: {
    'http.failed': { en: 'The other side answered with an error of its own (5xx).', ru: 'Другая сторона ответила собственной ошибкой (5xx).' },
    'http.unavailable': { en: 'The other side asks everybody to wait (429 or 503); the host pauses.', ru: 'Другая сторона просит всех подождать (429 или 503); сервер приостановлен.' },
    'http.not-json': { en: 'The answer is not the JSON that was expected.', ru: 'Ответ не является ожидаемым JSON.' },
    'http.address': { en: 'The address is not an http or https address.', ru: 'Адрес не является адресом http или https.' },
    'http.redirects': { en: 'There were more redirects than are followed.', ru: 'Перенаправлений больше, чем допускается.' },
    'http.too-large': { en: 'The answer is larger than is read.', ru: 'Ответ больше допустимого.' },
    'http.timeout': { en: 'No answer came in time; whether the work was done is not known.', ru: 'Ответ не пришёл вовремя; выполнена ли работа, неизвестно.' },
    'http.unreachable': { en: 'The host cannot be reached; it pauses.', ru: 'Сервер недоступен; он приостановлен.' },
    'http.tls': { en: 'The host’s certificate cannot be trusted.', ru: 'Сертификату сервера нельзя доверять.' },
    'http.request': { en: 'The request itself is not one that can be sent.', ru: 'Такой запрос отправить нельзя.' },
    'http.cut': { en: 'The connection broke after sending; whether the work was done is not known.', ru: 'Соединение оборвалось после отправки; выполнена ли работа, неизвестно.' },
  },
  examples: [
    { name: 'posts the payload as JSON', config: { method: 'POST', url: 'https://echo.test/orders' }, given: [{ payload: { id: 7 } }],
      emits: { answer: [{ payload: { method: 'POST', path: '/orders', body: '{"id":7}' }, statusCode: 200, responseHeaders: { 'content-type': 'application/json' } }] } },
    { name: 'a 404 leaves by refused', config: { url: 'https://status.test/404/not%20here' }, given: [{ payload: 1 }], emits: { refused: [{ payload: 'not here', statusCode: 404, responseHeaders: { 'content-type': 'text/plain' } }] } },
    { name: 'a 500 is the message’s failure', config: { url: 'https://status.test/500' }, given: [{ payload: 1 }], fails: 'http.failed' },
    { name: 'refuses what is no address', config: { url: 'example' }, given: [{ payload: 1 }], fails: 'http.address' },
  ],
  async run(message, { config, fetch, signal, idempotencyKey, clock }) {
    const url = withQuery(config.url, config.query);
    const { body, type } = content(message, config);
    const answer = await fetch(url, {
      method: config.method, signal, redirects: config.redirects, ...(body !== undefined && { body }),
      headers: { 'idempotency-key': idempotencyKey, 'user-agent': 'Millrace', ...(type !== undefined && { 'content-type': type }), ...signIn(config), ...config.headers },
    });
    refuseFailures(answer, `${config.method} ${url.split('?')[0]}`, clock.now());
    const emitted: Body = { ...message, payload: payloadOf(answer, config.answer), statusCode: answer.status, responseHeaders: answer.headers };
    return toPorts(answer.status < 400 ? { answer: emitted } : { refused: emitted });
  },
});

function withQuery(address: string, query: { readonly [name: string]: unknown }): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  if (pairs.length === 0 || !URL.canParse(address)) return address;
  const url = new URL(address);
  for (const [name, value] of pairs) url.searchParams.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  return url.href;
}

function content(message: Body, config: { readonly method: string; readonly body: 'json' | 'form' | 'text' | 'none'; readonly content: unknown }): { readonly body?: string | Uint8Array; readonly type?: string } {
  if (config.method === 'GET' || config.method === 'HEAD' || config.body === 'none') return {};
  const value = config.content === undefined ? message.payload : config.content;
  if (value === undefined) return {};
  if (config.body === 'json') return { body: JSON.stringify(value), type: 'application/json' };
  if (config.body === 'form') {
    const fields = typeof value === 'object' && value !== null ? Object.entries(value).map(([name, each]) => [name, typeof each === 'object' ? JSON.stringify(each) : String(each)] as [string, string]) : [['value', String(value)] as [string, string]];
    return { body: new URLSearchParams(fields).toString(), type: 'application/x-www-form-urlencoded' };
  }
  if (value instanceof Uint8Array) return { body: value, type: 'application/octet-stream' };
  return { body: typeof value === 'string' ? value : JSON.stringify(value), type: 'text/plain; charset=utf-8' };
}

function signIn({ auth, user, secret }: { readonly auth: string; readonly user: string | undefined; readonly secret: Secret | undefined }): { readonly authorization?: string } {
  if (auth === 'bearer' && secret) return { authorization: `Bearer ${secret.reveal()}` };
  if (auth === 'basic') return { authorization: `Basic ${Buffer.from(`${user ?? ''}:${secret?.reveal() ?? ''}`).toString('base64')}` };
  return {};
}

function refuseFailures(answer: FetchAnswer, request: string, now: number): void {
  if (answer.status < 500 && answer.status !== 429) return;
  const shown = answer.text().slice(0, SHOWN_CHARS);
  const text = { en: `${request} answered ${answer.status}: ${shown}`, ru: `${request}: ответ ${answer.status}: ${shown}` };
  const details = { status: answer.status, answer: shown };
  if (answer.status === 429 || answer.status === 503) throw new NodeFailure('http.unavailable', text, { scope: 'connection', retry: retryAfter(answer.headers['retry-after'], now), details });
  throw new NodeFailure('http.failed', text, { retry: 'backoff', details });
}

/** Seconds or an HTTP date. */
function retryAfter(header: string | undefined, now: number): Retry {
  if (header === undefined) return 'backoff';
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? { afterMs: Math.max(0, ms) } : 'backoff';
}

function payloadOf(answer: FetchAnswer, as: 'auto' | 'json' | 'text' | 'bytes'): unknown {
  const type = answer.headers['content-type'] ?? '';
  if (as === 'bytes' || (as === 'auto' && /^(image|audio|video|font)\/|octet-stream|zip|pdf/.test(type))) return answer.bytes;
  const text = answer.text();
  const json = as === 'json' || (as === 'auto' && /[/+]json\b/.test(type));
  if (!json || (text === '' && as === 'auto')) return text;
  try { return JSON.parse(text) as unknown; } catch {
    const shown = text.slice(0, SHOWN_CHARS);
    throw new NodeFailure('http.not-json', {
      en: `reading the answer (status ${answer.status}, ${type === '' ? 'no type' : type}): it is not JSON but begins with: ${shown}`,
      ru: `чтение ответа (статус ${answer.status}, ${type === '' ? 'тип не указан' : type}): это не JSON, он начинается так: ${shown}`,
    }, { details: { status: answer.status, answer: shown } });
  }
}
