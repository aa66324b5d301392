import { afterAll, expect, test } from 'vitest';
import sql from '../../nodes/connection/sql.ts';
import { connections, nodes } from '../../nodes/index.ts';
import { SandboxSupervisor } from '../../runtime/sandbox/supervisor.ts';
import { openConnection } from '../kit/connection-kit.ts';
import { connectionSuite, nodeSuite } from '../suites/node.suite.ts';

/** Every node and connection type that Millrace has keeps what each declares. */

const sandbox = new SandboxSupervisor({ log: () => undefined });
afterAll(() => sandbox.close());

for (const definition of connections) connectionSuite(definition);
for (const definition of nodes) nodeSuite(definition, { connection: () => openConnection(sql, { driver: 'sqlite' }), sandbox });

test('no two node types have the same title', () => {
  for (const language of ['en', 'ru'] as const) {
    const titles = nodes.map((node) => node.info.title[language]);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  }
});
