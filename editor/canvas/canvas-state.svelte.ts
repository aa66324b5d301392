import { Position } from '@xyflow/svelte';
import { createContext } from 'svelte';
import type { Edge, Node } from '@xyflow/svelte';
import type { Wire } from '../../runtime/api/contract.ts';
import { splitEnd, wireId } from '../../runtime/flow/flow.ts';
import { own } from '../../runtime/flow/own.ts';
import { whyNotFit } from '../../runtime/flow/port-types.ts';
import type { WireKind } from '../../runtime/flow/port-types.ts';
import { language, pick, t } from '../i18n/index.ts';
import type { Position as Place } from '../model/edit.ts';
import { moveNodes } from '../model/edits.ts';
import type { Box } from '../model/route.ts';
import type { App } from '../state/app.svelte.ts';
import type { Session } from '../state/session.svelte.ts';
import { cardOf } from './cards.ts';
import type { Card, CardPort, Wired } from './cards.ts';

export type CardNode = Node<{ card: Card }, 'card'>;
export type WireEdge = Edge<{ wire: Wire; kind: WireKind | 'error' }, 'wire'>;

/** The port from which a wire is being drawn. */
export interface Drawing { readonly node: string; readonly port: CardPort }

const RING = 11;
const NO_WIRES: Wired = { inputs: [], outputs: [] };

/**
 * Between the document and the drawing library: the library's nodes and edges are derived from the flow, and what the
 * library reports (drags, selection) becomes edits and selection. Objects stay the same while nothing of theirs changed.
 */
export class CanvasState {
  drawing = $state.raw<Drawing>();
  hoveredWire = $state<string>();
  /** So far away that cards are coloured blocks: names, ports and labels are not even made, which keeps a large flow fluid. */
  isFar = $state(false);
  readonly #app: App;
  /** Where cards are while they are dragged; the document hears of it once, at the end. */
  #dragged = $state.raw<{ readonly [node: string]: Place }>({});
  #cards = new Map<string, { key: string; card: Card }>();
  #nodeCache = new Map<string, CardNode>();
  #edgeCache = new Map<string, WireEdge>();

  constructor(app: App) {
    this.#app = app;
  }

  get session(): Session | undefined {
    return this.#app.session;
  }

  readonly #wired = $derived.by(() => wiredPorts(this.session?.flow.wires ?? []));

  readonly cards: ReadonlyMap<string, Card> = $derived.by(() => {
    const cards = new Map<string, Card>();
    const kept = new Map<string, { key: string; card: Card }>();
    for (const [id, node] of Object.entries(this.session?.flow.nodes ?? {})) {
      const wired = this.#wired.get(id) ?? NO_WIRES;
      const info = this.#app.catalog.node(node.type);
      const key = `${language.current} ${wired.inputs.join()} ${wired.outputs.join()}`;
      const before = this.#cards.get(id);
      const card = before?.key === key && before.card.node === node && before.card.info === info ? before.card : cardOf(id, node, { info, wired });
      cards.set(id, card);
      kept.set(id, { key, card });
    }
    this.#cards = kept;
    return cards;
  });

  readonly nodes: CardNode[] = $derived.by(() => {
    const kept = new Map<string, CardNode>();
    const selected = this.session?.selection.nodes;
    for (const [id, card] of this.cards) {
      const [x, y] = this.placeOf(id);
      const isSelected = selected?.has(id) ?? false;
      const before = this.#nodeCache.get(id);
      const same = before && before.data.card === card && before.position.x === x && before.position.y === y && before.selected === isSelected && before.dragging === this.#isDragged(id);
      kept.set(id, same ? before : libraryNode(card, { x, y, isSelected, isDragged: this.#isDragged(id) }));
    }
    this.#nodeCache = kept;
    return [...kept.values()];
  });

  readonly edges: WireEdge[] = $derived.by(() => {
    const kept = new Map<string, WireEdge>();
    const selected = this.session?.selection.wires;
    for (const wire of this.session?.flow.wires ?? []) {
      const id = wireId(wire);
      const isSelected = selected?.has(id) ?? false;
      const kind = this.kindOf(wire.from);
      const before = this.#edgeCache.get(id);
      const same = before?.data?.wire === wire && before.data.kind === kind && before.selected === isSelected && before.ariaLabel === labelOf(wire);
      kept.set(id, same ? before : libraryEdge(wire, kind, isSelected));
    }
    this.#edgeCache = kept;
    return [...kept.values()];
  });

  /** Where the cards are, for wires that look for a way around. */
  readonly boxes: readonly Box[] = $derived.by(() => this.nodes.map((node) => ({ x: node.position.x, y: node.position.y, width: node.data.card.width, height: node.data.card.height })));

  placeOf(id: string): Place {
    return own(this.#dragged, id) ?? own(this.session?.flow.layout, id) ?? [0, 0];
  }

  port(end: string, side: 'in' | 'out'): CardPort | undefined {
    const { node, port } = splitEnd(end);
    return this.cards.get(node)?.ports.find((each) => each.id === port && (each.side === 'in') === (side === 'in'));
  }

  kindOf(from: string): WireKind | 'error' {
    return this.port(from, 'out')?.kind ?? 'any';
  }

  /** Whether a port could take the wire that is being drawn: undefined while none is, or for a port of the same side. */
  fitOf(node: string, port: CardPort): 'fits' | 'misfits' | undefined {
    const drawing = this.drawing;
    if (!drawing || (drawing.port.side === 'in') === (port.side === 'in') || (drawing.node === node && drawing.port === port)) return undefined;
    return this.misfit(drawing.port, port) === undefined ? 'fits' : 'misfits';
  }

  /** Why two ports do not fit, in words. */
  misfit(a: CardPort, b: CardPort): string | undefined {
    const [from, to] = a.side === 'in' ? [b, a] : [a, b];
    const why = whyNotFit(from.body, to.body);
    return why && pick(why);
  }

  /** What the library did to its nodes: positions while and after a drag, and the selection. */
  takeNodes(next: readonly CardNode[]): void {
    const session = this.session;
    if (!session) return;
    const dragged: Record<string, Place> = {};
    const moved: Record<string, Place> = {};
    for (const node of next) {
      const place: Place = [node.position.x, node.position.y];
      if (node.dragging) dragged[node.id] = place;
      else if (!samePlace(place, own(session.flow.layout, node.id) ?? [0, 0])) moved[node.id] = place;
    }
    this.#select(session, next.filter((node) => node.selected).map((node) => node.id), session.selection.wires);
    const wasDragged = Object.keys(this.#dragged).length > 0;
    this.#dragged = dragged;
    // A drag is one step by itself; arrow keys come in series.
    if (Object.keys(moved).length > 0) session.apply(moveNodes(moved), wasDragged ? undefined : 'nudge');
  }

  takeEdges(next: readonly WireEdge[]): void {
    const session = this.session;
    if (session) this.#select(session, session.selection.nodes, next.filter((edge) => edge.selected).map((edge) => edge.id));
  }

  #isDragged(id: string): boolean {
    return Object.hasOwn(this.#dragged, id);
  }

  #select(session: Session, nodes: Iterable<string>, wires: Iterable<string>): void {
    const [nextNodes, nextWires] = [new Set(nodes), new Set(wires)];
    if (nextNodes.symmetricDifference(session.selection.nodes).size > 0 || nextWires.symmetricDifference(session.selection.wires).size > 0) session.selection.set(nextNodes, nextWires);
  }
}

const samePlace = (a: Place, b: Place): boolean => a[0] === b[0] && a[1] === b[1];

function wiredPorts(wires: readonly Wire[]): ReadonlyMap<string, Wired> {
  const found = new Map<string, { inputs: string[]; outputs: string[] }>();
  const at = (node: string) => {
    const ports = found.get(node) ?? { inputs: [], outputs: [] };
    found.set(node, ports);
    return ports;
  };
  for (const wire of wires) {
    const [from, to] = [splitEnd(wire.from), splitEnd(wire.to)];
    at(from.node).outputs.push(from.port);
    at(to.node).inputs.push(to.port);
  }
  return found;
}

/** A node without a name of its own is called as its type. */
function spokenName({ title, info }: Card): string {
  const type = info && pick(info.title);
  return type === undefined || type === title ? title : t('canvas.node', { name: title, type });
}

function libraryNode(card: Card, { x, y, isSelected, isDragged }: { x: number; y: number; isSelected: boolean; isDragged: boolean }): CardNode {
  const { id, width, height } = card;
  return {
    id, type: 'card', data: { card }, ariaLabel: spokenName(card), position: { x, y }, selected: isSelected, dragging: isDragged, width, height, measured: { width, height },
    // Given beforehand, so that nothing has to be drawn to be measured.
    handles: card.ports.map((port) => ({
      id: port.id, type: port.side === 'in' ? 'target' as const : 'source' as const, position: port.side === 'in' ? Position.Left : port.side === 'out' ? Position.Right : Position.Bottom,
      x: port.x - RING / 2, y: port.y - RING / 2, width: RING, height: RING,
    })),
  };
}

const labelOf = (wire: Wire): string => t('canvas.wire', { from: wire.from, to: wire.to });

function libraryEdge(wire: Wire, kind: WireKind | 'error', selected: boolean): WireEdge {
  const [from, to] = [splitEnd(wire.from), splitEnd(wire.to)];
  return {
    id: wireId(wire), type: 'wire', ariaLabel: labelOf(wire), source: from.node, sourceHandle: from.port, target: to.node, targetHandle: to.port, selected, data: { wire, kind },
  };
}

export const [useCanvas, setCanvas] = createContext<CanvasState>();
