import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { compileTemplate } from '../../../runtime/sdk/template.ts';
import type { NodeFailure } from '../../../runtime/sdk/node-failure.ts';
import type { Body } from '../../../runtime/sdk/message.ts';

const render = (text: string, body: Body, options = {}): string => compileTemplate(text, options).render(body);
const failureOf = (call: () => unknown): NodeFailure => {
  try { call(); } catch (error) { return error as NodeFailure; }
  throw new Error('nothing thrown');
};

test('fills in values from paths', () => {
  expect(render('Dear {{payload.name}}, {{ payload.items[1].n }}{{payload.none}}!', { payload: { name: 'Anna', items: [0, { n: 2 }] } })).toBe('Dear Anna, 2!');
});

test('shows records and lists as JSON and dates as ISO text', () => {
  expect(render('{{a}} {{b}} {{c}} {{d}}', { a: { x: 1 }, b: [1, 2], c: new Date(0), d: null })).toBe('{"x":1} [1,2] 1970-01-01T00:00:00.000Z ');
});

test('escapes as its place needs, and never where the author says raw', () => {
  const body = { v: `<b>"O'N"</b>\n` };
  expect(render('{{v}}', body)).toBe(body.v);
  expect(render('{{v}}|{{{v}}}|{{&v}}', body, { escape: 'html' })).toBe(`&lt;b&gt;&quot;O&#39;N&quot;&lt;/b&gt;\n|${body.v}|${body.v}`);
  expect(JSON.parse(render('{"v":"{{v}}"}', body, { escape: 'json' }))).toEqual(body);
});

test('repeats a section for each item and looks names up outwards', () => {
  expect(render('{{#items}}{{title}}: {{n}}; {{/items}}', { title: 'T', items: [{ n: 1 }, { n: 2 }] })).toBe('T: 1; T: 2; ');
  expect(render('{{#tags}}[{{.}}]{{/tags}}', { tags: ['a', 'b'] })).toBe('[a][b]');
  expect(render('{{#who}}{{name}}{{/who}}', { who: { name: 'Anna' } })).toBe('Anna');
});

test.each([undefined, null, false, '', []])('shows the inverted section and not the section for %j', (x) => {
  expect(render('{{#x}}yes{{/x}}{{^x}}no{{/x}}', { x })).toBe('no');
});

test('leaves no empty line where a section tag or a remark stood alone', () => {
  expect(render('a\n{{#items}}\n- {{.}}\n{{/items}}\n{{! remark }}\nb', { items: [1, 2] })).toBe('a\n- 1\n- 2\nb');
});

test('takes environment values where the message has no env', () => {
  const env = (name: string): string => `<${name}>`;
  expect(render('{{env.HOST}}', {}, { env })).toBe('<HOST>');
  expect(render('{{env.HOST}}', { env: { HOST: 'own' } }, { env })).toBe('own');
});

test('does not show what every JavaScript object inherits', () => {
  expect(render('{{toString}}{{payload.valueOf}}', { payload: {} })).toBe('');
});

test.each([
  ['a\n {{#x}}', 2, 2], ['{{/x}}', 1, 1], ['{{#a}}{{/b}}', 1, 7], ['x {{a b}}', 1, 3], ['x {{', 1, 3], ['{{constructor}}', 1, 1], ['{{}}', 1, 1],
])('refuses %j with line and column', (text, line, column) => {
  const failure = failureOf(() => compileTemplate(text));
  expect([failure.code, failure.details]).toEqual(['template.syntax', { line, column }]);
});

test('stops when the text passes its limit', () => {
  const list = Array.from({ length: 20 }, () => 'x'.repeat(limits.templateBytesMax / 10));
  expect(failureOf(() => render('{{#list}}{{.}}{{/list}}', { list })).code).toBe('template.too-large');
});

test('stops when lists in lists have too many places to fill, though nothing is written', () => {
  const list = Array.from({ length: 200 }, () => 1);
  expect(failureOf(() => render('{{#list}}{{#list}}{{#list}}{{#list}}{{#list}}{{/list}}{{/list}}{{/list}}{{/list}}{{/list}}', { list })).code).toBe('template.too-large');
  expect(failureOf(() => render('{{#list}}{{#list}}{{#list}}{{none}}{{/list}}{{/list}}{{/list}}', { list })).code).toBe('template.too-large');
});
