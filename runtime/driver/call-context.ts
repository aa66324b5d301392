import type { FetchOptions, HttpAnswer, Log, NodeContext, NodeLinks, NodePlace, NodeState } from '../sdk/context.ts';
import type { Envelope, EnvelopeFields } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { Text } from '../flow/flow.ts';
import type { Work } from './message.ts';
import { answerOf } from './link-answer.ts';
import { hostResource, linkResource, wholeLink } from './resources.ts';
import type { LinkFrom, Services } from './services.ts';
import { noState, type Draft } from './state-draft.ts';
import type { Unit } from './unit.ts';

export interface ReplyDoor { reply(run: string, answer: HttpAnswer): boolean }
/** What every call of a flow shares. */
export interface Surroundings { readonly services: Services; readonly replies: ReplyDoor }


/** What a call is about. In a segment time stands still: run again after a crash, pure nodes must give the same. */
interface Subject { readonly id: string; readonly depth?: number; readonly segment?: { now(): number } }

const NEVER = new AbortController().signal;

/**
 * What one call sees of the world. Powers are getters, so that a call which uses none costs nothing; each is bound when it is
 * read, so that a node may take them apart (`{ fetch, signal }`).
 */
export class CallContext implements NodeContext<unknown, unknown> {
  /** The last connection or host that was asked for: whom a failure of scope connection is about. */
  resource: string | undefined;
  /** Set by the caller when it depends on the message. */
  config: unknown;
  signal: AbortSignal = NEVER;
  /** Set by the caller when the node's type declares that it uses state. */
  draft: Draft | undefined;
  #unit: Unit;
  readonly #msg: Subject;
  readonly #work: Work;

  constructor(unit: Unit, msg: Subject, work: Work) {
    this.config = unit.config?.atDeploy;
    this.#unit = unit;
    this.#msg = msg;
    this.#work = work;
  }

  /** For the next call of a message that goes on at once. */
  at(unit: Unit): this {
    this.config = unit.config?.atDeploy;
    this.#unit = unit;
    this.#token = undefined;
    return this;
  }

  /** Only where it waited: what comes of it in the same segment has waited nowhere else. */
  get resumed(): boolean { return this.#work.resumed && (this.#msg.depth ?? 0) === 0; }
  get prepared(): unknown { return this.#unit.prepared.value; }
  get node(): NodePlace['node'] { return this.#unit.place.node; }
  get flow(): NodePlace['flow'] { return this.#unit.place.flow; }
  get log(): Log { return this.#unit.place.log; }
  get status(): NodePlace['status'] { return this.#unit.place.status; }
  get clock(): { now(): number } { return this.#msg.segment ?? this.#unit.around.services.clock; }
  get idempotencyKey(): string { return `${this.#msg.id}:${this.#unit.id}`; }
  get random(): { next(): number; id(): string } {
    const { random, clock } = this.#unit.around.services;
    return { next: () => random.next(), id: () => random.id(clock.now()) };
  }
  get envelope(): Envelope { return new CallEnvelope(this.#unit, this.#msg, this.#work); }
  #token: string | undefined;
  get token(): string { return (this.#token ??= this.#unit.around.services.random.token()); }
  get fetch(): NodeContext['fetch'] {
    this.#notPure('fetch');
    return (url: string, options: FetchOptions = {}) => {
      this.resource = hostResource(url);
      return this.#unit.around.services.fetch(url, { signal: this.signal, ...options });
    };
  }
  get links(): NodeLinks {
    const { links } = this.#unit.around.services;
    return {
      send: (to, body) => links.send(this.#from(), this.#follow(to), body),
      call: (to, body, { nth = 1, ...options } = {}) => {
        const from = this.#from();
        return links.call({ ...from, ...options, key: `${from.key}:${nth}` }, this.#follow(to), body);
      },
      answer: (message) => this.reply(answerOf(message)),
    };
  }
  get connection(): NodeContext['connection'] {
    this.#notPure('connection');
    return <T>(name: string) => {
      this.resource = name;
      return this.#unit.around.services.connections.client(name) as Promise<T>;
    };
  }
  get lock(): NodeContext['lock'] {
    return (keys, work) => this.#unit.around.services.locks.with(keys.map((key) => `${this.#unit.place.flow.id}/${key}`), work);
  }
  get state(): NodeState {
    if (!this.draft) throw noState(this.#unit.id);
    return this.draft;
  }
  get debug(): NodeContext['debug'] {
    const { observers, clock } = this.#unit.around.services;
    return (value, label = '') => {
      if (observers.any) observers.emit({ kind: 'debug', at: clock.now(), flow: this.flow.id, node: this.node.id, runId: this.#work.run.id, label, value });
    };
  }
  get reply(): NodeContext['reply'] {
    return (answer) => this.#unit.around.replies.reply(this.#work.run.id, answer);
  }

  /** The link as a whole. What the call waits for is its other end. */
  #follow(to: string): string {
    this.#notPure('links');
    const link = wholeLink(to, this.flow.id);
    this.resource = linkResource(link);
    return link;
  }

  #from(): LinkFrom {
    return { message: this.#msg.id, key: this.idempotencyKey, hops: this.#work.hops + 1, timeoutMs: this.#unit.timeoutMs, signal: this.signal };
  }

  #notPure(power: string): void {
    if (this.#unit.plan.replay !== 'pure') return;
    const text: Text = {
      en: `using ${power} in node ${this.#unit.id}: its type declares itself pure, and a pure node has no effect outside`,
      ru: `использование ${power} в узле ${this.#unit.id}: его тип объявлен чистым, а чистый узел не действует наружу`,
    };
    throw new NodeFailure('node.not-pure', text);
  }
}

/** The id is made only when somebody asks. */
class CallEnvelope implements Envelope {
  readonly #unit: Unit;
  readonly #msg: Subject;
  readonly #work: Work;
  constructor(unit: Unit, msg: Subject, work: Work) {
    this.#unit = unit;
    this.#msg = msg;
    this.#work = work;
  }
  get id(): string { return this.#msg.id; }
  get runId(): string { return this.#work.run.id; }
  get parentIds(): readonly string[] { return this.#work.parents; }
  get correlationId(): string { return this.#work.run.id; }
  get key(): string | undefined { return this.#work.key ?? undefined; }
  get attempt(): number { return Math.max(1, this.#work.attempt); }
  get receivedAt(): number { return this.#work.receivedAt; }
  get deadline(): number { return this.#unit.around.services.clock.now() + this.#unit.timeoutMs; }
  toJSON(): EnvelopeFields {
    const { id, runId, parentIds, correlationId, key, attempt, receivedAt, deadline } = this;
    return { id, runId, parentIds, correlationId, key, attempt, receivedAt, deadline };
  }
}
