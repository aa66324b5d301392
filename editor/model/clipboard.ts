import { splitEnd } from '../../runtime/flow/flow.ts';
import { isRecord, own } from '../../runtime/flow/own.ts';
import type { Flow, FlowNode, Wire } from '../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../runtime/flow/node-info.ts';
import { addNode, addWire, many, setFlow } from './edits.ts';
import type { Edit, Position } from './edit.ts';
import { freeId } from './ids.ts';
import { withNewNames } from './references.ts';

const FORMAT = 'millrace.nodes/1';

/** Nodes and the wires between them, as text that can go through mail or chat. */
export interface Clip {
  readonly format: typeof FORMAT;
  readonly nodes: { readonly [id: string]: FlowNode };
  readonly wires: readonly Wire[];
  readonly layout: { readonly [id: string]: Position };
  readonly uses: { readonly [name: string]: string };
}

/** The text of these nodes; undefined when none of them is there. */
export function copyNodes(flow: Flow, ids: Iterable<string>): string | undefined {
  const taken = new Set([...ids].filter((id) => own(flow.nodes, id)));
  if (taken.size === 0) return undefined;
  const pickEntries = <T>(from: { readonly [id: string]: T }) => Object.fromEntries(Object.entries(from).filter(([id]) => taken.has(id)));
  const nodes = pickEntries(flow.nodes);
  const clip: Clip = {
    format: FORMAT,
    nodes,
    wires: flow.wires.filter((wire) => taken.has(splitEnd(wire.from).node) && taken.has(splitEnd(wire.to).node)),
    layout: pickEntries(flow.layout),
    uses: Object.fromEntries(Object.entries(flow.uses ?? {}).filter(([name]) => names(nodes, name))),
  };
  return JSON.stringify(clip, null, 2);
}

const names = (nodes: { readonly [id: string]: FlowNode }, name: string): boolean =>
  Object.values(nodes).some((node) => Object.values(node.config).includes(name));

/** Reads copied nodes, or the nodes of a whole flow; undefined for any other text. */
export function parseClip(text: string): Clip | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || (value['format'] !== FORMAT && value['format'] !== 'millrace.flow/1')) return undefined;
  const { nodes, wires = [], layout = {}, uses = {} } = value;
  if (!isRecord(nodes) || !Object.values(nodes).every(isNode) || !Array.isArray(wires) || !wires.every(isWire) || !isRecord(layout) || !isRecord(uses)) return undefined;
  return { format: FORMAT, nodes: nodes as Clip['nodes'], wires, layout: layout as Clip['layout'], uses: uses as Clip['uses'] };
}

const isNode = (value: unknown): boolean => isRecord(value) && typeof value['type'] === 'string' && typeof value['version'] === 'number' && isRecord(value['config']);
const isWire = (value: unknown): value is Wire => isRecord(value) && typeof value['from'] === 'string' && typeof value['to'] === 'string';

/** Puts copied nodes into a flow under free ids, their upper left corner at `at`; what names one of them names the copy. Answers the ids they got. */
export function pasteClip(flow: Flow, clip: Clip, { at, infoOf }: { readonly at: Position; readonly infoOf: (type: string) => NodeInfo | undefined }): { readonly edit: Edit; readonly ids: readonly string[] } {
  const renamed = new Map<string, string>();
  const taken = new Set(Object.keys(flow.nodes));
  for (const id of Object.keys(clip.nodes)) {
    const free = freeId(id, (each) => taken.has(each));
    taken.add(free);
    renamed.set(id, free);
  }
  const corner = cornerOf(clip);
  const edits: Edit[] = [];
  for (const [id, node] of Object.entries(clip.nodes)) {
    const [x, y] = own(clip.layout, id) ?? corner;
    edits.push(addNode(renamed.get(id) ?? id, withNewNames(node, infoOf(node.type), renamed), [at[0] + x - corner[0], at[1] + y - corner[1]]));
  }
  for (const wire of clip.wires) edits.push(addWire({ ...wire, from: movedEnd(wire.from, renamed), to: movedEnd(wire.to, renamed) }));
  const uses = { ...clip.uses, ...flow.uses };
  if (Object.keys(uses).length > Object.keys(flow.uses ?? {}).length) edits.push(setFlow('uses', uses));
  return { edit: many(edits), ids: [...renamed.values()] };
}

function movedEnd(end: string, renamed: ReadonlyMap<string, string>): string {
  const { node, port } = splitEnd(end);
  return `${renamed.get(node) ?? node}.${port}`;
}

/** Upper left corner of what was copied. */
export function cornerOf(clip: Pick<Clip, 'layout'>): Position {
  const places = Object.values(clip.layout);
  return places.length === 0 ? [0, 0] : [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))];
}
