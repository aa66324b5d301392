import { afterAll, expect, test } from 'vitest';
import change from '../../../nodes/logic/change.ts';
import switchNode from '../../../nodes/logic/switch.ts';
import { compileConfig } from '../../../runtime/expression/resolve.ts';
import { encodeBody } from '../../../runtime/journal/codec.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { isToPorts, portsOf, type Body, type HandlerResult, type RowCode, type SandboxFunction } from '../../../runtime/sdk/index.ts';
import { RandomRows, type RowNode } from '../../kit/random-rows.ts';
import { SeededRandom } from '../../kit/virtual-time.ts';
import { program } from '../../suites/sandbox.suite.ts';

/** Switch and change between function nodes do in the sandbox what they do here, or say that it is not certain. */

const sandbox = new SandboxSupervisor();
afterAll(() => sandbox.close());

/** A node as it is called alone: the message that leaves by its port when nothing else does, or undefined. `code` is what stands for it in a row. */
interface Opened { readonly alone: (body: Body) => Promise<Body | undefined>; readonly part: SandboxFunction | RowCode | undefined; readonly close: () => Promise<void> }

const NO_REFERENCES = { env: () => undefined, secret: () => undefined };

async function open({ type, config, port }: RowNode): Promise<Opened> {
  if (type === 'function') {
    const fn = await sandbox.open(program(String(config['code']), { timeoutMs: 20_000 }));
    return { part: fn, close: () => fn.close(), alone: async (body) => {
      const [result] = await fn.call([{ id: 'm', nowMs: 1, body }]);
      return result && 'outputs' in result && result.outputs.length === 1 && result.outputs[0]?.length === 1 ? result.outputs[0][0] : undefined;
    } };
  }
  const definition = type === 'switch' ? switchNode : change;
  const { atDeploy } = await compileConfig(definition.info.config, config, NO_REFERENCES);
  const prepared = await definition.prepare?.(atDeploy as never, undefined as never);
  return { part: definition.inRow?.(atDeploy as never, port), close: async () => undefined, alone: async (body) => {
    const result: HandlerResult = await Promise.resolve().then(() => definition.run?.(body, { prepared, clock: { now: () => 1 } } as never)).catch(() => undefined);
    if (!isToPorts(result)) return type === 'change' ? result as Body | undefined : undefined;
    const [only, ...others] = Object.entries(portsOf(result));
    return only?.[0] === port && others.length === 0 ? only[1] as Body : undefined;
  } };
}

/** What is kept of a message, whatever the order of its keys: numbers that JSON has not are null there. */
const kept = (body: Body | undefined): unknown => body && JSON.parse(encodeBody(body).replace(/^!/, ''));

async function same(row: readonly RowNode[], bodies: readonly Body[]): Promise<void> {
  const opened = await Promise.all(row.map(open));
  const parts = opened.flatMap(({ part }) => part ?? []);
  const fused = parts.length === row.length ? sandbox.fuse(parts) : undefined;
  for (const traced of fused ? [false, true] : []) {
    const answers = await fused?.call(bodies.map((body) => ({ id: 'm', nowMs: 1, body, traced }))) ?? [];
    for (const [i, answer] of answers.entries()) {
      const at: (Body | undefined)[] = [bodies[i]];
      for (const { alone } of opened) at.push(at.at(-1) && await alone(at.at(-1) as Body));
      if (!answer) continue;
      const { stage, results } = answer;
      const input = results.length === 1 ? bodies[i] : at[stage];
      const result = results.at(-1)?.(input as Body);
      const given = result && 'outputs' in result && result.outputs.length === 1 && result.outputs[0]?.length === 1 ? result.outputs[0][0] : undefined;
      expect({ row, body: bodies[i], stage, given: kept(given) }).toEqual({ row, body: bodies[i], stage, given: kept(at[stage + 1]) });
    }
  }
  await Promise.all([fused?.close(), ...opened.map(({ close }) => close())]);
}

test.each(Array.from({ length: 12 }, (_, seed) => [seed + 1]))('rows of random rules give random messages what the nodes give them one after another (seed %i)', async (seed) => {
  const random = new RandomRows(new SeededRandom(seed));
  for (let n = 0; n < 12; n++) await same(random.row(), Array.from({ length: 24 }, () => random.body()));
});

// What is always called uncertain would give the same, too.
const BODY: Body = { payload: { n: 5, text: 'Да', list: ['a', 'b'], deep: { list: [{ x: 1 }] } }, topic: 'a-b', five: 5 };
const when = (op: string, more: object, property = 'payload.n'): RowNode => ({ type: 'switch', port: 'out-2', config: { property, rules: [{ op: 'false' }, { op, ...more }, { op: 'else' }] } as RowNode['config'] });
const changing = (...rules: object[]): RowNode => ({ type: 'change', port: 'out', config: { rules } as RowNode['config'] });

test.each<[RowNode]>([
  [when('eq', { value: '5' })], [when('eq', { value: { $expr: 'five' } })], [when('eq', { value: 'ДА', caseless: true }, 'payload.text')], [when('eq', { value: [{ x: '1' }] }, 'payload.deep.list')], [when('neq', { value: 4 })], [when('lt', { value: 6 })], [when('lte', { value: 5 })], [when('gt', { value: 4 })], [when('gte', { value: '5' })],
  [when('between', { value: 9, value2: 1 })], [when('contains', { value: 'b' }, 'payload.list')], [when('contains', { value: 'а', caseless: true }, 'payload.text')], [when('starts-with', { value: 'a' }, 'topic')], [when('ends-with', { value: 'b' }, 'topic')], [when('in-list', { value: '4, 5' })], [when('has-key', { value: 'list' }, 'payload.deep')], [when('is-type', { value: 'list' }, 'payload.list')],
  [when('null', {}, 'payload.none')], [when('not-null', {})], [when('empty', {}, 'nothing.at.all')], [when('not-empty', {}, 'payload.list')], [when('holds', { value: { $expr: 'payload.n' } })], [when('eq', { value: 2 }, 'payload.list.length')], [when('eq', { value: 1 }, 'payload.deep.list[-1].x')],
  [changing({ path: 'topic', value: { a: [1, { __proto__: null, b: '\u2028' }] } })], [changing({ path: 'payload.copy', value: { $expr: 'payload.deep' } }, { path: 'payload.copy.list[0].x', value: 2 })], [changing({ path: 'payload.n', value: { $expr: 'payload.none' } })], [changing({ path: 'payload.list[2]', value: 'c' }, { path: 'payload["a b"].c', value: null })],
  [changing({ action: 'move', path: 'payload.text', to: 'name' }, { action: 'move', path: 'payload', to: 'payload.inside' })], [changing({ action: 'delete', path: 'payload.deep.list[0].x' }, { action: 'delete', path: 'topic' })], [changing({ action: 'replace', path: 'topic', find: '-', value: '$&' }, { action: 'replace', path: 'five', find: '5', value: { $expr: 'payload.list' } })],
])('is certain of %j', async (node) => {
  const row = [{ type: 'function', config: { code: 'return msg;' }, port: 'out-1' }, node, { type: 'function', config: { code: 'msg.after = true;\nreturn msg;' }, port: 'out-1' }] as const;
  await same(row, [BODY]);
  const [first, between, last] = await Promise.all(row.map(open));
  const fused = sandbox.fuse([first, between, last].flatMap((opened) => opened?.part ?? []));
  const [answer] = await fused?.call([{ id: 'm', nowMs: 1, body: BODY }]) ?? [];
  expect(answer?.stage).toBe(2);
  await Promise.all([fused, first, last].flatMap((each) => each?.close() ?? []));
});

test.each<[string, RowNode]>([
  ['an expression', changing({ path: 'a', value: { $expr: 'five + 1' } })], ['a template', changing({ path: 'a', value: { $template: '{{five}}' } })], ['an expression as property', when('eq', { value: 1 }, '$sum(payload.n)')], ['a pattern', when('matches', { value: '^a' })], ['a pattern to replace', changing({ action: 'replace', path: 'topic', find: 'a+', regex: true, value: '' })],
  ['the message’s id', when('eq', { value: 1 }, '_msgid')], ['a key that every record has', changing({ action: 'delete', path: 'toString' })],
])('%s parts the row', async (_name, node) => {
  expect((await open(node)).part).toBeUndefined();
});

test.each<[string, unknown]>([['NaN', Number.NaN], ['a list with a gap', [undefined]], ['a field without a value', { n: undefined }], ['a function', { n: () => 1 }], ['a map', new Map()], ['other numbers', new Float64Array([1])]])('%s of a message that no function has written yet is not looked at in the sandbox', async (_name, a) => {
  const look = changing({ path: 'topic', value: { $expr: 'a' } });
  const answersOf = async (code: string): Promise<readonly unknown[]> => {
    const opened = await Promise.all([{ type: 'function', config: { code }, port: 'out-1' } as const, look, { type: 'function', config: { code: 'msg.after = 1;\nreturn msg;' }, port: 'out-1' } as const].map(open));
    const fused = sandbox.fuse(opened.flatMap(({ part }) => part ?? []));
    const answers = await fused?.call([{ id: 'm', nowMs: 1, body: { a } }, { id: 'm', nowMs: 1, body: {} }]);
    await Promise.all([fused, ...opened].flatMap((each) => each?.close() ?? []));
    return answers?.map((answer) => answer?.stage) ?? [];
  };
  expect(await answersOf('return msg;')).toEqual([undefined, 2]);
  expect(await answersOf('msg.kind = typeof msg.a;\nreturn msg;')).toEqual([undefined, 2]);
  expect(await answersOf('if (msg.topic === "b") msg.a = 1;\nreturn msg;')).toEqual([undefined, 2]);
  expect(await answersOf('msg.a = [msg.a];\nreturn msg;')).toEqual([2, 2]);
});
