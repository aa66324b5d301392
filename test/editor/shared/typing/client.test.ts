import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TypeClient } from '../../../../editor/shared/typing/client.ts';
import type { FromWorker, NodeCode, ToWorker } from '../../../../editor/shared/typing/protocol.ts';

const CODE: NodeCode = { language: 'typescript', code: 'msg', setup: '', modules: [], imports: {}, message: '', env: '', settings: {} };
const of = { node: CODE, field: 'code' } as const;

/** A worker that answers when the test says so. */
class FakeWorker {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  isGone = false;
  readonly asked: ToWorker[] = [];
  postMessage(message: ToWorker): void { this.asked.push(message); }
  terminate(): void { this.isGone = true; }
  say(answer: Omit<FromWorker, 'id'>, at: number): void { this.onmessage?.({ data: { id: this.asked[at]?.id ?? 0, ...answer } }); }
}

let workers: FakeWorker[];
let client: TypeClient;
beforeEach(() => {
  vi.useFakeTimers();
  workers = [];
  client = new TypeClient('ru', (language) => {
    expect(language).toBe('ru');
    const worker = new FakeWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  });
});
afterEach(() => { vi.useRealTimers(); });

test('one worker answers all questions, each to whoever asked it', async () => {
  const [marks, hover] = [client.ask(of, { ask: 'marks' }), client.ask(of, { ask: 'hover', at: 1 })];
  expect(workers).toHaveLength(1);
  expect(workers[0]?.asked.map(({ question, field }) => [question.ask, field])).toEqual([['marks', 'code'], ['hover', 'code']]);
  workers[0]?.say({}, 1);
  workers[0]?.say({ answer: [] }, 0);
  expect(await Promise.all([marks, hover])).toEqual([[], undefined]);
});

test('a worker that cannot be loaded fails what was asked, and is made anew for the next question', async () => {
  const asked = client.ask(of, { ask: 'marks' });
  workers[0]?.onerror?.({ message: '' });
  await expect(asked).rejects.toThrow('the worker could not be loaded');
  expect(workers[0]?.isGone).toBe(true);
  const again = client.ask(of, { ask: 'marks' });
  workers[1]?.say({ answer: [] }, 0);
  expect(await again).toEqual([]);
});

test('what goes wrong with one question fails that one only', async () => {
  const [one, other] = [client.ask(of, { ask: 'marks' }), client.ask(of, { ask: 'marks' })];
  workers[0]?.say({ failed: 'Debug Failure' }, 0);
  await expect(one).rejects.toThrow('Debug Failure');
  workers[0]?.say({ answer: [] }, 1);
  expect(await other).toEqual([]);
});

test('types that never end are given up after half a minute', async () => {
  const asked = expect(client.ask(of, { ask: 'marks' })).rejects.toThrow('no answer in 30 s');
  await vi.advanceTimersByTimeAsync(30_000);
  await asked;
  expect(workers[0]?.isGone).toBe(true);
});

test('a worker that nobody asks for five minutes is let go', async () => {
  const asked = client.ask(of, { ask: 'marks' });
  workers[0]?.say({ answer: [] }, 0);
  await asked;
  await vi.advanceTimersByTimeAsync(299_000);
  expect(workers[0]?.isGone).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(workers[0]?.isGone).toBe(true);
});

test('each question puts that off', async () => {
  for (let at = 0; at < 3; at++) {
    const asked = client.ask(of, { ask: 'marks' });
    workers[0]?.say({ answer: [] }, at);
    await asked;
    await vi.advanceTimersByTimeAsync(200_000);
    expect([workers.length, workers[0]?.isGone]).toEqual([1, false]);
  }
});
