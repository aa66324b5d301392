import type { Flow } from './flow.ts';

/**
 * The one text of a document: keys sorted by code point, wires by from and to, two spaces, arrays of scalars on one
 * line, a newline at the end. Two equal documents have equal bytes, and a change of one value is a change of one line.
 */
export function canonicalFlow(flow: Flow): string {
  return canonicalJson({ ...flow, wires: sortedWires(flow.wires) });
}

/** The same for any JSON value, for example a connections document. */
export const canonicalJson = (value: unknown): string => `${textOf(value, '')}\n`;

function sortedWires(wires: Flow['wires']): Flow['wires'] {
  return wires.toSorted((a, b) => byCodePoint(a.from, b.from) || byCodePoint(a.to, b.to));
}

const STEP = '  ';

function textOf(value: unknown, indent: string): string {
  if (Array.isArray(value)) return listText(value, indent);
  if (isObject(value)) return objectText(value, indent);
  return JSON.stringify(value) ?? 'null';
}

function listText(list: readonly unknown[], indent: string): string {
  const inner = indent + STEP;
  if (list.every((item) => typeof item !== 'object' || item === null)) return `[${list.map((item) => textOf(item, indent)).join(', ')}]`;
  return `[\n${list.map((item) => inner + textOf(item, inner)).join(',\n')}\n${indent}]`;
}

function objectText(object: { readonly [key: string]: unknown }, indent: string): string {
  const inner = indent + STEP;
  const keys = Object.keys(object).filter((key) => object[key] !== undefined).sort(byCodePoint);
  if (keys.length === 0) return '{}';
  return `{\n${keys.map((key) => `${inner}${JSON.stringify(key)}: ${textOf(object[key], inner)}`).join(',\n')}\n${indent}}`;
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } => typeof value === 'object' && value !== null;

/** Order by code point. JavaScript's own order is by UTF-16 unit, which puts `😀` before `￭`. */
export function byCodePoint(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return isSurrogate(left) === isSurrogate(right) ? left - right : isSurrogate(left) ? 1 : -1;
  }
  return a.length - b.length;
}

// A pair of surrogates stands for a code point above every single unit.
const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
