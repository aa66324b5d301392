import type { FlowNode } from '../../runtime/flow/flow.ts';

/** What a node is called: its own name, else its type's title, with the number of its id where there are several. */
export function titleOf(id: string, node: FlowNode, typeTitle: string | undefined): string {
  if (node.name) return node.name;
  if (typeTitle === undefined) return node.type;
  const number = id.startsWith(`${node.type}-`) ? id.slice(node.type.length + 1) : '';
  return /^\d+$/.test(number) ? `${typeTitle} ${number}` : typeTitle;
}
