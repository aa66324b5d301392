import { defineNode, field, toPorts } from '../../runtime/sdk/index.ts';
import { payloadOf, refuseFailures } from './_http-answer.ts';
import { addressWithQuery, contentOf, signIn } from './_http-content.ts';

const ANSWER = { type: 'record', fields: { payload: { type: 'any' }, statusCode: { type: 'number' }, responseHeaders: { type: 'record' } } } as const;

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
    en: 'The address may hold places, `https://api.test/orders/{{payload.id}}`: what is put in is encoded, only the beginning of the address and `{{{…}}}` are taken as they are.\n\nThe answer leaves by **Answer** with `payload`, `statusCode` and `responseHeaders`; a 4xx answer leaves by **Refused** in the same form.\n\n| what happens | then |\n|---|---|\n| 2xx, 3xx | Answer |\n| 4xx | Refused |\n| 429, 503 | the host pauses, as long as Retry-After says; no attempt is used up |\n| 408, another 5xx | tried again with growing waits |\n| not the JSON that was asked for | the message’s failure, with the beginning of the answer |\n| host cannot be reached | pauses and goes on by itself |\n| the address is one of a metadata service, or of a private network where that is forbidden | the message’s failure |\n| no answer in time, connection cut, 504 | the outcome is unknown: GET, HEAD, PUT and DELETE are tried again; POST and PATCH are set aside, unless the other side honours Idempotency-Key |\n\nEach request carries an `Idempotency-Key` that is the same for every attempt of a message.',
    ru: 'В адресе могут быть места: `https://api.test/orders/{{payload.id}}`; подставленное кодируется, как есть берутся только начало адреса и `{{{…}}}`.\n\nОтвет уходит через **Ответ** с полями `payload`, `statusCode` и `responseHeaders`; ответ 4xx уходит в том же виде через **Отказ**.\n\n| что произошло | что дальше |\n|---|---|\n| 2xx, 3xx | Ответ |\n| 4xx | Отказ |\n| 429, 503 | сервер приостанавливается на время из Retry-After; попытки не расходуются |\n| 408, другой 5xx | повтор с растущими паузами |\n| не JSON, хотя ожидался он | ошибка сообщения с началом ответа |\n| сервер недоступен | пауза, затем работа продолжается сама |\n| адрес службы метаданных или частной сети, если она запрещена | ошибка сообщения |\n| нет ответа вовремя, обрыв, 504 | исход неизвестен: GET, HEAD, PUT и DELETE повторяются; POST и PATCH откладываются, если другая сторона не учитывает Idempotency-Key |\n\nКаждый запрос несёт `Idempotency-Key`, одинаковый для всех попыток одного сообщения.',
  },
  keywords: ['http', 'api', 'rest', 'fetch', 'запрос', 'вызов'],
  line: '{method} {url}',
  replay: { when: { any: [{ field: 'method', is: ['GET', 'HEAD', 'PUT', 'DELETE'] }, { field: 'idempotent', is: [true] }] }, then: 'idempotent', else: 'external' },
  config: {
    method: field.choice({ en: 'Method', ru: 'Метод' }, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'].map((value) => ({ value, title: { en: value, ru: value } })), { default: 'GET' }),
    url: field.text({ en: 'Address', ru: 'Адрес' }, { required: true, escape: 'url', placeholder: 'https://example.test/orders/{{payload.id}}' }),
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
      { value: 'header', title: { en: 'token in a header', ru: 'токен в заголовке' } },
    ], { default: 'none' }),
    user: field.text({ en: 'User', ru: 'Имя' }, { visible: { field: 'auth', is: ['basic'] } }),
    secret: field.secret({ en: 'Token or password', ru: 'Токен или пароль' }, { visible: { field: 'auth', not: ['none'] } }),
    tokenHeader: field.text({ en: 'Header of the token', ru: 'Заголовок токена' }, { default: 'x-api-key', dynamic: ['$env'], pattern: '[A-Za-z0-9-]+', visible: { field: 'auth', is: ['header'] } }),
    answer: field.choice({ en: 'Read the answer as', ru: 'Читать ответ как' }, [
      { value: 'auto', title: { en: 'its type says', ru: 'указано в его типе' } },
      { value: 'json', title: { en: 'JSON', ru: 'JSON' } },
      { value: 'text', title: { en: 'text', ru: 'текст' } },
      { value: 'bytes', title: { en: 'bytes', ru: 'байты' } },
    ], { default: 'auto' }),
    redirects: field.integer({ en: 'Redirects followed', ru: 'Переходов по перенаправлению' }, { default: 5, min: 0, max: 5, dynamic: [], advanced: true }),
    idempotent: field.boolean({ en: 'The other side honours Idempotency-Key', ru: 'Другая сторона учитывает Idempotency-Key' }, { default: false, advanced: true, visible: { field: 'method', is: ['POST', 'PATCH'] } }),
    askAt: field.text({ en: 'Ask at, when the answer was lost', ru: 'Где узнать, если ответ потерян' }, {
      escape: 'url', advanced: true, placeholder: 'https://example.test/orders?origin={{payload.id}}', visible: { field: 'method', is: ['POST', 'PATCH'] },
      help: { en: 'A GET there tells what came of a request whose answer was lost: 2xx says that it was done, and its answer stands for the lost one; 404 or 410 that it was not, and it is sent again; anything else that nobody knows.', ru: 'Запрос GET по этому адресу скажет, что стало с запросом без ответа: 2xx — выполнен, и этот ответ заменит потерянный; 404 или 410 — не выполнен, и он отправляется снова; любой другой — неизвестно.' },
    }),
  },
  outputs: { fixed: { answer: { title: { en: 'Answer', ru: 'Ответ' }, body: ANSWER }, refused: { title: { en: 'Refused', ru: 'Отказ' }, body: ANSWER } } },
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
    'http.blocked': { en: 'The address is one that this installation does not call: a metadata service, a link-local address, or a private network where that is forbidden.', ru: 'По такому адресу эта установка не обращается: служба метаданных, локальный адрес канала или частная сеть, если она запрещена.' },
    'http.request': { en: 'The request itself is not one that can be sent.', ru: 'Такой запрос отправить нельзя.' },
    'http.broken-answer': { en: 'The answer is broken: it is not HTTP, or not packed as it says.', ru: 'Ответ повреждён: это не HTTP или он упакован не так, как указано.' },
    'http.cut': { en: 'The connection broke after sending; whether the work was done is not known.', ru: 'Соединение оборвалось после отправки; выполнена ли работа, неизвестно.' },
  },
  examples: [
    { name: 'posts the payload as JSON', config: { method: 'POST', url: 'https://echo.test/orders' }, given: [{ payload: { id: 7 } }],
      emits: { answer: [{ payload: { method: 'POST', path: '/orders', body: '{"id":7}' }, statusCode: 200, responseHeaders: { 'content-type': 'application/json' } }] } },
    { name: 'what is put into the address is encoded', config: { url: { $template: 'https://echo.test/people/{{payload}}' }, query: { page: 2 } }, given: [{ payload: 'a b/c?d' }],
      emits: { answer: [{ payload: { method: 'GET', path: '/people/a%20b%2Fc%3Fd?page=2' }, statusCode: 200, responseHeaders: { 'content-type': 'application/json' } }] } },
    { name: 'a 404 leaves by refused', config: { url: 'https://status.test/404/not%20here' }, given: [{ payload: 1 }], emits: { refused: [{ payload: 'not here', statusCode: 404, responseHeaders: { 'content-type': 'text/plain' } }] } },
    { name: 'a 500 is the message’s failure', config: { url: 'https://status.test/500' }, given: [{ payload: 1 }], fails: 'http.failed' },
    { name: 'refuses what is no address', config: { url: 'example' }, given: [{ payload: 1 }], fails: 'http.address' },
  ],
  async run(message, { config, fetch, signal, idempotencyKey, clock }) {
    const url = addressWithQuery(config.url, config.query);
    const { body, type } = contentOf(message, config);
    const own = Object.fromEntries(Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value]));
    const answer = await fetch(url, {
      method: config.method, signal, redirects: config.redirects, ...(body !== undefined && { body }),
      headers: { 'idempotency-key': idempotencyKey, 'user-agent': 'Millrace', ...(type !== undefined && { 'content-type': type }), ...own, ...signIn(config) },
    });
    refuseFailures(answer, `${config.method} ${url.split('?')[0]}`, clock.now());
    const emitted = { ...message, payload: payloadOf(answer, config.answer), statusCode: answer.status, responseHeaders: answer.headers };
    return toPorts(answer.status < 400 ? { answer: emitted } : { refused: emitted });
  },
  async confirm(message, { config, fetch, signal }) {
    if (config.askAt === undefined || config.askAt === '') return 'unknown';
    const answer = await fetch(addressWithQuery(config.askAt, {}), { method: 'GET', signal, redirects: config.redirects, headers: { 'user-agent': 'Millrace', ...signIn(config) } });
    if (answer.status === 404 || answer.status === 410) return 'not-done';
    if (answer.status >= 300) return 'unknown';
    return { done: toPorts({ answer: { ...message, payload: payloadOf(answer, config.answer), statusCode: answer.status, responseHeaders: answer.headers } }) };
  },
});
