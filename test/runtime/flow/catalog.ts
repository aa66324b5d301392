import type { CatalogInfo, FieldInfo, NodeInfo, PortType } from '../../../runtime/flow/node-info.ts';
import type { Flow, FlowNode, Text } from '../../../runtime/flow/flow.ts';

/** A small catalog and a builder of flows, so that a test says only what it is about. */

export const text = (words: string): Text => ({ en: words, ru: words });

export function nodeInfo(type: string, given: Partial<NodeInfo> = {}): NodeInfo {
  return {
    type, version: 1, role: 'action', title: text(type), category: 'logic', icon: 'box', summary: text(type), help: text(type), replay: 'pure',
    config: {}, inputs: given.role === 'source' || given.role === 'catch' ? {} : { in: { title: text('in') } }, outputs: { fixed: { out: { title: text('out') } } }, examples: [], ...given,
  };
}

export function catalogOf(...nodes: readonly NodeInfo[]): CatalogInfo {
  const sql = { type: 'sql', title: text('SQL'), icon: 'database', summary: text('SQL'), help: text('SQL'), config: { host: fieldInfo('text', { required: true, dynamic: ['$env'] }), password: fieldInfo('secret', { secret: true, dynamic: ['$secret'] }) } };
  return { nodes: Object.fromEntries(nodes.map((info) => [info.type, info])), connections: { sql, mail: { ...sql, type: 'mail' } } };
}

export const fieldInfo = (kind: FieldInfo['kind'], rest: Partial<FieldInfo> = {}): FieldInfo => ({ kind, title: text(kind), ...rest });

export const withBody = (body: PortType): NodeInfo['inputs'][string] => ({ title: text('port'), body });

export function node(type: string, config: FlowNode['config'] = {}, rest: Partial<FlowNode> = {}): FlowNode {
  return { type, version: 1, config, ...rest };
}

export function flowOf(nodes: Flow['nodes'], wires: readonly (readonly [string, string])[] = [], rest: Partial<Flow> = {}): Flow {
  return { format: 'millrace.flow/1', id: 'sample', name: 'Sample', delivery: 'durable', nodes, wires: wires.map(([from, to]) => ({ from, to })), layout: {}, ...rest };
}
