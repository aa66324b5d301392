import { expect, test } from 'vitest';
import { holds, outputsOf, replayOf } from '../../../runtime/flow/evaluate-rule.ts';
import { fieldInfo, nodeInfo, text } from './catalog.ts';

const fields = { method: fieldInfo('text', { default: 'GET' }), flag: fieldInfo('boolean') };

test('a missing field counts as its default, and as null without one', () => {
  expect(holds({ field: 'method', is: ['GET'] }, {}, fields)).toBe(true);
  expect(holds({ field: 'method', not: ['GET'] }, { method: 'POST' }, fields)).toBe(true);
  expect(holds({ field: 'flag', is: [null] }, {}, fields)).toBe(true);
});

test('conditions combine', () => {
  const post = { field: 'method', is: ['POST'] };
  const flag = { field: 'flag', is: [true] };
  expect(holds({ all: [post, flag] }, { method: 'POST' }, fields)).toBe(false);
  expect(holds({ any: [post, flag] }, { method: 'POST' }, fields)).toBe(true);
});

test('what a repeated call costs follows the config', () => {
  const rule = { when: { field: 'method', is: ['GET'] }, then: 'idempotent', else: { when: { field: 'flag', is: [true] }, then: 'pure', else: 'external' } } as const;
  expect([{}, { method: 'POST' }, { method: 'POST', flag: true }].map((config) => replayOf(rule, config, fields))).toEqual(['idempotent', 'external', 'pure']);
});

test('ports follow a list, a count and a condition', () => {
  const each = nodeInfo('t', { config: { rules: fieldInfo('list') }, outputs: { fixed: { out: { title: text('out'), when: { field: 'flag', is: [true] } } }, dynamic: { each: 'rules', prefix: 'rule', label: 'name' } } });
  const ports = outputsOf(each, { rules: [{ name: 'Big' }, {}] });
  expect(Object.entries(ports).map(([id, port]) => [id, port.title.en])).toEqual([['rule-1', 'Big'], ['rule-2', '2']]);
  expect(Object.keys(outputsOf(each, { flag: true }))).toEqual(['out']);
  const count = nodeInfo('t', { config: { outputs: fieldInfo('integer', { default: 2 }) }, outputs: { fixed: {}, dynamic: { count: 'outputs', prefix: 'out' } } });
  expect(Object.keys(outputsOf(count, {}))).toEqual(['out-1', 'out-2']);
  expect(Object.keys(outputsOf(count, { outputs: 1e9 }))).toHaveLength(100);
});
