import { afterAll, expect, test } from 'vitest';
import functionNode from '../../../nodes/code/function.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { NodeFailure, type SandboxDoor, type SandboxProgram } from '../../../runtime/sdk/index.ts';
import { tryNode } from '../../kit/node-kit.ts';

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

test('what the code logs and its status are the node’s', async () => {
  const { seen, emits } = await tryNode(functionNode, [{ payload: 1 }], { sandbox, config: { code: 'node.log("said"); node.warn("careful"); node.error("bad"); node.status({ fill: "yellow", text: "slow" }); return msg;' } });
  expect(seen.logs.map(({ level, text }) => [level, text])).toEqual([['info', 'said'], ['warn', 'careful'], ['error', 'bad']]);
  expect(seen.status).toEqual([{ kind: 'warn', text: { en: 'slow', ru: 'slow' } }]);
  expect(emits).toEqual({ 'out-1': [{ payload: 1 }] });
});

test('several messages by one output leave in order', async () => {
  const { emits } = await tryNode(functionNode, [{ payload: 'a' }], { sandbox, config: { code: 'return [[msg, { payload: "b" }], null, { payload: "c" }];', outputs: 3 } });
  expect(emits).toEqual({ 'out-1': [{ payload: 'a' }, { payload: 'b' }], 'out-3': [{ payload: 'c' }] });
});

test('the flow’s environment is read with env.get', async () => {
  const { emits } = await tryNode(functionNode, [{}], { sandbox, env: { REGION: 'RU' }, config: { code: 'return { payload: env.get("REGION") };' } });
  expect(emits).toEqual({ 'out-1': [{ payload: 'RU' }] });
});

test('a failure has its place in the code, and is not tried again', async () => {
  const { failures } = await tryNode(functionNode, [{}], { sandbox, config: { code: '\n  msg.payload.x = 1;' } });
  expect(failures).toMatchObject([{ code: 'function.threw', details: { line: 2, column: 17 }, retry: 'never', scope: 'message' }]);
});

test('code that cannot be read keeps the node from being deployed, with its place', async () => {
  await expect(tryNode(functionNode, [], { sandbox, config: { code: 'return (' } })).rejects.toMatchObject({ code: 'function.syntax', details: { line: 1 } });
});

test('setup code is of the same language', async () => {
  const config = { language: 'typescript', setup: 'const rates: Record<string, number> = { EUR: 2 };', code: 'return { payload: rates.EUR as number };' };
  expect((await tryNode(functionNode, [{}], { sandbox, config })).emits).toEqual({ 'out-1': [{ payload: 2 }] });
  await expect(tryNode(functionNode, [], { sandbox, config: { ...config, setup: '\nenum Rate { EUR }' } })).rejects.toMatchObject({ code: 'function.setup', details: { field: 'setup', line: 2 } });
});

test('setup code that fails keeps the node from being deployed, with its field and place', async () => {
  for (const setup of ['const x = ;', 'const x = none;']) await expect(tryNode(functionNode, [], { sandbox, config: { setup } })).rejects.toMatchObject({ code: 'function.setup', details: { field: 'setup', line: 1, column: 11 } });
});

test('modules reach the sandbox with their names, which come of the modules’ own where none is given', async () => {
  const programs: SandboxProgram[] = [];
  const door: SandboxDoor = { open: (program) => { programs.push(program); return sandbox.open({ ...program, modules: [] }); }, fuse: () => undefined };
  await tryNode(functionNode, [], { sandbox: door, config: { modules: [{ module: 'dayjs', name: 'd' }, { module: 'lodash/groupBy' }, { module: 'iconv-lite' }, { module: '@org/some.thing' }, { module: 'x/lib/part.js' }] } });
  expect(programs[0]?.modules?.map(({ name }) => name)).toEqual(['d', 'groupBy', 'iconvLite', 'some', 'part']);
});

test('time and memory stay within what a node may have', async () => {
  const programs: SandboxProgram[] = [];
  const door: SandboxDoor = { open: (program) => { programs.push(program); return sandbox.open(program); }, fuse: () => undefined };
  await tryNode(functionNode, [], { sandbox: door, config: { timeout: '10m', memory: '1GB' } });
  await tryNode(functionNode, [], { sandbox: door, config: { memory: '1KB' } });
  expect(programs.map(({ timeoutMs, memoryMb }) => [timeoutMs, memoryMb])).toEqual([[60_000, 256], [5000, 8]]);
});

test('closing code has the node’s setup code, modules and language, but no servers, links and outputs, and a bounded time', async () => {
  const programs: SandboxProgram[] = [];
  const door: SandboxDoor = { open: (program) => { programs.push(program); return sandbox.open({ ...program, modules: [] }); }, fuse: () => undefined };
  const config = { setup: 'const a = 1;', language: 'typescript', modules: [{ module: 'dayjs' }], fetch: 'all', hosts: ['a.test'], links: true, outputs: 3 };
  for (const timeout of ['5s', '20ms']) await tryNode(functionNode, [], { sandbox: door, config: { ...config, timeout, closing: 'node.log(a as number);' } });
  await tryNode(functionNode, [], { sandbox: door, config: { ...config, closing: ' \n' } });
  const closing = programs.filter(({ isClosing }) => isClosing);
  expect(closing.map(({ timeoutMs }) => timeoutMs)).toEqual([1000, 20]);
  expect(closing[0]).toMatchObject({ code: 'node.log(a as number);', setup: 'const a = 1;', language: 'typescript', modules: [{ module: 'dayjs', name: 'dayjs' }], outputs: 0 });
  expect(Object.keys(closing[0] ?? {}).filter((name) => name === 'fetch' || name === 'links')).toEqual([]);
  expect(programs).toHaveLength(5);
});

test('closing code that cannot be read keeps the node from being deployed; whether or not it can, nothing stays open', async () => {
  let open = 0;
  const door: SandboxDoor = {
    open: async (program) => {
      const opened = await sandbox.open(program);
      open++;
      return { call: (messages) => opened.call(messages), close: async () => { open--; await opened.close(); } };
    },
    fuse: () => undefined,
  };
  await expect(tryNode(functionNode, [], { sandbox: door, config: { closing: '\nreturn (' } })).rejects.toMatchObject({ code: 'function.closing', details: { field: 'closing', line: 2 } });
  expect(open).toBe(0);
  await tryNode(functionNode, [{}], { sandbox: door, config: { closing: 'node.log(1);' } });
  expect(open).toBe(0);
});

test('a sandbox that cannot be started is tried again later', async () => {
  const door: SandboxDoor = { open: async () => ({ call: async (all) => all.map(() => ({ failure: { code: 'sandbox.unavailable', text: { en: 'no', ru: 'нет' }, details: {} }, logs: [] })), close: async () => undefined }), fuse: () => undefined };
  const { failures } = await tryNode(functionNode, [{}], { sandbox: door });
  expect(failures[0]).toBeInstanceOf(NodeFailure);
  expect(failures).toMatchObject([{ code: 'sandbox.unavailable', retry: 'backoff' }]);
});

test('TypeScript runs without its types, and failures keep their place', async () => {
  const run = (code: string) => tryNode(functionNode, [{ payload: 2 }], { sandbox, config: { language: 'typescript', code } });
  expect((await run('type A = { payload: number };\nconst { payload }: A = msg;\nreturn { payload: (payload as number) * 2 };')).emits).toEqual({ 'out-1': [{ payload: 4 }] });
  expect((await run('const n: number = 1;\nconst sum: number = msg.gone.x as number;')).failures).toMatchObject([{ code: 'function.threw', details: { line: 2, column: 30 } }]);
  await expect(run('return msg;\nenum A { x }')).rejects.toMatchObject({ code: 'function.syntax', details: { line: 2, column: 1 } });
  await expect(run('} ; {')).rejects.toMatchObject({ code: 'function.syntax', details: { line: 1 } });
  await expect(tryNode(functionNode, [], { sandbox, config: { code: 'const a: number = 1;' } })).rejects.toMatchObject({ code: 'function.syntax' });
});
