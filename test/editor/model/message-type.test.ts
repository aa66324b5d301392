import { expect, test } from 'vitest';
import type { NodeInfo, PortType } from '../../../runtime/flow/node-info.ts';
import { shapeOf, typeText, union } from '../../../editor/model/message-shape.ts';
import { declaredInputs } from '../../../editor/model/declared-inputs.ts';
import { messageType } from '../../../editor/model/message-type.ts';
import { flowOf } from '../../kit/flow-of.ts';

const typeOf = (...values: unknown[]): string => typeText(values.map((value) => shapeOf(value)).reduce(union)).replaceAll(/\s+/g, ' ');
const OPEN = ' [key: string]: any; }';

test.each<[string, unknown[], string]>([
  ['texts, numbers, switches', ['a'], 'string'],
  ['dates, bytes and big integers, as the API writes them', [{ at: { $date: 1 }, photo: { $bytes: 'AA==' }, id: { $bigint: '9007199254740993' } }], `{ at: Date; photo: Buffer; id: bigint;${OPEN}`],
  ['a record with more keys than a tag', [{ $date: 1, of: 2 }], `{ $date: number; of: number;${OPEN}`],
  ['a list of what its items are', [[{ price: 1 }, { price: 2, note: 'x' }]], `Array<{ price: number; note?: string;${OPEN}>`],
  ['a list of several kinds', [[1, 'a']], 'Array<number | string>'],
  ['an empty list', [[]], 'any[]'],
  ['an empty list and one with items', [[], [1]], 'number[]'],
  ['a list of lists', [[[1]]], 'number[][]'],
  ['null alone, which will be something', [null], 'any'],
  ['null or a text', ['a', null], 'string | null'],
  ['keys that only some have', [{ a: 1, b: 2 }, { a: 'x' }], `{ a: number | string; b?: number;${OPEN}`],
  ['a record and a text', [{ a: 1 }, 'x'], `string | { a: number;${OPEN}`],
  ['keys that are no names', [{ 'content-type': 'a', имя: 'b', constructor: 1 }], `{ "content-type": string; имя: string; constructor: number;${OPEN}`],
  ['a table whose keys are data', [Object.fromEntries(Array.from({ length: 61 }, (_, at) => [`id${at}`, { sum: at }]))], `{ [key: string]: { sum: number;${OPEN} }`],
  ['a record and a table of the same', [{ a: 1 }, Object.fromEntries(Array.from({ length: 61 }, (_, at) => [`id${at}`, 'x']))], '{ [key: string]: number | string }'],
])('%s', (_name, values, type) => {
  expect(typeOf(...values)).toBe(type);
});

test('what is nested too deep to be read is anything', () => {
  expect(typeOf(Array.from({ length: 12 }).reduce((inside: unknown) => ({ in: inside }), 1))).toContain('in: any');
});

const record = (fields: { readonly [name: string]: PortType & { optional?: boolean } }): PortType => ({ type: 'record', fields });
const members = (declared: readonly (PortType | undefined)[], seen: readonly unknown[] = []): string =>
  messageType({ declared: declared.map((type, at) => ({ node: `n${at}`, type })), seen, seenAre: 'came' }).members.replaceAll(/\s+/g, ' ').trim();

test('every message may have further keys, a payload and a topic', () => {
  expect(members([])).toBe('payload: any; topic: any; _msgid: string; [key: string]: any;');
});

test('what the nodes before say is refined by what came, where they say nothing of it', () => {
  const said = record({ payload: { type: 'any' }, topic: { type: 'text', optional: true }, count: { type: 'number' } });
  expect(members([said])).toBe('payload: any; topic?: string; _msgid: string; count: number; [key: string]: any;');
  expect(members([said], [{ payload: [1], topic: 't', more: 1, count: 1 }])).toBe('payload: number[]; topic?: string; _msgid: string; count: number; more?: number; [key: string]: any;');
});

test('what came and does not fit what was said belongs to the type too', () => {
  expect(members([record({ payload: { type: 'text' } })], [{ payload: 1 }])).toContain('payload: string | number;');
});

test('several nodes before: what either sends', () => {
  expect(members([record({ payload: { type: 'text' }, a: { type: 'bytes' } }), record({ payload: { type: 'list' } })])).toBe('payload: string | any[]; topic: any; _msgid: string; a?: Buffer; [key: string]: any;');
});

test('of a node before that says nothing the type is not known, but the names of the others are', () => {
  const said = record({ payload: { type: 'text' }, count: { type: 'number' } });
  expect(members([said, undefined])).toBe('payload: any; topic: any; _msgid: string; count: any; [key: string]: any;');
  expect(members([said, undefined], [{ payload: { a: 1 } }])).toBe('payload: { a: number; [key: string]: any; }; topic: any; _msgid: string; count?: any; [key: string]: any;');
});

test('it is told what the type rests on', () => {
  const of = (declared: PortType | undefined, seen: unknown[]): unknown => { const { by, seen: came } = messageType({ declared: [{ node: 'form', type: declared }, { node: 'form', type: declared }], seen, seenAre: 'typed' }); return [by, came]; };
  expect(of(record({}), [{ payload: 1 }])).toEqual([['form'], 'typed']);
  expect(of({ type: 'any' }, [])).toEqual([[], undefined]);
  expect(of(undefined, ['no record'])).toEqual([[], undefined]);
});

test('each wire that comes in is asked what its node sends by that port', () => {
  const body = record({ payload: { type: 'text' } });
  const title = { en: '', ru: '' };
  const infos: { [type: string]: unknown } = { form: { config: {}, outputs: { fixed: { out: { title, body }, other: { title } } } } };
  const flow = flowOf({ nodes: { a: 'form', c: 'gone', it: 'form' }, wires: ['a.out -> it.in', 'a.other -> it.in', 'c.out -> it.in'] });
  expect(declaredInputs(flow, 'it', (type) => infos[type] as NodeInfo | undefined)).toEqual([{ node: 'a', type: body }, { node: 'a', type: undefined }, { node: 'c', type: undefined }]);
});
