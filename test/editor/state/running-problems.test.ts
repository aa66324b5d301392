import { expect, test } from 'vitest';
import type { Flow, LiveCounters, Problem } from '../../../runtime/api/contract.ts';
import { runningProblems } from '../../../editor/state/running-problems.ts';

const text = (en: string) => ({ en, ru: en });
const problem = (node: string, code = 'node.cannot-start'): Problem => ({ code, level: 'error', where: { flow: 'f', node, line: 2 }, message: text(`${node} ${code}`), fix: text('') });
const flow = { id: 'f', nodes: { a: {}, b: {} } } as unknown as Flow;
const counters = (nodes: Record<string, string>): LiveCounters =>
  ({ flow: 'f', nodes: Object.fromEntries(Object.entries(nodes).map(([id, said]) => [id, { problem: text(said) }])) }) as unknown as LiveCounters;
const session = (more: object) => ({ flow, problems: [], changedNodes: new Set<string>(), deployment: undefined, ...more }) as never;

test('gives what the last deploy answered, with its line', () => {
  const deployment = { state: 'done', answer: { problems: [problem('a')] } };
  expect(runningProblems(session({ deployment }), undefined)).toEqual([problem('a')]);
});

test('gives what the runtime says of a node, once', () => {
  const deployment = { state: 'done', answer: { problems: [problem('a')] } };
  expect(runningProblems(session({ deployment }), counters({ a: 'a cannot', b: 'b cannot' })).map(({ where, message }) => [where.node, message.en])).toEqual([['a', 'a node.cannot-start'], ['b', 'b cannot']]);
});

test('a node that was changed or removed since says nothing any more', () => {
  expect(runningProblems(session({ changedNodes: new Set(['a']) }), counters({ a: 'a cannot', gone: 'gone cannot' }))).toEqual([]);
});

test('what the draft says already is not said twice, and another flow’s counters count for nothing', () => {
  expect(runningProblems(session({ problems: [problem('a')] }), counters({ a: 'a cannot' }))).toEqual([]);
  expect(runningProblems(session({}), { ...counters({ a: 'x' }), flow: 'other' })).toEqual([]);
});
