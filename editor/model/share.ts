import { canonicalJson } from '../../runtime/flow/canonical.ts';
import { own } from '../../runtime/flow/own.ts';
import { wireId } from '../../runtime/flow/flow.ts';
import type { Flow } from '../../runtime/flow/flow.ts';

/** The same flow, its nodes and wires being those of `base` where they are equal: comparing the two then costs almost nothing. */
export function sharedWith(base: Flow, flow: Flow): Flow {
  const baseWires = new Map(base.wires.map((wire) => [wireId(wire), wire]));
  const nodes = Object.fromEntries(Object.entries(flow.nodes).map(([id, node]) => [id, equalOr(own(base.nodes, id), node)]));
  return { ...flow, nodes, wires: flow.wires.map((wire) => equalOr(baseWires.get(wireId(wire)), wire)) };
}

const equalOr = <T>(base: T | undefined, value: T): T => (base !== undefined && canonicalJson(base) === canonicalJson(value) ? base : value);
