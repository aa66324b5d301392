import { expect, test } from 'vitest';
import { copyNodes, parseClip, pasteClip } from '../../../editor/model/clipboard.ts';
import { nodes } from '../../../nodes/index.ts';
import { setFlow } from '../../../editor/model/edits.ts';
import { emptyFlow, TestEditor } from '../../kit/test-editor.ts';

const source = () => new TestEditor().add('form', 'webhook-in', [40, 80]).add('change', 'change', [300, 80]).add('show', 'debug', [560, 80])
  .wire('form.out', 'change.in').wire('change.out', 'show.in');

function paste(into: TestEditor, text: string | undefined, at: readonly [number, number] = [0, 0]): readonly string[] {
  const clip = parseClip(text ?? '');
  if (!clip) throw new Error('the text holds nodes');
  const { edit, ids } = pasteClip(into.flow, clip, { at, infoOf: (type) => nodes.find(({ info }) => info.type === type)?.info });
  into.apply(edit);
  return ids;
}

test('copied nodes come back in another flow with the wires between them', () => {
  const other = new TestEditor();
  expect(paste(other, copyNodes(source().flow, ['form', 'change']), [0, 0])).toEqual(['form', 'change']);
  expect(other.wires).toEqual(['form.out->change.in']);
  expect(other.flow.layout).toEqual({ form: [0, 0], change: [260, 0] });
});

test('nodes pasted where their ids are taken get free ones, and their wires follow', () => {
  const editor = source();
  expect(paste(editor, copyNodes(editor.flow, ['form', 'change']))).toEqual(['form-2', 'change-2']);
  expect(editor.wires).toEqual(['form.out->change.in', 'change.out->show.in', 'form-2.out->change-2.in']);
  expect(paste(editor, copyNodes(editor.flow, ['form-2']))).toEqual(['form-3']);
});

test('two copied nodes never get the same id', () => {
  const flow = new TestEditor().add('a', 'change').add('a-2', 'change').flow;
  const other = new TestEditor().add('a', 'change');
  expect(new Set(paste(other, copyNodes(flow, ['a', 'a-2']))).size).toBe(2);
});

test('a node brings the connection that it names', () => {
  const editor = new TestEditor().add('save', 'sql-query').set('save', 'db', 'crm-db').apply(setFlow('uses', { 'crm-db': 'sql', 'mail': 'smtp' }));
  const other = new TestEditor();
  paste(other, copyNodes(editor.flow, ['save']));
  expect(other.flow.uses).toEqual({ 'crm-db': 'sql' });
});

test('nodes that name one another name the copies, and others stay named as they are', () => {
  const editor = new TestEditor().add('entry', 'link-in').add('call', 'link-call').set('call', 'link', 'entry').add('send', 'link-out').set('send', 'links', ['entry', 'other/entry', 'call'])
    .add('rescue', 'catch').set('rescue', 'nodes', ['call', 'gone']);
  paste(editor, copyNodes(editor.flow, ['entry', 'call', 'send', 'rescue']));
  const config = (id: string): unknown => editor.flow.nodes[id]?.config;
  expect([config('call-2'), config('send-2'), config('rescue-2')]).toEqual([{ link: 'entry-2' }, { links: ['entry-2', 'other/entry', 'call-2'] }, { nodes: ['call-2', 'gone'] }]);
});

test('the text of a whole flow can be pasted', () => {
  const other = new TestEditor();
  expect(paste(other, JSON.stringify(source().flow))).toHaveLength(3);
});

test('pasting is one step', () => {
  const editor = source();
  const before = editor.flow;
  paste(editor, copyNodes(editor.flow, ['form', 'change', 'show']));
  expect(editor.undo().flow).toEqual(before);
});

test.each([
  ['plain text', 'hello'],
  ['JSON of something else', '{"a":1}'],
  ['a list', '[1,2]'],
  ['nodes without a type', '{"format":"millrace.nodes/1","nodes":{"a":{}}}'],
  ['wires that are no list', '{"format":"millrace.nodes/1","nodes":{},"wires":{}}'],
])('%s is not taken for nodes', (_, text) => {
  expect(parseClip(text)).toBeUndefined();
});

test('nothing is copied when nothing is there', () => {
  expect(copyNodes(emptyFlow, ['gone'])).toBeUndefined();
});
