import { expect, test } from 'vitest';
import type { NodeInfo } from '../../../runtime/flow/node-info.ts';
import { searchNodes } from '../../../editor/model/search.ts';

const info = (type: string, en: string, ru: string, keywords: string[] = []): NodeInfo => ({
  type, version: 1, role: 'action', title: { en, ru }, category: 'logic', icon: 'box', summary: { en: 'Does a thing', ru: 'Делает дело' }, help: { en: '', ru: '' }, replay: 'pure', config: {}, inputs: {}, outputs: { fixed: {} }, examples: [], keywords,
});
const nodes = [info('http-request', 'HTTP request', 'HTTP-запрос', ['fetch', 'rest']), info('webhook-in', 'Webhook in', 'Входящий веб-хук'), info('sql-query', 'SQL query', 'Запрос SQL', ['postgres', 'database'])];
const found = (query: string, language: 'en' | 'ru' = 'en') => searchNodes(nodes, query, language).map((each) => each.type);

test('an empty query answers all, in their order', () => {
  expect(found('')).toEqual(['http-request', 'webhook-in', 'sql-query']);
});

test('the beginning of a title wins over the middle', () => {
  expect(found('запрос', 'ru')).toEqual(['sql-query', 'http-request']);
});

test('people search in either language', () => {
  expect(found('вебхук')).toEqual(['webhook-in']);
  expect(found('веб-хук')).toEqual(['webhook-in']);
  expect(found('webhook', 'ru')).toEqual(['webhook-in']);
});

test('other words for the same thing are found', () => {
  expect(found('postgres')).toEqual(['sql-query']);
  expect(found('fetch')).toEqual(['http-request']);
});

test('every word must be found', () => {
  expect(found('sql query')).toEqual(['sql-query']);
  expect(found('sql request')).toEqual([]);
});

test('a few letters in order are enough', () => {
  expect(found('whk')).toEqual(['webhook-in']);
});
