import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineNode, NodeFailure, type NodeDefinition } from '../../../runtime/sdk/index.ts';
import type { Confirmed } from '../../../runtime/sdk/define-node.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });

let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
const worlds: World[] = [];
/** What the other side has done, by idempotency key, each time that it was asked to. */
let done: string[];
let onOrder: () => Promise<void> | void;
let said: (() => Confirmed) | undefined;

/** Orders at a shop that takes no idempotency key, and can be asked whether an order is there. */
const order = (withConfirm: boolean): NodeDefinition => defineNode({
  type: 'test-order', version: 1, title: BOTH('Order'), category: 'sink', icon: 'box', summary: BOTH('Order'), help: BOTH('Order'), examples: [], replay: 'external', config: {}, outputs: { fixed: { out: { title: BOTH('Out') } } },
  run: async (message, { idempotencyKey }) => {
    done.push(idempotencyKey);
    await onOrder();
    return { ...message, ordered: true };
  },
  ...(withConfirm && { confirm: async () => said?.() ?? 'unknown' }),
});
const flow = (settings: object = {}) => flowOf({ nodes: { in: 'test-source', shop: { type: 'test-order', ...settings }, sink: 'test-sink' }, wires: ['in.out -> shop.in', 'shop.out -> sink.in'] });
const world = (withConfirm: boolean, clock = new VirtualTime()): World => {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, order(withConfirm)], clock });
  worlds.push(made);
  return made;
};
const lost = (): never => { throw new NodeFailure('shop.cut', BOTH('the answer was lost'), { outcomeUnknown: true }); };
const letters = async (w: World) => await w.services.journal.deadLetters({ limit: 5 });
async function fed(withConfirm: boolean, settings?: object): Promise<World> {
  const w = world(withConfirm);
  await w.deploy(flow(settings));
  await nodes.deliver.get('in')?.({ payload: 1 });
  await w.calm();
  await w.pass(60 * 60_000);
  return w;
}
/** The process ends during the call, and starts again. */
async function crashed(withConfirm: boolean, settings?: object): Promise<World> {
  onOrder = () => new Promise(() => undefined);
  const first = world(withConfirm);
  await first.deploy(flow(settings));
  await nodes.deliver.get('in')?.({ payload: 1 });
  await first.calm();
  first.kill();
  onOrder = () => undefined;
  const w = world(withConfirm, new VirtualTime(first.clock.now() + 1000));
  await w.deploy(flow(settings));
  await w.calm();
  await w.pass(60 * 60_000);
  return w;
}

beforeEach(() => {
  nodes = new TestNodes();
  journal = journalFile();
  done = [];
  said = undefined;
  onOrder = () => undefined;
});
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

test.each(['a lost answer', 'an end of the process'])('after %s nobody orders twice: the message waits for a person', async (how) => {
  if (how === 'a lost answer') onOrder = lost;
  const w = how === 'a lost answer' ? await fed(false) : await crashed(false);
  expect(done).toHaveLength(1);
  expect(nodes.arrived).toEqual([]);
  expect(await letters(w)).toMatchObject([{ node: 'shop', kind: 'unknown' }]);
});

test.each(['a lost answer', 'an end of the process'])('after %s an order that is there is not made again, and the message goes on', async (how) => {
  said = () => 'done';
  if (how === 'a lost answer') onOrder = lost;
  const w = how === 'a lost answer' ? await fed(true) : await crashed(true);
  expect(done).toHaveLength(1);
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual([1]);
  expect(await letters(w)).toEqual([]);
});

test('what the question finds is what the call would have answered', async () => {
  said = () => ({ done: { payload: 'order 7' } });
  onOrder = lost;
  await fed(true);
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(['order 7']);
});

test.each(['a lost answer', 'an end of the process'])('after %s an order that is not there is made again', async (how) => {
  said = () => 'not-done';
  if (how === 'a lost answer') onOrder = () => { if (done.length === 1) lost(); };
  const w = how === 'a lost answer' ? await fed(true) : await crashed(true);
  expect(done).toHaveLength(2);
  expect(new Set(done).size).toBe(1);
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual([1]);
  expect(await letters(w)).toEqual([]);
});

test('a question that fails too tells nothing', async () => {
  said = () => { throw new Error('the shop is closed'); };
  onOrder = lost;
  const w = await fed(true);
  expect(done).toHaveLength(1);
  expect(await letters(w)).toMatchObject([{ kind: 'unknown' }]);
});

test.each(['a lost answer', 'an end of the process'])('after %s a node that may be called again is, under the same key', async (how) => {
  if (how === 'a lost answer') onOrder = () => { if (done.length === 1) lost(); };
  const w = how === 'a lost answer' ? await fed(false, { onUnknown: 'retry' }) : await crashed(false, { onUnknown: 'retry' });
  expect(done).toHaveLength(2);
  expect(new Set(done).size).toBe(1);
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual([1]);
  expect(await letters(w)).toEqual([]);
});
