import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { Failure, type FailureCode } from '../../../runtime/errors.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import type { CatalogInfo, NodeInfo } from '../../../runtime/flow/node-info.ts';
import type { Change } from '../../../runtime/project/changes.ts';
import { Project, type ProjectOptions } from '../../../runtime/project/project.ts';
import { openVault } from '../../../runtime/project/vault.ts';
import { systemRandom } from '../../../runtime/random.ts';
import { field } from '../../../runtime/sdk/field.ts';
import { openSqliteStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { RecordingHost } from '../../kit/recording-host.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

export const ANN = { name: 'ann' };
export const BOB = { name: 'bob' };
const both = (text: string) => ({ en: text, ru: text });

const node = (type: string, more: Partial<NodeInfo>): NodeInfo => ({
  type, version: 1, role: 'action', title: both(type), category: 'logic', icon: 'box', summary: both(type), help: both(type),
  replay: 'pure', config: {}, inputs: { in: { title: both('In') } }, outputs: { fixed: { out: { title: both('Out') } } }, examples: [], ...more,
});

/** A source, an action with every kind of field that matters here, and one type of connection. */
export const catalog: CatalogInfo = {
  nodes: {
    'form': node('form', { role: 'source', inputs: {}, config: { path: field.text(both('Path')) } }),
    'call': node('call', { config: {
      url: field.text(both('URL')), times: field.integer(both('Times')), token: field.secret(both('Token')), db: field.connection(both('Database'), 'sql'),
      headers: field.map(both('Headers'), field.secret(both('Header'))), auth: field.record(both('Auth'), { user: field.text(both('User')), password: field.secret(both('Password')) }),
    } }),
  },
  connections: {
    sql: { type: 'sql', title: both('SQL'), icon: 'database', summary: both('SQL'), help: both('SQL'), config: { host: field.text(both('Host')), password: field.secret(both('Password')) } },
  },
};

/** Two nodes and a wire; `more` is laid over it. */
export const lead = (more: Partial<Flow> = {}): Flow => ({
  ...flowOf({ id: 'lead', nodes: { form: { type: 'form', config: { path: '/lead' } }, call: { type: 'call', config: { url: 'https://crm.test' } } }, wires: ['form.out -> call.in'] }),
  name: 'Lead', ...more,
});
/** The same with another config of the node `call`. */
export const leadWith = (config: Flow['nodes'][string]['config'], more: Partial<Flow> = {}): Flow => {
  const flow = lead(more);
  return { ...flow, nodes: { ...flow.nodes, call: { type: 'call', version: 1, config } } };
};

export interface World {
  readonly folder: string;
  readonly project: Project;
  readonly host: RecordingHost;
  readonly store: Store;
  readonly clock: VirtualTime;
  readonly log: string[];
  readonly changes: Change[];
}

/** Opens projects over data folders of their own and closes them after each test. `again` opens the same data with a new host, as a restart does. */
export function worlds(): { open(options?: Partial<ProjectOptions>): Promise<World>; again(before: World, options?: Partial<ProjectOptions>): Promise<World>; folder(): string } {
  const opened: World[] = [];
  const folders: string[] = [];
  let base = '';
  beforeEach(() => { base = mkdtempSync(join(tmpdir(), 'millrace-project-')); folders.push(base); });
  const close = async (world: World): Promise<void> => {
    await world.project.close();
    await world.store.close();
  };
  afterEach(async () => {
    for (const world of opened.splice(0)) await close(world);
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const open = async (folder: string, options: Partial<ProjectOptions>): Promise<World> => {
    const log: string[] = [];
    const write = (level: string, text: string, details?: object): void => { log.push(`${level}: ${text} ${JSON.stringify(details ?? {})}`); };
    const store = options.store ?? openSqliteStore(join(folder, 'store.db'));
    const host = (options.host as RecordingHost | undefined) ?? new RecordingHost();
    const clock = (options.clock as VirtualTime | undefined) ?? new VirtualTime();
    const vault = options.vault ?? openVault({ dataDir: folder, random: systemRandom, log: write });
    const project = new Project({ catalog, examplesDir: null, log: write, ...options, vault, store, host, clock });
    const world: World = { folder, project, host, store, clock, log, changes: [] };
    project.onChange((change) => world.changes.push(change));
    opened.push(world);
    await project.open();
    return world;
  };
  return {
    open: (options = {}) => open(base, options),
    again: async (before, options = {}) => {
      opened.splice(opened.indexOf(before), 1);
      await close(before);
      return open(before.folder, options);
    },
    folder: () => { const made = mkdtempSync(join(tmpdir(), 'millrace-flows-')); folders.push(made); return made; },
  };
}

/** The failure that `work` ends with; its code must be `code`. */
export async function failure(code: FailureCode, work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(() => new Error(`expected ${code}, but it worked`), (reason: unknown) => reason);
  if (!(error instanceof Failure)) return Promise.reject(error as Error);
  expect(error.code).toBe(code);
  return error;
}
