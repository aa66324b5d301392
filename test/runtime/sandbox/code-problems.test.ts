import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nodes } from '../../../nodes/index.ts';
import type { FlowNode } from '../../../runtime/flow/flow.ts';
import { createRuntime, type Runtime } from '../../../runtime/runtime.ts';
import { CodeProblems } from '../../../runtime/sandbox/code-problems.ts';
import { CodeReader } from '../../../runtime/sandbox/code-reader.ts';
import { flowOf } from '../../kit/flow-of.ts';

const catalog = { nodes: Object.fromEntries(nodes.map(({ info }) => [info.type, info])), connections: {} };
const of = (config: FlowNode['config'], more: Partial<FlowNode> = {}) => flowOf({ nodes: { in: 'inject', fn: { type: 'function', config, ...more } }, wires: ['in.out -> fn.in'] });
const BROKEN = 'const a = 1;\nif (a {';

describe('code that cannot be read is a problem of its node', () => {
  const problemsOf = (config: FlowNode['config'], more?: Partial<FlowNode>) => new CodeProblems(new CodeReader(), catalog).of(of(config, more));

  test('with the field, line and column, in the words of a deploy', async () => {
    expect(await problemsOf({ code: BROKEN })).toEqual([{
      code: 'field.syntax', level: 'error', where: { flow: 'flow', node: 'fn', field: 'code', line: 2, column: 7 },
      message: { en: 'The code cannot be read at line 2, column 7: unexpected token `{`.', ru: 'Код не читается в строке 2, позиция 7: неожиданное `{`.' },
      fix: expect.anything(),
    }]);
    expect(await problemsOf({ code: 'return a;', setup: 'const a = ;' })).toMatchObject([{ where: { field: 'setup', line: 1, column: 11 } }]);
    expect(await problemsOf({ code: 'return msg;', closing: 'node.log(1);\nmsg.payload = 1;' })).toMatchObject([{ where: { field: 'closing', line: 2, column: 1 } }]);
    expect(await problemsOf({ code: 'return a;', closing: 'const b = 2;', setup: 'const a = ;' })).toHaveLength(1);
    expect(await problemsOf({ code: BROKEN, closing: BROKEN })).toMatchObject([{ where: { field: 'code' } }, { where: { field: 'closing' } }]);
    expect(await problemsOf({ code: 'enum A { x }', language: 'typescript' })).toMatchObject([{ where: { field: 'code', line: 1, column: 1 } }]);
  });

  test.each<[string, FlowNode['config'], Partial<FlowNode>?]>([
    ['code that can be read', { code: 'return msg;' }], ['types, where they are TypeScript', { code: 'return msg as any;', language: 'typescript' }], ['setup code that would fail when it runs', { code: 'return msg;', setup: 'none.at.all;' }],
    ['no code', {}], ['a node that is disabled', { code: BROKEN }, { disabled: true }], ['what is no text', { code: 5 }],
  ])('not: %s', async (_, config, more) => { expect(await problemsOf(config, more)).toEqual([]); });

  test('and is read once, however often the draft is looked at', async () => {
    const reader = new CodeReader();
    const read = vi.spyOn(reader, 'read');
    const problems = new CodeProblems(reader, catalog);
    const found = [await problems.of(of({ code: BROKEN })), await problems.of(of({ code: BROKEN, outputs: 2 }))];
    expect([found[0], read.mock.calls.length]).toEqual([found[1], 1]);
    await problems.of(of({ code: `${BROKEN} ` }));
    expect(read).toHaveBeenCalledTimes(2);
  });
});

describe('in a project', () => {
  let runtime: Runtime;
  beforeEach(async () => { runtime = await createRuntime({ dataDir: ':memory:', nodes, connections: [], examplesDir: null }); });
  afterEach(() => runtime.close());
  const ada = { name: 'ada' };
  const seen = (problems: readonly { readonly code: string; readonly where: object }[]) => problems.map(({ code, where }) => ({ code, ...where }));
  const told = [{ code: 'field.syntax', flow: 'flow', node: 'fn', field: 'code', line: 2, column: 7 }];

  test('a draft tells it when it is saved, read, listed and before its deploy, and the deploy tells it once', async () => {
    const saved = await runtime.project.saveFlow(of({ code: BROKEN }), 0, ada);
    expect(seen(saved.problems)).toEqual(told);
    expect(seen((await runtime.project.getFlow('flow')).problems)).toEqual(told);
    expect((await runtime.project.listFlows()).flows[0]?.problems).toBe(1);
    const preview = await runtime.project.previewDeploy('flow', saved.version);
    expect([seen(preview.problems), preview.refused]).toEqual([told, false]);
    expect(seen((await runtime.project.deploy('flow', saved.version, ada)).problems)).toEqual(told);
  });

  test('a node whose code cannot be read can be tried, since that says the same', async () => {
    await runtime.project.saveFlow(of({ code: BROKEN }), 0, ada);
    const flow = await runtime.project.withOnly('flow', 'fn', { type: 'function', version: 1, config: { code: BROKEN } });
    expect((await runtime.host.tryNode(flow, 'fn', { payload: 1 })).failure).toMatchObject({ line: 2, column: 7 });
  });
});
