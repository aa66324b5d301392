import { canonicalJson } from './canonical.ts';
import { wireId, type Flow, type FlowNode, type Wire } from './flow.ts';
import { own } from './own.ts';

export interface FlowDiff {
  readonly nodes: { readonly added: readonly string[]; readonly removed: readonly string[]; readonly changed: readonly string[]; /** Cards that stand elsewhere; no change of logic. */ readonly moved: readonly string[] };
  readonly wires: { readonly added: readonly string[]; readonly removed: readonly string[]; readonly changed: readonly string[] };
  /** Anything else that the runtime reads: name, delivery, env, uses, keys that the format does not know. */
  readonly settings: boolean;
  /** Groups and notes. */
  readonly drawing: boolean;
}

const DRAWN = new Set(['nodes', 'wires', 'layout', 'groups', 'notes']);

/** What changes from `a` to `b`: node ids and wire ids, in the order of the documents. */
export function diffFlows(a: Flow, b: Flow): FlowDiff {
  return {
    nodes: { ...compared<FlowNode>(a.nodes, b.nodes), moved: movedNodes(a, b) },
    wires: compared<Wire>(byId(a.wires), byId(b.wires)),
    settings: !same(settingsOf(a), settingsOf(b)),
    drawing: !same([a.groups ?? {}, a.notes ?? {}], [b.groups ?? {}, b.notes ?? {}]),
  };
}

/** Whether two flows do the same; they may be drawn differently. */
export function sameLogic(a: Flow, b: Flow): boolean {
  const { nodes, wires, settings } = diffFlows(a, b);
  return !settings && [nodes.added, nodes.removed, nodes.changed, wires.added, wires.removed, wires.changed].every((list) => list.length === 0);
}

type Entries<T> = { readonly [id: string]: T };

function compared<T>(a: Entries<T>, b: Entries<T>): { added: string[]; removed: string[]; changed: string[] } {
  return {
    added: Object.keys(b).filter((id) => !Object.hasOwn(a, id)),
    removed: Object.keys(a).filter((id) => !Object.hasOwn(b, id)),
    changed: Object.keys(b).filter((id) => Object.hasOwn(a, id) && !same(a[id], b[id])),
  };
}

function movedNodes(a: Flow, b: Flow): string[] {
  return Object.keys(b.nodes).filter((id) => Object.hasOwn(a.nodes, id) && !same(own(a.layout, id) ?? null, own(b.layout, id) ?? null));
}

const byId = (wires: readonly Wire[]): Entries<Wire> => Object.fromEntries(wires.map((wire) => [wireId(wire), wire]));

const settingsOf = (flow: Flow): object => Object.fromEntries(Object.entries(flow).filter(([key]) => !DRAWN.has(key)));

const same = (a: unknown, b: unknown): boolean => a === b || canonicalJson(a) === canonicalJson(b);
