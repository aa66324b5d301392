import jsonata from 'jsonata';
import { expect, test } from 'vitest';
import { compileExpression } from '../../../runtime/expression/expression.ts';
import type { EnvelopeFields, NodeFailure } from '../../../runtime/sdk/index.ts';
import { deepFreeze } from '../../kit/node-kit.ts';

const failureOf = async (call: () => unknown): Promise<NodeFailure> => {
  try { await call(); } catch (error) { return error as NodeFailure; }
  throw new Error('nothing thrown');
};
const envelope = (id: string): EnvelopeFields => ({ id, runId: 'r', parentIds: [], correlationId: 'r', attempt: 1, receivedAt: 5, deadline: 9 });
const moment = (id: string) => ({ clock: { now: () => 1_700_000_000_000 }, envelope: envelope(id) });

test('answers a plain path at once', () => {
  expect(compileExpression(' payload.items[0].phone ').evaluate({ payload: { items: [{ phone: '+7' }] } })).toBe('+7');
});

const BODIES = [
  {}, { payload: null }, { payload: 'x' }, { payload: 7 }, { payload: { a: 1 } }, { payload: { a: [] } }, { payload: { a: [1] } }, { payload: { a: [[1], [2]] } },
  { payload: { a: { b: 1 } } }, { payload: { a: [{ b: 1 }] } }, { payload: { a: [{ b: 1 }, { b: [2, 3] }, {}] } }, { payload: [{ a: { b: 1 } }, { a: { b: 2 } }] }, { payload: { a: [{ b: [] }] } },
  { payload: { a: null } }, { payload: { a: false } }, { payload: { a: [{ b: [{ c: 1 }] }] } },
];
test.each(['payload', 'payload.a', 'payload.a.b', 'payload.a.b.c', 'payload.a[0]', 'payload.a[-1]', 'payload.a[0].b', 'payload.a[1]', 'payload[0].a.b', 'payload.a.toString'])('gives for the plain path %s just what JSONata gives', async (text) => {
  for (const body of BODIES) {
    const theirs = JSON.stringify(await jsonata(text).evaluate(body)) as string | undefined;
    expect(JSON.stringify(await compileExpression(text).evaluate(body)), JSON.stringify(body)).toBe(theirs);
  }
});

test('computes, and answers plain lists', async () => {
  const body = deepFreeze({ payload: { items: [{ price: 2, qty: 3 }, { price: 5, qty: 1 }] } });
  expect(await compileExpression('$sum(payload.items.(price * qty))').evaluate(body)).toBe(11);
  const list = await compileExpression('payload.items[price > 1].qty').evaluate(body) as unknown[];
  expect(Object.keys(list)).toEqual(['0', '1']);
  expect(structuredClone(await compileExpression('{ "q": payload.items.qty, "f": function($x) { $x } }').evaluate(body))).toEqual({ q: [3, 1] });
});

test('never writes into the message', async () => {
  const body = deepFreeze({ payload: { items: [1], record: { a: 1 } } });
  expect(await compileExpression('payload.items[]').evaluate(body)).toEqual([1]);
  expect(await compileExpression('payload ~> | record | { "a": 2 } |').evaluate(body)).toEqual({ items: [1], record: { a: 2 } });
});

test('keeps two messages in the same expression apart', async () => {
  const expression = compileExpression('$sum($map([1..300], function($i) { $i * payload.n }))');
  expect(await Promise.all([1, 2, 3].map((n) => expression.evaluate({ payload: { n } })))).toEqual([45150, 90300, 135450]);
});

test('knows the environment, the message and the injected time', async () => {
  const read = (text: string): unknown => compileExpression(text, { env: (name) => ({ REGION: 'RU' })[name] }).evaluate({}, moment('m-1'));
  expect(await read('$env("REGION")')).toBe('RU');
  expect(await read('$env("NONE")')).toBeUndefined();
  expect(await read('$millis()')).toBe(1_700_000_000_000);
  expect(await read('$now()')).toBe('2023-11-14T22:13:20.000Z');
  expect(await read('$now("[Y]-[M01]")')).toBe('2023-11');
  expect(await read('$message.id & $message.attempt')).toBe('m-11');
});

test('draws the same chance for the same message and another for another', async () => {
  const expression = compileExpression('[$random(), $random(), $join($shuffle(["a","b","c","d","e","f"]))]');
  const [first, again, other] = await Promise.all(['m-1', 'm-1', 'm-2'].map((id) => expression.evaluate({}, moment(id)))) as unknown[][];
  expect(first).toEqual(again);
  expect(first).not.toEqual(other);
  expect(first?.[0]).not.toBe(first?.[1]);
});

test('says at deploy where an expression cannot be read', async () => {
  const failure = await failureOf(() => compileExpression('payload.a +'));
  expect([failure.code, failure.details['position']]).toEqual(['expression.syntax', 11]);
  expect((await failureOf(() => compileExpression('$match(payload, /(a+)+$/)').evaluate({ payload: 'aaa' }))).code).toBe('regex.unsafe');
});

test('a pattern that backtracks without end is refused inside $eval and for each message too', async () => {
  const body = { payload: `${'a'.repeat(40)}!` };
  for (const text of ['$match(payload, /^(a+)+$/)', '$contains(payload, /(a|a)*$/)', '$replace(payload, /(a*)*b/, "")', '$split(payload, /(a+)+,/)', '$eval("$match(payload, /^(a+)+$/)")']) {
    expect((await failureOf(() => compileExpression(text).evaluate(body))).code).toMatch(/^(regex\.unsafe|expression\.failed)$/);
  }
});

test('long lists are made different and put in order in the time of their length', async () => {
  const list = Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 50_000);
  const result = await compileExpression('{ "different": $count($distinct(list)), "first": $sort(list)[0], "last": $sort(texts)[-1], "records": $count($distinct(records)) }').evaluate({ list, texts: ['b', 'c', 'a'], records: list.slice(0, 5000).map((n) => ({ n: n % 10 })) });
  expect(result).toEqual({ different: 50_000, first: 0, last: 'c', records: 10 });
});

test('what replaces JSONata’s own functions gives what they give', async () => {
  const plain = (text: string, body: object): Promise<unknown> => jsonata(text).evaluate(body) as Promise<unknown>;
  const body = { list: [3, 1, 2, 3, '3', null, { a: 1, b: [2] }, { b: [2], a: 1 }, [1], [1], true, {}], words: ['b', 'B', 'a', 'ä'], text: 'a.b.c $1 $& a', one: [5] };
  for (const text of [
    '$distinct(list)', '$distinct(one)', '$distinct("x")', '$distinct(nothing)', '$distinct(words)', '$distinct(list.a)', '$sort(words)', '$sort([3, 1, 2])', '$sort(one)', '$sort(nothing)', '$sort([2, 1], function($l, $r) { $l < $r })',
    '$replace(text, ".", "$1")', '$replace(text, "a", "$&")', '$replace(text, "none", "x")', '$replace(text, "a", "x", 1)', '$replace(text, /a/, "x")', '$replace(nothing, "a", "b")', '$clone(list)', '$string(list)', '$string(list, true)', '$string()',
    '$map(words, $uppercase)', '($p := $pad(?, 5, "-"); $p("a"))', '["a", "b"] ~> $join("-")', '$eval("1 + 2")', '$eval("text")', '$spread(list[$type($) = "object"])', '$keys(list)', '$ ~> |list[$type($) = "object"]|{"c": 1}|', '$fromMillis(0, "[Y]")', '$zip([1,2],[3,4])', '$split(text, ".")', 'words ~> $map($length)',
  ]) expect([text, JSON.stringify(await compileExpression(text).evaluate(body))]).toEqual([text, JSON.stringify(await plain(text, body))]);
});

test('says at run time what went wrong and where', async () => {
  const failure = await failureOf(() => compileExpression('payload.name * 2').evaluate({ payload: { name: 'Anna' } }));
  expect([failure.code, failure.details['jsonata'], failure.retry]).toEqual(['expression.failed', 'T2001', 'never']);
});

test.each([
  '($f := function($x) { $f($x + 1) }; $f(0))',
  '($f := function($x) { 1 + $f($x + 1) }; $f(0))',
  '[1..1000000]',
  '($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f("x", 40))',
  '($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f("x", 26))',
  '$map([1..90000], function($x) { $map([1..90000], function($y) { $y }) })',
  '$map([1..90000], function($x) { [1..90000] })',
  '$length($pad("", 500000000))',
  '$length($pad("", -500000000, "ab"))',
  '$join($map([1..1000], function() { $pad("", 1000000) }))',
  '($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $uppercase($f("abcdefgh", 25)))',
  '$replace($pad("", 1000000, "a"), "a", $pad("", 1000000, "b"))',
  '$map([1..90000], function() { $sum($$.list) })',
  '$map([1..90000], function() { $string($$.list) })',
  '$map([1..90000], function() { -1 in $$.list })',
  '$map([1..90000], function() { $$ ~> |$|{"more": 1}| })',
  '$reduce([1..90000], function($all, $each) { $append($all, $each) })',
  '($f := function($l, $n) { $n = 0 ? $l : $f($append($l, $l), $n - 1) }; $count($f([1..1000], 20)))',
  '$spread([1..90000].{"n": $})',
  '($f := function($n) { $eval("$f($n + 1)") }; $f(1))',
  '$eval($pad("", 200000, "1+") & "1")',
  '$fromMillis(0, $pad("", 1000000, "[Y]"))',
  '$formatNumber(1, $pad("", 1000000, "#"))',
  '$toMillis("2020", $pad("", 100000, "[Y]"))',
  '[1..90000]{"all": $}',
  '$count($split($pad("", 1000000, "a"), ""))',
])('stops %s, which has no end', async (text) => {
  expect((await failureOf(() => compileExpression(text).evaluate({ list: Array.from({ length: 20_000 }, (_, i) => i) }))).code).toBe('expression.limit');
});
