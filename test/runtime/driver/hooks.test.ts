import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import webhookIn from '../../../nodes/source/webhook-in/index.ts';
import waitForCallback from '../../../nodes/time/wait-for-callback.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineSource } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { journalFile, World } from '../../kit/world.ts';

/** What callers of webhooks are told when no node answers for itself. */

const BOTH = (text: string) => ({ en: text, ru: text });
/** Accepts, and then has an answer that cannot be sent, or none. */
const careless = defineSource({
  type: 'careless', version: 1, title: BOTH('Test'), category: 'source', icon: 'box', summary: BOTH('For tests.'), help: BOTH('For tests.'), examples: [], config: {}, outputs: { fixed: { out: { title: BOTH('Out') } } },
  start(context) {
    context.route({ methods: ['POST'], path: '/careless/:how', bodyBytesMax: 10 }, async ({ params }) => {
      await context.deliver({ payload: params.how });
      if (params.how === 'throws') throw new Error('after it was accepted');
      return { status: 200, headers: { 'x-name': 'Анна' }, body: '' };
    });
  },
});

let journal = journalFile();
let nodes = new TestNodes();
let world: World;
let server: Server;
beforeEach(async () => {
  journal = journalFile();
  nodes = new TestNodes();
  world = new World({ file: journal.file, nodes: [...nodes.definitions, webhookIn, waitForCallback, careless] });
  server = createServer();
  world.services.hooks.serve(server, (_request, response) => response.writeHead(418).end());
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  world.kill();
  journal.remove();
});

interface Told { readonly status: number; readonly code: string | undefined; readonly message: string | undefined; readonly retryAfter: string | null }
async function call(path: string, how: RequestInit = {}): Promise<Told> {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook${path}`, { method: 'POST', body: '{}', ...how, headers: { 'content-type': 'application/json', ...how.headers } });
  const { error } = await response.json() as { error?: { code: string; message: string } };
  await world.calm();
  return { status: response.status, code: error?.code, message: error?.message, retryAfter: response.headers.get('retry-after') };
}

const lead = flowOf({
  id: 'lead', nodes: { in: { type: 'webhook-in', config: { path: '/lead/:id' } }, wait: 'wait-for-callback', sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> sink.in'],
});
const COME_AGAIN = { status: 503, code: 'hook.stopped', retryAfter: String(limits.stoppedRetryMs / 1000) };

test('the webhook of a stopped flow tells its senders to come again, until the flow runs or has gone', async () => {
  const runner = await world.deploy(lead);
  expect(await call('/lead/1')).toMatchObject({ status: 202 });
  await runner.stop();
  expect(await call('/lead/2')).toMatchObject(COME_AGAIN);
  expect(await call('/lead/2', { method: 'PUT' })).toMatchObject({ status: 404, code: 'hook.not-found' });
  expect(await call('/other')).toMatchObject({ status: 404, code: 'hook.not-found' });
  await world.deploy(lead, 2);
  expect(await call('/lead/2')).toMatchObject({ status: 202 });
  await world.deploy({ ...lead, nodes: { ...lead.nodes, in: { ...lead.nodes.in as typeof lead.nodes.in & object, config: { path: '/elsewhere' } } } }, 3);
  expect(await call('/lead/2')).toMatchObject({ status: 404 });
  await runner.dispose();
  expect(await call('/elsewhere')).toMatchObject({ status: 404 });
});

test('so do the webhook and the callback addresses of a flow that was stopped when the process started', async () => {
  await world.runner('lead').addresses.know(lead);
  expect(await call('/lead/1')).toMatchObject(COME_AGAIN);
  expect(await call('/resume/lead/wait/some-token')).toMatchObject(COME_AGAIN);
  await world.runner('lead').addresses.know(undefined);
  expect(await call('/lead/1')).toMatchObject({ status: 404 });
});

test('so does a disabled webhook of a running flow; another flow may serve its requests', async () => {
  await world.deploy({ ...lead, nodes: { ...lead.nodes, in: { ...lead.nodes.in as typeof lead.nodes.in & object, disabled: true } } });
  expect(await call('/lead/1')).toMatchObject(COME_AGAIN);
  await world.deploy({ ...lead, id: 'other' });
  expect(await call('/lead/1')).toMatchObject({ status: 202 });
});

test('an error that comes after the message was accepted is not told as a refusal, and is found in the log', async () => {
  await world.deploy(flowOf({ id: 'careless', nodes: { in: 'careless', sink: 'test-sink' }, wires: ['in.out -> sink.in'] }));
  for (const how of ['throws', 'unsendable']) {
    const told = await call(`/careless/${how}`);
    expect(told).toMatchObject({ status: 500, code: 'hook.failed', message: expect.stringContaining('may have been accepted') });
  }
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual(['throws', 'unsendable']);
  expect(world.bugs).toMatchObject([{ message: 'after it was accepted' }, { code: 'ERR_INVALID_CHAR' }]);
});

test('what the router says itself is told in the caller’s language', async () => {
  await world.deploy(lead);
  await world.deploy(flowOf({ id: 'careless', nodes: { in: 'careless' }, wires: [] }));
  const headers = { 'accept-language': 'ru-RU, en;q=0.5' };
  expect(await call('/none', { headers })).toMatchObject({ status: 404, message: expect.stringMatching(/^ни один узел вебхука не обслуживает/) });
  expect(await call('/lead/1', { headers, method: 'PUT' })).toMatchObject({ status: 405, message: expect.stringContaining('принимает POST, а не PUT') });
  expect(await call('/careless/big', { headers, body: '"longer than ten"' })).toMatchObject({ status: 413, message: expect.stringContaining('ничего не принято') });
  expect(await call('/resume/lead/wait/wrong', { headers })).toMatchObject({ status: 404, code: 'resume.unknown', message: expect.stringContaining('ничего не ждёт') });
  expect(await call('/none', {})).toMatchObject({ message: expect.stringMatching(/^no webhook node serves/) });
});
