import type { FlowNode, NodeInfo } from '../../runtime/api/contract.ts';
import { ERROR_PORT } from '../../runtime/flow/flow.ts';
import type { PortInfo, PortType } from '../../runtime/flow/node-info.ts';
import { wireType } from '../../runtime/flow/port-types.ts';
import type { WireKind } from '../../runtime/flow/port-types.ts';
import { pick } from '../i18n/index.ts';
import { CARD, lineOf, outputTop, portsOf, sizeOf } from '../model/card.ts';
import { titleOf } from '../model/title.ts';

/** A node as the canvas draws it: everything that does not change while messages flow. */
export interface Card {
  readonly id: string;
  readonly node: FlowNode;
  readonly info: NodeInfo | undefined;
  readonly title: string;
  readonly line: string;
  readonly width: number;
  readonly height: number;
  readonly ports: readonly CardPort[];
}

export interface CardPort {
  readonly id: string;
  readonly side: 'in' | 'out' | 'error';
  readonly label: string;
  /** Shown inside the card: outputs of which there are several. */
  readonly isNamed: boolean;
  readonly kind: WireKind | 'error';
  readonly body: PortType | undefined;
  readonly isWired: boolean;
  /** Middle of the ring, from the card's corner. */
  readonly x: number;
  readonly y: number;
}

export interface Wired { readonly inputs: readonly string[]; readonly outputs: readonly string[] }

const ERROR_PORT_INSET = 32;

/** Lays out the card of a node. */
export function cardOf(id: string, node: FlowNode, { info, wired }: { readonly info: NodeInfo | undefined; readonly wired: Wired }): Card {
  const ports = portsOf(node, info, wired);
  const title = titleOf(id, node, info && pick(info.title));
  const outputs = Object.entries(ports.outputs);
  const labels = outputs.map(([, port]) => pick(port.title));
  const line = lineOf(node, info);
  const { width, height } = sizeOf({ name: title, line, outputs: labels });
  const inputs = Object.entries(ports.inputs);
  const kindOf = (port: string): WireKind => (info ? wireType(info, port) : 'any');
  return {
    id, node, info, title, line, width, height,
    ports: [
      ...inputs.map(([port, of], index): CardPort => ({ ...described(port, of), side: 'in', isNamed: false, kind: kindOf(port), isWired: wired.inputs.includes(port), x: 0, y: middle(index, inputs.length, height) })),
      ...outputs.map(([port, of], index): CardPort => ({ ...described(port, of), side: 'out', isNamed: outputs.length > 1, kind: kindOf(port), isWired: wired.outputs.includes(port), x: width, y: outputTop(index) })),
      ...(ports.error ? [errorPort(wired, width, height)] : []),
    ],
  };
}

const described = (id: string, port: PortInfo): Pick<CardPort, 'id' | 'label' | 'body'> => ({ id, label: pick(port.title), body: port.body });
const middle = (index: number, count: number, height: number): number => height / 2 + (index - (count - 1) / 2) * CARD.perOutput;
const errorPort = (wired: Wired, width: number, height: number): CardPort =>
  ({ id: ERROR_PORT, side: 'error', label: '', isNamed: false, kind: 'error', body: undefined, isWired: wired.outputs.includes(ERROR_PORT), x: width - ERROR_PORT_INSET, y: height });
