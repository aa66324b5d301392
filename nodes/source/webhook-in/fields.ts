import { field } from '../../../runtime/sdk/index.ts';

/** The settings of a webhook, in the order in which the inspector shows them. All are fixed at deploy. */

const CHECKED = { field: 'check', not: ['none'] } as const;
const SIGNED = { field: 'check', is: ['hmac'] } as const;

export const config = {
  method: field.choice({ en: 'Method', ru: 'Метод' }, [
    { value: 'POST', title: { en: 'POST', ru: 'POST' } },
    { value: 'GET', title: { en: 'GET', ru: 'GET' } },
    { value: 'PUT', title: { en: 'PUT', ru: 'PUT' } },
    { value: 'PATCH', title: { en: 'PATCH', ru: 'PATCH' } },
    { value: 'DELETE', title: { en: 'DELETE', ru: 'DELETE' } },
    { value: 'any', title: { en: 'Any of them', ru: 'Любой из них' } },
  ], { default: 'POST' }),
  path: field.text({ en: 'Path', ru: 'Путь' }, {
    required: true, dynamic: ['$env'], placeholder: '/lead', pattern: '/[^\\s?#]*',
    help: { en: 'After `/hook`. A part such as `:id` takes any text and arrives in `request.params.id`.', ru: 'После `/hook`. Часть вида `:id` принимает любой текст и попадает в `request.params.id`.' },
  }),
  answer: field.choice({ en: 'Answer', ru: 'Ответ' }, [
    { value: 'at-once', title: { en: '202 and the run’s id, as soon as the message is safe', ru: '202 и id запуска, как только сообщение сохранено' } },
    { value: 'wait', title: { en: 'What an “HTTP response” node of the flow says', ru: 'То, что скажет узел «Ответ HTTP» потока' } },
  ], { default: 'at-once' }),
  timeout: field.duration({ en: 'Wait at most', ru: 'Ждать не дольше' }, {
    default: '30s', dynamic: ['$env'], visible: { field: 'answer', is: ['wait'] },
    help: { en: 'Then the caller gets 504 with the run’s id, and the run goes on.', ru: 'Затем отправитель получает 504 с id запуска, а запуск продолжается.' },
  }),
  check: field.choice({ en: 'Check of the caller', ru: 'Проверка отправителя' }, [
    { value: 'none', title: { en: 'None', ru: 'Нет' } },
    { value: 'bearer', title: { en: 'Bearer token', ru: 'Токен Bearer' } },
    { value: 'basic', title: { en: 'User and password', ru: 'Имя и пароль' } },
    { value: 'header', title: { en: 'Token in a header', ru: 'Токен в заголовке' } },
    { value: 'hmac', title: { en: 'Signature of the body (HMAC SHA-256)', ru: 'Подпись тела (HMAC SHA-256)' } },
  ], { default: 'none' }),
  user: field.text({ en: 'User', ru: 'Имя' }, { dynamic: ['$env'], visible: { field: 'check', is: ['basic'] } }),
  secret: field.secret({ en: 'Secret', ru: 'Секрет' }, {
    visible: CHECKED,
    help: { en: 'The token, the password, or the key of the signature.', ru: 'Токен, пароль или ключ подписи.' },
  }),
  checkHeader: field.text({ en: 'Header', ru: 'Заголовок' }, {
    default: 'x-signature', dynamic: ['$env'], pattern: '[A-Za-z0-9-]+', visible: { field: 'check', is: ['hmac', 'header'] },
    help: { en: 'That holds the signature or the token.', ru: 'В котором приходит подпись или токен.' },
  }),
  signaturePrefix: field.text({ en: 'Before the signature', ru: 'Перед подписью' }, { default: '', dynamic: ['$env'], placeholder: 'sha256=', advanced: true, visible: SIGNED }),
  signatureEncoding: field.choice({ en: 'Signature written as', ru: 'Запись подписи' }, [
    { value: 'hex', title: { en: 'hex', ru: 'hex' } },
    { value: 'base64', title: { en: 'base64', ru: 'base64' } },
  ], { default: 'hex', advanced: true, visible: SIGNED }),
  signedText: field.text({ en: 'Signed text', ru: 'Подписываемый текст' }, {
    default: '{body}', dynamic: ['$env'], placeholder: '{timestamp}.{body}', advanced: true, visible: SIGNED,
    help: { en: '`{body}` is the body as it came, `{timestamp}` the time from the header below.', ru: '`{body}` — тело запроса как есть, `{timestamp}` — время из заголовка ниже.' },
  }),
  timestampHeader: field.text({ en: 'Header of the time', ru: 'Заголовок времени' }, { dynamic: ['$env'], placeholder: 'x-timestamp', pattern: '[A-Za-z0-9-]+', advanced: true, visible: SIGNED }),
  tolerance: field.duration({ en: 'Time may differ by', ru: 'Допустимое расхождение времени' }, { default: '5m', dynamic: ['$env'], advanced: true, visible: SIGNED }),
  orderBy: field.path({ en: 'Order by', ru: 'Порядок по' }, {
    placeholder: 'payload.phone',
    help: { en: 'Messages with the same value here keep their order through the flow.', ru: 'Сообщения с одинаковым значением здесь сохраняют порядок на всём пути.' },
  }),
  eventId: field.path({ en: 'Event id', ru: 'Id события' }, {
    placeholder: 'payload.eventId',
    help: { en: 'Where the sender’s own id of the event is, for example `request.headers.x-event-id`. A repeat within 7 days starts no second run. Without it the header Idempotency-Key counts.', ru: 'Где лежит id события у отправителя, например `request.headers.x-event-id`. Повтор в течение 7 дней не запускает поток второй раз. Если поле пусто, учитывается заголовок Idempotency-Key.' },
  }),
  bodyAs: field.choice({ en: 'Read the body as', ru: 'Читать тело как' }, [
    { value: 'auto', title: { en: 'Its content type says', ru: 'Указано в его типе' } },
    { value: 'json', title: { en: 'JSON', ru: 'JSON' } },
    { value: 'form', title: { en: 'Form', ru: 'Форму' } },
    { value: 'text', title: { en: 'Text', ru: 'Текст' } },
    { value: 'bytes', title: { en: 'Bytes', ru: 'Байты' } },
  ], { default: 'auto', advanced: true }),
  bodyMax: field.size({ en: 'Largest body', ru: 'Наибольшее тело' }, {
    default: '1MB', advanced: true,
    help: { en: 'Anything larger is answered with 413 before it is read. 16MB at most.', ru: 'На более крупное приходит ответ 413 ещё до чтения. Не больше 16MB.' },
  }),
  headersKept: field.choice({ en: 'Request headers in the message', ru: 'Заголовки запроса в сообщении' }, [
    { value: 'all', title: { en: 'All but credentials and cookies', ru: 'Все, кроме учётных данных и cookie' } },
    { value: 'named', title: { en: 'Those named below', ru: 'Перечисленные ниже' } },
    { value: 'none', title: { en: 'None', ru: 'Никаких' } },
  ], { default: 'all', advanced: true }),
  headerNames: field.list({ en: 'Kept headers', ru: 'Сохраняемые заголовки' }, field.text({ en: 'Header', ru: 'Заголовок' }, { required: true, dynamic: ['$env'], pattern: '[A-Za-z0-9-]+' }), { default: [], advanced: true, visible: { field: 'headersKept', is: ['named'] } }),
  headers: field.map({ en: 'Headers of the answer', ru: 'Заголовки ответа' }, field.text({ en: 'Value', ru: 'Значение' }, { required: true, dynamic: ['$env'] }), { default: {}, advanced: true }),
  origins: field.list({ en: 'Web pages that may call (CORS)', ru: 'Страницы, которым разрешён вызов (CORS)' }, field.text({ en: 'Origin', ru: 'Источник' }, { required: true, dynamic: ['$env'], placeholder: 'https://shop.test', pattern: '\\*|https?://[^/\\s]+/?' }), {
    default: [], advanced: true,
    help: { en: '`https://shop.test`, or `*` for all. Empty: browsers let only pages of this server read the answer.', ru: '`https://shop.test` или `*` для всех. Если пусто, браузер отдаст ответ только страницам этого сервера.' },
  }),
};
