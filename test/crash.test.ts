import { describe, expect, test } from 'vitest';
import type { Flow } from '../runtime/flow/flow.ts';
import { NodeFailure } from '../runtime/sdk/index.ts';
import { TestNodes } from './kit/test-nodes.ts';
import { VirtualTime } from './kit/virtual-time.ts';
import { flowOf } from './kit/flow-of.ts';
import { journalFile, World } from './kit/world.ts';

/** Ends the process just before each write of a scenario in turn, starts again, and demands that everything acknowledged is done, once. */

interface Scenario { readonly flow: Flow; readonly feed: readonly { readonly payload: unknown; readonly key?: string; readonly group?: string }[]; readonly flaky?: boolean }

const SCENARIOS: { readonly [name: string]: Scenario } = {
  'a line with a call': {
    flow: flowOf({ nodes: { in: 'test-source', pass: 'test-pass', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }],
  },
  'two calls and a branch': {
    flow: flowOf({ nodes: { in: 'test-source', a: 'test-call', b: 'test-call', fan: 'test-fan', c: 'test-call', sink: 'test-sink' }, wires: ['in.out -> a.in', 'a.out -> fan.in', 'fan.out -> b.in', 'fan.out -> c.in', 'b.out -> sink.in', 'c.out -> sink.in'] }),
    feed: [{ payload: 1 }],
  },
  'a retry with a key behind it': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 'k1', key: 'k' }, { payload: 'k2', key: 'k' }], flaky: true,
  },
  'a window': {
    flow: flowOf({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 2 } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }],
  },
};

const HOUR = 60 * 60_000;

async function live(scenario: Scenario, life: { file: string; nodes: TestNodes; clock: VirtualTime; killBefore?: number; feed: boolean }): Promise<{ world: World; accepted: number }> {
  const world = new World({ file: life.file, nodes: life.nodes.definitions, clock: life.clock, ...(life.killBefore !== undefined && { killBefore: life.killBefore }) });
  await world.deploy(scenario.flow);
  let accepted = 0;
  if (life.feed) {
    for (const { key, ...body } of scenario.feed) {
      life.nodes.deliver.get('in')?.(body, key === undefined ? {} : { key }).then(() => accepted++, () => undefined);
      await world.calm();
    }
  }
  await world.pass(HOUR);
  return { world, accepted };
}

async function crashAt(scenario: Scenario, killBefore: number): Promise<boolean> {
  const journal = journalFile();
  const nodes = new TestNodes();
  const failed = new Set<unknown>();
  nodes.onCall = (body) => {
    if (!scenario.flaky || failed.has(body.payload)) return;
    failed.add(body.payload);
    throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' });
  };
  try {
    const clock = new VirtualTime();
    const first = await live(scenario, { file: journal.file, nodes, clock, killBefore, feed: true });
    const died = first.world.dead;
    first.world.kill();
    const second = await live(scenario, { file: journal.file, nodes, clock: new VirtualTime(clock.now()), feed: false });
    expect(second.world.bugs).toEqual([]);
    expect(await second.world.pending()).toBe(0);
    expect(await second.world.services.journal.deadLetters({ limit: 5 })).toEqual([]);
    const ended = await second.world.endedRuns();
    expect(new Set(ended.map(({ id }) => id)).size).toBe(ended.length);
    // What was on its way to the disk when the process ended may be there without having been acknowledged, never the other way round.
    expect(ended.length).toBeGreaterThanOrEqual(first.accepted);
    const seen = JSON.stringify([...nodes.arrived.map(({ body }) => body.payload)]);
    for (const { payload } of scenario.feed.slice(0, first.accepted)) expect(seen).toContain(JSON.stringify(payload));
    expect(new Set(nodes.arrived.map(({ id }) => id)).size).toBe(new Set(nodes.arrived.map(({ id, body }) => `${id}${JSON.stringify(body)}`)).size);
    if (scenario.flaky) expect(nodes.arrived.map(({ body }) => body.payload)).toEqual([...nodes.arrived.map(({ body }) => body.payload)].sort());
    second.world.kill();
    return died;
  } finally {
    journal.remove();
  }
}

describe.each(Object.entries(SCENARIOS))('%s', (_name, scenario) => {
  test('survives an end before each of its writes', async () => {
    let points = 0;
    while (await crashAt(scenario, points + 1)) points++;
    expect(points).toBeGreaterThan(3);
  });
});
