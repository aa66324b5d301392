import { expect, test } from 'vitest';
import { decodeBody, encodeBody } from '../../runtime/journal/codec.ts';
import { keptText, readJson, textWithKept } from '../../runtime/json-text.ts';
import { limits } from '../../runtime/limits.ts';
import { rowParts } from '../../runtime/sandbox/body-codec.ts';

const TEXT = '{ "b": [1, 2.50, "é\\u0041"],  "a": { "$date": 5 } }';
const row = (body: object, keys: readonly string[] | null = null): unknown => JSON.parse(rowParts({ id: 'm', nowMs: 7, body: { ...body } }, { keys: keys && { cross: keys, back: keys }, usesId: false }).join(''));

test('the text of an object or a list is kept beside it, and nothing of it is seen', () => {
  const value = readJson(TEXT) as object;
  expect(keptText(value)).toBe(TEXT);
  expect(value).toStrictEqual(JSON.parse(TEXT));
  expect(Reflect.ownKeys(value)).toEqual(['b', 'a']);
  expect(keptText(readJson('[1]') as object)).toBe('[1]');
});

test('a copy, a part and a scalar have no text', () => {
  const value = readJson(TEXT) as { readonly b: object };
  for (const each of [{ ...value }, Object.assign({}, value), structuredClone(value), value.b]) expect(keptText(each)).toBeUndefined();
  expect(readJson('"text"')).toBe('text');
  expect(readJson('null')).toBeNull();
});

test('a text beyond the limit is not kept', () => {
  const text = JSON.stringify(['x'.repeat(limits.jsonTextKeptChars)]);
  expect(keptText(readJson(text) as object)).toBeUndefined();
  expect(keptText(readJson(text.replace('xxxx', '')) as object)).toBe(text.replace('xxxx', ''));
});

test('what is not JSON is refused as JSON.parse does it', () => {
  expect(() => readJson('{ "a": ')).toThrow(SyntaxError);
});

test.each<[string, () => object]>([
  ['alone', () => ({ payload: readJson(TEXT) })],
  ['beside plain values', () => ({ topic: 'a"b', payload: readJson(TEXT), n: -0.5, nothing: null, off: undefined, list: [1, { x: undefined }] })],
  ['twice, under odd names', () => ({ 'a b': readJson(TEXT), '': readJson('[]'), $x: 1 })],
  ['beside a date and bytes', () => ({ payload: readJson(TEXT), at: new Date(5), file: new Uint8Array([1, 2]), big: 5n })],
  ['beside a function, which JSON leaves out', () => ({ payload: readJson(TEXT), call: () => 1 })],
  ['nowhere', () => ({ payload: JSON.parse(TEXT) as object, topic: 'x' })],
])('a body with a kept text %s is written like one without', (_, make) => {
  const plain = Object.fromEntries(Object.entries(make()).map(([name, value]: [string, unknown]) => [name, keptText(Object(value) as object) === undefined ? value : { ...(value as object) }]));
  if (Array.isArray((make() as { '': unknown })[''])) plain[''] = [];
  expect(decodeBody(encodeBody(make()))).toEqual(decodeBody(encodeBody(plain)));
  expect(row(make())).toEqual(row(plain));
  for (const keys of [['payload'], ['topic', 'n'], ['missing'], ['toString', 'payload', 'at']]) expect(row(make(), keys)).toEqual(row(plain, keys));
});

test('a kept text is used as it stands', () => {
  expect(textWithKept({ payload: readJson(TEXT), topic: 't' }, ['topic', 'payload'], () => false)).toBe(`{"topic":"t","payload":${TEXT}}`);
  expect(encodeBody({ payload: readJson(TEXT) })).toBe(`{"payload":${TEXT}}`);
});

test('a body without one, or with a value that JSON has not, is written anew', () => {
  expect(textWithKept({ payload: JSON.parse(TEXT) as object }, ['payload'], () => false)).toBeUndefined();
  expect(textWithKept({ payload: readJson(TEXT), at: new Date(5) }, ['payload', 'at'], (value) => value instanceof Date)).toBeUndefined();
});
