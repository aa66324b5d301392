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

interface Seen { certain: number; throughAlone: number; rows: number }

/** What is kept of a message, whatever the order of its keys: numbers that JSON has not are null there. */
const kept = (body: Body | undefined): unknown => body && JSON.parse(encodeBody(body).replace(/^!/, ''));

async function same(row: readonly RowNode[], bodies: readonly Body[], seen: Seen): Promise<void> {
  const opened = await Promise.all(row.map(open));
  const parts = opened.flatMap(({ part }) => part ?? []);
  const fused = parts.length === row.length ? sandbox.fuse(parts) : undefined;
  if (fused) seen.rows++;
  for (const traced of fused ? [false, true] : []) {
    const answers = await fused?.call(bodies.map((body) => ({ id: 'm', nowMs: 1, body, traced }))) ?? [];
    for (const [i, answer] of answers.entries()) {
      const at: (Body | undefined)[] = [bodies[i]];
      for (const { alone } of opened) at.push(at.at(-1) && await alone(at.at(-1) as Body));
      if (at.at(-1)) seen.throughAlone++;
      if (!answer) continue;
      const { stage, results } = answer;
      const input = results.length === 1 ? bodies[i] : at[stage];
      const result = results.at(-1)?.(input as Body);
      const given = result && 'outputs' in result && result.outputs.length === 1 && result.outputs[0]?.length === 1 ? result.outputs[0][0] : undefined;
      expect({ row, body: bodies[i], stage, given: kept(given) }).toEqual({ row, body: bodies[i], stage, given: kept(at[stage + 1]) });
      if (stage === row.length - 1 && given) seen.certain++;
    }
  }
  await Promise.all([fused?.close(), ...opened.map(({ close }) => close())]);
}

test.each(Array.from({ length: 12 }, (_, seed) => [seed + 1]))('rows of random rules give random messages what the nodes give them one after another (seed %i)', async (seed) => {
  const random = new RandomRows(new SeededRandom(seed));
  const seen: Seen = { certain: 0, throughAlone: 0, rows: 0 };
  for (let n = 0; n < 12; n++) await same(random.row(), Array.from({ length: 24 }, () => random.body()), seen);
  // What is always called uncertain would be right, too.
  expect(seen.rows).toBeGreaterThan(2);
  expect(seen.certain).toBeGreaterThan(seen.throughAlone / 2);
});
