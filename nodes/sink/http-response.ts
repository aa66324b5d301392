import { defineNode, drop, field, type Body } from '../../runtime/sdk/index.ts';

/** Answers the caller of the webhook that began the run. */
export default defineNode({
  type: 'http-response',
  version: 1,
  title: { en: 'HTTP response', ru: 'Ответ HTTP' },
  category: 'sink',
  icon: 'reply',
  summary: { en: 'Answers the webhook’s caller with the payload.', ru: 'Отвечает вызвавшему вебхук содержимым payload.' },
  help: {
    en: 'Answers the caller of a Webhook in node that waits for the flow. A record or list becomes JSON, text stays text, bytes stay bytes.\n\nStatus and headers stand here; a message may overrule them with `statusCode` and `headers`.\n\nThe first answer of a run counts. When nobody waits (the caller is gone, or the webhook answers at once), the message ends here as dropped.\n\nWhen the caller sent an Idempotency-Key, the answer is recorded before it is sent and given again to a repeat.',
    ru: 'Отвечает вызвавшему узел «Вебхук», если тот ждёт ответа потока. Запись или список становятся JSON, текст остаётся текстом, байты — байтами.\n\nСтатус и заголовки задаются здесь; сообщение может заменить их полями `statusCode` и `headers`.\n\nДействует первый ответ запуска. Если никто не ждёт (вызвавший ушёл или вебхук отвечает сразу), сообщение завершается здесь как отброшенное.\n\nЕсли вызвавший прислал Idempotency-Key, ответ записывается до отправки и выдаётся на повтор.',
  },
  keywords: ['reply', 'answer', 'webhook', 'ответ'],
  line: '{status}',
  replay: 'pure',
  config: {
    status: field.integer({ en: 'Status', ru: 'Статус' }, { default: 200, min: 200, max: 599 }),
    body: field.any({ en: 'Body', ru: 'Тело' }, { help: { en: 'The payload unless given.', ru: 'Если не задано — payload.' } }),
    headers: field.map({ en: 'Headers', ru: 'Заголовки' }, field.text({ en: 'Value', ru: 'Значение' }, { required: true }), { default: {} }),
  },
  outputs: { fixed: {} },
  drops: { 'nobody-waits': { en: 'nobody waits for the answer', ru: 'ответа никто не ждёт' } },
  examples: [{ name: 'answers with the payload as JSON', config: { status: 201 }, given: [{ payload: { id: 7 } }], emits: {} }],
  run(message, { config, reply }) {
    const status = statusOf(message, config.status);
    const { body, type } = bodyOf(NO_BODY.has(status) ? undefined : config.body === undefined ? message.payload : config.body);
    const headers = { ...(body !== '' && { 'content-type': type }), ...lowerCased(config.headers), ...lowerCased(message.headers) };
    return reply({ status, headers, body }) ? undefined : drop('nobody-waits');
  },
});

const SERVERS_OWN = new Set(['content-length', 'transfer-encoding', 'connection']); // the HTTP server sets them
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/; // other characters would make the server refuse the whole answer
const NO_BODY = new Set([204, 205, 304]);

function bodyOf(value: unknown): { readonly body: string | Uint8Array; readonly type: string } {
  if (value instanceof Uint8Array) return { body: value, type: 'application/octet-stream' };
  if (typeof value === 'string') return { body: value, type: 'text/plain; charset=utf-8' };
  if (value === undefined || value === null) return { body: '', type: 'text/plain; charset=utf-8' };
  return { body: JSON.stringify(value), type: 'application/json; charset=utf-8' };
}

/** The message's own status, where it is one that an answer can end with. */
function statusOf(message: Body, status: number): number {
  const own = Number(message.statusCode);
  return Number.isInteger(own) && own >= 200 && own <= 599 ? own : status;
}

/** Names in lower case; what no header can carry is left out. */
function lowerCased(headers: unknown): { [name: string]: string } {
  if (typeof headers !== 'object' || headers === null) return {};
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return Object.fromEntries(entries.filter(([name, value]) => NAME.test(name) && VALUE.test(value) && !SERVERS_OWN.has(name)));
}
