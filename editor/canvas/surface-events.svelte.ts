import type { OnConnectEnd, OnConnectStart, useSvelteFlow } from '@xyflow/svelte';
import { wireId } from '../../runtime/flow/flow.ts';
import type { Wire } from '../../runtime/api/contract.ts';
import { CARD } from '../model/card.ts';
import { NODE_TYPE_DRAG } from '../model/drag.ts';
import { rightOf } from '../model/placement.ts';
import { placeNode } from '../state/actions.ts';
import type { App } from '../state/app.svelte.ts';
import type { CanvasState, CardNode } from './canvas-state.svelte.ts';
import type { QuickAddRequest } from './quick-add.ts';

type FlowTools = Pick<ReturnType<typeof useSvelteFlow<CardNode>>, 'screenToFlowPosition' | 'setCenter' | 'getZoom' | 'getViewport' | 'setViewport' | 'zoomIn' | 'zoomOut' | 'fitView'>;
const GLIDE = { duration: 150 };
const SIGHT_MARGIN = 24;
const INSPECTOR_REACH = 700; // a node that was already out of sight stays there
interface Parts { readonly app: App; readonly canvas: CanvasState; readonly flow: FlowTools; readonly surface: () => HTMLElement | undefined }
export interface MenuPlace { readonly x: number; readonly y: number }

/** What the pointer asks of the canvas besides what the drawing library does by itself. */
export class SurfaceEvents {
  quickAdd = $state.raw<QuickAddRequest>();
  menu = $state.raw<MenuPlace>();
  readonly #parts: Parts;
  #pointer = { x: 0, y: 0 };
  #shown = 0;
  #isRewiring = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.app.canvasTools = {
      addNode: () => this.#addFromKey(),
      pointerPlace: () => this.#pointerPlace(),
      middlePlace: () => this.#middlePlace(),
      zoomIn: () => void parts.flow.zoomIn(GLIDE),
      zoomOut: () => void parts.flow.zoomOut(GLIDE),
      fit: () => void parts.flow.fitView({ ...GLIDE, padding: 0.1, maxZoom: 1 }),
    };
  }

  readonly pointerMove = (event: PointerEvent): void => {
    // While the menu is open the place where it was opened counts.
    if (!this.menu) this.#pointer = { x: event.clientX, y: event.clientY };
  };

  readonly doubleClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    const wire = this.#wireAt(event);
    if (wire || target.classList.contains('svelte-flow__pane')) this.#openQuickAdd(event, wire && { into: wire });
  };

  readonly dragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes(NODE_TYPE_DRAG)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    this.#parts.canvas.hoveredWire = this.#wireAt(event) && this.#wireIdAt(event);
  };

  readonly drop = (event: DragEvent): void => {
    const { app, canvas, flow } = this.#parts;
    const info = app.catalog.node(event.dataTransfer?.getData(NODE_TYPE_DRAG) ?? '');
    if (!info || !app.session) return;
    event.preventDefault();
    canvas.hoveredWire = undefined;
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    const into = this.#wireAt(event);
    placeNode(app.session, { info, at: [x - CARD.width / 2, y - CARD.height / 2], ...(into && { into }) });
  };

  readonly wireStart: OnConnectStart = (_, { nodeId, handleId, handleType }) => {
    const { canvas } = this.#parts;
    const port = nodeId !== null && handleId !== null && canvas.port(`${nodeId}.${handleId}`, handleType === 'target' ? 'in' : 'out');
    if (nodeId !== null && port) canvas.drawing = { node: nodeId, port };
  };

  /** A wire that ends on the empty canvas asks for the node that it should lead to. */
  readonly wireEnd: OnConnectEnd = (event, state) => {
    const { canvas } = this.#parts;
    const drawing = canvas.drawing;
    canvas.drawing = undefined;
    const point = 'changedTouches' in event ? event.changedTouches[0] : event;
    // An end that was taken off and dropped nowhere goes back to where it was.
    if (this.#isRewiring || !drawing || !point || state.toHandle || state.toNode || !(document.elementFromPoint(point.clientX, point.clientY)?.classList.contains('svelte-flow__pane') ?? false)) return;
    const direction = drawing.port.side === 'in' ? 'into' : 'from';
    this.#openQuickAdd(point, { wiredTo: { end: `${drawing.node}.${drawing.port.id}`, direction, body: drawing.port.body } });
  };

  readonly rewireStart = (): void => {
    this.#isRewiring = true;
  };

  readonly rewireEnd = (): void => {
    this.#isRewiring = false;
  };

  nodeMenu(event: MouseEvent, id: string): void {
    const { session } = this.#parts.app;
    if (session && !session.selection.nodes.has(id)) session.selection.set([id]);
    this.openMenu(event);
  }

  wireMenu(event: MouseEvent, id: string): void {
    const { session } = this.#parts.app;
    if (session && !session.selection.wires.has(id)) session.selection.set([], [id]);
    this.openMenu(event);
  }

  paneMenu(event: MouseEvent): void {
    this.#parts.app.session?.selection.clear();
    this.openMenu(event);
  }

  openMenu(event: MouseEvent): void {
    event.preventDefault();
    this.#pointer = { x: event.clientX, y: event.clientY };
    this.menu = this.#pointer;
  }

  readonly closeMenu = (): void => {
    this.menu = undefined;
  };

  readonly closeQuickAdd = (): void => {
    this.quickAdd = undefined;
  };

  readonly addInMiddle = (): void => {
    const bounds = this.#parts.surface()?.getBoundingClientRect();
    if (bounds) this.#openQuickAdd({ clientX: bounds.x + bounds.width / 2 - CARD.width / 2, clientY: bounds.y + bounds.height / 3 });
  };

  /** Brings the asked-for node into view. */
  show(asked: { readonly node: string; readonly count: number } | undefined): void {
    const { canvas, flow } = this.#parts;
    const card = asked && canvas.cards.get(asked.node);
    if (!card || asked.count === this.#shown) return;
    this.#shown = asked.count;
    const [x, y] = canvas.placeOf(card.id);
    void flow.setCenter(x + card.width / 2, y + card.height / 2, { zoom: Math.max(0.8, Math.min(1, flow.getZoom())), duration: 200 });
  }

  /** When a panel opens over it, the selected node moves back into sight. */
  keepInSight(width: number): void {
    const { app, canvas, flow } = this.#parts;
    const card = app.session?.selection.node === undefined ? undefined : canvas.cards.get(app.session.selection.node);
    if (!card) return;
    const { x, y, zoom } = flow.getViewport();
    const right = (canvas.placeOf(card.id)[0] + card.width) * zoom + x + SIGHT_MARGIN;
    if (right > width && right < width + INSPECTOR_REACH) void flow.setViewport({ x: x - (right - width), y, zoom }, GLIDE);
  }

  // By key the new node stands right of the selected one and is wired to it.
  #addFromKey(): void {
    const { app, canvas } = this.#parts;
    const card = app.session?.selection.node === undefined ? undefined : canvas.cards.get(app.session.selection.node);
    const output = card?.ports.find((port) => port.side === 'out' && !port.isWired) ?? card?.ports.find((port) => port.side === 'out');
    if (!card || !output) return this.#isPointerInside() ? this.#openQuickAdd({ clientX: this.#pointer.x, clientY: this.#pointer.y }) : this.addInMiddle();
    const [x, y] = canvas.placeOf(card.id);
    const ring = this.#parts.surface()?.querySelector(`[data-id$="-${card.id}-${output.id}-source"]`)?.getBoundingClientRect();
    this.#openQuickAdd({ clientX: ring?.right ?? this.#pointer.x, clientY: ring?.top ?? this.#pointer.y }, { at: rightOf([x, y], card.width), wiredTo: { end: `${card.id}.${output.id}`, direction: 'from', body: output.body } });
  }

  #openQuickAdd(point: { readonly clientX: number; readonly clientY: number }, more: Partial<QuickAddRequest> = {}): void {
    const bounds = this.#parts.surface()?.getBoundingClientRect();
    if (!bounds) return;
    const { x, y } = this.#parts.flow.screenToFlowPosition({ x: point.clientX, y: point.clientY });
    const at: [number, number] = more.wiredTo?.direction === 'into' ? [x - CARD.width, y - CARD.height / 2] : [x, y - CARD.height / 2];
    this.quickAdd = { screen: { x: point.clientX - bounds.x, y: point.clientY - bounds.y }, bounds: { width: bounds.width, height: bounds.height }, at, ...more };
  }

  #isPointerInside(): boolean {
    const bounds = this.#parts.surface()?.getBoundingClientRect();
    return bounds !== undefined && this.#pointer.x > bounds.left && this.#pointer.x < bounds.right && this.#pointer.y > bounds.top && this.#pointer.y < bounds.bottom;
  }

  #pointerPlace(): readonly [number, number] | undefined {
    if (!this.#isPointerInside()) return undefined;
    const { x, y } = this.#parts.flow.screenToFlowPosition(this.#pointer);
    return [x, y];
  }

  #middlePlace(): readonly [number, number] | undefined {
    const bounds = this.#parts.surface()?.getBoundingClientRect();
    if (!bounds) return undefined;
    const { x, y } = this.#parts.flow.screenToFlowPosition({ x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2 });
    return [x - CARD.width / 2, y - CARD.height / 2];
  }

  #wireIdAt(event: MouseEvent): string | undefined {
    return document.elementFromPoint(event.clientX, event.clientY)?.closest('.svelte-flow__edge')?.getAttribute('data-id') ?? undefined;
  }

  #wireAt(event: MouseEvent): Wire | undefined {
    const id = this.#wireIdAt(event);
    return this.#parts.app.session?.flow.wires.find((wire) => wireId(wire) === id);
  }
}
