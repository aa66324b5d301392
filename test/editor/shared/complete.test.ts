import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { expect, test } from 'vitest';
import type { NodeInfo } from '../../../runtime/flow/node-info.ts';
import { typedInput } from '../../../editor/model/type-words.ts';
import { stepsAfter } from '../../../editor/shared/code/complete.ts';
import type { CodeTyping } from '../../../editor/shared/code/typed.ts';
import { completeTyped } from '../../../editor/shared/code/typed.ts';
import { flowOf } from '../../kit/flow-of.ts';

test('a path is completed step by step, with what stands there', () => {
  const words = [{ path: 'payload', detail: '{2}' }, { path: 'payload.phone', detail: '"+7"' }, { path: 'payload["first name"]' }, { path: 'topic' }];
  expect(stepsAfter(words, '')).toEqual([{ label: 'payload', detail: '{2}' }, { label: 'topic', detail: undefined }]);
  expect(stepsAfter(words, 'payload.ph')).toEqual([{ label: 'phone', detail: '"+7"' }]);
});

test('what nodes before say they send is known before anything came', () => {
  const body = { type: 'record', fields: { payload: { type: 'record', fields: { phone: { type: 'text' }, tags: { type: 'list', optional: true } } } } };
  const infos: { [type: string]: unknown } = { form: { config: {}, outputs: { fixed: { out: { title: { en: '', ru: '' }, body } } } }, plain: { config: {}, outputs: { fixed: { out: { title: { en: '', ru: '' } } } } } };
  const flow = flowOf({ nodes: { a: 'form', b: 'plain', c: 'gone', it: 'plain' }, wires: ['a.out -> it.in', 'b.out -> it.in', 'c.out -> it.in', 'it.out -> b.in'] });
  const typed = typedInput(flow, 'it', (type) => infos[type] as NodeInfo | undefined);
  expect(typed).toEqual([{ path: 'payload', detail: 'record' }, { path: 'payload.phone', detail: 'text' }, { path: 'payload.tags', detail: 'list?' }]);
  expect(typedInput(flow, 'a', (type) => infos[type] as NodeInfo | undefined)).toEqual([]);
});

const typing = { ask: async () => ({ from: 0, entries: [{ label: 'of', kind: 'property', detail: undefined, sort: '1' }] }), marks: async () => [] } as unknown as CodeTyping;
const completed = (code: string) => completeTyped(() => typing)(new CompletionContext(EditorState.create({ doc: code }), code.length, false));

test.each(['msg', 'msg.', 'msg.pay', 'items[0].', 'line1.', 'a1b22.', 'имя', 'msg.payload.им', 'имя2.', 'env.get("'])('types are asked for while a name or member is typed: %s', async (code) => {
  expect(await completed(code)).not.toBeNull();
});

test.each(['12.', 'x = 3.', ' ', 'a +', '('])('nothing is asked for after %s', async (code) => {
  expect(await completed(code)).toBeNull();
});

test('a list of names stays open while letters of any language are typed', async () => {
  const found = await completed('msg.');
  expect(['имя', 'straße', '$x_1', 'a.b', 'a b'].map((text) => (found?.validFor as RegExp).test(text))).toEqual([true, true, true, false, false]);
});
