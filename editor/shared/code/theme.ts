import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const base = EditorView.theme({
  '&': { backgroundColor: 'transparent', color: 'var(--ink)', fontSize: 'var(--text-s)' },
  '&.cm-focused': { outline: 'none' },
  // The padding is the scroller's, so that the line numbers stand beside their lines from the first picture on.
  '.cm-scroller': { fontFamily: 'var(--font-code)', lineHeight: '1.55', padding: '6px 0' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '0' },
  '.cm-line': { padding: '0 9px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  // Not see-through: long lines are scrolled beneath it.
  '.cm-gutters': { backgroundColor: 'var(--surface-2)', color: 'var(--ink-3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--surface-3) 55%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection': { backgroundColor: 'var(--accent-soft)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', color: 'inherit' },
  '.cm-placeholder': { color: 'var(--ink-3)' },
  '.cm-tooltip': { border: '1px solid var(--line)', borderRadius: 'var(--radius-m)', backgroundColor: 'var(--surface-2)', color: 'var(--ink)', boxShadow: 'var(--shadow-menu)', overflow: 'hidden' },
  // The line on a name stands beside the list.
  '.cm-tooltip-section:not(:first-child)': { borderTop: '1px solid var(--line)' },
  '.cm-tooltip.cm-tooltip-autocomplete': { overflow: 'visible' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-code)', fontSize: 'var(--text-s)', maxHeight: '220px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete > ul > li': { display: 'flex', maxWidth: 'min(420px, 90vw)' },
  '.cm-completionLabel': { flex: 'none' },
  '.cm-completionDetail': { overflow: 'hidden', textOverflow: 'ellipsis', color: 'var(--ink-2)', fontStyle: 'normal', marginLeft: '10px' },
  '.cm-completionInfo': { maxWidth: '320px', padding: '6px 10px', fontFamily: 'var(--font-ui)', fontSize: 'var(--text-s)', color: 'var(--ink-2)' },
  '.cm-about': { maxWidth: 'min(460px, 80vw)', maxHeight: '240px', overflow: 'auto', padding: '6px 10px' },
  '.cm-about code': { fontFamily: 'var(--font-code)', fontSize: 'var(--text-s)', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  '.cm-about p': { margin: '4px 0 0', fontFamily: 'var(--font-ui)', fontSize: 'var(--text-s)', lineHeight: '1.4', color: 'var(--ink-2)', whiteSpace: 'pre-wrap' },
  '.cm-signature b': { color: 'var(--accent)', fontWeight: '600' },
  '.cm-completionInfo .cm-about': { padding: '0' },
  '.cm-diagnostic': { fontFamily: 'var(--font-ui)', padding: '4px 8px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)', textUnderlineOffset: '3px' },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--type-list)', fontWeight: '550' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--cat-data)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--type-number)' },
  { tag: [tags.propertyName, tags.attributeName], color: 'var(--type-record)' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.special(tags.variableName)], color: 'var(--info)' },
  { tag: [tags.typeName, tags.className], color: 'var(--cat-time)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: [tags.operator, tags.punctuation, tags.bracket], color: 'var(--ink-2)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

/** The editor's own look, from the tokens, so that it follows the theme without being told. */
export const look: Extension = [base, syntaxHighlighting(colours)];
