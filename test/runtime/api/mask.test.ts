import { expect, test } from 'vitest';
import { maskNumber, maskText } from '../../../runtime/api/mask.ts';

test.each([
  ['+7 900 123-45-34', '+7 900 •••-••-34'],
  ['+79001234534', '+7900•••••34'],
  ['8 (900) 123-45-34', '8 (900) •••-••-34'],
  ['79001234534', '7900•••••34'],
  ['call +44 20 7946 0958, please', 'call +44 20 7••• ••58, please'],
  ['Тел.: +7(495)1234567.', 'Тел.: +7(495)•••••67.'],
])('hides five digits of the phone number in %j', (text, masked) => {
  expect(maskText(text)).toBe(masked);
});

test.each([
  ['ivan.petrov@example.com', 'i•••@example.com'],
  ['mail to A@b.co or anna_b@mail.example.org!', 'mail to A•••@b.co or a•••@mail.example.org!'],
  ['иван@почта.рф', 'и•••@почта.рф'],
])('hides the name of the address in %j', (text, masked) => {
  expect(maskText(text)).toBe(masked);
});

test.each([
  '2026-11-24 00:08:15', '2026-11-24T00:08:15.000Z', '1764000000000', '7707083893', 'order 12345678901234567890', '192.168.100.200',
  '01jd3v8k2n79001234534abc', 'a7b0c1d2-8900-4123-8534-79001234534f', '40817810099910004312', 'price 8 500.00', '@handle', 'no at@all',
])('leaves %j as it is', (text) => {
  expect(maskText(text)).toBe(text);
});

test('takes a number in any form for a phone where its field says so', () => {
  expect(maskText('1234567', 'contactPhone')).toBe('•••••67');
  expect(maskText('900 123 45 34', 'mobile')).toBe('900 ••• •• 34');
  expect(maskText('unknown', 'phone')).toBe('unknown');
  expect(maskNumber(9001234534, 'phone')).toBe('900•••••34');
});

test('masks a mobile number that came as a number and leaves other numbers', () => {
  expect(maskNumber(79001234534)).toBe('7900•••••34');
  expect(maskNumber(1764000000000)).toBe(1764000000000);
  expect(maskNumber(7707083893)).toBe(7707083893);
  expect(maskNumber(4212, 'total')).toBe(4212);
});

test('takes no time on a text made to slow the search down', { timeout: 3000 }, () => {
  maskText(`${'+1 '.repeat(200_000)}x`);
  maskText(`${'a.'.repeat(200_000)}@`);
  maskText('8'.repeat(500_000));
});

test('the address under which somebody answers for a waiting message is shown without what lets him', () => {
  const token = '0123456789abcdef'.repeat(4);
  expect(maskText(`https://flows.example.com/hook/resume/order/wait_1/${token}`)).toBe('https://flows.example.com/hook/resume/order/wait_1/•••');
  expect(maskText(`answer at /hook/resume/order/wait/${token}, please`, 'text')).toBe('answer at /hook/resume/order/wait/•••, please');
  expect(maskText(`https://chat.example.com/?link=${encodeURIComponent(`https://x.test/hook/resume/o/w/${token}`)}`)).not.toContain('abcdef');
});

test('a field that says it holds a secret shows nothing of it, and a secret inside a text is hidden too', () => {
  for (const key of ['authorization', 'Cookie', 'set-cookie', 'password', 'DB_PASSWORD', 'accessToken', 'x-api-key', 'clientSecret', 'private_key', 'пароль']) expect(maskText('s3cr3t-value', key), key).toBe('•••');
  expect(maskText('Basic information about it')).toBe('Basic information about it');
  for (const key of ['tokens', 'secretary', 'passenger', 'name', 'key']) expect(maskText('plain', key), key).toBe('plain');
  expect(maskText('Authorization: Bearer eyJhbGciOi.J9.abcdefgh')).toBe('Authorization: Bearer •••');
  expect(maskText('https://api.example.com/v1?city=Omsk&access_token=abc123&page=2')).toBe('https://api.example.com/v1?city=Omsk&access_token=•••&page=2');
  expect(maskText('', 'password')).toBe('');
});
