import { defineConnection, defineNode, defineSource, drop, field, holdUntil, many, NodeFailure, toPorts, type Body, type DeliverOptions, type NodeDefinition, type Receipt } from '../../runtime/sdk/index.ts';
import { shortHash } from '../../runtime/hash.ts';
import type { SeededRandom, VirtualTime } from '../kit/virtual-time.ts';
import { pathOf, type CallStart, type Ledger } from './ledger.ts';

/** One life of the process, as nodes see it. */
export interface Life { readonly clock: VirtualTime; readonly dead: boolean }

/** The same number in [0, 1) for the same text: what a node decides about a message never changes between two runs of it. */
export function dice(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return ((h ^ (h >>> 13)) >>> 0) / 4_294_967_296;
}

/** What nodes of these types do with a message, for themselves and for the oracle. */
export const decides = {
  fails: (node: string, path: string): boolean => dice(`${node}|${path}|fails`) < 0.15,
  drops: (node: string, path: string): boolean => dice(`${node}|${path}|drops`) < 0.2,
  port: (node: string, path: string): 'a' | 'b' => (dice(`${node}|${path}|port`) < 0.5 ? 'a' : 'b'),
  poison: (node: string, path: string): boolean => dice(`${node}|${path}|poison`) < 0.04,
  again: (node: string, path: string, rounds: number): boolean => path.split(`/${node}`).length - 1 < rounds,
  /** Nothing for some: a message that need not wait still comes after those of its key that do. */
  holdMs: (node: string, path: string): number => (dice(`${node}|${path}|holds`) < 0.3 ? 0 : 1 + Math.round(dice(`${node}|${path}|hold`) ** 3 * 150_000)),
};
export const stepOf = (path: string, node: string, ordinal?: number): string => `${path}/${node}${ordinal === undefined ? '' : `.${ordinal}`}`;
/** What leaves a window has a way of its own; only the loops of its last message are still counted. */
export const gatheredPath = (node: string, parts: readonly string[]): string => `0${(parts.at(-1)?.match(/\/loop\d+/g) ?? []).join('')}/${node}[${shortHash(parts.join('\n'))}]`;

export const BOTH = (text: string) => ({ en: text, ru: text });
export const COMMON = { version: 1, title: BOTH('Simulated'), category: 'logic', icon: 'box', summary: BOTH('For the simulation.'), help: BOTH('For the simulation.'), examples: [] } as const;
const OUT = { fixed: { out: { title: BOTH('Out') } } } as const;
const never = new Promise<never>(() => undefined);
const MARK = { mark: field.integer(BOTH('Changes with a deploy'), { default: 0 }) };

const onward = (message: Body, node: string, ordinal?: number): Body => {
  const { error: _error, ...body } = message;
  return { ...body, path: stepOf(pathOf(message), node, ordinal) };
};

/** Node types that write down what they did, and whose other side fails, hangs and loses answers. */
export class SimNodes {
  readonly deliver = new Map<string, (body: Body, options?: DeliverOptions) => Promise<Receipt>>();
  /** The other side is as it should be. */
  healthy = false;
  linkDown = false;
  life: Life = { clock: undefined as never, dead: true };
  readonly #random: SeededRandom;
  readonly #ledger: Ledger;
  readonly definitions: readonly NodeDefinition[];
  readonly connection = defineConnection({
    type: 'sim-link', title: BOTH('Link'), icon: 'link', summary: BOTH('For the simulation.'), help: BOTH('For the simulation.'), config: {},
    open: async () => { if (this.linkDown) throw unavailable(); return {}; },
    test: async () => { if (this.linkDown) throw unavailable(); return BOTH('up'); },
    close: async () => undefined,
  });

  constructor(random: SeededRandom, ledger: Ledger) {
    this.#random = random;
    this.#ledger = ledger;
    this.definitions = [this.#source(), this.#thru(), this.#pass(), this.#batch(), this.#fan(), this.#route(), this.#hold(), this.#loop(), this.#gather(), this.#split(), this.#sink(), this.#call('idempotent'), this.#call('external')];
  }

  #source(): NodeDefinition {
    return defineSource({ ...COMMON, type: 'sim-source', category: 'source', config: { ...MARK }, outputs: OUT, start: (context) => {
      this.deliver.set(context.node.id, (body, options) => context.deliver(body, options));
    } });
  }
  /** Leaves no trace: what a deploy may put in or take out without changing what is to be expected. */
  #thru(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-thru', replay: 'pure', config: {}, outputs: OUT, run: (message) => message });
  }
  #pass(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-pass', replay: 'pure', config: { ...MARK, fails: field.boolean(BOTH('Fails'), { default: false }), slow: field.boolean(BOTH('Slow'), { default: false }) }, outputs: OUT, run: (message, { node, config }) => {
      if (config.fails && decides.fails(node.id, pathOf(message))) throw new NodeFailure('sim.failed', BOTH('failed'));
      return config.slow ? this.#wait(this.#random.next() * 40).then(() => onward(message, node.id)) : onward(message, node.id);
    } });
  }
  #batch(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-batch', replay: 'pure', config: { ...MARK }, outputs: OUT, batch: async (messages, contexts) => {
      await this.#wait(this.#random.next() * 10);
      return messages.map((message, i) => onward(message, contexts[i]?.node.id ?? ''));
    } });
  }
  #fan(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-fan', replay: 'pure', config: { times: field.integer(BOTH('Times'), { default: 2 }), streams: field.boolean(BOTH('One after another'), { default: false }) }, outputs: OUT, run: (message, { node, config }) => {
      const { times } = config;
      if (!config.streams) return Array.from({ length: times }, (_, i) => onward(message, node.id, i));
      return many(function* all(from) { for (let i = from; i < times; i++) yield onward(message, node.id, i); });
    } });
  }
  #split(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-split', replay: 'pure', splits: true, config: { times: field.integer(BOTH('Times'), { default: 2 }) }, outputs: OUT, run: (message, { node, envelope, config }) => {
      const { parts } = message;
      return Array.from({ length: config.times }, (_, index) => ({ ...onward(message, node.id, index), parts: { id: envelope.id, index, count: config.times, type: 'list', ...(parts !== undefined && { outer: parts }) } }));
    } });
  }
  #route(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-route', replay: 'pure', config: { ...MARK }, outputs: { fixed: { a: { title: BOTH('A') }, b: { title: BOTH('B') } } }, run: (message, { node }) => {
      const path = pathOf(message);
      return decides.drops(node.id, path) ? drop('rule') : toPorts({ [decides.port(node.id, path)]: onward(message, node.id) });
    } });
  }
  #hold(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-hold', replay: 'pure', config: { ...MARK }, outputs: OUT, 
      run: (message, { node, clock, resumed }) => (resumed || decides.holdMs(node.id, pathOf(message)) === 0 ? onward(message, node.id) : holdUntil(clock.now() + decides.holdMs(node.id, pathOf(message)))) });
  }
  #loop(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-loop', replay: 'pure', config: { rounds: field.integer(BOTH('Rounds'), { default: 1 }) }, outputs: { fixed: { out: { title: BOTH('Out') }, again: { title: BOTH('Again') } } },
      run: (message, { node, config }) => toPorts({ [decides.again(node.id, pathOf(message), config.rounds) ? 'again' : 'out']: onward(message, node.id) }) });
  }
  #gather(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-gather', replay: 'pure', config: { id: field.text(BOTH('Own name'), { default: '' }), size: field.integer(BOTH('Size'), { default: 2 }), waitMs: field.integer(BOTH('Wait'), { default: 60_000 }) }, outputs: OUT, collect: {
      key: (message) => String(message.k),
      arrive: (message, state, { config, clock, envelope }) => {
        const count = Number(state ?? 0) + 1;
        return { state: count, keep: { ...message, of: envelope.runId }, close: count >= config.size, ...(count === 1 && { closeAt: clock.now() + config.waitMs }) };
      },
      close: ({ kept }, config) => {
        const parts = kept.map((body) => `${String(body.of)}|${pathOf(body)}`);
        const path = gatheredPath(config.id, parts);
        if (!this.life.dead) this.#ledger.gathered.push({ node: config.id, carrier: parts.at(-1) ?? '', parts: new Set(parts), path });
        return { ...kept[0], error: undefined, ordered: false, path };
      },
    } });
  }
  #sink(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'sim-sink', replay: 'pure', config: { answers: field.boolean(BOTH('Answers'), { default: false }) }, outputs: { fixed: {} }, run: (message, { node, envelope, config, reply }) => {
      if (config.answers) reply({ status: 200, headers: {}, body: pathOf(message) });
      if (!this.life.dead) this.#ledger.arrivedAt({ run: envelope.runId, node: node.id, path: pathOf(message) }, message);
      return undefined;
    } });
  }
  #call(replay: 'idempotent' | 'external'): NodeDefinition {
    return defineNode({ ...COMMON, type: `sim-${replay}`, replay, config: { ...MARK, link: field.connection(BOTH('Link'), 'sim-link') }, outputs: OUT, run: async (message, context) => {
      if (this.life.dead) return await never;
      const { life } = this;
      const { envelope, node, signal, idempotencyKey } = context;
      const path = pathOf(message);
      const link = context.config.link as string | undefined;
      const call: CallStart = { run: envelope.runId, node: node.id, path, key: envelope.key, idempotencyKey, attempt: envelope.attempt, body: message, id: envelope.id, signal };
      this.#ledger.callStarted(call);
      try {
        if (link) await context.connection(link);
        await this.#otherSide(call, { external: replay === 'external', link: link !== undefined, life });
        return onward(message, node.id);
      } finally {
        if (!life.dead) this.#ledger.callEnded(call);
      }
    } });
  }

  /** Does the work, or fails, in one of the ways in which other systems do. */
  async #otherSide(call: CallStart, { external, link, life }: { readonly external: boolean; readonly link: boolean; readonly life: Life }): Promise<void> {
    const fate = this.healthy ? 0 : this.#random.next();
    await this.#wait(this.#random.next() ** 4 * 4000);
    if (life.dead) return await never;
    if (link && this.linkDown) throw unavailable();
    if (fate > 0.97 && link) throw new NodeFailure('sim.busy', BOTH('busy'), { scope: 'connection', retry: { afterMs: 2000 } });
    if (decides.poison(call.node, call.path)) throw this.#own(call, new NodeFailure('sim.poison', BOTH('poison')));
    if (fate > 0.85) throw this.#own(call, new NodeFailure('sim.flaky', BOTH('flaky'), { retry: 'backoff' }));
    const hangs = fate > 0.82;
    const loses = fate > 0.75;
    if (!hangs || fate > 0.835) this.#ledger.effect(call, external);
    if (hangs) {
      this.#own(call, undefined);
      return await never;
    }
    if (loses) throw this.#own(call, new NodeFailure('sim.cut', BOTH('the answer is lost'), { retry: 'backoff', outcomeUnknown: true }));
    await this.#wait(this.#random.next() ** 4 * 500);
    if (life.dead) return await never;
  }

  #own<T>(call: CallStart, failure: T): T {
    this.#ledger.failedByItself(call);
    return failure;
  }

  async #wait(ms: number): Promise<void> {
    if (ms < 1) return;
    await new Promise<void>((resolve) => { this.life.clock.after(Math.round(ms), resolve); });
  }
}

const unavailable = (): NodeFailure => new NodeFailure('sim.unavailable', BOTH('the other side is down'), { scope: 'connection' });
