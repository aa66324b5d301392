import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import functionNode from '../../../nodes/code/function.ts';
import type { FlowNode } from '../../../runtime/flow/flow.ts';
import { limits } from '../../../runtime/limits.ts';
import type { RuntimeEvent } from '../../../runtime/observe.ts';
import { createRuntime, type Runtime } from '../../../runtime/runtime.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TempDir } from '../../kit/millrace-process.ts';
import { TestNodes } from '../../kit/test-nodes.ts';

/** The closing code of function nodes in a whole runtime: over deploys, stops, and the end of the runtime. */

let dir: TempDir;
let nodes: TestNodes;
const events: RuntimeEvent[] = [];
const bugs: string[] = [];
const open: Runtime[] = [];
const LIMITS = { ...limits };

async function start(): Promise<Runtime> {
  const runtime = await createRuntime({ dataDir: dir.join('data'), nodes: [...nodes.definitions, functionNode], connections: [], examplesDir: null, log: (level, text) => { if (level !== 'info') bugs.push(text); } });
  runtime.observers.watch((event) => { events.push(event); });
  open.push(runtime);
  return runtime;
}
const flow = (config: FlowNode['config'], of: FlowNode['config'] = {}) => flowOf({
  nodes: { in: 'test-source', first: { type: 'function', config: { code: 'msg.first = true;\nreturn msg;', ...of } }, ends: { type: 'function', config }, sink: 'test-sink' },
  wires: ['in.out -> first.in', 'first.out-1 -> ends.in', 'ends.out-1 -> sink.in'],
});
const value = async (runtime: Runtime, key: string, place: object = { flow: 'flow' }): Promise<unknown> => await runtime.host.context.find({ ...place, key }).then((found) => found.value, () => undefined);
const feed = async (payload: unknown = 1) => await nodes.deliver.get('in')?.({ payload });
const arrives = async (count: number) => { await vi.waitFor(() => { expect(nodes.arrived).toHaveLength(count); }, { timeout: 20_000 }); };
const logs = (): string[] => events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));
const failures = () => events.flatMap((event) => (event.kind === 'failure' ? [event] : []));

beforeEach(() => {
  dir = new TempDir();
  nodes = new TestNodes();
  events.length = bugs.length = 0;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()));
  Object.assign(limits, LIMITS);
  dir.remove();
  expect(bugs).toEqual([]);
});

const COUNTS = { context: 'flow', setup: 'const step = { by: 10 };', code: 'flow.update("n", (n = 0) => n + 1);\nreturn msg;', closing: 'node.log(node.id, "closes");\nflow.update("n", (n = 0) => n + step.by);\nflow.set("at", new Date());' };

test('it runs at the end of the runtime, after the messages, and what it wrote is there at the next start', async () => {
  const first = await start();
  await first.host.deploy(flow(COUNTS), 1);
  await feed();
  await arrives(1);
  const before = first.clock.now();
  await first.close();
  expect(logs()).toEqual(['ends closes']);
  const second = await start();
  await second.host.deploy(flow(COUNTS), 1);
  expect(await value(second, 'n')).toBe(11);
  expect(Number(await value(second, 'at'))).toBeGreaterThanOrEqual(before);
  expect(logs()).toHaveLength(1);
});

test('it runs at a stop and at a deploy that changes the node, each time once, and not at one that leaves the node as it is', async () => {
  const runtime = await start();
  await runtime.host.deploy(flow(COUNTS), 1);
  await runtime.host.deploy(flow(COUNTS, { code: 'return msg;' }), 2);
  await feed();
  await arrives(1);
  expect(await value(runtime, 'n')).toBe(1);
  await runtime.host.deploy(flow({ ...COUNTS, code: `// changed\n${COUNTS.code}` }), 3);
  await vi.waitFor(async () => { expect(await value(runtime, 'n')).toBe(11); });
  await runtime.host.stop('flow');
  await vi.waitFor(async () => { expect(await value(runtime, 'n')).toBe(21); });
  await runtime.host.deploy(flow(COUNTS), 4);
  await feed();
  await arrives(2);
  await runtime.close();
  expect(logs()).toEqual(['ends closes', 'ends closes', 'ends closes']);
});

test('nodes in a row that cross as one have theirs', async () => {
  const runtime = await start();
  await runtime.host.deploy(flow({ code: 'msg.second = true;\nreturn msg;', closing: 'node.log("second");' }, { closing: 'node.log("first");' }), 1);
  await feed();
  await arrives(1);
  expect(nodes.arrived[0]?.body).toMatchObject({ first: true, second: true });
  await runtime.close();
  expect(logs().toSorted()).toEqual(['first', 'second']);
});

test('one that throws is told at the node with its line, in both languages, and has written nothing', async () => {
  const runtime = await start();
  const { problems } = await runtime.host.deploy(flow({ ...COUNTS, closing: 'flow.set("n", 5);\n  null.x;' }), 1);
  expect(problems).toEqual([]);
  await runtime.host.stop('flow');
  await vi.waitFor(() => { expect(failures()).toHaveLength(1); });
  expect(failures()).toMatchObject([{ node: 'ends', code: 'function.closing', text: { en: expect.stringContaining('The closing code failed at line 2, column 8: TypeError') as string, ru: expect.stringContaining('Ошибка в коде завершения в строке 2, позиция 8') as string } }]);
  expect(await value(runtime, 'n')).toBeUndefined();
});

test('it writes as far as the node’s grant for context goes, and all or nothing of that', async () => {
  const runtime = await start();
  await runtime.host.deploy(flow({ context: 'node', closing: 'context.set("own", 1);' }, { context: 'node', closing: 'context.set("own", 1);\nflow.set("shared", 1);' }), 1);
  await runtime.host.stop('flow');
  await vi.waitFor(async () => { expect(await value(runtime, 'own', { flow: 'flow', node: 'ends' })).toBe(1); });
  await vi.waitFor(() => { expect(failures()).toMatchObject([{ node: 'first', code: 'function.closing', text: { en: expect.stringContaining('this node\'s grant for context is narrower') as string } }]); });
  expect(await value(runtime, 'own', { flow: 'flow', node: 'first' })).toBeUndefined();
  expect(await value(runtime, 'shared')).toBeUndefined();
});

test('one that never ends is broken off; a deploy goes on at once, messages soon, and the runtime ends', async () => {
  const runtime = await start();
  const endless = { ...COUNTS, closing: 'flow.set("n", 500);\nfor (;;);' };
  await runtime.host.deploy(flow(endless), 1);
  await runtime.host.deploy(flow({ ...endless, code: `// changed\n${COUNTS.code}` }), 2);
  expect(failures()).toEqual([]);
  await feed();
  await arrives(1);
  expect(failures()).toMatchObject([{ code: 'function.closing', text: { en: 'The closing code failed: it did not end within 1000 ms' } }]);
  expect(await value(runtime, 'n')).toBe(1);
  await runtime.close();
  expect(failures()).toHaveLength(2);
});

test('the end of the runtime waits no longer than it has; what is not through then has written nothing', async () => {
  Object.assign(limits, { drainMs: 100, lastWritesMs: 200 });
  const first = await start();
  await first.host.deploy(flow({ ...COUNTS, closing: 'flow.set("n", 500);\nfor (;;);' }), 1);
  await feed();
  await arrives(1);
  await first.close();
  expect(failures()).toEqual([]);
  expect(bugs.splice(0)).toEqual([expect.stringMatching(/^stopping nodes: .*not done within 0\.2 s of stopping/)]);
  const second = await start();
  await second.host.deploy(flow({}), 1);
  expect(await value(second, 'n')).toBe(1);
});

test('it runs when its flow is forgotten, and leaves nothing of the flow behind', async () => {
  const runtime = await start();
  await runtime.host.deploy(flow({ context: 'global', closing: 'global.set("ended", env.get("NR_FLOW_ID"));\nflow.set("left", 1);' }), 1);
  await runtime.host.remove('flow');
  expect(await value(runtime, 'ended', {})).toBe('flow');
  expect(await value(runtime, 'left')).toBeUndefined();
  await runtime.close();
  const second = await start();
  expect(await value(second, 'left')).toBeUndefined();
});

test('one that cannot be read is a problem of its node, with its place in its field', async () => {
  const runtime = await start();
  const { problems } = await runtime.host.deploy(flow({ ...COUNTS, closing: 'const a = 1;\nconst b = ;' }), 1);
  expect(problems).toMatchObject([{ code: 'node.cannot-start', where: { node: 'ends', field: 'closing', line: 2, column: 11 }, message: { en: expect.stringContaining('The closing code') as string } }]);
});
