/** What travels along wires. The envelope is the system's; the body is the flow's. Both are immutable. */

/** An open record; `payload` and `topic` by convention. */
export interface Body { readonly payload?: unknown; readonly topic?: unknown; readonly [key: string]: unknown }

export interface Envelope {
  /** Deterministic: the same message of the same run has the same id on every attempt and after every restart. */
  readonly id: string;
  readonly runId: string;
  readonly parentIds: readonly string[];
  readonly correlationId: string;
  /** Messages of one key stay in order. */
  readonly key?: string;
  /** 1 at the first call of this node for this message. */
  readonly attempt: number;
  /** When the run's first message was accepted, ms since 1970. */
  readonly receivedAt: number;
  /** When the call must have ended, ms since 1970. */
  readonly deadline: number;
}

const PORTS = Symbol('ports');

/** Bodies by output port. Made by `toPorts` only, so that a body is never taken for it. */
export interface ToPorts { readonly [PORTS]: { readonly [port: string]: Body | readonly Body[] | undefined } }

/** Sends bodies to named ports instead of the only one. */
export const toPorts = (bodies: { readonly [port: string]: Body | readonly Body[] | undefined }): ToPorts => ({ [PORTS]: bodies });
export const isToPorts = (value: unknown): value is ToPorts => typeof value === 'object' && value !== null && PORTS in value;
export const portsOf = (value: ToPorts): { readonly [port: string]: Body | readonly Body[] | undefined } => value[PORTS];

const HOLD = Symbol('hold');

/** The message stays at this node, in the journal, until its due time; then the node is called again with `ctx.resumed`. */
export interface Hold { readonly [HOLD]: number }
export const holdUntil = (dueMs: number): Hold => ({ [HOLD]: dueMs });
export const isHold = (value: unknown): value is Hold => typeof value === 'object' && value !== null && HOLD in value;
export const dueOf = (value: Hold): number => value[HOLD];

const DROP = Symbol('drop');

/** The message ends here by a named rule of the node (a filter, a window), which is not a failure. */
export interface Drop { readonly [DROP]: string }
export const drop = (rule: string): Drop => ({ [DROP]: rule });
export const isDrop = (value: unknown): value is Drop => typeof value === 'object' && value !== null && DROP in value;
export const ruleOf = (value: Drop): string => value[DROP];
