import { describe, expect, test } from 'vitest';
import type { ConnectionDefinition } from '../../../runtime/sdk/define-node.ts';
import { defineNode, NodeFailure } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { settled } from '../../kit/virtual-time.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

const GONE = { en: 'the other side is gone', ru: 'другая сторона не отвечает' };

/** A connection whose other side is there or not, and a count of who asked. */
class Link {
  isThere = false;
  asked = 0;
  /** Held open until the test says so. */
  answer: Promise<void> = Promise.resolve();
  readonly definition = {
    info: { type: 'test', title: GONE, icon: 'plug', summary: GONE, help: GONE, config: {} },
    open: async () => ({}),
    test: async () => {
      this.asked++;
      await this.answer;
      if (!this.isThere) throw new Error('gone');
      return GONE;
    },
    close: async () => undefined,
  } as ConnectionDefinition;
}

async function paused(work: (link: Link, world: World) => Promise<void>): Promise<void> {
  const journal = journalFile();
  const link = new Link();
  const world = new World({ file: journal.file, nodes: [], connections: [link.definition], project: { db: { type: 'test', config: {} } } });
  world.services.connections.pause('db', GONE);
  try {
    await work(link, world);
    expect(world.bugs).toEqual([]);
  } finally {
    world.kill();
    journal.remove();
  }
}

test('a paused connection says since when, why and when it is tried again, through every probe', async () => {
  await paused(async (_, { services: { connections }, clock }) => {
    const since = clock.now();
    expect(connections.state('db')).toEqual({ state: 'paused', reason: GONE, since, probeAt: since + 1000 });
    await clock.advance(1000);
    expect(connections.state('db')).toMatchObject({ state: 'paused', since });
    expect(connections.state('db').probeAt).toBeGreaterThan(clock.now());
  });
});

test('tried now, it is open again at once when the other side is back', async () => {
  await paused(async (link, { services: { connections }, clock }) => {
    const resumed: string[] = [];
    connections.onResumed((name) => { resumed.push(name); });
    link.isThere = true;
    expect(await connections.tryNow('db')).toEqual({ state: 'open' });
    expect(resumed).toEqual(['db']);
    await clock.advance(60_000);
    expect(link.asked).toBe(1);
  });
});

test('tried in vain it stays paused, and only one probe is planned', async () => {
  await paused(async (link, { services: { connections }, clock }) => {
    expect(await connections.tryNow('db')).toMatchObject({ state: 'paused', since: clock.now() });
    const next = (connections.state('db').probeAt ?? 0) - clock.now();
    await clock.advance(next);
    expect(link.asked).toBe(2);
  });
});

test('two people who try at the same time ask the other side once', async () => {
  await paused(async (link, { services: { connections } }) => {
    let finish = (): void => undefined;
    link.answer = new Promise((resolve) => { finish = resolve; });
    link.isThere = true;
    const both = [connections.tryNow('db'), connections.tryNow('db')];
    await settled();
    finish();
    expect(await Promise.all(both)).toEqual([{ state: 'open' }, { state: 'open' }]);
    expect(link.asked).toBe(1);
  });
});

test('a host that nodes call by its address is let through when tried, and one that is not paused is left alone', async () => {
  await paused(async (link, { services: { connections } }) => {
    connections.pause('host:api.test', GONE);
    expect(await connections.tryNow('host:api.test')).toEqual({ state: 'unused' });
    expect(await connections.tryNow('other')).toEqual({ state: 'unused' });
    expect(link.asked).toBe(0);
  });
});

test('a connection that changes while it is being opened is closed', async () => {
  const journal = journalFile();
  const log: string[] = [];
  const slow = Promise.withResolvers<void>();
  const definition = {
    ...new Link().definition,
    open: async () => { await slow.promise; log.push('opened'); return {}; }, close: async () => { log.push('closed'); },
  } as ConnectionDefinition;
  const world = new World({ file: journal.file, nodes: [], connections: [definition], project: { db: { type: 'test', config: {} } } });
  const { connections } = world.services;
  void connections.client('db');
  const changed = connections.changed('db');
  slow.resolve();
  await changed;
  await connections.client('db');
  await connections.closeAll();
  expect(log).toEqual(['opened', 'closed', 'opened', 'closed']);
  world.kill();
  journal.remove();
});

test('a call that ends after a deploy on a connection that the newest revision uses no more holds nobody up', async () => {
  const journal = journalFile();
  const nodes = new TestNodes();
  const world = new World({ file: journal.file, nodes: nodes.definitions, connections: [new Link().definition], project: { one: { type: 'test', config: {} }, two: { type: 'test', config: {} } } });
  const { promise, resolve } = Promise.withResolvers<void>();
  nodes.onCall = async (_body, { config, connection }) => {
    const { db } = config as { readonly db: string };
    await connection(db);
    if (db !== 'one') return;
    await promise;
    throw new NodeFailure('test.gone', GONE, { scope: 'connection' });
  };
  const uses = (db: string) => flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1, config: { db } }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] });
  await world.deploy(uses('one'));
  for (const payload of [1, 2]) await nodes.deliver.get('in')?.({ payload });
  await world.calm();
  await world.deploy(uses('two'), 2);
  resolve();
  await world.calm();
  expect(nodes.arrived.map(({ body }) => body.payload)).toEqual([1, 2]);
  expect(world.bugs).toEqual([]);
  world.kill();
  journal.remove();
});

describe('a host that a node calls by its address', () => {
  const HOST = 'http://there.example/';
  async function calling(work: (host: { retryAfterMs?: number; isThere: boolean; calls: number }, world: World) => Promise<void>): Promise<void> {
    const journal = journalFile();
    const nodes = new TestNodes();
    const host: { retryAfterMs?: number; isThere: boolean; calls: number } = { isThere: false, calls: 0 };
    const calls = defineNode({
      version: 1, title: GONE, category: 'sink', icon: 'box', summary: GONE, help: GONE, examples: [], type: 'test-http', replay: 'idempotent', config: {}, outputs: { fixed: { out: { title: GONE } } },
      run: async (message, { fetch }) => {
        await fetch(HOST);
        if (!host.isThere) throw new NodeFailure('http.unavailable', GONE, { scope: 'connection', ...(host.retryAfterMs !== undefined && { retry: { afterMs: host.retryAfterMs } }) });
        return message;
      },
    });
    const fetch = (async () => { host.calls++; return {}; }) as unknown as NonNullable<WorldOptions['fetch']>;
    const world = new World({ file: journal.file, nodes: [...nodes.definitions, calls], fetch });
    await world.deploy(flowOf({ nodes: { in: 'test-source', http: 'test-http' }, wires: ['in.out -> http.in'] }));
    for (let i = 0; i < 20; i++) await nodes.deliver.get('in')?.({ payload: i });
    await world.calm();
    try { await work(host, world); } finally {
      world.kill();
      journal.remove();
    }
  }

  test('is asked less and less while it is down, each time with one message, and takes all of them when it is up again', async () => {
    await calling(async (host, world) => {
      host.calls = 0;
      await world.pass(10 * 60_000);
      expect(host.calls).toBe(5 + 18); // after 1, 2, 4, 8 and 16 s, then every half minute
      host.isThere = true;
      await world.pass(30_000);
      expect(host.calls).toBe(5 + 18 + 20);
      expect(await world.pending()).toBe(0);
    });
  });
  test('is down since it failed first, however often it was tried', async () => {
    await calling(async (_, world) => {
      const { since } = world.services.connections.state('host:there.example');
      await world.pass(10 * 60_000);
      expect(world.services.connections.state('host:there.example')).toMatchObject({ state: 'paused', since });
      await world.services.connections.tryNow('host:there.example');
      await world.calm();
      expect(world.services.connections.state('host:there.example')).toMatchObject({ state: 'paused', since });
    });
  });
  test.each([[0, 60], [-5000, 60], [10 * 24 * 3_600_000, 0]])('that asks to come back in %i ms is asked at most once a second and at least once an hour', async (retryAfterMs, inAMinute) => {
    await calling(async (host, world) => {
      host.retryAfterMs = retryAfterMs;
      await world.pass(31_000);
      host.calls = 0;
      await world.pass(60_000);
      expect(host.calls).toBe(inAMinute);
      host.isThere = true;
      await world.pass(3_600_000);
      expect(await world.pending()).toBe(0);
    });
  });
});
