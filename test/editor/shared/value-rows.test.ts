import { expect, test } from 'vitest';
import { CHILDREN_PAGE, marksOf, pathsOf, treeRows } from '../../../editor/shared/value-rows.ts';
import type { TreeState } from '../../../editor/shared/value-rows.ts';

const state = (more: Partial<TreeState> = {}): TreeState => ({ toggled: new Map(), shown: new Map(), openDepth: 1, ...more });

test('opens to the asked depth, and a person’s choice wins over it', () => {
  const body = { payload: { name: 'x', deep: { a: 1 } } };
  expect(treeRows(body, state()).map((row) => row.path)).toEqual(['payload', 'payload.name', 'payload.deep']);
  expect(treeRows(body, state({ toggled: new Map([['payload', false]]) })).map((row) => row.path)).toEqual(['payload']);
  expect(treeRows(body, state({ toggled: new Map([['payload.deep', true]]) })).at(-1)?.path).toBe('payload.deep.a');
});

test('a scalar is one row with the path it came from', () => {
  expect(treeRows('x', state(), 'payload.name')).toMatchObject([{ key: 'payload.name', path: 'payload.name', branch: false }]);
});

test('a long list shows a page and says how many are left', () => {
  const rows = treeRows(Array.from({ length: 250 }, (_, i) => i), state());
  expect(rows).toHaveLength(CHILDREN_PAGE + 1);
  expect(rows.at(-1)).toMatchObject({ kind: 'more', hidden: 150 });
});

test('marks what was added and changed, at the outermost place', () => {
  const marks = marksOf({ payload: { name: 'a', phone: '8' } }, { payload: { name: 'a', phone: '+7', contact: { id: 1 } } });
  expect([...marks]).toEqual([['payload.phone', 'changed'], ['payload.contact', 'added']]);
  expect(marksOf({ a: [1, 2] }, { a: [1, 2] }).size).toBe(0);
});

test('gives the paths of a body for completion, but not inside lists', () => {
  expect(pathsOf({ payload: { phone: '1', items: [{ id: 1 }] }, topic: 't' })).toEqual(['payload', 'payload.phone', 'payload.items', 'topic']);
});
