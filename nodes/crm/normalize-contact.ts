import { compilePath, defineNode, field, toPorts, type Body, type CompiledPath, type Text } from '../../runtime/sdk/index.ts';
import { nameParts, normalEmail, normalName, normalPhone, type Normal } from './_contact.ts';
import { beside } from './_place.ts';

interface Problem { readonly field: string; readonly value: string; readonly reason: Text }

export default defineNode({
  type: 'normalize-contact',
  version: 1,
  title: { en: 'Normalize contact', ru: 'Нормализация контакта' },
  category: 'crm',
  icon: 'user-check',
  summary: { en: 'Brings phone, e-mail and name into one form.', ru: 'Приводит телефон, почту и имя к единому виду.' },
  help: {
    en: 'Phones become E.164 (`8 (900) 123-45-67` → `+79001234567`), e-mails lower case with an ASCII domain, names single-spaced with capitals.\n\nA value that cannot be read is removed from its place and listed under `contactProblems` with the reason. A message leaves by **Invalid** when no phone and no e-mail is left, or, if you choose so, when any value could not be read.\n\nNumbers are checked by length, not by the operators’ tables. An extension goes beside the phone, as `phoneExtension`.',
    ru: 'Телефоны становятся E.164 (`8 (900) 123-45-67` → `+79001234567`), адреса почты — строчными с доменом в ASCII, в именах остаются одиночные пробелы и заглавные буквы.\n\nЗначение, которое прочитать нельзя, убирается и попадает в `contactProblems` с причиной. Сообщение уходит через **Неверные**, когда не осталось ни телефона, ни почты, или, по выбору, когда не прочиталось хотя бы одно значение.\n\nНомера проверяются по длине, а не по таблицам операторов. Добавочный номер кладётся рядом с телефоном, в `phoneExtension`.',
  },
  keywords: ['phone', 'e-mail', 'name', 'E.164', 'телефон', 'почта', 'имя', 'ФИО'],
  line: 'E.164 · {region}',
  replay: 'pure',
  config: {
    phone: field.path({ en: 'Phone', ru: 'Телефон' }, { default: 'payload.phone' }),
    email: field.path({ en: 'E-mail', ru: 'Почта' }, { default: 'payload.email' }),
    name: field.path({ en: 'Name', ru: 'Имя' }, { default: 'payload.name' }),
    region: field.text({ en: 'Country of numbers without one', ru: 'Страна для номеров без кода' }, { default: 'RU' }),
    split: field.boolean({ en: 'Split the name into parts', ru: 'Разделить имя на части' }, { default: false, help: { en: 'Adds `person` with last, first and middle beside the name.', ru: 'Добавляет рядом с именем `person` с полями last, first, middle.' } }),
    invalid: field.choice({ en: 'Invalid is', ru: 'Неверным считается' }, [
      { value: 'no-key', title: { en: 'a contact without phone and e-mail', ru: 'контакт без телефона и почты' } },
      { value: 'any', title: { en: 'a contact with any unreadable value', ru: 'контакт с любым нечитаемым значением' } },
    ], { default: 'no-key' }),
  },
  outputs: { fixed: { out: { title: { en: 'Normalized', ru: 'Приведённые' } }, invalid: { title: { en: 'Invalid', ru: 'Неверные' } } } },
  failures: { 'contact.region': { en: 'The country is not an ISO code of two letters.', ru: 'Страна задана не двухбуквенным кодом ISO.' } },
  examples: [
    {
      name: 'one person in a hand-written form', config: {},
      given: [{ payload: { name: '  АННА   КАРЕНИНА ', phone: '8 (900) 123-45-67', email: ' Anna@Example.TEST ' } }],
      emits: { out: [{ payload: { name: 'Анна Каренина', phone: '+79001234567', email: 'anna@example.test' } }] },
    },
    {
      name: 'neither phone nor e-mail can be read', config: {}, given: [{ payload: { phone: '12', email: 'no' } }],
      emits: { invalid: [{ payload: {}, contactProblems: [
        { field: 'payload.phone', value: '12', reason: { en: 'not a possible phone number', ru: 'такого телефонного номера быть не может' } },
        { field: 'payload.email', value: 'no', reason: { en: 'not an e-mail address', ru: 'это не адрес почты' } }] }] },
    },
    { name: 'the parts of a full name', config: { split: true }, given: [{ payload: { name: 'иванова мария петровна', phone: '+7 000 111-22-33' } }],
      emits: { out: [{ payload: { name: 'Иванова Мария Петровна', phone: '+70001112233', person: { last: 'Иванова', first: 'Мария', middle: 'Петровна' } } }] } },
    { name: 'refuses an unknown country', config: { region: 'XX' }, given: [{ payload: { phone: '8 900 123-45-67' } }], fails: 'contact.region' },
  ],
  async prepare({ phone, email, name }) {
    const at = { phone: compilePath(phone), email: compilePath(email), name: compilePath(name) };
    return { ...at, extension: beside(at.phone, (own) => `${own}Extension`), person: beside(at.name, () => 'person') };
  },
  run(message, { config, prepared }) {
    const { phone, email } = prepared;
    const problems: Problem[] = [];
    let body = normalAt(message, phone, { normal: (raw) => normalPhone(raw, config.region), problems, extension: prepared.extension });
    body = normalAt(body, email, { normal: normalEmail, problems });
    body = namedAt(body, prepared, config.split);
    if (problems.length > 0) body = { ...body, contactProblems: problems };
    const usable = phone.get(body) !== undefined || email.get(body) !== undefined;
    return toPorts((config.invalid === 'any' ? problems.length > 0 : !usable) ? { invalid: body } : { out: body });
  },
});

interface Reading { readonly normal: (raw: string) => Normal; readonly problems: Problem[]; readonly extension?: CompiledPath }

function normalAt(body: Body, at: CompiledPath, { normal, problems, extension }: Reading): Body {
  const raw = at.get(body);
  if (raw === undefined) return body;
  const text = typeof raw === 'string' ? raw : raw === null ? '' : typeof raw === 'object' ? JSON.stringify(raw) : String(raw);
  if (text.trim() === '') return at.remove(body);
  const result = normal(text);
  if ('value' in result) {
    const normalized = at.set(body, result.value);
    return extension && result.extension !== undefined ? extension.set(normalized, result.extension) : normalized;
  }
  problems.push({ field: at.text, value: text, reason: result.reason });
  return at.remove(body);
}

function namedAt(body: Body, { name, person }: { readonly name: CompiledPath; readonly person: CompiledPath }, split: boolean): Body {
  const raw = name.get(body);
  if (typeof raw !== 'string') return body;
  const text = normalName(raw);
  if (text === '') return name.remove(body);
  const named = name.set(body, text);
  return split ? person.set(named, nameParts(text)) : named;
}
