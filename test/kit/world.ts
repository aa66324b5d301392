import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connections } from '../../runtime/driver/connections.ts';
import { FlowRunner } from '../../runtime/driver/flow-runner.ts';
import { HookRouter } from '../../runtime/driver/hooks.ts';
import { Links } from '../../runtime/driver/links.ts';
import { Locks } from '../../runtime/driver/locks.ts';
import type { ReadRevision } from '../../runtime/driver/pinned.ts';
import { Replies } from '../../runtime/driver/replies.ts';
import type { Services } from '../../runtime/driver/services.ts';
import { States } from '../../runtime/driver/states.ts';
import { Suspects } from '../../runtime/driver/suspects.ts';
import { Timers } from '../../runtime/driver/timers.ts';
import type { ConnectionDocument, Flow } from '../../runtime/flow/flow.ts';
import type { ProjectValues } from '../../runtime/host.ts';
import { JournalClient } from '../../runtime/journal/client.ts';
import { answer, openedBy, type JournalPort, type Request } from '../../runtime/journal/port.ts';
import { JournalDatabase } from '../../runtime/journal/database.ts';
import { endState, type EndedRun } from '../../runtime/journal/rows.ts';
import { Observers, type RuntimeEvent } from '../../runtime/observe.ts';
import { timeSortedId } from '../../runtime/random.ts';
import { openMemoryStore } from '../../runtime/store/sqlite/sqlite-store.ts';
import type { StepRecord, Store } from '../../runtime/store/store.ts';
import type { ConnectionDefinition, NodeDefinition } from '../../runtime/sdk/define-node.ts';
import { JournalError } from '../../runtime/journal/port.ts';
import { SeededRandom, settled, VirtualTime } from './virtual-time.ts';

/**
 * One life of a runtime around a journal file. `killBefore: n` ends it just before its n-th write: what it did is gone, the file stays. `killAfter: n`
 * ends it with that write done and nobody told.
 */
export interface WorldOptions {
  readonly file: string;
  readonly nodes: readonly NodeDefinition[];
  readonly connections?: readonly ConnectionDefinition[];
  readonly project?: { readonly [name: string]: ConnectionDocument };
  readonly clock?: VirtualTime;
  readonly killBefore?: number;
  readonly killAfter?: number;
  readonly fetch?: Services['fetch'];
  readonly sandbox?: Services['sandbox'];
  /** Runs what is tried. */
  readonly trials?: Services['trials'];
  /** Secrets and what else the project would answer. */
  readonly values?: Partial<ProjectValues>;
  /** The process ended again and again before. */
  readonly watchful?: boolean;
  /** For connections that keep files. */
  readonly dataDir?: string;
  /** Where run history goes; one of its own when there is none. */
  readonly store?: Store;
  /** Of ids and spreads; another one for each life. */
  readonly seed?: number;
  /** In place of the port that `killBefore` makes. */
  readonly port?: (database: JournalDatabase, world: World) => JournalPort;
  /** A run of memory mode ended. */
  readonly ended?: (run: EndedRun) => void;
  /** The process is about to be gone; the journal is still open. */
  readonly dying?: () => void;
}

export class World {
  readonly clock: VirtualTime;
  readonly events: RuntimeEvent[] = [];
  readonly bugs: unknown[] = [];
  readonly endedInMemory: EndedRun[] = [];
  /** How often history was told that there may be more of it. */
  outboxNews = 0;
  readonly services: Services;
  readonly #database: JournalDatabase;
  /** Run history outlives the process. */
  readonly store: Store;
  readonly #dying: (() => void) | undefined;
  readonly #runners = new Map<string, FlowRunner>();
  readonly disk = { low: false };
  writes = 0;
  dead = false;
  /** Set to make every write fail as SQLite would. */
  trouble: { readonly message: string; readonly errcode: number } | undefined;

  constructor(options: WorldOptions) {
    this.clock = options.clock ?? new VirtualTime();
    this.#database = new JournalDatabase(options.file);
    this.#dying = options.dying;
    const random = new SeededRandom(options.seed ?? options.killBefore ?? 1);
    const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => Math.floor(random.next() * 256));
    const store = (this.store = options.store ?? openMemoryStore());
    const journal = new JournalClient(options.port?.(this.#database, this) ?? this.#port(options), this.clock);
    const timers = new Timers(this.clock);
    const replies = new Replies(timers);
    const observers = new Observers();
    observers.watch((event) => this.events.push(event));
    const values = { env: () => undefined, secret: async () => undefined, connection: async (name: string) => options.project?.[name], stamp: () => 1, ...options.values };
    const types = new Map((options.connections ?? []).map((each) => [each.info.type, each]));
    this.services = {
      clock: this.clock, journal, timers, disk: this.disk, suspects: new Suspects(this.clock, options.watchful), observers, values, connectionTypes: types, locks: new Locks(), states: new States(journal, this.clock), hooks: new HookRouter((error) => this.bugs.push(error)),
      random: { next: () => random.next(), bytes, id: (now) => timeSortedId(now, bytes), token: () => Buffer.from(bytes(32)).toString('hex') },
      nodes: new Map(options.nodes.map((each) => [each.info.type, each])),
      connections: new Connections({ types, values, clock: this.clock, timers, observers, dataDir: options.dataDir ?? '/nowhere' }),
      replies,
      sandbox: options.sandbox ?? NO_SANDBOX, trials: options.trials ?? NO_SANDBOX,
      links: new Links({ journal, replies }, (flow) => this.#runners.get(flow)),
      fetch: options.fetch ?? (() => { throw new Error('no network in this world'); }),
      history: { ...store, add: (steps) => { void store.addSteps(steps, 1000); }, flush: () => this.moveHistory() },
      ended: (run) => {
        const ended = { ...run, endedAt: this.clock.now() };
        this.endedInMemory.push(ended);
        options.ended?.(ended);
      },
      outboxGrew: () => { this.outboxNews++; },
      bug: (error) => { if (!this.dead) this.bugs.push(error); },
    };
    this.services.suspects.onFreed(() => { for (const runner of this.#runners.values()) runner.scheduleAll(); });
    this.services.connections.onResumed((resource) => { for (const runner of this.#runners.values()) runner.resumed(resource); });
  }

  #port({ killBefore = Infinity, killAfter = Infinity }: WorldOptions): JournalPort {
    return {
      opened: openedBy(this.#database),
      ask: async (request: Request) => {
        const writes = request.kind === 'apply' && request.commits.some((commit) => commit.ops.length > 0);
        if (writes && ++this.writes >= killBefore) this.kill();
        if (this.dead) return await new Promise(() => undefined);
        if ((writes || isCancel(request)) && this.trouble) throw new JournalError({ name: 'Error', ...this.trouble });
        const reply = answer(this.#database, request);
        if (writes && this.writes >= killAfter) {
          this.kill();
          return await new Promise(() => undefined);
        }
        if ('error' in reply) throw new JournalError(reply.error);
        return reply.value;
      },
    };
  }

  /** The process is gone at once: nothing is written or answered any more. */
  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.#dying?.();
    this.#database.close();
  }

  /** The process ended as planned: the journal is closed already. */
  ended(): void { this.dead = true; }

  runner(flow: string): FlowRunner {
    let runner = this.#runners.get(flow);
    if (!runner) this.#runners.set(flow, (runner = new FlowRunner(flow, this.services)));
    return runner;
  }
  async deploy(flow: Flow, revision = 1, read?: ReadRevision): Promise<FlowRunner> {
    await Promise.race([this.runner(flow.id).deploy(flow, revision, read), this.#death()]);
    return this.runner(flow.id);
  }
  async #death(): Promise<void> {
    for (let i = 0; i < 200 && !this.dead; i++) await settled();
  }

  /** Lets everything happen that can without time passing. */
  async calm(): Promise<void> {
    for (let i = 0; i < 20; i++) await settled();
  }
  /** Lets time pass in steps small enough for every wait to be seen. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.calm();
  }

  /** Brings what the journal tells of runs to the store, and leaves it in the journal too. */
  async moveHistory(): Promise<void> {
    for (const { runs, steps } of (await this.services.journal.outbox(Infinity)).batches) {
      await this.store.addSteps(steps.flatMap((text) => JSON.parse(text) as StepRecord[]), 1000);
      await this.#addRuns(runs);
    }
    await this.#addRuns(this.endedInMemory);
  }
  async #addRuns(runs: readonly EndedRun[]): Promise<void> {
    await this.store.addRuns(runs.map((run) => ({ id: run.id, flow: run.flow, revision: run.revision, startedAt: run.startedAt, endedAt: run.endedAt, state: endState(run), messages: run.completed + run.dropped + run.dead + run.discarded })));
  }

  async endedRuns(): Promise<EndedRun[]> {
    return [...(await this.services.journal.outbox(Infinity)).batches.flatMap(({ runs }) => runs), ...this.endedInMemory];
  }
  async pending(): Promise<number> { return await this.services.journal.pendingTotal(); }
}

const NO_SANDBOX: Services['sandbox'] = { open: () => { throw new Error('no sandbox in this world'); }, fuse: () => undefined };
const isCancel = (request: Request): boolean => request.kind === 'query' && request.name === 'cancelRun';

/** A journal file that is gone after the test. */
export function journalFile(): { readonly file: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-journal-'));
  return { file: join(dir, 'journal.db'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}
