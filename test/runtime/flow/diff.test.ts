import { expect, test } from 'vitest';
import { diffFlows, sameLogic } from '../../../runtime/flow/diff.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { flowOf, node } from './catalog.ts';

const base: Flow = flowOf({ a: node('s'), b: node('t', { x: 1, y: 2 }), c: node('t') }, [['a.out', 'b.in'], ['b.out', 'c.in']], { layout: { a: [0, 0], b: [1, 1] } });
const NOTHING = { nodes: { added: [], removed: [], changed: [], moved: [] }, wires: { added: [], removed: [], changed: [] }, settings: false, drawing: false };

test('a flow does not differ from its own copy with another order of keys', () => {
  const copy = { ...JSON.parse(JSON.stringify(base)) as Flow, nodes: { c: base.nodes['c']!, b: { config: { y: 2, x: 1 }, version: 1, type: 't' }, a: base.nodes['a']! }, wires: base.wires.toReversed() };
  expect(diffFlows(base, copy)).toEqual(NOTHING);
  expect(sameLogic(base, copy)).toBe(true);
});

test('nodes and wires are told by what happened to them', () => {
  const { c: _gone, ...kept } = base.nodes;
  const after: Flow = { ...base, nodes: { ...kept, b: node('t', { x: 2, y: 2 }), d: node('t') }, wires: [{ from: 'a.out', to: 'b.in', key: 'payload.id' }, { from: 'b.out', to: 'd.in' }] };
  expect(diffFlows(base, after)).toEqual({
    ...NOTHING,
    nodes: { added: ['d'], removed: ['c'], changed: ['b'], moved: [] },
    wires: { added: ['b.out->d.in'], removed: ['b.out->c.in'], changed: ['a.out->b.in'] },
  });
  expect(sameLogic(base, after)).toBe(false);
});

test('moving a card, a group or a note changes no logic', () => {
  const after: Flow = { ...base, layout: { a: [5, 5], b: [1, 1], c: [9, 9] }, notes: { n: { text: 'x', at: [0, 0] } } };
  expect(diffFlows(base, after)).toEqual({ ...NOTHING, nodes: { ...NOTHING.nodes, moved: ['a', 'c'] }, drawing: true });
  expect(sameLogic(base, after)).toBe(true);
});

test.each<Partial<Flow> & object>([{ name: 'Other' }, { delivery: 'memory' }, { uses: { db: 'sql' } }, { env: { A: { type: 'text' } } }, { future: 1 } as never])('a change of %j is one of settings', (change) => {
  expect(diffFlows(base, { ...base, ...change })).toEqual({ ...NOTHING, settings: true });
});
