import { compilePath, defineNode, field, NodeFailure, toPorts, type Body, type CompiledPath, type SqlClient } from '../../runtime/sdk/index.ts';
import { normalEmail, normalName, normalPhone, type Normal } from './_contact.ts';
import { ContactStore, type ContactFields, type ContactKey, type Found } from './_contact-store.ts';

/** Tables are made once for each open client. */
const stores = new WeakMap<SqlClient, Map<string, Promise<ContactStore>>>();

export default defineNode({
  type: 'dedupe-contact',
  version: 1,
  title: { en: 'Dedupe contact', ru: 'Дедупликация контакта' },
  category: 'crm',
  icon: 'users-round',
  summary: { en: 'Finds the contact that a message is about, or makes it, so that one person is one contact.', ru: 'Находит контакт, о котором сообщение, или создаёт его: один человек — один контакт.' },
  help: {
    en: 'Looks for a contact that has any of the given keys (phone, e-mail, or any path of the message such as `payload.inn`) and adds `contactId`, `isNew` and `match` to the payload.\n\nFifty messages about one person at once make one contact: the keys are locked while it is looked for, and the unique indexes of the database decide between several machines. A contact remembers every key it was seen with: after a message with a phone and an e-mail, either of them finds it.\n\nA known contact is completed: empty fields are filled, nothing is blanked out, and where both have a value you choose which stays.\n\nWhen the keys belong to **several contacts**, the message leaves by **Several** with all of them under `candidates` and none is changed; or, if you choose so, they become one: the oldest gets the keys and what it lacked, and the others keep their rows with `merged_into`.\n\n**Delivery.** The message’s id is stored in the same transaction: a repeated call gives the same answer and changes nothing.\n\nThe tables `contacts`, `contacts_keys` and `contacts_messages` are made at first use.',
    ru: 'Ищет контакт по любому из ключей (телефон, почта или любой путь в сообщении, например `payload.inn`) и добавляет в payload поля `contactId`, `isNew` и `match`.\n\nПятьдесят одновременных сообщений об одном человеке дают один контакт: на время поиска ключи заблокированы, а между машинами решают уникальные индексы базы. Контакт помнит все ключи, с которыми встречался: после сообщения с телефоном и почтой его найдёт любой из них.\n\nИзвестный контакт дополняется: пустые поля заполняются, ничего не стирается, а если значение есть у обоих, вы выбираете, какое останется.\n\nЕсли ключи принадлежат **нескольким контактам**, сообщение уходит через **Несколько**, все они перечислены в `candidates`, и ни один не меняется. Можно выбрать иначе: они становятся одним, старейший получает их ключи и недостающие поля, а строки остальных остаются с отметкой `merged_into`.\n\n**Доставка.** Идентификатор сообщения сохраняется в той же транзакции: повторный вызов даёт тот же ответ и ничего не меняет.\n\nТаблицы `contacts`, `contacts_keys` и `contacts_messages` создаются при первом использовании.',
  },
  keywords: ['duplicate', 'merge', 'contact', 'дубли', 'контакт', 'клиент'],
  line: '{by}',
  replay: 'idempotent',
  config: {
    by: field.list({ en: 'Match by', ru: 'Сопоставлять по' }, field.text({ en: 'Key', ru: 'Ключ' }, { required: true, dynamic: [] }), {
      default: ['phone', 'email'], help: { en: '`phone`, `email`, or any path such as `payload.inn`.', ru: '`phone`, `email` или любой путь, например `payload.inn`.' },
    }),
    db: field.connection({ en: 'Contacts in', ru: 'Контакты в' }, 'sql', { required: true }),
    region: field.text({ en: 'Country of numbers without one', ru: 'Страна для номеров без кода' }, { default: 'RU' }),
    differs: field.choice({ en: 'When a field differs', ru: 'Если поле отличается' }, [
      { value: 'newer', title: { en: 'keep the newer value', ru: 'оставить новое значение' } },
      { value: 'older', title: { en: 'keep the stored value', ru: 'оставить сохранённое значение' } },
    ], { default: 'newer' }),
    several: field.choice({ en: 'When the keys belong to several', ru: 'Если ключи у нескольких' }, [
      { value: 'ask', title: { en: 'send it to Several', ru: 'отправить в «Несколько»' } },
      { value: 'merge', title: { en: 'make them one contact', ru: 'сделать одним контактом' } },
    ], { default: 'ask' }),
    phone: field.path({ en: 'Phone', ru: 'Телефон' }, { default: 'payload.phone', advanced: true }),
    email: field.path({ en: 'E-mail', ru: 'Почта' }, { default: 'payload.email', advanced: true }),
    name: field.path({ en: 'Name', ru: 'Имя' }, { default: 'payload.name', advanced: true }),
    company: field.path({ en: 'Company', ru: 'Компания' }, { default: 'payload.company', advanced: true }),
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
    'dedupe.raced': { en: 'Other runtimes stored the same keys at the same moment; the call is repeated.', ru: 'Другие среды сохранили те же ключи в тот же момент; вызов повторяется.' },
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
  async prepare(config) {
    return {
      fields: { name: compilePath(config.name), phone: compilePath(config.phone), email: compilePath(config.email), company: compilePath(config.company) },
      others: config.by.filter((kind) => kind !== 'phone' && kind !== 'email').map((kind) => ({ kind, at: compilePath(kind) })),
    };
  },
  async run(message, context) {
    const { config, prepared, clock, idempotencyKey } = context;
    const fields = fieldsOf(message, prepared.fields, config.region);
    const keys = keysOf(message, { by: config.by, fields, others: prepared.others });
    if (keys.length === 0) throw noKey(context.node.id, config.by);
    const store = await storeIn(await context.connection<SqlClient>(config.db), config.table);
    const locks = keys.map(({ kind, value }) => `${config.db}/${config.table}/${kind}:${value}`);
    const found = await context.lock(locks, () => store.find({ keys, fields, messageId: idempotencyKey, at: clock.now(), differs: config.differs, several: config.several }));
    return toPorts({ [PORT[found.match]]: answered(message, found) });
  },
});

const PORT = { none: 'new', one: 'known', many: 'conflict' } as const;

function answered(message: Body, { match, contactId, candidates, merged }: Found): Body {
  const { payload } = message;
  const rest = typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? payload : { value: payload };
  return { ...message, payload: { ...rest, contactId, isNew: match === 'none', match, ...((match === 'many' || merged) && { candidates }) } };
}

type Places = { readonly [field in keyof ContactFields]-?: CompiledPath };

/** What the message says of the contact, in one form, whether or not it was normalized before. */
function fieldsOf(message: Body, places: Places, region: string): ContactFields {
  const at = (place: CompiledPath): string | undefined => {
    const raw = place.get(message);
    const text = typeof raw === 'number' ? String(raw) : raw;
    return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
  };
  const phone = at(places.phone);
  const email = at(places.email);
  const name = at(places.name);
  return {
    name: name === undefined ? undefined : normalName(name) || undefined,
    phone: phone === undefined ? undefined : valueOf(normalPhone(phone, region)),
    email: email === undefined ? undefined : valueOf(normalEmail(email)),
    company: at(places.company),
  };
}

const valueOf = (normal: Normal): string | undefined => ('value' in normal ? normal.value : undefined);

function keysOf(message: Body, { by, fields, others }: { readonly by: readonly string[]; readonly fields: ContactFields; readonly others: readonly { readonly kind: string; readonly at: CompiledPath }[] }): ContactKey[] {
  const keys: ContactKey[] = [];
  for (const kind of ['phone', 'email'] as const) {
    const value = by.includes(kind) ? fields[kind] : undefined;
    if (value !== undefined) keys.push({ kind, value });
  }
  for (const { kind, at } of others) {
    const raw = at.get(message);
    const value = typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim().toLowerCase() : '';
    if (value !== '') keys.push({ kind, value });
  }
  return keys;
}

async function storeIn(client: SqlClient, table: string): Promise<ContactStore> {
  // An identifier cannot be a bind value, so nothing but a plain name may become one.
  if (!/^[a-z_][a-z0-9_]{0,40}$/.test(table)) {
    throw new NodeFailure('dedupe.table', {
      en: `making the table "${table}": the name may hold small Latin letters, digits and underscores`,
      ru: `создание таблицы «${table}»: в имени допустимы строчные латинские буквы, цифры и подчёркивания`,
    });
  }
  const tables = stores.get(client) ?? new Map<string, Promise<ContactStore>>();
  stores.set(client, tables);
  let store = tables.get(table);
  if (!store) {
    const made = new ContactStore(client, table);
    store = made.create().then(() => made);
    tables.set(table, store);
    store.catch(() => tables.delete(table));
  }
  return await store;
}

function noKey(node: string, by: readonly string[]): NodeFailure {
  return new NodeFailure('dedupe.no-key', {
    en: `finding a contact at node ${node}: the message has no usable ${by.join(', ')}; put Normalize contact before it and handle its Invalid port`,
    ru: `поиск контакта в узле ${node}: в сообщении нет пригодного значения (${by.join(', ')}); поставьте перед ним нормализацию контакта и обработайте её выход «Неверные»`,
  });
}
