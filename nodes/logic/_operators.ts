import { SafeRegExp, scopeOf } from '../../runtime/sdk/index.ts';

/**
 * The comparisons of switch. Loose where a form or a spreadsheet is loose ("5" is 5, a missing value is empty) and nowhere
 * else: unlike JavaScript's ==, an empty text is not zero and a list is not a text. Pure, and without anything of Node.
 */
export const OPERATORS = {
  eq: same,
  neq: (value, a) => !same(value, a),
  lt: (value, a) => order(value, a) < 0,
  lte: (value, a) => order(value, a) <= 0,
  gt: (value, a) => order(value, a) > 0,
  gte: (value, a) => order(value, a) >= 0,
  between: (value, a, b) => (order(value, a) >= 0 && order(value, b) <= 0) || (order(value, b) >= 0 && order(value, a) <= 0),
  contains: (value, a) => (Array.isArray(value) ? value.some((item) => same(item, a)) : isText(value) && value.includes(textOf(a))),
  'starts-with': (value, a) => isText(value) && value.startsWith(textOf(a)),
  'ends-with': (value, a) => isText(value) && value.endsWith(textOf(a)),
  matches: (value, a) => (isText(value) || typeof value === 'number') && patternOf(a).test(String(value)),
  'in-list': (value, a) => listOf(a).some((item) => same(value, item)),
  'has-key': (value, a) => isRecord(value) && Object.hasOwn(value, textOf(a)),
  'is-type': (value, a) => typeOf(value) === a,
  true: (value) => value === true,
  false: (value) => value === false,
  null: isNothing,
  'not-null': (value) => !isNothing(value),
  empty: isEmpty,
  'not-empty': (value) => !isEmpty(value),
  holds: (_value, a) => truth(a),
  else: () => true,
} as const satisfies { readonly [name: string]: (value: unknown, a: unknown, b: unknown) => boolean };

export type OperatorName = keyof typeof OPERATORS;

/** What `is-type` can ask for. */
export type TypeName = 'text' | 'number' | 'boolean' | 'list' | 'record' | 'nothing' | 'date' | 'bytes';

const isText = (value: unknown): value is string => typeof value === 'string';
const textOf = (value: unknown): string => (isText(value) ? value : value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));
function isNothing(value: unknown): boolean { return value === undefined || value === null; }

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date) && !ArrayBuffer.isView(value);
}

function typeOf(value: unknown): TypeName | undefined {
  if (isNothing(value)) return 'nothing';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Date) return 'date';
  if (ArrayBuffer.isView(value)) return 'bytes';
  return ({ string: 'text', number: 'number', boolean: 'boolean', object: 'record' } as const)[typeof value as 'string'];
}

function isEmpty(value: unknown): boolean {
  if (isNothing(value) || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  if (ArrayBuffer.isView(value)) return value.byteLength === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** What an expression's answer means as yes or no; an empty list or record is no. */
const truth = (value: unknown): boolean => value !== false && value !== 0 && !isEmpty(value);

/** A number, or what is written like one; undefined for all else. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (value instanceof Date) return value.getTime();
  if (!isText(value) || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** Less than, equal to or greater than zero; NaN, which is none of these, where the two have no order. */
function order(a: unknown, b: unknown): number {
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return x - y;
  if (isText(a) && isText(b)) return a < b ? -1 : a > b ? 1 : 0;
  const dates = [dateOf(a), dateOf(b)] as const;
  return a instanceof Date || b instanceof Date ? dates[0] - dates[1] : Number.NaN;
}

const dateOf = (value: unknown): number => (value instanceof Date ? value.getTime() : isText(value) ? Date.parse(value) : Number.NaN);

function same(a: unknown, b: unknown): boolean {
  if (a === b || (isNothing(a) && isNothing(b))) return true;
  if (isNothing(a) || isNothing(b)) return false;
  if (typeof a === 'boolean' || typeof b === 'boolean') return String(a) === String(b);
  if (typeof a === 'object' || typeof b === 'object') return sameInside(a, b);
  if (isText(a) && isText(b)) return false;
  return numberOf(a) !== undefined && numberOf(a) === numberOf(b);
}

/** Records, lists, dates and bytes by what they hold. */
function sameInside(a: unknown, b: unknown): boolean {
  if (a instanceof Date || b instanceof Date) return order(a, b) === 0;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return sameInside([...a as Uint8Array], [...b as Uint8Array]);
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** A list, or the items of a text such as `RU, KZ, BY`. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isText(value) ? value.split(',').map((item) => item.trim()) : [value];
}

/** Made ready at deploy when the pattern is fixed; else the last one is kept. */
let lastPattern: SafeRegExp | undefined;
function patternOf(pattern: unknown): SafeRegExp {
  if (pattern instanceof SafeRegExp) return pattern;
  const source = textOf(pattern);
  if (lastPattern?.source !== source) lastPattern = new SafeRegExp(source, 'u');
  return lastPattern;
}

/** The table as JavaScript for the sandbox: all but patterns. */
export const operatorsSource = (): string => scopeOf({ isText, textOf, isNothing, isRecord, typeOf, isEmpty, truth, numberOf, order, dateOf, same, sameInside, listOf, OPERATORS }, 'OPERATORS');
