import { expect, test } from 'vitest';
import { nameParts, normalEmail, normalName, normalPhone } from '../../../nodes/crm/_contact.ts';
import normalize from '../../../nodes/crm/normalize-contact.ts';
import { tryNode } from '../../kit/node-kit.ts';

test.each([
  '+7 000 123-45-67', '8 (000) 123-45-67', '8(000)1234567', '80001234567', '70001234567', '7 000 123 45 67', '+70001234567', '\u00a08\u00a0000\u00a0123\u00a045\u00a067',
  '８ (000) 123-45-67', '8-000-123-45-67', '007 000 1234567', '\u202a+7 000 123-45-67\u202c', 'тел. 8 000 123-45-67',
])('reads "%s" as one and the same phone', (text) => expect(normalPhone(text, 'RU')).toEqual({ value: '+70001234567' }));

test.each([
  ['000 123 45 67', 'RU', '+70001234567'], ['030 1234567', 'DE', '+49301234567'], ['+49 30 1234567', 'RU', '+49301234567'], ['+81 3 1234 5678', 'RU', '+81312345678'], ['+8 900 123-45-67', 'RU', '+79001234567'], ['+8 (800) 555-35-35', 'RU', '+78005553535'],
  ['+1 (000) 555-0100', 'RU', '+10005550100'], ['029 123-45-67', 'BY', '+375291234567'], ['+380 00 123 4567', 'RU', '+380001234567'],
])('reads "%s" in %s as %s', (text, region, value) => expect(normalPhone(text, region)).toEqual({ value }));

test('keeps an extension beside the number', () => {
  expect(normalPhone('8 (000) 123-45-67 доб. 12', 'RU')).toEqual({ value: '+70001234567', extension: '12' });
  expect(normalPhone('+7 000 123-45-67 ext. 305', 'RU')).toEqual({ value: '+70001234567', extension: '305' });
});

test.each(['12', '', 'нет', '8 000 123', '+7 000 123-45-67-89', '0', 'x'.repeat(10_000)])('does not take "%s" for a phone', (text) => expect(normalPhone(text, 'RU')).toHaveProperty('reason'));

test.each([
  [' Anna@Example.TEST ', 'anna@example.test'], ['Anna Karenina <anna@example.test>', 'anna@example.test'], ['mailto:a@b.test', 'a@b.test'], ['почта@пример.испытание', 'почта@xn--e1afmkfd.xn--80akhbyknj4f'],
  ['a+b@sub.example.test', 'a+b@sub.example.test'], ['o\'neil@example.test', 'o\'neil@example.test'], ['И\u0306в@example.test', 'йв@example.test'],
])('reads "%s" as the address %s', (text, value) => expect(normalEmail(text)).toEqual({ value }));

test.each(['', '@', 'a@', '@b.test', 'a@b', 'a b@c.test', 'a@b..test', '.a@b.test', 'a.@b.test', 'a..b@c.test', 'a@-b.test', 'a@b.test\nBcc: x@y.test', 'a@[127.0.0.1]', `${'a'.repeat(65)}@b.test`])('does not take "%s" for an address', (text) => {
  expect(normalEmail(text)).toHaveProperty('reason');
});

test.each([
  ['  АННА   КАРЕНИНА ', 'Анна Каренина'], ['анна\u00a0каренина', 'Анна Каренина'], ['«Анна»', 'Анна'], ['мамин-сибиряк', 'Мамин-Сибиряк'], ["Д'АРТАНЬЯН", "Д'Артаньян"],
  ["o'neil mcgregor", "O'Neil Mcgregor"], ['Anna McGregor', 'Anna McGregor'], ['АЛИЕВ ВАГИФ АЛИ ОГЛЫ', 'Алиев Вагиф Али оглы'], ['ЛЮДВИГ ФОН МИЗЕС', 'Людвиг фон Мизес'], ['сергеи\u0306', 'Сергей'], ['', ''], [' "" ', ''],
])('writes the name "%s" as "%s"', (text, name) => expect(normalName(text)).toBe(name));

test.each([
  ['Каренина Анна Аркадьевна', { last: 'Каренина', first: 'Анна', middle: 'Аркадьевна' }], ['Анна Аркадьевна Каренина', { first: 'Анна', middle: 'Аркадьевна', last: 'Каренина' }],
  ['Анна Каренина', { first: 'Анна', last: 'Каренина' }], ['Анна Аркадьевна', { first: 'Анна', middle: 'Аркадьевна' }], ['Анна', { first: 'Анна' }], ['Алиев Вагиф Али оглы', { last: 'Алиев', first: 'Вагиф', middle: 'Али оглы' }], ['', {}],
])('takes the name "%s" apart', (name, parts) => expect(nameParts(name)).toEqual(parts));

test('leaves a message without a record as it is, and calls it invalid', async () => {
  const { emits } = await tryNode(normalize, [{ payload: 'text' }, { topic: 'x' }, { payload: { phone: null, email: '' } }]);
  expect(emits).toEqual({ invalid: [{ payload: 'text' }, { topic: 'x' }, { payload: {} }] });
});

test('writes beside paths that hold keys of any kind', async () => {
  const config = { phone: 'payload["Телефон клиента"]', name: 'payload.people[0]', split: true };
  const { emits } = await tryNode(normalize, [{ payload: { 'Телефон клиента': '8 000 123-45-67 доб. 5', people: ['анна каренина'] } }], { config: { ...config, name: 'payload["имя"]' } });
  expect(emits['out']).toEqual([{ payload: { 'Телефон клиента': '+70001234567', 'Телефон клиентаExtension': '5', people: ['анна каренина'] } }]);
});
