import { expect, test } from 'vitest';
import change from '../../../nodes/logic/change.ts';
import join from '../../../nodes/logic/join.ts';
import linkOut from '../../../nodes/logic/link-out.ts';
import split from '../../../nodes/logic/split.ts';
import switchNode from '../../../nodes/logic/switch.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Body, NodeFailure } from '../../../runtime/sdk/index.ts';
import { openNode, tryNode, type Trial } from '../../kit/node-kit.ts';

const codes = ({ failures }: Trial): string[] => failures.map(({ code }) => code);
const failureOf = async (call: () => Promise<unknown>): Promise<NodeFailure> => {
  try { await call(); } catch (error) { return error as NodeFailure; }
  throw new Error('nothing thrown');
};
const changed = async (rules: readonly object[], body: Body): Promise<Body | undefined> => (await tryNode(change, [body], { config: { rules } })).emits['out']?.[0];
const routed = async (config: object, bodies: readonly Body[]): Promise<Trial['emits']> => (await tryNode(switchNode, bodies, { config: { ...config } })).emits;

test('change shares what it does not touch with the message that came in', async () => {
  const body = { payload: { big: { deep: true }, a: 1 } };
  const next = await changed([{ path: 'payload.a', value: 2 }], body) as typeof body;
  expect(next).toEqual({ payload: { big: { deep: true }, a: 2 } });
  expect(next.payload.big).toBe(body.payload.big);
});

test.each([
  ['sets a fixed list', [{ path: 'payload', value: [1, { a: 2 }] }], { payload: 0 }, { payload: [1, { a: 2 }] }],
  ['sets from a path', [{ path: 'topic', value: { $expr: 'payload.id' } }], { payload: { id: 7 } }, { payload: { id: 7 }, topic: 7 }],
  ['sets from a template', [{ path: 'topic', value: { $template: 'no. {{payload.id}}' } }], { payload: { id: 7 } }, { payload: { id: 7 }, topic: 'no. 7' }],
  ['sets a marked literal', [{ path: 'payload', value: { $literal: { $expr: 'x' } } }], {}, { payload: { $expr: 'x' } }],
  ['sets null', [{ path: 'payload.a', value: null }], { payload: { a: 1 } }, { payload: { a: null } }],
  ['removes the place when the expression gives nothing', [{ path: 'payload.a', value: { $expr: 'payload.none' } }], { payload: { a: 1, b: 2 } }, { payload: { b: 2 } }],
  ['moves nothing when there is nothing', [{ action: 'move', path: 'payload.x', to: 'topic' }], { payload: {}, topic: 't' }, { payload: {}, topic: 't' }],
  ['moves into its own inside', [{ action: 'move', path: 'payload', to: 'payload.value' }], { payload: 5 }, { payload: { value: 5 } }],
  ['swaps by three moves', [{ action: 'move', path: 'a', to: 'tmp' }, { action: 'move', path: 'b', to: 'a' }, { action: 'move', path: 'tmp', to: 'b' }], { a: 1, b: 2 }, { a: 2, b: 1 }],
  ['deletes an item', [{ action: 'delete', path: 'payload[0]' }], { payload: [1, 2] }, { payload: [2] }],
  ['replaces every occurrence', [{ action: 'replace', path: 'payload', find: '.', value: '-' }], { payload: 'a.b.c' }, { payload: 'a-b-c' }],
  ['replaces literally, dollar signs too', [{ action: 'replace', path: 'payload', find: 'x', value: '$&' }], { payload: 'axb' }, { payload: 'a$&b' }],
  ['replaces a whole text by another type', [{ action: 'replace', path: 'payload', find: 'yes', value: true }], { payload: 'yes' }, { payload: true }],
  ['replaces a whole number', [{ action: 'replace', path: 'payload', find: '0', value: 'zero' }], { payload: 0 }, { payload: 'zero' }],
  ['leaves a number that only contains it', [{ action: 'replace', path: 'payload', find: '0', value: 'x' }], { payload: 10 }, { payload: 10 }],
  ['leaves a list alone', [{ action: 'replace', path: 'payload', find: 'a', value: 'b' }], { payload: ['a'] }, { payload: ['a'] }],
  ['replaces by a pattern again and again', [{ action: 'replace', path: 'payload', find: '\\s+', regex: true, value: ' ' }], { payload: 'a \n b  c' }, { payload: 'a b c' }],
])('change %s', async (_, rules, body, next) => expect(await changed(rules, body as Body)).toEqual(next));

test('change works expressions out in order, each over what the ones before it made', async () => {
  const rules = [{ path: 'n', value: { $expr: 'n + 1' } }, { path: 'n', value: { $expr: 'n * 10' } }, { action: 'move', path: 'n', to: 'payload' }, { path: 'payload', value: { $expr: 'payload - 1' } }];
  expect(await changed(rules, { n: 1 })).toEqual({ payload: 19 });
});

test('change finds at deploy what can never work', async () => {
  const code = async (rule: object): Promise<string> => (await failureOf(() => openNode(change, { config: { rules: [rule] } }))).code;
  expect(await code({ path: 'a..b', value: 1 })).toBe('path.syntax');
  expect(await code({ action: 'move', path: 'a', to: '' })).toBe('config.value');
  expect(await code({ action: 'replace', path: 'a', find: '(a+)+', regex: true, value: '' })).toBe('regex.unsafe');
  expect(await code({ path: 'a', value: { $expr: '1 +' } })).toBe('expression.syntax');
});

test('switch takes otherwise only when no rule above it held', async () => {
  const rules = [{ op: 'eq', value: 1 }, { op: 'else' }, { op: 'not-null' }];
  expect(await routed({ rules, take: 'all' }, [{ payload: 1 }, { payload: 2 }])).toEqual({ 'out-1': [{ payload: 1 }], 'out-2': [{ payload: 2 }], 'out-3': [{ payload: 1 }, { payload: 2 }] });
  expect(await routed({ rules }, [{ payload: 1 }, { payload: 2 }])).toEqual({ 'out-1': [{ payload: 1 }], 'out-2': [{ payload: 2 }] });
});

test('switch gives the same whether its values are at hand or have to be worked out', async () => {
  const bodies = [1, 5, 9, '5', 'x', null, [5]].map((payload) => ({ payload, five: 5 }));
  for (const take of ['first', 'all']) {
    const rules = (five: unknown) => [{ op: 'lt', value: five }, { op: 'eq', value: five }, { op: 'between', value: five, value2: 10 }, { op: 'else' }];
    const fixed = await routed({ take, rules: rules(5) }, bodies);
    expect(await routed({ take, rules: rules({ $expr: 'five' }) }, bodies)).toEqual(fixed);
    expect(await routed({ take, rules: rules({ $expr: 'five + 0' }) }, bodies)).toEqual(fixed);
    expect(await routed({ take, property: '(payload)', rules: rules(5) }, bodies)).toEqual(fixed);
  }
});

test('switch ignores case where it is told to, in texts, lists and patterns', async () => {
  const rules = [{ op: 'eq', value: 'ДА', caseless: true }, { op: 'in-list', value: 'Yes, Ok', caseless: true }, { op: 'matches', value: '^н', caseless: true }];
  expect(await routed({ rules }, [{ payload: 'да' }, { payload: 'OK' }, { payload: 'Нет' }])).toEqual({ 'out-1': [{ payload: 'да' }], 'out-2': [{ payload: 'OK' }], 'out-3': [{ payload: 'Нет' }] });
});

test('switch drops by name what matches nothing', async () => {
  const { emits, seen } = await tryNode(switchNode, [{ payload: 2 }], { config: { rules: [{ op: 'eq', value: 1 }] } });
  expect([emits, seen.drops]).toEqual([{}, ['no-match']]);
});

test('link-out drops by name what nobody waits to have returned', async () => {
  const returned = async (waits: boolean) => (await tryNode(linkOut, [{ payload: 2 }], { config: { mode: 'return' }, waits })).seen;
  expect([(await returned(false)).drops, (await returned(true)).drops]).toEqual([['nobody-waits'], []]);
});

test('switch finds at deploy a pattern that could run for ever', async () => {
  expect((await failureOf(() => openNode(switchNode, { config: { rules: [{ op: 'matches', value: '(a+)+$' }] } }))).code).toBe('regex.unsafe');
});

test('one failing expression of a rule is that message’s failure and no other’s', async () => {
  const trial = await tryNode(switchNode, [{ payload: 'x' }, { payload: 3 }], { config: { rules: [{ op: 'holds', value: { $expr: 'payload * 2 > 5' } }] } });
  expect([codes(trial), trial.emits]).toEqual([['expression.failed'], { 'out-1': [{ payload: 3 }] }]);
});

const WHOLES: readonly (readonly [string, unknown, object])[] = [
  ['list', [3, 1, 2], {}], ['list in pieces', [1, 2, 3, 4, 5], { size: 2 }], ['text', 'a\nb\n\nc', {}], ['text by a delimiter', 'a;b;c', { delimiter: ';' }],
  ['characters', 'añ😀', { delimiter: '' }], ['record', { b: 1, a: { c: 2 } }, {}], ['list of lists', [[1], [2, 3]], {}],
];
test.each(WHOLES)('join undoes split, in whatever order the parts come: %s', async (_, payload, config) => {
  const parts = (await tryNode(split, [{ payload, topic: 't' }], { config: { ...config } })).emits['out'] as readonly Body[];
  for (const order of [parts, parts.toReversed(), parts.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)]) {
    expect((await tryNode(join, order)).emits).toEqual({ out: [{ payload, topic: 't' }] });
  }
});

test('a split inside a split is undone from the inside out', async () => {
  const payload = [['a', 'b'], ['c']];
  const outer = (await tryNode(split, [{ payload }])).emits['out'] as readonly Body[];
  const inner = (await tryNode(split, outer, { ids: ['o-1', 'o-2'] })).emits['out'] as readonly Body[];
  const back = (await tryNode(join, [inner[2], inner[1], inner[0]] as Body[])).emits['out'] as readonly Body[];
  expect((await tryNode(join, back)).emits).toEqual({ out: [{ payload }] });
});

test('split leaves by its own rule or failure when there is nothing or too much', async () => {
  const before = { ...limits };
  Object.assign(limits, { splitMessagesMax: 3 });
  const trial = await tryNode(split, [{ payload: [] }, { payload: '' }, { payload: {} }, {}, { payload: true }, { payload: [1, 2, 3, 4] }]).finally(() => Object.assign(limits, before));
  expect([trial.seen.drops, codes(trial)]).toEqual([Array(3).fill('nothing-to-split'), ['split.nothing', 'split.nothing', 'split.too-many']]);
});

test('join keeps windows of different keys apart and closes one early when it is told so', async () => {
  const bodies = [{ k: 'a', payload: 1 }, { k: 'b', payload: 2 }, { k: 'a', payload: 3, complete: true }, { k: 'b', payload: 4 }, { k: 'b', payload: 5 }];
  const { emits } = await tryNode(join, bodies, { config: { until: 'count', count: 3, key: 'k' } });
  expect(emits['out']?.map(({ payload }) => payload)).toEqual([[1, 3], [2, 4, 5]]);
});

test('join counts its time from the first message and sends what it has', async () => {
  const node = await openNode(join, { config: { until: 'count', count: 9, timeout: '10s' } });
  await node.send({ payload: 1 });
  await node.clock.advance(6000);
  await node.send({ payload: 2 });
  const before = node.clock.now();
  await node.finish();
  expect([node.clock.now() - before, node.trial().emits]).toEqual([4000, { incomplete: [{ payload: [1, 2] }] }]);
});

test('join fails a message that belongs nowhere', async () => {
  expect(codes(await tryNode(join, [{ payload: 1 }, { payload: 1, parts: { id: 'x', index: 5, count: 2 } }, { payload: 1, parts: 'odd' }]))).toEqual(Array(3).fill('join.no-parts'));
  expect(codes(await tryNode(join, [{ payload: 1 }], { config: { until: 'count', count: 2, key: 'payload.order' } }))).toEqual(['join.no-key']);
});

test('join adds up as on paper, whatever the sizes, and counts what has no value', async () => {
  const parts = (values: readonly unknown[]): Body[] => values.map((payload, index) => ({ payload, parts: { id: 'w', index, count: values.length, type: 'list' } }));
  const totals = async (values: readonly unknown[]): Promise<unknown> => (await tryNode(join, parts(values), { config: { make: 'totals' } })).emits['out']?.[0]?.payload;
  expect(await totals([0.1, 0.2, '0.3', -0.6])).toEqual({ count: 4, sum: 0, average: 0, min: -0.6, max: 0.3 });
  expect(await totals([1e21, 1, -1e21, 2.5e-7])).toEqual({ count: 4, sum: 1.00000025, average: 0.2500000625, min: -1e21, max: 1e21 });
  expect(await totals([null, '', 9007199254740991, 1])).toEqual({ count: 4, sum: 9007199254740992, average: 4503599627370496, min: 1, max: 9007199254740991 });
  expect(await totals([null])).toEqual({ count: 1, sum: 0 });
  expect(codes(await tryNode(join, parts([{}, 'x']), { config: { make: 'totals' } }))).toEqual(['join.not-a-number', 'join.not-a-number']);
});
