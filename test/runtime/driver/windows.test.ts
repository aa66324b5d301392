import { afterEach, beforeEach, expect, test } from 'vitest';
import join from '../../../nodes/logic/join.ts';
import split from '../../../nodes/logic/split.ts';
import rateLimit from '../../../nodes/time/rate-limit.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineNode } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** Windows of nodes that gather, and paces, while their nodes or their flow do not run. */

const HOUR = 3_600_000;
const BOTH = (text: string) => ({ en: text, ru: text });
const DROPS_TWO = defineNode({
  version: 1, title: BOTH('Test'), category: 'logic', icon: 'box', summary: BOTH('For tests.'), help: BOTH('For tests.'), examples: [],
  type: 'test-drops-two', replay: 'pure', config: {}, outputs: { fixed: { out: { title: BOTH('Out') } } }, run: (message) => (message.payload === 2 ? undefined : message),
});
const { windowsOpenMax, windowsRememberedMax } = limits;
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
const world = (more: Partial<WorldOptions> = {}): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, join, split, rateLimit, DROPS_TWO], clock: new VirtualTime(), ...more });
  worlds.push(made);
  return made;
};
/** The next life, at the instant at which the last one ended. */
const next = (before: World): World => {
  before.kill();
  return world({ clock: new VirtualTime(before.clock.now()), seed: 2 });
};
const feed = async (payload: unknown) => await nodes.deliver.get('in')?.({ payload });

beforeEach(() => { nodes = new TestNodes(); journal = journalFile(); });
afterEach(() => {
  Object.assign(limits, { windowsOpenMax, windowsRememberedMax });
  endWorlds(worlds);
  journal.remove();
});

const joining = (disabled: boolean) => flowOf({
  nodes: { in: 'test-source', join: { type: 'join', config: { until: 'count', count: 5, timeout: '10s' }, disabled }, sink: 'test-sink' }, wires: ['in.out -> join.in', 'join.incomplete -> sink.in'],
});

test('a window whose time comes while its node is disabled closes when that is enabled', async () => {
  const w = world();
  await w.deploy(joining(false));
  await feed(1);
  await w.calm();
  await w.deploy(joining(true), 2);
  await w.pass(HOUR);
  expect(nodes.arrived).toEqual([]);
  await w.deploy(joining(false), 3);
  await w.pass(1000);
  expect(nodes.arrived).toHaveLength(1);
});

test('so it does when the process was started anew meanwhile', async () => {
  const first = world();
  await first.deploy(joining(false));
  await feed(1);
  await first.calm();
  const second = next(first);
  await second.deploy(joining(true), 2);
  await second.pass(HOUR);
  expect(nodes.arrived).toEqual([]);
  await second.deploy(joining(false), 3);
  await second.pass(1000);
  expect(nodes.arrived).toHaveLength(1);
});

test('a window whose time comes while its flow is stopped costs nothing until it runs again', async () => {
  const w = world();
  const runner = await w.deploy(joining(false));
  await feed(1);
  await w.calm();
  await runner.stop();
  await w.pass(HOUR);
  expect(w.clock.waiting).toBe(0);
  await w.deploy(joining(false), 2);
  await w.pass(1000);
  expect(nodes.arrived).toHaveLength(1);
});

test('a rate limit that is disabled at a restart lets no more through once it is enabled', async () => {
  const limited = (disabled: boolean) => flowOf({ nodes: { in: 'test-source', rate: { type: 'rate-limit', config: { count: 1, per: '1h' }, disabled }, sink: 'test-sink' }, wires: ['in.out -> rate.in', 'rate.out -> sink.in'] });
  const first = world();
  await first.deploy(limited(false));
  await feed(1);
  await feed(2);
  await first.calm();
  expect(nodes.arrived).toHaveLength(1);
  const second = next(first);
  await second.deploy(limited(true), 2);
  await second.calm();
  await second.deploy(limited(false), 3);
  await second.pass(HOUR - 1000);
  expect(nodes.arrived).toHaveLength(1);
  await second.pass(1000);
  expect(nodes.arrived).toHaveLength(2);
});

test('windows that are only remembered do not count among the open ones, and the oldest are forgotten first', async () => {
  Object.assign(limits, { windowsOpenMax: 3, windowsRememberedMax: 5 });
  const first = world();
  const flow = flowOf({ nodes: { in: 'test-source', split: 'split', drops: 'test-drops-two', join: 'join', sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> drops.in', 'drops.out -> join.in', 'join.out -> sink.in'] });
  await first.deploy(flow);
  for (let i = 0; i < 12; i++) {
    await feed([1, 2, 3]);
    await first.pass(60_000);
  }
  expect(nodes.arrived).toHaveLength(12);
  expect(await first.services.journal.windows('flow')).toHaveLength(5);
  const second = next(first);
  await second.deploy(flow);
  await second.calm();
  await feed([1, 2, 3]);
  await second.pass(60_000);
  expect(nodes.arrived).toHaveLength(13);
  expect(await second.services.journal.windows('flow')).toHaveLength(5);
});
