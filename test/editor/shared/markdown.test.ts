import { expect, test } from 'vitest';
import { parseInline, parseMarkdown } from '../../../editor/shared/markdown.ts';

test('reads headings, paragraphs, lists and code', () => {
  const kinds = parseMarkdown('# Title\n\nTwo lines\nof text.\n\n- one\n- two\n  goes on\n\n```js\nlet a = 1;\n\nreturn a;\n```').map((block) => block.kind);
  expect(kinds).toEqual(['heading', 'paragraph', 'list', 'code']);
});

test('keeps empty lines inside code and joins the lines of an item', () => {
  expect(parseMarkdown('```\na\n\nb\n```')).toEqual([{ kind: 'code', language: '', text: 'a\n\nb' }]);
  expect(parseMarkdown('- one\n  more')).toMatchObject([{ items: [[{ text: 'one more' }]] }]);
});

test('code that is never closed reaches to the end', () => {
  expect(parseMarkdown('```\na\nb')).toEqual([{ kind: 'code', language: '', text: 'a\nb' }]);
});

test('reads a table', () => {
  expect(parseMarkdown('| Port | When |\n|---|---|\n| new | created |')).toMatchObject([{ kind: 'table', head: [[{ text: 'Port' }], [{ text: 'When' }]], rows: [[[{ text: 'new' }], [{ text: 'created' }]]] }]);
});

test('only web addresses become links', () => {
  expect(parseInline('[a](https://example.test/x) [b](javascript:alert(1))')).toEqual([
    { kind: 'link', text: 'a', href: 'https://example.test/x' }, { kind: 'text', text: ' ' }, { kind: 'text', text: '[b](javascript:alert(1)' }, { kind: 'text', text: ')' },
  ]);
});

test('HTML stays text', () => {
  expect(parseInline('<b onclick="x()">hi</b>')).toEqual([{ kind: 'text', text: '<b onclick="x()">hi</b>' }]);
});
