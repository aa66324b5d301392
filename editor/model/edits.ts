import { splitEnd, wireId } from '../../runtime/flow/flow.ts';
import { own } from '../../runtime/flow/own.ts';
import type { FieldValue, Flow, FlowNode, Json, Wire } from '../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../runtime/flow/node-info.ts';
import type { Edit, FlowSettings, NodeSettings, Position, WireSettings } from './edit.ts';

/** The edits by the names that people give them. */

export const many = (edits: readonly Edit[]): Edit => (edits.length === 1 && edits[0] ? edits[0] : { kind: 'many', edits });

export const addNode = (id: string, node: FlowNode, at: Position): Edit => ({ kind: 'put-node', id, node, at });

/** Removes nodes with the wires at them, and takes them out of their groups. */
export function removeNodes(flow: Flow, ids: Iterable<string>): Edit {
  const gone = new Set(ids);
  const wires = flow.wires.filter((wire) => gone.has(splitEnd(wire.from).node) || gone.has(splitEnd(wire.to).node));
  const edits: Edit[] = wires.map((wire) => removeWire(wireId(wire)));
  const groups = withoutMembers(flow, gone);
  if (groups) edits.push(setFlow('groups', groups));
  for (const id of gone) edits.push({ kind: 'put-node', id });
  return many(edits);
}

function withoutMembers(flow: Flow, gone: ReadonlySet<string>): FlowSettings['groups'] | undefined {
  const groups = Object.entries(flow.groups ?? {});
  if (!groups.some(([, group]) => group.nodes.some((id) => gone.has(id)))) return undefined;
  return Object.fromEntries(groups.map(([id, group]) => [id, { ...group, nodes: group.nodes.filter((node) => !gone.has(node)) }]));
}

export const moveNodes = (to: { readonly [node: string]: Position }): Edit => ({ kind: 'move', to });
export const addWire = (wire: Wire): Edit => ({ kind: 'put-wire', id: wireId(wire), wire });
export const removeWire = (id: string): Edit => ({ kind: 'put-wire', id });

/** Sets a field of a node's config; undefined removes it, so that its default counts again. */
export const setField = (node: string, field: string, value: FieldValue | undefined): Edit =>
  ({ kind: 'set-field', node, field, ...(value === undefined ? {} : { value }) });
export const setNode = <Key extends keyof NodeSettings>(node: string, key: Key, value: NodeSettings[Key] | undefined): Edit =>
  ({ kind: 'set-node', node, key, ...(value === undefined ? {} : { value }) });
export const setWire = <Key extends keyof WireSettings>(wire: string, key: Key, value: WireSettings[Key] | undefined): Edit =>
  ({ kind: 'set-wire', wire, key, ...(value === undefined ? {} : { value: value as Json }) });
export const setFlow = <Key extends keyof FlowSettings>(key: Key, value: FlowSettings[Key] | undefined): Edit =>
  ({ kind: 'set-flow', key, ...(value === undefined ? {} : { value: value as unknown as Json }) });

/** Puts a node into a wire: the wire's own settings stay on its first half, where the queue was. */
export function insertIntoWire(wire: Wire, through: { readonly node: string; readonly input: string; readonly output: string }): Edit {
  const { from, to, ...settings } = wire;
  return many([
    removeWire(wireId(wire)),
    addWire({ ...settings, from, to: `${through.node}.${through.input}` }),
    addWire({ from: `${through.node}.${through.output}`, to }),
  ]);
}

/** Sets a field that names a connection and keeps `uses` true: the new name is declared, one that no node names any more is not. */
export function setConnectionField(flow: Flow, place: { readonly node: string; readonly field: string; readonly type: string }, name: string | undefined): Edit {
  const before = own(own(flow.nodes, place.node)?.config, place.field);
  const uses: Record<string, string> = { ...flow.uses };
  if (typeof before === 'string' && before !== name && !isNamedElsewhere(flow, before, place)) delete uses[before];
  if (name !== undefined && name !== '') uses[name] = place.type;
  return many([setField(place.node, place.field, name), setFlow('uses', Object.keys(uses).length > 0 ? uses : undefined)]);
}

// Of a node type that is not installed nobody knows which field names a connection, so any equal text counts.
function isNamedElsewhere(flow: Flow, name: string, place: { readonly node: string; readonly field: string }): boolean {
  return Object.entries(flow.nodes).some(([id, node]) =>
    Object.entries(node.config).some(([field, value]) => value === name && !(id === place.node && field === place.field)));
}

/** A node as the palette puts it down: nothing stored that is a default. */
export const freshNode = (info: Pick<NodeInfo, 'type' | 'version'>): FlowNode => ({ type: info.type, version: info.version, config: {} });
