import { createHash } from 'node:crypto';
import { defineNode, field, limits, NodeFailure, toPorts, type Body, type HttpRequest } from '../../runtime/sdk/index.ts';

/** Each waiting message is a window that its token's hash names: whoever has the token closes it, or its time does. */
export default defineNode({
  type: 'wait-for-callback',
  version: 1,
  title: { en: 'Wait for callback', ru: 'Ожидание обратного вызова' },
  category: 'time',
  icon: 'phone-incoming',
  summary: { en: 'Holds each message until somebody outside answers under an address made for it, or its time is over.', ru: 'Держит каждое сообщение, пока кто-то снаружи не ответит по созданному для него адресу или не выйдет срок.' },
  help: {
    en: 'At once the message leaves by **Address** with `resume.url`, `resume.expiresAt` and `resume.id`: hand the address to whoever is to answer, in a request, a mail or a chat. The message itself waits.\n\nA `POST` to the address lets it go on by **Answered**, with what was posted in `callback`: JSON and forms as values, anything else as text. The address works once: a second request gets 409, one after the time is over 410, a wrong one 404. Whoever is told 200 may rely on it: it is on disk.\n\nWhen nobody answers within **At most**, the message leaves by **Nobody answered**.\n\nThe address cannot be guessed, and only a hash of it is kept with what waits; who has the address may answer, so send it to nobody else. Where messages are shown its end is hidden. Waiting survives restarts and deploys. In memory mode the node is refused.\n\n**Public address** is how Millrace is reached from outside, for example `https://flows.example.com`. Without it `resume.url` begins with `/hook/`.',
    ru: 'Сообщение сразу выходит через **Адрес** с полями `resume.url`, `resume.expiresAt` и `resume.id`: передайте адрес тому, кто должен ответить, — запросом, письмом или в чат. Само сообщение ждёт.\n\nЗапрос `POST` по этому адресу отпускает его через **Ответ получен**, присланное будет в `callback`: JSON и формы как значения, остальное как текст. Адрес действует один раз: второй запрос получит 409, запрос после срока — 410, с неверным адресом — 404. Ответ 200 надёжен: всё уже на диске.\n\nЕсли за время **Не дольше** никто не ответил, сообщение выходит через **Никто не ответил**.\n\nАдрес нельзя угадать, вместе с ожидающим хранится только его хеш; ответить может любой, у кого есть адрес, поэтому не посылайте его никому другому. При показе сообщений его конец скрыт. Ожидание переживает перезапуски и применение. В режиме памяти узел не допускается.\n\n**Внешний адрес** — как Millrace доступен снаружи, например `https://flows.example.com`. Без него `resume.url` начинается с `/hook/`.',
  },
  keywords: ['callback', 'resume', 'approval', 'webhook', 'human', 'колбэк', 'согласование', 'подтверждение', 'ответ'],
  line: '{timeout}',
  replay: 'pure',
  durable: true,
  config: {
    timeout: field.duration({ en: 'At most', ru: 'Не дольше' }, { default: '24h', dynamic: ['$expr', '$env'] }),
    address: field.text({ en: 'Public address', ru: 'Внешний адрес' }, { dynamic: ['$env'], placeholder: 'https://flows.example.com' }),
  },
  outputs: {
    fixed: {
      waiting: { title: { en: 'Address', ru: 'Адрес' } },
      out: { title: { en: 'Answered', ru: 'Ответ получен' } },
      timeout: { title: { en: 'Nobody answered', ru: 'Никто не ответил' } },
    },
  },
  failures: { 'callback.unreadable': { en: 'What was posted to the address is not the JSON that it says it is.', ru: 'Присланное по адресу не является JSON, хотя так заявлено.' } },
  examples: [{
    name: 'gives the address at once, and nobody answers', config: { timeout: '1h', address: 'https://flows.example.com/' }, given: [{ payload: { order: 7 } }],
    emits: {
      waiting: [{ payload: { order: 7 }, resume: { url: 'https://flows.example.com/hook/resume/flow/node/token-of-message-1', expiresAt: '2026-11-23T10:00:00.000Z', id: 'message-1' } }],
      timeout: [{ payload: { order: 7 } }],
    },
  }],
  collect: {
    key: (_body, { token }) => hashOf(token),
    arrive(body, _state, { config, clock, token, flow, node, envelope }) {
      const closeAt = clock.now() + config.timeout;
      const url = `${(config.address ?? '').replace(/\/+$/, '')}/hook/resume/${flow.id}/${node.id}/${token}`;
      return { state: {}, keep: body, closeAt, send: toPorts({ waiting: { ...body, resume: { url, expiresAt: new Date(closeAt).toISOString(), id: envelope.id } } }) };
    },
    close({ kept: [body], reason, given }) {
      if (!body) return undefined;
      return toPorts(reason === 'resumed' ? { out: { ...body, callback: given?.['callback'] } } : { timeout: body });
    },
    closed: ({ state, reason }) => ('closed' in (state as object) ? undefined : { state: { closed: reason === 'resumed' ? 'used' : 'expired' }, forMs: limits.joinLateMs }),
    resume: { key: hashOf, given: (request) => ({ callback: valueOf(request) }), bodyBytesMax: limits.webhookBodyBytesDefault },
  },
});

function hashOf(token: string): string { return createHash('sha256').update(token).digest('base64url'); }

function valueOf({ headers, body }: HttpRequest): Body[string] {
  const text = Buffer.from(body).toString('utf8');
  const type = headers['content-type'] ?? '';
  if (text === '') return null;
  if (/^application\/x-www-form-urlencoded/i.test(type)) return Object.fromEntries([...new URLSearchParams(text)].filter(([name]) => name !== '__proto__'));
  if (!/^application\/([a-z.+-]+\+)?json/i.test(type)) return text;
  try { return JSON.parse(text) as unknown; } catch (error) {
    throw new NodeFailure('callback.unreadable', {
      en: `reading what was posted: it is not JSON (${(error as Error).message}); nothing happened, send it again`,
      ru: `чтение присланного: это не JSON (${(error as Error).message}); ничего не произошло, отправьте снова`,
    });
  }
}
