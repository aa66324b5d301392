import { expect, test } from 'vitest';
import inject from '../../../nodes/source/inject.ts';
import type { Receipt } from '../../../runtime/sdk/index.ts';
import { startSource } from '../../kit/source-kit.ts';
import { TEST_START } from '../../kit/virtual-time.ts';
import { sourceSuite } from '../../suites/source.suite.ts';

sourceSuite(inject, {
  config: { payload: { a: 1 } },
  feed: async (source) => {
    source.press();
    await source.clock.advance(0);
    return undefined;
  },
});

const payloads = (source: { readonly delivered: readonly { readonly body: { readonly payload?: unknown } }[] }): unknown[] => source.delivered.map(({ body }) => body.payload);

test('without a payload it sends the time of each press', async () => {
  const source = await startSource(inject);
  source.press();
  await source.clock.advance(5);
  source.press();
  await source.clock.advance(0);
  expect(payloads(source)).toEqual([TEST_START, TEST_START + 5]);
});

test('an expression and an environment value are worked out at each press', async () => {
  const source = await startSource(inject, { config: { payload: { at: { $expr: '$millis()' }, region: { $env: 'REGION' } }, topic: { $expr: "'t' & 1" } }, env: { REGION: 'RU' } });
  source.press();
  await source.clock.advance(0);
  await source.clock.advance(1000);
  source.press();
  await source.clock.advance(0);
  expect(source.delivered.map(({ body }) => body)).toEqual([{ payload: { at: TEST_START, region: 'RU' }, topic: 't1' }, { payload: { at: TEST_START + 1000, region: 'RU' }, topic: 't1' }]);
});

test('null, false and an empty text are payloads of their own', async () => {
  for (const payload of [null, false, '', 0]) {
    const source = await startSource(inject, { config: { payload } });
    source.press();
    await source.clock.advance(0);
    expect(payloads(source)).toEqual([payload]);
  }
});

test('with an interval it sends by itself, first after one period, until it is stopped', async () => {
  const source = await startSource(inject, { config: { payload: 1, every: '10s' } });
  await source.clock.advance(9_999);
  expect(source.delivered.length).toBe(0);
  await source.clock.advance(20_001);
  expect(source.delivered.length).toBe(3);
  source.stop();
  await source.clock.advance(60_000);
  expect(source.delivered.length).toBe(3);
});

test('a tick waits until the message before it is safe, and is not made up', async () => {
  const { promise, resolve } = Promise.withResolvers<Receipt>();
  const source = await startSource(inject, { config: { payload: 1, every: '1s' }, deliver: () => promise });
  await source.clock.advance(5000);
  expect(source.delivered.length).toBe(1);
  resolve({ runId: 'run', duplicate: false });
  await source.clock.advance(0);
  await source.clock.advance(1000);
  expect(source.delivered.length).toBe(2);
});

test('sends once when the flow starts, if that is wanted', async () => {
  expect(payloads(await startSource(inject, { config: { payload: 'hello', atStart: true } }))).toEqual(['hello']);
});

test('an expression that fails is told in the log and stops nothing', async () => {
  const source = await startSource(inject, { config: { payload: { $expr: `$millis() > ${TEST_START} ? $error("no") : 1` }, every: '1s' } });
  await source.clock.advance(2000);
  expect([source.delivered.length, source.seen.logs.filter((each) => each.level === 'error').length]).toEqual([0, 2]);
});
