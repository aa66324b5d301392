import { expect, test } from 'vitest';
import { clipboardText, joinPath, kindOf, previewOf, scalarText, valueAt } from '../../../editor/shared/value.ts';

const line = (value: unknown, max?: number): string => previewOf(value, max).map((token) => token.text).join('');

test('tells bytes and dates of the journal from records', () => {
  expect(kindOf({ $bytes: 'AAEC' })).toBe('bytes');
  expect(kindOf({ $date: 0 })).toBe('date');
  expect(kindOf({ $date: 'soon' })).toBe('record');
  expect(kindOf({ $bytes: 'AAEC', more: 1 })).toBe('record');
});

test('writes bytes by count and first octets, dates by instant', () => {
  expect(scalarText({ $bytes: 'AAEC' })).toBe('<3 B: 00 01 02>');
  expect(scalarText({ $bytes: btoa('x'.repeat(20)) })).toBe(`<20 B: ${'78 '.repeat(16).trim()} …>`);
  expect(scalarText({ $date: 0 })).toBe('1970-01-01T00:00:00.000Z');
});

test('a big integer reads as a number', () => {
  expect([kindOf({ $bigint: '12' }), scalarText({ $bigint: '12' }), line({ id: { $bigint: '12' } })]).toEqual(['number', '12n', '{ id: 12n }']);
});

test('previews a record in one line, and counts a longer list', () => {
  expect(line({ name: 'Анна', id: 7 })).toBe('{ name: "Анна", id: 7 }');
  expect(line([1, 2, 3, 4])).toBe('Array(4) [ 1, 2, 3, 4 ]');
  expect(line({})).toBe('{}');
});

test('a preview ends near its limit and says that it was cut', () => {
  const text = line(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, 'x'.repeat(50)])), 100);
  expect(text.length).toBeLessThan(200);
  expect(text).toMatch(/…/);
});

test('a deep value does not make a long preview', () => {
  expect(line({ a: { b: { c: { d: 1 } } } })).toBe('{ a: { b: { c: {…} } } }');
});

test('names places so that an expression finds them again', () => {
  const body = { payload: { 'first name': 'Ада', items: [{ id: 1 }] } };
  const name = joinPath(joinPath('', 'payload'), 'first name');
  expect(name).toBe('payload["first name"]');
  expect(valueAt(body, name)).toBe('Ада');
  expect(valueAt(body, 'payload.items[0].id')).toBe(1);
  expect(valueAt(body, 'payload.none.deeper')).toBeUndefined();
});

test('copies text without quotes and everything else as JSON', () => {
  expect(clipboardText('two\nlines')).toBe('two\nlines');
  expect(clipboardText({ a: 1 })).toBe('{\n  "a": 1\n}');
});
