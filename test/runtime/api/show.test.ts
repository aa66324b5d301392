import { expect, test } from 'vitest';
import { show as showWith } from '../../../runtime/api/show.ts';
import { Concealed } from '../../../runtime/project/concealed.ts';
import { Secret } from '../../../runtime/sdk/field.ts';

const secrets = new Concealed();
secrets.use(['hunter-two', 'pw1']);
const show = (value: unknown, bytesMax?: number) => showWith(value, (text, most) => secrets.hide(text, most), bytesMax);

test('the value of a secret is hidden wherever it stands, also where a text is cut', () => {
  expect(show({ note: 'with hunter-two inside', 'hunter-two': 'pw1', url: 'https://x.test/hunter-two?q=pw1' }).value).toEqual({ note: 'with ••• inside', '•••': '•••', url: 'https://x.test/•••?q=pw1' });
  for (let room = 1; room < 60; room++) expect(JSON.stringify(show({ a: `${'x y '.repeat(8)}hunter-two${' z y'.repeat(8)}` }, room).value), String(room)).not.toMatch(/hu/);
});

test('masks keys and values at any depth and leaves the original alone', () => {
  const body = { payload: { contacts: [{ phone: '9001234534', mail: 'ivan@example.com' }] }, '+79001234534': 1, '+79001235534': 2 };
  const kept = structuredClone(body);
  expect(show(body)).toEqual({
    value: { payload: { contacts: [{ phone: '900•••••34', mail: 'i•••@example.com' }] }, '+7900•••••34': 1, '+7900•••••34 (2)': 2 },
    truncated: false,
  });
  expect(body).toEqual(kept);
});

test('never shows a secret', () => {
  const { value } = show({ token: new Secret('s3cr3t'), list: [new Secret('s3cr3t')] });
  expect(value).toEqual({ token: '•••', list: ['•••'] });
});

test('writes what JSON does not have', () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const { value } = show({ at: new Date(1000), bytes: new Uint8Array([1, 2, 3]), big: 12n, none: undefined, nan: NaN, call: () => 1, loop, error: new TypeError('odd') });
  expect(value).toEqual({
    at: { $date: 1000 }, bytes: { $bytes: 'AQID' }, big: { $bigint: '12' }, nan: 'NaN', call: '[function]', loop: { self: '[circular]' }, error: { name: 'TypeError', message: 'odd' },
  });
});

test('cuts a large value to the room it has and says so', () => {
  const { value, truncated } = show({ head: 'kept', rows: Array.from({ length: 10_000 }, (_, i) => ({ id: i, text: 'x'.repeat(50) })) }, 2000);
  expect(truncated).toBe(true);
  expect(value).toMatchObject({ head: 'kept' });
  expect(JSON.stringify(value).length).toBeLessThan(3000);
});

test('cuts a long text, bytes and a long key', () => {
  expect(show('word '.repeat(1000), 100)).toMatchObject({ truncated: true, value: expect.stringMatching(/^word .*…$/s) });
  expect(show(new Uint8Array(10_000), 100)).toMatchObject({ truncated: true });
  expect(JSON.stringify(show({ ['k'.repeat(5000)]: 1, after: 2 }, 100).value).length).toBeLessThan(200);
});

test('does not show a phone number or address through which the cut went', () => {
  const text = `${'x'.repeat(80)} +7 900 123-45-34 ${'y'.repeat(100)}`;
  for (let room = 80; room < 110; room++) expect(JSON.stringify(show(text, room).value)).not.toMatch(/123/);
  const mail = `${'x'.repeat(80)} ivan.petrov@example.com ${'y'.repeat(100)}`;
  for (let room = 80; room < 115; room++) expect(JSON.stringify(show(mail, room).value)).not.toMatch(/ivan/);
});

test('cuts a value that is nested too deep', () => {
  let deep: unknown = 'bottom';
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const { value, truncated } = show(deep);
  expect(truncated).toBe(true);
  expect(JSON.stringify(value)).toContain('…');
});

test('keeps __proto__ a plain key', () => {
  const { value } = show(JSON.parse('{"__proto__":{"admin":true}}'));
  expect(JSON.stringify(value)).toBe('{"__proto__":{"admin":true}}');
  expect((value as { admin?: unknown }).admin).toBeUndefined();
});
