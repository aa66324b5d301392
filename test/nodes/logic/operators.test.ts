import { describe, expect, test } from 'vitest';
import { OPERATORS, type OperatorName } from '../../../nodes/logic/_operators.ts';

const holds = (op: OperatorName, value: unknown, a?: unknown, b?: unknown): boolean => (OPERATORS[op] as (value: unknown, a: unknown, b: unknown) => boolean)(value, a, b);

/** Each line: the property, what the rule says, and what comes of it. */
const TABLE: { readonly [op in OperatorName]?: readonly (readonly [unknown, unknown, boolean, unknown?])[] } = {
  eq: [
    [5, 5, true], ['5', 5, true], [5, '5', true], ['5.0', 5, true], ['a', 'a', true], ['A', 'a', false], ['5.0', '5', false], ['', 0, false], [0, '', false], [false, 0, false], ['0', false, false],
    [true, 'true', true], [false, 'false', true], [true, 1, false], [null, undefined, true], [undefined, '', false], [null, 0, false], ['null', null, false],
    [[1, 2], [1, 2], true], [[1, 2], [2, 1], false], [{ a: 1, b: [2] }, { b: [2], a: 1 }, true], [{ a: 1 }, { a: 1, b: 2 }, false], [[1], '1', false], [{}, [], false],
    [new Date(5), new Date(5), true], [new Date(0), '1970-01-01T00:00:00Z', true], [new Uint8Array([1]), new Uint8Array([1]), true], [Number.NaN, Number.NaN, false],
  ],
  neq: [[5, '5', false], [5, 6, true], [undefined, 'x', true]],
  lt: [[1, 2, true], ['1', '10', true], ['9', '10', true], [2, 2, false], ['a', 'b', true], ['a', 1, false], [undefined, 1, false], [null, 1, false], ['', 1, false], ['2026-01-01', '2026-01-02', true], [new Date(1), new Date(2), true], [new Date(0), '2026-01-01T00:00:00Z', true]],
  lte: [[2, 2, true], [3, 2, false], [undefined, undefined, false]],
  gt: [['10', 9, true], [1, 2, false], [true, 0, false], [[9], 1, false]],
  gte: [[2, 2, true], ['б', 'а', true], [null, 0, false]],
  between: [[5, 1, true, 10], [5, 10, true, 1], [0, 1, false, 10], [11, 10, false, 1], ['5', '1', true, '10'], [undefined, 1, false, 10], ['b', 'a', true, 'c']],
  contains: [['hello', 'ell', true], ['hello', '', true], ['a5b', 5, true], [[1, '2'], 2, true], [[{ a: 1 }], { a: 1 }, true], [[], 1, false], [5, 5, false], [undefined, 'x', false]],
  'starts-with': [['+7000', '+7', true], ['8000', '+7', false], [7, 7, false]],
  'ends-with': [['a.test', '.test', true], ['a.test', 'b', false]],
  matches: [['abc', '^a.c$', true], ['xabcx', 'abc', true], [123, '^\\d+$', true], ['abc', '^b', false], [null, '.*', false], ['Привет', '^\\p{Lu}', true]],
  'in-list': [['RU', 'RU, KZ', true], ['BY', ['RU', 'KZ'], false], ['5', [5, 6], true], [undefined, ['x'], false], ['x', 'x', true], ['x', { a: 1 }, false]],
  'has-key': [[{ a: undefined }, 'a', true], [{}, 'toString', false], [[1], '0', false], [null, 'a', false], ['a', 'length', false]],
  'is-type': [['', 'text', true], [0, 'number', true], [false, 'boolean', true], [[], 'list', true], [{}, 'record', true], [null, 'nothing', true], [undefined, 'nothing', true], [new Date(0), 'date', true], [new Uint8Array(), 'bytes', true], [[], 'record', false], [null, 'record', false]],
  true: [[true, undefined, true], ['true', undefined, false], [1, undefined, false]],
  false: [[false, undefined, true], [0, undefined, false], [undefined, undefined, false]],
  null: [[null, undefined, true], [undefined, undefined, true], ['', undefined, false], [0, undefined, false]],
  'not-null': [['', undefined, true], [null, undefined, false]],
  empty: [['', undefined, true], [[], undefined, true], [{}, undefined, true], [null, undefined, true], [new Uint8Array(), undefined, true], [0, undefined, false], [false, undefined, false], [' ', undefined, false], [new Date(0), undefined, false]],
  'not-empty': [[[1], undefined, true], [undefined, undefined, false], [0, undefined, true]],
  holds: [['any', true, true], ['any', false, false], ['any', 0, false], ['any', '', false], ['any', [], false], ['any', undefined, false], ['any', 'x', true], ['any', { a: 1 }, true]],
  else: [[undefined, undefined, true]],
};

for (const [op, lines] of Object.entries(TABLE)) {
  describe(op, () => {
    test.each(lines.map(([value, a, result, b]) => ({ value, a, b, result })))('$value, $a, $b: $result', ({ value, a, b, result }) => expect(holds(op as OperatorName, value, a, b)).toBe(result));
  });
}

test('every operator stands in the table', () => expect(Object.keys(TABLE).sort()).toEqual(Object.keys(OPERATORS).sort()));
