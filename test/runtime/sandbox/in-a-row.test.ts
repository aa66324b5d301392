import { afterAll, expect, test } from 'vitest';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { Fetch } from '../../../runtime/sdk/index.ts';
import { callOnce, program, shown } from '../../suites/sandbox.suite.ts';

/** Messages of code that waits, many at once: each begins in a turn of its own, and whose code does what is known. */

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

const bodies = Array.from({ length: 50 }, (_, payload) => ({ payload }));
const results = async (code: string, more = {}): Promise<unknown[]> => (await callOnce(sandbox, code, bodies, more)).map(shown);
const but = (failed: { readonly [payload: number]: string }): unknown[] => bodies.map(({ payload }) => failed[payload] ?? [[{ payload }]]);
const through = 'return await Promise.resolve(msg);';

test('an error that nobody caught fails its own message and none beside it, at whatever moment of its turn', async () => {
  const code = `switch (msg.payload) {
    case 3: Promise.reject(new Error('at once')); break;
    case 4: case 5: void (async () => { for (let n = 0; n < 50; n++) await null; throw new Error('late'); })(); break;
    case 20: return await { payload: { toJSON() { Promise.reject(new Error('while it is written')); return 20; } } };
    case 21: queueMicrotask(() => { throw new Error('in a callback'); }); break;
    case 49: return await { get payload() { void Promise.reject(new Error('of the last')); return 49; } };
  } ${through}`;
  expect(await results(code)).toEqual(but({ 3: 'function.threw', 4: 'function.threw', 5: 'function.threw', 20: 'function.threw', 21: 'function.threw', 49: 'function.threw' }));
});

test('one that is caught late fails nobody', async () => {
  expect(await results(`const late = Promise.reject(new Error('caught')); await null; await null; await late.catch(() => 0); ${through}`)).toEqual(but({}));
});

test('code that never ends, now or after an await, fails by itself', async () => {
  expect(await results(`if (msg.payload === 7) for (;;); if (msg.payload === 30) { await null; for (;;); } ${through}`, { timeoutMs: 200 })).toEqual(but({ 7: 'function.timeout', 30: 'function.timeout' }));
});

test('an endless chain of promises fails by itself', async () => {
  expect(await results(`if (msg.payload === 9) for (;;) await null; ${through}`, { timeoutMs: 200 })).toEqual(but({ 9: 'function.timeout' }));
});

test('each has its own time, chance and logs', async () => {
  const fn = await sandbox.open(program('await null; node.warn(msg.payload); await null; return { payload: msg.payload, chance: Math.random(), id: msg._msgid };'));
  const asked = bodies.map((body, at) => ({ id: `m-${at}`, nowMs: at, body }));
  const together = await fn.call(asked);
  const alone = [];
  for (const each of asked) alone.push((await fn.call([each]))[0]);
  expect(together).toEqual(alone);
  expect(together.map(({ logs }) => logs?.[0]?.text)).toEqual(bodies.map(({ payload }) => String(payload)));
  await fn.close();
});

test('what they ask of servers is asked for the right one, and not for one that failed in the same turn', async () => {
  const asked: string[] = [];
  const fetch: Fetch = async (url, options = {}) => { asked.push(`${options.headers?.['idempotency-key']} ${url}`); return { status: 200, headers: {}, bytes: new TextEncoder().encode(url.slice(-2)), text: () => '' }; };
  const fn = await sandbox.open(program('const answer = fetch(`https://a.test/${10 + msg.payload}`, { method: "POST" }); if (msg.payload % 10 === 5) Promise.reject(new Error("no")); return { payload: Number(await (await answer).text()) - 10 };', { fetch: { hosts: ['a.test'], methods: 'all' } }));
  const all = await fn.call(bodies.map((body, at) => ({ id: `m-${at}`, nowMs: 0, body, net: { fetch, key: `m-${at}`, signal: new AbortController().signal } })));
  const failed = [5, 15, 25, 35, 45];
  expect(all.map(shown)).toEqual(but(Object.fromEntries(failed.map((n) => [n, 'function.threw']))));
  expect(asked.toSorted()).toEqual(bodies.filter(({ payload }) => !failed.includes(payload)).map(({ payload }) => `m-${payload}:1 https://a.test/${10 + payload}`).toSorted());
  await fn.close();
});
