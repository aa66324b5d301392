import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DebugBatch, LiveClientEvents, LiveCounters, LiveServerEvents, LiveSnapshot } from '../../../runtime/api/contract.ts';
import { limits } from '../../../runtime/limits.ts';
import type { DebugEvent } from '../../../runtime/observe.ts';
import { ApiKit, HIDDEN } from '../../kit/api-kit.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

/** A client that keeps what it is sent. `sync` resolves when everything sent before has arrived: events come in order. */
class Client {
  readonly socket: Socket<LiveServerEvents, LiveClientEvents>;
  readonly snapshots: LiveSnapshot[] = [];
  readonly counters: LiveCounters[] = [];
  readonly debug: DebugBatch[] = [];
  readonly changes: unknown[] = [];

  constructor(port: number) {
    this.socket = io(`http://127.0.0.1:${port}/live`, { transports: ['websocket'], reconnection: false, forceNew: true });
    this.socket.on('snapshot', (state) => this.snapshots.push(state));
    this.socket.on('counters', (counters) => this.counters.push(counters));
    this.socket.on('debug', (batch) => this.debug.push(batch));
    this.socket.on('changed', (what) => this.changes.push(what));
  }
  async opened(): Promise<this> {
    await new Promise<void>((resolve, reject) => { this.socket.on('connect', resolve); this.socket.on('connect_error', reject); });
    return this;
  }
  async watch(flow: string): Promise<LiveSnapshot> {
    const snapshot = new Promise<LiveSnapshot>((resolve) => { this.socket.once('snapshot', resolve); });
    this.socket.emit('watch', { flow });
    return await snapshot;
  }
}

let kit: ApiKit;
let clock: VirtualTime;
let marks = 0;
const clients: Client[] = [];
beforeEach(async () => { clock = new VirtualTime(); kit = await new ApiKit({ clock }).open(); });
afterEach(async () => { for (const client of clients.splice(0)) client.socket.disconnect(); await kit.close(); });

async function connect(): Promise<Client> {
  const client = await new Client(kit.port).opened();
  clients.push(client);
  return client;
}
/** Lets everything that was sent arrive: `changed` goes to everybody, after it. */
async function arrived(): Promise<void> {
  const id = `mark-${marks++}`;
  const all = clients.filter(({ socket }) => socket.connected).map(({ socket }) => new Promise<void>((resolve) => {
    socket.on('changed', function seen(what) { if (what.id === id) { socket.off('changed', seen); resolve(); } });
  }));
  kit.project.change({ kind: 'flow', id });
  await Promise.all(all);
}
/** Time passes in the server's eyes, and everything it sends arrives. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) { await clock.advance(Math.min(100, ms - passed)); await arrived(); }
}
const debug = (flow: string, value: unknown): DebugEvent => ({ kind: 'debug', at: clock.now(), flow, node: 'show', runId: 'r', label: 'show', value });
const shownOf = (client: Client): unknown[] => client.debug.flatMap(({ messages }) => messages.map(({ value }) => value));
const skippedOf = (client: Client): number => client.debug.reduce((sum, { skipped }) => sum + skipped, 0);

test('a client gets a snapshot of the flow it watches, then its counters only when they change', async () => {
  kit.host.setCounters('lead', 1);
  const client = await connect();
  expect(await client.watch('lead')).toMatchObject({ counters: { flow: 'lead', nodes: { a: { done: 1 } } }, debug: [] });
  await pass(500);
  const before = client.counters.length;
  await pass(1000);
  expect(client.counters).toHaveLength(before);
  kit.host.setCounters('lead', 2);
  await pass(1000);
  expect(client.counters.slice(before).map(({ nodes }) => nodes['a']?.done)).toEqual([2]);
});

test('counters come at most ten times a second, and only those of the watched flow', async () => {
  kit.host.setCounters('lead', 0);
  kit.host.setCounters('other', 0);
  const client = await connect();
  await client.watch('lead');
  for (let i = 1; i <= 100; i++) { kit.host.setCounters('lead', i); kit.host.setCounters('other', i); await clock.advance(20); }
  await pass(500);
  expect(client.counters.length).toBeLessThanOrEqual(25);
  expect(new Set(client.counters.map(({ flow }) => flow))).toEqual(new Set(['lead']));
  expect(client.counters.at(-1)?.nodes['a']?.done).toBe(100);
});

test('debug messages come masked and in order, and a flood is cut with the count of the rest', async () => {
  const client = await connect();
  await client.watch('lead');
  kit.observers.emit(debug('lead', { phone: '+79001234534' }));
  kit.observers.emit(debug('other', 'not watched'));
  await pass(500);
  expect(shownOf(client)).toEqual([{ phone: '+7900•••••34' }]);
  await pass(1000);
  for (let i = 0; i < 1000; i++) kit.observers.emit(debug('lead', i));
  await pass(500);
  expect(shownOf(client).slice(1)).toEqual(Array.from({ length: limits.debugPerSecond }, (_, i) => i));
  expect(skippedOf(client)).toBe(1000 - limits.debugPerSecond);
});

test('labels, logs, failures and what counters say are masked, and hold no value of a secret', async () => {
  const client = await connect();
  const text = `calling +79001234534 with ${HIDDEN}`;
  kit.host.setCounters('lead', 1);
  const counters = kit.host.counts.get('lead') as LiveCounters;
  kit.host.counts.set('lead', { ...counters, nodes: { a: { ...counters.nodes.a as LiveCounters['nodes'][string], status: { kind: 'bad', text: { en: text, ru: text } } } }, connections: { db: { state: 'paused', reason: { en: text, ru: text } } } });
  kit.observers.emit({ ...debug('lead', { note: text }), label: text });
  kit.observers.emit({ kind: 'log', at: 1, flow: 'lead', node: 'a', level: 'warn', text, details: { text } });
  kit.observers.emit({ kind: 'failure', at: 1, flow: 'lead', node: 'a', runId: 'r', code: 'x.y', text: { en: text, ru: text }, attempt: 1, final: true });
  const snapshot = JSON.stringify(await client.watch('lead'));
  expect(snapshot.split('calling +7900•••••34 with •••').length - 1).toBe(10);
  expect(snapshot).not.toMatch(/1234534|hunter/);
});

test('a second of a flood shows no more than a second’s worth after the first burst', async () => {
  const client = await connect();
  await client.watch('lead');
  for (let i = 0; i < 200; i++) { for (let j = 0; j < 10; j++) kit.observers.emit(debug('lead', i)); await clock.advance(10); }
  await pass(500);
  expect(shownOf(client).length).toBeLessThanOrEqual(3 * limits.debugPerSecond);
  expect(shownOf(client).length + skippedOf(client)).toBe(2000);
});

test('a client that comes later gets the last messages once, whether or not somebody watched before', async () => {
  const first = await connect();
  await first.watch('lead');
  kit.observers.emit(debug('lead', 'one'));
  await pass(500);
  kit.observers.emit(debug('lead', 'two'));
  const second = await connect();
  const { debug: history } = await second.watch('lead');
  await pass(300);
  expect(history.map(({ value }) => value)).toEqual(['one', 'two']);
  expect([shownOf(first), shownOf(second)]).toEqual([['one', 'two'], []]);
  const ids = history.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
});

test('history is bounded', async () => {
  const client = await connect();
  for (let i = 0; i < limits.debugKept + 100; i++) { kit.observers.emit(debug('lead', i)); await clock.advance(100); }
  const { debug: history } = await client.watch('lead');
  expect(history).toHaveLength(limits.debugKept);
  expect(history.at(-1)?.value).toBe(limits.debugKept + 99);
});

test('a paused client gets nothing and is told how many it missed', async () => {
  const client = await connect();
  await client.watch('lead');
  client.socket.emit('debugPaused', true);
  await client.watch('lead'); // answered after the pause was heard
  for (let i = 0; i < 3; i++) kit.observers.emit(debug('lead', i));
  await pass(300);
  expect(client.debug).toEqual([]);
  client.socket.emit('debugPaused', false);
  await arrived();
  await pass(200);
  expect([shownOf(client), skippedOf(client)]).toEqual([[], 3]);
});

test('failures and log lines stand beside debug messages', async () => {
  const client = await connect();
  await client.watch('lead');
  kit.observers.emit({ kind: 'failure', at: 1, flow: 'lead', node: 'send', runId: 'r', code: 'http.failed', text: { en: 'no', ru: 'нет' }, attempt: 5, final: true });
  kit.observers.emit({ kind: 'log', at: 2, flow: 'lead', node: 'code', level: 'warn', text: 'mail ivan@example.com' });
  await pass(500);
  expect(client.debug.flatMap(({ messages }) => messages)).toMatchObject([
    { kind: 'failure', node: 'send', label: 'http.failed', level: 'error', value: { message: { en: 'no', ru: 'нет' }, attempt: 5, final: true } },
    { kind: 'log', node: 'code', label: 'mail i•••@example.com', level: 'warn' },
  ]);
});

test('everybody hears of a changed document', async () => {
  const client = await connect();
  kit.project.change({ kind: 'deploy', id: 'lead', version: 3, by: 'local' });
  await arrived();
  expect(client.changes[0]).toEqual({ kind: 'deploy', id: 'lead', version: 3, by: 'local' });
});

test('requests of a wrong form harm nobody, and a flow that never ran has empty counters', async () => {
  const client = await connect();
  const emit = client.socket.emit.bind(client.socket) as (name: string, value: unknown) => void;
  for (const wrong of [null, 7, { flow: 7 }, { flow: 'x'.repeat(1000) }, [], 'lead']) emit('watch', wrong);
  expect((await client.watch('never-deployed')).counters).toMatchObject({ flow: 'never-deployed', nodes: {} });
  expect(client.snapshots).toHaveLength(1);
});

test('a flow whose counters cannot be read does not stop the others', async () => {
  kit.host.setCounters('bad', 1);
  kit.host.setCounters('lead', 1);
  const [one, two] = [await connect(), await connect()];
  await one.watch('bad');
  await two.watch('lead');
  kit.host.countersFail = 'bad';
  kit.host.setCounters('lead', 5);
  await pass(200);
  expect(two.counters.at(-1)?.nodes['a']?.done).toBe(5);
  expect(kit.logged.length).toBeGreaterThan(0);
});

test('no timer is left when the last client is gone', async () => {
  const client = await connect();
  await client.watch('lead');
  expect(clock.waiting).toBe(1);
  const gone = new Promise<void>((resolve) => { client.socket.on('disconnect', () => resolve()); });
  client.socket.disconnect();
  await gone;
  await expect.poll(async () => { await clock.advance(100); return clock.waiting; }).toBe(0);
});

test('more editors than the limit are refused', async () => {
  await Promise.all(Array.from({ length: limits.liveClientsMax }, () => connect()));
  const extra = new Client(kit.port);
  clients.push(extra);
  await expect(extra.opened()).rejects.toThrow('more than');
});
