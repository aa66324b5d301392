import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MillraceProcess, RUNTIME, TempDir, until } from '../../kit/millrace-process.ts';

/** The real process, stopped while calls are under way. */

let dir: TempDir;
let receiver: Server;
const waiting: ServerResponse[] = [];
/** Idempotency keys of calls that were answered. */
const done = new Set<string>();
const started: MillraceProcess[] = [];

const run = (): MillraceProcess => {
  const made = new MillraceProcess(['run', '--flows', dir.join('flows'), '--data', dir.join('data'), '--port', '0']);
  started.push(made);
  return made;
};
const post = async (address: string, n: number): Promise<number> => (await fetch(`${address}/hook/out`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ n }) })).status;
const answerAll = (): void => {
  for (const response of waiting.splice(0)) {
    done.add(String(response.req.headers['idempotency-key']));
    response.end('{}');
  }
};

beforeEach(async () => {
  dir = new TempDir();
  done.clear();
  receiver = createServer((request, response) => { request.resume(); waiting.push(response); }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  mkdirSync(dir.join('flows', 'out'), { recursive: true });
  writeFileSync(dir.join('flows', 'out', 'flow.json'), JSON.stringify({
    format: 'millrace.flow/1', id: 'out', name: 'Out', delivery: 'durable',
    nodes: { in: { type: 'webhook-in', version: 1, config: { method: 'POST', path: '/out' } }, call: { type: 'http-request', version: 1, config: { method: 'POST', url, idempotent: true, answer: 'json' } } },
    wires: [{ from: 'in.out', to: 'call.in' }], layout: {},
  }));
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL');
  receiver.closeAllConnections();
  receiver.close();
  waiting.length = 0;
  dir.remove();
});

test('a stop under load lets calls under way end, takes nothing more, and leaves the rest for the next start', { timeout: 60_000 }, async () => {
  const first = run();
  const address = await first.ready();
  for (let n = 0; n < 12; n++) expect(await post(address, n)).toBe(202);
  await until(() => waiting.length === 8); // of one node at once
  first.child.kill('SIGTERM');
  await until(() => first.out.includes('Stopping'));
  expect(await post(address, 99).catch(() => 0)).not.toBe(202);
  answerAll();
  expect(await first.ended).toMatchObject({ code: 0, err: '' });
  expect(done.size).toBe(8);
  expect(waiting).toHaveLength(0);
  await run().ready();
  await until(() => waiting.length === 4);
  answerAll();
  expect(done.size).toBe(12);
});

test('a second signal ends it at once, and what was under way is done at the next start', { timeout: 60_000 }, async () => {
  const first = run();
  const address = await first.ready();
  for (let n = 0; n < 3; n++) expect(await post(address, n)).toBe(202);
  await until(() => waiting.length === 3);
  first.child.kill('SIGTERM');
  await until(() => first.out.includes('Stopping'));
  first.child.kill('SIGTERM'); // as a terminal and a launcher send one twice
  await until(() => { first.child.kill('SIGTERM'); return first.child.exitCode !== null; });
  expect(await first.ended).toMatchObject({ code: 130, out: expect.stringContaining('Stopped at once') });
  waiting.length = 0;
  await run().ready();
  await until(() => waiting.length === 3);
  answerAll();
  expect(done.size).toBe(3);
});

test('closing code of function nodes runs at a planned end, and not at a kill', { timeout: 60_000 }, async () => {
  mkdirSync(dir.join('flows', 'ends'));
  writeFileSync(dir.join('flows', 'ends', 'flow.json'), JSON.stringify({
    format: 'millrace.flow/1', id: 'ends', name: 'Ends', delivery: 'durable', wires: [], layout: {},
    nodes: { fn: { type: 'function', version: 1, config: { context: 'flow', closing: 'flow.update("ends", (n = 0) => n + 1);' } } },
  }));
  const start = (): MillraceProcess => {
    const made = new MillraceProcess(['run', '--flows', dir.join('flows'), '--data', dir.join('data'), '--port', '0'], { script: RUNTIME });
    started.push(made);
    return made;
  };
  const ends = async (millrace: MillraceProcess): Promise<unknown> => (await (await fetch(`${await millrace.ready()}/api/v1/context/flow/ends/ends`)).json() as { readonly value?: unknown }).value;
  const first = start();
  expect(await ends(first)).toBeUndefined();
  expect(await first.stop()).toMatchObject({ code: 0, err: '' });
  const second = start();
  expect(await ends(second)).toBe(1);
  await second.stop('SIGKILL');
  expect(await ends(start())).toBe(1);
});
