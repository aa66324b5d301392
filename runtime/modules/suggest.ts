import type { CatalogInfo, FieldInfo } from '../flow/node-info.ts';

/** The catalog with the modules that may be chosen, in the fields that ask for them. */
export function withModules(catalog: CatalogInfo, modules: readonly string[]): CatalogInfo {
  const nodes = Object.entries(catalog.nodes).map(([type, info]) => [type, { ...info, config: fieldsWith(info.config, modules) }] as const);
  return { ...catalog, nodes: Object.fromEntries(nodes) };
}

type Fields = { readonly [name: string]: FieldInfo };
const fieldsWith = (fields: Fields, modules: readonly string[]): Fields => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldWith(field, modules)]));

function fieldWith(field: FieldInfo, modules: readonly string[]): FieldInfo {
  if (field.suggest === 'modules') return { ...field, suggestions: modules };
  if (field.items) return { ...field, items: fieldWith(field.items, modules) };
  return field.fields ? { ...field, fields: fieldsWith(field.fields, modules) } : field;
}
