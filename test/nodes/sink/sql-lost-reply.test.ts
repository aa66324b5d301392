import { afterEach, describe, expect, test } from 'vitest';
import sql from '../../../nodes/connection/sql.ts';
import sqlQuery from '../../../nodes/sink/sql-query.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { needsPostgres } from '../../kit/needs.ts';
import { cuttingProxy, openSql, postgresConfig, type Driver, type OpenSql } from '../../kit/sql-kit.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { settled, VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile, World, type WorldOptions } from '../../kit/world.ts';

/** The database has committed, and nobody told Millrace: the row is there once all the same. */

const uri = await needsPostgres();
/** Of message ids: the database remembers those of earlier runs of this file. */
let lastSeed = (process.pid * 100_003 + Math.round(performance.timeOrigin)) % 1_000_000_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup(); });

/** Databases answer in real time: turns of the event loop until it is so. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!await so()) await settled();
}

class Place {
  readonly journal = journalFile();
  readonly nodes = new TestNodes();
  readonly table: string;
  readonly #database: OpenSql;
  readonly #config: { readonly [field: string]: unknown };

  constructor(database: OpenSql, config: { readonly [field: string]: unknown }) {
    this.#database = database;
    this.#config = config;
    this.table = database.table();
    cleanups.push(() => this.journal.remove());
  }

  async world(options: Partial<WorldOptions> = {}): Promise<World> {
    const world = new World({
      file: this.journal.file, dataDir: this.#database.dataDir, nodes: [...this.nodes.definitions, sqlQuery], connections: [sql], project: { db: { type: 'sql', config: this.#config } as never }, seed: ++lastSeed, ...options,
    });
    cleanups.push(async () => {
      world.kill();
      await world.services.connections.closeAll();
    });
    const flow = flowOf({ nodes: { in: 'test-source', save: { type: 'sql-query', config: { db: 'db', statement: `INSERT INTO ${this.table} (n) VALUES ($1) RETURNING n`, values: [{ $expr: 'payload' }] } }, sink: 'test-sink' }, wires: ['in.out -> save.in', 'save.out -> sink.in'] });
    await world.deploy({ ...flow, uses: { db: 'sql' } });
    return world;
  }

  feed(payload: number): void { this.nodes.deliver.get('in')?.({ payload }).catch(() => undefined); }

  async rows(): Promise<unknown[]> {
    const { rows } = await this.#database.client.query(`SELECT n FROM ${this.table} ORDER BY n`);
    return rows.map(({ n }) => Number(n));
  }
}

async function open(driver: Driver, config: { readonly [field: string]: unknown } = {}): Promise<Place> {
  const database = await openSql(driver, uri);
  cleanups.push(() => database.close());
  const place = new Place(database, { driver, ...(driver === 'postgres' && postgresConfig(uri)), ...config });
  await database.client.query(`CREATE TABLE ${place.table} (n INTEGER)`);
  return place;
}

describe.skipIf(uri === undefined)('postgres', () => {
  test('a connection that is cut between the commit and its answer leaves one row, and the message goes on with what it gave', async () => {
    const { host, port } = postgresConfig(uri) as { host: string; port: number };
    const proxy = await cuttingProxy({ host, port }, 'COMMIT', 2);
    cleanups.push(() => proxy.close());
    const place = await open('postgres', { host: '127.0.0.1', port: proxy.port });
    const world = await place.world();
    place.feed(7);
    for (let outages = 0; outages < 2; outages++) {
      await until(() => world.services.connections.isPaused('db'));
      await until(async () => (await place.rows()).length > 0);
      expect(place.nodes.arrived).toEqual([]);
      await world.pass(31_000);
      await until(() => !world.services.connections.isPaused('db'));
    }
    await until(() => place.nodes.arrived.length > 0);
    await until(async () => await world.pending() === 0);
    expect(await place.rows()).toEqual([7]);
    expect(place.nodes.arrived.map(({ body }) => body)).toEqual([{ payload: [{ n: 7 }], count: 1 }]);
    expect(await world.services.journal.deadLetters({ limit: 5 })).toEqual([]);
  });
});

for (const driver of ['sqlite', 'postgres'] as const) {
  test.skipIf(driver === 'postgres' && uri === undefined)(`${driver}: a process that ends at any write leaves one row for each message`, async () => {
    for (let killBefore = 1, died = true; died; killBefore++) {
      const place = await open(driver);
      const first = await place.world({ killBefore });
      place.feed(1);
      place.feed(2);
      await until(async () => first.dead || (place.nodes.arrived.length === 2 && await first.pending() === 0));
      died = first.dead;
      first.kill();
      const second = await place.world({ clock: new VirtualTime(first.clock.now() + 1000) });
      await until(async () => await second.pending() === 0);
      const rows = await place.rows();
      expect(rows).toEqual([...new Set(place.nodes.arrived.map(({ body }) => Number((body.payload as { n: number }[])[0]?.n)))].sort());
      expect(second.bugs).toEqual([]);
    }
  });
}
