import { defineNode, defineSource, field, NodeFailure, toPorts, type Body, type NodeContext, type NodeDefinition, type Receipt, type DeliverOptions } from '../../runtime/sdk/index.ts';

/** Node types for tests of the engine, with everything they did written down across lives. */
export class TestNodes {
  /** How to feed the newest running source of each node id. */
  readonly deliver = new Map<string, (body: Body, options?: DeliverOptions) => Promise<Receipt>>();
  /** Calls of `call`, as `node:payload`. */
  readonly calls: string[] = [];
  /** Effects by idempotency key: what a receiver that takes the key would have done. */
  readonly effects = new Map<string, unknown>();
  /** What arrived at `sink`, by node. */
  readonly arrived: { readonly node: string; readonly body: Body; readonly id: string }[] = [];
  /** What `call` does besides counting; may throw or wait. */
  onCall: (body: Body, context: NodeContext) => unknown = () => undefined;

  readonly definitions: NodeDefinition[] = [this.#source(), this.#pass(), this.#call('test-call', 'idempotent'), this.#call('test-external', 'external'), this.#sink(), this.#fan(), this.#round(), this.#count(), this.#tally('test-tally', 'pure'), this.#tally('test-tally-call', 'idempotent')];

  #source(): NodeDefinition {
    return defineSource({ ...COMMON, type: 'test-source', category: 'source', config: {}, outputs: OUT, start: (context) => {
      this.deliver.set(context.node.id, (body, options) => context.deliver(body, options));
      context.onButton(() => void context.deliver({ payload: 'pressed' }));
    } });
  }
  #pass(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'test-pass', replay: 'pure', config: { fail: field.boolean(BOTH('Fail'), { default: false }) }, outputs: OUT, run: (message, { config }) => {
      if (config.fail) throw new NodeFailure('test.failed', BOTH('failed'));
      return { ...message, passed: true };
    } });
  }
  #call(type: string, replay: 'idempotent' | 'external'): NodeDefinition {
    return defineNode({ ...COMMON, type, replay, config: { db: field.connection(BOTH('Connection'), 'test') }, outputs: OUT, run: async (message, context) => {
      this.calls.push(`${context.node.id}:${String(message.payload)}`);
      const result = await this.onCall(message, context as NodeContext);
      this.effects.set(context.idempotencyKey, message.payload);
      return result === undefined ? message : result as Body;
    } });
  }
  #sink(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'test-sink', replay: 'pure', config: {}, outputs: { fixed: {} }, run: (message, context) => {
      this.arrived.push({ node: context.node.id, body: message, id: context.envelope.id });
      return undefined;
    } });
  }
  #fan(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'test-fan', replay: 'pure', config: { times: field.integer(BOTH('Times'), { default: 2 }) }, outputs: OUT,
      run: (message, { config }) => toPorts({ out: Array.from({ length: config.times }, (_, i) => ({ ...message, index: i })) }) });
  }
  /** Sends a message round `rounds` times. */
  #round(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'test-round', replay: 'pure', config: {}, outputs: { fixed: { out: { title: BOTH('Out') }, again: { title: BOTH('Again') } } },
      run: (message) => toPorts(Number(message.rounds) > 0 ? { again: { ...message, rounds: Number(message.rounds) - 1 } } : { out: message }) });
  }
  /** Counts its messages in the context, reading before it waits and writing after it; `onCall` may throw or wait between. */
  #tally(type: string, replay: 'pure' | 'idempotent'): NodeDefinition {
    return defineNode({ ...COMMON, type, replay, state: ({ scope }) => (scope === 'flow' || scope === 'global' ? scope : 'node'), config: { scope: field.text(BOTH('Scope'), { default: 'node' }) }, outputs: OUT, run: async (message, context) => {
      const view = context.state[context.config.scope as 'node'];
      const before = view.get<number>('count') ?? 0;
      await this.onCall(message, context as never);
      view.set('count', before + 1);
      return { ...message, count: before + 1 };
    } });
  }
  /** Gathers messages until there are `size`, or for a minute. */
  #count(): NodeDefinition {
    return defineNode({ ...COMMON, type: 'test-gather', replay: 'pure', config: { size: field.integer(BOTH('Size'), { default: 2 }) }, outputs: OUT, collect: {
      key: (message) => String(message.group ?? ''),
      arrive: (message, state, { config, clock }) => {
        const count = Number(state ?? 0) + 1;
        return { state: count, keep: message, close: count >= config.size, ...(count === 1 && { closeAt: clock.now() + 60_000 }) };
      },
      close: ({ kept, reason }) => ({ payload: kept.map((body) => body.payload), reason }),
    } });
  }
}

const BOTH = (text: string) => ({ en: text, ru: text });
const COMMON = { version: 1, title: BOTH('Test'), category: 'logic', icon: 'box', summary: BOTH('For tests.'), help: BOTH('For tests.'), examples: [] } as const;
const OUT = { fixed: { out: { title: BOTH('Out') } } } as const;
