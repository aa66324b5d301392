import type { Text } from './flow.ts';
import type { NodeInfo, PortField, PortInfo, PortType } from './node-info.ts';
import { own } from './own.ts';

/** Why what leaves one port does not fit another, or undefined when it fits. An unknown type and "any" always fit. */
export function whyNotFit(from: PortType | undefined, to: PortType | undefined): Text | undefined {
  return misfit(from, to, '');
}

function misfit(from: PortType | undefined, to: PortType | undefined, path: string): Text | undefined {
  if (!from || !to || from.type === 'any' || to.type === 'any') return undefined;
  if (from.type !== to.type) return wrongKind(from, to, path);
  if (from.type === 'list' && to.type === 'list') return misfit(from.items, to.items, `${path}[]`);
  if (from.type === 'record' && to.type === 'record') return recordMisfit(from.fields, to.fields, path);
  return undefined;
}

type RecordFields = { readonly [name: string]: PortField } | undefined;

function recordMisfit(from: RecordFields, to: RecordFields, path: string): Text | undefined {
  if (!from || !to) return undefined;
  for (const [name, needed] of Object.entries(to)) {
    const inside = path === '' ? name : `${path}.${name}`;
    const given = own(from, name);
    const why = given ? misfit(given, needed, inside) : needed.optional ? undefined : absent(inside, needed);
    if (why) return why;
  }
  return undefined;
}

function wrongKind(from: PortType, to: PortType, path: string): Text {
  const [needs, gets] = [typeName(to), typeName(from)];
  const at = path === '' ? '' : `${path}: `;
  return { en: `${at}needs ${needs.en}, gets ${gets.en}`, ru: `${at}нужен тип «${needs.ru}», приходит «${gets.ru}»` };
}

function absent(path: string, needed: PortType): Text {
  if (needed.type === 'any') return { en: `${path} is missing`, ru: `нет ${path}` };
  const needs = typeName(needed);
  return { en: `${path} is missing, needs ${needs.en}`, ru: `нет ${path}, нужен тип «${needs.ru}»` };
}

const NAMES: { readonly [type in PortType['type']]: Text } = {
  any: { en: 'anything', ru: 'что угодно' },
  text: { en: 'text', ru: 'текст' },
  number: { en: 'number', ru: 'число' },
  boolean: { en: 'yes or no', ru: 'да или нет' },
  bytes: { en: 'bytes', ru: 'байты' },
  list: { en: 'list', ru: 'список' },
  record: { en: 'record', ru: 'запись' },
};

export function typeName(type: PortType | undefined): Text {
  if (type?.type !== 'list' || !type.items || type.items.type === 'any') return NAMES[type?.type ?? 'any'];
  const items = typeName(type.items);
  return { en: `list of ${items.en}`, ru: `список: ${items.ru}` };
}

/** What a wire's colour says. */
export type WireKind = 'any' | 'record' | 'list' | 'text' | 'number' | 'bytes';

/** The colour kind of a node's port: of `payload` where it is known, else of the whole body. */
export function wireType(info: Pick<NodeInfo, 'inputs' | 'outputs'>, port: string): WireKind {
  const found: PortInfo | undefined = own(info.outputs.fixed, port) ?? own(info.inputs, port);
  return kindOf(payloadOf(found?.body) ?? found?.body);
}

function payloadOf(body: PortType | undefined): PortType | undefined {
  return body?.type === 'record' ? own(body.fields, 'payload') : undefined;
}

const kindOf = (type: PortType | undefined): WireKind => (type === undefined ? 'any' : type.type === 'boolean' ? 'number' : type.type);

const DEPTH_MAX = 6; // deeper parts of a sample stay "any": nobody reads a type that deep
const ITEMS_MAX = 20; // of a list that are looked at
const FIELDS_MAX = 100; // of a record that are named

/** The type of a body, inferred from a sample of it. */
export function bodyTypeOf(sample: unknown, depth = 0): PortType {
  switch (typeof sample) {
    case 'string': return { type: 'text' };
    case 'number': case 'bigint': return { type: 'number' };
    case 'boolean': return { type: 'boolean' };
    default:
  }
  if (sample instanceof Uint8Array) return { type: 'bytes' };
  if (typeof sample !== 'object' || sample === null || sample instanceof Date || depth >= DEPTH_MAX) return { type: 'any' };
  if (Array.isArray(sample)) return listType(sample, depth);
  const fields = Object.entries(sample).slice(0, FIELDS_MAX).map(([name, value]) => [name, bodyTypeOf(value, depth + 1)]);
  return { type: 'record', fields: Object.fromEntries(fields) as { readonly [name: string]: PortField } };
}

function listType(list: readonly unknown[], depth: number): PortType {
  const [first, ...others] = list.slice(0, ITEMS_MAX).map((item) => bodyTypeOf(item, depth + 1));
  return first ? { type: 'list', items: others.reduce(merged, first) } : { type: 'list' };
}

/** The narrowest type that both fit. A field that only one of them has is optional. */
function merged(a: PortType, b: PortType): PortType {
  if (a.type !== b.type) return { type: 'any' };
  if (a.type === 'list' && b.type === 'list') return a.items && b.items ? { type: 'list', items: merged(a.items, b.items) } : a.items ? a : b;
  if (a.type !== 'record' || b.type !== 'record') return a;
  const [left, right] = [a.fields ?? {}, b.fields ?? {}];
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return { type: 'record', fields: Object.fromEntries(names.map((name) => [name, mergedField(own(left, name), own(right, name))])) };
}

function mergedField(a: PortField | undefined, b: PortField | undefined): PortField {
  if (a && b) return { ...merged(a, b), ...((a.optional || b.optional) && { optional: true }) };
  return { ...(a ?? b ?? { type: 'any' }), optional: true };
}
