import { expect, test } from 'vitest';
import type { ConnectionDefinition } from '../../../runtime/sdk/define-node.ts';
import { settled } from '../../kit/virtual-time.ts';
import { journalFile, World } from '../../kit/world.ts';

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
