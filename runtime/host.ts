import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { CancelAnswer, ConnectionState, ContextList, ContextPlace, ContextQuery, ContextValue, DeadLetterAnswer, DeadLetterDetail, DeadLetterList, DeadLetterQuery, DeadLetterSelection, DeployEffects, HeldKey, HeldKeyRequest, LastMessages, LiveCounters, PendingMessage, ReplayAnswer, ReplayRequest, ResendRequest, RunQuery, RunStep, RunSummary, TryAnswer } from './api/contract.ts';
import type { ConnectionDocument, Flow, Json, Problem, Text } from './flow/flow.ts';

/**
 * What runs deployed flows. The driver implements it; `runtime.ts` puts it together with the project's documents.
 * Documents (drafts, revisions, connections, secrets) are the project's: see `project/project.ts`.
 */
export interface FlowHost {
  /** Makes this revision the one that runs. Nodes that did not change go on. Problems of nodes that cannot start are answered and do not stop the others. */
  /** `read`: an earlier revision of the flow, for runs of a pinned one that began on it. */
  deploy(flow: Flow, revision: number, read?: (revision: number) => Promise<Flow | undefined>): Promise<DeployOutcome>;
  /** What a deploy of this flow would do now. Changes nothing. */
  preview(flow: Flow): Promise<DeployEffects>;
  /** Stops sources and takes no new work; messages at rest stay in the journal. */
  stop(flow: string): Promise<void>;
  /** A flow that does not run: whoever calls its webhooks is told to come again. Undefined: it is no longer there, and nobody comes. */
  know(id: string, flow: Flow | undefined): Promise<void>;
  /** Forgets a deleted flow, with everything pending in it; answers how much that was. */
  remove(flow: string): Promise<{ readonly pending: number; readonly deadLetters: number }>;
  live(flow: string): { readonly revision: number; readonly state: 'live' | 'stopped' | 'failed'; readonly problems: readonly Problem[] } | undefined;

  /** Presses the button of a source, or feeds `body` into a node's input as a new run. Throws a `Failure` when the flow is not live. */
  inject(flow: string, node: string, body?: { readonly [key: string]: Json }): Promise<{ readonly runId?: string }>;

  /** What this node of the flow makes of one message, apart from everything that runs; a `Failure` for a type that cannot be tried. Values are whole: masking is the API's. */
  tryNode(flow: Flow, node: string, body: { readonly [key: string]: unknown }): Promise<TryAnswer>;

  counters(flow: string): LiveCounters;
  lastMessages(flow: string, node: string): LastMessages;
  /** Pending runs, newest first, `among` these when they are given, of which only recorded ones are found; ended ones are in the store. */
  pendingRuns(query: { readonly flow?: string; readonly among?: readonly string[]; readonly limit: number }): Promise<{ readonly runs: readonly PendingRun[]; readonly total: number; readonly more: boolean }>;
  /** The path of a run as far as it is kept, and where its pending messages are, the first ones of very many. */
  pathOf(run: string): Promise<{ readonly flow?: string; readonly steps: readonly RunStep[]; readonly pending: readonly PendingMessage[] }>;
  /** Discards what is pending of a run, aborts its calls and fences their answers off. A `Failure` `run.not-pending` when nothing of it is. */
  cancelRun(run: string): Promise<CancelAnswer>;
  readonly letters: DeadLetterDoor;
  readonly replays: ReplayDoor;
  readonly context: ContextDoor;
  deadLetterCount(flow: string): number;

  /** Tells that a connection's document, a secret or env changed: the connection is opened anew at its next use. */
  connectionChanged(name: string): Promise<void>;
  connectionState(name: string): ConnectionState;
  /** Tries a paused one now; answers what came of it. */
  tryConnection(name: string): Promise<ConnectionState>;
  /** Opens a client of its own with this document, tests and closes it. */
  testConnection(name: string, document: ConnectionDocument): Promise<{ readonly ok: boolean; readonly message: Text; readonly ms: number }>;

  /** Messages of a flow that ended the process again and again until it was started now; 0 for a flow that may run. */
  blamed(flow: string): number;
  /** Whether messages can be written: `waiting` passes by itself, `damaged` does not. */
  journal(): { readonly state: 'well' } | { readonly state: 'waiting' | 'damaged'; readonly reason: string; readonly code: 'journal.unavailable' | 'journal.disk-low' | 'journal.damaged' };

  /** Whether what runs did can be brought to the store; what cannot is brought later. */
  store(): { readonly state: 'well' } | { readonly state: 'waiting'; readonly reason: string; readonly code: 'store.unavailable' };

  /** Serves `/hook/…` on this server, ahead of every other listener. Requests elsewhere go to `otherwise`. */
  serveHooks(server: Server, otherwise: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Stops taking work, waits for calls under way up to the drain limit, leaves the rest in the journal. */
  shutdown(): Promise<void>;
}

/** Of a run that has not ended. */
export type PendingRun = Pick<RunSummary, 'id' | 'flow' | 'revision' | 'startedAt' | 'messages'> & { readonly state: 'pending' };

/** Repeats runs from their records. */
export interface ReplayDoor {
  one(run: string, request: ReplayRequest): Promise<ReplayAnswer>;
  many(query: RunQuery, request: ReplayRequest): Promise<ReplayAnswer>;
}

/** Messages that nobody took, and the keys that wait behind them. Bodies are whole: masking is the API's. */
export interface DeadLetterDoor {
  list(query: DeadLetterQuery & { readonly limit: number; readonly after?: string }): Promise<DeadLetterList>;
  find(id: string): Promise<DeadLetterDetail>;
  edit(id: string, body: { readonly [key: string]: unknown }): Promise<void>;
  resend(request: ResendRequest): Promise<DeadLetterAnswer>;
  discard(selection: DeadLetterSelection): Promise<DeadLetterAnswer>;
  heldKeys(flow: string): Promise<readonly HeldKey[]>;
  /** For each dead letter that held it: done, or why not. A `Failure` `key.not-held` when none did. */
  freeKey(flow: string, request: HeldKeyRequest): Promise<DeadLetterAnswer>;
}

/** Values that nodes and flows keep. Whole: masking is the API's. A `Failure` `context.not-found` for one that is not there. */
export interface ContextDoor {
  list(query: ContextQuery): Promise<ContextList>;
  find(place: ContextPlace): Promise<ContextValue>;
  /** In turn with the calls that use the same context. */
  set(place: ContextPlace, value: unknown): Promise<void>;
  delete(place: ContextPlace): Promise<void>;
}

export interface DeployOutcome extends DeployEffects {
  readonly state: 'live' | 'failed';
  readonly problems: readonly Problem[];
}

/** What the driver asks the project for while flows run. */
export interface ProjectValues {
  /** Value of a project or flow environment name, or of the process's `MILLRACE_ENV_<NAME>`; undefined when there is none. */
  env(name: string): Json | undefined;
  /** The secret's text; undefined when there is none. */
  secret(name: string): Promise<string | undefined>;
  connection(name: string): Promise<ConnectionDocument | undefined>;
  /** Changes whenever a secret or an environment value does: a node that was made ready with older ones is made ready anew at the next deploy. */
  stamp(): number;
}
