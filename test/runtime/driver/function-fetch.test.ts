import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import functionNode from '../../../nodes/code/function.ts';
import { cancelRun } from '../../../runtime/driver/cancel.ts';
import { Replays } from '../../../runtime/driver/replays.ts';
import type { FlowNode } from '../../../runtime/flow/flow.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { NodeFailure, type FetchAnswer, type FetchOptions } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

/** What becomes of a message whose function node calls servers: around a crash, a lost answer, an outage, a replay. */

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

interface Asked { readonly method: string; readonly url: string; readonly key: string | undefined }
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
let asked: Asked[];
let answers: (asked: Asked, at: number, signal: AbortSignal | undefined) => FetchAnswer | Promise<FetchAnswer>;
const worlds: World[] = [];

const BOTH = (text: string) => ({ en: text, ru: text });
const fine: FetchAnswer = { status: 200, headers: {}, bytes: new TextEncoder().encode('fine'), text: () => 'fine' };
const never = new Promise<FetchAnswer>(() => undefined);
const GET = 'msg.answer = await (await fetch("https://api.test/a")).text();\nreturn msg;';
const POST = GET.replace('/a"', '/a", { method: "POST" }');

const flow = (config: FlowNode['config'], settings: Partial<FlowNode> = {}) => flowOf({
  nodes: { in: 'test-source', before: { type: 'function', config: { code: 'msg.before = true;\nreturn msg;' } }, calls: { type: 'function', config: { hosts: ['api.test'], ...config }, ...settings }, after: { type: 'function', config: { code: 'msg.after = true;\nreturn msg;' } }, sink: 'test-sink' },
  wires: ['in.out -> before.in', 'before.out-1 -> calls.in', 'calls.out-1 -> after.in', 'after.out-1 -> sink.in'],
});
function world(clock = new VirtualTime()): World {
  const fetch = async (url: string, options: FetchOptions = {}): Promise<FetchAnswer> => {
    const one = { method: options.method ?? 'GET', url, key: options.headers?.['idempotency-key'] };
    asked.push(one);
    return await answers(one, asked.length, options.signal);
  };
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, functionNode], clock, sandbox, fetch });
  worlds.push(made);
  return made;
}
const feed = async (payload: unknown = 1) => await nodes.deliver.get('in')?.({ payload });
const letters = async (w: World) => await w.services.journal.deadLetters({ limit: 5 });
/** The sandbox really runs: what it does takes real time. `passMs` of the world's time pass meanwhile at each look. */
const until = async (w: World, done: () => unknown, passMs = 0): Promise<void> => {
  await vi.waitFor(async () => { await w.pass(passMs); expect(await done()).toBeTruthy(); }, { timeout: 20_000, interval: 5 });
};
async function ends(w: World, passMs = 0): Promise<void> { await until(w, async () => await w.pending() === 0, passMs); }
const WAITS = 200; // of the world's time: a call of some ms of real time stays far from its deadline

/** The process ends while the code waits for its first answer, and starts again. */
async function crashed(config: FlowNode['config'], settings: Partial<FlowNode> = {}): Promise<World> {
  answers = () => never;
  const first = world();
  await first.deploy(flow(config, settings));
  await feed();
  await until(first, () => asked.length === 1);
  first.kill();
  answers = () => fine;
  const second = world(new VirtualTime(first.clock.now() + 1000));
  await second.deploy(flow(config, settings));
  await ends(second);
  return second;
}

beforeEach(() => {
  nodes = new TestNodes();
  journal = journalFile();
  asked = [];
  answers = () => fine;
});
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

describe('after an end of the process during a call', () => {
  test('code that only reads runs again, with the same message', async () => {
    await crashed({ code: GET, fetch: 'read' });
    expect(asked).toHaveLength(2);
    expect(nodes.arrived.map(({ body }) => body)).toEqual([{ payload: 1, before: true, answer: 'fine', after: true }]);
  });
  test('code that may write does not: the message waits for a person', async () => {
    const w = await crashed({ code: POST, fetch: 'all' });
    expect(asked).toHaveLength(1);
    expect(await letters(w)).toMatchObject([{ node: 'calls', code: 'call.outcome-unknown', kind: 'unknown' }]);
  });
  test('unless the node says that it may, with the same key', async () => {
    await crashed({ code: POST, fetch: 'all' }, { onUnknown: 'retry' });
    expect(asked.map(({ key }) => key)).toEqual([asked[0]?.key, asked[0]?.key]);
    expect(asked[0]?.key).toMatch(/:calls:1$/);
    expect(nodes.arrived).toHaveLength(1);
  });
});

describe('a call that fails', () => {
  const lost = (): never => { throw new NodeFailure('http.cut', BOTH('cut off'), { retry: 'backoff', outcomeUnknown: true }); };
  const away = (): never => { throw new NodeFailure('http.unreachable', BOTH('not there'), { scope: 'connection' }); };

  test('is made again when nothing was written, with growing waits', async () => {
    answers = (_, at) => (at < 3 ? lost() : fine);
    const w = world();
    await w.deploy(flow({ code: GET, fetch: 'all' }));
    await feed();
    await ends(w, WAITS);
    expect([asked.length, nodes.arrived.length]).toEqual([3, 1]);
  });
  test('and may have written leaves the outcome unknown', async () => {
    answers = lost;
    const w = world();
    await w.deploy(flow({ code: POST, fetch: 'all' }));
    await feed();
    await ends(w);
    expect(asked).toHaveLength(1);
    expect(await letters(w)).toMatchObject([{ kind: 'unknown', code: 'function.fetch-failed' }]);
  });
  test('because the server is away pauses it, costs no attempt, and goes on by itself', async () => {
    answers = (_, at) => (at <= 4 ? away() : fine);
    const w = world();
    await w.deploy(flow({ code: GET, fetch: 'read' }, { attempts: 2 }));
    await feed();
    await ends(w, WAITS);
    expect(asked).toHaveLength(5);
    expect(w.events.filter(({ kind }) => kind === 'connection').length).toBeGreaterThanOrEqual(8);
    expect(nodes.arrived).toHaveLength(1);
    expect(await letters(w)).toEqual([]);
  });
  test('and is caught is the code’s own affair', async () => {
    answers = away;
    const w = world();
    await w.deploy(flow({ code: 'try { await fetch("https://api.test/"); } catch (error) { msg.answer = error.name; }\nreturn msg;', fetch: 'read' }));
    await feed();
    await ends(w);
    expect(nodes.arrived.map(({ body }) => body.answer)).toEqual(['TypeError']);
  });
});

test('a cancelled run breaks its call off', async () => {
  let signal: AbortSignal | undefined;
  answers = (_, __, given) => { signal = given; return never; };
  const w = world();
  await w.deploy(flow({ code: GET, fetch: 'read' }));
  const receipt = await feed();
  await until(w, () => signal);
  await cancelRun(w.services, [w.runner('flow')], receipt?.runId ?? '');
  await until(w, () => signal?.aborted);
});

test('messages rest before the code and pass everything else as before; without the grant they do not', async () => {
  const w = world();
  const runner = await w.deploy(flow({ code: GET, fetch: 'read' }));
  expect(['before', 'calls', 'after'].map((id) => [runner.unit(id)?.rests, runner.unit(id)?.plan.replay, runner.unit(id)?.fused !== undefined])).toEqual([[false, 'pure', false], [true, 'idempotent', false], [false, 'pure', false]]);
  const plain = await w.deploy(flow({ code: 'msg.x = 1;\nreturn msg;' }), 2);
  expect(['before', 'calls', 'after'].map((id) => [plain.unit(id)?.rests, plain.unit(id)?.plan.replay, plain.unit(id)?.fused !== undefined])).toEqual([[false, 'pure', true], [false, 'pure', false], [false, 'pure', false]]);
});

test('a dry run answers from the record and calls nobody; a replay under the same keys too', async () => {
  const w = world();
  await w.deploy(flow({ code: POST, fetch: 'all' }));
  const receipt = await feed();
  await ends(w);
  await w.moveHistory();
  const replays = new Replays(w.services, (id) => w.runner(id));
  const { steps } = await replays.one(receipt?.runId ?? '', { mode: 'dry-run' });
  expect(steps?.map(({ node, outcome }) => `${node} ${outcome}`)).toEqual(['in accepted', 'before done', 'calls replayed', 'after done', 'sink done']);
  await replays.one(receipt?.runId ?? '', { mode: 'same-keys' });
  await ends(w);
  expect(asked).toHaveLength(1);
});
