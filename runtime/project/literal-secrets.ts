import { problem } from '../errors.ts';
import { formOf } from '../flow/field-form.ts';
import type { ConnectionDocument, Flow, Place, Problem } from '../flow/flow.ts';
import type { CatalogInfo, FieldInfo } from '../flow/node-info.ts';
import { isRecord, own } from '../flow/own.ts';

/**
 * Secrets that stand in a document as text, in fields that the catalog knows to be secret. Stricter than validation: it also
 * looks into disabled nodes and hidden fields, and takes an expression or template for the literal that it may hold.
 */
export function literalSecretsOfFlow(flow: Flow, catalog: CatalogInfo): Problem[] {
  return Object.entries(flow.nodes).flatMap(([id, node]) => inFields(node.config, own(catalog.nodes, node.type)?.config ?? {}, { flow: flow.id, node: id }));
}

export function literalSecretsOfConnection(name: string, document: ConnectionDocument, catalog: CatalogInfo): Problem[] {
  return inFields(document.config, own(catalog.connections, document.type)?.config ?? {}, { connection: name });
}

function inFields(config: { readonly [field: string]: unknown }, fields: { readonly [field: string]: FieldInfo }, where: Place): Problem[] {
  return Object.entries(fields).flatMap(([name, info]) => inValue(own(config, name), info, { ...where, field: where.field === undefined ? name : `${where.field}.${name}` }));
}

function inValue(value: unknown, info: FieldInfo, where: Place): Problem[] {
  if (value === undefined || value === null || value === '') return [];
  if (info.kind === 'secret' || info.secret === true) return isReference(value) ? [] : [literal(where)];
  if (info.fields && isRecord(value)) return inFields(value, info.fields, where);
  const { items } = info;
  if (!items || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => inValue(item, items, { ...where, field: `${where.field}.${key}` }));
}

function isReference(value: unknown): boolean {
  const form = formOf(value);
  return form === '$secret' || form === '$env';
}

function literal(where: Place): Problem {
  const at = where.connection === undefined ? `${where.node}.${where.field}` : `${where.connection}.${where.field}`;
  return problem('field.secret-literal', where, {
    message: { en: `${at}: the secret itself stands in the document`, ru: `${at}: в документе записан сам секрет` },
    fix: { en: 'Store it under Secrets and refer to it by {"$secret": "name"}; replace it if the document was shared.', ru: 'Сохраните его в разделе секретов и сошлитесь на него: {"$secret": "имя"}; если документ кому-то передавали, замените секрет.' },
  });
}
