/** What travels along wires. The envelope is the system's; the body is the flow's. Both are immutable. */

/** An open record; `payload` and `topic` by convention. */
export interface Body { readonly payload?: unknown; readonly topic?: unknown; readonly [key: string]: unknown }

export interface EnvelopeFields {
  /** Deterministic: the same message of the same run has the same id on every attempt and after every restart. */
  readonly id: string;
  readonly runId: string;
  readonly parentIds: readonly string[];
  readonly correlationId: string;
  /** Messages of one key stay in order. */
  readonly key?: string | undefined;
  /** 1 at the first call of this node for this message. */
  readonly attempt: number;
  /** When the run's first message was accepted, ms since 1970. */
  readonly receivedAt: number;
  /** When the call must have ended, ms since 1970. */
  readonly deadline: number;
}

/** Each field is made when it is read, so that a message whose fields nobody reads costs nothing: `{ ...ctx.envelope }` therefore copies none of them, `ctx.envelope.toJSON()` all. */
export interface Envelope extends EnvelopeFields {
  /** A plain object with all fields as they are now. `JSON.stringify` uses it. */
  toJSON(): EnvelopeFields;
}

/** What a handler answers that is no body. One class above all of them: a body, the usual answer, is told from them by one check. */
class Directive {}
export const isDirective = (value: unknown): value is Directive => value instanceof Directive;

/** Bodies by output port. Made by `toPorts` only, so that a body is never taken for it. */
export class ToPorts extends Directive {
  readonly bodies: PortBodies;
  constructor(bodies: PortBodies) {
    super();
    this.bodies = bodies;
  }
}
export interface PortBodies { readonly [port: string]: Body | readonly Body[] | undefined }

/** Sends bodies to named ports instead of the only one. */
export const toPorts = (bodies: PortBodies): ToPorts => new ToPorts(bodies);
export const isToPorts = (value: unknown): value is ToPorts => value instanceof ToPorts;
export const portsOf = (value: ToPorts): PortBodies => value.bodies;

/** The message stays at this node, in the journal, until its due time; then the node is called again with `ctx.resumed`. */
export class Hold extends Directive {
  readonly dueMs: number;
  constructor(dueMs: number) {
    super();
    this.dueMs = dueMs;
  }
}
export const holdUntil = (dueMs: number): Hold => new Hold(dueMs);
export const isHold = (value: unknown): value is Hold => value instanceof Hold;
export const dueOf = (value: Hold): number => value.dueMs;

/** Very many bodies for the default port, made while they are sent. */
export class Many extends Directive {
  readonly from: (index: number) => Iterable<Body> | AsyncIterable<Body>;
  constructor(from: Many['from']) {
    super();
    this.from = from;
  }
}
/**
 * Sends as many bodies as `from` yields, in chunks that are each written in one step: after a crash it goes on where the last one ended.
 * `from(n)` begins at the body of place n, and gives the same ones every time. A failure while it yields ends the message; what was sent before stays sent.
 */
export const many = (from: Many['from']): Many => new Many(from);
export const isMany = (value: unknown): value is Many => value instanceof Many;

/** The message ends here by a named rule of the node (a filter, a window), which is not a failure. */
export class Drop extends Directive {
  readonly rule: string;
  constructor(rule: string) {
    super();
    this.rule = rule;
  }
}
export const drop = (rule: string): Drop => new Drop(rule);
export const isDrop = (value: unknown): value is Drop => value instanceof Drop;
export const ruleOf = (value: Drop): string => value.rule;
