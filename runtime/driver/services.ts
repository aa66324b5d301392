import type { Clock } from '../clock.ts';
import type { Text } from '../flow/flow.ts';
import type { ProjectValues } from '../host.ts';
import type { Journal } from '../journal/journal.ts';
import type { Observers } from '../observe.ts';
import type { Random } from '../random.ts';
import type { Fetch, SandboxDoor } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import type { ConnectionDefinition, NodeDefinition } from '../sdk/define-node.ts';
import type { StepRecord, Store } from '../store/store.ts';
import type { Connections } from './connections.ts';
import type { HookRouter } from './hooks.ts';
import type { Run } from './message.ts';
import type { Locks } from './locks.ts';
import type { Replies } from './replies.ts';
import type { States } from './states.ts';
import type { Suspects } from './suspects.ts';
import type { Timers } from './timers.ts';

/** What is kept of runs: late at worst, never wrong. */
export interface RunHistory extends Pick<Store, 'findRun' | 'listRuns' | 'listSteps' | 'findDone' | 'listKin' | 'notesOf' | 'listReplays'> {
  /** Steps of memory mode; those of durable mode go through the journal's outbox. */
  add(steps: readonly StepRecord[]): void;
  /** Resolves when everything told before can be read. */
  flush(): Promise<void>;
}

/** Who follows a link: `key` is the same for the same call at every attempt, `hops` counts the links and feedback wires that led here. */
export interface LinkFrom { readonly message: string; readonly key: string; readonly hops: number; readonly timeoutMs: number; readonly signal: AbortSignal }
/** Links are whole: `flow/node`. */
export interface LinkDoor {
  /** Begins a run once for each key. */
  send(from: LinkFrom, link: string, body: Body): Promise<void>;
  /** Begins a run once for each key and body, and answers the message that it returns. */
  call(from: LinkFrom, link: string, body: Body): Promise<Body>;
}

/** What every flow runner shares. */
export interface Services {
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly observers: Observers;
  readonly values: ProjectValues;
  readonly timers: Timers;
  /** `low`: only what belongs to accepted messages may take more of the disk. */
  readonly disk: { readonly low: boolean };
  readonly suspects: Suspects;
  readonly connections: Connections;
  readonly hooks: HookRouter;
  readonly locks: Locks;
  readonly states: States;
  readonly replies: Replies;
  readonly sandbox: SandboxDoor;
  /** For code that a person tries: whatever it does, no deployed flow feels it. */
  readonly trials: SandboxDoor;
  readonly fetch: Fetch;
  readonly links: LinkDoor;
  readonly nodes: ReadonlyMap<string, NodeDefinition>;
  readonly connectionTypes: ReadonlyMap<string, ConnectionDefinition>;
  /** Sees every message that arrives at a node, for cases; absent in service. */
  readonly trace?: ((flow: string, node: string, body: Body) => void) | undefined;
  readonly history: RunHistory;
  /** Ended runs of memory mode; those of durable mode go through the journal's outbox. */
  ended(run: Run): void;
  /** The history pump may have something to fetch: a run ended, or a step of one that goes on is written. */
  outboxGrew(): void;
  /** A broken invariant: told to the operator, never swallowed. */
  bug(error: unknown, where: Text): void;
}
