import { expect } from 'vitest';
import { canonicalFlow } from '../../runtime/flow/canonical.ts';
import { FLOW_FORMAT, wireId } from '../../runtime/flow/flow.ts';
import type { FieldValue, Flow } from '../../runtime/flow/flow.ts';
import { parseFlow } from '../../runtime/flow/parse.ts';
import { applyEdit } from '../../editor/model/edit.ts';
import type { Edit, Position } from '../../editor/model/edit.ts';
import { addNode, addWire, moveNodes, removeNodes, setField } from '../../editor/model/edits.ts';
import { edited, emptyHistory, redone, undone } from '../../editor/model/history.ts';
import type { Done, History } from '../../editor/model/history.ts';

export const emptyFlow: Flow = { format: FLOW_FORMAT, id: 'test', name: 'Test', delivery: 'durable', nodes: {}, wires: [], layout: {} };

/** Edits a flow as the editor does, and checks the laws of editing at every step. */
export class TestEditor {
  flow: Flow;
  history: History = emptyHistory;
  #at = 0;

  constructor(flow: Flow = emptyFlow) {
    this.flow = flow;
  }

  apply(edit: Edit, gesture?: string): this {
    checkLaws(this.flow, edit);
    return this.#become(edited(this.flow, this.history, edit, { at: this.#at, gesture }));
  }

  /** Time between two edits. */
  wait(ms: number): this {
    this.#at += ms;
    return this;
  }

  add(id: string, type: string, at: Position = [0, 0]): this {
    return this.apply(addNode(id, { type, version: 1, config: {} }, at));
  }

  wire(from: string, to: string): this {
    return this.apply(addWire({ from, to }));
  }

  move(id: string, at: Position, gesture?: string): this {
    return this.apply(moveNodes({ [id]: at }), gesture);
  }

  set(node: string, field: string, value: FieldValue | undefined, gesture?: string): this {
    return this.apply(setField(node, field, value), gesture);
  }

  remove(...ids: string[]): this {
    return this.apply(removeNodes(this.flow, ids));
  }

  undo(): this {
    return this.#become(undone(this.flow, this.history));
  }

  redo(): this {
    return this.#become(redone(this.flow, this.history));
  }

  get wires(): readonly string[] {
    return this.flow.wires.map(wireId);
  }

  #become(done: Done | undefined): this {
    if (done) ({ flow: this.flow, history: this.history } = done);
    return this;
  }
}

/** An edit is a JSON value; its inverse takes it back exactly, and the inverse of that does it again; the document stays readable. */
function checkLaws(flow: Flow, edit: Edit): void {
  const before = JSON.stringify(flow);
  const { flow: after, inverse } = applyEdit(flow, edit);
  expect(JSON.stringify(flow), 'the flow that was edited is untouched').toBe(before);
  expect(JSON.parse(JSON.stringify(edit)), 'the edit survives JSON').toEqual(edit);
  expect(JSON.parse(JSON.stringify(inverse)), 'the inverse survives JSON').toEqual(inverse);
  const back = applyEdit(after, inverse);
  expect(back.flow, 'undo is exact').toEqual(flow);
  expect(back.flow.wires, 'undo keeps the order of wires').toEqual(flow.wires);
  expect(applyEdit(back.flow, back.inverse).flow, 'redo is exact').toEqual(after);
  const text = canonicalFlow(after);
  const read = parseFlow(text);
  expect(read.problems.filter((problem) => problem.level === 'error'), 'the document can be read again').toEqual([]);
  expect(read.value && canonicalFlow(read.value), 'reading it again changes nothing').toBe(text);
}
