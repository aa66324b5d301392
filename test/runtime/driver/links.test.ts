import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import functionNode from '../../../nodes/code/function.ts';
import linkCall from '../../../nodes/logic/link-call.ts';
import linkIn from '../../../nodes/logic/link-in.ts';
import linkOut from '../../../nodes/logic/link-out.ts';
import httpResponse from '../../../nodes/sink/http-response.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { validateFlow } from '../../../runtime/flow/validate.ts';
import { limits } from '../../../runtime/limits.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** A message begins a run elsewhere once, whatever happens in between, and a call gets what that run returned. */

let journal = journalFile();
let nodes = new TestNodes();
beforeEach(() => {
  journal = journalFile();
  nodes = new TestNodes();
});
const sandbox = new SandboxSupervisor();
afterEach(() => { journal.remove(); });
afterAll(async () => { await sandbox.close(); });

const ALL = [linkIn, linkOut, linkCall, httpResponse, functionNode];
const worldOf = (options: { readonly clock?: VirtualTime; readonly killBefore?: number; readonly killAfter?: number } = {}): World => new World({ file: journal.file, nodes: [...nodes.definitions, ...ALL], clock: options.clock ?? new VirtualTime(), sandbox, ...options });
const callTo = (link: string): { type: string; config: { link: string } } => ({ type: 'link-call', config: { link } });
const caller = (link: string, id = 'flow', delivery: Flow['delivery'] = 'durable'): Flow => flowOf({ id, delivery, nodes: { in: 'test-source', call: callTo(link), sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
const RETURN = { type: 'link-out', config: { mode: 'return' } };
/** Does something outside, then returns the message. */
const callee = (delivery: Flow['delivery'] = 'durable', id = 'prices'): Flow => flowOf({ id, delivery, nodes: { entry: 'link-in', work: 'test-call', back: RETURN }, wires: ['entry.out -> work.in', 'work.out -> back.in'] });
const sender = (...links: string[]): Flow => flowOf({ nodes: { in: 'test-source', send: { type: 'link-out', config: { links } } }, wires: ['in.out -> send.in'] });
const receiver = (id = 'orders'): Flow => flowOf({ id, nodes: { entry: 'link-in', sink: 'test-sink' }, wires: ['entry.out -> sink.in'] });

const bodies = (): unknown[] => nodes.arrived.map(({ body }) => body);
const deliver = async (world: World, body: object): Promise<void> => {
  await nodes.deliver.get('in')?.(body as never);
  await world.calm();
};
const letters = async (world: World): Promise<unknown[]> => (await world.services.journal.deadLetters({ limit: 10 })).map(({ node, code }) => `${node}: ${code}`);

describe('a call', () => {
  test.each(['durable', 'memory'] as const)('goes on with what the run returned, from flow to flow in %s mode and within one', async (delivery) => {
    nodes.onCall = (body) => ({ ...body, price: 120, at: new Date(0) });
    const world = worldOf();
    await world.deploy(callee(delivery));
    await world.deploy(caller('prices/entry', 'flow', delivery));
    await deliver(world, { payload: 'A-1' });
    expect(bodies()).toEqual([{ payload: 'A-1', price: 120, at: new Date(0) }]);
    const both = caller('entry', 'one', delivery);
    const { nodes: own, wires } = callee();
    await world.deploy({ ...both, nodes: { ...both.nodes, ...own }, wires: [...both.wires, ...wires] });
    await deliver(world, { payload: 'A-2' });
    expect(bodies()[1]).toMatchObject({ payload: 'A-2', price: 120 });
    expect(world.bugs).toEqual([]);
  });

  test('begins a run of its own, which knows the message that called it', async () => {
    let parents: readonly string[] = [];
    let runs = new Set<string>();
    nodes.onCall = (_body, { envelope }) => { parents = envelope.parentIds; runs = runs.add(envelope.runId); };
    const world = worldOf();
    await world.deploy(callee());
    await world.deploy(caller('prices/entry'));
    await deliver(world, { payload: 1 });
    const ended = await world.endedRuns();
    expect(ended.map(({ flow }) => flow).toSorted()).toEqual(['flow', 'prices']);
    expect([...runs]).toEqual(ended.filter(({ flow }) => flow === 'prices').map(({ id }) => id));
    expect(parents).toHaveLength(1);
  });

  test('fails with the run’s name when that ends without an answer, fails, or answers HTTP', async () => {
    const world = worldOf();
    const to = (id: string, extra: Parameters<typeof flowOf>[0]['nodes'], wires: string[]): Flow => flowOf({ id, nodes: { entry: 'link-in', ...extra }, wires });
    await world.deploy(to('silent', { sink: 'test-sink' }, ['entry.out -> sink.in']));
    await world.deploy(to('failing', { work: { type: 'test-pass', config: { fail: true } } }, ['entry.out -> work.in']));
    await world.deploy(to('http', { answer: 'http-response' }, ['entry.out -> answer.in']));
    for (const link of ['silent/entry', 'failing/entry', 'http/entry']) {
      await world.deploy(caller(link), 1);
      await deliver(world, { payload: link });
    }
    expect(await letters(world)).toEqual(expect.arrayContaining(['call: link.no-answer', 'work: test.failed', 'call: link.failed', 'call: link.not-a-message']));
    const [letter] = await world.services.journal.deadLetters({ limit: 10 });
    expect(JSON.parse(letter?.details ?? '{}')).toEqual({ run: expect.any(String) as string });
  });

  test('that takes too long is tried again and waits for the run that goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    nodes.onCall = async () => { await promise; };
    const world = worldOf();
    const slow = callee();
    await world.deploy({ ...slow, nodes: { ...slow.nodes, work: { ...slow.nodes.work as Flow['nodes'][string], timeout: '10m' } } });
    await world.deploy(caller('prices/entry'));
    await deliver(world, { payload: 1 });
    await world.pass(limits.callTimeoutMs + limits.backoffFirstMs * 2);
    expect(nodes.calls).toEqual(['work:1']);
    resolve();
    await world.calm();
    expect(bodies()).toEqual([{ payload: 1 }]);
    expect(nodes.calls).toEqual(['work:1']);
  });

  test('that is cancelled waits no more, and the run that it began goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    nodes.onCall = async () => { await promise; };
    const world = worldOf();
    await world.deploy(callee());
    const runner = await world.deploy(caller('prices/entry'));
    await deliver(world, { payload: 1 });
    const run = [...runner.stations.values()].flatMap(({ atWork }) => [...atWork])[0]?.run.id ?? '';
    await runner.cancel(run, await world.services.journal.cancelRun(run, 0).then((gone) => gone));
    await world.calm();
    resolve();
    await world.calm();
    expect(bodies()).toEqual([]);
    expect((await world.endedRuns()).find(({ flow }) => flow === 'prices')).toMatchObject({ dead: 0 });
  });

  test('of a flow by itself ends at the limit of links', async () => {
    const world = worldOf();
    await world.deploy(flowOf({ id: 'flow', nodes: { in: 'test-source', entry: 'link-in', call: { ...callTo('entry'), concurrency: 200 }, back: RETURN }, wires: ['in.out -> call.in', 'entry.out -> call.in', 'call.out -> back.in'] }));
    await deliver(world, { payload: 1 });
    for (let i = 0; i < 40; i++) await world.calm();
    expect(await letters(world)).toContain('call: link.failed');
    expect((await world.services.journal.deadLetters({ limit: 200 })).map(({ code }) => code)).toContain('link.too-deep');
    expect(await world.services.journal.deadLetterTotal({ flow: 'flow' })).toBe(limits.roundsMax + 1);
    expect(await world.pending()).toBe(0);
  });
});

describe('code that calls by a link', () => {
  const coder = (code: string): Flow => flowOf({ nodes: { in: 'test-source', code: { type: 'function', config: { code, links: true } }, sink: 'test-sink' }, wires: ['in.out -> code.in', 'code.out-1 -> sink.in'] });
  /** The sandbox is another process: what it does takes real turns. */
  const until = async (world: World, done: () => boolean): Promise<void> => {
    await vi.waitFor(() => { expect(done()).toBe(true); }, { timeout: 20_000, interval: 5 });
    await world.calm();
  };

  test('gets what the other flow returned, and a crash before it is written begins no second run there', async () => {
    const code = 'const { price } = await node.linkcall("prices/entry", { payload: msg.payload });\nmsg.price = price;\nreturn msg;';
    const first = worldOf();
    await first.deploy(callee());
    await first.deploy(coder(code));
    const dead = Promise.withResolvers<undefined>();
    // At once: the code has no answer then, and nothing of what comes of the message can have been written.
    nodes.onCall = (body) => {
      first.kill();
      dead.resolve(undefined);
      return { ...body, price: 120 };
    };
    void nodes.deliver.get('in')?.({ payload: 7 });
    await dead.promise;
    await first.calm();
    expect(bodies()).toEqual([]);
    nodes.onCall = (body) => ({ ...body, price: 120 });
    const second = worldOf({ clock: new VirtualTime(first.clock.now() + 1000) });
    await second.deploy(callee());
    await second.deploy(coder(code));
    await until(second, () => nodes.arrived.length > 0);
    expect(bodies()).toEqual([{ payload: 7, price: 120 }]);
    expect(nodes.effects.size).toBe(1);
    expect(second.bugs).toEqual([]);
  });

  test('waits for a flow that is not there, without using up attempts', async () => {
    const world = worldOf();
    const runner = await world.deploy(coder('return await node.linkcall("prices/entry", msg);'));
    await deliver(world, { payload: 7 });
    await until(world, () => world.services.connections.isPaused('link:prices/entry'));
    expect(runner.station('code').queued).toBe(1);
    await world.deploy(callee());
    await until(world, () => nodes.arrived.length > 0);
    expect(bodies()).toEqual([{ payload: 7 }]);
    expect(await letters(world)).toEqual([]);
  });
});

describe('what waits for a link', () => {
  test.each([['that no flow has', (world: World) => world.deploy(receiver())], ['of a stopped flow', async (world: World) => {
    await world.deploy(receiver());
    await world.runner('orders').stop();
    return async () => { await world.deploy(receiver()); };
  }]])('%s costs no attempt and goes on when it is there, in order', async (which, before) => {
    const world = worldOf();
    if (which !== 'that no flow has') await before(world);
    await world.deploy(sender('orders/entry'));
    for (let i = 0; i < 5; i++) await deliver(world, { payload: i });
    await world.pass(10 * 60_000);
    expect(bodies()).toEqual([]);
    expect(await letters(world)).toEqual([]);
    expect(world.services.connections.state('link:orders/entry')).toMatchObject({ state: 'paused' });
    await world.deploy(receiver());
    await world.calm();
    await world.pass(1000);
    expect(bodies()).toEqual([0, 1, 2, 3, 4].map((payload) => ({ payload })));
  });

  test('with a full queue behind it holds the sender back and loses nothing', async () => {
    nodes.onCall = () => { throw new NodeFailure('test.down', { en: 'down', ru: 'нет связи' }, { retry: { afterMs: 5000 } }); };
    const world = worldOf();
    const full = flowOf({ id: 'orders', nodes: { entry: 'link-in', work: { type: 'test-call', concurrency: 1, attempts: 100 }, sink: 'test-sink' }, wires: [{ from: 'entry.out', to: 'work.in', limit: { messages: 2 } }, 'work.out -> sink.in'] });
    await world.deploy(full);
    await world.deploy(sender('orders/entry'));
    for (let i = 0; i < 20; i++) await deliver(world, { payload: i });
    await world.pass(20_000);
    expect(await letters(world)).toEqual([]);
    nodes.onCall = () => undefined;
    await world.pass(10 * 60_000);
    expect(bodies().map((body) => (body as { payload: number }).payload).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await world.pending()).toBe(0);
  });
});

describe('when the process ends before or after any write', () => {
  const shapes: readonly (readonly [name: string, flows: readonly Flow[], wanted: readonly unknown[]])[] = [
    ['a sent message arrives exactly once', [receiver(), receiver('more'), sender('orders/entry', 'more/entry')], [{ payload: 7 }, { payload: 7 }]],
    ['a called flow does its work once under one key, and the caller goes on once', [callee(), caller('prices/entry')], [{ payload: 7 }]],
    ['the same with a called flow in memory mode, whose run a crash may forget', [callee('memory'), caller('prices/entry')], [{ payload: 7 }]],
  ];
  test.each(shapes)('%s', async (_name, flows, wanted) => {
    for (const how of ['killBefore', 'killAfter'] as const) for (let n = 1; ; n++) {
      journal.remove();
      journal = journalFile();
      nodes = new TestNodes();
      const clock = new VirtualTime();
      const first = worldOf({ clock, [how]: n });
      for (const flow of flows) if (!first.dead) await first.deploy(flow);
      let accepted = false;
      void nodes.deliver.get('in')?.({ payload: 7 }, { eventId: 'seven' }).then(() => { accepted = true; }, () => undefined);
      await first.calm();
      if (!first.dead) {
        expect(n).toBeGreaterThan(3);
        break;
      }
      const second = worldOf({ clock: new VirtualTime(clock.now() + 1000) });
      for (const flow of flows) await second.deploy(flow);
      await second.calm();
      if (!accepted) await nodes.deliver.get('in')?.({ payload: 7 }, { eventId: 'seven' });
      await second.calm();
      await second.pass(60 * 60_000);
      expect([...new Map(nodes.arrived.map(({ id, body }) => [id, body])).values()], `${how} ${n}`).toEqual(wanted); // a pure sink may be passed again, under the same id
      if (flows[0]?.delivery === 'durable') expect(nodes.effects.size, `${how} ${n}`).toBe(flows.some(({ id }) => id === 'prices') ? 1 : 0);
      expect(await second.pending()).toBe(0);
      expect(second.bugs).toEqual([]);
      second.kill();
    }
  });
});

test('a link to a node that is none is a problem of the deploy; of another flow it is not known before', () => {
  const catalog = { nodes: Object.fromEntries([...nodes.definitions, ...ALL].map(({ info }) => [info.type, info])), connections: {} };
  const codes = (link: string): string[] => validateFlow(caller(link), catalog).map(({ code }) => code);
  expect(codes('sink')).toEqual(['field.link-missing']);
  expect(codes('flow/nowhere')).toEqual(['field.link-missing']);
  expect(codes('other/entry')).toEqual([]);
  expect(codes('not a link')).toEqual(['field.pattern', 'field.link-missing']);
});
