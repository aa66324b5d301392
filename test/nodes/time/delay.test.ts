import { expect, test } from 'vitest';
import delay from '../../../nodes/time/delay.ts';
import { openNode, tryNode } from '../../kit/node-kit.ts';
import { TEST_START } from '../../kit/virtual-time.ts';

const held = async (config: object, payload: unknown = 1): Promise<readonly number[]> => (await tryNode(delay, [{ payload }], { config: { ...config } })).seen.holds.map((due) => due - TEST_START);
const codeOf = async (config: object, payload: unknown = 1): Promise<string | undefined> => (await tryNode(delay, [{ payload }], { config: { ...config } })).failures[0]?.code;

test('a delayed message leaves at its due time, as it was', async () => {
  const node = await openNode(delay, { config: { for: '3d' } });
  await node.send({ payload: { a: 1 } });
  expect(node.trial().emits).toEqual({});
  await node.finish();
  expect([node.clock.now() - TEST_START, node.trial().emits]).toEqual([3 * 86_400_000, { out: [{ payload: { a: 1 } }] }]);
});

test('waits as long as the message says', async () => {
  expect(await held({ for: { $expr: 'payload.wait' } }, { wait: '90s' })).toEqual([90_000]);
  expect(await held({ for: { $expr: 'payload.wait' } }, { wait: 1500 })).toEqual([1500]);
  expect(await codeOf({ for: { $expr: 'payload.wait' } }, { wait: 'soon' })).toBe('config.value');
});

test('waits until an instant, whatever zone it is written in', async () => {
  expect(await held({ mode: 'until', until: '2026-11-23T12:00:05+03:00' })).toEqual([5000]);
  expect(await held({ mode: 'until', until: { $expr: 'payload.at' } }, { at: TEST_START + 7 })).toEqual([7]);
  expect(await held({ mode: 'until', until: { $expr: 'payload.at' } }, { at: new Date(TEST_START + 9) })).toEqual([9]);
});

test('does not guess what an instant without zone or a nonsense means', async () => {
  for (const until of ['2026-11-23T12:00:05', '2026-11-24', 'tomorrow', '', null]) expect(await codeOf({ mode: 'until', until: { $expr: 'payload.at' } }, { at: until }), String(until)).toBe('delay.instant');
});

test('draws a random time within its bounds', async () => {
  const node = await openNode(delay, { config: { mode: 'random', from: '1s', to: '3s' } });
  for (let i = 0; i < 50; i++) await node.send({ payload: i });
  const waits = node.trial().seen.holds.map((due) => due - TEST_START);
  expect(waits.every((wait) => wait >= 1000 && wait <= 3000)).toBe(true);
  expect(new Set(waits).size).toBeGreaterThan(10);
});

test('refuses a wait beyond a year, which is a slip of the unit', async () => expect(await codeOf({ for: '400d' })).toBe('delay.too-long'));
