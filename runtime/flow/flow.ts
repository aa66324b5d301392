/** The flow document: pure data, the same in the file, the store, the API and the browser. */

export const FLOW_FORMAT = 'millrace.flow/1';

/** What a person reads, in both languages of the product. */
export interface Text { readonly en: string; readonly ru: string }

export type Delivery = 'durable' | 'memory';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value of a node's field: a literal, or exactly one of the `$` forms. A literal object with a `$` key is wrapped in `$literal`. */
export type FieldValue =
  | Json
  | { readonly $expr: string }
  | { readonly $template: string }
  | { readonly $env: string }
  | { readonly $secret: string }
  | { readonly $context: string }
  | { readonly $literal: Json };

export type FieldForm = 'literal' | '$expr' | '$template' | '$env' | '$secret' | '$context' | '$literal';

export interface EnvEntry { readonly type: 'text' | 'number' | 'boolean' | 'json'; readonly default?: Json; readonly description?: string }

export interface FlowNode {
  readonly type: string;
  readonly version: number;
  readonly name?: string;
  readonly config: { readonly [field: string]: FieldValue };
  /** Messages in work at once. */
  readonly concurrency?: number;
  /** At most so many per time, `"10/1m"`. */
  readonly rate?: string;
  /** Longest time of one call, `"30s"`. */
  readonly timeout?: string;
  /** Attempts before the failure is final; 1 means no retry. */
  readonly attempts?: number;
  readonly record?: boolean;
  /** Whether newer messages of a key wait behind a dead letter of it; `hold` when absent. */
  readonly afterDeadLetter?: 'hold' | 'continue';
  /** What is done when nobody knows whether a call did its work: `park` it for a person (when absent), or `retry` it. */
  readonly onUnknown?: 'park' | 'retry';
  readonly disabled?: boolean;
}

export interface Wire {
  /** `node.port` */
  readonly from: string;
  readonly to: string;
  readonly limit?: { readonly messages?: number; readonly bytes?: string };
  readonly whenFull?: 'hold' | 'drop' | 'dead-letter';
  readonly warnAge?: string;
  /** Path in the message whose value orders messages, for example `payload.phone`. */
  readonly key?: string;
  readonly order?: 'strict';
  readonly disabled?: boolean;
}

export interface Group { readonly title?: string; readonly nodes: readonly string[] }
export interface Note { readonly text: string; readonly at: readonly [number, number]; readonly size?: readonly [number, number] }

/** One flow. Unknown keys survive load, edit and save untouched. */
export interface Flow {
  readonly format: typeof FLOW_FORMAT;
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly delivery: Delivery;
  /** Where runs under way go on after a deploy: in the `newest` revision (when absent), or `pinned` to the one on which they began. */
  readonly runs?: 'newest' | 'pinned';
  readonly env?: { readonly [name: string]: EnvEntry };
  /** Connections by the name that nodes use, with the type they must have. */
  readonly uses?: { readonly [name: string]: string };
  readonly nodes: { readonly [id: string]: FlowNode };
  readonly wires: readonly Wire[];
  readonly groups?: { readonly [id: string]: Group };
  readonly notes?: { readonly [id: string]: Note };
  readonly layout: { readonly [id: string]: readonly [number, number] };
}

/** One entry of `flows/connections.json`, by name. */
export interface ConnectionDocument {
  readonly type: string;
  readonly config: { readonly [field: string]: FieldValue };
  /** At most so many calls by all nodes together, `"10/1s"`. */
  readonly rate?: string;
}
export type ConnectionsDocument = { readonly [name: string]: ConnectionDocument };

/** Where a problem is. All absent: the document itself. */
export interface Place {
  readonly flow?: string;
  readonly node?: string;
  /**
   * Of a node or connection: dotted path inside its config, or `@timeout` for a setting of the node itself.
   * Of a wire: the wire's own key. Else a dotted path inside the document.
   */
  readonly field?: string;
  /** Its `wireId`. */
  readonly wire?: string;
  readonly connection?: string;
  readonly line?: number;
  readonly column?: number;
}

/** An authoring mistake, as a value. `level` warning never stops a deploy. */
export interface Problem {
  readonly code: string;
  readonly level: 'error' | 'warning';
  readonly where: Place;
  readonly message: Text;
  readonly fix: Text;
}

export type Parsed<T> =
  | { readonly value: T; readonly problems: readonly Problem[] }
  | { readonly value: undefined; readonly problems: readonly Problem[] };

/** Splits `node.port`. */
export function splitEnd(end: string): { node: string; port: string } {
  const dot = end.indexOf('.');
  return dot < 0 ? { node: end, port: '' } : { node: end.slice(0, dot), port: end.slice(dot + 1) };
}

/** The port by which failures leave a node after the last attempt, when a wire begins there. Every action has it. */
export const ERROR_PORT = 'error';

/** The name of a wire in problems, counters and the API. */
export const wireId = (wire: Pick<Wire, 'from' | 'to'>): string => `${wire.from}->${wire.to}`;
