import { expect, test } from 'vitest';
import { parseConnections, parseFlow } from '../../../runtime/flow/parse.ts';
import type { Problem } from '../../../runtime/flow/flow.ts';
import { readJson } from '../../../runtime/flow/json-text.ts';
import { flowOf, node } from './catalog.ts';

const codes = (problems: readonly Problem[]): string[] => problems.map((each) => each.code);
const parse = (flow: unknown): ReturnType<typeof parseFlow> => parseFlow(JSON.stringify(flow));

test.each([
  ['{"a":1,\n "b":}', 2, 6],
  ['{"a":1,\n}', 1, 7],
  ['{"a" 1}', 1, 6],
  ['{"a":1 "b":2}', 1, 8],
  ["{'a':1}", 1, 2],
  ['{"a":"x\ny"}', 1, 6],
  ['[1,2', 1, 5],
  ['', 1, 1],
  ['{} x', 1, 4],
  ['{"a":01}', 1, 7],
  ['{"a":"\\q"}', 1, 6],
  ['// flow\n{}', 1, 1],
])('broken JSON %j is refused with its line and column', (text, line, column) => {
  const { value, problems } = parseFlow(text);
  expect(value).toBeUndefined();
  expect(codes(problems)).toEqual(['flow.json']);
  expect(problems[0]!.where).toEqual({ line, column });
});

test('the reader of JSON agrees with JSON.parse on what is JSON', () => {
  const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"\\u00e9"', '1', '-0.5e+3', 'true', 'null', ' ', '\n', '"', '\\', 'x', '0'];
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  let valid = 0;
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 7) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
    const accepted = readJson(text).error === undefined;
    expect(accepted, JSON.stringify(text)).toBe(isJson(text));
    if (accepted) valid++;
  }
  expect(valid).toBeGreaterThan(500); // else the generator made nothing but rubbish
});

function isJson(text: string): boolean {
  try { JSON.parse(text); return true; } catch { return false; }
}

test('text of a megabyte and deep nesting are read without harm', () => {
  expect(codes(parse(flowOf({ a: node('t', { x: 'é"'.repeat(500_000) }) })).problems)).toEqual([]);
  const deep = parseFlow(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  expect(codes(deep.problems)).toEqual(['flow.json']);
});

test('a byte order mark before the text does no harm', () => {
  expect(parseFlow(`\ufeff${JSON.stringify(flowOf({}))}`).problems).toEqual([]);
});

test('unknown keys are kept everywhere and are no problem', () => {
  const coloured = { ...node('future', { $new: 1 }), colour: 'red' };
  const flow = { ...flowOf({ a: coloured }), folder: ['x'], wires: [{ from: 'a.out', to: 'a.in', bend: 3 }] };
  expect(parse(flow)).toEqual({ value: flow, problems: [] });
});

test('everything wrong is told at once, each at its place', () => {
  const { value, problems } = parse({
    format: 'millrace.flow/1', id: 'Bad id', delivery: 'fast', layout: { a: [1] },
    nodes: { a: { type: 1, config: {} }, B: { type: 't', version: 1, config: {} } },
    wires: [{ from: 'a', to: 'b.in' }, { from: 'a.out', to: 'b.in', whenFull: 'explode' }],
    env: { '1X': { type: 'text' } },
  });
  expect(value).toBeUndefined();
  const found = problems.map(({ code, where }) => [code, where.node ?? where.wire ?? where.field, where.node || where.wire ? where.field : undefined]);
  expect(found).toEqual(expect.arrayContaining([
    ['flow.shape', undefined, undefined], // name is missing in the document itself
    ['flow.id', 'id', undefined],
    ['flow.shape', 'delivery', undefined],
    ['flow.shape', 'layout.a', undefined],
    ['flow.shape', 'a', '@type'],
    ['flow.shape', 'a', undefined],
    ['flow.id', 'B', undefined],
    ['flow.id', 'a->b.in', 'from'],
    ['flow.shape', 'a.out->b.in', 'whenFull'],
    ['flow.id', 'env.1X', undefined],
  ]));
  expect(found).toHaveLength(10);
  expect(problems.find((each) => each.where.field === 'delivery')!.fix.en).toBe('Use "durable", "memory".');
});

test('a bad unit or range does not keep the flow from being read', () => {
  const flow = flowOf({ a: node('t', {}, { timeout: 'soon', concurrency: 0 }) });
  expect(parse(flow)).toEqual({ value: flow, problems: [] });
});

test('a wire that stands twice is told, and the flow can still be looked at', () => {
  const { value, problems } = parse(flowOf({}, [['a.out', 'b.in'], ['a.out', 'b.in']]));
  expect(value).toBeDefined();
  expect(problems.map(({ code, where }) => [code, where.wire])).toEqual([['flow.duplicate-wire', 'a.out->b.in']]);
});

test('a node that stands twice in the text is told, because JSON.parse would lose it', () => {
  const text = JSON.stringify(flowOf({ a: node('t') })).replace('"nodes":{', '"nodes":{\n"a":{"type":"u","version":1,"config":{}},');
  const { value, problems } = parseFlow(text);
  expect(value?.nodes['a']?.type).toBe('t');
  expect(problems.map(({ code, level }) => [code, level])).toEqual([['flow.duplicate-key', 'error']]);
});

test('a number that cannot be held exactly is a warning', () => {
  const { problems } = parseFlow(JSON.stringify(flowOf({ a: node('t', { inn: 1 }) })).replace('"inn":1', '"inn":9007199254740993'));
  expect(problems.map(({ code, level }) => [code, level])).toEqual([['flow.number-rounded', 'warning']]);
});

test('Node-RED JSON is recognised and answered with the node types that it holds', () => {
  const red = [{ id: '1', type: 'tab' }, { id: '2', type: 'inject', z: '1', wires: [['3']] }, { id: '3', type: 'mqtt in', z: '1', wires: [] }, { id: '4', type: 'inject', z: '1', wires: [] }];
  const { problems } = parse(red);
  expect(codes(problems)).toEqual(['flow.node-red']);
  expect(problems[0]!.message.en).toContain('inject × 2, mqtt in, tab');
});

test.each([
  [{ nodes: [], connections: {} }, 'flow.not-a-flow'],
  [[1, 2], 'flow.not-a-flow'],
  [[{ id: '1', type: 'invoice' }], 'flow.not-a-flow'],
  ['text', 'flow.not-a-flow'],
  [null, 'flow.not-a-flow'],
  [{ format: 'millrace.export/1', flows: [] }, 'flow.not-a-flow'],
  [{ format: 'millrace.flow/2', id: 'x' }, 'flow.newer-format'],
])('a document of another kind gets one friendly problem: %j', (document, code) => {
  expect(codes(parse(document).problems)).toEqual([code]);
});

test('a flow without its format line is told so, and not called foreign', () => {
  const { format: _format, ...rest } = flowOf({});
  expect(parse(rest).problems.map((each) => each.message.en)).toEqual(['the document: "format" is missing']);
});

test('connections are read with every problem at its connection', () => {
  const { value, problems } = parseConnections('{"crm-db":{"type":"sql","config":{"host":{"$env":"H"}}},"Bad":{"type":3}}');
  expect(value).toBeUndefined();
  expect(problems.map(({ code, where }) => [code, where.connection, where.field])).toEqual(expect.arrayContaining([
    ['flow.id', 'Bad', undefined], ['connections.shape', 'Bad', undefined], ['connections.shape', 'Bad', '@type'],
  ]));
  expect(parseConnections('{"crm-db":{"type":"sql","config":{}}}').problems).toEqual([]);
  expect(codes(parseConnections('{,}').problems)).toEqual(['connections.json']);
});

test('every problem is told in both languages', () => {
  const all = [...parse({ nodes: {}, wires: {}, id: 1 }).problems, ...parseFlow('{').problems, ...parse([]).problems];
  for (const each of all) for (const words of [each.message, each.fix]) expect(words.ru).toMatch(/[а-я]/);
});
