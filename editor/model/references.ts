import type { FieldValue, Flow, FlowNode } from '../../runtime/flow/flow.ts';
import type { FieldInfo, NodeInfo } from '../../runtime/flow/node-info.ts';

/** Nodes that other nodes name in their fields: lists of nodes, and links. */

/** The node with the new names of those that got one. */
export function withNewNames(node: FlowNode, info: NodeInfo | undefined, renamed: ReadonlyMap<string, string>): FlowNode {
  if (!info) return node;
  const config = Object.fromEntries(Object.entries(node.config).map(([name, value]) => [name, renamedIn(value, info.config[name], renamed)]));
  return { ...node, config };
}

function renamedIn(value: FieldValue, info: FieldInfo | undefined, renamed: ReadonlyMap<string, string>): FieldValue {
  const isName = info?.kind === 'nodes' || info?.suggest === 'links' || info?.items?.suggest === 'links';
  const nameOf = (each: FieldValue): FieldValue => (typeof each === 'string' ? renamed.get(each) ?? each : each);
  if (!isName) return value;
  return Array.isArray(value) ? (value as readonly string[]).map(nameOf) as FieldValue : nameOf(value);
}

/** Where a link may lead: in the flow itself, then in the others. */
export function linkChoices(flow: Flow, titleOf: (id: string, node: FlowNode) => string, { isEntry, others }: {
  readonly isEntry: (type: string) => boolean; readonly others: readonly { readonly id: string; readonly name: string; readonly entries: readonly string[] }[];
}): readonly { readonly value: string; readonly label: string; readonly hint: string }[] {
  const here = Object.entries(flow.nodes).filter(([, { type }]) => isEntry(type)).map(([id, node]) => ({ value: id, label: id, hint: titleOf(id, node) }));
  const there = others.filter(({ id }) => id !== flow.id).flatMap(({ id, name, entries }) => entries.map((node) => ({ value: `${id}/${node}`, label: `${id}/${node}`, hint: name })));
  return [...here, ...there];
}
