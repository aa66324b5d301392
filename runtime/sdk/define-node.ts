import type { FieldValue, Json, Text } from '../flow/flow.ts';
import type { CatalogInfo, NodeInfo } from '../flow/node-info.ts';
import type { HttpRequest, NodeContext, PrepareHost, RouteOptions, SourceContext, StateScope, StopContext } from './context.ts';
import type { ConfigOf, Fields } from './field.ts';
import type { Body, Drop, Hold, Many, ToPorts } from './message.ts';
import type { RowCode } from './row-code.ts';

/** What a window may answer when it closes or passes a message on. */
export type WindowResult = Body | readonly Body[] | ToPorts | Hold | Drop | undefined;
/** What a handler may answer. A plain object is one body for the only output; undefined ends the message there. */
export type HandlerResult = WindowResult | Many;

/** A config as the flow has it. */
type FieldValues = { readonly [field: string]: FieldValue };
type Declared = Omit<NodeInfo, 'role' | 'config' | 'inputs' | 'replay' | 'tryable'>;

/** Older config to the next version's config, pure: `migrations[1]` takes version 1 to 2. */
export type Migrations = { readonly [fromVersion: number]: (config: { readonly [field: string]: Json }) => { readonly [field: string]: Json } };

/** The open window of a collecting node: small state, and the kept bodies that the journal holds beside it. */
export interface CollectStep {
  /** State of the window after this message; JSON. */
  readonly state: Json;
  /** Body to keep until the window closes. */
  readonly keep?: Body;
  /** When the window closes by itself; null forgets an earlier instant. */
  readonly closeAt?: number | null;
  /** Closes the window now. */
  readonly close?: boolean;
  /** Sends this message on at once with this result, in one commit with the state; it is not kept. */
  readonly pass?: NonNullable<WindowResult>;
  /** Sends this at once, beside what is kept, in one commit with it. */
  readonly send?: NonNullable<WindowResult>;
  /** Keeps this body in place of what was kept before, which ends here as dropped. */
  readonly keepOnly?: Body;
}
/** Why a part of a whole does not come: a rule ended it, it is a dead letter, or it went another way. */
export type Missing = 'dropped' | 'dead-lettered' | 'elsewhere';

/** `resumed`: somebody outside closed it, and `given` is what came with that. */
export type CloseReason = 'complete' | 'timeout' | 'resumed';
/** What a closed window that could be resumed says of itself, so that a second caller is told why not. */
export interface ClosedWait { readonly closed: 'used' | 'expired' }

export interface Collector<C> {
  /** The window that the message belongs to. */
  key(message: Body, context: NodeContext<C>): string;
  /** Pure: what the window becomes. `state` is undefined when the window opens. */
  arrive(message: Body, state: Json | undefined, context: NodeContext<C>): CollectStep;
  /** What leaves when the window closes. `kept` are the bodies in order of arrival. */
  close(window: { readonly key: string; readonly state: Json; readonly kept: readonly Body[]; readonly reason: CloseReason; readonly given?: Body }, config: C): WindowResult;
  /** What is remembered of a closed window, and how long: for those that come late. */
  closed?(window: { readonly state: Json; readonly reason: CloseReason }, config: C): { readonly state: Json; readonly forMs: number } | undefined;
  /** Windows that a caller closes by `POST /hook/resume/<flow>/<node>/<token>`, once. `closed` must then give a `ClosedWait`. */
  readonly resume?: {
    /** The window of a token. */
    key(token: string): string;
    /** What a request brings. Throws a `NodeFailure` for what cannot be read. */
    given(request: HttpRequest): Body;
    readonly bodyBytesMax: number;
  };
  /** Windows that wait for all parts of a whole are told of those that will not come. */
  readonly missing?: {
    waits(config: { readonly [field: string]: Json }): boolean;
    /** What is told of a message that ended on its way; undefined when it is no part. `key` is asked with it, too. */
    of(message: Body): Body | undefined;
    /** Pure: what the window becomes. */
    arrive(missing: { readonly told: Body; readonly how: Missing }, state: Json | undefined, context: NodeContext<C>): CollectStep;
  };
}

/** What is known of a call whose answer was lost: it did its work (with what it would have answered, or the message as it came), it did not, or nobody knows. */
export type Confirmed = 'done' | { readonly done: HandlerResult } | 'not-done' | 'unknown';

/** At most `count` messages leave in any window of `perMs`, counted over restarts; those that may not yet wait at the node's input, in order, or are dropped. */
export interface Pace {
  readonly count: number;
  readonly perMs: number;
  /** Each key of messages has a window of its own. */
  readonly eachKey: boolean;
  readonly rest: 'wait' | 'drop';
}

/** Nodes in a row, called as one. For each message: the node at which it ended, by number, and how to read the results, of each node up to that one or of that one only. */
export interface FusedNodes {
  call(messages: readonly Body[], contexts: readonly unknown[], traced: readonly boolean[]): Promise<readonly (FusedAnswer | undefined)[]>;
  close(): Promise<void>;
}
/** A result is read with the message as it came to its node. Where the row has the `RowCode` of a node there is none: that node is called. */
export interface FusedAnswer { readonly stage: number; readonly results: readonly (((message: Body, context: unknown) => HandlerResult | Error) | null)[] }

/** A node type with its behaviour, as the runtime holds it. */
export interface NodeDefinition {
  readonly info: NodeInfo;
  readonly migrations: Migrations;
  readonly prepare?: (config: never, host: PrepareHost) => Promise<unknown>;
  readonly stop?: (context: never) => Promise<void>;
  readonly dispose?: (prepared: never) => Promise<void>;
  readonly run?: (message: Body, context: never) => HandlerResult | Promise<HandlerResult>;
  readonly batch?: (messages: readonly Body[], contexts: readonly never[]) => Promise<readonly (HandlerResult | Error)[]>;
  readonly fuse?: (row: readonly never[], host: Pick<PrepareHost, 'sandbox'>) => FusedNodes | undefined;
  readonly inRow?: (config: never, port: string) => RowCode | undefined;
  readonly collect?: Collector<never>;
  readonly confirm?: (message: Body, context: never) => Promise<Confirmed>;
  readonly pace?: (config: never) => Pace;
  readonly start?: (context: never) => Promise<void> | void;
  readonly routes?: (config: never) => readonly RouteOptions[];
  readonly receive?: (given: { readonly [key: string]: Json }) => HttpRequest;
  /** Calls at once, unless the flow says otherwise. */
  readonly concurrency?: number;
  readonly splits?: boolean;
  readonly state?: (config: FieldValues) => StateScope | undefined;
}


interface NodeSpec<F extends Fields, P> extends Declared {
  readonly replay: NodeInfo['replay'];
  readonly role?: 'action' | 'catch';
  /** One message can be tried on it although it is not always pure: all that it does outside goes through `ctx.fetch`, which lets a try only read. */
  readonly tryable?: true;
  readonly config: F;
  readonly inputs?: NodeInfo['inputs'];
  readonly migrations?: Migrations;
  readonly concurrency?: number;
  /** Makes a message into its parts, which a join later puts together. */
  readonly splits?: true;
  /** The widest context that `ctx.state` may use, of a type with `run` or `batch`; undefined: none. Messages rest at its input, and its calls take turns with all that use the same context. */
  readonly state?: StateScope | ((config: FieldValues) => StateScope | undefined);
  /** Makes the node ready at deploy; what it returns stands in `ctx.prepared`. A throw is a problem of the deploy, shown at the node. */
  prepare?(config: ConfigOf<F>, host: PrepareHost): Promise<P>;
  /** The node stops: with its flow, by a deploy that changes or removes it, or with the runtime. Called once, after its last message, and never for a try or a dry run. A throw is told at the node and changes nothing else. */
  stop?(context: StopContext<ConfigOf<F>, P>): Promise<void>;
  dispose?(prepared: P): Promise<void>;
  /** One message. Exactly one of `run`, `batch` and `collect` is given (a catch node may have none). */
  run?(message: Body, context: NodeContext<ConfigOf<F>, P>): HandlerResult | Promise<HandlerResult>;
  /** Many at once: one result or failure for each, in order. */
  batch?(messages: readonly Body[], contexts: readonly NodeContext<ConfigOf<F>, P>[]): Promise<readonly (HandlerResult | Error)[]>;
  /** Pure nodes in a row, the first and the last of this type, of others their code: each gets the one message that the one before it sends by its first port. As one that gives the same; undefined where that is not certain. */
  fuse?(row: readonly (P | RowCode)[], host: Pick<PrepareHost, 'sandbox'>): FusedNodes | undefined;
  /** What a pure node with `run` does as code for such a row, if only `port` of its outputs leads on; undefined where that cannot be told. */
  inRow?(config: ConfigOf<F>, port: string): RowCode | undefined;
  readonly collect?: Collector<ConfigOf<F>>;
  /** For an external node: finds out what came of an attempt whose outcome is unknown, for example by looking for its origin id. It changes nothing outside. */
  confirm?(message: Body, context: NodeContext<ConfigOf<F>, P>): Promise<Confirmed>;
  /** How fast messages may pass, from the config at deploy. */
  pace?(config: ConfigOf<F>): Pace;
}

const IN: NodeInfo['inputs'] = { in: { title: { en: 'Message', ru: 'Сообщение' } } };

/** Declares a node type: one value for validator, inspector, palette, help, conformance suite and type checker. */
export function defineNode<const F extends Fields, P = undefined>(spec: NodeSpec<F, P>): NodeDefinition {
  const { prepare, stop, dispose, run, batch, fuse, inRow, collect, confirm, pace, migrations, concurrency, splits, state, ...info } = spec;
  const role = spec.role ?? 'action';
  const leaves = Object.keys(spec.outputs.fixed).length > 0 || spec.outputs.dynamic !== undefined;
  const tryable = (spec.replay === 'pure' || spec.tryable === true) && (run ?? batch) !== undefined && !pace && leaves;
  return {
    info: { ...info, role, ...(tryable && { tryable }), inputs: spec.inputs ?? (role === 'catch' ? {} : IN) },
    migrations: migrations ?? {},
    ...(prepare && { prepare }), ...(stop && { stop }), ...(dispose && { dispose }), ...(run && { run }), ...(batch && { batch }), ...(fuse && { fuse }), ...(inRow && { inRow }),
    ...(collect && { collect }), ...(confirm && { confirm }), ...(pace && { pace }), ...(concurrency !== undefined && { concurrency }), ...(splits && { splits }),
    ...(state && { state: typeof state === 'function' ? state : () => state }),
  } as NodeDefinition;
}

interface SourceSpec<F extends Fields> extends Omit<Declared, 'replay'> {
  readonly config: F;
  readonly migrations?: Migrations;
  /** For a source with a route: the request that an example or a case gives, in the form that reads well there. */
  receive?(given: { readonly [key: string]: Json }): HttpRequest;
  /** For a source with a route: the requests that it takes. Callers are told to come again while it does not run. */
  routes?(config: ConfigOf<F>): readonly RouteOptions[];
  /** Runs from deploy until `signal` aborts. It never holds a message that was not acknowledged past the signal. */
  start(context: SourceContext<ConfigOf<F>>): Promise<void> | void;
}

/** Declares a node type that starts runs. */
export function defineSource<const F extends Fields>(spec: SourceSpec<F>): NodeDefinition {
  const { start, receive, routes, migrations, ...info } = spec;
  return { info: { ...info, role: 'source', replay: 'pure', inputs: {} }, migrations: migrations ?? {}, start, ...(receive && { receive }), ...(routes && { routes }) } as NodeDefinition;
}

export interface ConnectionDefinition {
  readonly info: CatalogInfo['connections'][string];
  /** Opens the shared client. Throws a `NodeFailure` of scope connection when the other side cannot be had. */
  readonly open: (config: never, host: ConnectionHost) => Promise<unknown>;
  /** The Test button and the probe of a paused connection: resolves to a line for the person, or throws. */
  readonly test: (client: never) => Promise<Text>;
  readonly close: (client: never) => Promise<void>;
}
export interface ConnectionHost {
  readonly name: string;
  /** Folder for files that belong to the project, absolute. */
  readonly dataDir: string;
  readonly clock: { now(): number };
}
interface ConnectionSpec<F extends Fields, T> {
  readonly type: string;
  readonly title: Text;
  readonly icon: string;
  readonly summary: Text;
  readonly help: Text;
  readonly config: F;
  open(config: ConfigOf<F>, host: ConnectionHost): Promise<T>;
  test(client: T): Promise<Text>;
  close(client: T): Promise<void>;
}

/** Declares a kind of live link to an outside system, shared by every node that names it. */
export function defineConnection<const F extends Fields, T>(spec: ConnectionSpec<F, T>): ConnectionDefinition {
  const { open, test, close, ...info } = spec;
  return { info, open, test, close } as ConnectionDefinition;
}
