import { limits } from '../limits.ts';
import type { Body } from './message.ts';
import { NodeFailure } from './node-failure.ts';
import { parsePath, type Segment } from './path.ts';

/**
 * Text with places: `{{payload.name}}`, `{{{raw}}}` or `{{&raw}}` without escaping, `{{#list}}…{{/list}}` for each item
 * or when it is true, `{{^list}}…{{/list}}` when it is empty or false, `{{.}}` for the item itself, `{{! remark }}`.
 * A name is looked for in the innermost section first, then outwards.
 */
export interface CompiledTemplate { render(body: Body): string }

export interface TemplateOptions {
  /**
   * How values are made safe: for HTML, for the inside of a JSON string, for a part of an address, or not at all (default).
   * The beginning of an address stays as it is, because `{{env.API}}/orders` begins with an address.
   */
  readonly escape?: 'html' | 'json' | 'url' | 'none';
  /** What `{{env.NAME}}` gives where the message itself has no `env`. */
  readonly env?: (name: string) => unknown;
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly path: readonly Segment[]; readonly raw: boolean }
  | { readonly kind: 'section'; readonly path: readonly Segment[]; readonly when: 'some' | 'none'; readonly parts: Part[] };

/** Compiles a template; throws a `NodeFailure` `template.syntax` with line and column. */
export function compileTemplate(text: string, options: TemplateOptions = {}): CompiledTemplate {
  const parts = parse(text);
  const escape = ESCAPES[options.escape ?? 'none'];
  return {
    render(body) {
      const out = new Output();
      write(parts, { stack: [body], out, escape, env: options.env });
      return out.text;
    },
  };
}

class Output {
  text = '';
  #steps = 0;
  /** Lists in lists may go on without end and write nothing. */
  step(): void {
    if (++this.#steps > limits.templateStepsMax) {
      throw new NodeFailure('template.too-large', {
        en: `filling the template: it has more than ${limits.templateStepsMax} places to fill, because lists stand in lists; split the list before it`,
        ru: `заполнение шаблона: нужно заполнить больше ${limits.templateStepsMax} мест из-за списков внутри списков; разбейте список до шаблона`,
      });
    }
  }
  add(more: string): void {
    if (this.text.length + more.length > limits.templateBytesMax) {
      throw new NodeFailure('template.too-large', {
        en: `filling the template: the text passes ${limits.templateBytesMax} characters; split the list before it`,
        ru: `заполнение шаблона: текст длиннее ${limits.templateBytesMax} символов; разбейте список до шаблона`,
      });
    }
    this.text += more;
  }
}

interface Writing { readonly stack: readonly unknown[]; readonly out: Output; readonly escape: (text: string, before: string) => string; readonly env: TemplateOptions['env'] }

function write(parts: readonly Part[], w: Writing): void {
  for (const part of parts) {
    w.out.step();
    if (part.kind === 'text') { w.out.add(part.text); continue; }
    const value = find(part.path, w);
    if (part.kind === 'value') w.out.add(part.raw ? asText(value) : w.escape(asText(value), w.out.text));
    else if (part.when === 'none') { if (isNothing(value)) write(part.parts, w); }
    else if (Array.isArray(value)) for (const item of value) { w.out.step(); write(part.parts, { ...w, stack: [...w.stack, item] }); }
    else if (!isNothing(value)) write(part.parts, { ...w, stack: [...w.stack, value] });
  }
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);

function find(path: readonly Segment[], { stack, env }: Writing): unknown {
  const first = path[0];
  if (first === undefined) return stack.at(-1);
  for (let i = stack.length - 1; i >= 0; i--) {
    const scope = stack[i];
    if (typeof scope === 'object' && scope !== null && Object.hasOwn(scope, first)) return follow(scope, path);
  }
  if (first === 'env' && path.length === 2) return env?.(String(path[1]));
  return undefined;
}

function follow(scope: unknown, path: readonly Segment[]): unknown {
  let value = scope;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (typeof segment === 'number') value = Array.isArray(value) ? value.at(segment) : undefined;
    else value = Object.hasOwn(value, segment) ? (value as { readonly [key: string]: unknown })[segment] : undefined;
  }
  return value;
}

/** Text of any value: nothing is empty, a record or list is JSON. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const HTML: { readonly [char: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const ESCAPES = {
  none: (text: string): string => text,
  html: (text: string): string => text.replace(/[&<>"']/g, (char) => HTML[char] as string),
  json: (text: string): string => JSON.stringify(text).slice(1, -1),
  url: (text: string, before: string): string => (before === '' ? text : encodeURIComponent(text.toWellFormed())),
};

const TAG = /\{\{(\{[^]*?\}|[^]*?)\}\}/g;

function parse(source: string): Part[] {
  const root: Part[] = [];
  const open: { readonly name: string; readonly parts: Part[]; readonly at: number }[] = [];
  const parts = (): Part[] => open.at(-1)?.parts ?? root;
  const text = (from: number, to: number): void => { if (to > from) parts().push({ kind: 'text', text: source.slice(from, to) }); };
  let at = 0;
  for (const tag of source.matchAll(TAG)) {
    const inner = tag[1] as string;
    const sign = /^[#^/!&{]/.exec(inner)?.[0] ?? '';
    const name = inner.slice(sign.length, sign === '{' ? -1 : undefined).trim();
    const alone = '#^/!'.includes(sign) && sign !== '' ? lineOf(source, tag.index, tag[0].length) : undefined;
    text(at, Math.max(at, alone?.from ?? tag.index));
    at = alone?.to ?? tag.index + tag[0].length;
    if (sign === '!') continue;
    if (sign === '/') {
      if (open.pop()?.name !== name) throw bad(source, tag.index, { en: `{{/${name}}} closes no section of this name`, ru: `{{/${name}}} не закрывает секцию с таким именем` });
      continue;
    }
    const path = pathOf(name, source, tag.index);
    if (sign !== '#' && sign !== '^') { parts().push({ kind: 'value', path, raw: sign === '{' || sign === '&' }); continue; }
    if (open.length >= limits.templateDepthMax) throw bad(source, tag.index, { en: `more than ${limits.templateDepthMax} sections inside one another`, ru: `более ${limits.templateDepthMax} вложенных секций` });
    const section: Part = { kind: 'section', path, when: sign === '#' ? 'some' : 'none', parts: [] };
    parts().push(section);
    open.push({ name, parts: section.parts, at: tag.index });
  }
  const unclosed = open.at(-1);
  if (unclosed) throw bad(source, unclosed.at, { en: `the section {{#${unclosed.name}}} is not closed`, ru: `секция {{#${unclosed.name}}} не закрыта` });
  const stray = source.indexOf('{{', at);
  if (stray >= 0) throw bad(source, stray, { en: '{{ without }}', ru: '{{ без }}' });
  text(at, source.length);
  return root;
}

/** The whole line of a tag that stands alone on it: such a line leaves no empty line behind. */
function lineOf(source: string, index: number, length: number): { from: number; to: number } | undefined {
  const from = source.lastIndexOf('\n', index - 1) + 1;
  const newline = source.indexOf('\n', index + length);
  const to = newline < 0 ? source.length : newline + 1;
  return source.slice(from, index).trim() === '' && source.slice(index + length, to).trim() === '' ? { from, to } : undefined;
}

function pathOf(name: string, source: string, at: number): readonly Segment[] {
  if (name === '.') return [];
  try { return parsePath(name); } catch {
    throw bad(source, at, { en: `"${name}" is not a path`, ru: `«${name}» не является путём` });
  }
}

function bad(source: string, at: number, what: { en: string; ru: string }): NodeFailure {
  const before = source.slice(0, at).split('\n');
  const line = before.length;
  const column = (before.at(-1) ?? '').length + 1;
  return new NodeFailure('template.syntax', {
    en: `reading the template at line ${line}, column ${column}: ${what.en}`,
    ru: `чтение шаблона, строка ${line}, позиция ${column}: ${what.ru}`,
  }, { details: { line, column } });
}
