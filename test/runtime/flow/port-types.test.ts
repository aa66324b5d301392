import { expect, test } from 'vitest';
import type { PortType } from '../../../runtime/flow/node-info.ts';
import { bodyTypeOf, typeName, whyNotFit, wireType } from '../../../runtime/flow/port-types.ts';
import { nodeInfo, text, withBody } from './catalog.ts';

const record = (fields: { readonly [name: string]: PortType & { readonly optional?: boolean } }): PortType => ({ type: 'record', fields });

test('anything and the unknown fit everything', () => {
  for (const other of [undefined, { type: 'any' }, { type: 'text' }, record({ a: { type: 'text' } })] as const) {
    expect(whyNotFit(undefined, other)).toBeUndefined();
    expect(whyNotFit(other, { type: 'any' })).toBeUndefined();
  }
});

test('another kind does not fit, and the reason names the path and both kinds', () => {
  const why = whyNotFit(record({ payload: record({}) }), record({ payload: { type: 'list' } }));
  expect(why).toEqual({ en: 'payload: needs list, gets record', ru: 'payload: нужен тип «список», приходит «запись»' });
});

test('a field that is missing does not fit unless it is optional', () => {
  const from = record({ payload: record({ name: { type: 'text' } }) });
  expect(whyNotFit(from, record({ payload: record({ items: { type: 'list' } }) }))?.en).toBe('payload.items is missing, needs list');
  expect(whyNotFit(from, record({ payload: record({ items: { type: 'list', optional: true } }) }))).toBeUndefined();
  expect(whyNotFit(from, record({ constructor: { type: 'any' } } as never))?.en).toBe('constructor is missing');
});

test('more fields than needed fit, and a record of unknown fields fits', () => {
  expect(whyNotFit(record({ a: { type: 'text' }, b: { type: 'number' } }), record({ a: { type: 'text' } }))).toBeUndefined();
  expect(whyNotFit({ type: 'record' }, record({ a: { type: 'text' } }))).toBeUndefined();
});

test('items of lists are compared', () => {
  const list = (items: PortType): PortType => ({ type: 'list', items });
  expect(whyNotFit(list(record({ id: { type: 'text' } })), list(record({ id: { type: 'number' } })))?.en).toBe('[].id: needs number, gets text');
  expect(typeName(list({ type: 'bytes' })).en).toBe('list of bytes');
});

test("a wire has the colour of the payload, else of the body, else of anything", () => {
  const info = nodeInfo('t', { outputs: { fixed: { list: withBody(record({ payload: { type: 'list' } })), whole: withBody({ type: 'text' }), plain: { title: text('x') }, flag: withBody(record({ payload: { type: 'boolean' } })) } } });
  expect(['list', 'whole', 'plain', 'flag', 'no-such', 'constructor'].map((port) => wireType(info, port))).toEqual(['list', 'text', 'any', 'number', 'any', 'any']);
});

test('a sample tells its type; fields that only some items have are optional', () => {
  const sample = { payload: [{ id: 1, name: 'a' }, { id: 2 }], raw: new Uint8Array(1), none: null, mixed: [1, 'a'], ok: true };
  expect(bodyTypeOf(sample)).toEqual(record({
    payload: { type: 'list', items: record({ id: { type: 'number' }, name: { type: 'text', optional: true } }) },
    raw: { type: 'bytes' }, none: { type: 'any' }, mixed: { type: 'list', items: { type: 'any' } }, ok: { type: 'boolean' },
  }));
});

test('the type of a sample fits itself, and a circular sample ends', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  for (const sample of [circular, { a: [{ b: 1 }, {}] }, [], 'x']) expect(whyNotFit(bodyTypeOf(sample), bodyTypeOf(sample))).toBeUndefined();
});
