import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import type { BatchCall } from '../../../runtime/sandbox/link.ts';
import { SandboxedFunction, type Carrier } from '../../../runtime/sandbox/sandboxed-function.ts';
import type { SandboxMessage } from '../../../runtime/sdk/index.ts';

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
    apart: answer,
    alone: (call) => { alone(call, ++calls); },
    closed: () => undefined,
  };
  const definition = { cell: '', memoryMb: 8, timeoutMs: 100, plain: true, asks: false, sources: [], guest: '' };
  const fn = new SandboxedFunction<string>({ id: 1, definition, keys: null, usesId: false, read: String, failed: (code, { message }) => `${code}: ${message}` }, carrier);
  return { call: (count) => fn.call(Array.from({ length: count }, (_, i) => ({ id: '', nowMs: 0, body: { payload: i } }))), calls: () => calls };
}
function answer(call: BatchCall): void { call.take((JSON.parse(call.text().join('')) as [string, number, { payload: number }][]).map(([, , { payload }]) => payload), true); }

test('a message whose process for suspects was ended too, by something else, is run there once more and not blamed', async () => {
  const fn = suspected((call, count) => { if (count === 1) call.failed(ENDED); else answer(call); });
  expect(await fn.call(3)).toEqual(['0', '1', '2']);
  expect(fn.calls()).toBe(4);
});

test('a message that ends a process twice while it is alone in it is to blame, and no other', async () => {
  const fn = suspected((call) => { if (call.text().join('').includes('"payload":1')) call.failed(ENDED); else answer(call); });
  expect(await fn.call(3)).toEqual(['0', 'crashed: ended by SIGKILL', '2']);
  expect(fn.calls()).toBe(4);
});

test('a message that took too much memory there is to blame at once', async () => {
  const fn = suspected((call) => { if (call.text().join('').includes('"payload":1')) call.failed({ reason: 'memory', ended: true }); else answer(call); });
  expect(await fn.call(3)).toEqual(['0', 'memory: undefined', '2']);
  expect(fn.calls()).toBe(3);
});

/** A function whose calls wait until the test lets them through; `seen` tells the way of each. */
function watched(): { readonly fn: SandboxedFunction<string>; readonly seen: string[]; readonly next: (end?: (call: BatchCall) => void) => void } {
  const seen: string[] = [];
  const open: BatchCall[] = [];
  const on = (way: string) => (call: BatchCall): void => {
    seen.push(way);
    open.push(call);
  };
  const definition = { cell: '', memoryMb: 8, timeoutMs: 100, plain: true, asks: false, sources: [], guest: '' };
  const fn = new SandboxedFunction<string>({ id: 1, definition, keys: null, usesId: false, read: String, failed: (code) => code }, { together: on('together'), apart: on('apart'), alone: on('alone'), closed: () => undefined });
  return { fn, seen, next: (end = answer) => { const call = open.shift(); if (call) end(call); } };
}
const message = (payload: number): SandboxMessage => ({ id: '', nowMs: 0, body: { payload } });

test.each(['timeout', 'memory'] as const)('a function whose code failed by %s goes on apart from those that behave, until as many messages as it takes have shown it harmless', async (reason) => {
  const { fn, seen, next } = watched();
  const first = fn.call([message(0)]);
  next((call) => { call.failed({ reason }); });
  expect(await first).toEqual([reason]);
  const many = fn.call(Array.from({ length: limits.sandboxApartAfter }, (_, payload) => message(payload)));
  next();
  await many;
  const last = fn.call([message(1)]);
  next();
  expect([await last, seen]).toEqual([['1'], ['together', 'apart', 'together']]);
});

test('what failed together is run one by one apart, and what else is in work there is not overtaken', async () => {
  const { fn, seen, next } = watched();
  const first = fn.call([message(0)]);
  const second = fn.call([message(1)]);
  const third = fn.call([message(2)]);
  next((call) => { call.failed({ reason: 'timeout' }); });
  expect([await first, seen]).toEqual([['timeout'], ['together', 'together']]);
  next();
  expect([await second, seen]).toEqual([['1'], ['together', 'together', 'apart']]);
  next();
  expect(await third).toEqual(['2']);
});

test('a function that ends one process after the other waits longer each time, up to a second', async () => {
  const pauses: (number | undefined)[] = [];
  const carrier: Carrier = { together: (call) => { call.failed(ENDED); }, apart: answer, alone: (call, pauseMs) => { pauses.push(pauseMs); call.failed({ reason: 'memory', ended: true }); }, closed: () => undefined };
  const definition = { cell: '', memoryMb: 8, timeoutMs: 100, plain: true, asks: false, sources: [], guest: '' };
  const fn = new SandboxedFunction<string>({ id: 1, definition, keys: null, usesId: false, read: String, failed: (code) => code }, carrier);
  for (let n = 0; n < 7; n++) await fn.call([message(n)]);
  expect(pauses).toEqual([0, 100, 200, 400, 800, 1000, 1000]);
});

test('a message that was lost while it ran alone, because its process got no time, is the next again', async () => {
  const { fn, next } = watched();
  const ran: string[] = [];
  const first = fn.call([message(0), message(1), message(2)]);
  const last = fn.call([message(3)]);
  const run = (end: (call: BatchCall) => void) => (call: BatchCall): void => { ran.push(call.text().join('').match(/"payload":\d/g)?.join() ?? ''); end(call); };
  next((call) => { call.failed({ reason: 'timeout' }); });
  next(answer); // what was sent beside it
  next(run((call) => { call.failed({ reason: 'lost' }); }));
  for (let i = 0; i < 3; i++) next(run(answer));
  expect(await first).toEqual(['0', '1', '2']);
  expect(await last).toEqual(['3']);
  expect(ran).toEqual(['"payload":0', '"payload":0', '"payload":1', '"payload":2']);
});

test('a function whose code does not end again and again waits longer each time, until one of its messages ends', async () => {
  const pauses: number[] = [];
  const late = (call: BatchCall, pauseMs = 0): void => {
    pauses.push(pauseMs);
    if (call.text().join('').includes('"payload":"good"')) call.take(['done'], true);
    else call.failed({ reason: 'timeout' });
  };
  const carrier: Carrier = { together: late, apart: late, alone: late, closed: () => undefined };
  const definition = { cell: '', memoryMb: 8, timeoutMs: 100, plain: true, asks: false, sources: [], guest: '' };
  const fn = new SandboxedFunction<string>({ id: 1, definition, keys: null, usesId: false, read: String, failed: (code) => code }, carrier);
  const results: string[] = [];
  for (const payload of ['bad', 'bad', 'bad', 'bad', 'bad', 'bad', 'bad', 'bad', 'good', 'bad', 'bad', 'bad', 'bad']) results.push(...await fn.call([{ id: '', nowMs: 0, body: { payload } }]));
  expect(pauses).toEqual([0, 0, 0, 100, 200, 400, 800, 1000, 1000, 0, 0, 0, 100]);
  expect(results).toEqual(['timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'done', 'timeout', 'timeout', 'timeout', 'timeout']);
});
