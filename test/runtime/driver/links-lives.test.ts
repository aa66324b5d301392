import { expect, test } from 'vitest';
import linkCall from '../../../nodes/logic/link-call.ts';
import linkIn from '../../../nodes/logic/link-in.ts';
import linkOut from '../../../nodes/logic/link-out.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { SeededRandom, VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** Random lives of two flows, of which one calls the other and sends to it: ends of the process at any write, stops, small queues, outages, calls that take too long. */

const SEEDS = 100;
const MESSAGES = 12;

function flowsOf(random: SeededRandom): readonly Flow[] {
  const small = random.next() < 0.5 ? { limit: { messages: 1 + Math.floor(random.next() * 3) } } : {};
  const work = { type: 'test-call', timeout: '10s', attempts: 50, concurrency: 1 + Math.floor(random.next() * 3) };
  const called = flowOf({
    id: 'prices', nodes: { entry: 'link-in', work, back: { type: 'link-out', config: { mode: 'return' } }, audit: 'link-in', seen: 'test-sink' },
    wires: [{ from: 'entry.out', to: 'work.in', ...small }, 'work.out -> back.in', { from: 'audit.out', to: 'seen.in', ...small }],
  });
  const calling = flowOf({
    nodes: { in: 'test-source', call: { type: 'link-call', attempts: 50, timeout: '15s', config: { link: 'prices/entry' }, concurrency: 1 + Math.floor(random.next() * 4) }, sink: 'test-sink', send: { type: 'link-out', config: { links: ['prices/audit'] } } },
    wires: ['in.out -> call.in', 'call.out -> sink.in', 'in.out -> send.in'],
  });
  return random.next() < 0.5 ? [called, calling] : [calling, called];
}

async function story(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const journal = journalFile();
  const nodes = new TestNodes();
  const flows = flowsOf(random);
  let clock = new VirtualTime();
  let lives = 0;
  let world!: World;
  /** Of those that the sender was told about; it sends the others again. */
  const accepted = new Set<number>();
  nodes.onCall = (body) => {
    if (lives < 5 && random.next() < 0.2) throw new NodeFailure('test.busy', { en: 'busy', ru: 'занято' }, { retry: 'backoff' });
    return lives < 5 && random.next() < 0.1 ? new Promise(() => undefined) : { ...body, price: Number(body.payload) * 10 };
  };
  const live = async (): Promise<void> => {
    clock = new VirtualTime(clock.now() + 1000);
    world = new World({ file: journal.file, nodes: [...nodes.definitions, linkIn, linkOut, linkCall], clock, ...(++lives < 5 && { [random.next() < 0.5 ? 'killBefore' : 'killAfter']: 5 + Math.floor(random.next() * 60) }), seed: seed * 10 + lives });
    for (const flow of flows) if (!world.dead) await world.deploy(flow);
  };
  const feed = async (): Promise<void> => {
    for (let payload = 0; payload < MESSAGES; payload++) {
      if (accepted.has(payload) || world.dead) continue;
      const here = world;
      void nodes.deliver.get('in')?.({ payload }, { eventId: `e${payload}` }).then(() => { if (!here.dead) accepted.add(payload); }, () => undefined);
      await world.calm();
      if (random.next() < 0.2) await world.pass(Math.floor(random.next() * 20_000));
      if (random.next() < 0.1 && !world.dead) await world.runner('prices').stop();
      if (random.next() < 0.2 && !world.dead) await world.deploy(flows.find(({ id }) => id === 'prices') as Flow);
    }
  };
  for (await live(); lives < 5; await live()) {
    await feed();
    await world.pass(60_000);
    world.kill();
  }
  await feed();
  await world.deploy(flows.find(({ id }) => id === 'prices') as Flow);
  for (let hours = 0; hours < 48 && await world.pending() > 0; hours++) await world.pass(3_600_000);
  const arrivedAt = (node: string): unknown[] => [...new Map(nodes.arrived.filter((each) => each.node === node).map(({ id, body }) => [id, body])).values()].toSorted((a, b) => Number(a.payload) - Number(b.payload));
  const all = Array.from({ length: MESSAGES }, (_, payload) => payload);
  const told = `seed ${seed}`;
  expect(await world.pending(), told).toBe(0);
  expect(await world.services.journal.deadLetterTotal({}), told).toBe(0);
  expect(arrivedAt('sink'), told).toEqual(all.map((payload) => ({ payload, price: payload * 10 })));
  expect(arrivedAt('seen'), told).toEqual(all.map((payload) => ({ payload })));
  expect(nodes.effects.size, told).toBe(MESSAGES);
  expect(world.bugs, told).toEqual([]);
  world.kill();
  journal.remove();
}

test('everything accepted is answered once and arrives once', { timeout: 120_000 }, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await story(seed);
});
