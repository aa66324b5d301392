import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeadLetterList, FlowList, RunList } from '../../../runtime/api/contract.ts';
import { MillraceProcess, ROOT, RUNTIME, TempDir, until } from '../../kit/millrace-process.ts';

/** Messages at whose calls the real process ends, again and again: the receiver kills it when one of them comes. */

const LIVES_MAX = 12; // three ends for each message until it is blamed, most of them shared; and one more

let dir: TempDir;
let receiver: Server;
let runtime: MillraceProcess | undefined;
let address = '';
let deadly: 'held' | 'kills' | 'answered' = 'held';
const arrived: string[] = [];

const api = async <T>(method: string, path: string): Promise<T> => await (await fetch(`${address}/api/v1${path}`, { method })).json() as T;
const liveOf = async (flow: string) => (await api<FlowList>('GET', '/flows')).flows.find(({ id }) => id === flow)?.live;
const post = async (flow: string, what: string): Promise<number> => await fetch(`${address}/hook/${flow}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ what }) }).then(({ status }) => status, () => 0);

function saveFlow(id: string): void {
  mkdirSync(dir.join('flows', id), { recursive: true });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  writeFileSync(dir.join('flows', id, 'flow.json'), JSON.stringify({
    format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: {}, wires: [{ from: 'in.out', to: 'call.in' }],
    nodes: { in: { type: 'webhook-in', version: 1, config: { method: 'POST', path: `/${id}` } }, call: { type: 'http-request', version: 1, config: { method: 'POST', url, idempotent: true } } },
  }));
}

function start(...more: string[]): MillraceProcess {
  runtime = new MillraceProcess(['run', '--flows', dir.join('flows'), '--data', dir.join('data'), '--port', '0', ...more], { script: RUNTIME });
  return runtime;
}

beforeEach(async () => {
  dir = new TempDir();
  arrived.length = 0;
  deadly = 'held';
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const { what } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly what: string };
      if (deadly === 'kills' && what.startsWith('deadly')) runtime?.child.kill('SIGKILL');
      if (deadly !== 'answered' && what.startsWith('deadly')) return;
      arrived.push(what);
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  await runtime?.stop('SIGKILL');
  receiver.closeAllConnections();
  receiver.close();
  dir.remove();
});

test('a flow at whose calls the process ends again and again starts stopped and says why, the others go on, and it runs again when a person starts it', { timeout: 120_000 }, async () => {
  for (const id of ['bad', 'good']) saveFlow(id);
  address = await start().ready();
  for (const n of [1, 2, 3, 4]) expect(await post('bad', `deadly ${n}`)).toBe(202);
  deadly = 'kills';
  runtime?.child.kill('SIGKILL');
  let lives = 1;
  for (let live: Awaited<ReturnType<typeof liveOf>>; live?.state !== 'stopped'; lives++) {
    expect(lives).toBeLessThan(LIVES_MAX);
    await runtime?.ended;
    const next = start();
    address = await next.ready().catch(() => address); // it may be gone before it is asked
    live = await liveOf('bad').catch(() => undefined);
  }
  expect(arrived).toEqual([]);
  expect((await liveOf('bad'))?.reason?.en).toMatch(/^The process ended again and again at calls of this flow: 3 messages are dead letters because of it/);
  const { deadLetters } = await api<DeadLetterList>('GET', '/dead-letters');
  expect(deadLetters.map(({ flow, code }) => [flow, code])).toEqual(deadLetters.map(() => ['bad', 'call.crashed']));
  expect(await post('good', 'fine')).toBe(202);
  await until(() => arrived.includes('fine'));
  deadly = 'answered';
  await api('POST', '/flows/bad/start');
  await fetch(`${address}/api/v1/dead-letters/resend`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: { flow: 'bad' }, to: 'node' }) });
  await until(async () => (await api<RunList>('GET', '/runs?limit=1')).counts.pending === 0);
  expect(arrived.toSorted()).toEqual(['deadly 1', 'deadly 2', 'deadly 3', 'deadly 4', 'fine']);
});

/** A type of node that ends the process for one message while it works it out; nothing is called outside. */
function saveDeadlyNode(): void {
  mkdirSync(dir.join('nodes'));
  writeFileSync(dir.join('nodes', 'deadly.ts'), `import { defineNode } from ${JSON.stringify(join(ROOT, 'runtime', 'sdk', 'index.ts'))};
const both = (text) => ({ en: text, ru: text });
export default defineNode({
  type: 'deadly', version: 1, title: both('Deadly'), category: 'data', icon: 'skull', summary: both('Deadly.'), help: both('Deadly.'), replay: 'pure',
  config: {}, inputs: { in: { title: both('In') } }, outputs: { fixed: { out: { title: both('Out') } } }, examples: [],
  run: (message) => { if (message.payload.what === 'deadly') process.kill(process.pid, 'SIGKILL'); return message; },
});
`);
  mkdirSync(dir.join('flows', 'pure'), { recursive: true });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  writeFileSync(dir.join('flows', 'pure', 'flow.json'), JSON.stringify({
    format: 'millrace.flow/1', id: 'pure', name: 'pure', delivery: 'durable', layout: {}, wires: [{ from: 'in.out', to: 'deadly.in' }, { from: 'deadly.out', to: 'call.in' }],
    nodes: { in: { type: 'webhook-in', version: 1, config: { method: 'POST', path: '/pure' } }, deadly: { type: 'deadly', version: 1, config: {} }, call: { type: 'http-request', version: 1, config: { method: 'POST', url, idempotent: true } } },
  }));
}

test('a message that ends the process in a node that calls nobody is a dead letter too, however its sender insists', { timeout: 120_000 }, async () => {
  saveDeadlyNode();
  const lives = async (): Promise<string> => { address = await start('--nodes', dir.join('nodes')).ready(); return address; };
  await lives();
  let ends = 0;
  // Its sender comes again until it is told that the message was taken.
  while (await post('pure', 'deadly') !== 202) {
    expect(++ends).toBeLessThan(LIVES_MAX);
    await runtime?.ended;
    await lives();
  }
  const found = async () => (await api<DeadLetterList>('GET', '/dead-letters').catch(() => undefined))?.deadLetters.map(({ flow, code }) => [flow, code]) ?? [];
  for (let letters = await found(); letters.length === 0; letters = await found()) {
    expect(++ends).toBeLessThan(LIVES_MAX);
    await runtime?.ended;
    await start('--nodes', dir.join('nodes')).ready().then((ready) => { address = ready; }, () => undefined);
  }
  expect(await found()).toEqual([['pure', 'call.crashed']]);
  expect(await post('pure', 'fine')).toBe(202);
  await until(() => arrived.includes('fine'));
});
