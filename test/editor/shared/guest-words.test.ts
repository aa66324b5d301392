import { expect, test } from 'vitest';
import type { NodeInfo } from '../../../runtime/flow/node-info.ts';
import { typedInput } from '../../../editor/model/type-words.ts';
import { stepsAfter } from '../../../editor/shared/code/complete.ts';
import { guestNames } from '../../../editor/shared/fields/guest-api.ts';
import { guestWords } from '../../../editor/shared/fields/guest-words.ts';
import { flowOf } from '../../kit/flow-of.ts';

const labels = (typed: string, words = guestWords([{ path: 'payload', detail: '{2}' }, { path: 'payload.phone', detail: '"+7"' }], ['REGION'])): string[] => stepsAfter(words, typed).map(({ label }) => label);

test('each object of the sandbox is completed with its members and a line on each', () => {
  expect(labels('')).toEqual(expect.arrayContaining(['msg', 'node', 'env', 'context', 'flow', 'global', 'RED', 'Buffer', 'URL', 'crypto']));
  expect(labels('RED.')).toEqual(['util']);
  expect(labels('flow.')).toEqual(['get', 'set', 'keys', 'update']);
  expect(labels('node.')).toContain('status');
  for (const { path, about } of guestNames) expect([path, about.en.endsWith('.'), /[а-я]/.test(about.ru)]).toEqual([path, true, true]);
});

test('fields of the message stand with what came in them, each once, and an environment name brings its call', () => {
  expect(labels('msg.').toSorted()).toEqual(['payload', 'topic']);
  expect(labels('msg.payload.')).toEqual(['phone']);
  expect(stepsAfter(guestWords([], ['REGION']), 'env.')).toContainEqual(expect.objectContaining({ label: 'REGION', apply: 'get("REGION")' }));
});

test('what nodes before say they send is known before anything came', () => {
  const body = { type: 'record', fields: { payload: { type: 'record', fields: { phone: { type: 'text' }, tags: { type: 'list', optional: true } } } } };
  const infos: { [type: string]: unknown } = { form: { config: {}, outputs: { fixed: { out: { title: { en: '', ru: '' }, body } } } }, plain: { config: {}, outputs: { fixed: { out: { title: { en: '', ru: '' } } } } } };
  const flow = flowOf({ nodes: { a: 'form', b: 'plain', c: 'gone', it: 'plain' }, wires: ['a.out -> it.in', 'b.out -> it.in', 'c.out -> it.in', 'it.out -> b.in'] });
  const typed = typedInput(flow, 'it', (type) => infos[type] as NodeInfo | undefined);
  expect(typed).toEqual([{ path: 'payload', detail: 'record' }, { path: 'payload.phone', detail: 'text' }, { path: 'payload.tags', detail: 'list?' }]);
  expect(typedInput(flow, 'a', (type) => infos[type] as NodeInfo | undefined)).toEqual([]);
});
