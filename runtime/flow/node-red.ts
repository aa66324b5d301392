import { byCodePoint } from './canonical.ts';
import { isRecord } from './own.ts';

/** Whether a JSON value is what Node-RED exports: a list of objects with id and type, some of them on a tab or with wires. */
export function isNodeRed(value: unknown): value is readonly { readonly [key: string]: unknown }[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every(isNodeRedNode) && value.some((node: { readonly [key: string]: unknown }) => 'z' in node || 'wires' in node || node['type'] === 'tab');
}

const isNodeRedNode = (item: unknown): boolean => isRecord(item) && typeof item['id'] === 'string' && typeof item['type'] === 'string';

/** The node types in a Node-RED export, most frequent first. */
export function nodeRedTypes(value: readonly { readonly [key: string]: unknown }[]): readonly { readonly type: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const node of value) counts.set(String(node['type']), (counts.get(String(node['type'])) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count || byCodePoint(a.type, b.type));
}
