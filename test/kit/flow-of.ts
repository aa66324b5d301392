import type { Flow, FlowNode, Wire } from '../../runtime/flow/flow.ts';

/** A flow from a short drawing: `{ nodes: { a: 'type' | FlowNode parts }, wires: ['a.out -> b.in'] }`. */
export function flowOf(draft: { id?: string; delivery?: Flow['delivery']; nodes: { [id: string]: string | (Partial<FlowNode> & { type: string }) }; wires: (string | Wire)[] }): Flow {
  const nodes = Object.fromEntries(Object.entries(draft.nodes).map(([id, node]) => [id, { version: 1, config: {}, ...(typeof node === 'string' ? { type: node } : node) }]));
  const wires = draft.wires.map((wire) => {
    if (typeof wire !== 'string') return wire;
    const [from = '', to = ''] = wire.split(' -> ');
    return { from, to };
  });
  return { format: 'millrace.flow/1', id: draft.id ?? 'flow', name: 'Flow', delivery: draft.delivery ?? 'durable', nodes, wires, layout: {} };
}
