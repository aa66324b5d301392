import { javascript } from '@codemirror/lang-javascript';
import { json } from '@codemirror/lang-json';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { LanguageSupport, StreamLanguage } from '@codemirror/language';
import type { StreamParser } from '@codemirror/language';

export type CodeLanguage = 'javascript' | 'typescript' | 'json' | 'sql' | 'template' | 'jsonata' | 'text';

/** JSONata has no parser for this editor; its words are few enough to colour them by rule. */
const jsonataRules: StreamParser<{ comment: boolean }> = {
  name: 'jsonata',
  startState: () => ({ comment: false }),
  token(stream, state) {
    if (state.comment || stream.match('/*')) {
      state.comment = !stream.match(/^.*?\*\//);
      if (state.comment) stream.skipToEnd();
      return 'comment';
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'(?:[^'\\]|\\.)*'?/)) return 'string';
    if (stream.match(/^`[^`]*`?/)) return 'propertyName';
    if (stream.match(/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/)) return 'number';
    if (stream.match(/^(?:and|or|in|true|false|null|function)\b/)) return 'keyword';
    if (stream.match(/^\$[\w$]*/)) return 'variableName.special';
    if (stream.match(/^[A-Za-z_][\w]*/)) return 'propertyName';
    if (stream.match(/^[?:=<>!&|+\-*/%~^#@.]+/)) return 'operator';
    stream.next();
    return 'punctuation';
  },
  languageData: { commentTokens: { block: { open: '/*', close: '*/' } }, closeBrackets: { brackets: ['(', '[', '{', '"', "'", '`'] } },
};

/** Text with places in double braces. */
const templateRules: StreamParser<{ inside: boolean }> = {
  name: 'template',
  startState: () => ({ inside: false }),
  token(stream, state) {
    if (state.inside) {
      if (stream.match(/^\}{2,3}/)) { state.inside = false; return 'punctuation'; }
      if (stream.match(/^[#/^!>&]/)) return 'keyword';
      if (stream.match(/^[\w.$[\]-]+/)) return 'propertyName';
      stream.next();
      return null;
    }
    if (stream.match(/^\{{2,3}/)) { state.inside = true; return 'punctuation'; }
    while (!stream.eol() && !stream.match('{{', false)) stream.next();
    return null;
  },
};

export function languageOf(language: CodeLanguage): LanguageSupport | readonly never[] {
  switch (language) {
    case 'javascript': return javascript();
    case 'typescript': return javascript({ typescript: true });
    case 'json': return json();
    case 'sql': return sql({ dialect: PostgreSQL, upperCaseKeywords: true });
    case 'jsonata': return new LanguageSupport(StreamLanguage.define(jsonataRules));
    case 'template': return new LanguageSupport(StreamLanguage.define(templateRules));
    default: return [];
  }
}
