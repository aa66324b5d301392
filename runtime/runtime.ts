import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Backups } from './backup/backups.ts';
import { systemClock, type Clock } from './clock.ts';
import { Connections } from './driver/connections.ts';
import { DiskWatch } from './driver/disk-watch.ts';
import { HistoryPump } from './driver/history-pump.ts';
import { HookRouter } from './driver/hooks.ts';
import { DriverHost } from './driver/host.ts';
import { Locks } from './driver/locks.ts';
import { Replies } from './driver/replies.ts';
import type { Services } from './driver/services.ts';
import { States } from './driver/states.ts';
import { Suspects } from './driver/suspects.ts';
import { Timers } from './driver/timers.ts';
import type { Flow, Json, Problem, Text } from './flow/flow.ts';
import type { ModuleTypes } from './flow/module-types.ts';
import type { CatalogInfo } from './flow/node-info.ts';
import { validateFlow, type ValidationContext } from './flow/validate.ts';
import { createFetch } from './http-out/fetch.ts';
import { networkPolicy } from './http-out/network.ts';
import { JournalClient } from './journal/client.ts';
import type { JournalHealth } from './journal/journal.ts';
import { JournalDamaged, openInlinePort, openThreadPort } from './journal/port.ts';
import { limits } from './limits.ts';
import { makeFolder } from './make-folder.ts';
import { Observers } from './observe.ts';
import { History } from './project/history.ts';
import { Project } from './project/project.ts';
import { StoredValues } from './project/values.ts';
import { openVault } from './project/vault.ts';
import { systemRandom, type Random } from './random.ts';
import { Modules, type ModulesOptions } from './modules/modules.ts';
import { NO_TYPES } from './modules/types.ts';
import { withModules } from './modules/suggest.ts';
import { CodeProblems } from './sandbox/code-problems.ts';
import { CodeReader } from './sandbox/code-reader.ts';
import { SandboxSupervisor } from './sandbox/supervisor.ts';
import type { Fetch } from './sdk/context.ts';
import type { ConnectionDefinition, NodeDefinition } from './sdk/define-node.ts';
import type { Store } from './store/store.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';

export type RuntimeLog = (level: 'info' | 'warn' | 'error', text: string, details?: { readonly [name: string]: Json }) => void;

export interface RuntimeOptions {
  /** Folder for everything that must survive; `:memory:` keeps nothing, for cases and tests. */
  readonly dataDir: string;
  /** Files are the truth for flows and connections. */
  readonly flowsDir?: string;
  readonly nodes: readonly NodeDefinition[];
  readonly connections: readonly ConnectionDefinition[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: RuntimeLog;
  /** In place of the network, for cases with stubbed answers. */
  readonly fetch?: Fetch;
  /** Sees every message that arrives at a node, for cases. */
  readonly trace?: Services['trace'];
  /** Runs every flow of `flowsDir`, also those that were never deployed. */
  readonly autoDeploy?: boolean;
  /** Where the shipped examples are, for the first start; null for none. */
  readonly examplesDir?: string | null;
  /** Nothing is run: for commands that only read or write documents. */
  readonly documentsOnly?: boolean;
  /** What function nodes may use; none unless it is said. */
  readonly modules?: Pick<ModulesOptions, 'folder' | 'allowed'>;
  readonly processEnv?: { readonly [name: string]: string | undefined };
}

/** A whole Millrace without its HTTP door. */
export interface Runtime {
  readonly project: Project;
  readonly host: DriverHost;
  readonly catalog: CatalogInfo;
  readonly observers: Observers;
  readonly clock: Clock;
  readonly random: Random;
  readonly backups: Backups;
  /** Declarations of an allowed module. */
  readonly moduleTypes: (module: string) => ModuleTypes;
  close(): Promise<void>;
}

/** Puts a runtime together and opens it: what was live runs again, what was pending goes on. Throws a `Failure` when the data folder cannot be used. */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { dataDir, clock = systemClock, random = systemRandom, processEnv = {} } = options;
  let conceal = (text: string): string => text;
  const log: RuntimeLog = (level, text, details) => options.log?.(level, conceal(text), details && JSON.parse(conceal(JSON.stringify(details))) as typeof details);
  const inMemory = dataDir === ':memory:';
  const net = createFetch({ policy: networkPolicy(processEnv) });
  if (!inMemory) makeFolder(dataDir);
  const journal = new JournalClient(inMemory ? openInlinePort(':memory:') : await openThreadPort(join(dataDir, 'journal.db'), stopOn(log)), clock, tellsOf(log));
  const store = openSqliteStore(inMemory ? ':memory:' : join(dataDir, 'store.db'));
  const vault = openVault({ dataDir, secretKey: inMemory ? random.token() : processEnv.MILLRACE_SECRET_KEY, random, log });
  const values = new StoredValues({ store, vault, processEnv });
  conceal = (text) => values.conceal(text);
  const history: History = new History({ store, clock, log, diskTotal: () => disk?.total ?? Infinity });
  const disk = inMemory ? undefined : watchOf(dataDir, { clock, log, makeRoom: () => history.makeRoom() });
  const observers = new Observers();
  const catalog = withModules(catalogOf(options), options.modules?.allowed.map(({ name }) => name) ?? []);
  const bug = (error: unknown, where: Text): void => { if (!(error instanceof JournalDamaged)) log('error', `${where.en}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`); };
  const pump = new HistoryPump({ journal, clock, store, failed: (error) => bug(error, { en: 'writing run history', ru: 'запись истории запусков' }) });
  // By the system's clock also where cases make time pass: user code really runs.
  const modules = options.modules && new Modules(options.modules);
  const newSandbox = (): SandboxSupervisor => new SandboxSupervisor({ ...(modules && { modules }), log: (level, text, details) => log(level, text, details as { readonly [name: string]: Json }) });
  const sandbox = newSandbox();
  const trials = newSandbox(); // its process begins with the first try
  await disk?.start();
  const host = new DriverHost(servicesOf({ disk: disk ?? ALL_ROOM, suspects: watchOver(journal, { clock, log }), options, clock, random, journal, values, observers, pump, bug, fetch: options.fetch ?? net.fetch, sandbox, trials, store }), pump);
  const code = new CodeProblems(new CodeReader(), catalog);
  const project = new Project({ codeProblems: (flow) => code.of(flow), store, vault, host, catalog, clock, log, values, history, autoDeploy: options.autoDeploy ?? false, documentsOnly: options.documentsOnly ?? false, ...(options.flowsDir !== undefined && { flowsDir: options.flowsDir }), ...(options.examplesDir !== undefined && { examplesDir: options.examplesDir }) });
  const backups = new Backups({ dataDir, flowsDir: options.flowsDir, clock, journal, key: vault.keyFrom === 'key-file' ? 'key-file' : 'environment' });
  await host.open();
  await project.open();
  return {
    project, host, catalog, observers, clock, random, backups,
    moduleTypes: (module) => modules?.types(module) ?? NO_TYPES,
    async close() {
      disk?.stop();
      await backups.close();
      await project.close();
      await host.shutdown();
      await Promise.all([sandbox.close(), trials.close()]);
      await net.close();
      await store.close();
    },
  };
}

interface Made {
  readonly disk: Services['disk'];
  readonly suspects: Suspects;
  readonly options: RuntimeOptions; readonly clock: Clock; readonly random: Random; readonly journal: JournalClient; readonly values: StoredValues;
  readonly observers: Observers; readonly pump: HistoryPump; readonly bug: Services['bug']; readonly fetch: Fetch; readonly sandbox: Services['sandbox']; readonly trials: Services['trials']; readonly store: Store;
}

function servicesOf({ disk, suspects, options, clock, random, journal, values, observers, pump, bug, fetch, sandbox, trials, store }: Made): Omit<Services, 'links'> {
  const timers = new Timers(clock);
  const connectionTypes = new Map(options.connections.map((each) => [each.info.type, each]));
  return {
    disk, suspects, clock, random, journal, observers, values, timers, connectionTypes, sandbox, trials, fetch, bug,
    nodes: new Map(options.nodes.map((each) => [each.info.type, each])),
    connections: new Connections({ types: connectionTypes, values, clock, timers, observers, dataDir: options.dataDir }),
    hooks: new HookRouter(bug), locks: new Locks(), states: new States(journal, clock), replies: new Replies(timers),
    history: { ...store, add: (steps) => pump.addSteps(steps), flush: () => pump.flush() },
    trace: options.trace, ended: (run) => pump.add(run), outboxGrew: () => pump.grew(),
  };
}

/** After ends in a row that nobody planned it watches closely for a while. */
function watchOver(journal: JournalClient, { clock, log }: { readonly clock: Clock; readonly log: RuntimeLog }): Suspects {
  const suspects = new Suspects(clock, journal.unplannedEnds >= limits.watchfulEnds);
  if (suspects.watchful) log('warn', `Millrace ended ${journal.unplannedEnds} times in a row without being stopped: for ${limits.watchfulMs / 60_000} minutes each step is written down before it begins, so that a message that ends the process is found`);
  if (journal.unplannedEnds > 0) {
    clock.after(limits.watchfulMs, () => {
      suspects.watchful = false;
      journal.calmed().catch(() => undefined); // a journal that cannot be written has told so by itself
    });
  }
  return suspects;
}

export function catalogOf({ nodes, connections }: Pick<RuntimeOptions, 'nodes' | 'connections'>): CatalogInfo {
  return {
    nodes: Object.fromEntries(nodes.map(({ info }) => [info.type, info])),
    connections: Object.fromEntries(connections.map(({ info }) => [info.type, info])),
  };
}

/** Finds every problem of a flow that can be found without running it. */
export type FlowCheck = (flow: Flow, context: ValidationContext) => Promise<readonly Problem[]>;

export function flowCheck(catalog: CatalogInfo): FlowCheck {
  const code = new CodeProblems(new CodeReader(), catalog);
  return async (flow, context) => [...validateFlow(flow, catalog, context), ...await code.of(flow)];
}

/** Without its journal a runtime can promise nothing: it ends, and what was accepted is there at the next start. */
function stopOn(log: RuntimeLog): (error: Error) => void {
  return (error) => {
    log('error', `the journal's thread failed: ${error.message}; Millrace ends so that nothing is acknowledged that is not on disk`);
    process.exit(70);
  };
}

const ALL_ROOM: Services['disk'] = { low: false };

function watchOf(dataDir: string, { clock, log, makeRoom }: { readonly clock: Clock; readonly log: RuntimeLog; readonly makeRoom: () => Promise<void> }): DiskWatch {
  return new DiskWatch({
    clock, makeRoom,
    look: async () => {
      const { bavail, bsize, blocks } = await statfs(dataDir);
      return { free: bavail * bsize, total: blocks * bsize };
    },
    told: (low, free) => {
      const has = `${Math.floor(free / 2 ** 20)} MB are free on the disk of ${dataDir}`;
      if (low) log('warn', `${has}: that is kept for accepted messages, new ones are refused until space is freed; old run history makes room`);
      else log('info', `${has}: messages are taken again`);
    },
  });
}

/** Once for each change, however many messages it meets. */
function tellsOf(log: RuntimeLog): (health: JournalHealth) => void {
  return (health) => {
    if (health.state === 'well') log('info', 'the journal can be written again: messages are taken');
    else if (health.state === 'waiting') log('warn', `the journal cannot be written now: ${health.reason}; new messages are refused, accepted ones wait, and it is tried again`);
    else log('error', `the journal is damaged: ${health.reason}; no message is taken and nothing more is done until a backup is restored or millrace salvage has been run`);
  };
}
