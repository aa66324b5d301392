import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { nodes } from '../../../nodes/index.ts';
import { Tries } from '../../../runtime/driver/tries.ts';
import type { FlowNode } from '../../../runtime/flow/flow.ts';
import { limits } from '../../../runtime/limits.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { Body } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { commonJs, modulesOf } from '../../kit/module-folder.ts';
import { journalFile, World } from '../../kit/world.ts';

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

let journal: ReturnType<typeof journalFile>;
let world: World;
beforeEach(() => {
  journal = journalFile();
  world = new World({ file: journal.file, nodes, trials: sandbox });
});
afterEach(() => {
  expect(world.bugs).toEqual([]);
  world.kill();
  journal.remove();
});

type Config = FlowNode['config'];
const tried = (type: string, config: Config, body: Body = { payload: 1 }, more: Partial<FlowNode> = {}) =>
  new Tries(world.services).run(flowOf({ nodes: { it: { type, config, ...more } }, wires: [] }), 'it', body);
const code = (text: string, config: Config = {}, body?: Body) => tried('function', { code: text, ...config }, body);
const bodies = (...all: unknown[]) => ({ count: all.length, bodies: all.map((body) => ({ body, truncated: false })) });

test('what a function node sends by each port, logs and shows is answered', async () => {
  const answer = await code('node.log("said"); node.warn("careful"); node.status({ fill: "red", text: "hot" }); return [[msg, { payload: 2 }], { payload: 3 }];', { outputs: 2 });
  expect(answer).toMatchObject({
    outcome: 'done', outputs: { 'out-1': bodies({ payload: 1 }, { payload: 2 }), 'out-2': bodies({ payload: 3 }) },
    logs: [{ level: 'info', text: 'said' }, { level: 'warn', text: 'careful' }], status: { kind: 'bad', text: { en: 'hot' } }, input: { body: { payload: 1 } }, writes: [],
  });
});

test('lines that were too many are counted', async () => {
  const { logs } = await code('for (let line = 0; line < 100; line++) node.log(line);');
  expect(logs.at(-1)).toMatchObject({ level: 'warn', leftOut: 100 - limits.sandboxLogsPerMessage });
});

test('the code gets dates, bytes and big integers of the message as such', async () => {
  const answer = await code('return { kinds: [msg.at instanceof Date, Buffer.isBuffer(msg.photo), typeof msg.id], at: msg.at, id: msg.id + 1n };', {}, { at: new Date(5), photo: Uint8Array.of(1), id: 1n });
  expect(answer.outputs).toEqual({ 'out-1': bodies({ kinds: [true, true, 'bigint'], at: new Date(5), id: 2n }) });
});

test('a failure has its line and column, whether the code cannot be read or threw', async () => {
  expect(await code('\n  msg.payload.x.y = 1;')).toMatchObject({ outcome: 'failed', failure: { code: 'function.threw', line: 2, column: 19 }, outputs: {} });
  expect(await code('msg.a = 1;\nreturn (')).toMatchObject({ outcome: 'failed', failure: { code: 'node.cannot-start', line: 2 } });
});

test('setup code is tried with the code, in its language, and its failure names its field', async () => {
  expect(await code('msg.payload = rates.EUR * 2;\nreturn msg;', { setup: 'const rates: { EUR: number } = { EUR: 3 };', language: 'typescript' })).toMatchObject({ outcome: 'done', outputs: { 'out-1': bodies({ payload: 6 }) } });
  expect(await code('return msg;', { setup: 'const a = 1;\nnone.at.all;' })).toMatchObject({ outcome: 'failed', failure: { code: 'node.cannot-start', field: 'setup', line: 2 } });
});

test('modules are tried with the code, and what is wrong with one names the field', async () => {
  const door = new SandboxSupervisor({ modules: modulesOf(commonJs('a', 'module.exports = (n) => n + 1;')) });
  world.kill();
  world = new World({ file: journal.file, nodes, trials: door });
  expect(await code('msg.payload = a(msg.payload); return msg;', { modules: [{ module: 'a' }] })).toMatchObject({ outcome: 'done', outputs: { 'out-1': bodies({ payload: 2 }) } });
  expect(await code('return msg;', { modules: [{ module: 'b', name: 'b' }] })).toMatchObject({ outcome: 'failed', failure: { code: 'node.cannot-start', field: 'modules', message: { en: expect.stringMatching(/b is not allowed/) as string } } });
  await door.close();
});

test('what came before a failure is told with it', async () => {
  expect(await code('node.warn("here"); throw new Error("there");')).toMatchObject({ outcome: 'failed', logs: [{ level: 'warn', text: 'here' }] });
});

test('code that never ends is ended in less time than a deployed node may have', async () => {
  const answer = await code('while (true);', { timeout: '50ms' });
  expect(answer).toMatchObject({ outcome: 'failed', failure: { code: 'function.timeout' } });
  const asked: number[] = [];
  world.kill();
  world = new World({ file: journal.file, nodes, trials: { open: (program) => { asked.push(program.timeoutMs); return sandbox.open(program); }, fuse: () => undefined } });
  await code('return msg;', { timeout: '60s' });
  expect(asked[0]).toBe(limits.tryMs);
});

test('context is a copy: what is there is read, what is written is answered and thrown away', async () => {
  await world.services.states.write({ flow: 'flow', node: 'it', key: 'count' }, 4);
  const answer = await code('context.set("count", context.get("count") + 1); flow.set("seen", true); context.set("gone", undefined); return { payload: context.get("count") };', { context: 'flow' });
  expect(answer).toMatchObject({ outcome: 'done', outputs: { 'out-1': bodies({ payload: 5 }) }, writes: [{ scope: 'node', key: 'count', value: { body: 5 } }, { scope: 'node', key: 'gone' }, { scope: 'flow', key: 'seen', value: { body: true } }] });
  expect([...world.services.states.shelf('flow').rows()].map(({ key, value }) => [key, value])).toEqual([['count', '4']]);
});

test('a call that failed would have written nothing', async () => {
  expect(await code('context.set("a", 1); throw new Error("no");', { context: 'node' })).toMatchObject({ outcome: 'failed', writes: [] });
});

test.each<[string, Config, Body, object]>([
  ['template', { template: 'Hello, {{payload}}!' }, { payload: 'Anna' }, { outcome: 'done', outputs: { out: bodies({ payload: 'Hello, Anna!' }) } }],
  ['template', { template: '{{#a}}' }, {}, { outcome: 'failed', failure: { code: 'node.cannot-start', line: 1 } }],
  ['split', {}, { payload: [1, 2] }, { outcome: 'done' }],
  ['delay', { for: '5s' }, {}, { outcome: 'held' }],
])('other pure nodes are tried alike: %s', async (type, config, body, told) => {
  expect(await tried(type, config, body)).toMatchObject(told);
});

test('of very many that leave a port the first ones are answered', async () => {
  const { outputs } = await tried('split', {}, { payload: Array.from({ length: 1000 }, (_, i) => i) });
  expect(Object.values(outputs).map(({ count, bodies: shown }) => [count, shown.length])).toEqual([[undefined, limits.triedBodies]]);
});

test('a node that is switched off is tried all the same', async () => {
  expect(await tried('template', { template: 'x' }, {}, { disabled: true })).toMatchObject({ outcome: 'done', outputs: { out: bodies({ payload: 'x' }) } });
});

test.each(['inject', 'http-request', 'sql-query', 'join', 'rate-limit', 'debug', 'http-response', 'unheard-of'])('what acts outside, waits for others, starts runs or sends nothing is not tried: %s', async (type) => {
  await expect(tried(type, {})).rejects.toMatchObject({ code: 'try.not-possible' });
});

test('so many run at once and no more', async () => {
  const tries = new Tries(world.services);
  const flow = flowOf({ nodes: { it: { type: 'template', config: {} } }, wires: [] });
  const all = Array.from({ length: limits.triesAtOnce }, () => tries.run(flow, 'it', {}));
  await expect(tries.run(flow, 'it', {})).rejects.toMatchObject({ code: 'try.busy' });
  await Promise.all(all);
  await expect(tries.run(flow, 'it', {})).resolves.toMatchObject({ outcome: 'done' });
});

test('nobody who watches the flow sees anything of a try', async () => {
  await code('node.status({ fill: "green", text: "x" }); node.warn("w"); return msg;');
  expect(world.events).toEqual([]);
});

test('a try makes calls that read, and refuses others in words', async () => {
  const asked: string[] = [];
  world.kill();
  world = new World({ file: journal.file, nodes, trials: sandbox, fetch: async (url, options) => { asked.push(`${options?.method} ${url}`); return { status: 200, headers: {}, bytes: new TextEncoder().encode('read'), text: () => 'read' }; } });
  const config: Config = { fetch: 'all', hosts: ['api.test'] };
  expect(await code('msg.payload = await (await fetch("https://api.test/a")).text();\nreturn msg;', config)).toMatchObject({ outcome: 'done', outputs: { 'out-1': bodies({ payload: 'read' }) } });
  expect(await code('await fetch("https://api.test/a", { method: "POST" });', config)).toMatchObject({ outcome: 'failed', failure: { code: 'function.fetch-refused', line: 1, message: { en: expect.stringContaining('a try changes nothing outside') as string } } });
  expect(await code('return msg;', { fetch: 'read', hosts: [] })).toMatchObject({ outcome: 'failed', failure: { code: 'node.cannot-start', field: 'hosts' } });
  expect(asked).toEqual(['GET https://api.test/a']);
});
