import { own } from '../../runtime/flow/own.ts';
import type { PortType } from '../../runtime/flow/node-info.ts';

/** What is known of a value: kinds it may have, and what is inside. `isAny`: nobody says. */
export interface Shape {
  readonly isAny?: true;
  readonly plain?: readonly Plain[];
  readonly items?: Shape;
  readonly fields?: Fields;
  /** Of a record whose keys are data, such as ids. */
  readonly values?: Shape;
}
type Plain = 'string' | 'number' | 'boolean' | 'bigint' | 'Date' | 'Buffer' | 'null';
interface Fields { readonly [name: string]: { readonly shape: Shape; readonly isOptional: boolean } }

export const ANY: Shape = { isAny: true };
const NOTHING: Shape = {};
const DEPTH_MAX = 8; // nobody reads a type that deep
const ITEMS_MAX = 50; // of a list that are looked at
const FIELDS_MAX = 60; // a record with more is a table whose keys are data

/** The shape of a value as the API shows it: bytes, dates and big integers come as `$bytes`, `$date` and `$bigint`. */
export function shapeOf(value: unknown, depth = 0): Shape {
  if (value === null) return { plain: ['null'] };
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { plain: [typeof value as Plain] };
  if (typeof value !== 'object' || depth >= DEPTH_MAX) return ANY;
  if (Array.isArray(value)) return { items: value.slice(0, ITEMS_MAX).map((item) => shapeOf(item, depth + 1)).reduce(union, NOTHING) };
  const special = specialOf(value as { readonly [key: string]: unknown });
  if (special) return { plain: [special] };
  const shapes = Object.entries(value).map(([name, each]) => [name, shapeOf(each, depth + 1)] as const);
  if (shapes.length > FIELDS_MAX) return { values: shapes.map(([, shape]) => shape).reduce(union, NOTHING) };
  return { fields: Object.fromEntries(shapes.map(([name, shape]) => [name, { shape, isOptional: false }])) };
}

function specialOf(record: { readonly [key: string]: unknown }): Plain | undefined {
  const [key = '', ...more] = Object.keys(record);
  return more.length > 0 ? undefined : own({ $bytes: 'Buffer', $date: 'Date', $bigint: 'bigint' } as const, key);
}

/** The shape that a port declares. */
export function shapeOfPort(type: PortType | undefined): Shape {
  switch (type?.type) {
    case 'text': return { plain: ['string'] };
    case 'number': case 'boolean': return { plain: [type.type] };
    case 'bytes': return { plain: ['Buffer'] };
    case 'list': return { items: type.items ? shapeOfPort(type.items) : ANY };
    case 'record': return type.fields ? { fields: Object.fromEntries(Object.entries(type.fields).map(([name, field]) => [name, { shape: shapeOfPort(field), isOptional: field.optional === true }])) } : { values: ANY };
    default: return ANY;
  }
}

/** What is either of both. A field that only one of them has is optional. */
export function union(a: Shape, b: Shape): Shape {
  return a.isAny || b.isAny ? ANY : combined(a, b, { inside: union, isFirstRight: false });
}

/** What was declared, and where that says nothing or something else came, what came. */
export function refined(declared: Shape, seen: Shape): Shape {
  return declared.isAny ? seen : seen.isAny ? declared : combined(declared, seen, { inside: refined, isFirstRight: true });
}

/** `isFirstRight`: a field that the first one has is needed or not as that says. */
interface How { readonly inside: (a: Shape, b: Shape) => Shape; readonly isFirstRight: boolean }

function combined(a: Shape, b: Shape, how: How): Shape {
  const { inside } = how;
  const plain = [...new Set([...a.plain ?? [], ...b.plain ?? []])];
  const items = both(a.items, b.items, inside);
  const isTable = a.values !== undefined || b.values !== undefined;
  const values = isTable ? [a, b].flatMap((each) => [...each.values ? [each.values] : [], ...Object.values(each.fields ?? {}).map(({ shape }) => shape)]).reduce(inside) : undefined;
  const fields = isTable ? undefined : a.fields && b.fields ? combinedFields(a.fields, b.fields, how) : a.fields ?? b.fields;
  return { ...(plain.length > 0 && { plain }), ...(items && { items }), ...(fields && { fields }), ...(values && { values }) };
}

function combinedFields(a: Fields, b: Fields, { inside, isFirstRight }: How): Fields {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(names.map((name) => {
    const [left, right] = [own(a, name), own(b, name)];
    const shape = both(left?.shape, right?.shape, inside) ?? ANY;
    const isOptional = left && right ? left.isOptional || (right.isOptional && !isFirstRight) : !left || !isFirstRight || left.isOptional;
    return [name, { shape, isOptional }];
  }));
}

const both = (a: Shape | undefined, b: Shape | undefined, inside: (a: Shape, b: Shape) => Shape): Shape | undefined => (a && b ? inside(a, b) : a ?? b);

/** The members of a record, one a line, as TypeScript has them; any further key is allowed. */
export function membersOf(fields: Fields, indent = '  '): string {
  const lines = Object.entries(fields).map(([name, { shape, isOptional }]) => `${indent}${keyText(name)}${isOptional ? '?' : ''}: ${typeText(shape, indent)};`);
  return [...lines, `${indent}[key: string]: any;`].join('\n');
}

const keyText = (name: string): string => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : JSON.stringify(name));

export function typeText(shape: Shape, indent = ''): string {
  const { plain = [], items, fields, values } = shape;
  const kinds: string[] = plain.filter((kind) => kind !== 'null');
  if (items) kinds.push(isUnknown(items) ? 'any[]' : listText(typeText(items, indent)));
  if (fields) kinds.push(`{\n${membersOf(fields, `${indent}  `)}\n${indent}}`);
  if (values) kinds.push(`{ [key: string]: ${typeText(values, indent)} }`);
  // Only null was seen of it, or nothing at all: it will be something.
  if (isUnknown(shape) || kinds.length === 0) return 'any';
  return [...kinds, ...(plain.includes('null') ? ['null'] : [])].join(' | ');
}

const isUnknown = ({ isAny, plain, items, fields, values }: Shape): boolean => isAny === true || !(plain ?? items ?? fields ?? values);
const listText = (item: string): string => (item.includes('|') || item.includes('\n') ? `Array<${item}>` : `${item}[]`);
