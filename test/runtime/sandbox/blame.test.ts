import { expect, test } from 'vitest';
import type { BatchCall } from '../../../runtime/sandbox/link.ts';
import { SandboxedFunction, type Carrier } from '../../../runtime/sandbox/sandboxed-function.ts';

const ENDED = { reason: 'broken', message: 'ended by SIGKILL', ended: true } as const;

/** A function whose first process ended with all that was in it; `alone` says how each call in the process for suspects goes. */
function suspected(alone: (call: BatchCall, count: number) => void): { call(count: number): Promise<readonly string[]>; readonly calls: () => number } {
  let calls = 0;
  let ended = false;
  const carrier: Carrier = {
    together(call) {
      if (ended) { answer(call); return; }
      ended = true;
      call.failed({ reason: 'suspect', message: 'ended by SIGKILL' });
    },
    alone: (call) => { alone(call, ++calls); },
    closed: () => undefined,
  };
  const definition = { cell: '', memoryMb: 8, timeoutMs: 100, plain: true, asks: false, sources: [], guest: '' };
  const fn = new SandboxedFunction<string>({ id: 1, definition, keys: null, usesId: false, read: String, failed: (code, { message }) => `${code}: ${message}` }, carrier);
  return { call: (count) => fn.call(Array.from({ length: count }, (_, i) => ({ id: '', nowMs: 0, body: { payload: i } }))), calls: () => calls };
}
function answer(call: BatchCall): void { call.take((JSON.parse(call.text()) as [string, number, { payload: number }][]).map(([, , { payload }]) => payload), true); }

test('a message whose process for suspects was ended too, by something else, is run there once more and not blamed', async () => {
  const fn = suspected((call, count) => { if (count === 1) call.failed(ENDED); else answer(call); });
  expect(await fn.call(3)).toEqual(['0', '1', '2']);
  expect(fn.calls()).toBe(4);
});

test('a message that ends a process twice while it is alone in it is to blame, and no other', async () => {
  const fn = suspected((call) => { if (call.text().includes('"payload":1')) call.failed(ENDED); else answer(call); });
  expect(await fn.call(3)).toEqual(['0', 'crashed: ended by SIGKILL', '2']);
  expect(fn.calls()).toBe(4);
});

test('a message that took too much memory there is to blame at once', async () => {
  const fn = suspected((call) => { if (call.text().includes('"payload":1')) call.failed({ reason: 'memory', ended: true }); else answer(call); });
  expect(await fn.call(3)).toEqual(['0', 'memory: undefined', '2']);
  expect(fn.calls()).toBe(3);
});
