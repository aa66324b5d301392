import { fieldOrDefault, outputsOf } from '../../runtime/flow/evaluate-rule.ts';
import { isRecord } from '../../runtime/flow/own.ts';
import { ERROR_PORT, type FieldValue, type FlowNode } from '../../runtime/flow/flow.ts';
import type { FieldInfo, NodeInfo, PortInfo } from '../../runtime/flow/node-info.ts';

/** Measures of a node's card, known without drawing it: the canvas places wires and skips hidden nodes by them. */

export const CARD = { width: 186, widest: 240, height: 52, perOutput: 26, row: 26 } as const;

export interface CardPorts {
  readonly inputs: { readonly [id: string]: PortInfo };
  readonly outputs: { readonly [id: string]: PortInfo };
  readonly error: boolean;
}

/** The ports of a node; of a type that is not installed, those that its wires name. */
export function portsOf(node: FlowNode, info: NodeInfo | undefined, wired: { readonly inputs: readonly string[]; readonly outputs: readonly string[] }): CardPorts {
  const error = info ? info.role === 'action' : wired.outputs.includes(ERROR_PORT);
  const inputs = withWired(info?.inputs ?? {}, wired.inputs);
  const outputs = withWired(info ? outputsOf(info, node.config) : {}, wired.outputs.filter((port) => port !== ERROR_PORT));
  return { inputs, outputs, error };
}

// A wire at a port that the node no longer has stays visible, so that it can be taken away.
function withWired(declared: { readonly [id: string]: PortInfo }, wired: readonly string[]): { readonly [id: string]: PortInfo } {
  const ports: Record<string, PortInfo> = { ...declared };
  for (const id of wired) if (!Object.hasOwn(ports, id)) ports[id] = { title: { en: id, ru: id } };
  return ports;
}

export interface CardSize { readonly width: number; readonly height: number }

const PADDING_AND_ICON = 54;
const END_PADDING = 13;
const NAME_LETTER = 7.3; // 13 px Inter, 600
const LINE_LETTER = 6.65; // 11 px JetBrains Mono
const LABEL_LETTER = 6.1; // 11 px Inter
const LABEL_GAP = 18;
const WIDTH_STEP = 2;

/** Width by the text, between the two limits; height by the outputs. */
export function sizeOf(texts: { readonly name: string; readonly line: string; readonly outputs: readonly string[] }): CardSize {
  const labels = texts.outputs.length > 1 ? Math.max(...texts.outputs.map((label) => label.length)) * LABEL_LETTER + LABEL_GAP : 0;
  const text = Math.max(texts.name.length * NAME_LETTER, texts.line.length * LINE_LETTER);
  const wanted = Math.ceil((PADDING_AND_ICON + text + END_PADDING + labels) / WIDTH_STEP) * WIDTH_STEP;
  return { width: Math.min(CARD.widest, Math.max(CARD.width, wanted)), height: CARD.height + Math.max(0, texts.outputs.length - 1) * CARD.perOutput };
}

/** Where an output stands on the right edge. */
export const outputTop = (index: number): number => CARD.row + index * CARD.perOutput;

/** The card's second line: the type's pattern with its places filled from the config. */
export function lineOf(node: FlowNode, info: NodeInfo | undefined): string {
  if (!info?.line) return '';
  return info.line
    .replace(/\{([\w.-]+)\}/g, (_, field: string) => shown(fieldOrDefault(node.config, info.config, field) as FieldValue | undefined, info.config[field]))
    .replace(/(?:\s*·\s*)+$|^(?:\s*·\s*)+/g, '')
    .trim();
}

function shown(value: FieldValue | undefined, field: FieldInfo | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.split('\n', 1)[0] ?? '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((item) => itemText(item, field?.items)).filter(Boolean).join(', ');
  const [form, inner] = Object.entries(value)[0] ?? [];
  if (form === '$env') return `env.${String(inner)}`;
  if (form === '$secret') return '••••';
  if (form === '$context') return `context.${String(inner)}`;
  if (form === '$expr' || form === '$template') return String(inner);
  return field?.kind === 'json' || field?.kind === 'map' || field?.kind === 'record' ? '{…}' : '';
}

// Of a rule its first text says most: the place that it sets, the value that it asks for.
function itemText(item: unknown, field: FieldInfo | undefined): string {
  if (!isRecord(item)) return String(item ?? '');
  const telling = Object.entries(field?.fields ?? {}).find(([name, { kind }]) => kind !== 'choice' && typeof item[name] === 'string' && item[name] !== '');
  return telling ? String(item[telling[0]]) : '';
}
