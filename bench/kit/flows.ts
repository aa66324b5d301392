import { join } from 'node:path';
import type { Flow, FlowNode } from '../../runtime/flow/flow.ts';
import { ROOT } from './millrace.ts';

/** The flows that are measured. */

export const BENCH_NODES = join(ROOT, 'bench/peers/millrace/nodes');

export const node = (type: string, config: FlowNode['config'] = {}, rest: Partial<FlowNode> = {}): FlowNode => ({ type, version: 1, config, ...rest });

export function flow(id: string, draft: Pick<Flow, 'nodes' | 'delivery'> & { readonly wires: readonly string[] }): Flow {
  const wires = draft.wires.map((wire) => { const [from = '', to = ''] = wire.split(' -> '); return { from, to }; });
  return { format: 'millrace.flow/1', id, name: id, layout: {}, ...draft, wires };
}

/** A source, ten change nodes, a sink that counts. */
export function chainOfTen(delivery: Flow['delivery']): Flow {
  const hops = Array.from({ length: 10 }, (_, i) => `h${i}`);
  const ids = ['src', ...hops, 'sink'];
  return flow('bench', {
    delivery, wires: ids.slice(1).map((id, i) => `${ids[i] ?? ''}.out -> ${id}.in`),
    nodes: { src: node('bench-source'), sink: node('bench-sink'), ...Object.fromEntries(hops.map((id) => [id, node('change', { rules: [{ action: 'set', path: 'mark', value: 1 }] })])) },
  });
}

/** A source, a function, as often as said a change and a function more, a sink that counts. */
export function rowOfFunctions(changes: number): Flow {
  const change = node('change', { rules: [{ action: 'set', path: 'topic', value: { $expr: 'payload.customer.name' } }, { action: 'set', path: 'payload.status', value: 'new' }, { action: 'move', path: 'payload.note', to: 'payload.remark' }] });
  const row = Array.from({ length: 2 * changes + 1 }, (_, i) => (i % 2 === 1 ? change : node('function', { code: i % 4 === 0 ? 'msg.payload.total = msg.payload.quantity * 500;\nreturn msg;' : 'msg.payload.text = `${msg.topic}: ${msg.payload.total}`;\nreturn msg;' })));
  const ports = ['src.out', ...row.map(({ type }, i) => `h${i}.${type === 'function' ? 'out-1' : 'out'}`)];
  return flow('bench', {
    delivery: 'memory', nodes: { src: node('bench-source'), ...Object.fromEntries(row.map((each, i) => [`h${i}`, each])), sink: node('bench-sink') },
    wires: ports.map((port, i) => `${port} -> ${i < row.length ? `h${i}` : 'sink'}.in`),
  });
}

/** What a small integration does: take an order, decide, fill in, make a text of it, hand it over. */
export function fiveNodes(delivery: Flow['delivery']): Flow {
  return flow('bench', {
    delivery, wires: ['src.out -> large.in', 'large.out-1 -> total.in', 'total.out -> text.in', 'text.out -> sink.in'],
    nodes: {
      src: node('bench-source'), sink: node('bench-sink'),
      large: node('switch', { property: 'payload.quantity', rules: [{ op: 'gte', value: 1 }] }),
      total: node('change', { rules: [{ action: 'set', path: 'payload.total', value: 500 }, { action: 'set', path: 'topic', value: 'order' }] }),
      text: node('template', { template: 'Order {{payload.id}} of {{payload.customer.name}}: {{payload.total}}', path: 'payload.text' }),
    },
  });
}
