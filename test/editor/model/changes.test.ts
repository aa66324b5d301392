import { expect, test } from 'vitest';
import { changesOf } from '../../../editor/model/changes.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';

const flow: Flow = {
  format: 'millrace.flow/1', id: 'lead', name: 'Lead', delivery: 'durable', layout: { a: [0, 0], b: [100, 0] },
  nodes: { a: { type: 'inject', version: 1, config: {} }, b: { type: 'http-request', version: 1, config: { url: 'http://one.test', method: 'GET' }, attempts: 3 } },
  wires: [{ from: 'a.out', to: 'b.in' }],
};

test('equal flows have no changes, wherever their cards stand', () => {
  expect(changesOf(flow, { ...flow, layout: { a: [9, 9], b: [100, 0] } })).toEqual([]);
});

test('a changed node says each field and setting before and after', () => {
  const after: Flow = { ...flow, nodes: { ...flow.nodes, b: { type: 'http-request', version: 1, config: { url: 'http://two.test', method: 'GET', body: 'x' } } } };
  expect(changesOf(flow, after)).toEqual([{ of: 'node', id: 'b', kind: 'changed', fields: [{ path: 'attempts', before: 3 }, { path: 'config.url', before: 'http://one.test', after: 'http://two.test' }, { path: 'config.body', after: 'x' }] }]);
});

test('nodes and wires that came or went are named once, and backwards the other way round', () => {
  const after: Flow = { ...flow, nodes: { ...flow.nodes, c: { type: 'debug', version: 1, config: {} } }, wires: [{ from: 'a.out', to: 'b.in', key: 'payload.id' }, { from: 'b.out', to: 'c.in' }] };
  const named = (changes: ReturnType<typeof changesOf>) => changes.map(({ of, id, kind }) => [of, id, kind]);
  expect(named(changesOf(flow, after))).toEqual([['node', 'c', 'added'], ['wire', 'b.out->c.in', 'added'], ['wire', 'a.out->b.in', 'changed']]);
  expect(named(changesOf(after, flow))).toEqual([['node', 'c', 'removed'], ['wire', 'a.out->b.in', 'changed'], ['wire', 'b.out->c.in', 'removed']]);
});

test('settings of the flow are a change of their own', () => {
  expect(changesOf(flow, { ...flow, delivery: 'memory' })).toEqual([{ of: 'flow', id: 'lead', kind: 'changed', fields: [{ path: 'delivery', before: 'durable', after: 'memory' }] }]);
});
