import { replayOf } from '../flow/evaluate-rule.ts';
import { splitEnd, wireId, type Flow, type FlowNode, type Wire } from '../flow/flow.ts';
import type { NodeInfo, Replay } from '../flow/node-info.ts';
import type { StateScope } from '../sdk/context.ts';

/** A flow made ready for running: who feeds whom, and where a message comes to rest. Pure data. */

export interface PlanWire {
  readonly id: string;
  readonly port: string;
  readonly to: string;
  readonly wire: Wire;
  /** Leads back to where a message has been: every loop has at least one. */
  readonly back: boolean;
  /** Joins that a message on it may still reach. */
  readonly joins: readonly string[];
}

export interface PlanNode {
  readonly id: string;
  readonly node: FlowNode;
  /** undefined: the type is not installed. */
  readonly info: NodeInfo | undefined;
  readonly replay: Replay;
  /** Messages come to rest, durably, at its input. */
  readonly boundary: boolean;
  readonly splits: boolean;
  readonly gathers: boolean;
  /** The widest context that its calls use: they take turns. */
  readonly state: StateScope | undefined;
  /** Joins that wait for a message which is here; none for most flows. */
  readonly joins: readonly string[];
  readonly wires: ReadonlyMap<string, readonly PlanWire[]>;
  /** Catch nodes that get its failures when its error port is not wired, nearest first. */
  readonly caughtBy: readonly string[];
  /** Nodes with a queue that its messages may reach before they rest; those that lead back here are left out (feedback never blocks). */
  readonly feeds: readonly string[];
}

export interface Plan { readonly flow: Flow; readonly nodes: ReadonlyMap<string, PlanNode> }

/** What of a node type the plan needs beyond its `NodeInfo`. */
export interface PlanType {
  readonly info: NodeInfo;
  /** Messages wait for others, or for their turn. */
  readonly rests: boolean;
  /** A message may come to rest here on its way to become very many. */
  readonly splits?: boolean;
  /** Waits for all parts of a whole. */
  readonly gathers?: (config: FlowNode['config']) => boolean;
  readonly state?: ((config: FlowNode['config']) => StateScope | undefined) | undefined;
}

export function planFlow(flow: Flow, typeOf: (type: string) => PlanType | undefined): Plan {
  const wires = wiresByNode(flow);
  const drafts = new Map<string, Omit<PlanNode, 'caughtBy' | 'feeds' | 'joins'>>();
  for (const [id, node] of Object.entries(flow.nodes)) {
    const type = typeOf(node.type);
    const replay = type ? replayOf(type.info.replay, node.config, type.info.config) : 'external';
    const state = type?.state?.(node.config);
    const boundary = !type || type.rests || state !== undefined || (type.info.role === 'action' && (replay !== 'pure' || node.rate !== undefined));
    drafts.set(id, { id, node, info: type?.info, replay, boundary, splits: type?.splits ?? false, gathers: type?.gathers?.(node.config) ?? false, state, wires: wires.get(id) ?? new Map() });
  }
  const reach = (id: string): Set<string> => restingPlaces(id, drafts);
  const nodes = new Map<string, PlanNode>();
  for (const [id, draft] of drafts) {
    const feeds = [...reach(id)].filter((place) => place !== id && !leadsTo(place, id, drafts));
    const wires = new Map([...draft.wires].map(([port, each]) => [port, each.map((wire) => ({ ...wire, joins: joinsFrom({ id: wire.to, depth: draft.splits ? 1 : 0 }, drafts) }))]));
    nodes.set(id, { ...draft, wires, caughtBy: catchersOf(id, drafts), feeds, joins: joinsFrom({ id, depth: 0 }, drafts) });
  }
  return { flow, nodes };
}

function wiresByNode(flow: Flow): Map<string, Map<string, PlanWire[]>> {
  const byNode = new Map<string, Map<string, PlanWire[]>>();
  const back = feedbackWires(flow);
  for (const wire of flow.wires) {
    const from = splitEnd(wire.from);
    const to = splitEnd(wire.to);
    if (wire.disabled || !flow.nodes[from.node] || !flow.nodes[to.node]) continue;
    const ports = byNode.get(from.node) ?? new Map<string, PlanWire[]>();
    byNode.set(from.node, ports);
    ports.set(from.port, [...(ports.get(from.port) ?? []), { id: wireId(wire), port: from.port, to: to.node, wire, back: back.has(wire), joins: NONE }]);
  }
  return byNode;
}

/** Wires that close a loop, found by walking from the nodes that nothing leads to, in the order of the document. */
function feedbackWires(flow: Flow): ReadonlySet<Wire> {
  const back = new Set<Wire>();
  const after = Map.groupBy(flow.wires.filter((wire) => !wire.disabled), (wire) => splitEnd(wire.from).node);
  const fed = new Set(flow.wires.map((wire) => splitEnd(wire.to).node));
  const done = new Set<string>();
  const open = new Set<string>();
  const nodes = Object.keys(flow.nodes);
  for (const start of [...nodes.filter((id) => !fed.has(id)), ...nodes]) {
    const path: { readonly node: string; readonly wires: Wire[] }[] = [];
    const enter = (node: string): void => {
      open.add(node);
      path.push({ node, wires: [...(after.get(node) ?? [])] });
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const wire = top.wires.pop();
      if (!wire) {
        open.delete(top.node);
        done.add(top.node);
        path.pop();
        continue;
      }
      const to = splitEnd(wire.to).node;
      if (open.has(to)) back.add(wire);
      else if (!done.has(to)) enter(to);
    }
  }
  return back;
}

type Drafts = ReadonlyMap<string, Pick<PlanNode, 'id' | 'node' | 'info' | 'boundary' | 'splits' | 'gathers' | 'wires'>>;
const NONE: readonly string[] = [];
const SPLITS_INSIDE_MAX = 8;

/** The joins that put together what a message at a node is a part of: a split on the way opens another whole, which the next join closes. */
function joinsFrom(start: { readonly id: string; readonly depth: number }, drafts: Drafts): readonly string[] {
  if (![...drafts.values()].some(({ gathers }) => gathers)) return NONE;
  const found = new Set<string>();
  const seen = new Set<string>();
  const todo = [start];
  for (let at = todo.pop(); at; at = todo.pop()) {
    const name = `${at.depth} ${at.id}`;
    const node = drafts.get(at.id);
    if (seen.has(name) || !node || at.depth > SPLITS_INSIDE_MAX) continue;
    seen.add(name);
    if (node.gathers && at.depth === 0) { found.add(at.id); continue; }
    const depth = at.depth + (node.splits ? 1 : node.gathers ? -1 : 0);
    todo.push(...nextOf(at.id, drafts).map((id) => ({ id, depth })));
  }
  return [...found];
}

function nextOf(id: string, drafts: Drafts): string[] {
  return [...(drafts.get(id)?.wires.values() ?? [])].flat().map((wire) => wire.to);
}

function restingPlaces(id: string, drafts: Drafts): Set<string> {
  const places = new Set<string>();
  const seen = new Set<string>();
  const todo = nextOf(id, drafts);
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const node = drafts.get(next);
    if (node?.boundary || node?.splits) places.add(next);
    if (!node?.boundary && !seen.has(next)) {
      seen.add(next);
      todo.push(...nextOf(next, drafts));
    }
  }
  return places;
}

function leadsTo(from: string, to: string, drafts: Drafts): boolean {
  const seen = new Set<string>();
  const todo = [from];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    todo.push(...nextOf(next, drafts));
  }
  return false;
}

/** A catch node that names the node is nearer than one for all; a catch node never catches what it feeds, which could go round for ever. */
function catchersOf(id: string, drafts: Drafts): string[] {
  const named: string[] = [];
  const forAll: string[] = [];
  for (const each of drafts.values()) {
    if (each.info?.role !== 'catch' || each.node.disabled || leadsTo(each.id, id, drafts)) continue;
    const scope = each.node.config.nodes;
    if (Array.isArray(scope) && scope.length > 0) {
      if (scope.includes(id)) named.push(each.id);
    } else forAll.push(each.id);
  }
  return named.length > 0 ? named : forAll;
}
