import { compilePath, defineNode, field, NodeFailure, toPorts, type Body, type SqlClient } from '../../runtime/sdk/index.ts';
import { normalEmail, normalName, normalPhone } from './_contact.ts';
import { ContactStore, type ContactFields, type ContactKey, type Found } from './_contact-store.ts';

/** Tables are made once for each open client. */
const created = new WeakMap<SqlClient, Map<string, Promise<void>>>();

export default defineNode({
  type: 'dedupe-contact',
  version: 1,
  title: { en: 'Dedupe contact', ru: 'Дедупликация контакта' },
  category: 'crm',
  icon: 'users-round',
  summary: { en: 'Finds the contact that a message is about, or makes it, so that one person is one contact.', ru: 'Находит контакт, о котором сообщение, или создаёт его: один человек — один контакт.' },
  help: {
    en: 'Looks for a contact that has any of the given keys (phone, e-mail, or any path of the message) and adds `contactId`, `isNew` and `match` to the payload.\n\nFifty messages about one person at once make one contact: the keys are locked while it is looked for, and the unique indexes of the database decide between several machines.\n\nA known contact is completed: empty fields are filled and nothing is blanked out. When the keys belong to different contacts, the message leaves by **Several** with all of them under `candidates`, and none is changed.\n\n**Delivery.** The message’s id is stored in the same transaction: a repeated call gives the same answer and changes nothing.\n\nTables `contacts`, `contacts_keys` and `contacts_messages` are made at first use.',
    ru: 'Ищет контакт по любому из ключей (телефон, почта или любой путь в сообщении) и добавляет в payload поля `contactId`, `isNew` и `match`.\n\nПятьдесят одновременных сообщений об одном человеке дают один контакт: на время поиска ключи заблокированы, а между машинами решают уникальные индексы базы.\n\nИзвестный контакт дополняется: пустые поля заполняются, ничего не стирается. Если ключи принадлежат разным контактам, сообщение уходит через **Несколько**, все они перечислены в `candidates`, и ни один не меняется.\n\n**Доставка.** Идентификатор сообщения сохраняется в той же транзакции: повторный вызов даёт тот же ответ и ничего не меняет.\n\nТаблицы `contacts`, `contacts_keys` и `contacts_messages` создаются при первом использовании.',
  },
  keywords: ['duplicate', 'merge', 'contact', 'дубли', 'контакт', 'клиент'],
  line: '{by}',
  replay: 'idempotent',
  config: {
    by: field.list({ en: 'Match by', ru: 'Сопоставлять по' }, field.text({ en: 'Key', ru: 'Ключ' }, { required: true, dynamic: [] }), {
      default: ['phone', 'email'], help: { en: '`phone` and `email` of the payload, or any path such as `payload.inn`.', ru: '`phone` и `email` из payload или любой путь, например `payload.inn`.' },
    }),
    db: field.connection({ en: 'Contacts in', ru: 'Контакты в' }, 'sql', { required: true }),
    region: field.text({ en: 'Country of numbers without one', ru: 'Страна для номеров без кода' }, { default: 'RU' }),
    differs: field.choice({ en: 'When a field differs', ru: 'Если поле отличается' }, [
      { value: 'newer', title: { en: 'keep the newer value', ru: 'оставить новое значение' } },
      { value: 'older', title: { en: 'keep the stored value', ru: 'оставить сохранённое значение' } },
    ], { default: 'newer' }),
    table: field.text({ en: 'Table', ru: 'Таблица' }, { default: 'contacts', dynamic: [], pattern: '[a-z_][a-z0-9_]{0,40}', advanced: true }),
  },
  outputs: {
    fixed: {
      new: { title: { en: 'new', ru: 'новый' } },
      known: { title: { en: 'known', ru: 'известный' } },
      conflict: { title: { en: 'several', ru: 'несколько' } },
    },
  },
  failures: {
    'dedupe.no-key': { en: 'The message has none of the keys to match by.', ru: 'В сообщении нет ни одного ключа для сопоставления.' },
    'dedupe.raced': { en: 'Another runtime stored the same key at the same moment; the call is repeated.', ru: 'Другая среда сохранила тот же ключ в этот же момент; вызов повторяется.' },
    'dedupe.table': { en: 'The table’s name may hold small Latin letters, digits and underscores.', ru: 'В имени таблицы допустимы строчные латинские буквы, цифры и подчёркивания.' },
    'contact.region': { en: 'The country is not an ISO code of two letters.', ru: 'Страна задана не двухбуквенным кодом ISO.' },
  },
  examples: [
    { name: 'the second message about a person finds the first', config: { db: 'crm-db' },
      given: [{ payload: { name: 'Анна', phone: '+79001234567' } }, { payload: { name: 'Анна К.', phone: '8 900 123-45-67', email: 'a@example.test' } }],
      emits: { new: [{ payload: { name: 'Анна', phone: '+79001234567', contactId: '1', isNew: true, match: 'none' } }],
        known: [{ payload: { name: 'Анна К.', phone: '8 900 123-45-67', email: 'a@example.test', contactId: '1', isNew: false, match: 'one' } }] } },
    { name: 'a message without any key fails', config: { db: 'crm-db' }, given: [{ payload: { name: 'Анна' } }], fails: 'dedupe.no-key' },
  ],
  async run(message, context) {
    const { config, envelope, clock } = context;
    const keys = keysOf(message, config.by, config.region);
    if (keys.length === 0) throw noKey(context.node.id, config.by);
    const client = await context.connection<SqlClient>(config.db);
    await ready(client, config.table);
    const found = await context.lock(keys.map(({ kind, value }) => `${config.db}/${config.table}/${kind}:${value}`), () => new ContactStore(client, config.table).find({
      keys, fields: fieldsOf(message, config.region), messageId: envelope.id, at: clock.now(), newerWins: config.differs === 'newer',
    }));
    return toPorts({ [PORT[found.match]]: answered(message, found) });
  },
});

const PORT = { none: 'new', one: 'known', many: 'conflict' } as const;

function answered(message: Body, { match, contactId, candidates }: Found): Body {
  const payload = typeof message.payload === 'object' && message.payload !== null ? message.payload : { value: message.payload };
  return { ...message, payload: { ...payload, contactId, isNew: match === 'none', match, ...(match === 'many' && { candidates }) } };
}

function keysOf(message: Body, by: readonly string[], region: string): ContactKey[] {
  return by.flatMap((kind) => {
    const raw = compilePath(kind === 'phone' || kind === 'email' ? `payload.${kind}` : kind).get(message);
    if ((typeof raw !== 'string' && typeof raw !== 'number') || String(raw).trim() === '') return [];
    const text = String(raw);
    if (kind !== 'phone' && kind !== 'email') return [{ kind, value: text.trim().toLowerCase() }];
    const normal = kind === 'phone' ? normalPhone(text, region) : normalEmail(text);
    return 'value' in normal ? [{ kind, value: normal.value }] : [];
  });
}

function fieldsOf(message: Body, region: string): ContactFields {
  const at = (path: string): string | undefined => {
    const raw = compilePath(path).get(message);
    return typeof raw === 'string' && raw.trim() !== '' ? raw : undefined;
  };
  const [name, phone, email] = [at('payload.name'), at('payload.phone'), at('payload.email')];
  const normal = (result: ReturnType<typeof normalEmail> | undefined): string | undefined => (result && 'value' in result ? result.value : undefined);
  return { name: name && normalName(name), phone: normal(phone === undefined ? undefined : normalPhone(phone, region)), email: normal(email === undefined ? undefined : normalEmail(email)), company: at('payload.company') };
}

async function ready(client: SqlClient, table: string): Promise<void> {
  // An identifier cannot be a bind value, so nothing but a plain name may become one.
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(table)) {
    throw new NodeFailure('dedupe.table', {
      en: `making the table "${table}": the name may hold small Latin letters, digits and underscores`,
      ru: `создание таблицы «${table}»: в имени допустимы строчные латинские буквы, цифры и подчёркивания`,
    });
  }
  const tables = created.get(client) ?? new Map<string, Promise<void>>();
  created.set(client, tables);
  let making = tables.get(table);
  if (!making) {
    making = new ContactStore(client, table).create();
    tables.set(table, making);
    making.catch(() => tables.delete(table));
  }
  await making;
}

function noKey(node: string, by: readonly string[]): NodeFailure {
  return new NodeFailure('dedupe.no-key', {
    en: `finding a contact at node ${node}: the message has no usable ${by.join(', ')}; put Normalize contact before it and handle its Invalid port`,
    ru: `поиск контакта в узле ${node}: в сообщении нет пригодного значения (${by.join(', ')}); поставьте перед ним нормализацию контакта и обработайте её выход «Неверные»`,
  });
}
