import { expect, test } from 'vitest';
import debug from '../../../nodes/sink/debug.ts';
import { tryNode } from '../../kit/node-kit.ts';

const shown = async (config: { readonly [field: string]: unknown }): Promise<unknown> => (await tryNode(debug, [{ payload: { price: 5 }, topic: 't' }], { config })).seen.debug;

test('shows a part, the whole message or an expression', async () => {
  expect(await shown({})).toEqual([{ label: 'payload', value: { price: 5 } }]);
  expect(await shown({ path: 'payload.price' })).toEqual([{ label: 'payload.price', value: 5 }]);
  expect(await shown({ show: 'message' })).toEqual([{ label: 'message', value: { payload: { price: 5 }, topic: 't' } }]);
  expect(await shown({ show: 'expression', value: { $expr: 'payload.price * 2' } })).toEqual([{ label: 'expression', value: 10 }]);
});

test('shows nothing where it is off or the part is missing from the message', async () => {
  expect(await shown({ active: false })).toEqual([]);
  expect(await shown({ path: 'payload.none' })).toEqual([{ label: 'payload.none', value: undefined }]);
});
