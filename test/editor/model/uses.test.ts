import { expect, test } from 'vitest';
import type { Flow } from '../../../runtime/flow/flow.ts';
import type { CatalogInfo } from '../../../runtime/flow/node-info.ts';
import { applyEdit } from '../../../editor/model/edit.ts';
import { fieldsNaming, replaceConnection } from '../../../editor/model/uses.ts';

const title = { en: 'x', ru: 'x' };
const catalog = { nodes: { save: { config: { db: { kind: 'connection', connection: 'sql', title } } } }, connections: {} } as unknown as CatalogInfo;
const flow: Flow = {
  format: 'millrace.flow/1', id: 'f', name: 'f', delivery: 'durable', uses: { test: 'sql', mail: 'smtp' }, wires: [], layout: {},
  nodes: { a: { type: 'save', version: 1, config: { db: 'test' } }, b: { type: 'save', version: 1, config: { db: 'other' } }, c: { type: 'unknown', version: 1, config: { db: 'test' } } },
};

test('another connection takes its place in every field that is known to name it, and undo takes it back', () => {
  const { flow: next, inverse } = applyEdit(flow, replaceConnection(flow, catalog, { from: 'test', to: 'production' }));
  expect(next.uses).toEqual({ production: 'sql', mail: 'smtp' });
  expect([next.nodes['a']?.config['db'], next.nodes['b']?.config['db'], next.nodes['c']?.config['db']]).toEqual(['production', 'other', 'test']);
  expect(applyEdit(next, inverse).flow).toEqual(flow);
});

test('finds the fields that name a connection', () => {
  expect(fieldsNaming(flow, catalog, 'test')).toEqual([{ node: 'a', field: 'db' }]);
});
