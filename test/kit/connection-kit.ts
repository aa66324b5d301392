import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionDefinition } from '../../runtime/sdk/index.ts';
import { compiled } from './node-kit.ts';
import { TEST_START } from './virtual-time.ts';

export interface OpenConnection { readonly client: unknown; readonly dataDir: string; close(): Promise<void> }

/** Opens a connection as the runtime does, with a data folder of its own that goes when it closes. */
export async function openConnection(definition: ConnectionDefinition, config: { readonly [field: string]: unknown }, secrets: { readonly [name: string]: string } = {}): Promise<OpenConnection> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-connection-'));
  const { atDeploy } = await compiled(definition.info.config, { config, secrets });
  const client = await definition.open(atDeploy as never, { name: 'test', dataDir, clock: { now: () => TEST_START } });
  return {
    client, dataDir,
    close: async () => {
      await definition.close(client as never);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
