import { compileConfig, type CompiledConfig } from '../../runtime/expression/resolve.ts';
import { replayOf } from '../../runtime/flow/evaluate-rule.ts';
import { Draft } from '../../runtime/driver/state-draft.ts';
import { Shelf } from '../../runtime/driver/states.ts';
import type { FieldInfo } from '../../runtime/flow/node-info.ts';
import { dueOf, isDrop, isHold, isMany, isToPorts, portsOf, ruleOf, NodeFailure } from '../../runtime/sdk/index.ts';
import type { Body, Collector, Envelope, EnvelopeFields, Fetch, HandlerResult, HttpAnswer, Json, Many, NodeContext, NodeDefinition, NodeLinks, NodePlace, SandboxDoor, Text } from '../../runtime/sdk/index.ts';
import { SeededRandom, VirtualTime } from './virtual-time.ts';

/** Calls a node as the engine would, without an engine: everything that it does through its context is recorded. */

export interface Seen {
  readonly debug: { readonly value: unknown; readonly label: string }[];
  readonly status: { readonly kind: string; readonly text: Text }[];
  readonly logs: { readonly level: string; readonly text: string }[];
  readonly replies: HttpAnswer[];
  /** What was returned to who called by a link. */
  readonly returned: Body[];
  /** Keys of each lock that was taken. */
  readonly locks: (readonly string[])[];
  /** Rules by which messages were dropped. */
  readonly drops: string[];
  readonly holds: number[];
}
export const nothingSeen = (): Seen => ({ debug: [], status: [], logs: [], replies: [], returned: [], locks: [], drops: [], holds: [] });

export interface KitOptions {
  readonly config?: { readonly [field: string]: unknown };
  readonly env?: { readonly [name: string]: Json };
  readonly secrets?: { readonly [name: string]: string };
  readonly clock?: VirtualTime;
  readonly seed?: number;
  readonly fetch?: Fetch;
  readonly links?: Pick<NodeLinks, 'send' | 'call'>;
  readonly connection?: (name: string) => Promise<unknown>;
  readonly sandbox?: SandboxDoor;
  readonly signal?: AbortSignal;
  /** False: nobody waits for an answer. */
  readonly waits?: boolean;
  /** The id of each message given, first to last; made up when absent. */
  readonly ids?: readonly string[];
}
export interface Trial {
  readonly emits: { readonly [port: string]: readonly Body[] };
  readonly failures: readonly NodeFailure[];
  readonly seen: Seen;
}

/** Gives each body to the node in order, wakes what it holds at its due time, closes what it collects, and answers all that left. */
export async function tryNode(definition: NodeDefinition, given: readonly Body[], options: KitOptions = {}): Promise<Trial> {
  const kit = await openNode(definition, options);
  try {
    for (const body of given) await kit.send(body);
    await kit.finish();
    return kit.trial();
  } finally {
    await kit.close();
  }
}

/** A node made ready; `send` may be called from several places at once. */
export async function openNode(definition: NodeDefinition, options: KitOptions = {}): Promise<OpenNode> {
  const seen = nothingSeen();
  const clock = options.clock ?? new VirtualTime();
  const place = placeOf(definition, seen, clock);
  const config = await compiled(definition.info.config, options);
  const prepared = definition.prepare && await definition.prepare(config.atDeploy as never, { ...place, sandbox: options.sandbox ?? noSandbox, env: options.env ?? {} });
  return new OpenNode({ definition, options, seen, clock, place, config, prepared });
}

interface Parts {
  readonly definition: NodeDefinition; readonly options: KitOptions; readonly seen: Seen; readonly clock: VirtualTime;
  readonly place: NodePlace; readonly config: CompiledConfig; readonly prepared: unknown;
}

export class OpenNode {
  readonly #p: Parts;
  readonly #emits: Record<string, Body[]> = {};
  readonly #failures: NodeFailure[] = [];
  readonly #held: { readonly body: Body; readonly due: number; readonly id: string }[] = [];
  readonly #windows = new Map<string, { state: Json; readonly kept: Body[]; closeAt: number | null }>();
  readonly #random: SeededRandom;
  #sent = 0;

  constructor(parts: Parts) {
    this.#p = parts;
    this.#random = new SeededRandom(parts.options.seed);
  }

  get clock(): VirtualTime { return this.#p.clock; }

  /** Calls the node with one message; a failure is recorded, anything else thrown is a bug of the node. */
  async send(body: Body): Promise<void> {
    const id = this.#p.options.ids?.[this.#sent] ?? `message-${this.#sent + 1}`;
    this.#sent++;
    await this.#call(deepFreeze(body), { id, resumed: false });
  }

  /** Lets held messages and open windows come due, earliest first. */
  async finish(): Promise<void> {
    for (;;) {
      const held = this.#held.sort((a, b) => a.due - b.due)[0];
      const window = [...this.#windows].filter(([, each]) => each.closeAt !== null).sort(([, a], [, b]) => (a.closeAt as number) - (b.closeAt as number))[0];
      if (!held && !window) return;
      const due = Math.min(held?.due ?? Infinity, window?.[1].closeAt ?? Infinity);
      await this.#p.clock.advance(Math.max(0, due - this.#p.clock.now()));
      if (held && held.due === due) {
        this.#held.shift();
        await this.#call(held.body, { id: held.id, resumed: true });
      } else if (window) await this.#closeWindow(window[0], 'timeout');
    }
  }

  trial(): Trial { return { emits: this.#emits, failures: this.#failures, seen: this.#p.seen }; }

  async close(): Promise<void> {
    if (this.#p.prepared !== undefined) await this.#p.definition.dispose?.(this.#p.prepared as never);
  }

  async #call(body: Body, call: { readonly id: string; readonly resumed: boolean }): Promise<void> {
    try {
      const place = contextOf(this.#p, { ...call, random: this.#random });
      const context = { ...place, config: await this.#p.config.value(body, place) };
      const answer = await this.#answer(body, context);
      this.#take(isMany(answer) ? await Array.fromAsync(answer.from(0)) : answer, body, call.id);
    } catch (error) {
      if (!(error instanceof NodeFailure)) throw error;
      this.#failures.push(error);
    }
  }

  async #answer(body: Body, context: NodeContext): Promise<HandlerResult> {
    const { definition } = this.#p;
    if (definition.run) return await definition.run(body, context as never);
    if (definition.collect) return this.#collect(definition.collect as Collector<unknown>, body, context);
    if (!definition.batch) return body;
    const [result] = await definition.batch([body], [context as never]);
    if (result instanceof Error) throw result;
    return result;
  }

  #collect(collector: Collector<unknown>, body: Body, context: NodeContext): HandlerResult {
    const key = collector.key(body, context);
    const open = this.#windows.get(key);
    const step = collector.arrive(body, open?.state, context);
    const window = open ?? { state: step.state, kept: [], closeAt: null };
    window.state = step.state;
    if (step.keep) window.kept.push(step.keep);
    if (step.keepOnly) window.kept.splice(0, Infinity, step.keepOnly);
    if (step.closeAt !== undefined) window.closeAt = step.closeAt;
    this.#windows.set(key, window);
    if (!step.close) return step.pass ?? step.send;
    this.#windows.delete(key);
    return collector.close({ key, state: window.state, kept: window.kept, reason: 'complete' }, context.config);
  }

  async #closeWindow(key: string, reason: 'timeout'): Promise<void> {
    const window = this.#windows.get(key);
    this.#windows.delete(key);
    if (window) this.#take((this.#p.definition.collect as Collector<unknown>).close({ key, state: window.state, kept: window.kept, reason }, this.#p.config.atDeploy), {}, key);
  }

  #take(result: Exclude<HandlerResult, Many>, body: Body, id: string): void {
    const { seen, definition } = this.#p;
    if (result === undefined) return;
    if (isHold(result)) { this.#held.push({ body, due: dueOf(result), id }); seen.holds.push(dueOf(result)); return; }
    if (isDrop(result)) { seen.drops.push(explained(ruleOf(result), definition)); return; }
    const first = Object.keys(definition.info.outputs.fixed)[0] ?? `${definition.info.outputs.dynamic?.prefix ?? 'out'}-1`;
    const ports = isToPorts(result) ? portsOf(result) : { [first]: result as Body | readonly Body[] };
    for (const [port, bodies] of Object.entries(ports)) {
      if (bodies !== undefined) (this.#emits[port] ??= []).push(...(Array.isArray(bodies) ? bodies as readonly Body[] : [bodies as Body]));
    }
  }
}

/** A person reads why a message ended at a node, in either language. */
function explained(rule: string, { info }: NodeDefinition): string {
  if (!Object.hasOwn(info.drops ?? {}, rule)) throw new Error(`${info.type} drops by ${rule}, and its drops do not explain that`);
  return rule;
}

/** What a call sees of the world. A pure node cannot reach outside, as in the engine; answering the run's own caller is none of that. */
function contextOf(p: Parts, call: { readonly id: string; readonly resumed: boolean; readonly random: SeededRandom }): NodeContext {
  const { seen, clock, options } = p;
  const pure = replayOf(p.definition.info.replay, options.config ?? {}, p.definition.info.config) === 'pure';
  return {
    ...p.place,
    config: undefined, prepared: p.prepared as undefined, resumed: call.resumed,
    envelope: envelopeOf({ id: call.id, runId: `run-of-${call.id}`, parentIds: [], correlationId: `run-of-${call.id}`, attempt: 1, receivedAt: clock.now(), deadline: clock.now() + 30_000 }),
    idempotencyKey: `${call.id}:${p.place.node.id}`,
    signal: options.signal ?? new AbortController().signal,
    random: { next: () => call.random.next(), id: () => call.random.id() },
    token: `token-of-${call.id}`,
    fetch: pure ? forbidden('fetch') : options.fetch ?? missing('fetch'),
    links: linksOf(pure, p),
    connection: pure ? forbidden('connection') : (options.connection ?? missing('connection')) as NodeContext['connection'],
    lock: async (keys, work) => { seen.locks.push(keys); return await work(); },
    state: new Draft({ node: p.place.node.id, widest: 'global' }, { own: new Shelf('flow'), global: new Shelf('') }),
    debug: (value, label = '') => { seen.debug.push({ value, label }); },
    reply: (answer) => { seen.replies.push(answer); return options.waits ?? true; },
  };
}

/** None of its fields is its own, as in the engine: a node that spreads it gets nothing here either. */
const envelopeOf = (fields: EnvelopeFields): Envelope => Object.create(fields, { toJSON: { value: () => ({ ...fields }) } }) as Envelope;

function linksOf(pure: boolean, { options, seen }: Parts): NodeLinks {
  const { send, call } = pure ? { send: forbidden('links'), call: forbidden('links') } : options.links ?? { send: missing('links'), call: missing('links') };
  return { send, call, answer: (message) => { seen.returned.push(message); return options.waits ?? true; } };
}

export function placeOf(definition: NodeDefinition, seen: Seen, clock: VirtualTime): NodePlace {
  const log = (level: string) => (text: string): void => { seen.logs.push({ level, text }); };
  return {
    node: { id: 'node', type: definition.info.type, name: definition.info.title.en },
    flow: { id: 'flow', name: 'Flow', revision: 1 },
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    status: (kind, text) => { seen.status.push({ kind, text }); },
    clock: { now: () => clock.now() },
  };
}

/** A config as the runtime makes it ready: defaults, units, expressions, env and secrets. */
export async function compiled(fields: { readonly [name: string]: FieldInfo }, options: Pick<KitOptions, 'config' | 'env' | 'secrets'>): Promise<CompiledConfig> {
  return await compileConfig(fields, (options.config ?? {}) as never, { env: (name) => options.env?.[name], secret: (name) => options.secrets?.[name] });
}

/** Freezes a value through and through, so that a node which changes its message fails its test. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  for (const each of Object.values(value)) deepFreeze(each);
  return Object.freeze(value);
}

const missing = (power: string) => (): never => { throw new Error(`this test gives the node no ${power}`); };
const forbidden = (power: string) => (): never => { throw new Error(`a pure node used ${power}: it has no effect outside, or its replay is declared wrong`); };
const noSandbox: SandboxDoor = { open: missing('sandbox'), fuse: () => undefined };
