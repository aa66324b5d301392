import { outputsOf } from '../../runtime/flow/evaluate-rule.ts';
import { splitEnd, wireId } from '../../runtime/flow/flow.ts';
import type { Wire } from '../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../runtime/flow/node-info.ts';
import { own } from '../../runtime/flow/own.ts';
import { copyNodes, cornerOf, parseClip, pasteClip } from '../model/clipboard.ts';
import type { Position } from '../model/edit.ts';
import { addNode, addWire, freshNode, insertIntoWire, many, moveNodes, removeNodes, removeWire, setNode, setWire } from '../model/edits.ts';
import { freeId } from '../model/ids.ts';
import { freePlace, snapped } from '../model/placement.ts';
import type { Session } from './session.svelte.ts';

/** What keys, menus and the command palette do to the open flow. */

const DUPLICATE_OFFSET = 32;

export function deleteSelection(session: Session): void {
  const { flow, selection } = session;
  if (selection.isEmpty) return;
  const gone = selection.nodes;
  // The wires at a removed node go with it.
  const wires = flow.wires.filter((wire) => selection.wires.has(wireId(wire)) && !gone.has(splitEnd(wire.from).node) && !gone.has(splitEnd(wire.to).node));
  session.apply(many([...wires.map((wire) => removeWire(wireId(wire))), ...(gone.size > 0 ? [removeNodes(flow, gone)] : [])]));
}

/** The selected nodes as text for the clipboard. */
export const copySelection = (session: Session): string | undefined => copyNodes(session.flow, session.selection.nodes);

/** Pastes copied nodes and selects them. False when the text is something else. */
export function pasteText(session: Session, text: string, at?: Position): boolean {
  const clip = parseClip(text);
  if (!clip) return false;
  const corner = cornerOf(clip);
  const { edit, ids } = pasteClip(session.flow, clip, {
    at: freePlace(session.flow.layout, at ?? [corner[0] + DUPLICATE_OFFSET, corner[1] + DUPLICATE_OFFSET]), infoOf: (type) => session.infoOf(type),
  });
  session.apply(edit);
  session.selection.set(ids);
  return true;
}

export function duplicateSelection(session: Session): void {
  const text = copySelection(session);
  if (text !== undefined) pasteText(session, text);
}

export function selectAll(session: Session): void {
  session.selection.set(Object.keys(session.flow.nodes), session.flow.wires.map(wireId));
}

export function nudgeSelection(session: Session, by: Position): void {
  const to: Record<string, Position> = {};
  for (const id of session.selection.nodes) {
    const [x, y] = own(session.flow.layout, id) ?? [0, 0];
    to[id] = [x + by[0], y + by[1]];
  }
  if (Object.keys(to).length > 0) session.apply(moveNodes(to), 'nudge');
}

/** Disables the selected nodes and wires, or enables them when all are disabled. */
export function toggleDisabled(session: Session): void {
  const { flow, selection } = session;
  const wires = flow.wires.filter((wire) => selection.wires.has(wireId(wire)));
  const all = [...selection.nodes].every((id) => flow.nodes[id]?.disabled) && wires.every((wire) => wire.disabled);
  const disabled = all ? undefined : true;
  if (!selection.isEmpty) session.apply(many([...[...selection.nodes].map((id) => setNode(id, 'disabled', disabled)), ...wires.map((wire) => setWire(wireId(wire), 'disabled', disabled))]));
}

export interface NewNode {
  readonly info: NodeInfo;
  readonly at: Position;
  /** The port that the new node is wired to: an output of another node, or an input. */
  readonly wiredTo?: { readonly end: string; readonly direction: 'from' | 'into' };
  /** The wire that it is put into. */
  readonly into?: Wire;
}

/** Puts a node of this type into the flow, wires it where asked and possible, and selects it. Answers its id. */
export function placeNode(session: Session, { info, at, wiredTo, into }: NewNode): string {
  const { flow } = session;
  const id = freeId(info.type, (each) => Object.hasOwn(flow.nodes, each));
  const input = Object.keys(info.inputs)[0];
  const output = Object.keys(outputsOf(info, {}))[0];
  const edits = [addNode(id, freshNode(info), freePlace(flow.layout, snapped(at)))];
  if (wiredTo?.direction === 'from' && input !== undefined) edits.push(addWire({ from: wiredTo.end, to: `${id}.${input}` }));
  if (wiredTo?.direction === 'into' && output !== undefined) edits.push(addWire({ from: `${id}.${output}`, to: wiredTo.end }));
  if (into && input !== undefined && output !== undefined) edits.push(insertIntoWire(into, { node: id, input, output }));
  session.apply(many(edits));
  session.selection.set([id]);
  return id;
}

/** Puts an end of a wire elsewhere; its settings go with it. */
export function rewire(session: Session, id: string, { from, to }: Pick<Wire, 'from' | 'to'>): void {
  const wire = session.flow.wires.find((each) => wireId(each) === id);
  if (!wire || session.flow.wires.some((each) => each.from === from && each.to === to)) return;
  session.apply(many([removeWire(id), addWire({ ...wire, from, to })]));
  session.selection.set([], [wireId({ from, to })]);
}

/** Draws a wire, unless it is there already. */
export function connect(session: Session, from: string, to: string): void {
  if (!session.flow.wires.some((wire) => wire.from === from && wire.to === to)) session.apply(addWire({ from, to }));
}
