import { afterAll, describe, expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { NodeFailure, type Body, type Fetch, type NodeLinks, type SandboxProgram, type SandboxResult } from '../../../runtime/sdk/index.ts';
import { program, shown } from '../../suites/sandbox.suite.ts';

/** `node.linkcall`: what the code hands over, gets back, and what becomes of the message when it does not. */

const sandbox = new SandboxSupervisor();
afterAll(async () => { await sandbox.close(); });

type Call = NodeLinks['call'];
async function results(code: string, call: Call, { bodies = [{ payload: 7 }], ...more }: { readonly bodies?: readonly Body[] } & Partial<SandboxProgram> = {}): Promise<readonly SandboxResult[]> {
  const fn = await sandbox.open(program(code, { timeoutMs: 5000, links: true, ...more }));
  try {
    return await fn.call(bodies.map((body, at) => ({ id: `m-${at}`, nowMs: 0, body, net: { links: { call }, key: `m-${at}:calc`, signal: new AbortController().signal } })));
  } finally {
    await fn.close();
  }
}
const sent = ([result]: readonly SandboxResult[]): unknown => (result && 'outputs' in result ? result.outputs[0]?.[0] : shown(result));
const failureOf = ([result]: readonly SandboxResult[]) => {
  if (!result || !('failure' in result)) throw new Error(`it did not fail: ${JSON.stringify(result)}`);
  return result.failure;
};
const down = (code: string, retry: 'backoff' | 'never' | { readonly afterMs: number }, scope: 'message' | 'connection' = 'message'): Call => async () => { throw new NodeFailure(code, { en: 'it is down', ru: 'не работает' }, { retry, scope }); };

describe('a call by a link', () => {
  test('hands over a whole message, with dates and bytes, and gives what is returned', async () => {
    const asked: unknown[] = [];
    const call: Call = async (to, body, options) => { asked.push([to, body, options?.nth, options?.timeoutMs]); return { ...body, back: new Date(5), bytes: new Uint8Array([1, 2]) }; };
    const code = 'const got = await node.linkcall("orders/prices", { at: new Date(3), big: 5n, own: Buffer.from([9]), payload: msg.payload }, { timeout: 1500 }); return { payload: [got.at.getTime(), got.big, got.own[0], got.payload, got.back instanceof Date && got.back.getTime(), Buffer.isBuffer(got.bytes), got.bytes[1]] };';
    expect(sent(await results(code, call))).toEqual({ payload: [3, 5n, 9, 7, 5, true, 2] });
    expect(asked).toEqual([['orders/prices', { at: new Date(3), big: 5n, own: new Uint8Array([9]), payload: 7 }, 1, 1500]]);
  });

  test('several of one message go at the same time, and equal ones are told apart by their number', async () => {
    const asked: unknown[] = [];
    let open = 0;
    let most = 0;
    const call: Call = async (to, { n }, options) => {
      asked.push([to, n, options?.nth]);
      most = Math.max(most, ++open);
      await new Promise((next) => { setImmediate(next); });
      open--;
      return { n };
    };
    expect(sent(await results('const all = await Promise.all([1, 2, 1].map((n) => node.linkcall("entry", { n }))); return { payload: all.map(({ n }) => n) };', call))).toEqual({ payload: [1, 2, 1] });
    expect(asked).toEqual([['entry', 1, 1], ['entry', 2, 1], ['entry', 1, 2]]);
    expect(most).toBe(3);
  });

  test('each message of a batch gets its own', async () => {
    const bodies = Array.from({ length: 40 }, (_, n) => ({ n }));
    const got = await results('const { n } = await node.linkcall("entry", msg); return { payload: n };', async (_, { n }) => ({ n }), { bodies });
    expect(got.map((each) => sent([each]))).toEqual(bodies.map(({ n }) => ({ payload: n })));
  });

  test.each([
    ['not a link', 'await node.linkcall("Not a link", msg)', /no link/], ['a link to a link', 'await node.linkcall("a/b/c", msg)', /no link/], ['no message', 'await node.linkcall("entry")', /an object/],
    ['a list', 'await node.linkcall("entry", [msg])', /an object/], ['a message that refers to itself', 'const m = {}; m.m = m; await node.linkcall("entry", m)', /circular/i], ['a message that is too large', `await node.linkcall("entry", { x: "x".repeat(${limits.sandboxFetchRequestBytes}) })`, /larger than/],
    ['more calls than one message may make', `for (let i = 0; i <= ${limits.sandboxFetchCallsMax}; i++) await node.linkcall("entry", { i })`, /more than 50 calls/],
  ])('with %s is refused with the place in the code', async (_, code, why) => {
    const failure = failureOf(await results(`\n${code}`, async () => ({})));
    expect(failure.text.en).toMatch(why);
    expect(failure.text.en).toMatch(/line 2/);
    expect(failure.retry ?? 'never').toBe('never');
  });

  test('may be caught by the code, which sees where it called', async () => {
    const code = 'try { await node.linkcall("entry", msg); } catch (error) { return { payload: [error instanceof Error, error.message, /function:1:\\d+/.test(error.stack)] }; }';
    expect(sent(await results(code, down('link.failed', 'never')))).toEqual({ payload: [true, 'it is down', true] });
  });

  test.each([
    ['a run that failed there', down('link.failed', 'never'), { code: 'function.link-failed', retry: undefined, scope: undefined }],
    ['one that took too long', down('link.timeout', 'backoff'), { code: 'function.link-failed', retry: 'backoff', scope: undefined }],
    ['a flow that is stopped', down('flow.not-live', { afterMs: 1000 }, 'connection'), { code: 'function.link-failed', retry: { afterMs: 1000 }, scope: 'connection' }],
  ] as const)('uncaught, %s decides what becomes of the message', async (_, call, wanted) => {
    const { code, retry, scope } = failureOf(await results('return await node.linkcall("entry", msg);', call));
    expect({ code, retry, scope }).toEqual(wanted);
  });

  test('that is waited for longer than the message has is broken off, tried again, and named', async () => {
    let signal: AbortSignal | undefined;
    const failure = failureOf(await results('return await node.linkcall("orders/entry", msg);', (_to, _body, options) => { signal = options?.signal; return new Promise(() => undefined); }, { timeoutMs: 200 }));
    expect(failure).toMatchObject({ code: 'function.timeout', retry: 'backoff' });
    expect(failure.text.en).toContain('node.linkcall orders/entry');
    expect(signal?.aborted).toBe(true);
  });

  test('counts with calls to servers against what one message may send', async () => {
    const fetch: Fetch = async () => ({ status: 200, headers: {}, bytes: new Uint8Array(), text: () => '' });
    const fn = await sandbox.open(program('await node.linkcall("entry", { x: "x".repeat(100_000) }); return { payload: (await fetch("http://a.test", { method: "POST", body: "small" })).status };', { links: true, fetch: { hosts: ['a.test'], methods: 'all' } }));
    const results = await fn.call([{ id: 'm', nowMs: 0, body: {}, net: { fetch, links: { call: async () => ({}) }, key: 'm', signal: new AbortController().signal } }]);
    expect(sent(results)).toEqual({ payload: 200 });
    await fn.close();
  });

  test('whose answer is larger than the sandbox takes fails', async () => {
    expect(failureOf(await results('return await node.linkcall("entry", msg);', async () => ({ x: 'x'.repeat(limits.sandboxFetchAnswerBytes) })))).toMatchObject({ code: 'function.link-failed' });
  });
});

describe('without the grant', () => {
  test('a call is refused and says what to set', async () => {
    const failure = failureOf(await results('return await node.linkcall("entry", msg);', async () => ({}), { links: false }));
    expect(failure).toMatchObject({ code: 'function.link-refused', text: { en: expect.stringContaining('Calls by link') as string } });
  });
  test('of servers there is no fetch beside links, and no links beside fetch', async () => {
    expect(sent(await results('return { payload: [typeof fetch, typeof Response] };', async () => ({})))).toEqual({ payload: ['undefined', 'undefined'] });
    const failure = failureOf(await results('return await node.linkcall("entry", msg);', async () => ({}), { links: false, fetch: { hosts: ['a.test'], methods: 'read' } }));
    expect(failure.code).toBe('function.link-refused');
  });
  test('in setup code there is none', async () => {
    await expect(sandbox.open(program('return msg;', { links: true, setup: 'const a = node.linkcall("entry", {});' }))).rejects.toMatchObject({ code: 'function.setup' });
  });
});
