import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LastMessages } from '../../../runtime/api/contract.ts';
import { LastMessagesOf } from '../../../editor/inspector/last-messages.svelte.ts';

let answers: ((answer: LastMessages) => void)[];
beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  vi.stubGlobal('fetch', () => new Promise((resolve) => { answers.push((answer) => resolve(Response.json(answer))); }));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const came = (at: number, runId = `run-${at}`): LastMessages => ({ input: { at, runId, body: { payload: at } }, outputs: {} }) as unknown as LastMessages;
async function read(last: LastMessagesOf, ...each: LastMessages[]): Promise<void> {
  for (const answer of each) {
    last.refresh();
    answers.at(-1)?.(answer);
    await vi.advanceTimersByTimeAsync(800);
  }
}
const seen = (last: LastMessagesOf): unknown[] => last.recent.map(({ at, runId }) => `${at} ${runId}`);

test('it is asked once, and once more after a while however often the node has worked', async () => {
  const last = new LastMessagesOf('orders', 'count');
  for (let i = 0; i < 3; i++) last.refresh();
  expect(answers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(800);
  expect(answers).toHaveLength(2);
});

test('the last five messages that were seen are kept, each once', async () => {
  const last = new LastMessagesOf('orders', 'count');
  await read(last, came(1), came(1), came(1, 'other'), came(2));
  expect(seen(last)).toEqual(['1 run-1', '1 other', '2 run-2']);
  await read(last, came(3), came(4), came(5));
  expect(seen(last)).toEqual(['1 other', '2 run-2', '3 run-3', '4 run-4', '5 run-5']);
});

test('an answer that comes after a later one is not taken', async () => {
  const last = new LastMessagesOf('orders', 'count');
  last.refresh();
  await vi.advanceTimersByTimeAsync(800);
  last.refresh();
  answers[1]?.(came(2));
  await vi.advanceTimersByTimeAsync(0);
  answers[0]?.(came(1));
  await vi.advanceTimersByTimeAsync(0);
  expect([last.input?.at, seen(last)]).toEqual([2, ['2 run-2']]);
});

test('nothing is taken after it was closed', async () => {
  const last = new LastMessagesOf('orders', 'count');
  last.refresh();
  last.close();
  answers[0]?.(came(1));
  await vi.advanceTimersByTimeAsync(2000);
  expect([last.input, last.isLoaded]).toEqual([undefined, false]);
});
