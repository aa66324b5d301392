import type { Json, Text } from '../flow/flow.ts';
import type { Body, Envelope } from './message.ts';
import type { FailureOptions } from './node-failure.ts';
import type { RowCode } from './row-code.ts';

/** What a node is given to work with. Nothing else of the world is within its reach. */

export interface Log {
  debug(text: string, details?: { readonly [name: string]: Json }): void;
  info(text: string, details?: { readonly [name: string]: Json }): void;
  warn(text: string, details?: { readonly [name: string]: Json }): void;
  error(text: string, details?: { readonly [name: string]: Json }): void;
}

export type StatusKind = 'good' | 'warn' | 'bad' | 'info';

/** One outgoing HTTP request. Streams are not supported: a message's body is a value. */
export interface FetchOptions {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Redirects to follow, 5 at most unless said. */
  readonly redirects?: number;
  /** Answer bytes accepted before giving up with `http.too-large`. */
  readonly bytesMax?: number;
  /** Only addresses of the public internet, and those that the installation allows: for calls that the node's author did not choose. */
  readonly publicOnly?: boolean;
  /** Hears each address before it is called, those of redirects too; what it throws ends the request. */
  readonly eachHop?: (url: URL) => void;
  /** Waited for once, before more of an answer is read than a small one has: until there is room for so many bytes. */
  readonly room?: (bytes: number) => Promise<void>;
}
export interface FetchAnswer {
  readonly status: number;
  /** Who answered, after redirects. */
  readonly url?: string;
  readonly headers: { readonly [name: string]: string };
  readonly bytes: Uint8Array;
  text(): string;
}
export type Fetch = (url: string, options?: FetchOptions) => Promise<FetchAnswer>;

/** Runs that begin at link-in nodes, and what this run answers when it began so: `to` is `node` of the same flow or `flow/node`. What cannot be taken now is a failure of scope connection. */
export interface NodeLinks {
  /** Resolves when the run is accepted, once for each message of this node however often it is called. */
  send(to: string, body: Body): Promise<void>;
  /** Resolves to the message that the run returns. The same call made again, also by a later attempt, begins no second run for 24 hours. `nth`: of several equal calls for one message. */
  call(to: string, body: Body, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal; readonly nth?: number }): Promise<Body>;
  /** Answers whoever called this run; false when nobody waits. A pure node may do so. */
  answer(message: Body): boolean;
}

/** What every call of a node has, whatever its kind. */
export interface NodePlace {
  readonly node: { readonly id: string; readonly type: string; readonly name: string };
  readonly flow: { readonly id: string; readonly name: string; readonly revision: number };
  readonly log: Log;
  /** Shows a short text under the card. */
  status(kind: StatusKind, text: Text): void;
  /** In a call of a pure node it stands where the message's way began, so that a call repeated after a crash gives the same. */
  readonly clock: { now(): number };
}

/** Whose values: the node's own, those of all nodes of the flow, or those of all flows. */
export type StateScope = 'node' | 'flow' | 'global';

/** Values that outlive the call. A value is anything that a message may hold; what `get` answers is a copy. */
export interface StateView {
  get<T = unknown>(key: string): T | undefined;
  /** undefined deletes. Throws a `NodeFailure` `context.value`, `context.key` or `context.full` for what cannot be kept. */
  set(key: string, value: unknown): void;
  delete(key: string): void;
  keys(): string[];
  /** Sets what `change` makes of the value, and answers it. */
  update<T = unknown>(key: string, change: (before: T | undefined) => T | undefined): T | undefined;
}
export type NodeState = { readonly [scope in StateScope]: StateView };

/** Powers of one call, until it has ended: what is to be used later has to be taken out before (`const { status } = ctx`). `C` is the node's resolved config, `P` what `prepare` made. */
export interface NodeContext<C = unknown, P = undefined> extends NodePlace {
  readonly config: C;
  readonly prepared: P;
  /** Its fields are read one by one: a spread copies none of them, `envelope.toJSON()` gives a plain object. */
  readonly envelope: Envelope;
  /** True when the message was held by this node and is due. */
  readonly resumed: boolean;
  /** Same for every attempt of this node for this message; different for every other. */
  readonly idempotencyKey: string;
  /** Aborts at the deadline, at cancel and at shutdown. */
  readonly signal: AbortSignal;
  readonly random: { next(): number; id(): string };
  /** An unguessable text, the same one within a call. Another one when a call is repeated: use it only for what leaves with the call's results. */
  readonly token: string;
  readonly fetch: Fetch;
  readonly links: NodeLinks;
  /** The open client of a connection that the config names. Throws a failure of scope connection when it cannot be opened. */
  connection<T>(name: string): Promise<T>;
  /** Runs `work` while holding every one of `keys` in this runtime; keys are taken in sorted order, so that no two callers wait for each other. */
  lock<T>(keys: readonly string[], work: () => Promise<T>): Promise<T>;
  /** For a type that declares `state`. What is written is committed with the results of the call, or not at all when it fails. */
  readonly state: NodeState;
  /** Shows a value in the debug panel, once the message is safe. */
  debug(value: unknown, label?: string): void;
  /** Answers the caller that waits for this run; false when nobody waits. */
  reply(answer: HttpAnswer): boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | Uint8Array;
}

/** Powers when a node stops. */
export interface StopContext<C = unknown, P = undefined> extends NodePlace {
  readonly config: C;
  readonly prepared: P;
  /** For a type that declares `state`. Nobody else writes there meanwhile. What is written is kept when the node has stopped, or not at all when that fails. */
  readonly state: NodeState;
}

/** Powers at deploy, when a node is made ready. */
export interface PrepareHost extends NodePlace {
  readonly sandbox: SandboxDoor;
  /** The flow's environment: the names that it declares, with the project's values or its own defaults. */
  readonly env: { readonly [name: string]: Json };
}

/** User code in the sandbox. The code never runs in this process. */
export interface SandboxDoor {
  /** Compiles the code; throws a `NodeFailure` `function.syntax` with line and column when it does not compile, `function.setup` when the setup code fails, `function.closing` in place of `function.syntax` for closing code. */
  open(program: SandboxProgram): Promise<SandboxFunction>;
  /** Functions of one flow, with code of other nodes between them, each of which gets what the one before it gives, as one: a message crosses once for all of them. Undefined where that could change what they give. */
  fuse(row: readonly (SandboxFunction | RowCode)[]): FusedFunctions | undefined;
}
export interface FusedFunctions {
  /** For each message, in order, what came of it; undefined where the functions have to be called one by one. */
  call(messages: readonly SandboxMessage[]): Promise<readonly (FusedResult | undefined)[]>;
  close(): Promise<void>;
}
/**
 * `stage` is the place in the row of the function at which it ended. `results`: of a traced message one for each place up to that one, null for code of other nodes; else that one's only, which may be the last one's alone.
 * A result is read with the message that came to its function, as far as anybody knows it: the first of the row, where those between have no result.
 */
export interface FusedResult { readonly stage: number; readonly results: readonly (((body: Body) => SandboxResult) | null)[] }
export interface SandboxProgram {
  readonly code: string;
  /** Types of TypeScript are erased before anything else is done. */
  readonly language?: 'javascript' | 'typescript';
  /** Runs before the first message; what it declares the code may read. It has no effect outside. */
  readonly setup?: string;
  /** It runs when the last message is through: with the context, and neither a message nor anybody to send to or call. What fails is a `function.closing`. */
  readonly isClosing?: boolean;
  /** Modules of the installation, each with the name by which the code calls it. */
  readonly modules?: readonly UsedModule[];
  readonly outputs: number;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly node: { readonly id: string; readonly name: string };
  /** Nodes of one flow share memory for what they have in common. */
  readonly flow?: string;
  readonly env: { readonly [name: string]: Json };
  /** Lets the code call servers, by the `net` of each message; without it there is no `fetch`. */
  readonly fetch?: SandboxGrant;
  /** Lets the code call flows by links, by the `net` of each message. */
  readonly links?: boolean;
}
export interface UsedModule { readonly module: string; readonly name: string }
/** `hosts`: `api.example.com`, `*.example.com`, `https://api.example.com:8443`. `read`: GET and HEAD only. */
export interface SandboxGrant { readonly hosts: readonly string[]; readonly methods: 'read' | 'all' }
/** By what the calls of one message are made, as far as they are granted. Each writing call gets an Idempotency-Key of `key` and its number, unless the code gives one. */
export interface SandboxNet { readonly fetch?: Fetch; readonly links?: Pick<NodeLinks, 'call'>; readonly key: string; readonly signal: AbortSignal }
export interface SandboxFunction {
  /** One result for each message, in order. A message's own failure is a value, so that it harms no other of the batch. */
  call(messages: readonly SandboxMessage[]): Promise<readonly SandboxResult[]>;
  close(): Promise<void>;
}
export interface SandboxMessage {
  readonly id: string;
  /** What Date.now() says inside. */
  readonly nowMs: number;
  readonly body: Body;
  /** Of several functions in one, each one's result is wanted. */
  readonly traced?: boolean;
  /** What the scopes hold that the code may use. */
  readonly state?: SandboxState;
  readonly net?: SandboxNet;
}
export type SandboxState = { readonly [scope in StateScope]?: { readonly [key: string]: unknown } };
/** What the code wrote to the context; undefined deletes. */
export interface SandboxWrite { readonly scope: StateScope; readonly key: string; readonly value: unknown }
export type SandboxResult =
  /** Bodies by output, first to last. */
  | { readonly outputs: readonly (readonly Body[])[]; readonly logs: readonly SandboxLog[]; readonly status?: { readonly kind: StatusKind; readonly text: string }; readonly writes?: readonly SandboxWrite[] }
  | { readonly failure: SandboxFailure; readonly logs: readonly SandboxLog[] };
/** What is not said is as for any failure of code: it would fail again. */
export interface SandboxFailure extends Pick<FailureOptions, 'retry' | 'scope' | 'outcomeUnknown'> { readonly code: string; readonly text: Text; readonly details: { readonly [name: string]: Json } }
/** `leftOut`: it stands for so many lines that were too many. */
export interface SandboxLog { readonly level: 'log' | 'warn' | 'error'; readonly text: string; readonly leftOut?: number }

/** A request that reached a source's route. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly params: { readonly [name: string]: string };
  /** The raw query string without `?`. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string | undefined };
  readonly body: Uint8Array;
  /** The caller's address. */
  readonly remote: string;
}
export interface RouteOptions {
  readonly methods: readonly string[];
  /** Segments; `:name` takes one of any text. Without the `/hook` before it. */
  readonly path: string;
  /** Larger bodies are answered with 413 before they are read to the end. */
  readonly bodyBytesMax: number;
}

export interface DeliverOptions {
  readonly port?: string;
  readonly key?: string;
  /** The sender's own id of this event: repeats within 7 days are dropped. */
  readonly eventId?: string;
  /** Waits for an answer of the flow (http-response). */
  readonly reply?: { readonly timeoutMs: number; readonly idempotency?: ReplyIdempotency };
}
/** DESIGN 6.9: under which key the answer is recorded, and what the body must hash to for it to be given again. */
export interface ReplyIdempotency { readonly scope: string; readonly key: string; readonly bodyHash: string }

export interface Receipt {
  readonly runId: string;
  /** The event id was seen before; no second run. */
  readonly duplicate: boolean;
  /** Present when `reply` was asked for. Resolves to what the flow answered, or why it did not. */
  readonly reply?: Promise<ReplyOutcome>;
}
export type ReplyOutcome =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer; readonly repeated: boolean }
  | { readonly kind: 'timeout' }
  /** The run ended without an answer. */
  | { readonly kind: 'ended'; readonly how: 'completed' | 'dropped' | 'dead-lettered' | 'discarded' }
  /** The same key is being worked on. */
  | { readonly kind: 'in-progress' }
  /** The same key came with another body. */
  | { readonly kind: 'mismatch' };

/** Powers of a source, for as long as it runs. */
export interface SourceContext<C = unknown> extends NodePlace {
  readonly config: C;
  /** The config resolved anew: for a source whose fields hold expressions over the time, at each firing. */
  resolve(): Promise<C>;
  readonly signal: AbortSignal;
  readonly random: { next(): number; id(): string };
  /** Resolves when the journal holds the message; rejects with a `NodeFailure` `queue.full` (retry afterMs) when it must be kept by the sender. */
  deliver(body: Body, options?: DeliverOptions): Promise<Receipt>;
  /** Serves requests under `/hook` until the source stops. Throws `route.taken` when another node has the path. */
  route(options: RouteOptions, handle: (request: HttpRequest) => Promise<HttpAnswer>): void;
  /** Calls again and again until the source stops. The first call comes after one period. */
  every(periodMs: number, call: () => void): void;
  /** What the button at the card does. */
  onButton(call: () => void): void;
}
