import { closeCompletion } from '@codemirror/autocomplete';
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { Prec, StateEffect, StateField } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { activateHover, EditorView, hoverTooltip, keymap, showTooltip } from '@codemirror/view';
import type { Tooltip, TooltipView, ViewUpdate } from '@codemirror/view';
import type { AnswerTo, Question, Signature } from '../typing/protocol.ts';

/** A place in the text with what is wrong there. */
export interface TypedMark { readonly from: number; readonly to: number; readonly message: string }
/** What knows the types of the code. Each answer is undefined when it cannot be had. */
export interface CodeTyping {
  ask<Q extends Question>(text: string, question: Q): Promise<AnswerTo<Q> | undefined>;
  marks(text: string): Promise<readonly TypedMark[] | undefined>;
}

type Typing = () => CodeTyping | undefined;

/** Completes names and members with their types. */
// A dot after a number is its point, unless the number ends a name.
const BEGUN = /[\p{L}\p{N}_$]+|(?<!(?<![\p{L}\p{N}_$])\d+)\.|["'`]/u;
const STILL = /^[\p{L}\p{N}_$]*$/u;

export const completeTyped = (typing: Typing) => async (context: CompletionContext): Promise<CompletionResult | null> => {
  const begun = context.matchBefore(BEGUN);
  if (!begun && !context.explicit) return null;
  const text = context.state.doc.toString();
  const at = context.pos;
  const found = await typing()?.ask(text, { ask: 'completions', at });
  if (context.aborted || !found || found.entries.length === 0) return null;
  const options = found.entries.map(({ label, kind, detail, sort }): Completion => ({
    label, type: kind, sortText: `${sort} ${label}`, ...(detail !== undefined && { detail }), info: () => aboutOf(typing, text, { at, name: label }),
  }));
  return { from: Math.min(at, found.from), options, validFor: STILL };
};

async function aboutOf(typing: Typing, text: string, { at, name }: { readonly at: number; readonly name: string }): Promise<Node | null> {
  const about = await typing()?.ask(text, { ask: 'about', at, name });
  return about ? shown(about) : null;
}

/** A type, and what is said of it. */
function shown({ type, text }: { readonly type: string; readonly text: string }): HTMLElement {
  const box = document.createElement('div');
  box.className = 'cm-about';
  const code = box.appendChild(document.createElement('code'));
  code.textContent = type;
  if (text !== '') box.appendChild(document.createElement('p')).textContent = text;
  return box;
}

const hover = (typing: Typing): Extension => hoverTooltip(async (view, at): Promise<Tooltip | null> => {
  const about = await typing()?.ask(view.state.doc.toString(), { ask: 'hover', at });
  if (!about || at > view.state.doc.length) return null;
  return { pos: about.from, end: about.to, above: true, create: () => ({ dom: shown(about) }) };
}, { hideOnChange: true });

const setSignature = StateEffect.define<Tooltip | null>();
const signatureField = StateField.define<Tooltip | null>({
  create: () => null,
  update(tooltip, { effects, changes }) {
    for (const effect of effects) if (effect.is(setSignature)) return effect.value;
    return tooltip && { ...tooltip, pos: changes.mapPos(tooltip.pos) };
  },
  provide: (field) => showTooltip.from(field),
});

/** Shows the parameters of the call around the cursor, or takes them away where there is none. */
async function showSignature(view: EditorView, typing: Typing): Promise<boolean> {
  const { state } = view;
  const at = state.selection.main.head;
  const found = await typing()?.ask(state.doc.toString(), { ask: 'signature', at });
  if (state.field(signatureField) !== null && view.state.field(signatureField) === null) return true; // it was closed meanwhile
  // What was typed meanwhile may stand in the same call.
  if (view.state.doc !== state.doc || view.state.selection.main.head !== at) return showSignature(view, typing);
  view.dispatch({ effects: setSignature.of(found && view.hasFocus ? { pos: at, above: true, create: () => signatureView(found) } : null) });
  return found !== undefined;
}

function signatureView({ label: [before, now, after], text }: Signature): TooltipView {
  const box = shown({ type: '', text });
  box.classList.add('cm-signature');
  const strong = document.createElement('b');
  strong.textContent = now;
  box.querySelector('code')?.append(before, strong, after);
  return { dom: box };
}

/** Asked for when a call is begun, and again while one is shown: one question at a time, however fast somebody types. */
function followCalls(typing: Typing): (update: ViewUpdate) => void {
  let isAsked = false;
  const follow = async (view: EditorView): Promise<void> => {
    if (isAsked) return;
    isAsked = true;
    await showSignature(view, typing);
    isAsked = false;
  };
  return ({ view, docChanged, selectionSet, transactions }) => {
    const typed = transactions.some((each) => each.isUserEvent('input') && /[(,]\)?$/.test(insertedBy(each.changes)));
    const isShown = view.state.field(signatureField) !== null;
    if (typed) void showSignature(view, typing);
    else if (isShown && (docChanged || selectionSet)) void follow(view);
  };
}

function insertedBy(changes: ViewUpdate['changes']): string {
  let text = '';
  changes.iterChanges((...[, , , , inserted]) => { text += inserted.toString(); });
  return text;
}

/** By key: the parameters of the call at the cursor, else what stands there. */
function askHere(view: EditorView, typing: Typing): boolean {
  void showSignature(view, typing).then((isCall) => {
    if (!isCall) activateHover(view, view.state.selection.main.head, -1, { until: ({ docChanged, selection }) => docChanged || selection !== undefined });
  });
  return true;
}

const closeSignature = (view: EditorView): boolean => {
  if (view.state.field(signatureField) === null) return false;
  closeCompletion(view);
  view.dispatch({ effects: setSignature.of(null) });
  return true;
};

/** Types while pointing at names and while calls are written. */
export const typedCode = (typing: Typing): Extension => [
  hover(typing), signatureField, EditorView.focusChangeEffect.of((_, isFocused) => (isFocused ? null : setSignature.of(null))), EditorView.updateListener.of(followCalls(typing)),
  Prec.highest(keymap.of([{ key: 'Ctrl-Shift-Space', run: (view) => askHere(view, typing) }, { key: 'Escape', run: closeSignature }])),
];
