import { afterAll, expect, test } from 'vitest';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { Fetch, SandboxResult } from '../../../runtime/sdk/index.ts';
import { program, shown } from '../../suites/sandbox.suite.ts';

/** AbortController and AbortSignal as code of function nodes finds them. */

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

/** Nobody answers before the call is given up. */
const silent: Fetch = (_, { signal } = {}) => new Promise((_, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason as Error); }); });

async function results(code: string, count = 1): Promise<readonly SandboxResult[]> {
  const fn = await sandbox.open(program(code, { timeoutMs: 5000, fetch: { hosts: ['a.test'], methods: 'all' } }));
  try {
    return await fn.call(Array.from({ length: count }, (_, n) => ({ id: `m-${n}`, nowMs: 0, body: { n }, net: { fetch: silent, key: `m-${n}`, signal: new AbortController().signal } })));
  } finally {
    await fn.close();
  }
}
const payload = async (code: string): Promise<unknown> => {
  const value = shown((await results(`const stop = new AbortController(), { signal } = stop, heard = []; ${code} return { payload: heard };`))[0]);
  return Array.isArray(value) ? (value as [[{ payload: unknown }]])[0]?.[0]?.payload : value;
};
const onAbort = (word: string): string => `signal.addEventListener("abort", () => { heard.push("${word}"); });`;
const log = (result: SandboxResult | undefined): unknown => result?.logs?.map(({ text }) => text);

test('a listener that throws fails the message as a timer’s function does, and later ones and the call itself hear all the same', async () => {
  const failing = (ending: string): string => `const stop = new AbortController(); const { signal } = stop; const call = fetch("https://a.test", { signal }).catch((error) => { node.warn(error.message); }); ${ending}`;
  const listener = failing('signal.addEventListener("abort", () => { node.warn("first"); });\nsignal.addEventListener("abort", () => { throw new TypeError("mine"); }); signal.addEventListener("abort", () => { node.warn("later"); }); signal.onabort = () => { node.warn("last"); }; fetch("https://a.test", { signal }).catch(() => { node.warn("second call"); }); stop.abort(new Error("enough")); node.warn("went on"); await call; return msg;');
  const [result, timer] = [(await results(listener))[0], (await results('await null;\nsetTimeout(() => { throw new TypeError("mine"); });'))[0]];
  expect(log(result)).toEqual(['first', 'later', 'last', 'went on', 'enough', 'second call']);
  if (!result || !timer || !('failure' in result) || !('failure' in timer)) throw new Error('they did not fail');
  expect(result.failure).toMatchObject({ code: 'function.threw', details: { line: 2 }, text: { en: expect.stringContaining('TypeError: mine') as string } });
  expect([result.failure.code, result.failure.retry]).toEqual([timer.failure.code, timer.failure.retry]);
});

test('nobody but the message whose listener threw fails', async () => {
  const all = await results('const stop = new AbortController(); stop.signal.addEventListener("abort", () => { if (msg.n === 1) throw new Error("mine"); }); setTimeout(() => { stop.abort(); }, 1); await new Promise((next) => { setTimeout(next, 20); }); return { payload: msg.n };', 3);
  expect(all.map(shown)).toEqual([[[{ payload: 0 }]], 'function.threw', [[{ payload: 2 }]]]);
});

test('a listener that throws in setup code fails the deploy', async () => {
  const opening = sandbox.open(program('return msg;', { setup: 'const stop = new AbortController(); stop.signal.onabort = () => { throw new Error("mine"); }; stop.abort();', fetch: { hosts: ['a.test'], methods: 'all' } }));
  await expect(opening).rejects.toMatchObject({ code: 'function.setup', message: expect.stringContaining('mine') as string });
});

test.each<[string, string, unknown]>([
  ['hear in their order, once', `${onAbort('a')} ${onAbort('b')} signal.onabort = () => { heard.push('on'); }; stop.abort(); stop.abort();`, ['a', 'b', 'on']],
  ['are called with the event, and the signal as this', `signal.addEventListener('abort', function (event) { heard.push(event.type, event.target === signal, event.currentTarget === signal, this === signal); }); stop.abort();`, ['abort', true, true, true]],
  ['may be objects', `signal.addEventListener('abort', { word: 'object', handleEvent() { heard.push(this.word); } }); signal.addEventListener('abort', null); stop.abort();`, ['object']],
  ['given twice hear once, also with once', `const hear = () => { heard.push('a'); }; signal.addEventListener('abort', hear, { once: true }); signal.addEventListener('abort', hear); stop.abort();`, ['a']],
  ['that were removed do not hear, even if an earlier one did it', `const gone = () => { heard.push('gone'); }; const late = () => { heard.push('late'); }; signal.addEventListener('abort', gone); signal.removeEventListener('abort', gone); signal.addEventListener('abort', () => { heard.push('a'); signal.removeEventListener('abort', late); }); signal.addEventListener('abort', late); stop.abort();`, ['a']],
  ['that come too late, or for another event, do not hear', `signal.addEventListener('other', () => { heard.push('other'); }); signal.onabort = () => { heard.push('on'); }; signal.onabort = null; stop.abort(); ${onAbort('late')}`, []],
])('listeners %s', async (_, code, heard) => {
  expect(await payload(code)).toEqual(heard);
});

test.each<[string, string, unknown]>([
  ['of abort() is an AbortError', 'stop.abort(); heard.push(signal.aborted, signal.reason.name, signal.reason instanceof Error);', [true, 'AbortError', true]],
  ['is what the code gave, whatever it is', 'for (const reason of [null, 0, "text"]) { const each = new AbortController(); each.abort(reason); try { each.signal.throwIfAborted(); } catch (error) { heard.push(error); } }', [null, 0, 'text']],
  ['is undefined before', 'heard.push(signal.aborted, typeof signal.reason);', [false, 'undefined']],
  ['goes on through any(), of which the first counts', 'const other = new AbortController(); const any = AbortSignal.any([signal, other.signal]); any.onabort = () => { heard.push(any.reason); }; other.abort("b"); stop.abort("a"); heard.push(any.reason, AbortSignal.any([AbortSignal.abort("x"), signal]).reason, AbortSignal.any([]).aborted);', ['b', 'b', 'x', false]],
  ['of timeout() is a TimeoutError', 'heard.push(await new Promise((next) => { const timed = AbortSignal.timeout(5); timed.onabort = () => { next(timed.reason.name); }; }));', ['TimeoutError']],
  ['comes from fetch too, null as well', 'const call = fetch("https://a.test", { signal }).catch((error) => { heard.push(error); }); stop.abort(null); await call; await fetch("https://a.test", { signal }).catch((error) => { heard.push(error); });', [null, null]],
])('the reason %s', async (_, code, heard) => {
  expect(await payload(code)).toEqual(heard);
});

test('code finds no way to the inside of the classes', async () => {
  expect(await payload('heard.push(Object.getOwnPropertyNames(AbortSignal).sort().join());')).toEqual(['abort,any,length,name,prototype,timeout']);
});
