import { holds } from '../flow/evaluate-rule.ts';
import { formOf, formText, isMalformedForm, literalOf } from '../flow/field-form.ts';
import type { FieldValue, Json } from '../flow/flow.ts';
import type { FieldInfo } from '../flow/node-info.ts';
import { isRecord } from '../flow/own.ts';
import { Computed, Secret, type Moment } from '../sdk/field.ts';
import type { Body } from '../sdk/message.ts';
import type { CompiledPath } from '../sdk/path.ts';
import { compileTemplate } from '../sdk/template.ts';
import { coerce, missing, unusable } from './coerce.ts';
import { compileExpression } from './expression.ts';

export type Config = { readonly [field: string]: unknown };

/** A node's config, made ready at deploy. */
export interface CompiledConfig {
  /** Nothing in it depends on the message: `value` answers the same frozen config each time. */
  readonly static: boolean;
  /** What `prepare` gets: what depends on the message is undefined. */
  readonly atDeploy: Config;
  /** The config for one message. A promise only where an expression that is not a plain path has to be worked out. */
  value(body: Body, moment?: Moment): Config | Promise<Config>;
}

/** Where a config's references lead. */
export interface ConfigHost {
  readonly env: (name: string) => Json | undefined;
  readonly secret: (name: string) => Promise<string | undefined> | string | undefined;
  /** Value of the flow's context; absent where there is none. */
  readonly context?: (name: string) => unknown;
}

/**
 * Compiles a config against the fields that its type declares: checks literals and fills in defaults, turns durations and
 * sizes into numbers, resolves env and secrets, compiles expressions and templates. Throws a `NodeFailure`: `config.value`
 * with the field, `expression.syntax` or `template.syntax`.
 */
export async function compileConfig(fields: { readonly [name: string]: FieldInfo }, config: { readonly [field: string]: FieldValue }, host: ConfigHost): Promise<CompiledConfig> {
  const part = await fieldsPart(fields, config, { host, path: '' });
  if ('value' in part) {
    const value = deepFreeze(part.value) as Config;
    return { static: true, atDeploy: value, value: () => value };
  }
  return { static: false, atDeploy: deepFreeze(part.atDeploy) as Config, value: part.resolve as CompiledConfig['value'] };
}

/** A part of a config: the same for every message, or resolved for each. */
type Part =
  | { readonly value: unknown }
  | { readonly resolve: (body: Body, moment?: Moment) => unknown; readonly atDeploy: unknown; /** It is the value at this path. */ readonly path?: CompiledPath | undefined };

interface Spot { readonly host: ConfigHost; readonly path: string }

async function fieldsPart(fields: { readonly [name: string]: FieldInfo }, config: Config, spot: Spot): Promise<Part> {
  const entries: [string, Part][] = [];
  for (const [name, info] of Object.entries(fields)) {
    const inside: Spot = { host: spot.host, path: spot.path === '' ? name : `${spot.path}.${name}` };
    // A hidden field holds what was typed before a choice changed, and nobody could correct it.
    const hidden = info.visible !== undefined && !holds(info.visible, config, fields);
    const written = hidden || config[name] === undefined ? info.default : config[name];
    entries.push([name, hidden && written === undefined ? { value: undefined } : await valuePart(written, info, inside)]);
  }
  return recordOf(entries);
}

async function valuePart(value: unknown, info: FieldInfo, spot: Spot): Promise<Part> {
  if (value === undefined) return { value: missing(info, spot.path) };
  if (info.kind === 'expression') return { value: computed(await formPart('$expr', String(literalOf(value)), { info, spot })) };
  const form = formOf(value);
  const part = form === 'literal' || form === '$literal' ? await literalPart(value, info, spot) : await formPart(form, formText(value) ?? '', { info, spot });
  return info.lazy ? { value: computed(part) } : part;
}

function computed(part: Part): Computed {
  return 'value' in part ? new Computed(() => part.value, { constant: { value: deepFreeze(part.value) } }) : new Computed(part.resolve, { path: part.path });
}

async function literalPart(value: unknown, info: FieldInfo, spot: Spot): Promise<Part> {
  const literal = literalOf(value);
  if (isMalformedForm(value)) throw unusable(info, spot.path, { got: value, wanted: { en: 'one whole $ form', ru: 'ровно одна форма с $' } });
  if (info.kind === 'list' && Array.isArray(literal) && info.items) return listPart(literal, info.items, spot);
  if (info.kind === 'record' && isRecord(literal) && info.fields) return fieldsPart(info.fields, literal, spot);
  if (info.kind === 'map' && isRecord(literal) && info.items) return mapPart(literal, info.items, spot);
  // Inside free JSON each place may hold a form, unless the whole is marked as a literal.
  if ((info.kind === 'json' || info.kind === 'any') && formOf(value) === 'literal' && typeof literal === 'object' && literal !== null) return jsonPart(literal, spot);
  return { value: coerce(literal, info, spot.path) };
}

async function jsonPart(value: object, spot: Spot): Promise<Part> {
  const inside: FieldInfo = { kind: 'any', title: { en: '', ru: '' } };
  return Array.isArray(value) ? listPart(value, inside, spot) : mapPart(value as Config, inside, spot);
}

async function listPart(list: readonly unknown[], items: FieldInfo, spot: Spot): Promise<Part> {
  const parts: Part[] = [];
  for (const [i, item] of list.entries()) parts.push(await valuePart(item, items, { host: spot.host, path: `${spot.path}.${i}` }));
  const record = recordOf(parts.map((part, i) => [String(i), part]));
  const asList = (values: unknown): unknown[] => parts.map((_, i) => (values as Config)[i]);
  if ('value' in record) return { value: asList(record.value) };
  return {
    atDeploy: asList(record.atDeploy),
    resolve: (body, moment) => then(record.resolve(body, moment), asList),
  };
}

async function mapPart(map: Config, items: FieldInfo, spot: Spot): Promise<Part> {
  const entries: [string, Part][] = [];
  for (const [name, item] of Object.entries(map)) entries.push([name, await valuePart(item, items, { host: spot.host, path: `${spot.path}.${name}` })]);
  return recordOf(entries);
}

/** Parts by name as one: what never changes is laid down once, and promises are waited for together. */
function recordOf(entries: readonly (readonly [string, Part])[]): Part {
  const fixed: { [name: string]: unknown } = {};
  const moving: [string, Exclude<Part, { readonly value: unknown }>][] = [];
  for (const [name, part] of entries) {
    if ('value' in part) fixed[name] = part.value;
    else moving.push([name, part]);
  }
  if (moving.length === 0) return { value: fixed };
  const resolve = (body: Body, moment?: Moment): unknown => {
    const out = { ...fixed };
    const waiting: Promise<void>[] = [];
    for (const [name, part] of moving) {
      const value = part.resolve(body, moment);
      if (value instanceof Promise) waiting.push(value.then((each) => { out[name] = each; }));
      else out[name] = value;
    }
    return waiting.length === 0 ? out : Promise.all(waiting).then(() => out);
  };
  return { resolve, atDeploy: { ...fixed, ...Object.fromEntries(moving.map(([name, part]) => [name, part.atDeploy])) } };
}

interface Field { readonly info: FieldInfo; readonly spot: Spot }

async function formPart(form: string, text: string, field: Field): Promise<Part> {
  const { info, spot: { host, path } } = field;
  switch (form) {
    case '$expr': {
      const expression = compileExpression(text, { env: host.env });
      return { ...eachTime((body, moment) => expression.evaluate(body, moment), field), ...(isFree(info) && { path: expression.path }) };
    }
    case '$template': {
      const template = compileTemplate(text, { env: host.env, escape: info.escape ?? 'none' });
      return eachTime((body) => template.render(body), field);
    }
    case '$context': return eachTime(() => contextValue(text, field), field);
    case '$env': {
      const value = host.env(text);
      if (value !== undefined) return { value: coerce(value, info, path) };
      if (info.default !== undefined) return { value: coerce(info.default, info, path) };
      throw unusable(info, path, { got: undefined, wanted: { en: `the environment value ${text}, which is not set`, ru: `переменная окружения ${text}, которая не задана` } });
    }
    default: {
      const value = await host.secret(text);
      if (value === undefined) throw unusable(info, path, { got: undefined, wanted: { en: `the secret ${text}, which does not exist`, ru: `секрет ${text}, которого нет` } });
      return { value: new Secret(value) };
    }
  }
}

function contextValue(name: string, { info, spot: { host, path } }: Field): unknown {
  if (host.context) return host.context(name);
  throw unusable(info, path, { got: undefined, wanted: { en: `the context value ${name}, which cannot be had here`, ru: `значение контекста ${name}, недоступное здесь` } });
}

/** A value made for each message, with the type that the field wants. */
function eachTime(make: (body: Body, moment?: Moment) => unknown, { info, spot }: Field): Exclude<Part, { readonly value: unknown }> {
  const free = isFree(info);
  const accept = (value: unknown): unknown => (free ? value : coerce(value ?? info.default, info, spot.path));
  return { atDeploy: undefined, resolve: free ? make : (body, moment) => then(make(body, moment), accept) };
}

const isFree = ({ kind }: FieldInfo): boolean => kind === 'any' || kind === 'json' || kind === 'expression';

const then = (value: unknown, next: (value: unknown) => unknown): unknown => (value instanceof Promise ? value.then(next) : next(value));

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  if (value instanceof Secret || value instanceof Computed) return value;
  for (const each of Object.values(value)) deepFreeze(each);
  return Object.freeze(value);
}
