import { outputsOf } from '../../runtime/flow/evaluate-rule.ts';
import type { Flow } from '../../runtime/flow/flow.ts';
import { splitEnd } from '../../runtime/flow/flow.ts';
import type { NodeInfo, PortType } from '../../runtime/flow/node-info.ts';

/** What a node before this one says of the messages that it sends here; `type` is undefined where it says nothing. */
export interface Declared { readonly node: string; readonly type: PortType | undefined }

/** The nodes wired to this one, each once for each of its ports. */
export function declaredInputs(flow: Flow, node: string, infoOf: (type: string) => NodeInfo | undefined): readonly Declared[] {
  return flow.wires.filter(({ to }) => splitEnd(to).node === node).flatMap(({ from }) => {
    const end = splitEnd(from);
    const before = flow.nodes[end.node];
    const info = before && infoOf(before.type);
    return before ? [{ node: end.node, type: info && outputsOf(info, before.config)[end.port]?.body }] : [];
  });
}
