import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FlowAnswer, FlowList, RunList } from '../../../runtime/api/contract.ts';
import { MillraceProcess, RUNTIME, TempDir, until } from '../../kit/millrace-process.ts';

/** Runs of a pinned flow in three revisions of its file, over an end of the real process. */

let dir: TempDir;
let receiver: Server;
let runtime: MillraceProcess;
let address = '';
/** What the receiver was sent, by path. */
const arrived: { readonly path: string; readonly body: unknown }[] = [];
const at = (path: string): unknown[] => arrived.filter((each) => each.path === path).map(({ body }) => body);

const api = async <T>(path: string): Promise<T> => await (await fetch(`${address}/api/v1${path}`)).json() as T;
const liveOf = async () => (await api<FlowList>('/flows')).flows.find(({ id }) => id === 'lead')?.live;
const post = async (path: string, body: unknown): Promise<number> => (await fetch(`${address}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status;
const call = (path: string, content?: object) => ({ type: 'http-request', version: 1, config: { method: 'POST', idempotent: true, url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`, ...(content && { content }) } });

/** Its runs wait for somebody outside, and tell then that they ended in revision `n`. Without a wait for a revision that has none. */
function save(n: number, waits: boolean): void {
  const source = { type: 'webhook-in', version: 1, config: { method: 'POST', path: '/lead' } };
  const flow = waits
    ? { nodes: { in: source, wait: { type: 'wait-for-callback', version: 1, config: {} }, tell: call('/tell', { $expr: 'resume.url' }), end: call(`/end${n}`) }, wires: [{ from: 'in.out', to: 'wait.in' }, { from: 'wait.waiting', to: 'tell.in' }, { from: 'wait.out', to: 'end.in' }] }
    : { nodes: { in: source, [`end${n}`]: call(`/end${n}`) }, wires: [{ from: 'in.out', to: `end${n}.in` }] };
  mkdirSync(dir.join('flows', 'lead'), { recursive: true });
  writeFileSync(dir.join('flows', 'lead', 'flow.json'), JSON.stringify({ format: 'millrace.flow/1', id: 'lead', name: 'Lead', delivery: 'durable', runs: 'pinned', layout: {}, ...flow }));
}

async function start(): Promise<void> {
  runtime = new MillraceProcess(['run', '--flows', dir.join('flows'), '--data', dir.join('data'), '--port', '0'], { script: RUNTIME });
  address = await runtime.ready();
  await until(async () => (await liveOf())?.state === 'live');
}

beforeEach(async () => {
  dir = new TempDir();
  arrived.length = 0;
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      arrived.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  await runtime.stop('SIGKILL');
  receiver.closeAllConnections();
  receiver.close();
  dir.remove();
});

test('each run ends on the revision on which it began, also when the process ended and the newest has none of its nodes', { timeout: 60_000 }, async () => {
  save(1, true);
  await start();
  for (const [n, waits] of [[1, true], [2, true], [3, false]] as const) {
    save(n, waits);
    await until(async () => (await liveOf())?.revision === n);
    expect(await post('/hook/lead', { began: n })).toBe(202);
    await until(() => (waits ? at('/tell').length === n : at('/end3').length === 1));
  }
  await runtime.stop('SIGKILL');
  await start();
  expect((await api<FlowAnswer>('/flows/lead')).problems).toEqual([]);
  for (const url of at('/tell') as string[]) expect(await post(url, {})).toBe(200);
  await until(async () => (await api<RunList>('/runs?limit=1')).counts.pending === 0);
  expect([at('/end1'), at('/end2'), at('/end3')]).toEqual([[{ began: 1 }], [{ began: 2 }], [{ began: 3 }]]);
});
