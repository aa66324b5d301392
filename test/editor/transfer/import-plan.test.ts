import { expect, test } from 'vitest';
import { canonicalFlow } from '../../../runtime/flow/canonical.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import type { CatalogInfo } from '../../../runtime/flow/node-info.ts';
import { firstChoices, idProblem, planImport } from '../../../editor/transfer/import-plan.ts';

const title = { en: 'x', ru: 'x' };
const catalog = { nodes: { save: { config: { db: { kind: 'connection', connection: 'sql', title }, note: { kind: 'text', title } } } }, connections: {} } as unknown as CatalogInfo;
const flow = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', uses: { 'crm-db': 'sql' }, wires: [], layout: {},
  nodes: { n: { type: 'save', version: 1, config: { db: 'crm-db', note: 'crm-db' } } },
});

test('one new flow goes as it came, to the byte', () => {
  const text = canonicalFlow(flow('a'));
  expect(planImport(text, { flows: { a: { kind: 'new', id: 'a' } }, connections: {} }, catalog)).toEqual({ text, replacements: [] });
});

test('a renamed flow changes its id only', () => {
  const { text } = planImport(canonicalFlow(flow('a')), { flows: { a: { kind: 'new', id: 'b' } }, connections: {} }, catalog);
  expect(JSON.parse(text ?? '')).toEqual({ ...flow('a'), id: 'b' });
});

test('a mapped connection changes in connection fields and in uses, and nowhere else', () => {
  const { text } = planImport(canonicalFlow(flow('a')), { flows: { a: { kind: 'new', id: 'a' } }, connections: { 'crm-db': 'production' } }, catalog);
  expect(JSON.parse(text ?? '')).toMatchObject({ uses: { production: 'sql' }, nodes: { n: { config: { db: 'production', note: 'crm-db' } } } });
});

test('of a bundle new flows go in one step, replaced ones by themselves, skipped ones not at all', () => {
  const bundle = JSON.stringify({ format: 'millrace.export/1', flows: [flow('a'), flow('b'), flow('c')], connections: { 'crm-db': { type: 'sql', config: {} } } });
  const plan = planImport(bundle, { flows: { a: { kind: 'new', id: 'a' }, b: { kind: 'replace' }, c: { kind: 'skip' } }, connections: {} }, catalog);
  const sent = JSON.parse(plan.text ?? '') as { flows: Flow[]; connections: object };
  expect(sent.flows.map(({ id }) => id)).toEqual(['a']);
  expect(Object.keys(sent.connections)).toEqual(['crm-db']);
  expect(plan.replacements.map(({ id }) => id)).toEqual(['b']);
});

test('a taken id becomes a free one, an odd one is refused', () => {
  const answer = { flows: [{ id: 'a', exists: true }, { id: 'b', exists: false }] } as never;
  expect(firstChoices(answer, (id) => `${id}-2`)).toEqual({ a: { kind: 'new', id: 'a-2' }, b: { kind: 'new', id: 'b' } });
  expect([idProblem('a', ['a']), idProblem('Лид', []), idProblem('a-2', ['a'])]).toEqual(['taken', 'form', undefined]);
});
