import { limits } from '../../runtime/limits.ts';
import type { Flow } from '../../runtime/flow/flow.ts';
import { applyEdit } from './edit.ts';
import type { Edit } from './edit.ts';

/** What can be undone and redone. A value: every function answers a new one. */
export interface History { readonly past: readonly Step[]; readonly future: readonly Step[] }
interface Step {
  readonly edit: Edit;
  readonly inverse: Edit;
  /** Steps of one gesture (typing in a field, dragging) share it and are undone as one. */
  readonly gesture?: string;
  readonly at: number;
}
export interface Done { readonly flow: Flow; readonly history: History }

export const emptyHistory: History = { past: [], future: [] };

/** A pause longer than this ends a gesture. */
const GESTURE_PAUSE_MS = 1500;

/** Applies an edit and remembers how to take it back. */
export function edited(flow: Flow, history: History, edit: Edit, { at, gesture }: { readonly at: number; readonly gesture?: string | undefined }): Done {
  const { flow: next, inverse } = applyEdit(flow, edit);
  const last = history.past.at(-1);
  const step: Step = { edit, inverse, at, ...(gesture === undefined ? {} : { gesture }) };
  const goesOn = last !== undefined && gesture !== undefined && last.gesture === gesture && at - last.at <= GESTURE_PAUSE_MS;
  const past = goesOn ? [...history.past.slice(0, -1), joined(last, step)] : [...history.past, step].slice(-limits.editorUndoMax);
  return { flow: next, history: { past, future: [] } };
}

function joined(first: Step, second: Step): Step {
  // Of edits that overwrite the same place only the last matters, and only the first inverse.
  const same = placeOf(first.edit) !== undefined && placeOf(first.edit) === placeOf(second.edit);
  if (same) return { ...second, inverse: first.inverse };
  return { ...second, edit: { kind: 'many', edits: [first.edit, second.edit] }, inverse: { kind: 'many', edits: [second.inverse, first.inverse] } };
}

function placeOf(edit: Edit): string | undefined {
  switch (edit.kind) {
    case 'set-field': return `field ${edit.node}.${edit.field}`;
    case 'set-node': return `node ${edit.node}.${edit.key}`;
    case 'set-wire': return `wire ${edit.wire} ${edit.key}`;
    case 'set-flow': return `flow ${edit.key}`;
    case 'move': return `move ${Object.keys(edit.to).sort().join(' ')}`;
    default: return undefined;
  }
}

/** Takes the last step back; undefined when there is none. */
export function undone(flow: Flow, history: History): Done | undefined {
  const step = history.past.at(-1);
  if (!step) return undefined;
  return { flow: applyEdit(flow, step.inverse).flow, history: { past: history.past.slice(0, -1), future: [...history.future, ended(step)] } };
}

/** Does the last undone step again; undefined when there is none. */
export function redone(flow: Flow, history: History): Done | undefined {
  const step = history.future.at(-1);
  if (!step) return undefined;
  return { flow: applyEdit(flow, step.edit).flow, history: { past: [...history.past, ended(step)], future: history.future.slice(0, -1) } };
}

// A step that was undone once is no longer part of a gesture that goes on.
function ended({ gesture: _, ...step }: Step): Step {
  return step;
}
