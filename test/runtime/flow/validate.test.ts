import { expect, test } from 'vitest';
import type { Flow, Problem } from '../../../runtime/flow/flow.ts';
import type { FieldInfo, NodeInfo } from '../../../runtime/flow/node-info.ts';
import { validateConnection, validateFlow } from '../../../runtime/flow/validate.ts';
import { catalogOf, fieldInfo, flowOf, node, nodeInfo, text, withBody } from './catalog.ts';

const source = nodeInfo('source', { role: 'source' });
const step = nodeInfo('step');
const choose = nodeInfo('choose', { config: { rules: fieldInfo('list', { items: fieldInfo('json') }) }, outputs: { fixed: {}, dynamic: { each: 'rules', prefix: 'rule' } } });
const call = nodeInfo('call', { replay: { when: { field: 'method', is: ['GET'] }, then: 'pure', else: 'external' }, config: { method: fieldInfo('choice', { default: 'GET', choices: [{ value: 'GET', title: text('GET') }, { value: 'POST', title: text('POST') }] }) } });
const basic = catalogOf(source, step, choose, call);

const found = (problems: readonly Problem[]): unknown[] => problems.map(({ code, where }) => [code, where.node ?? where.wire ?? where.connection, ...(where.field === undefined ? [] : [where.field])]);

/** Problems of one field's value. */
function ofField(info: FieldInfo, value: unknown, rest: Partial<Flow> = {}): unknown[] {
  const config = value === undefined ? {} : { f: value as never };
  const flow = flowOf({ n: node('t', config) }, [], rest);
  return validateFlow(flow, catalogOf(nodeInfo('t', { config: { f: info } }))).map(({ code, where }) => (where.field === 'f' ? code : `${code} ${where.field}`));
}

test('a sound flow has no problems', () => {
  expect(validateFlow(flowOf({ a: node('source'), b: node('step') }, [['a.out', 'b.in']]), basic, { connections: {}, env: [], secrets: [] })).toEqual([]);
});

test('a node of unknown type is an error of that node only, and its wires are taken on trust', () => {
  const flow = flowOf({ a: node('source'), b: node('rocket'), c: node('step') }, [['a.out', 'b.anything'], ['b.whatever', 'c.in'], ['a.out', 'c.in']]);
  expect(found(validateFlow(flow, basic))).toEqual([['flow.unknown-type', 'b']]);
});

test('a type named like a property that every object has is unknown', () => {
  expect(found(validateFlow(flowOf({ constructor: node('constructor') }), basic))).toEqual([['flow.unknown-type', 'constructor']]);
});

test('a node of a newer version is an error', () => {
  expect(found(validateFlow(flowOf({ a: node('step', {}, { version: 2 }) }), basic))).toEqual([['flow.newer-version', 'a']]);
});

test('keys of a config that the type does not have are no problem', () => {
  expect(validateFlow(flowOf({ a: node('step', { old: 1, $odd: 2 }) }), basic)).toEqual([]);
});

test('a required field needs a value, a default or a form', () => {
  const info = fieldInfo('text', { required: true, dynamic: ['$env'] });
  expect(ofField(info, undefined)).toEqual(['field.required']);
  expect(ofField(info, '')).toEqual(['field.required']);
  expect(ofField(info, { $env: 'X' })).toEqual([]);
  expect(ofField({ ...info, default: 'x' }, undefined)).toEqual([]);
  expect(ofField(fieldInfo('text'), undefined)).toEqual([]);
});

test.each<[FieldInfo['kind'], Partial<FieldInfo>, unknown[], [unknown, string][]]>([
  ['text', { pattern: '[A-Z]{2}' }, ['RU', ''], [[1, 'field.type'], ['RUS', 'field.pattern'], ['xRUx', 'field.pattern'], [null, 'field.type']]],
  ['integer', { min: 1, max: 9 }, [1, 9], [[0, 'field.range'], [10, 'field.range'], [1.5, 'field.type'], ['1', 'field.type']]],
  ['number', { min: 0 }, [0, 1.5], [[-0.1, 'field.range'], ['1', 'field.type'], [null, 'field.type']]],
  ['boolean', {}, [true, false], [['true', 'field.type'], [0, 'field.type']]],
  ['choice', { choices: [{ value: 'a', title: text('a') }] }, ['a'], [['b', 'field.choice'], [1, 'field.choice']]],
  ['duration', { min: 1000 }, ['30s'], [['soon', 'field.unit'], [30, 'field.unit'], ['500ms', 'field.range']]],
  ['size', {}, ['1MB'], [['1', 'field.unit'], [1, 'field.unit']]],
  ['code', { language: 'javascript' }, ['return {$expr: 1}'], [[1, 'field.type']]],
  ['json', {}, [null, [1], { a: { $gt: 5 } }, { $literal: { $gt: 5 } }], [[{ $gt: 5 }, 'field.form'], [{ $env: 'A', b: 1 }, 'field.form'], [{ $env: 5 }, 'field.form']]],
  ['secret', { dynamic: ['$secret', '$env'] }, [{ $secret: 'x' }, { $env: 'x' }], [['hunter2', 'field.secret-literal'], [{ $expr: 'x' }, 'field.form']]],
  ['nodes', {}, [[], ['n']], [[['m'], 'field.node-missing'], ['n', 'field.type']]],
])('a literal of kind %s is checked', (kind, rest, good, bad) => {
  const info = fieldInfo(kind, rest);
  for (const value of good) expect(ofField(info, value), JSON.stringify(value)).toEqual([]);
  for (const [value, code] of bad) expect(ofField(info, value), JSON.stringify(value)).toEqual([code]);
});

test('lists, records and maps are checked inside, with the path of what is wrong', () => {
  const rule = fieldInfo('record', { fields: { name: fieldInfo('text', { required: true }), wait: fieldInfo('duration') } });
  expect(ofField(fieldInfo('list', { items: rule }), [{ name: 'a' }, { wait: 'x' }, 3])).toEqual(['field.required f.1.name', 'field.unit f.1.wait', 'field.type f.2']);
  expect(ofField(fieldInfo('map', { items: fieldInfo('number') }), { a: 1, b: 'x' })).toEqual(['field.type f.b']);
  expect(ofField(fieldInfo('list', { items: rule }), {})).toEqual(['field.type']);
  expect(ofField(fieldInfo('map', { items: fieldInfo('number') }), [])).toEqual(['field.type']);
});

test('a form is allowed only where the field says so', () => {
  expect(ofField(fieldInfo('text', { dynamic: ['$expr'] }), { $expr: 'payload.a' })).toEqual([]);
  expect(ofField(fieldInfo('text', { dynamic: ['$expr'] }), { $secret: 'x' })).toEqual(['field.form']);
  expect(ofField(fieldInfo('choice', { choices: [] }), { $env: 'x' })).toEqual(['field.form']);
});

test('a hidden field is not checked, and a condition in a record sees its siblings', () => {
  const config = { kind: fieldInfo('text', { default: 'a' }), wait: fieldInfo('duration', { required: true, visible: { field: 'kind', is: ['b'] } }) };
  const catalog = catalogOf(nodeInfo('t', { config }), nodeInfo('u', { config: { rules: fieldInfo('list', { items: fieldInfo('record', { fields: config }) }) } }));
  expect(found(validateFlow(flowOf({ a: node('t', { wait: 'junk' }), b: node('t', { kind: 'b' }) }), catalog))).toEqual([['field.required', 'b', 'wait']]);
  expect(found(validateFlow(flowOf({ a: node('u', { rules: [{ kind: 'a' }, { kind: 'b' }] }) }), catalog))).toEqual([['field.required', 'a', 'rules.1.wait']]);
});

test('settings of nodes and wires are checked', () => {
  const flow = flowOf({ a: node('source'), b: node('step', {}, { timeout: 'soon', rate: '10', concurrency: 0, attempts: 0 }) }, [], { wires: [{ from: 'a.out', to: 'b.in', limit: { messages: 0, bytes: 'much' }, warnAge: '1x' }] });
  const problems = validateFlow(flow, basic);
  expect(found(problems)).toEqual([
    ['field.unit', 'b', '@timeout'], ['field.unit', 'b', '@rate'], ['field.range', 'b', '@concurrency'], ['field.range', 'b', '@attempts'],
    ['field.range', 'a.out->b.in', 'limit.messages'], ['field.unit', 'a.out->b.in', 'limit.bytes'], ['field.unit', 'a.out->b.in', 'warnAge'],
  ]);
});

test('a wire without a node or port at either end is dangling', () => {
  const flow = flowOf({ a: node('source'), b: node('step') }, [['a.out', 'gone.in'], ['gone.out', 'b.in'], ['a.side', 'b.in'], ['a.out', 'b.side'], ['a.constructor', 'b.in']]);
  expect(found(validateFlow(flow, basic)).map((each) => (each as string[])[0])).toEqual(Array(5).fill('wire.dangling'));
});

test('a wire into a node that takes no messages says so', () => {
  expect(found(validateFlow(flowOf({ a: node('source'), b: node('source') }, [['a.out', 'b.in']]), basic))).toEqual([['wire.into-source', 'a.out->b.in']]);
});

test('ports that depend on the config exist as far as the config says', () => {
  const flow = flowOf({ a: node('choose', { rules: [1, 2] }), b: node('step') }, [['a.rule-2', 'b.in'], ['a.rule-3', 'b.in']]);
  expect(found(validateFlow(flow, basic))).toEqual([['wire.dangling', 'a.rule-3->b.in']]);
});

test('the error port exists on every action and on nothing else', () => {
  const flow = flowOf({ a: node('step'), b: node('step'), c: node('source') }, [['a.error', 'b.in'], ['c.error', 'b.in']]);
  expect(found(validateFlow(flow, basic))).toEqual([['wire.dangling', 'c.error->b.in']]);
});

test('types that cannot fit are a warning with the reason', () => {
  const gives = nodeInfo('gives', { outputs: { fixed: { out: withBody({ type: 'record', fields: { payload: { type: 'record', fields: {} } } }) } } });
  const needs = nodeInfo('needs', { inputs: { in: withBody({ type: 'record', fields: { payload: { type: 'list' } } }) } });
  const problems = validateFlow(flowOf({ a: node('gives'), b: node('needs') }, [['a.out', 'b.in']]), catalogOf(gives, needs));
  expect(problems.map(({ code, level, message }) => [code, level, message.en])).toEqual([['wire.type', 'warning', 'What leaves a.out may not fit b.in: payload: needs list, gets record']]);
});

const sqlNode = nodeInfo('query', { replay: 'external', config: { db: fieldInfo('connection', { connection: 'sql', required: true }) } });

test('a connection is named in uses, with the type that the node needs', () => {
  const ofUses = (db: string, uses: Flow['uses'] = {}): unknown[] => found(validateFlow(flowOf({ a: node('query', { db }) }, [], { uses }), catalogOf(sqlNode)));
  expect(ofUses('crm', { crm: 'sql' })).toEqual([]);
  expect(ofUses('crm')).toEqual([['flow.uses-missing', 'a', 'db']]);
  expect(ofUses('toString')).toEqual([['flow.uses-missing', 'a', 'db']]);
  expect(ofUses('crm', { crm: 'mail' })).toEqual([['flow.uses-type', 'a', 'db']]);
  expect(ofUses('', { crm: 'sql' })).toEqual([['field.required', 'a', 'db']]);
  expect(ofUses('crm', { crm: 'sql', x: 'fax' })).toEqual([['connection.unknown-type', 'x', 'uses.x']]);
});

test('what the flow uses must be in the project, when the project is known', () => {
  const flow = flowOf({ a: node('query', { db: 'crm' }) }, [], { uses: { crm: 'sql' } });
  const against = (connections: object | undefined): unknown[] => found(validateFlow(flow, catalogOf(sqlNode), connections ? { connections: connections as never } : {}));
  expect(against(undefined)).toEqual([]);
  expect(against({ crm: { type: 'sql', config: {} } })).toEqual([]);
  expect(against({})).toEqual([['flow.connection-missing', 'crm', 'uses.crm']]);
  expect(against({ crm: { type: 'mail', config: {} } })).toEqual([['flow.connection-type', 'crm', 'uses.crm']]);
});

test('env and secret names that nobody knows are warnings, when the names are known', () => {
  const info = nodeInfo('t', { config: { f: fieldInfo('any', { dynamic: ['$env', '$secret'] }), g: fieldInfo('list', { items: fieldInfo('any', { dynamic: ['$env', '$secret'] }) }) } });
  const flow = flowOf({ a: node('t', { f: { $env: 'REGION' }, g: [{ $env: 'HOST' }, { $secret: 'token' }, { $literal: { $env: 'NOT' } }] }) }, [], { env: { REGION: { type: 'text' } } });
  expect(validateFlow(flow, catalogOf(info))).toEqual([]);
  expect(validateFlow(flow, catalogOf(info), { env: ['HOST'], secrets: ['token'] })).toEqual([]);
  const problems = validateFlow(flow, catalogOf(info), { env: [], secrets: [] });
  expect(found(problems)).toEqual([['flow.env-unknown', 'a', 'g.0'], ['flow.secret-unknown', 'a', 'g.1']]);
  expect(new Set(problems.map((each) => each.level))).toEqual(new Set(['warning']));
});

const loop = (nodes: Flow['nodes'], wires: [string, string][]): unknown[] => validateFlow(flowOf(nodes, wires), catalogOf(source, step, choose, call, nodeInfo('script', { category: 'code' }), nodeInfo('wait', { category: 'time' }))).map(({ code, level, where }) => [code, level, where.node]);

test('a loop of nodes that only compute and never let go is an error', () => {
  expect(loop({ a: node('step'), b: node('step') }, [['a.out', 'b.in'], ['b.out', 'a.in']])).toEqual([['flow.endless-loop', 'error', 'a']]);
  expect(loop({ a: node('step') }, [['a.out', 'a.in']])).toEqual([['flow.endless-loop', 'error', 'a']]);
});

test('a loop with a way out is a warning', () => {
  expect(loop({ a: node('step'), b: node('choose', { rules: [1, 2] }) }, [['a.out', 'b.in'], ['b.rule-1', 'a.in']])).toEqual([['flow.loop', 'warning', 'a']]);
  expect(loop({ a: node('script') }, [['a.out', 'a.in']])).toEqual([['flow.loop', 'warning', 'a']]);
  expect(loop({ a: node('choose', { rules: [1] }) }, [['a.rule-1', 'a.in']])).toEqual([['flow.loop', 'warning', 'a']]); // drops what the rule does not fit
});

test('a loop that waits is a way to poll', () => {
  expect(loop({ a: node('step'), b: node('wait') }, [['a.out', 'b.in'], ['b.out', 'a.in']])).toEqual([]);
});

test('a loop through a node that calls outside is fine; what it is depends on its config', () => {
  const wires: [string, string][] = [['a.out', 'b.in'], ['b.out', 'a.in']];
  expect(loop({ a: node('step'), b: node('call', { method: 'POST' }) }, wires)).toEqual([]);
  expect(loop({ a: node('step'), b: node('call') }, wires)).toEqual([['flow.endless-loop', 'error', 'a']]);
});

test('a disabled node or wire breaks a loop, and each loop is told once', () => {
  expect(loop({ a: node('step'), b: node('step', {}, { disabled: true }) }, [['a.out', 'b.in'], ['b.out', 'a.in']])).toEqual([]);
  const broken = flowOf({ a: node('step'), b: node('step') }, [], { wires: [{ from: 'a.out', to: 'b.in' }, { from: 'b.out', to: 'a.in', disabled: true }] });
  expect(validateFlow(broken, basic)).toEqual([]);
  const two = loop({ a: node('step'), b: node('step'), c: node('step'), d: node('step') }, [['a.out', 'b.in'], ['b.out', 'a.in'], ['b.out', 'c.in'], ['c.out', 'd.in'], ['d.out', 'c.in']]);
  expect(two).toEqual(expect.arrayContaining([['flow.endless-loop', 'error', 'a'], ['flow.endless-loop', 'error', 'c']]));
  expect(two).toHaveLength(2);
});

test('each loop is found with all its nodes, and nothing else is one', () => {
  let seed = 11;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 300; round++) {
    const ids = Array.from({ length: 1 + Math.floor(random() * 7) }, (_, i) => `n${i}`);
    const wires = ids.flatMap((from) => ids.filter(() => random() < 0.22).map((to): [string, string] => [`${from}.out`, `${to}.in`]));
    const problems = validateFlow(flowOf(Object.fromEntries(ids.map((id) => [id, node('step')])), wires), basic);
    const told = problems.map((each) => [...each.message.en.matchAll(/n\d/g)].map(([id]) => id).sort().join()).sort();
    expect(told, JSON.stringify(wires)).toEqual(loopsByReach(ids, wires));
  }
});

/** The slow and obvious way: nodes that reach each other. */
function loopsByReach(ids: readonly string[], wires: readonly [string, string][]): string[] {
  const reach = new Map(ids.map((id) => [id, new Set(wires.filter(([from]) => from === `${id}.out`).map(([, to]) => to.slice(0, -3)))]));
  for (const middle of ids) for (const from of ids) if (reach.get(from)!.has(middle)) for (const to of reach.get(middle)!) reach.get(from)!.add(to);
  const loops = ids.filter((id) => reach.get(id)!.has(id)).map((id) => ids.filter((other) => other === id || (reach.get(id)!.has(other) && reach.get(other)!.has(id))).join());
  return [...new Set(loops)].sort();
}

test('a chain of ten thousand nodes is checked without running out of stack', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `n${i}`);
  const flow = flowOf(Object.fromEntries(ids.map((id) => [id, node('step')])), ids.slice(1).map((id, i) => [`n${i}.out`, `${id}.in`] as const));
  expect(validateFlow(flow, basic)).toEqual([]);
});

test('settings of a disabled node are not checked', () => {
  expect(validateFlow(flowOf({ a: node('rocket', {}, { disabled: true }) }), basic)).toEqual([]);
});

test('a connection of the project is checked by its type', () => {
  const catalog = catalogOf();
  expect(found(validateConnection('crm', { type: 'sql', config: { host: { $env: 'H' }, password: { $secret: 'p' } } }, catalog))).toEqual([]);
  expect(found(validateConnection('crm', { type: 'sql', config: { host: { $env: 'H' }, password: 'open' } }, catalog, { env: [] }))).toEqual([['field.secret-literal', 'crm', 'password'], ['flow.env-unknown', 'crm', 'host']]);
  expect(found(validateConnection('crm', { type: 'sql', config: {} }, catalog))).toEqual([['field.required', 'crm', 'host']]);
  expect(found(validateConnection('crm', { type: 'sql', config: { host: 'h', url: 'postgres://elsewhere' } }, catalog))).toEqual([['connection.unknown-setting', 'crm', 'url']]);
  expect(found(validateConnection('crm', { type: 'sql', config: { host: 'h' }, rate: '5/1s' }, catalog))).toEqual([]);
  expect(found(validateConnection('crm', { type: 'sql', config: { host: 'h' }, rate: 'often' }, catalog))).toEqual([['field.unit', 'crm', '@rate']]);
  expect(found(validateConnection('crm', { type: 'fax', config: {} }, catalog))).toEqual([['connection.unknown-type', 'crm']]);
});

test('no message repeats a secret that stands in the flow as text', () => {
  const info: NodeInfo = nodeInfo('t', { config: { f: fieldInfo('secret') } });
  expect(JSON.stringify(validateFlow(flowOf({ a: node('t', { f: 'hunter2' }) }), catalogOf(info)))).not.toContain('hunter2');
});
