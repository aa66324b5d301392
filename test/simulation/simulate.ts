import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import catchNode from '../../nodes/logic/catch.ts';
import { DriverHost } from '../../runtime/driver/host.ts';
import { HistoryPump } from '../../runtime/driver/history-pump.ts';
import type { Flow } from '../../runtime/flow/flow.ts';
import type { Store } from '../../runtime/store/store.ts';
import { openMemoryStore } from '../../runtime/store/sqlite/sqlite-store.ts';
import { JournalError } from '../../runtime/journal/port.ts';
import { limits } from '../../runtime/limits.ts';
import type { NodeDefinition, Receipt } from '../../runtime/sdk/index.ts';
import { SeededRandom, settled, TEST_START, VirtualTime } from '../kit/virtual-time.ts';
import { World } from '../kit/world.ts';
import { FaultyPort, type Faults, type Way } from './faulty-port.ts';
import { changeFlow, makeFlow, removable, withoutNode } from './flow-maker.ts';
import { Ledger } from './ledger.ts';
import { judge } from './oracle.ts';
import { makePlan, type Action, type Plan } from './plan.ts';
import { People } from './people.ts';
import { simJoin } from './sim-join.ts';
import { SimNodes } from './sim-nodes.ts';

export interface Outcome { readonly seed: number; readonly violations: readonly string[]; readonly trace: readonly string[]; readonly runs: number; readonly lives: number }

const HOUR = 3_600_000;
const IDLE_TURNS = 3;
// The journal waits for its disk at every commit: a disk in memory, where there is one, makes a life hundreds of times faster.
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const plainly: Way = (write, request) => write(request);

/** One seed: a flow, its load and its misfortunes, from the first life of the process until everything has had its time. The same seed is the same story, to the letter. `way`: a planted mistake. */
export async function simulate(seed: number, way = plainly): Promise<Outcome> {
  const dir = mkdtempSync(join(FOLDER, 'millrace-sim-'));
  const before = { ...limits };
  try {
    const plan = makePlan(new SeededRandom(seed));
    Object.assign(limits, plan.limits);
    return await new Simulation(seed, plan, { file: join(dir, 'journal.db'), way }).story();
  } finally {
    Object.assign(limits, before);
    rmSync(dir, { recursive: true, force: true });
  }
}

class Simulation {
  readonly #seed: number;
  readonly #plan: Plan;
  readonly #file: string;
  readonly #way: Way;
  readonly #random: SeededRandom;
  readonly #ledger = new Ledger();
  readonly #nodes: SimNodes;
  readonly #types: readonly NodeDefinition[];
  readonly #people: People;
  readonly #acknowledged = new Set<string>();
  readonly #base: Flow;
  readonly #revisions = new Map<number, Flow>();
  readonly #store: Store;
  #flow: Flow;
  /** A node that the flow does without now. */
  #without: string | undefined;
  #revision = 0;
  #lives = 0;
  #crashes = 0;
  #world!: World;
  #port!: FaultyPort;
  #host!: DriverHost;
  #faults!: Faults;

  constructor(seed: number, plan: Plan, { file, way }: { readonly file: string; readonly way: Way }) {
    this.#seed = seed;
    this.#plan = plan;
    this.#file = file;
    this.#way = way;
    this.#random = new SeededRandom(seed ^ 0x5bd1e995);
    this.#store = watched(openMemoryStore(), this.#ledger);
    this.#nodes = new SimNodes(this.#random, this.#ledger);
    // In every third story runs end on the revision on which they began: to those who look from outside it makes no difference.
    this.#base = this.#flow = { ...makeFlow(this.#random, plan.wholes), ...(seed % 3 === 1 && { runs: 'pinned' }) };
    this.#types = [...this.#nodes.definitions, simJoin(this.#ledger, () => this.#nodes.life), catchNode];
    this.#people = new People({ random: this.#random, ledger: this.#ledger, flow: this.#base.id, host: () => this.#host, unended: () => this.#unended(), toStart: !plan.wholes, takers: Object.keys(this.#base.nodes).filter((id) => !/source|catch/.test(id)) });
    this.#ledger.repeats.keepsNames = !plan.rewires && plan.actions.every(({ kind }) => kind !== 'take away');
    this.#ledger.durable = this.#base.delivery === 'durable';
    this.#ledger.now = () => this.#world?.clock.now() - TEST_START;
  }

  async story(): Promise<Outcome> {
    this.#describe();
    await this.#begin(TEST_START);
    for (const action of this.#plan.actions) {
      await this.#until(TEST_START + action.at);
      await this.#perform(action);
    }
    await this.#recovery();
    const exact = this.#ledger.durable || this.#crashes === 0;
    judge({ flow: this.#base, nodes: this.#types, ledger: this.#ledger, acknowledged: this.#acknowledged, exact });
    let onDisk = -1;
    await this.#during(this.#world.pending().then((pending) => { onDisk = pending; }));
    if (onDisk !== this.#ledger.rows.size) this.#ledger.violated(`the disk holds ${onDisk} pending messages, ${this.#ledger.rows.size} were expected`);
    this.#world.kill();
    const { violations, trace, accepted } = this.#ledger;
    return { seed: this.#seed, violations, trace, runs: accepted.size, lives: this.#lives };
  }

  #describe(): void {
    for (const [id, node] of Object.entries(this.#base.nodes)) this.#ledger.trace.push(`node ${id}: ${JSON.stringify(node)}`);
    for (const wire of this.#base.wires) this.#ledger.trace.push(`wire ${JSON.stringify(wire)}`);
    this.#ledger.trace.push(`delivery ${this.#base.delivery}, limits ${JSON.stringify(this.#plan.limits)}`);
  }

  /** A life of the process, until its flow runs; as many as it takes. */
  async #begin(at: number): Promise<void> {
    for (let now = at; ; now = this.#world.clock.now() + 1000) {
      // What the dead process still had in hand comes to nothing, and must not be taken for the work of the next.
      for (let turn = 0; turn < IDLE_TURNS; turn++) await settled();
      this.#lives++;
      this.#faults = { dieAt: Infinity, dieHow: 'before', trouble: false, slow: this.#plan.slowDisk, ...this.#plan.lives[this.#lives - 1] };
      this.#world = new World({
        file: this.#file, nodes: this.#types, connections: [this.#nodes.connection], project: { link: { type: 'sim-link', config: {} } as never },
        clock: new VirtualTime(now), seed: this.#seed * 1000 + this.#lives, store: this.#store,
        port: (database, world) => {
          this.#ledger.holds.onDisk = () => database.keyHolds(this.#base.id);
          return (this.#port = new FaultyPort({ database, world, random: this.#random, faults: this.#faults, ledger: this.#ledger, way: this.#way }));
        },
        ended: (run) => this.#ledger.runEnded(run), dying: () => this.#died(),
      });
      this.#nodes.life = this.#world;
      this.#host = this.#hostIn(this.#world);
      this.#ledger.note(`life ${this.#lives} begins`);
      await this.#during(this.#host.open());
      await this.#deploy(this.#flow);
      if (!this.#world.dead) return;
    }
  }

  /** History goes to the store when somebody asks for it, and not every now and then: that would be most of what happens. */
  #hostIn({ services }: World): DriverHost {
    const pump = new HistoryPump({ journal: services.journal, clock: services.clock, store: this.#store, failed: services.bug as (error: unknown) => void });
    pump.start = () => undefined;
    return new DriverHost({ ...services, history: { ...services.history, flush: () => pump.flush() } }, pump);
  }

  #died(): void {
    this.#crashes++;
    this.#port.settleDoubt();
    this.#ledger.processEnded();
    this.#ledger.note('the process ends');
  }

  async #deploy(flow: Flow): Promise<void> {
    this.#flow = flow;
    for (let tries = 0; tries < 50 && !this.#world.dead; tries++) {
      this.#ledger.note(`deploy ${this.#revision + 1}`);
      this.#revisions.set(++this.#revision, flow);
      if (await this.#during(this.#host.deploy(flow, this.#revision, async (number) => await Promise.resolve(this.#revisions.get(number))))) return;
      await this.#pass(1000);
    }
  }

  /** Lets time pass until the work is done; false when it failed or the process ended before. */
  async #during(work: Promise<unknown>): Promise<boolean> {
    let state: 'running' | 'done' | 'failed' = 'running';
    work.then(() => { state = 'done'; }, () => { state = 'failed'; });
    const isRunning = (): boolean => state === 'running';
    for (let i = 0; i < 5000 && isRunning() && !this.#world.dead; i++) {
      await settled();
      if (isRunning()) this.#world.clock.step(this.#world.clock.now() + 50);
    }
    if (isRunning() && !this.#world.dead) this.#ledger.violated('a deploy, start or stop never ends');
    return !isRunning() && !this.#world.dead && state !== ('failed' as string);
  }

  async #pass(ms: number): Promise<void> {
    const end = this.#world.clock.now() + ms;
    // What was waited for may begin the next thing to wait for only some turns later.
    for (let idle = 0; !this.#world.dead && idle < IDLE_TURNS; idle = this.#world.clock.step(end) ? 0 : idle + 1) await settled();
  }

  /** Time goes on; a process that ends on the way is started again a while later. */
  async #until(at: number): Promise<void> {
    for (;;) {
      await this.#pass(Math.max(0, at - this.#world.clock.now()));
      if (!this.#world.dead) return;
      await this.#begin(this.#world.clock.now() + Math.round(this.#random.next() ** 3 * 120_000));
    }
  }

  async #perform(action: Action): Promise<void> {
    const { kind } = action;
    if (kind !== 'feed') this.#ledger.note(kind);
    switch (kind) {
      case 'feed': this.#feed(action); break;
      case 'crash': this.#world.kill(); break;
      case 'link down': this.#nodes.linkDown = true; break;
      case 'link up': this.#nodes.linkDown = false; break;
      case 'disk trouble': this.#faults.trouble = true; break;
      case 'disk well': this.#faults.trouble = false; break;
      case 'deploy': await this.#deploy(this.#changed()); break;
      case 'take away': await this.#takeAway(); break;
      case 'put back': await this.#putBack(); break;
      case 'stop': await this.#during(this.#host.stop(this.#flow.id)); break;
      case 'start': await this.#deploy(this.#flow); break;
      case 'restart': await this.#restart(); break;
      case 'person': await this.#during(this.#people.lookAfter()); break;
      case 'replay': await this.#during(this.#people.replay()); break;
      case 'cancel': await this.#during(this.#people.cancel()); break;
    }
    await settled();
  }

  #changed(): Flow { return changeFlow(this.#without === undefined ? this.#base : withoutNode(this.#base, this.#without), this.#random, this.#plan.rewires); }

  /** A deploy without a node, where messages wait if there is one; they are parked for a person. */
  async #takeAway(): Promise<void> {
    if (this.#without !== undefined) return;
    const nodes = removable(this.#base);
    const busy = nodes.filter((node) => [...this.#ledger.rows.values(), ...this.#ledger.kept.values()].some((row) => row.node === node));
    const from = busy.length > 0 ? busy : nodes;
    const node = from[Math.floor(this.#random.next() * from.length)];
    if (node === undefined) return;
    this.#without = node;
    this.#ledger.note(`take away ${node}`);
    this.#ledger.spansWithout.push({ node, from: this.#ledger.now(), to: Infinity });
    await this.#deploy(this.#changed());
  }

  async #putBack(): Promise<void> {
    this.#without = undefined;
    await this.#deploy(this.#changed());
    for (const span of this.#ledger.spansWithout) span.to = Math.min(span.to, this.#ledger.now());
  }

  async #restart(): Promise<void> {
    if (!await this.#during(this.#host.shutdown())) return;
    this.#world.ended();
    this.#ledger.processEnded();
    await this.#begin(this.#world.clock.now() + 2000);
  }

  #feed({ feeds }: Action & { kind: 'feed' }): void {
    const sources = [...this.#nodes.deliver.keys()];
    for (const feed of feeds) {
      const node = sources[feed.feed % sources.length] as string;
      const { key, keyed, event, ask } = feed;
      const body = { path: String(feed.feed), k: key, k2: feed.key2, ordered: keyed };
      const asked = ask === undefined ? undefined : { scope: node, key: `a${ask}`, bodyHash: 'same' };
      const waits = asked !== undefined || feed.feed % 2 === 0;
      const options = { ...(keyed && { key }), ...(event !== undefined && { eventId: `${node}-${event}` }), ...(waits && { reply: { timeoutMs: 20_000, ...(asked && { idempotency: asked }) } }) };
      this.#hear(feed.feed, this.#nodes.deliver.get(node)?.(body, options), asked && `${node} ${asked.key}`);
    }
  }

  /** What the sender is told, as long as the process that tells it lives. */
  #hear(feed: number, accepted: Promise<Receipt> | undefined, asked: string | undefined): void {
    const world = this.#world;
    accepted?.then(async ({ runId, duplicate, reply }) => {
      if (world.dead) return;
      this.#ledger.note(`acknowledged ${feed} as ${runId}${duplicate ? ', known' : ''}`);
      this.#acknowledged.add(runId);
      const outcome = await reply;
      if (!world.dead && asked !== undefined && outcome?.kind === 'answered') this.#ledger.answered(asked, String(outcome.answer.body));
    }, (error: unknown) => { if (!world.dead) this.#ledger.note(`refused ${feed}: ${String(error)}`); });
  }

  /** Every fault is over and the flow runs: whatever was accepted has to end now. */
  async #recovery(): Promise<void> {
    this.#ledger.note('all faults are over');
    this.#plan.lives.length = 0;
    this.#faults.dieAt = Infinity;
    this.#faults.trouble = false;
    this.#faults.slow = false;
    this.#nodes.healthy = true;
    this.#nodes.linkDown = false;
    await this.#until(this.#world.clock.now() + 1000);
    await this.#deploy(this.#base);
    for (let waited = 0; waited < 600 && this.#unfinished(); waited++) {
      await this.#during(this.#people.freeAllKeys());
      await this.#until(this.#world.clock.now() + HOUR / 60);
      await this.#world.calm(); // very many messages take very many turns, and no time
    }
    await this.#world.calm();
    // That the disk refused a read is told to the operator, and nothing worse.
    for (const bug of this.#world.bugs) if (!(bug instanceof JournalError)) this.#ledger.violated(`a bug was reported: ${bug instanceof Error ? bug.stack : String(bug)}`);
  }

  #unfinished(): boolean {
    const { rows, kept, durable } = this.#ledger;
    return rows.size > 0 || kept.size > 0 || (!durable && this.#unended().length > 0);
  }
  #unended(): string[] { return [...this.#acknowledged].filter((run) => !this.#ledger.ended.has(run)); }
}

function watched(store: Store, { repeats }: Ledger): Store {
  return { ...store, addSteps: async (steps, stepsOfRun) => {
    await store.addSteps(steps, stepsOfRun);
    repeats.stored(steps);
  } };
}
