import { expect, test } from 'vitest';
import { compilePath } from '../../../runtime/sdk/path.ts';
import { deepFreeze } from '../../kit/node-kit.ts';

const codeOf = (call: () => unknown): string => {
  try { call(); } catch (error) { return (error as { code: string }).code; }
  return 'nothing thrown';
};

test.each([
  ['payload', { payload: 1 }, 1],
  ['payload.name', { payload: { name: 'A' } }, 'A'],
  ['payload.a.b', { payload: { a: { b: null } } }, null],
  ['payload.items[0].phone', { payload: { items: [{ phone: '+7' }] } }, '+7'],
  ['payload.items[-1]', { payload: { items: [1, 2, 3] } }, 3],
  ['payload["a b"].c', { payload: { 'a b': { c: true } } }, true],
  ['payload.имя', { payload: { имя: 'Анна' } }, 'Анна'],
  ['payload.utm-source', { payload: { 'utm-source': 'x' } }, 'x'],
  ['payload.items.length', { payload: { items: [1, 2] } }, 2],
  ['payload.length', { payload: 'four' }, 4],
  ['payload.a.b.c.d.e', { payload: { a: { b: { c: { d: { e: 5 } } } } } }, 5],
])('reads %s', (text, body, value) => expect(compilePath(text).get(body)).toEqual(value));

test.each(['payload.x', 'payload.name.x', 'payload.items[9]', 'payload.items.map', 'payload.toString', 'payload.items.x.y', 'nothing.at.all', 'payload.nil.x'])('answers undefined for %s, which is not there', (text) => {
  expect(compilePath(text).get({ payload: { name: 'A', items: [1], nil: null } })).toBeUndefined();
});

test.each(['', ' ', '.', 'payload.', '[0]', 'payload..a', 'payload[x]', 'payload.__proto__', 'constructor.prototype', 'payload["__proto__"]', 'a b', 'payload[0', 'payload["a]', '1a', 'a.'.repeat(40) + 'a'])('refuses the path "%s"', (text) => {
  expect(codeOf(() => compilePath(text))).toBe('path.syntax');
});

test('writes by copying what lies on the path and sharing the rest', () => {
  const body = deepFreeze({ payload: { a: { b: 1 }, other: { kept: true } }, topic: 't' });
  const next = compilePath('payload.a.c').set(body, 2) as unknown as typeof body;
  expect(next).toEqual({ payload: { a: { b: 1, c: 2 }, other: { kept: true } }, topic: 't' });
  expect(next.payload.other).toBe(body.payload.other);
  expect(body.payload.a).toEqual({ b: 1 });
});

test('answers the same body when the value is there already', () => {
  const body = deepFreeze({ topic: 'a', payload: { name: 'A', items: [{ seen: true }] } });
  for (const [path, value] of [['topic', 'a'], ['payload.name', 'A'], ['payload.items[0].seen', true]] as const) expect(compilePath(path).set(body, value)).toBe(body);
  expect(Object.keys(compilePath('empty').set(body, undefined))).toContain('empty');
});

test('makes the records and lists that are missing on the way', () => {
  expect(compilePath('payload.items[0].name').set({}, 'A')).toEqual({ payload: { items: [{ name: 'A' }] } });
  expect(compilePath('payload.items[1]').set({ payload: { items: ['a'] } }, 'b')).toEqual({ payload: { items: ['a', 'b'] } });
  expect(compilePath('payload.items[-1]').set({ payload: { items: ['a', 'b'] } }, 'c')).toEqual({ payload: { items: ['a', 'c'] } });
  expect(compilePath('payload.name').set({ payload: null }, 'A')).toEqual({ payload: { name: 'A' } });
});

test.each([['payload.name', { payload: 'text' }], ['payload.at.x', { payload: { at: new Date(0) } }], ['payload[0]', { payload: {} }], ['payload.x', { payload: [] }], ['payload[5]', { payload: [] }]])('does not write %s over %j', (text, body) => {
  expect(codeOf(() => compilePath(text).set(body, 1))).toBe('path.blocked');
});

test('removes without changing the body, and answers the same body when there was nothing', () => {
  const body = deepFreeze({ payload: { a: 1, items: [1, 2, 3] }, topic: 't' });
  expect(compilePath('payload.a').remove(body)).toEqual({ payload: { items: [1, 2, 3] }, topic: 't' });
  expect(compilePath('payload.items[1]').remove(body)).toEqual({ payload: { a: 1, items: [1, 3] }, topic: 't' });
  expect(compilePath('topic').remove(body)).toEqual({ payload: { a: 1, items: [1, 2, 3] } });
  for (const path of ['payload.x', 'x', 'payload.a.b', 'payload.items[7]', 'payload.toString']) expect(compilePath(path).remove(body)).toBe(body);
});
