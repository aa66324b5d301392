import { expect, test } from 'vitest';
import { compileConfig, type ConfigHost } from '../../../runtime/expression/resolve.ts';
import { field } from '../../../runtime/sdk/index.ts';
import type { Computed, NodeFailure, Secret } from '../../../runtime/sdk/index.ts';

const t = (en: string) => ({ en, ru: en });
const host: ConfigHost = {
  env: (name) => ({ REGION: 'RU', COUNT: '3', WAIT: '5m', FLAG: 'true', LIST: '["a"]' })[name],
  secret: async (name) => ({ token: 's3cret' })[name],
};
const compile = (fields: Parameters<typeof compileConfig>[0], config: object, h = host) => compileConfig(fields, config as never, h);
const failureOf = async (call: () => unknown): Promise<NodeFailure> => {
  try { await call(); } catch (error) { return error as NodeFailure; }
  throw new Error('nothing thrown');
};

test('fills in defaults and turns durations and sizes into numbers, once for all messages', async () => {
  const config = await compile({
    wait: field.duration(t('Wait'), { default: '1m' }), size: field.size(t('Size')), name: field.text(t('Name'), { default: 'x' }), none: field.text(t('None')),
  }, { size: '64KB' });
  expect(config.static).toBe(true);
  expect(config.value({})).toEqual({ wait: 60_000, size: 65_536, name: 'x', none: undefined });
  expect(config.value({ payload: 1 })).toBe(config.value({ payload: 2 }));
  expect(Object.isFrozen(config.value({}))).toBe(true);
});

test('resolves environment values with the type of the field', async () => {
  const config = await compile({
    region: field.text(t('Region')), count: field.integer(t('Count')), wait: field.duration(t('Wait')), flag: field.boolean(t('Flag')), list: field.list(t('List'), field.text(t('Item'))), spare: field.text(t('Spare'), { default: 'd' }),
  }, { region: { $env: 'REGION' }, count: { $env: 'COUNT' }, wait: { $env: 'WAIT' }, flag: { $env: 'FLAG' }, list: { $env: 'LIST' }, spare: { $env: 'NOT_SET' } });
  expect(config.value({})).toEqual({ region: 'RU', count: 3, wait: 300_000, flag: true, list: ['a'], spare: 'd' });
});

test('works plain paths and templates out at once, for each message', async () => {
  const config = await compile({ name: field.text(t('Name')), line: field.text(t('Line')), fixed: field.text(t('Fixed')), count: field.integer(t('Count'), { default: 7 }) }, {
    name: { $expr: 'payload.name' }, line: { $template: 'Dear {{payload.name}} in {{env.REGION}}' }, fixed: 'f', count: { $expr: 'payload.count' },
  });
  expect(config.static).toBe(false);
  expect(config.value({ payload: { name: 'Anna' } })).toEqual({ name: 'Anna', line: 'Dear Anna in RU', fixed: 'f', count: 7 });
  expect(config.atDeploy).toEqual({ name: undefined, line: undefined, fixed: 'f', count: undefined });
});

test('waits for expressions wherever they stand: in lists, records, maps and free JSON', async () => {
  const config = await compile({
    list: field.list(t('List'), field.any(t('Item'))), map: field.map(t('Map'), field.text(t('Value'))),
    record: field.record(t('Record'), { n: field.number(t('N')), m: field.number(t('M'), { default: 1 }) }), json: field.json(t('JSON')), marked: field.json(t('Marked')),
  }, {
    list: [1, { $expr: 'payload.n + 1' }], map: { a: { $expr: 'payload.n * 2' } }, record: { n: { $expr: 'payload.n' } },
    json: { deep: [{ x: { $expr: 'payload.n - 1' } }] }, marked: { $literal: { x: { $expr: 'as it is' } } },
  });
  expect(await config.value({ payload: { n: 5 } })).toEqual({
    list: [1, 6], map: { a: '10' }, record: { n: 5, m: 1 }, json: { deep: [{ x: 4 }] }, marked: { x: { $expr: 'as it is' } },
  });
  expect(await config.value({ payload: { n: 6 } })).toMatchObject({ list: [1, 7] });
});

test('gives secrets as sealed values', async () => {
  const config = await compile({ token: field.secret(t('Token')), headers: field.map(t('Headers'), field.any(t('Value'))) }, { token: { $secret: 'token' }, headers: { a: { $secret: 'token' } } });
  const value = config.value({}) as { token: Secret; headers: { a: Secret } };
  expect([value.token.reveal(), value.headers.a.reveal()]).toEqual(['s3cret', 's3cret']);
  expect(JSON.stringify(value)).not.toContain('s3cret');
});

test('leaves lazy fields to the node', async () => {
  const config = await compile({ of: field.expression(t('Of'), { default: 'payload' }), to: field.computed(t('To')), sum: field.computed(t('Sum')) }, { to: 5, sum: { $expr: 'payload.n + 1' } });
  expect(config.static).toBe(true);
  const { of, to, sum } = config.value({}) as { of: Computed; to: Computed; sum: Computed };
  expect([of.evaluate({ payload: 'p' }), to.constant, await sum.evaluate({ payload: { n: 1 } }), sum.constant]).toEqual(['p', { value: 5 }, 2, undefined]);
});

test('does not ask for fields that are hidden', async () => {
  const fields = {
    mode: field.choice(t('Mode'), [{ value: 'a', title: t('A') }, { value: 'b', title: t('B') }] as const, { default: 'a' }),
    only: field.integer(t('Only'), { required: true, visible: { field: 'mode', is: ['b'] } }),
  };
  expect((await compile(fields, { only: 'left over' })).value({})).toEqual({ mode: 'a', only: undefined });
  expect((await failureOf(() => compile(fields, { mode: 'b' }))).details).toEqual({ field: 'only' });
});

test.each([
  ['a required value that is missing', field.text(t('F'), { required: true }), undefined, undefined],
  ['text for a number', field.integer(t('F')), 'many', '"many"'],
  ['a number beyond its bound', field.integer(t('F'), { max: 5 }), 6, '6'],
  ['a duration without unit', field.duration(t('F')), '5', '"5"'],
  ['an environment value that is not set', field.text(t('F')), { $env: 'NOPE' }, undefined],
  ['a secret that does not exist', field.secret(t('F')), { $secret: 'nope' }, undefined],
  ['a choice that is none', field.choice(t('F'), [{ value: 'a', title: t('A') }] as const), 'b', '"b"'],
  ['an object with a stray $ key', field.json(t('F')), { $expr: 'x', other: 1 }, '{"$expr":"x","other":1}'],
])('fails with the field and what it got: %s', async (_, f, value, got) => {
  const failure = await failureOf(() => compile({ f }, value === undefined ? {} : { f: value }));
  expect(failure.code).toBe('config.value');
  expect(failure.details).toEqual({ field: 'f', ...(got !== undefined && { got }) });
});

test('fails for the one message whose expression gives what the field cannot use', async () => {
  const config = await compile({ list: field.list(t('L'), field.record(t('R'), { n: field.integer(t('N')) })) }, { list: [{ n: { $expr: 'payload.n' } }] });
  expect(config.value({ payload: { n: 1 } })).toEqual({ list: [{ n: 1 }] });
  expect((await failureOf(() => config.value({ payload: { n: 'x' } }))).details).toEqual({ field: 'list.0.n', got: '"x"' });
});

test('never shows a secret or personal value in a failure', async () => {
  const personal = field.integer(t('F'), { personal: true });
  expect((await failureOf(() => compile({ personal }, { personal: '+7 000 123' }))).message).not.toContain('123');
});
