import { expect, test } from 'vitest';
import { encodeBody, isSurelyLonger } from '../../../runtime/journal/codec.ts';
import { readJson } from '../../../runtime/json-text.ts';

const bodies: readonly (readonly [what: string, body: object])[] = [
  ['nothing', {}], ['a text', { payload: 'x'.repeat(100) }], ['numbers', { payload: [1, 2.5, -3e20, 0] }], ['many small ones', { payload: Array.from({ length: 50 }, (_, i) => i) }],
  ['nested', { a: { b: { c: [{ d: 'e' }, null, true] } } }], ['what JSON leaves out', { a: undefined, b: () => 1, c: Symbol('c'), d: 1 }], ['a list of what JSON leaves out', { list: [undefined, () => 1, Symbol('c')] }],
  ['a date', { at: new Date(5) }], ['bytes', { file: new Uint8Array(60) }], ['a big integer', { n: 12n ** 30n }], ['what writes itself', { long: { toJSON: () => 1, text: 'x'.repeat(1000) } }],
  ['a kept text', { payload: readJson('{"a":1,"b":[1e2,""]}') }], ['an own $ key', { $date: 5 }], ['a text in a box', { a: new String('x'.repeat(50)) }], ['what it inherits', { a: Object.create({ long: 'x'.repeat(50) }) as object }], ['escapes', { text: '"\\\n\u0001é😀' }],
];

test.each(bodies)('a body is only said to be longer than what its text is not: %s', (_, body) => {
  const { length } = encodeBody(body);
  for (let chars = 0; chars <= length + 5; chars++) if (isSurelyLonger(body, chars)) expect(length).toBeGreaterThan(chars);
});

test('of plain texts and numbers it is known', () => {
  expect(isSurelyLonger({ payload: 'x'.repeat(100) }, 100)).toBe(true);
  expect(isSurelyLonger({ payload: Array.from({ length: 100 }, () => 7) }, 199)).toBe(true);
});

test('it does not look further than it needs, nor too deep', () => {
  const unread = { payload: 'x'.repeat(100), get rest(): never { throw new Error('read'); } };
  expect(isSurelyLonger(unread, 50)).toBe(true);
  const circle: { self?: object } = {};
  circle.self = circle;
  expect(isSurelyLonger(circle, 1_000_000)).toBe(false);
});
