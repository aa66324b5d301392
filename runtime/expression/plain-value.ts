import { limits } from '../limits.ts';
import { NodeFailure } from '../sdk/node-failure.ts';

const MARKS = ['sequence', 'keepSingleton', 'cons', 'outerWrapper'] as const;

/**
 * What JSONata answered, as a plain value: its lists carry marks and methods of their own, and a function is no value.
 * Parts that are plain already are shared, not copied.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'function') return undefined;
  if (typeof value === 'string' && value.length > limits.expressionResultChars) throw tooLarge();
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value;
  if (depth > limits.expressionDepthMax) throw tooLarge();
  if (Array.isArray(value)) return plainList(value, depth);
  if ('_jsonata_lambda' in value || '_jsonata_function' in value) return undefined;
  return plainRecord(value as { readonly [key: string]: unknown }, depth);
}

function plainList(list: readonly unknown[], depth: number): readonly unknown[] {
  let changed = MARKS.some((mark) => mark in list);
  const copy = Array.from(list, (item) => {
    const plain = plainValue(item, depth + 1);
    if (plain !== item) changed = true;
    return plain;
  });
  return changed ? copy : list;
}

function plainRecord(record: { readonly [key: string]: unknown }, depth: number): { readonly [key: string]: unknown } {
  let copy: { [key: string]: unknown } | undefined;
  for (const key of Object.keys(record)) {
    const plain = plainValue(record[key], depth + 1);
    if (plain === record[key]) continue;
    copy ??= { ...record };
    if (plain === undefined) delete copy[key];
    else copy[key] = plain;
  }
  return copy ?? record;
}

const tooLarge = (): NodeFailure => new NodeFailure('expression.limit', {
  en: 'working out an expression: its result is too large or too deep for a message',
  ru: 'вычисление выражения: результат слишком велик или слишком глубок для сообщения',
});
