import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import sql from '../../nodes/connection/sql.ts';
import type { SqlClient } from '../../runtime/sdk/index.ts';
import { openConnection } from './connection-kit.ts';

/** SQL databases for tests: SQLite in a folder of its own, PostgreSQL where the machine has one. */
export type Driver = 'sqlite' | 'postgres';
export interface OpenSql { readonly client: SqlClient; readonly dataDir: string; /** A table name that nobody else uses; the table goes when the database closes. */ table(): string; close(): Promise<void> }

let tables = 0;

export async function openSql(driver: Driver, uri: string | undefined, config: { readonly [field: string]: unknown } = {}): Promise<OpenSql> {
  const opened = await openConnection(sql, { driver, ...(driver === 'postgres' && postgresConfig(uri)), ...config }, { password: decodeURIComponent(new URL(uri ?? 'postgres://x').password) });
  const client = opened.client as SqlClient;
  const made: string[] = [];
  return {
    client, dataDir: opened.dataDir,
    table: () => {
      const name = `test_${process.pid}_${++tables}`;
      made.push(name);
      return name;
    },
    close: async () => {
      if (driver === 'postgres') for (const name of made) await client.query(`DROP TABLE IF EXISTS ${name}`).catch(() => undefined);
      await opened.close();
    },
  };
}

/** Fields of a connection to the server that a URI names. */
export function postgresConfig(uri: string | undefined): { readonly [field: string]: unknown } {
  const at = new URL(uri ?? 'postgres://root@127.0.0.1:5432/test');
  return { host: at.hostname, port: Number(at.port || 5432), database: at.pathname.slice(1), user: decodeURIComponent(at.username), ...(at.password !== '' && { password: { $secret: 'password' } }) };
}

/** Stands between a client and its server, and breaks the connection when `cutAt` has been said and passed on, so many `times`. */
export async function cuttingProxy(target: { readonly host: string; readonly port: number }, cutAt: string, times = Infinity): Promise<{ readonly port: number; close(): void }> {
  let left = times;
  const server: Server = createServer((near) => {
    const far = connect(target.port, target.host);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('data', (bytes) => {
      far.write(bytes);
      if (bytes.includes(cutAt) && left-- > 0) near.destroy();
    });
    far.on('data', (bytes) => near.write(bytes));
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
