import { expect, test } from 'vitest';
import { linkChoices } from '../../../editor/model/references.ts';
import { TestEditor } from '../../kit/test-editor.ts';

test('a link may lead to the link-in nodes of the flow itself, then of the others', () => {
  const { flow } = new TestEditor().add('entry', 'link-in').add('show', 'debug');
  const others = [{ id: flow.id, name: 'Itself', entries: ['stale'] }, { id: 'prices', name: 'Prices', entries: ['look', 'audit'] }, { id: 'plain', name: 'Plain', entries: [] }];
  expect(linkChoices(flow, (id) => `Node ${id}`, { isEntry: (type) => type === 'link-in', others })).toEqual([
    { value: 'entry', label: 'entry', hint: 'Node entry' },
    { value: 'prices/look', label: 'prices/look', hint: 'Prices' }, { value: 'prices/audit', label: 'prices/audit', hint: 'Prices' },
  ]);
});
