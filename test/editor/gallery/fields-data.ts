import type { FieldValue, Problem } from '../../../runtime/flow/flow.ts';
import type { FieldInfo } from '../../../runtime/flow/node-info.ts';
import type { FieldHost } from '../../../editor/shared/fields/field-host.ts';

const text = (en: string, ru: string) => ({ en, ru });
const forms = ['$expr', '$template', '$env', '$context'] as const;

export const fields: { readonly [name: string]: FieldInfo } = {
  by: { kind: 'list', title: text('Match by', 'Сравнивать по'), items: { kind: 'choice', title: text('Key', 'Ключ'), choices: [{ value: 'phone', title: text('phone', 'телефон') }, { value: 'email', title: text('email', 'почта') }, { value: 'inn', title: text('INN', 'ИНН') }] } },
  db: { kind: 'connection', connection: 'sql', required: true, title: text('Contacts in', 'Где контакты') },
  region: { kind: 'text', dynamic: forms, title: text('Region for phones', 'Регион номеров'), default: 'RU' },
  key: { kind: 'text', dynamic: forms, title: text('Key of the lock', 'Ключ блокировки') },
  differs: { kind: 'choice', title: text('When a field differs', 'Если поле отличается'), default: 'newer', choices: [{ value: 'newer', title: text('Keep the newer, log the old one', 'Взять новое, старое в журнал') }, { value: 'older', title: text('Keep the older', 'Оставить старое') }] },
  alone: { kind: 'boolean', title: text('Count as one when only the name matches', 'Считать одним при совпадении имени') },
  envBoolean: { kind: 'boolean', dynamic: ['$env'], title: text('Follow redirects', 'Следовать перенаправлениям'), default: true },
  url: { kind: 'text', dynamic: forms, required: true, title: text('Address', 'Адрес'), placeholder: 'https://example.test/hook' },
  greeting: { kind: 'multiline', dynamic: forms, title: text('Greeting', 'Приветствие') },
  timeout: { kind: 'duration', title: text('Time limit', 'Предел времени'), default: '30s', help: text('30s, 5m, 2h, 1d', '30s, 5m, 2h, 1d') },
  limit: { kind: 'integer', dynamic: forms, title: text('Attempts', 'Попытки'), default: 5, min: 1, max: 20 },
  password: { kind: 'secret', secret: true, dynamic: ['$secret', '$env'], title: text('Password', 'Пароль') },
  last: { kind: 'text', dynamic: forms, title: text('Since', 'С какого времени') },
  path: { kind: 'path', title: text('Key of the message', 'Ключ сообщения') },
  paths: { kind: 'list', title: text('Fields to keep', 'Оставить поля'), items: { kind: 'path', title: text('Field', 'Поле') } },
  value: { kind: 'any', dynamic: [...forms, '$secret'], title: text('Value', 'Значение') },
  bind: { kind: 'list', title: text('Bind values', 'Значения параметров'), items: { kind: 'any', dynamic: forms, title: text('Value', 'Значение') } },
  headers: { kind: 'map', title: text('Headers', 'Заголовки'), items: { kind: 'text', dynamic: [...forms, '$secret'], title: text('Value', 'Значение') } },
  rules: {
    kind: 'list', title: text('Rules', 'Правила'), items: {
      kind: 'record', title: text('Rule', 'Правило'), fields: {
        test: { kind: 'choice', title: text('Test', 'Проверка'), choices: [{ value: 'eq', title: text('equals', 'равно') }, { value: 'else', title: text('otherwise', 'иначе') }], default: 'eq' },
        value: { kind: 'any', dynamic: forms, title: text('Value', 'Значение'), visible: { field: 'test', not: ['else'] } },
      },
    },
  },
  watch: { kind: 'nodes', title: text('Which nodes', 'Какие узлы') },
  body: { kind: 'json', dynamic: forms, title: text('Body', 'Тело') },
  code: { kind: 'code', language: 'javascript', title: text('Code', 'Код') },
};

export const values: { readonly [name: string]: FieldValue } = {
  by: ['phone', 'email'], db: 'crm-db', region: { $env: 'REGION' }, key: { $expr: 'payload.phone ? payload.phone : payload.email' }, url: '', password: { $secret: 'crm-db.password' },
  last: { $context: 'flow.lastRun' }, greeting: { $template: 'Hello {{payload.name}}!' }, value: 12, bind: [{ $expr: 'payload.email' }, 'Анна'], headers: { authorization: { $secret: 'crm.token' }, accept: 'application/json' },
  rules: [{ test: 'eq', value: 'new' }, { test: 'else' }], body: { a: [1, 2] }, code: 'msg.payload.score = 1;\nreturn msg;',
};

export const problems: readonly Problem[] = [
  { code: 'field.required', level: 'error', where: { node: 'n', field: 'url' }, message: text('“Address” is empty.', '«Адрес» не заполнен.'), fix: text('Enter where to send the request.', 'Укажите, куда отправлять запрос.') },
  { code: 'x', level: 'error', where: { node: 'n', field: 'rules.0.value' }, message: text('Not a number.', 'Не число.'), fix: text('Write a number.', 'Введите число.') },
];

export const host: FieldHost = {
  env: [{ name: 'REGION', value: 'RU' }, { name: 'CRM_URL', value: 'https://crm.example.test' }],
  links: [], secrets: ['crm-db.password', 'crm.token'],
  saveSecret: () => Promise.resolve(),
  connections: () => [{ name: 'crm-db', state: 'open' }, { name: 'erp', state: 'paused', reason: '429' }],
  newConnection: (_type, use) => { use('fresh'); },
  nodes: [{ value: 'form', label: 'Site form' }, { value: 'save', label: 'Save lead' }],
  words: [{ path: 'payload' }, { path: 'payload.phone', detail: '"+7 900…"' }, { path: 'payload.email' }, { path: 'payload.name' }],
  preview: (value) => Promise.resolve(
    typeof value === 'object' && value !== null && '$env' in value ? { kind: 'value', value: 'RU', ofMessage: false }
    : typeof value === 'object' && value !== null && '$expr' in value ? { kind: 'value', value: '+7 900 •••-••-34', ofMessage: true } : undefined),
  strict: false,
};
