import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import delayNode from '../../../nodes/time/delay.ts';
import waitForCallback from '../../../nodes/time/wait-for-callback.ts';
import { validateFlow } from '../../../runtime/flow/validate.ts';
import { limits } from '../../../runtime/limits.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

/** A message waits, on disk, until somebody outside answers under its address, once; and waits of days go on after restarts. */

const HOUR = 60 * 60_000;
const flow = flowOf({
  nodes: { in: 'test-source', wait: { type: 'wait-for-callback', config: { timeout: '3d' } }, tell: 'test-call', sink: 'test-sink', nobody: 'test-sink' },
  wires: ['in.out -> wait.in', 'wait.waiting -> tell.in', 'wait.out -> sink.in', 'wait.timeout -> nobody.in'],
});

let journal = journalFile();
let nodes = new TestNodes();
let told: { url: string; expiresAt: string }[] = [];
let servers: Server[] = [];
beforeEach(() => {
  journal = journalFile();
  nodes = new TestNodes();
  told = [];
  servers = [];
  nodes.onCall = (body) => { told.push(body['resume'] as { url: string; expiresAt: string }); };
});
afterEach(() => {
  for (const server of servers) { server.closeAllConnections(); server.close(); }
  journal.remove();
});

/** A life of the runtime, with its webhooks served. */
async function live(clock = new VirtualTime()): Promise<{ readonly world: World; post(path: string, body?: string, type?: string): Promise<readonly [status: number, body: unknown]> }> {
  const world = new World({ file: journal.file, nodes: [...nodes.definitions, waitForCallback, delayNode], clock });
  const server = createServer();
  servers.push(server);
  world.services.hooks.serve(server, (_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  await world.deploy(flow);
  await world.calm();
  return {
    world,
    async post(path, body = '{"approved":true}', type = 'application/json') {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method: 'POST', body, headers: { 'content-type': type } });
      const answer = await response.json() as unknown;
      await world.calm();
      return [response.status, answer];
    },
  };
}
const arrivedAt = (node: string): unknown[] => nodes.arrived.filter((each) => each.node === node).map(({ body }) => body);
const urlOf = (n = 0): string => told[n]?.url ?? '';
const code = (what: string): object => ({ error: expect.objectContaining({ code: what }) });

test('the address is told at once, works once, also after a restart, and what was posted goes along', async () => {
  const first = await live();
  await nodes.deliver.get('in')?.({ payload: { order: 7 } });
  await first.world.calm();
  await first.world.pass(HOUR);
  expect(told).toEqual([{ url: expect.stringMatching(/^\/hook\/resume\/flow\/wait\/[0-9a-f]{64}$/) as string, expiresAt: '2026-11-26T09:00:00.000Z', id: expect.any(String) as string }]);
  expect(nodes.arrived).toEqual([]);
  first.world.kill();
  const second = await live(new VirtualTime(first.world.clock.now() + HOUR));
  await second.world.pass(48 * HOUR);
  expect(nodes.arrived).toEqual([]);
  expect(await second.post(urlOf())).toEqual([200, { resumed: true }]);
  expect(arrivedAt('sink')).toEqual([{ payload: { order: 7 }, callback: { approved: true } }]);
  expect(await second.post(urlOf())).toEqual([409, code('resume.used')]);
  second.world.kill();
  const third = await live(new VirtualTime(second.world.clock.now() + HOUR));
  expect(await third.post(urlOf())).toEqual([409, code('resume.used')]);
  await third.world.pass(30 * 24 * HOUR);
  expect(await third.post(urlOf())).toEqual([404, code('resume.unknown')]);
  expect(nodes.arrived).toHaveLength(1);
  expect(await third.world.endedRuns()).toMatchObject([{ completed: 2, dropped: 0, dead: 0 }]);
  expect(await third.world.pending()).toBe(0);
  third.world.kill();
});

test('when nobody answers it goes on at its time, once, however often the process ended, and the address is over', async () => {
  const first = await live();
  await nodes.deliver.get('in')?.({ payload: 1 });
  await first.world.calm();
  await first.world.pass(HOUR);
  first.world.kill();
  const second = await live(new VirtualTime(first.world.clock.now() + 24 * HOUR));
  await second.world.pass(46 * HOUR);
  expect(nodes.arrived).toEqual([]);
  second.world.kill();
  const third = await live(new VirtualTime(second.world.clock.now() + 5 * HOUR));
  await third.world.pass(HOUR);
  expect(arrivedAt('nobody')).toEqual([{ payload: 1 }]);
  expect(await third.post(urlOf())).toEqual([410, code('resume.expired')]);
  expect(arrivedAt('sink')).toEqual([]);
  expect(await third.world.endedRuns()).toMatchObject([{ completed: 2 }]);
  expect(third.world.bugs).toEqual([]);
  third.world.kill();
});

test('of many at the same time one is told yes', async () => {
  const { world, post } = await live();
  await nodes.deliver.get('in')?.({ payload: 1 });
  await world.calm();
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(urlOf())));
  expect(answers.map(([status]) => status).toSorted()).toEqual([200, ...Array<number>(7).fill(409)]);
  expect(arrivedAt('sink')).toHaveLength(1);
  world.kill();
});

test('a yes that was told is on disk: the process may end right after it', async () => {
  const { world, post } = await live();
  await nodes.deliver.get('in')?.({ payload: 1 });
  await world.calm();
  const [status] = await post(urlOf());
  world.kill();
  nodes.arrived.length = 0;
  const second = await live(new VirtualTime(world.clock.now() + 1000));
  await second.world.pass(HOUR);
  expect([status, (await second.post(urlOf()))[0]]).toEqual([200, 409]);
  expect(await second.world.endedRuns()).toMatchObject([{ completed: 2 }]);
  second.world.kill();
});

test('wrong addresses, what cannot be read and a stopped flow change nothing', async () => {
  const { world, post } = await live();
  await nodes.deliver.get('in')?.({ payload: 1 });
  await world.calm();
  expect(await post(urlOf().slice(0, -1))).toEqual([404, code('resume.unknown')]);
  expect(await post(urlOf(), '{broken')).toEqual([400, code('callback.unreadable')]);
  await world.runner('flow').stop();
  expect(await post(urlOf())).toEqual([503, code('resume.stopped')]);
  await world.deploy(flow, 2);
  expect(await post(urlOf(), 'answer=yes&note=%D0%B4%D0%B0', 'application/x-www-form-urlencoded')).toEqual([200, { resumed: true }]);
  expect(arrivedAt('sink')).toEqual([{ payload: 1, callback: { answer: 'yes', note: 'да' } }]);
  world.kill();
});

test('with what waits only a hash of the token is kept', async () => {
  const { world } = await live();
  nodes.onCall = (body) => { told.push(body['resume'] as typeof told[0]); };
  await nodes.deliver.get('in')?.({ payload: 1 });
  await world.pass(HOUR);
  const token = urlOf().split('/').at(-1) as string;
  const [window] = await world.services.journal.windows('flow');
  expect(JSON.stringify([window, await world.services.journal.kept({ flow: 'flow', node: 'wait', window: window?.key ?? '' })])).not.toContain(token);
  expect(readFileSync(journal.file).length).toBeGreaterThan(0);
  world.kill();
});

test('a flow in memory mode that waits for somebody is refused', () => {
  const catalog = { nodes: Object.fromEntries([...nodes.definitions, waitForCallback].map(({ info }) => [info.type, info])), connections: {} };
  expect(validateFlow(flow, catalog).map((each) => each.code)).not.toContain('flow.needs-durable');
  expect(validateFlow({ ...flow, delivery: 'memory' }, catalog).filter((each) => each.code === 'flow.needs-durable')).toMatchObject([{ where: { node: 'wait' }, level: 'error' }]);
});

test('a delay of days, or until an instant, goes on over restarts and leaves once, at its time', async () => {
  const waits = flowOf({
    nodes: { in: 'test-source', days: { type: 'delay', config: { for: '3d' } }, until: { type: 'delay', config: { mode: 'until', until: '2026-12-23T09:00:00Z' } }, call: 'test-call', sink: 'test-sink' },
    wires: ['in.out -> days.in', 'days.out -> call.in', 'in.out -> until.in', 'until.out -> sink.in'],
  });
  const at: number[] = [];
  let clock = new VirtualTime();
  let fed = false;
  for (const days of [1, 1.5, 0.25, 5, 20, 3]) {
    const world = new World({ file: journal.file, nodes: [...nodes.definitions, delayNode], clock });
    nodes.onCall = () => { at.push(clock.now()); };
    await world.deploy(waits);
    await world.calm();
    if (!fed) await nodes.deliver.get('in')?.({ payload: 1 });
    fed = true;
    await world.calm();
    await world.pass(days * 24 * HOUR);
    world.kill();
    clock = new VirtualTime(clock.now() + 2 * HOUR);
  }
  // It was down when the three days were over, two hours in all: it leaves as soon as it is up.
  const due = Date.parse('2026-11-26T09:00:00Z');
  expect(at).toHaveLength(1);
  expect(at[0]).toBeGreaterThanOrEqual(due);
  expect(at[0]).toBeLessThan(due + 2 * HOUR + limits.clockLookMs);
  expect(arrivedAt('sink')).toHaveLength(1);
});
