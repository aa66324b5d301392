import { syntaxTree } from '@codemirror/language';
import type { EditorState } from '@codemirror/state';
import { t } from '../../i18n/index.ts';
import type { CodeLanguage } from './languages.ts';
import type { CodeMark } from './mount.ts';

/** What cannot be read of code, while it is typed: as the sandbox reads it, so that the same is found at a deploy. */
export async function syntaxMarks(language: CodeLanguage, state: EditorState): Promise<readonly CodeMark[]> {
  if (language === 'javascript') return await inJavaScript(state.doc.toString());
  return language === 'typescript' ? inTree(state) : [];
}

async function inJavaScript(code: string): Promise<readonly CodeMark[]> {
  const { parse } = await import('acorn');
  try {
    parse(code, { ecmaVersion: 'latest', sourceType: 'script', allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true });
    return [];
  } catch (error) {
    const { message, loc } = error as { readonly message: string; readonly loc?: { readonly line: number; readonly column: number } };
    if (!loc) throw error;
    return [{ line: loc.line, column: loc.column + 1, message: t('shared.code-unreadable', { reason: message.replace(/ \(\d+:\d+\)$/, '') }) }];
  }
}

/** The first place at which the colouring's own parser was lost. */
function inTree(state: EditorState): readonly CodeMark[] {
  let at: number | undefined;
  syntaxTree(state).iterate({ enter: (node) => { if (node.type.isError) at ??= node.from; return at === undefined; } });
  if (at === undefined) return [];
  const line = state.doc.lineAt(at);
  return [{ line: line.number, column: at - line.from + 1, message: t('shared.code-unexpected') }];
}
