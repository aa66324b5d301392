import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { TestEditor } from '../../kit/test-editor.ts';

const editor = () => new TestEditor().add('form', 'webhook-in');

test('undo and redo walk the whole history', () => {
  const walked = editor().add('show', 'debug').wire('form.out', 'show.in');
  const end = walked.flow;
  expect(walked.undo().undo().undo().flow.nodes).toEqual({});
  expect(walked.redo().redo().redo().flow).toEqual(end);
});

test('undo at the beginning and redo at the end change nothing', () => {
  const start = new TestEditor();
  const { flow } = start;
  expect(start.undo().redo().flow).toBe(flow);
});

test('a new edit forgets what was undone', () => {
  const changed = editor().set('form', 'path', '/a').undo().set('form', 'path', '/b');
  expect(changed.history.future).toEqual([]);
  expect(changed.redo().flow.nodes['form']?.config).toEqual({ path: '/b' });
});

test('typing in one field is one step', () => {
  const typed = editor().set('form', 'path', '/l', 'path').wait(100).set('form', 'path', '/le', 'path').wait(100).set('form', 'path', '/lead', 'path');
  expect(typed.history.past).toHaveLength(2);
  expect(typed.undo().flow.nodes['form']?.config).toEqual({});
  expect(typed.redo().flow.nodes['form']?.config).toEqual({ path: '/lead' });
});

test('typing after a pause is a step of its own', () => {
  const typed = editor().set('form', 'path', '/l', 'path').wait(5000).set('form', 'path', '/lead', 'path');
  expect(typed.undo().flow.nodes['form']?.config).toEqual({ path: '/l' });
});

test('another field is a step of its own', () => {
  const typed = editor().set('form', 'path', '/lead', 'field form.path').set('form', 'method', 'GET', 'field form.method');
  expect(typed.undo().flow.nodes['form']?.config).toEqual({ path: '/lead' });
});

test('arrow keys in a series are one step, whatever they move', () => {
  const moved = editor().add('show', 'debug').move('form', [8, 0], 'nudge').move('show', [8, 8], 'nudge').move('form', [16, 0], 'nudge');
  expect(moved.history.past).toHaveLength(3);
  expect(moved.undo().flow.layout).toEqual({ form: [0, 0], show: [0, 0] });
  expect(moved.redo().flow.layout).toEqual({ form: [16, 0], show: [8, 8] });
});

test('what was undone does not go on as the same gesture', () => {
  const typed = editor().set('form', 'path', '/a', 'path').undo().redo().set('form', 'path', '/ab', 'path');
  expect(typed.undo().flow.nodes['form']?.config).toEqual({ path: '/a' });
});

test('the oldest steps are forgotten beyond the limit', () => {
  const long = editor();
  for (let i = 0; i < limits.editorUndoMax + 5; i++) long.set('form', 'path', `/${i}`);
  expect(long.history.past).toHaveLength(limits.editorUndoMax);
});
