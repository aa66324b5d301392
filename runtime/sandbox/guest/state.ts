/**
 * What lives inside the isolate, one of it for each function node. Everything in this folder is sent into the isolate as the text of its
 * exported functions and classes (`source.ts`): each may use the others by name and the language's own globals, and nothing else.
 */

/** How the host sets a function node up. */
export interface GuestConfig {
  readonly flow: string;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly outputs: number;
  readonly timeoutMs: number;
  /** Of that time it may compute. */
  readonly cpuMs: number;
  /** The code cannot make promises or timers, so that a whole batch runs in one turn. */
  readonly plain: boolean;
  /** Keys that may have changed after the code ran; null when the whole body crosses. */
  readonly back: readonly string[] | null;
  /** Those of them that came in: when one is absent afterwards, the code deleted it. */
  readonly came: readonly string[];
  readonly env: { readonly [name: string]: unknown };
  readonly hasSetup: boolean;
  /** The code is that of the node's end. */
  readonly isClosing: boolean;
  /** Of what the setup code makes, the code uses these. */
  readonly setupNames: readonly string[];
  /** By which the code calls its modules. */
  readonly moduleNames: readonly string[];
  readonly sliceMs: number;
  readonly partChars: number;
  /** An answer leaves whole up to `wholeChars`, a longer one in slices of `pieceChars`. */
  readonly wholeChars: number;
  readonly pieceChars: number;
  readonly outputChars: number;
  readonly bodiesMax: number;
  readonly logsMax: number;
  readonly logChars: number;
  readonly timersMax: number;
  /** The code may call servers or follow links. */
  readonly net?: NetRules;
}

export interface NetRules {
  /** Without it there is no `fetch`. */
  readonly servers: boolean;
  readonly links: boolean;
  /** GET and HEAD only. */
  readonly reads: boolean;
  /** For one message: how many, and how much they send. */
  readonly calls: number;
  readonly bodyBytes: number;
  /** Of what one message sends, this much goes along at once. */
  readonly smallBytes: number;
  /** Of one: address and headers. */
  readonly headChars: number;
}

/** What the code of one node asks of others: servers and link-in nodes. */
export interface Net {
  readonly rules: NetRules;
  ids: number;
  /** Those that have no answer yet, by id. */
  readonly open: Map<number, NetCall>;
  readonly used: Map<Call, { readonly calls: number; readonly bytes: number }>;
  /** What the host is asked at the end of the turn in work. */
  asked: { readonly call: Call; readonly text: string }[];
}
/** What comes of a call: that there is room for its body, or its end: a failure, a server's answer, or the text of a message. */
export interface HostAnswer { g?: 1; f?: readonly [code: string, en: string, ru: string]; s?: number; x?: string; u?: string; r?: 1; h?: readonly (readonly [string, string])[]; t?: string; b?: string; m?: string }
export interface NetCall {
  readonly call: Call;
  readonly method: string;
  /** Without what may be secret in it. */
  readonly url: string;
  /** Where in the code it was made. */
  readonly site: Error;
  readonly resolve: (answer: HostAnswer) => void;
  readonly reject: (error: unknown) => void;
  /** As text, until it is asked for. */
  body?: string;
}

export interface Timer {
  readonly id: number;
  readonly call: Call;
  due: number;
  /** Of an interval; 0 fires once. */
  readonly periodMs: number;
  /** Of `AbortSignal.timeout`: it bounds what the code does, and is nothing to wait for. */
  readonly isQuiet: boolean;
  readonly fire: () => void;
}

/** The messages of one crossing. */
export interface Batch {
  readonly rows: readonly (readonly [id: string, now: number, body: { [key: string]: unknown }, tags?: 0 | 1, state?: HeldState | null, traced?: 1])[];
  readonly calls: Call[];
  readonly timers: Timer[];
  /** Results handed to the host so far. */
  handed: number;
  /** How many it were before the last handing over, which can still be taken back. */
  handedBefore: number;
}

/** Texts of values by scope and key, those of the scopes that the code may use. null: deleted. */
export interface HeldState { readonly [scope: string]: { [key: string]: string | null } }

/** One message in work. */
export class Call {
  readonly id: string;
  readonly now: number;
  readonly msg: { [key: string]: unknown };
  readonly batch: Batch;
  startedAt = 0;
  /** Time that its code ran. */
  usedMs = 0;
  /** When the turn in work began; 0 when none is. */
  turnAt = 0;
  /** Texts of bodies by output; null while nothing was sent. */
  outputs: string[][] | null = null;
  bodies = 0;
  chars = 0;
  logs: string[] | null = null;
  logsLeftOut = 0;
  status: string | null = null;
  /** State of the seeded generator, made at its first use. */
  chance: number[] | null = null;
  /** What it may use of the context, with what it wrote. */
  readonly state: HeldState | null | undefined;
  /** Texts of what it wrote, by scope and key. */
  writes: Map<string, string> | null = null;
  liveTimers = 0;
  /** No message is in work, but what comes before the first or after the last. */
  beside: 'setup' | 'modules' | 'closing' | null = null;
  /** Values of the modules, once the code has named one. */
  modules: readonly unknown[] | null = null;
  /** The code has returned, and its promise, if it gave one, has settled. */
  returned = false;
  /** node.done() was called, or a promise of a message settled: timers are not waited for. */
  done = false;
  value: unknown = undefined;
  /** What ended the call: a throw, a refusal of the sandbox. */
  thrown: { readonly value: unknown } | null = null;
  /** Given to node.error with the message; it counts when nothing was sent. */
  reported: Error | null = null;
  /** The result's text, once the call has ended. */
  text: string | null = null;

  constructor([id, now, , , state]: Batch['rows'][number], msg: { [key: string]: unknown }, batch: Batch) {
    this.id = id;
    this.now = now;
    this.state = state;
    this.msg = msg;
    this.batch = batch;
  }
}

/** A function node, as the host tells of it: what may have changed between the first and it, and how many other nodes stand before it, behind the one before it. */
export interface StageConfig { readonly config: GuestConfig; readonly whole: Pick<GuestConfig, 'back' | 'came'>; readonly codes: number }

/** What a node of another type makes of a message; undefined when that is not certain (`RowCode`). */
export type Between = (msg: Call['msg']) => Call['msg'] | undefined;

/** One node's code. While `setup` has not run, `user` is what makes the code of the values that it gives. `before`: what a message goes through to come here. */
export interface Stage { readonly config: GuestConfig; readonly whole: GuestConfig; readonly before: readonly Between[]; user: Guest['user']; setup?: (() => unknown) | null }

export interface Guest {
  /** Of the node whose code runs. */
  config: GuestConfig;
  user: (msg: { [key: string]: unknown }) => unknown;
  /** Nodes in a row that were made one: each with its code. Most often there is one. */
  readonly stages: readonly Stage[];
  /** Of the node whose code runs and those before it together: what may have changed since the first. */
  whole: GuestConfig;
  /** Loads the modules of the node anew. */
  readonly loadModules: ((scope: object, refuse: (kind: 'builtin' | 'dynamic', name: unknown) => never) => readonly unknown[]) | null;
  /** The real clock, which only the guest's own code sees. */
  readonly wallNow: () => number;
  readonly wire: Wire;
  readonly harden: (roots: readonly unknown[]) => void;
  readonly batches: Map<number, Batch>;
  /** The message whose code runs: what the API's functions act upon. */
  current: Call | null;
  timerIds: number;
  /** The turns since `step`, by the message whose code ran, none in an empty one; until when more may follow at once, and how much waits to be handed over. */
  turns: { readonly calls: (Call | null)[]; readonly until: number; chars: number };
  /** Only with the grant. */
  readonly net?: Net;
  /** Characters of large results in the answer that is being made. */
  large: number;
  /** Answers of which a part has left, by the number of their batch. */
  readonly leaving: Map<number, { readonly answer: string; at: number }>;
  /** Number of a batch that is done and is forgotten at the next step. */
  finished: number;
}

/** Tells dates and bytes whose `toJSON` runs that a body is being written, and hears from them that it holds such a value. */
export interface Wire {
  writing: boolean;
  special: boolean;
  readonly bytes: (base64: string) => Uint8Array;
}
