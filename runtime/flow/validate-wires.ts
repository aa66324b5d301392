import { problem } from '../errors.ts';
import { outputsOf } from './evaluate-rule.ts';
import { ERROR_PORT, splitEnd, wireId, type Flow, type FlowNode, type Place, type Problem, type Text, type Wire } from './flow.ts';
import type { CatalogInfo, PortInfo } from './node-info.ts';
import { own } from './own.ts';
import { whyNotFit } from './port-types.ts';

/** Wires that lead nowhere, and wires whose types cannot fit. Ends at nodes of unknown type are taken on trust. */
export function wireProblems(flow: Flow, catalog: CatalogInfo): Problem[] {
  return flow.wires.flatMap((wire) => oneWire(wire, flow, catalog));
}

interface End { readonly node: FlowNode; readonly port: PortInfo | undefined }

function oneWire(wire: Wire, flow: Flow, catalog: CatalogInfo): Problem[] {
  const where = { flow: flow.id, wire: wireId(wire) };
  const from = endOf(wire.from, flow, (node, port) => outputPort(node, port, catalog));
  const to = endOf(wire.to, flow, (node, port) => inputPort(node, port, catalog));
  const problems = [...('missing' in from ? [dangling(where, wire, from.missing)] : []), ...('missing' in to ? [takesNothing(wire, flow, catalog) ? intoSource(where, wire) : dangling(where, wire, to.missing)] : [])];
  if ('missing' in from || 'missing' in to) return problems;
  const why = whyNotFit(from.port?.body, to.port?.body);
  return why ? [misfit(where, wire, why)] : [];
}

type Lookup = (node: FlowNode, port: string) => PortInfo | 'unknown' | undefined;

function endOf(end: string, flow: Flow, lookUp: Lookup): End | { readonly missing: Text } {
  const { node: id, port: portId } = splitEnd(end);
  const node = own(flow.nodes, id);
  if (!node) return { missing: { en: `there is no node ${id}`, ru: `нет узла ${id}` } };
  const port = lookUp(node, portId);
  if (!port) return { missing: { en: `the node ${id} has no port ${portId}`, ru: `у узла ${id} нет порта ${portId}` } };
  return { node, port: port === 'unknown' ? undefined : port };
}

function outputPort(node: FlowNode, port: string, catalog: CatalogInfo): PortInfo | 'unknown' | undefined {
  const info = own(catalog.nodes, node.type);
  if (!info || (port === ERROR_PORT && info.role === 'action')) return 'unknown';
  return own(outputsOf(info, node.config), port);
}

function inputPort(node: FlowNode, port: string, catalog: CatalogInfo): PortInfo | 'unknown' | undefined {
  const info = own(catalog.nodes, node.type);
  return info ? own(info.inputs, port) : 'unknown';
}

const dangling = (where: Place, wire: Wire, missing: Text): Problem => problem('wire.dangling', where, {
  message: { en: `The wire from ${wire.from} to ${wire.to} leads nowhere: ${missing.en}`, ru: `Связь из ${wire.from} в ${wire.to} никуда не ведёт: ${missing.ru}` },
  fix: { en: 'Remove the wire or connect it anew.', ru: 'Удалите связь или подключите её заново.' },
});

function takesNothing(wire: Wire, flow: Flow, catalog: CatalogInfo): boolean {
  const node = own(flow.nodes, splitEnd(wire.to).node);
  const info = node && own(catalog.nodes, node.type);
  return info !== undefined && Object.keys(info.inputs).length === 0;
}

const intoSource = (where: Place, wire: Wire): Problem => problem('wire.into-source', where, {
  message: { en: `The wire from ${wire.from} leads into ${splitEnd(wire.to).node}, which takes no messages`, ru: `Связь из ${wire.from} ведёт в ${splitEnd(wire.to).node}, а этот узел не принимает сообщений` },
  fix: { en: 'Remove the wire.', ru: 'Удалите связь.' },
});

const misfit = (where: Place, wire: Wire, why: Text): Problem => problem('wire.type', where, {
  level: 'warning',
  message: { en: `What leaves ${wire.from} may not fit ${wire.to}: ${why.en}`, ru: `Выход ${wire.from} может не подойти для ${wire.to}: ${why.ru}` },
  fix: { en: 'Put a node between them that makes the needed form, for example change.', ru: 'Поставьте между ними узел, который приведёт данные к нужной форме, например change.' },
});
