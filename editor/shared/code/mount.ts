import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab, toggleTabFocusMode } from '@codemirror/commands';
import { jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { linter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import type { Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import type { Extension, Text } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder, tooltips } from '@codemirror/view';
import { completeWords } from './complete.ts';
import type { CodeWord } from './complete.ts';
import { languageOf } from './languages.ts';
import type { CodeLanguage } from './languages.ts';
import { later } from '../../state/timing.ts';
import { look } from './theme.ts';
import { completeTyped, typedCode } from './typed.ts';
import type { CodeTyping, TypedMark } from './typed.ts';

export interface CodeMark { readonly line: number; readonly column?: number | undefined; readonly message: string }
export interface CodeOptions {
  readonly value: string;
  readonly language: CodeLanguage;
  /** `inline` is a field of one line that grows; `block` has line numbers. */
  readonly shape: 'inline' | 'block';
  readonly placeholder: string;
  readonly label: string;
  readonly labelledby: string | undefined;
  readonly words: () => readonly CodeWord[];
  /** What knows the types of the code; undefined until it has come, and for what is not code. */
  readonly typing: () => CodeTyping | undefined;
  readonly onInput: (value: string) => void;
  /** The text should be taken over now. */
  readonly onCommit: () => void;
}
export interface CodeHandle {
  setValue(value: string): void;
  setMarks(marks: readonly CodeMark[]): void;
  /** What the types hang on has changed. */
  readAgain(): void;
  focus(): void;
  destroy(): void;
}

const READ_AFTER_MS = 300; // since the last key: a half-typed word is no mistake yet

/** The one place that knows CodeMirror. Loaded on first use, because it weighs more than all of the rest of the inspector. */
export function mountCode(parent: HTMLElement, options: CodeOptions): CodeHandle {
  // A dialog is moved into its place, where what hangs over the edge of the code would be cut off.
  const dialog = parent.closest<HTMLElement>('[role="dialog"]');
  let marks: readonly CodeMark[] = [];
  let found: { readonly doc: Text | undefined; readonly marked: readonly TypedMark[] } = { doc: undefined, marked: [] };
  let callOff: (() => void) | undefined;
  const changed = EditorView.updateListener.of((update) => { if (update.docChanged) readLater(); });
  const view = new EditorView({ parent, state: EditorState.create({ doc: options.value, extensions: [...extensionsOf(options), changed, ...(dialog ? [tooltips({ parent: dialog })] : [])] }) });
  // Escape that closes a list or a hint does not also close the dialog around it.
  const own = (event: KeyboardEvent): void => { if (event.key === 'Escape' && event.defaultPrevented) event.stopPropagation(); };
  parent.addEventListener('keydown', own);
  const readLater = (): void => {
    callOff?.();
    if (!isTyped(options)) return; // JSON has a reader of its own
    callOff = later(READ_AFTER_MS, () => { void read(); });
  };
  async function read(): Promise<void> {
    const { state } = view;
    const marked = await options.typing()?.marks(state.doc.toString()) ?? [];
    if (view.state.doc !== state.doc) return;
    found = { doc: state.doc, marked };
    show();
  }
  // What is marked from elsewhere and what is found here stand together; of one line the latter is newer.
  function show(): void {
    const { doc } = view.state;
    const marked = found.doc === doc ? found.marked : [];
    const lines = new Set(marked.map(({ from }) => doc.lineAt(from).number));
    view.dispatch(setDiagnostics(view.state, [...marks.filter(({ line }) => !lines.has(line)).map((mark) => diagnosticOf(mark, doc)), ...marked.map((mark) => ({ ...mark, severity: 'error' as const }))]));
  }
  return {
    setValue(value) {
      if (value !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
    },
    setMarks(next) {
      if (JSON.stringify(next) === JSON.stringify(marks)) return;
      marks = next;
      show();
    },
    readAgain: readLater,
    focus() { view.focus(); },
    destroy() {
      callOff?.();
      parent.removeEventListener('keydown', own);
      view.destroy();
    },
  };
}

const isTyped = ({ language }: CodeOptions): boolean => language === 'javascript' || language === 'typescript';

function extensionsOf(options: CodeOptions): Extension[] {
  const block = options.shape === 'block';
  // Made once: the editor asks again and again, and takes another function for another source.
  const typed = isTyped(options);
  const completion = [{ autocomplete: typed ? completeTyped(options.typing) : completeWords(options.words) }];
  return [
    history(), drawSelection(), closeBrackets(), bracketMatching(), look, languageOf(options.language) as Extension,
    EditorState.languageData.of(() => completion),
    ...(typed ? [typedCode(options.typing)] : []),
    autocompletion({ icons: false }),
    placeholder(options.placeholder),
    EditorView.contentAttributes.of({ tabindex: '0', ...(options.labelledby ? { 'aria-labelledby': options.labelledby } : { 'aria-label': options.label }) }),
    ...(block ? [lineNumbers(), highlightActiveLine(), indentOnInput()] : [EditorView.lineWrapping]),
    ...(block && options.language === 'json' ? [linter(jsonParseLinter())] : []),
    // In a field Tab goes to the next field; in a block it indents, and Escape sets it free once, Ctrl M until it is pressed again, on every system.
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter'), ...historyKeymap, ...(block ? [indentWithTab, { key: 'Ctrl-m', run: toggleTabFocusMode }] : [])]),
    EditorView.updateListener.of((update) => { if (update.docChanged) options.onInput(update.state.doc.toString()); }),
    // A shortcut of the page, Ctrl Enter for deploy, must find what was just typed.
    EditorView.domEventHandlers({ blur: () => { options.onCommit(); }, keydown: (event) => { if (event.ctrlKey || event.metaKey) options.onCommit(); } }),
  ];
}

function diagnosticOf(mark: CodeMark, doc: Text): Diagnostic {
  const line = doc.line(Math.max(1, Math.min(doc.lines, mark.line)));
  const from = Math.min(line.to, line.from + Math.max(0, (mark.column ?? 1) - 1));
  return { from, to: mark.column === undefined ? line.to : Math.min(line.to, from + 1), severity: 'error', message: mark.message };
}
