import type { FieldValue, Json } from '../../../runtime/flow/flow.ts';
import type { FieldInfo } from '../../../runtime/flow/node-info.ts';

/** Changes of list and map values. Each gives a new value; an emptied one becomes undefined, so that the default holds again. */

type Items = readonly FieldValue[];

export const moved = <T>(items: readonly T[], from: number, to: number): readonly T[] => {
  const rest = items.filter((_, i) => i !== from);
  return [...rest.slice(0, to), items[from] as T, ...rest.slice(to)];
};
export const without = <T>(items: readonly T[], index: number): readonly T[] | undefined => {
  const rest = items.filter((_, i) => i !== index);
  return rest.length > 0 ? rest : undefined;
};
export const replaced = (items: Items, index: number, value: FieldValue | undefined, info: FieldInfo | undefined): Items =>
  items.map((item, i) => (i === index ? value ?? freshItem(info) : item));

/** What a new item of a list begins as. */
export function freshItem(info: FieldInfo | undefined): Json {
  if (info?.default !== undefined) return info.default;
  switch (info?.kind) {
    case 'record': case 'map': case 'json': return {};
    case 'list': case 'nodes': return [];
    case 'boolean': return false;
    case 'integer': case 'number': return info.min ?? 0;
    case 'choice': return info.choices?.[0]?.value ?? '';
    default: return '';
  }
}

/** A record with one field set, or without it. */
export function withField(record: { readonly [name: string]: FieldValue }, name: string, value: FieldValue | undefined): { readonly [name: string]: FieldValue } {
  const next = { ...record };
  if (value === undefined) delete next[name];
  else next[name] = value;
  return next;
}

/** A map with one entry's name changed, in the same place. A name that is taken or empty changes nothing. */
export function renamed(map: { readonly [name: string]: FieldValue }, from: string, to: string): { readonly [name: string]: FieldValue } {
  if (to === '' || to === from || Object.hasOwn(map, to)) return map;
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name === from ? to : name, value]));
}

/** A name that the map does not have yet. */
export function freeName(map: { readonly [name: string]: unknown }, base: string): string {
  if (!Object.hasOwn(map, base)) return base;
  for (let i = 2; ; i += 1) if (!Object.hasOwn(map, `${base}-${i}`)) return `${base}-${i}`;
}
