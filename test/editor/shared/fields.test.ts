import { expect, test } from 'vitest';
import type { FieldInfo } from '../../../runtime/flow/node-info.ts';
import { stepsAfter } from '../../../editor/shared/code/complete.ts';
import { convert, holdingOf, holdingsOf } from '../../../editor/shared/fields/forms.ts';
import { freeName, freshItem, moved, renamed, without } from '../../../editor/shared/fields/lists.ts';
import { problemsAt } from '../../../editor/shared/fields/field-host.ts';

const title = { en: 'Field', ru: 'Поле' };
const text: FieldInfo = { kind: 'text', title, dynamic: ['$expr', '$env'] };
const any: FieldInfo = { kind: 'any', title, dynamic: ['$expr'] };
const secret: FieldInfo = { kind: 'secret', title, dynamic: ['$secret', '$env'] };

test('a secret field never offers a fixed value', () => {
  expect(holdingsOf(secret)).toEqual(['$secret', '$env']);
  expect(holdingOf(secret, undefined)).toBe('$secret');
});

test('a field of any value tells the kinds of literals apart', () => {
  expect(['x', 1, true, null, { a: 1 }, [1], { $expr: 'a' }].map((value) => holdingOf(any, value))).toEqual(['text', 'number', 'boolean', 'json', 'json', 'json', '$expr']);
});

test('a changed form carries over what it can', () => {
  expect(convert('RU', '$expr')).toEqual({ $expr: '"RU"' });
  expect(convert({ $expr: 'payload.a' }, '$template')).toEqual({ $template: 'payload.a' });
  expect(convert('RU', '$env')).toEqual({ $env: '' });
  expect(convert({ $expr: 'payload.a' }, 'fixed')).toBeUndefined();
  expect(convert('{"a":1}', 'json')).toEqual({ a: 1 });
  expect(convert('12', 'number')).toBe(12);
});

test('a literal that looks like a form is wrapped, so that it stays a literal', () => {
  expect(convert('{"$env":"HOME"}', 'json')).toEqual({ $literal: { $env: 'HOME' } });
  expect(holdingOf(any, { $literal: { $env: 'HOME' } })).toBe('json');
});

test('a fixed form is one that the field offers', () => {
  expect(holdingsOf(text)).toContain(holdingOf(text, 'x'));
});

test('moves, removes and renames in place', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
  expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b']);
  expect(without(['a'], 0)).toBeUndefined();
  expect(Object.keys(renamed({ a: 1, b: 2, c: 3 }, 'b', 'x'))).toEqual(['a', 'x', 'c']);
  expect(renamed({ a: 1, b: 2 }, 'a', 'b')).toEqual({ a: 1, b: 2 });
  expect(freeName({ name: 1, 'name-2': 1 }, 'name')).toBe('name-3');
});

test('a new item has its default, else the emptiest value of its kind', () => {
  expect(freshItem({ kind: 'choice', title, choices: [{ value: 'eq', title }] })).toBe('eq');
  expect(freshItem({ kind: 'integer', title, min: 1 })).toBe(1);
  expect(freshItem({ kind: 'text', title, default: 'x' })).toBe('x');
});

test('problems belong to a field and to what is below it, not to a namesake', () => {
  const at = (field: string) => ({ code: 'c', level: 'error' as const, where: { field }, message: title, fix: title });
  expect(problemsAt([at('rules.0.value'), at('rules'), at('rules2')], 'rules').map(({ where }) => where.field)).toEqual(['rules.0.value', 'rules']);
});

test('completion goes one step at a time', () => {
  const words = [{ path: 'payload' }, { path: 'payload.phone', detail: '"+7"' }, { path: 'payload.items[0]' }, { path: 'topic' }];
  expect(stepsAfter(words, 'pay').map(({ label }) => label)).toEqual(['payload', 'topic']);
  expect(stepsAfter(words, 'payload.')).toEqual([{ label: 'phone', detail: '"+7"' }]);
});
