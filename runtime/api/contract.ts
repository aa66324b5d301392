import type { ConnectionsDocument, Flow, FlowNode, Json, Place, Problem, Text, Wire } from '../flow/flow.ts';
import type { CatalogInfo, ConnectionInfo, NodeInfo } from '../flow/node-info.ts';
import type { ModuleTypes } from '../flow/module-types.ts';

/** What crosses HTTP and the live channel, shared with the editor. Types only. */

export type { CatalogInfo, ConnectionInfo, ConnectionsDocument, Flow, FlowNode, Json, ModuleTypes, NodeInfo, Place, Problem, Text, Wire };

/** Every error answer: status 4xx or 5xx and this body. */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: Text; readonly fix?: Text; readonly problems?: readonly Problem[]; readonly details?: { readonly [name: string]: Json } };
}

/** GET /api/v1/system */
export interface SystemInfo {
  readonly version: string;
  readonly dataDir: string;
  /** Files are the truth: saving writes them. */
  readonly flowsDir?: string;
  readonly readOnly: boolean;
  readonly hookBase: string;
  /** `waiting`: new messages are refused until the disk takes them again. `damaged`: until a person has restored a backup or salvaged the journal. */
  readonly journal: JournalState;
  /** `waiting`: messages go on, but what runs did and what people change cannot be written now. */
  readonly store: StoreState;
}

export interface JournalState { readonly state: 'well' | 'waiting' | 'damaged'; readonly reason?: string; /** Of one that is not well: what that is, what it means, and what to do. */ readonly code?: string; readonly means?: Text; readonly fix?: Text }
export type StoreState = Pick<JournalState, 'reason' | 'code' | 'means' | 'fix'> & { readonly state: 'well' | 'waiting' };

/** GET /api/v1/flows */
export interface FlowList { readonly flows: readonly FlowSummary[] }
export interface FlowSummary {
  readonly id: string;
  readonly name: string;
  readonly delivery: 'durable' | 'memory';
  readonly version: number;
  readonly updatedAt: number;
  readonly live?: { readonly revision: number; readonly state: FlowState; /** Why it is stopped although nobody stopped it. */ readonly reason?: Text };
  /** The draft differs from what is live. */
  readonly changed: boolean;
  readonly problems: number;
  readonly deadLetters: number;
  /** Its nodes to which links may lead. */
  readonly entries: readonly string[];
}
export type FlowState = 'live' | 'stopped' | 'failed';

/** GET /api/v1/flows/:id → ETag: "version". PUT the same `flow` with If-Match: "version" (`"0"` for a new one); 412 when somebody else was first. */
export interface FlowAnswer {
  readonly flow: Flow;
  readonly version: number;
  readonly problems: readonly Problem[];
  readonly live?: { readonly revision: number; readonly state: FlowState; readonly flow: Flow; /** Why it is stopped although nobody stopped it. */ readonly reason?: Text };
}
export interface SaveAnswer { readonly version: number; readonly problems: readonly Problem[] }

/** POST /api/v1/flows/:id/deploy { version } makes the draft of that version live. POST …/stop, …/start. */
export interface DeployRequest { readonly version: number }
export interface DeployAnswer extends DeployEffects {
  readonly revision: number;
  readonly state: FlowState;
  readonly problems: readonly Problem[];
}
/** What a deploy does to nodes and to the messages that rest at them. Calls under way end on their revision. */
export interface DeployEffects {
  /** Node ids. `started`: new or changed; `restarted`: those of them that ran before; `kept`: unchanged, they go on. */
  readonly started: readonly string[];
  readonly restarted: readonly string[];
  readonly stopped: readonly string[];
  readonly kept: readonly string[];
  /** Messages at rest that go on at the same node of the new revision. */
  readonly moves: readonly { readonly node: string; readonly messages: number }[];
  /** Messages at rest that the new revision has no place for: they become dead letters of the kind `parked`. */
  readonly parks: readonly { readonly node: string; readonly messages: number; readonly reason: Text }[];
}
/** POST /api/v1/flows/:id/deploy/preview { version }: what a deploy of the draft of that version would do now. POST …/rollback/preview { revision }: the same of an earlier revision. Nothing is changed. */
export interface DeployPreview extends DeployEffects {
  /** Problems of what would be deployed; `refused`: with these it cannot be. */
  readonly problems: readonly Problem[];
  readonly refused: boolean;
}

/** GET /api/v1/flows/:id/revisions, newest first. POST …/rollback { revision } deploys an earlier one again. */
export interface RevisionList { readonly revisions: readonly { readonly revision: number; readonly at: number; readonly by: string }[] }

/** POST /api/v1/flows/:id/nodes/:node/inject { body? } */
export interface InjectRequest { readonly body?: { readonly [key: string]: Json } }
export interface InjectAnswer { readonly runId?: string }

/**
 * GET /api/v1/runs?flow=&state=&node=&code=&key=&id=&since=&until=&limit=&after=, newest first. `node` and `code` find runs in which
 * that node failed, or something failed with that code; `key` runs with a message of that key; `since` and `until` are ms since 1970, of the end.
 */
export interface RunList { readonly runs: readonly RunSummary[]; readonly next?: string; readonly counts: { readonly pending: number; readonly completed: number; readonly dropped: number; readonly deadLettered: number; readonly discarded: number }; /** More runs are pending than were looked at. */ readonly morePending: boolean }
export type RunState = 'pending' | 'completed' | 'dropped' | 'dead-lettered' | 'discarded';
export interface RunSummary {
  readonly id: string;
  readonly flow: string;
  readonly revision: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly state: RunState;
  readonly messages: number;
  /** The first failure of the run, caught or not. */
  readonly failure?: { readonly node: string; readonly code: string; readonly message: Text };
  /** Its path is kept: it can be looked at and replayed. False for one that was sampled out, of which only failures are kept. */
  readonly recorded: boolean;
  /** The run that this one repeats. */
  readonly replayOf?: string;
}

/** GET /api/v1/runs/:id: the path of a run, personal data masked. */
export interface RunDetail extends RunSummary {
  /** In the order in which they ended. */
  readonly steps: readonly RunStep[];
  /** More steps happened than are kept. */
  readonly stepsCut: boolean;
  /** Where its pending messages are; the first ones of very many. */
  readonly pending: readonly PendingMessage[];
  /** Runs that repeat this one, newest first. */
  readonly replays: readonly { readonly id: string; readonly startedAt: number; readonly mode: ReplayMode | 'resend' | 'restart' }[];
}
/** What one node did with one message, at one attempt. */
export interface RunStep {
  readonly messageId: string;
  readonly node: string;
  /** The wire by which it came, or the port of the source that accepted it. */
  readonly via?: string;
  readonly at: number;
  readonly ms: number;
  readonly attempt: number;
  /**
   * accepted: the run began here. replayed: answered from the record of an earlier run. retried: failed, and was tried again. failed: the flow took the failure.
   * held: waits here for an instant. gathered: taken into a window. missing: a dry run finds no record of it, so that a replay would do it now.
   */
  readonly outcome: 'accepted' | 'done' | 'replayed' | 'retried' | 'failed' | 'dropped' | 'held' | 'gathered' | 'missing' | 'dead-lettered';
  /** Of a drop: the rule by which. */
  readonly rule?: string;
  readonly failure?: { readonly code: string; readonly message: Text };
  readonly input?: SeenValue;
  /** What left each port: how many messages, and the first ones of them. */
  readonly outputs?: { readonly [port: string]: { readonly count: number; readonly bodies: readonly SeenValue[] } };
}
/** A body as it is shown: personal data masked, cut beyond a size. `omitted`: it was too large to be kept. */
export interface SeenValue { readonly body: unknown; readonly truncated: boolean; readonly omitted?: true }
export interface PendingMessage { readonly messageId: string; readonly node: string; readonly state: 'queued' | 'calling' | 'retrying' | 'held'; readonly attempt: number; readonly due?: number }

/**
 * What a replay does (DESIGN 6.12). `same-keys`: calls that are recorded as done answer from the record, only missing effects happen, also
 * where nodes came to the way of a message or left it since. `new-generation`: everything happens again, under new ids. `dry-run`: nodes that act outside answer from the record, and nothing happens.
 */
export type ReplayMode = 'same-keys' | 'new-generation' | 'dry-run';
/** POST /api/v1/runs/:id/replay { mode, from? } and POST /api/v1/runs/replay { query, mode, from? } for many. */
export interface ReplayRequest { readonly mode: ReplayMode; /** A node of the run's path, for every message that came to it; from the start when absent. */ readonly from?: string }
export interface ReplayAnswer {
  /** Runs that were started, oldest first; none by a dry run. */
  readonly runs: readonly string[];
  readonly refused: readonly { readonly id: string; readonly reason: Text }[];
  /** What a dry run of one run did, masked. */
  readonly steps?: readonly RunStep[];
  /** The query fits more runs than one request replays. */
  readonly more: boolean;
}
export interface RunQuery { readonly flow?: string; readonly state?: RunState; readonly node?: string; readonly code?: string; readonly key?: string; readonly id?: string; readonly since?: number; readonly until?: number }
/** POST /api/v1/runs/:id/cancel: pending messages are discarded in the person's name, calls under way are aborted and their answers fenced off. */
export interface CancelAnswer { readonly discarded: number }

/** GET /api/v1/dead-letters?flow=&node=&code=&kind=&key=&run=&since=&until=&limit=&after=, newest first. */
export interface DeadLetterList { readonly deadLetters: readonly DeadLetter[]; readonly next?: string; /** How many fit the filter. */ readonly total: number }
export interface DeadLetter {
  /** Of this dead letter; `messageId` names the message, which may have been dead before. */
  readonly id: string;
  readonly messageId: string;
  readonly runId: string;
  readonly flow: string;
  readonly node: string;
  readonly at: number;
  /** failed: its attempts are used up. unknown: the outcome of a call is not known. parked: a deploy took its place away. */
  readonly kind: 'failed' | 'unknown' | 'parked';
  readonly attempts: number;
  readonly code: string;
  readonly message: Text;
  readonly key?: string;
  /** It holds its key: newer messages of the key wait behind it. */
  readonly holdsKey: boolean;
  readonly revision: number;
  /** A person has changed the body. */
  readonly edited: boolean;
  readonly body: unknown;
}
/** GET /api/v1/dead-letters/:id. PUT …/:id { body } changes what will be resent; masked values that are left as they are keep what they hide. */
export interface DeadLetterDetail extends DeadLetter {
  readonly receivedAt: number;
  readonly details: { readonly [name: string]: Json };
  readonly truncated: boolean;
}
export interface DeadLetterQuery { readonly flow?: string; readonly node?: string; readonly code?: string; readonly kind?: DeadLetter['kind']; readonly key?: string; readonly run?: string; readonly since?: number; readonly until?: number }
/** POST /api/v1/dead-letters/resend { ids | query, to } and …/discard { ids | query }: by their ids, or all that fit. */
export interface DeadLetterSelection { readonly ids?: readonly string[]; readonly query?: DeadLetterQuery }
/**
 * In a run of its own. `node`: under the same message id, to the node where it was, or to another one of its flow that takes messages. `start`: to where the run began, once for all that are
 * chosen of it; what was done on the way is not done again, but answered from its record. What something else that is pending does of the run is refused.
 */
export interface ResendRequest extends DeadLetterSelection { readonly to: 'node' | 'start' | { readonly node: string } }
/** `runs`: of those that were resent to the start, how many runs began: each answers for all chosen dead letters of its run. */
export interface DeadLetterAnswer { readonly done: number; readonly refused: readonly { readonly id: string; readonly reason: Text }[]; readonly runs?: number }

/** GET /api/v1/flows/:id/held-keys: keys that wait for a person, oldest first. */
export interface HeldKeyList { readonly keys: readonly HeldKey[]; readonly total: number }
export interface HeldKey {
  readonly node: string;
  readonly key: string;
  readonly since: number;
  /** The dead letter that holds it, and the node that it is of: a resend goes there. */
  readonly deadLetter: string;
  readonly failedAt: string;
  readonly code: string;
  readonly message: Text;
  /** Messages that wait behind it. */
  readonly waiting: number;
}
/** POST /api/v1/flows/:id/held-keys. release: the rest goes on, the dead letter stays. skip: it is discarded, the rest goes on. resend: it goes first, then the rest. */
/** The key, or the dead letter that holds it, because a key may be shown masked. Several may hold it: the answer is a DeadLetterAnswer, and while one of them was refused the key waits on. */
export interface HeldKeyRequest { readonly node: string; readonly key?: string; readonly deadLetter?: string; readonly action: 'release' | 'skip' | 'resend' }

/** GET /api/v1/connections. PUT /connections/:name { document } with If-Match. */
export interface ConnectionList { readonly connections: readonly ConnectionAnswer[] }
export interface ConnectionAnswer extends ConnectionState {
  readonly name: string;
  readonly document: ConnectionsDocument[string];
  readonly version: number;
  readonly usedBy: readonly string[];
  readonly problems: readonly Problem[];
}
/** How a connection is, or a host that nodes call by its address, `host:api.example.com`, or a node to which links lead, `link:flow/node`. */
export interface ConnectionState {
  readonly state: 'unused' | 'open' | 'paused';
  /** Of a paused one: why, since when, and when it is tried again. */
  readonly reason?: Text;
  readonly since?: number;
  readonly probeAt?: number;
}
/** POST /connections/:name/try tries a paused one now instead of at its time. Answer: `ConnectionState`. */

/** POST /connections/:name/test (body: optional `document` to try before saving). */
export interface TestAnswer { readonly ok: boolean; readonly message: Text; readonly ms: number }

/** GET /secrets lists names only; PUT /secrets/:name { value }; DELETE. Values are never given out. */
export interface SecretList { readonly secrets: readonly { readonly name: string; readonly updatedAt: number; readonly usedBy: readonly string[] }[] }
/** GET /env; PUT /env/:name { value }; DELETE. */
export interface EnvList { readonly env: readonly { readonly name: string; readonly value: Json }[] }

/** POST /import { text, mode: 'look' | 'save', replace?: boolean }. Accepts one flow, an export of several, or Node-RED JSON (recognised and refused with reasons). */
export interface ImportRequest { readonly text: string; readonly mode: 'look' | 'save'; readonly rename?: { readonly [id: string]: string } }
export interface ImportAnswer {
  readonly kind: 'millrace' | 'node-red' | 'unknown';
  readonly flows: readonly { readonly id: string; readonly name: string; readonly nodes: number; readonly exists: boolean; readonly problems: readonly Problem[] }[];
  /** Connections that the flows use and the project lacks. */
  readonly missing: readonly { readonly name: string; readonly type: string }[];
  readonly problems: readonly Problem[];
  readonly saved: readonly string[];
}
/** POST /api/v1/backup: everything that the data folder holds, made while messages flow; answers when it is on disk and checked. */
export interface BackupAnswer {
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
  readonly files: number;
  /** Symbolic links, which are not in it, nor what they lead to. */
  readonly links: readonly string[];
  /** What was accepted before is in it. */
  readonly startedAt: number;
  /** `environment`: restoring needs the same MILLRACE_SECRET_KEY. */
  readonly key: 'key-file' | 'environment';
}
/** Where a context value is: of all flows (no flow), of a flow, or of a node of it. */
export interface ContextPlace { readonly flow?: string; readonly node?: string; readonly key: string }
export interface ContextScope { readonly flow?: string; readonly node?: string; readonly keys: number; readonly bytes: number }
export interface ContextEntry extends ContextPlace { readonly bytes: number; readonly updatedAt: number }
export interface ContextQuery { readonly flow?: string; readonly node?: string; readonly after?: string; readonly limit: number }
/** GET /api/v1/context?flow=&node=&after=&limit=: what all flows share, or what a flow and its nodes hold, by node and key. */
export interface ContextList { readonly scopes: readonly ContextScope[]; readonly entries: readonly ContextEntry[]; /** Where the next page begins. */ readonly next?: string }
/** GET /api/v1/context/global/:key, …/flow/:flow/:key, …/node/:flow/:node/:key: masked where personal. PUT { value } there, DELETE. */
export interface ContextValue extends ContextEntry { readonly value: unknown; readonly truncated: boolean }
/** GET /api/v1/audit?limit=&before=, newest first. */
export interface AuditList { readonly entries: readonly { readonly at: number; readonly by: string; readonly action: string; readonly subject: string; readonly details?: string }[] }
/** GET /export?flow=a&flow=b → one flow's canonical JSON for one id; else this. */
export interface ExportBundle { readonly format: 'millrace.export/1'; readonly flows: readonly Flow[]; readonly connections: ConnectionsDocument }

/** GET /flows/:id/nodes/:node/last: the last message that came in and that left each port, masked. */
export interface LastMessages { readonly input?: SeenMessage; readonly outputs: { readonly [port: string]: SeenMessage } }
export interface SeenMessage { readonly at: number; readonly runId: string; readonly body: unknown; readonly truncated: boolean }

/**
 * POST /flows/:id/nodes/:node/try { node, body? }: what the node would make of one message with this config, saved or not. Only of a type that is `tryable`. The flow gives its environment and a
 * copy of its context; nothing is sent on, counted or kept. Without a body it is the last message that came to the node; what was masked of that and is given back as it was shown stays whole.
 */
export interface TryRequest { readonly node: FlowNode; readonly body?: { readonly [key: string]: Json } }
export interface TryAnswer {
  /** held: it would wait at the node until `due`. dropped: it would end there by `rule`. */
  readonly outcome: 'done' | 'dropped' | 'held' | 'failed';
  readonly due?: number;
  readonly rule?: string;
  /** `line` and `column` of the code in `field`, from 1, as far as they are known. */
  readonly failure?: { readonly code: string; readonly message: Text; readonly field?: string; readonly line?: number; readonly column?: number };
  readonly input: SeenValue;
  /** By port: how many bodies, and the first ones of them. No count: more than are shown. */
  readonly outputs: { readonly [port: string]: TriedOutput };
  readonly logs: readonly { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly text: string; /** It stands for so many lines that were too many. */ readonly leftOut?: number }[];
  readonly status?: { readonly kind: 'good' | 'warn' | 'bad' | 'info'; readonly text: Text };
  /** What it would have written to the context. No value: deleted. */
  readonly writes: readonly { readonly scope: 'node' | 'flow' | 'global'; readonly key: string; readonly value?: SeenValue }[];
  readonly ms: number;
}
export interface TriedOutput { readonly count?: number; readonly bodies: readonly SeenValue[] }

/** Live channel: socket.io namespace `/live`. Client sends `watch` { flow } and gets `snapshot`, then the rest. */
export interface LiveServerEvents {
  snapshot(state: LiveSnapshot): void;
  /** Sampled, at most 10 a second. */
  counters(counters: LiveCounters): void;
  debug(batch: DebugBatch): void;
  /** Something about the flow's list, drafts, deploys or connections changed: fetch what you show again. */
  changed(what: { readonly kind: 'flow' | 'flows' | 'deploy' | 'connection'; readonly id: string; readonly version?: number; readonly by?: string }): void;
}
export interface LiveClientEvents {
  watch(request: { readonly flow: string | null }): void;
  /** Pauses or resumes the debug stream of this client. */
  debugPaused(paused: boolean): void;
}
export interface LiveSnapshot { readonly counters: LiveCounters; readonly debug: readonly DebugMessage[] }
export interface LiveCounters {
  readonly flow: string;
  readonly at: number;
  readonly state?: FlowState;
  readonly revision?: number;
  /** What rests in it takes as much disk as one flow may: nothing new is taken. */
  readonly isDiskFull?: true;
  readonly nodes: { readonly [node: string]: NodeCounters };
  readonly wires: { readonly [wire: string]: WireCounters };
  readonly connections: { readonly [name: string]: ConnectionState };
}
export interface NodeCounters {
  readonly done: number;
  readonly failed: number;
  readonly working: number;
  readonly waiting: number;
  readonly held: number;
  readonly deadLetters: number;
  /** Keys that wait for a person, behind a dead letter. */
  readonly keysHeld?: number;
  /** Paused connections and hosts that its messages wait for. */
  readonly paused?: readonly string[];
  readonly perSecond: number;
  readonly ms?: number;
  readonly status?: { readonly kind: 'good' | 'warn' | 'bad' | 'info'; readonly text: Text };
  /** A problem that keeps this node from running. */
  readonly problem?: Text;
}
export interface WireCounters {
  readonly passed: number;
  readonly waiting: number;
  readonly limit: number;
  readonly perSecond: number;
  /** How full it is by messages or bytes, whichever is more: 0 to 1. */
  readonly fill?: number;
  /** When the oldest waiting message was accepted, ms since 1970. */
  readonly oldestAt?: number;
  /** The oldest waits longer than the wire's `warnAge`. */
  readonly old?: boolean;
}
export interface DebugBatch { readonly messages: readonly DebugMessage[]; /** Not shown since the last batch, because there were more than are shown in a second. */ readonly skipped: number }
export interface DebugMessage {
  readonly id: number;
  readonly at: number;
  readonly flow: string;
  readonly node: string;
  readonly runId: string;
  readonly kind: 'debug' | 'failure' | 'log';
  readonly label: string;
  /** Masked where personal; values longer than the limit are cut and say so. */
  readonly value: unknown;
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  readonly truncated?: boolean;
}
