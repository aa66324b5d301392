import type { Json } from './flow/flow.ts';

/**
 * How what came differs from what was expected; empty when it fits. A record fits when it has what the expected one names,
 * whatever else it has; lists fit item by item and have the same length; null fits what is missing.
 */
export function differences(expected: Json, actual: unknown, at: string): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return [differs(expected, actual, at)];
    if (actual.length !== expected.length) return [`${at}: ${expected.length} expected, ${actual.length} came: ${shown(actual)}`];
    return expected.flatMap((each, i) => differences(each as Json, actual[i], `${at}[${i}]`));
  }
  if (expected === null) return actual === null || actual === undefined ? [] : [differs(expected, actual, at)];
  if (typeof expected === 'object') {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return [differs(expected, actual, at)];
    return Object.entries(expected).flatMap(([key, each]) => differences(each as Json, (actual as Record<string, unknown>)[key], `${at}.${key}`));
  }
  return Object.is(expected, actual) ? [] : [differs(expected, actual, at)];
}

const SHOWN_CHARS = 300;
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, SHOWN_CHARS);
const differs = (expected: unknown, actual: unknown, at: string): string => `${at}: ${shown(expected)} expected, ${shown(actual)} came`;
