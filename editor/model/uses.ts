import type { Flow, FieldValue } from '../../runtime/flow/flow.ts';
import type { CatalogInfo } from '../../runtime/flow/node-info.ts';
import { own } from '../../runtime/flow/own.ts';
import type { Edit } from './edit.ts';
import { many, setField, setFlow } from './edits.ts';

/** Every node's connection field that names this connection. */
export function fieldsNaming(flow: Flow, catalog: CatalogInfo, name: string): readonly { readonly node: string; readonly field: string }[] {
  return Object.entries(flow.nodes).flatMap(([node, { type, config }]) =>
    Object.entries(own(catalog.nodes, type)?.config ?? {}).flatMap(([field, info]) => (info.kind === 'connection' && config[field] === name ? [{ node, field }] : [])));
}

/** Puts another connection of the same type in the place of one, in every node and in `uses`: how a flow moves from test to production. */
export function replaceConnection(flow: Flow, catalog: CatalogInfo, { from, to }: { readonly from: string; readonly to: string }): Edit {
  const type = own(flow.uses, from) ?? '';
  const uses = Object.fromEntries(Object.entries(flow.uses ?? {}).filter(([name]) => name !== from));
  return many([
    ...fieldsNaming(flow, catalog, from).map(({ node, field }) => setField(node, field, to as FieldValue)),
    setFlow('uses', { ...uses, [to]: type }),
  ]);
}
