import { assert } from '../../runtime/assert.ts';
import { wireId } from '../../runtime/flow/flow.ts';
import { own } from '../../runtime/flow/own.ts';
import type { EnvEntry, FieldValue, Flow, FlowNode, Group, Json, Note, Wire } from '../../runtime/flow/flow.ts';

/**
 * What a person does to a flow, as JSON values. Applying one answers the new flow and the edit that takes it back exactly:
 * undo is nothing else. A property without `value` (`node`, `wire`) removes what it names.
 */

export type Position = readonly [number, number];

/** What can be set on a node besides its config. */
export interface NodeSettings {
  readonly name: string;
  readonly type: string;
  readonly version: number;
  readonly disabled: boolean;
  readonly concurrency: number;
  readonly rate: string;
  readonly timeout: string;
  readonly attempts: number;
  readonly record: boolean;
  readonly afterDeadLetter: 'hold' | 'continue';
  readonly onUnknown: 'park' | 'retry';
}
export type WireSettings = Omit<Wire, 'from' | 'to'>;
export interface FlowSettings {
  readonly name: string;
  readonly description: string;
  readonly delivery: Flow['delivery'];
  readonly runs: NonNullable<Flow['runs']>;
  readonly env: { readonly [name: string]: EnvEntry };
  readonly uses: { readonly [name: string]: string };
  readonly groups: { readonly [id: string]: Group };
  readonly notes: { readonly [id: string]: Note };
}

export type Edit =
  | { readonly kind: 'put-node'; readonly id: string; readonly node?: FlowNode; readonly at?: Position }
  | { readonly kind: 'move'; readonly to: { readonly [node: string]: Position } }
  | { readonly kind: 'set-field'; readonly node: string; readonly field: string; readonly value?: FieldValue }
  | { readonly kind: 'set-node'; readonly node: string; readonly key: keyof NodeSettings; readonly value?: Json }
  | { readonly kind: 'put-wire'; readonly id: string; readonly wire?: Wire; readonly index?: number }
  | { readonly kind: 'set-wire'; readonly wire: string; readonly key: keyof WireSettings; readonly value?: Json }
  | { readonly kind: 'set-flow'; readonly key: keyof FlowSettings; readonly value?: Json }
  | { readonly kind: 'many'; readonly edits: readonly Edit[] };

export interface Applied { readonly flow: Flow; readonly inverse: Edit }

/** An object with one key set, or removed when the value is undefined. The other keys keep their place. */
function withKey<T extends object>(object: T, key: string, value: unknown): T {
  const next = { ...object } as Record<string, unknown>;
  if (value === undefined) delete next[key];
  else next[key] = value;
  return next as T;
}

const valueOf = <T>(value: T | undefined): { readonly value?: T } => (value === undefined ? {} : { value });

/** Applies an edit. One that names a node or wire which is not there is a bug of the caller. */
export function applyEdit(flow: Flow, edit: Edit): Applied {
  switch (edit.kind) {
    case 'put-node': return putNode(flow, edit);
    case 'move': return move(flow, edit.to);
    case 'set-field': {
      const node = nodeOf(flow, edit.node);
      const config = withKey(node.config, edit.field, edit.value);
      return { flow: withNode(flow, edit.node, { ...node, config }), inverse: { kind: 'set-field', node: edit.node, field: edit.field, ...valueOf(own(node.config, edit.field)) } };
    }
    case 'set-node': {
      const node = nodeOf(flow, edit.node);
      return { flow: withNode(flow, edit.node, withKey(node, edit.key, edit.value)), inverse: { kind: 'set-node', node: edit.node, key: edit.key, ...valueOf(node[edit.key]) } };
    }
    case 'put-wire': return putWire(flow, edit);
    case 'set-wire': {
      const index = wireIndex(flow, edit.wire);
      const wire = flow.wires[index];
      assert(wire, `wire ${edit.wire} exists`);
      const wires = flow.wires.with(index, withKey(wire, edit.key, edit.value));
      return { flow: { ...flow, wires }, inverse: { kind: 'set-wire', wire: edit.wire, key: edit.key, ...valueOf(wire[edit.key]) } };
    }
    case 'set-flow':
      return { flow: withKey(flow, edit.key, edit.value), inverse: { kind: 'set-flow', key: edit.key, ...valueOf(flow[edit.key] as Json | undefined) } };
    case 'many': {
      const inverses: Edit[] = [];
      let next = flow;
      for (const each of edit.edits) {
        const applied = applyEdit(next, each);
        next = applied.flow;
        inverses.unshift(applied.inverse);
      }
      return { flow: next, inverse: { kind: 'many', edits: inverses } };
    }
  }
}

function nodeOf(flow: Flow, id: string): FlowNode {
  const node = own(flow.nodes, id);
  assert(node, `node ${id} exists`);
  return node;
}

const withNode = (flow: Flow, id: string, node: FlowNode | undefined): Flow => ({ ...flow, nodes: withKey(flow.nodes, id, node) });
const wireIndex = (flow: Flow, id: string): number => flow.wires.findIndex((wire) => wireId(wire) === id);

function putNode(flow: Flow, edit: Edit & { readonly kind: 'put-node' }): Applied {
  const before = own(flow.nodes, edit.id);
  const at = own(flow.layout, edit.id);
  const next = { ...withNode(flow, edit.id, edit.node), layout: withKey(flow.layout, edit.id, edit.at) };
  return { flow: next, inverse: { kind: 'put-node', id: edit.id, ...(before && { node: before }), ...(at && { at }) } };
}

function move(flow: Flow, to: { readonly [node: string]: Position }): Applied {
  const back: Record<string, Position> = {};
  for (const id of Object.keys(to)) {
    const at = own(flow.layout, id);
    if (at) back[id] = at;
  }
  const moved: Applied = { flow: { ...flow, layout: { ...flow.layout, ...to } }, inverse: { kind: 'move', to: back } };
  const unplaced = Object.keys(to).filter((id) => !Object.hasOwn(flow.layout, id));
  if (unplaced.length === 0) return moved;
  // A node without a place in the document has none again after undo.
  return { flow: moved.flow, inverse: { kind: 'many', edits: [moved.inverse, ...unplaced.map((id): Edit => ({ kind: 'put-node', id, node: nodeOf(flow, id) }))] } };
}

function putWire(flow: Flow, edit: Edit & { readonly kind: 'put-wire' }): Applied {
  const index = wireIndex(flow, edit.id);
  const before = flow.wires[index];
  if (!edit.wire) {
    assert(before, `wire ${edit.id} exists`);
    return { flow: { ...flow, wires: flow.wires.toSpliced(index, 1) }, inverse: { kind: 'put-wire', id: edit.id, wire: before, index } };
  }
  if (before) return { flow: { ...flow, wires: flow.wires.with(index, edit.wire) }, inverse: { kind: 'put-wire', id: edit.id, wire: before, index } };
  return { flow: { ...flow, wires: flow.wires.toSpliced(edit.index ?? flow.wires.length, 0, edit.wire) }, inverse: { kind: 'put-wire', id: edit.id } };
}
