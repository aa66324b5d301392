import { expect, test } from 'vitest';
import { previewValue } from '../../../editor/inspector/preview.ts';

const ground = { env: [{ name: 'REGION', value: 'RU' }], body: { payload: { phone: '+7 900', items: [{ price: 2 }, { price: 3 }] } } };

test('shows an environment value as it is, and nothing for an unknown one', async () => {
  expect(await previewValue({ $env: 'REGION' }, ground)).toEqual({ kind: 'value', value: 'RU', ofMessage: false });
  expect(await previewValue({ $env: 'NONE' }, ground)).toBeUndefined();
});

test('evaluates an expression on the last message', async () => {
  expect(await previewValue({ $expr: '$sum(payload.items.price)' }, ground)).toEqual({ kind: 'value', value: 5, ofMessage: true });
  expect(await previewValue({ $expr: "$env('REGION')" }, ground)).toMatchObject({ value: 'RU' });
});

test('says why an expression cannot be evaluated', async () => {
  expect(await previewValue({ $expr: 'payload.(' }, ground)).toMatchObject({ kind: 'failed' });
});

test('an endless expression ends', async () => {
  expect(await previewValue({ $expr: '($f := function($x) { $f($x + 1) }; $f(0))' }, ground)).toMatchObject({ kind: 'failed' });
});

test('fills plain templates and leaves sections to the runtime', async () => {
  expect(await previewValue({ $template: 'Call {{payload.phone}} in {{env.REGION}}' }, ground)).toMatchObject({ value: 'Call +7 900 in RU' });
  expect(await previewValue({ $template: '{{#payload.items}}x{{/payload.items}}' }, ground)).toBeUndefined();
});

test('without a message there is no value, and secrets never have one', async () => {
  expect(await previewValue({ $expr: '1 + 1' }, { env: [], body: undefined })).toBeUndefined();
  expect(await previewValue({ $secret: 'crm.token' }, ground)).toBeUndefined();
});
