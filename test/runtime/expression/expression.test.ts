import jsonata from 'jsonata';
import { expect, test } from 'vitest';
import { compileExpression } from '../../../runtime/expression/expression.ts';
import type { Envelope, NodeFailure } from '../../../runtime/sdk/index.ts';
import { deepFreeze } from '../../kit/node-kit.ts';

const failureOf = async (call: () => unknown): Promise<NodeFailure> => {
  try { await call(); } catch (error) { return error as NodeFailure; }
  throw new Error('nothing thrown');
};
const envelope = (id: string): Envelope => ({ id, runId: 'r', parentIds: [], correlationId: 'r', attempt: 1, receivedAt: 5, deadline: 9 });
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
])('stops %s, which has no end', async (text) => {
  expect((await failureOf(() => compileExpression(text).evaluate({}))).code).toBe('expression.limit');
});
