import { DeadLetters } from '../../runtime/driver/dead-letters.ts';
import type { FlowRunner } from '../../runtime/driver/flow-runner.ts';
import { Replays } from '../../runtime/driver/replays.ts';
import type { Flow } from '../../runtime/flow/flow.ts';
import type { DeployOutcome } from '../../runtime/host.ts';
import type { NodeDefinition } from '../../runtime/sdk/define-node.ts';
import { flowOf } from './flow-of.ts';
import { TestNodes } from './test-nodes.ts';
import { VirtualTime } from './virtual-time.ts';
import { journalFile, World, type WorldOptions } from './world.ts';

/** A pinned flow over its revisions and the lives of the runtime. */
export class PinnedStory {
  readonly nodes = new TestNodes();
  readonly bugs: unknown[] = [];
  /** Their documents, which can be read as long as they are here. */
  readonly revisions = new Map<number, Flow>();
  world: World;
  readonly #journal = journalFile();
  readonly #more: readonly NodeDefinition[];
  readonly #options: Partial<WorldOptions>;
  #newest = 0;

  constructor(more: readonly NodeDefinition[] = [], options: Partial<WorldOptions> = {}) {
    this.#more = more;
    this.#options = options;
    this.world = this.#open(new VirtualTime());
  }

  #open(clock: VirtualTime): World { return new World({ file: this.#journal.file, nodes: [...this.nodes.definitions, ...this.#more], clock, ...this.#options }); }

  get runner(): FlowRunner { return this.world.runner('flow'); }
  /** Whether earlier revisions are ready. */
  get keepsEarlier(): boolean { return this.runner.pinned.any; }

  /** As the next revision. */
  async deploy(drawing: Parameters<typeof flowOf>[0], changes: Partial<Flow> = {}): Promise<DeployOutcome> {
    this.revisions.set(++this.#newest, { ...flowOf(drawing), runs: 'pinned', ...changes });
    return await this.start();
  }
  /** The newest revision, once more. */
  async start(): Promise<DeployOutcome> {
    const outcome = await this.runner.deploy(this.revisions.get(this.#newest) as Flow, this.#newest, async (number) => await Promise.resolve(this.revisions.get(number)));
    await this.world.calm();
    return outcome;
  }
  /** The process ends at once, and another life begins. */
  async restart(): Promise<DeployOutcome> {
    this.#end();
    this.world = this.#open(new VirtualTime(this.world.clock.now()));
    return await this.start();
  }

  async feed(payload: unknown, key?: string): Promise<void> {
    await this.nodes.deliver.get('in')?.({ payload }, key === undefined ? {} : { key });
    await this.world.calm();
  }
  async pass(ms: number): Promise<void> {
    await this.world.pass(ms);
    await this.world.calm();
  }

  /** What arrived at sinks, as `sink:payload`. */
  get arrived(): string[] { return this.nodes.arrived.map(({ node, body }) => `${node}:${typeof body.payload === 'object' ? JSON.stringify(body.payload) : String(body.payload)}`); }
  get letters(): DeadLetters {
    return new DeadLetters(this.world.services, { runner: (flow) => this.world.runner(flow), counted: () => undefined }, new Replays(this.world.services, (flow) => this.world.runner(flow)));
  }
  async deadLetters(): Promise<readonly { readonly kind: string; readonly node: string; readonly body: unknown }[]> { return (await this.letters.list({ limit: 50 })).deadLetters; }

  #end(): void {
    this.bugs.push(...this.world.bugs);
    this.world.kill();
  }
  close(): void {
    this.#end();
    this.#journal.remove();
  }
}
