import { expect, test } from 'vitest';
import type { NodeInfo } from '../../../runtime/flow/node-info.ts';
import { CARD, lineOf, portsOf, sizeOf } from '../../../editor/model/card.ts';

const text = (en: string) => ({ en, ru: en });
const info: NodeInfo = {
  type: 'webhook-in', version: 1, role: 'action', title: text('Webhook in'), category: 'source', icon: 'webhook', summary: text(''), help: text(''), replay: 'pure', examples: [],
  line: '{method} /hook{path} · {tags}', inputs: { in: { title: text('in') } }, outputs: { fixed: { out: { title: text('out') } }, dynamic: { each: 'rules', prefix: 'rule', label: 'name' } },
  config: { method: { kind: 'text', title: text('Method'), default: 'POST' }, path: { kind: 'path', title: text('Path') }, tags: { kind: 'list', title: text('Tags') }, rules: { kind: 'list', title: text('Rules') }, token: { kind: 'secret', title: text('Token') } },
};
const node = (config: NonNullable<Parameters<typeof lineOf>[0]>['config'] = {}) => ({ type: 'webhook-in', version: 1, config });
const unwired = { inputs: [], outputs: [] };

test('the line says what the node does here, defaults included', () => {
  expect(lineOf(node({ path: '/lead', tags: ['a', 'b'] }), info)).toBe('POST /hook/lead · a, b');
});

test('an empty place leaves no separator behind', () => {
  expect(lineOf(node({ path: '/lead' }), info)).toBe('POST /hook/lead');
});

test('of a list of rules the line says what each is about', () => {
  const rules = { kind: 'list', title: text('Rules'), items: { kind: 'record', title: text('Rule'), fields: { action: { kind: 'choice', title: text('Do') }, path: { kind: 'path', title: text('Place') } } } } as const;
  const change = { ...info, line: '{rules}', config: { rules } };
  expect(lineOf(node({ rules: [{ action: 'set', path: 'payload.price' }, { action: 'delete', path: 'topic' }] }), change)).toBe('payload.price, topic');
});

test('the line never shows a secret', () => {
  expect(lineOf(node({ path: { $secret: 'crm.token' } }), info)).toBe('POST /hook••••');
});

test('an environment value is named, not resolved', () => {
  expect(lineOf(node({ path: { $env: 'PATH_PREFIX' } }), info)).toBe('POST /hookenv.PATH_PREFIX');
});

test('a card grows by its outputs and by its text, within limits', () => {
  expect(sizeOf({ name: 'Switch', line: '', outputs: [] })).toEqual({ width: CARD.width, height: 52 });
  expect(sizeOf({ name: 'Switch', line: '', outputs: ['hot', 'cold', 'other'] }).height).toBe(104);
  expect(sizeOf({ name: 'A very long name that nobody can read at once', line: '', outputs: [] }).width).toBe(CARD.widest);
});

test('each rule is an output; an action also has its failures', () => {
  const ports = portsOf(node({ rules: [{ name: 'hot' }, {}] }), info, unwired);
  expect(Object.entries(ports.outputs).map(([id, port]) => [id, port.title.en])).toEqual([['out', 'out'], ['rule-1', 'hot'], ['rule-2', '2']]);
  expect(ports.error).toBe(true);
  expect(portsOf(node(), { ...info, role: 'source' }, unwired).error).toBe(false);
});

test('a wire at a port that is gone keeps the port, so that it can be taken away', () => {
  const ports = portsOf(node(), info, { inputs: ['constructor'], outputs: ['rule-9', 'error'] });
  expect(Object.keys(ports.outputs)).toEqual(['out', 'rule-9']);
  expect(Object.keys(ports.inputs)).toEqual(['in', 'constructor']);
});

test('a type that is not installed has the ports that its wires name', () => {
  const ports = portsOf(node(), undefined, { inputs: ['in'], outputs: ['out'] });
  expect([Object.keys(ports.inputs), Object.keys(ports.outputs), ports.error]).toEqual([['in'], ['out'], false]);
});
