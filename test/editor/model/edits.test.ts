import { describe, expect, test } from 'vitest';
import { insertIntoWire, many, setConnectionField, setFlow, setNode, setWire } from '../../../editor/model/edits.ts';
import { TestEditor } from '../../kit/test-editor.ts';

const threeNodes = () => new TestEditor().add('form', 'webhook-in').add('change', 'change', [260, 0]).add('show', 'debug', [520, 0]).wire('form.out', 'change.in').wire('change.out', 'show.in');

describe('an edit', () => {
  test('removes a node with its wires, its place and its membership in groups', () => {
    const editor = threeNodes().apply(setFlow('groups', { pair: { title: 'Pair', nodes: ['change', 'show'] } })).remove('change');
    expect(Object.keys(editor.flow.nodes)).toEqual(['form', 'show']);
    expect(editor.wires).toEqual([]);
    expect(editor.flow.layout).not.toHaveProperty('change');
    expect(editor.flow.groups).toEqual({ pair: { title: 'Pair', nodes: ['show'] } });
  });

  test('brings a removed node back with everything on undo', () => {
    const editor = threeNodes();
    const before = editor.flow;
    expect(editor.remove('change').undo().flow).toEqual(before);
  });

  test('sets a field and removes it again, so that its default counts', () => {
    const editor = threeNodes().set('form', 'path', '/lead');
    expect(editor.flow.nodes['form']?.config).toEqual({ path: '/lead' });
    expect(editor.set('form', 'path', undefined).flow.nodes['form']?.config).toEqual({});
  });

  test('sets what a node has besides its config', () => {
    const editor = threeNodes().apply(setNode('change', 'name', 'Tidy up')).apply(setNode('change', 'disabled', true)).apply(setNode('change', 'attempts', 3));
    expect(editor.flow.nodes['change']).toMatchObject({ name: 'Tidy up', disabled: true, attempts: 3 });
    expect(editor.apply(setNode('change', 'disabled', undefined)).flow.nodes['change']).not.toHaveProperty('disabled');
  });

  test('sets how a node delivers, and takes it back', () => {
    const editor = threeNodes();
    const before = editor.flow;
    editor.apply(setNode('change', 'rate', '10/1m')).apply(setNode('change', 'afterDeadLetter', 'continue')).apply(setNode('change', 'onUnknown', 'retry')).apply(setNode('change', 'record', true));
    expect(editor.flow.nodes['change']).toMatchObject({ rate: '10/1m', afterDeadLetter: 'continue', onUnknown: 'retry', record: true });
    expect(editor.undo().undo().undo().undo().flow).toEqual(before);
  });

  test('sets what a wire has and keeps the other wires in place', () => {
    const editor = threeNodes().apply(setWire('form.out->change.in', 'disabled', true)).apply(setWire('form.out->change.in', 'limit', { messages: 10 }));
    expect(editor.flow.wires[0]).toEqual({ from: 'form.out', to: 'change.in', disabled: true, limit: { messages: 10 } });
    expect(editor.wires).toEqual(['form.out->change.in', 'change.out->show.in']);
  });

  test('puts a node into a wire; the queue settings stay where the queue was', () => {
    const editor = threeNodes().apply(setWire('form.out->change.in', 'whenFull', 'drop')).add('delay', 'delay');
    const wire = editor.flow.wires[0];
    editor.apply(insertIntoWire(wire ?? { from: '', to: '' }, { node: 'delay', input: 'in', output: 'out' }));
    expect(editor.flow.wires).toContainEqual({ from: 'form.out', to: 'delay.in', whenFull: 'drop' });
    expect(editor.flow.wires).toContainEqual({ from: 'delay.out', to: 'change.in' });
    expect(editor.wires).not.toContain('form.out->change.in');
  });

  test('takes back a series in reverse order', () => {
    const editor = threeNodes();
    const before = editor.flow;
    editor.apply(many([setNode('form', 'name', 'One'), setNode('form', 'name', 'Two'), setFlow('name', 'Renamed')]));
    expect(editor.flow.nodes['form']?.name).toBe('Two');
    expect(editor.undo().flow).toEqual(before);
  });

  test('gives a place to a node that had none, and none again on undo', () => {
    const editor = new TestEditor({ ...threeNodes().flow, layout: {} });
    expect(editor.move('form', [10, 20]).flow.layout).toEqual({ form: [10, 20] });
    expect(editor.undo().flow.layout).toEqual({});
  });

  test('treats a node called constructor as any other', () => {
    const editor = new TestEditor().add('constructor', 'change').move('constructor', [5, 5]).set('constructor', 'x', 1);
    expect(editor.undo().undo().undo().flow.nodes).toEqual({});
  });

  test('keeps keys that the format does not know', () => {
    const editor = new TestEditor({ ...threeNodes().flow, future: { kept: true } } as never).set('form', 'path', '/x').remove('show');
    expect(editor.flow).toHaveProperty('future', { kept: true });
  });
});

describe('a connection field', () => {
  const place = { node: 'save', field: 'db', type: 'sql' };
  const withDb = () => {
    const editor = new TestEditor().add('save', 'sql-query').add('other', 'sql-query');
    return editor.apply(setConnectionField(editor.flow, place, 'crm-db'));
  };

  test('declares the connection that it names', () => {
    expect(withDb().flow.uses).toEqual({ 'crm-db': 'sql' });
  });

  test('takes back the declaration with the last field that names it', () => {
    const editor = withDb();
    editor.apply(setConnectionField(editor.flow, { ...place, node: 'other' }, 'crm-db'));
    editor.apply(setConnectionField(editor.flow, place, 'erp-db'));
    expect(editor.flow.uses).toEqual({ 'crm-db': 'sql', 'erp-db': 'sql' });
    editor.apply(setConnectionField(editor.flow, { ...place, node: 'other' }, undefined));
    expect(editor.flow.uses).toEqual({ 'erp-db': 'sql' });
  });
});
