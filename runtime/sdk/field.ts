import type { Json, Text } from '../flow/flow.ts';
import type { Condition, FieldInfo } from '../flow/node-info.ts';
import type { Body, EnvelopeFields } from './message.ts';
import type { CompiledPath } from './path.ts';

declare const TYPE: unique symbol;
/** A field's description that carries the TypeScript type of its resolved value. */
export type Field<T> = FieldInfo & { readonly [TYPE]?: T };
export type Fields = { readonly [name: string]: Field<unknown> };
export type ConfigOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

interface Common {
  readonly help?: Text;
  readonly placeholder?: string;
  readonly advanced?: boolean;
  readonly personal?: boolean;
  readonly visible?: Condition;
}
type Dynamic = readonly ('$expr' | '$template' | '$env' | '$secret' | '$context')[];
type Options<T> = Common & { readonly default?: T; readonly required?: boolean; readonly dynamic?: Dynamic };
/** A field with a default or `required` always has a value; any other may be undefined. */
type Resolved<T, O> = O extends { readonly required: true } | { readonly default: unknown } ? T : T | undefined;

const make = <T>(kind: FieldInfo['kind'], title: Text, rest: object = {}): Field<T> => ({ kind, title, ...rest }) as Field<T>;
/** What a field may hold besides a literal, when its author says nothing. */
const ANY_FORM: Dynamic = ['$expr', '$template', '$env', '$context'];
const DEPLOY_FORM: Dynamic = ['$env'];

/** The builders of fields: one for each kind of control that the inspector has. */
export const field = {
  /** One line of text. May hold an expression, template, env or context value. */
  text: <const O extends Options<string> & { readonly pattern?: string; readonly escape?: 'url'; readonly suggest?: 'modules' | 'links' }>(title: Text, options?: O): Field<Resolved<string, O>> => make('text', title, { dynamic: ANY_FORM, ...options }),
  multiline: <const O extends Options<string>>(title: Text, options?: O): Field<Resolved<string, O>> => make('multiline', title, { dynamic: ANY_FORM, ...options }),
  integer: <const O extends Options<number> & { readonly min?: number; readonly max?: number }>(title: Text, options?: O): Field<Resolved<number, O>> => make('integer', title, { dynamic: ANY_FORM, ...options }),
  number: <const O extends Options<number> & { readonly min?: number; readonly max?: number }>(title: Text, options?: O): Field<Resolved<number, O>> => make('number', title, { dynamic: ANY_FORM, ...options }),
  boolean: <const O extends Options<boolean>>(title: Text, options?: O): Field<Resolved<boolean, O>> => make('boolean', title, { dynamic: DEPLOY_FORM, ...options }),
  /** One of named values; fixed at deploy, because ports and visibility may hang on it. */
  choice: <const C extends readonly { readonly value: string; readonly title: Text }[], const O extends Options<C[number]['value']>>(title: Text, choices: C, options?: O): Field<Resolved<C[number]['value'], O>> => make('choice', title, { choices, ...options }),
  /** `"30s"`, `"5m"`, `"2h"`, `"3d"`, resolved to milliseconds. */
  duration: <const O extends Options<string>>(title: Text, options?: O): Field<Resolved<number, O>> => make('duration', title, { dynamic: ANY_FORM, ...options }),
  /** `"64KB"`, `"1MB"`, resolved to bytes. */
  size: <const O extends Options<string>>(title: Text, options?: O): Field<Resolved<number, O>> => make('size', title, { dynamic: DEPLOY_FORM, ...options }),
  list: <T, const O extends Options<readonly unknown[]>>(title: Text, items: Field<T>, options?: O): Field<Resolved<readonly T[], O>> => make('list', title, { items, ...options }),
  record: <F extends Fields, const O extends Options<Json>>(title: Text, fields: F, options?: O): Field<ConfigOf<F>> => make('record', title, { fields, ...options }),
  /** Named values of one kind, for example headers. */
  map: <T, const O extends Options<{ readonly [name: string]: unknown }>>(title: Text, items: Field<T>, options?: O): Field<Resolved<{ readonly [name: string]: T }, O>> => make('map', title, { items, ...options }),
  json: <const O extends Options<Json>>(title: Text, options?: O): Field<Resolved<Json, O>> => make('json', title, { dynamic: ANY_FORM, ...options }),
  /** Source text in an editor with highlighting; never resolved, whatever it contains. */
  code: <const O extends Options<string>>(title: Text, language: 'javascript' | 'json' | 'sql' | 'template' | 'jsonata', options?: O): Field<Resolved<string, O>> => make('code', title, { language, ...options }),
  /** Only by `$secret` (or `$env`); resolved to a `Secret`. */
  secret: <const O extends Options<never>>(title: Text, options?: O): Field<Resolved<Secret, O>> => make('secret', title, { secret: true, dynamic: ['$secret', '$env'], ...options }),
  /** The name under which the flow `uses` a connection of this type. */
  connection: <const O extends Options<string>>(title: Text, type: string, options?: O): Field<Resolved<string, O>> => make('connection', title, { connection: type, ...options }),
  /** A dotted path into the body, `payload.phone`; never resolved. */
  path: <const O extends Options<string>>(title: Text, options?: O): Field<Resolved<string, O>> => make('path', title, options),
  /** Any JSON value or `$` form, resolved for each message. */
  any: <const O extends Options<Json>>(title: Text, options?: O): Field<unknown> => make('any', title, { dynamic: [...ANY_FORM, '$secret'], ...options }),
  /** The source of a JSONata expression, most often a plain path such as `payload.phone`. */
  expression: <const O extends Options<string>>(title: Text, options?: O): Field<Resolved<Computed, O>> => make('expression', title, { lazy: true, ...options }),
  /** Any JSON value or `$` form that the node works out itself, so that a later step sees what an earlier one changed. */
  computed: <const O extends Options<Json>>(title: Text, options?: O): Field<Resolved<Computed, O>> => make('any', title, { dynamic: ANY_FORM, lazy: true, ...options }),
  /** Ids of nodes of the same flow. */
  nodes: <const O extends Options<readonly string[]>>(title: Text, options?: O): Field<Resolved<readonly string[], O>> => make('nodes', title, options),
};

/** What an expression sees of the call besides the body. */
export interface Moment { readonly clock: { now(): number }; readonly envelope?: EnvelopeFields }

/** A value that the node works out itself. A plain path and a literal answer at once; any other expression answers with a promise. */
export class Computed {
  readonly evaluate: (body: Body, moment?: Moment) => unknown;
  /** Present when the value is the same for every message. */
  readonly constant: { readonly value: unknown } | undefined;
  /** Present when it is nothing but a path: where that finds something, this is the value. */
  readonly path: CompiledPath | undefined;
  constructor(evaluate: (body: Body, moment?: Moment) => unknown, { constant, path }: { readonly constant?: Computed['constant']; readonly path?: CompiledPath | undefined } = {}) {
    this.evaluate = evaluate;
    this.constant = constant;
    this.path = path;
  }
}

/** A secret's value, which no log, debug message or JSON ever shows. */
export class Secret {
  readonly #value: string;
  constructor(value: string) { this.#value = value; }
  reveal(): string { return this.#value; }
  toJSON(): string { return '•••'; }
  toString(): string { return '•••'; }
}
