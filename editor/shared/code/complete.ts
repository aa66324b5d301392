import type { CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';

/** A word that may be completed: a path of the message. */
export interface CodeWord { readonly path: string; readonly detail?: string }
interface Step { readonly label: string; readonly detail: string | undefined }

/** The next steps after what is typed: `payload.` gives its fields. Pure, for tests. */
export function stepsAfter(words: readonly CodeWord[], typed: string): readonly Step[] {
  const dot = typed.lastIndexOf('.');
  const prefix = dot < 0 ? '' : typed.slice(0, dot + 1);
  const steps = new Map<string, CodeWord | undefined>();
  for (const word of words) {
    const { path } = word;
    if (!path.startsWith(prefix)) continue;
    const [step = '', ...deeper] = path.slice(prefix.length).split('.');
    if (step === '' || /[[\]"]/.test(step)) continue;
    if (!steps.has(step) || deeper.length === 0) steps.set(step, deeper.length === 0 ? word : steps.get(step));
  }
  return [...steps].map(([label, word]) => ({ label, detail: word?.detail }));
}

/** Completes the words that `words()` gives at that moment: the last message changes while the editor is open. */
export function completeWords(words: () => readonly CodeWord[]): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const typed = context.matchBefore(/[\w$.]+/);
    if (!typed && !context.explicit) return null;
    const text = typed?.text ?? '';
    const steps = stepsAfter(words(), text);
    if (steps.length === 0) return null;
    const from = (typed?.from ?? context.pos) + text.lastIndexOf('.') + 1;
    return { from, options: steps.map(({ label, detail }) => ({ label, type: 'property', ...(detail !== undefined && { detail }) })), validFor: /^[\w$]*$/ };
  };
}
