import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../runtime/clock.ts';
import type { FlowNode } from '../../../runtime/flow/flow.ts';
import { MillraceProcess, TempDir, until } from '../../kit/millrace-process.ts';

/** The real process, killed in the middle of what it buffers, and counted at the receiver. */

const RATE = 10;
const PER_MS = 8000;
// The first call of a life takes longer on its way to the receiver than those after it, up to a second where other work takes the cores.
const ON_THE_WAY_MS = 1000;

let dir: TempDir;
let receiver: Server;
/** First arrivals by number, in order, with the time of each. */
let arrived: { readonly n: number; readonly at: number }[] = [];
const keys = new Map<number, Set<string>>();
const started: MillraceProcess[] = [];

const node = (type: string, config: FlowNode['config'], rest: Partial<FlowNode> = {}): FlowNode => ({ type, version: 1, config, ...rest });
const run = (): MillraceProcess => {
  const made = new MillraceProcess(['run', '--flows', dir.join('flows'), '--data', dir.join('data'), '--port', '0']);
  started.push(made);
  return made;
};

function open(port = 0): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const { n } = JSON.parse(Buffer.concat(chunks).toString()) as { n: number };
      if (!keys.has(n)) arrived.push({ n, at: systemClock.elapsed() });
      keys.set(n, (keys.get(n) ?? new Set()).add(String(request.headers['idempotency-key'])));
      response.end('{}');
    });
  }).listen(port, '127.0.0.1');
}

function saveFlow(between: { readonly [id: string]: FlowNode }, port: number): void {
  const ids = ['in', ...Object.keys(between), 'post'];
  mkdirSync(dir.join('flows', 'out'), { recursive: true });
  writeFileSync(dir.join('flows', 'out', 'flow.json'), JSON.stringify({
    format: 'millrace.flow/1', id: 'out', name: 'Out', delivery: 'durable', layout: {},
    nodes: { in: node('webhook-in', { method: 'POST', path: '/out' }), ...between, post: node('http-request', { method: 'POST', url: `http://127.0.0.1:${port}/`, idempotent: true }, { concurrency: 1 }) },
    wires: ids.slice(1).map((id, i) => ({ from: `${ids[i] ?? ''}.out`, to: `${id}.in` })),
  }));
}

async function postAll(address: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { status } = await fetch(`${address}/hook/out`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ n }) });
    expect(status).toBe(202);
  }
}

async function completed(address: string, count: number): Promise<void> {
  const counts = await until(async () => {
    const { counts: now } = await (await fetch(`${address}/api/v1/runs?limit=1`)).json() as { counts: { completed: number; pending: number; deadLettered: number } };
    return now.pending === 0 && now.completed >= count ? now : undefined;
  });
  expect(counts).toMatchObject({ completed: count, deadLettered: 0 });
}

const inOrder = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeEach(async () => {
  dir = new TempDir();
  arrived = [];
  keys.clear();
  receiver = open();
  await once(receiver, 'listening');
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL');
  receiver.closeAllConnections();
  receiver.close();
  dir.remove();
});

test('a buffer of ten in a time, killed in the second time: all come once, in order, and never more than ten in any such time', { timeout: 60_000 }, async () => {
  saveFlow({ buffer: node('rate-limit', { count: RATE, per: `${PER_MS}ms` }) }, portOf(receiver));
  const first = run();
  await postAll(await first.ready(), 25);
  await until(() => arrived.length >= 13);
  await first.stop('SIGKILL');
  const address = await run().ready();
  await until(() => arrived.length >= 25);
  await completed(address, 25);
  expect(arrived.map(({ n }) => n)).toEqual(inOrder(25));
  expect([...keys.values()].every((each) => each.size === 1)).toBe(true);
  const closest = arrived.slice(RATE).map(({ at }, i) => at - (arrived[i]?.at ?? 0));
  expect(Math.min(...closest)).toBeGreaterThan(PER_MS - ON_THE_WAY_MS);
});

test('a thousand messages for a receiver that is off, killed before and while they are handed on: all come, in order, no attempt is lost', { timeout: 120_000 }, async () => {
  const port = portOf(receiver);
  receiver.close();
  saveFlow({}, port);
  const first = run();
  await postAll(await first.ready(), 1000);
  await first.stop('SIGKILL');
  expect(arrived).toEqual([]);
  const second = run();
  await second.ready();
  receiver = open(port);
  await until(() => arrived.length >= 400);
  await second.stop('SIGKILL');
  const address = await run().ready();
  await until(() => arrived.length >= 1000);
  await completed(address, 1000);
  expect(arrived.map(({ n }) => n)).toEqual(inOrder(1000));
  expect([...keys.values()].every((each) => each.size === 1)).toBe(true);
});
