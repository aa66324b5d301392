import { describe, expect, test } from 'vitest';
import { compareObjects, givenValue, parseContextStore, pathParts, textOfPath, setValueAt, valueAt } from '../../../runtime/sandbox/guest/red-util.ts';

/** RED.util gives what it gives in Node-RED. */

describe('a property expression', () => {
  test.each<[string, (string | number)[]]>([
    ['a', ['a']], ['a.b.c', ['a', 'b', 'c']], ['a["b"].c', ['a', 'b', 'c']], ["a['b.c[0]'].d", ['a', 'b.c[0]', 'd']], ['a[0][12].c', ['a', 0, 12, 'c']], ['a.0.c', ['a', 0, 'c']],
    ["'1.2.3'", ['1.2.3']], ["'a b'[1]", ['a b', 1]], ['a.$b._c', ['a', '$b', '_c']], ['user-1.имя', ['user-1', 'имя']], ['a["it\'s"]', ['a', "it's"]], ['__proto__.x', ['__proto__', 'x']],
  ])('%s', (text, parts) => {
    expect(pathParts(text)).toEqual(parts);
    expect(pathParts(textOfPath(parts[0] === '1.2.3' || parts[0] === 'a b' || parts[0] === 'user-1' ? ['x', ...parts] : parts)).slice(-parts.length)).toEqual(parts);
  });
  test.each(['', '.a', 'a.', 'a..b', '[0]', 'a[', 'a[0', 'a[]', 'a]', 'a[0d]', "a['", "a[']", "a['']", "a['b'.c", "a'b'.c", "'a.b'c", 'a.[0]', 'a[0].[1]', 'a. b', ' a', 'a[b]', 'a["b\']', 'a[msg.b', 'a[msg.b]'])('%s is refused', (text) => {
    expect(() => pathParts(text)).toThrow(expect.objectContaining({ code: 'INVALID_EXPR' }) as Error);
  });
  test('takes keys from the message', () => {
    const msg = { topic: 'b', at: { list: ['x', 1] } };
    expect(pathParts('a[msg.topic].c[msg.at["list"][1]]', msg)).toEqual(['a', 'b', 'c', 1]);
    expect(() => pathParts('a[msg.none]', msg)).toThrow('Invalid property expression');
  });
});

describe('reading and setting by a path', () => {
  const set = (root: object, path: string, ...rest: unknown[]): [boolean, unknown] => [setValueAt(root, pathParts(path), givenValue(rest)), root];
  test('a missing property is undefined, a missing parent an error', () => {
    expect([valueAt({ a: ['x', { b: null }] }, pathParts('a[1].b')), valueAt({ a: 'text' }, pathParts('a.length')), valueAt({ a: 1 }, pathParts('b')), valueAt({}, pathParts('toString'))]).toEqual([null, 4, undefined, undefined]);
    expect(() => valueAt({ a: 1 }, pathParts('b.c'))).toThrow('Cannot read property "c" of undefined');
  });
  test.each<[string, object, readonly unknown[], [boolean, unknown]]>([
    ['a.b', { a: { b: 1 } }, ['x'], [true, { a: { b: 'x' } }]],
    ['a.b.c', {}, ['x'], [true, { a: { b: { c: 'x' } } }]],
    ['a[1][0].b', {}, ['x'], [true, { a: [undefined, [{ b: 'x' }]] }]],
    ['a.b', {}, ['x', false], [false, {}]],
    ['a.b', { a: 'text' }, ['x'], [false, { a: 'text' }]],
    ['a.b', { a: { b: 1, c: 2 } }, [undefined], [true, { a: { c: 2 } }]],
    ['a.b.c', { a: {} }, [undefined], [false, { a: {} }]],
    ['a[1]', { a: [1, 2, 3] }, [undefined], [true, { a: [1, 3] }]],
    ['a', {}, [null], [true, { a: null }]],
  ])('%s of %j to %j', (path, root, rest, expected) => { expect(set(root, path, ...rest)).toEqual(expected); });
  test('nothing but own properties is reached', () => {
    const [done, root] = set({}, '__proto__.polluted', 1);
    expect([done, JSON.stringify(root), ({} as { polluted?: number }).polluted]).toEqual([true, '{"__proto__":{"polluted":1}}', undefined]);
    set({}, 'constructor.prototype.polluted', 1);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

test.each<[unknown, unknown, boolean]>([
  [1, 1, true], [1, '1', false], [0, null, false], ['', undefined, false], [['a'], ['a'], true], [['a'], 'a', false], [[1, 2], [2, 1], false], [[], {}, false], [{ a: 1, b: [2] }, { b: [2], a: 1 }, true], [{ a: 1 }, { a: 1, b: undefined }, false],
  [{ a: undefined }, { b: undefined }, false], [Buffer.from('a'), Buffer.from('a'), true], [Buffer.from('a'), Buffer.from('b'), false], [Buffer.from('a'), 'a', false], [new Date(1), new Date(1), true], [new Date(1), new Date(2), false], [new Date(1), {}, false], [null, null, true],
])('compareObjects(%j, %j) is %s', (one, two, same) => { expect(compareObjects(one, two)).toBe(same); });

test('the store that a key names', () => {
  expect([parseContextStore('#:(file)::a.b'), parseContextStore('a.b'), parseContextStore('#:()::a')]).toEqual([{ store: 'file', key: 'a.b' }, { key: 'a.b' }, { key: '#:()::a' }]);
});
