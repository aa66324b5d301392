import { limits } from '../limits.ts';
import { NodeFailure } from './node-failure.ts';

/**
 * A regular expression that cannot stop the process: patterns whose time grows without measure are refused when they are
 * made, and texts that are too long when they are searched. JavaScript cannot interrupt a search that has begun.
 */
export class SafeRegExp extends RegExp {
  constructor(pattern: string | RegExp, flags?: string) {
    const source = typeof pattern === 'string' ? pattern : pattern.source;
    const danger = dangerIn(source);
    if (danger !== undefined) throw unsafe(source, danger);
    try {
      super(pattern, flags);
    } catch (error) {
      throw notARegex(source, error);
    }
  }

  override exec(text: string): RegExpExecArray | null {
    if (text.length > limits.regexSubjectChars) throw tooLong(this.source, text.length);
    return super.exec(text);
  }
}

/** What stands between two brackets, or the whole pattern. */
interface Group {
  /** Simple atoms repeated without bound, as source. */
  readonly repeated: string[];
  /** A group inside is repeated without bound. */
  nested: boolean;
  /** The first atom of each alternative, when it is one plain character. */
  readonly starts: (string | undefined)[];
  /** The last atom, when it is one plain character that is not repeated. */
  end: string | undefined;
  /** The next atom begins an alternative. */
  fresh: boolean;
}
const group = (): Group => ({ repeated: [], nested: false, starts: [], end: undefined, fresh: true });

const ATOM = /\\(?:[pPu]\{[^}]*\}|x[\da-f]{2}|u[\da-f]{4}|k<[^>]*>|.)|\[\^?\]?(?:\\.|[^\]\\])*\]|[^]/giuy;
const QUANTIFIER = /(?:[*+]|\{\d+,\}|\{\d+(?:,\d+)?\}|\?)\??/y;
const OPENING = /\((?:\?(?::|=|!|<=|<!|<[^>]*>))?/y;

/** The part of a pattern that may take exponential time; undefined when there is none. */
function dangerIn(source: string): string | undefined {
  if (source.length > limits.regexPatternChars) return `${source.slice(0, 20)}…`;
  const open: { readonly group: Group; readonly at: number }[] = [];
  let current = group();
  for (let at = 0; at < source.length;) {
    const char = source[at] as string;
    if (char === '(') {
      open.push({ group: current, at });
      current = group();
      at = end(OPENING, source, at);
      continue;
    }
    if (char === '|') { current.fresh = true; current.end = undefined; at++; continue; }
    const outer = char === ')' ? open.pop() : undefined;
    const next = outer ? at + 1 : end(ATOM, source, at);
    const after = end(QUANTIFIER, source, next);
    const unbounded = isUnbounded(source.slice(next, after));
    if (outer) {
      if (unbounded && mayExplode(current)) return source.slice(outer.at, after);
      const inside = current;
      current = outer.group;
      absorb(current, inside, unbounded);
    } else addAtom(current, source.slice(at, next), { unbounded, quantified: after > next });
    at = after;
  }
  return undefined;
}

function end(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

// Fifty repeats of something that itself repeats are as bad as endless ones.
const isUnbounded = (quantifier: string): boolean => /^[*+]|^\{\d+,\}/.test(quantifier) || Number(/^\{(?:\d+,)?(\d+)\}/.exec(quantifier)?.[1] ?? 0) > 10;

function addAtom(current: Group, atom: string, { unbounded, quantified }: { unbounded: boolean; quantified: boolean }): void {
  const plain = quantified ? undefined : plainChar(atom);
  if (current.fresh) current.starts.push(plain);
  current.fresh = false;
  current.end = plain;
  if (unbounded) current.repeated.push(atom);
}

function absorb(outer: Group, inside: Group, unbounded: boolean): void {
  if (outer.fresh) outer.starts.push(undefined);
  outer.fresh = false;
  outer.end = undefined;
  outer.nested ||= unbounded || inside.nested;
  outer.repeated.push(...inside.repeated);
}

/** Whether a group could match one text in many ways when it is repeated. */
function mayExplode(inside: Group): boolean {
  if (inside.starts.length > 1) {
    const { starts } = inside;
    if (inside.nested || inside.repeated.length > 0 || starts.includes(undefined)) return true;
    return new Set(starts).size < starts.length;
  }
  if (inside.nested) return true;
  // `([a-z]+\.)+` is harmless: the dot says where each repeat ends, and the letters cannot take it.
  const mark = inside.end ?? inside.starts[0];
  return inside.repeated.some((atom) => mark === undefined || matches(atom, mark));
}

const PLAIN_ESCAPE = /^\\[^a-z0-9]$/i;
function plainChar(atom: string): string | undefined {
  if (PLAIN_ESCAPE.test(atom)) return atom.slice(1);
  return atom.length === 1 && !'.^$'.includes(atom) ? atom : undefined;
}

function matches(atom: string, char: string): boolean {
  try { return new RegExp(`^${atom}$`, 'su').test(char); } catch { return true; }
}

const unsafe = (source: string, part: string): NodeFailure => new NodeFailure('regex.unsafe', {
  en: `reading the pattern ${source.slice(0, 100)}: "${part}" could take practically forever on some texts; do not repeat a group that itself repeats`,
  ru: `чтение шаблона ${source.slice(0, 100)}: «${part}» на некоторых текстах работал бы почти бесконечно; не повторяйте группу, внутри которой уже есть повтор`,
}, { details: { part } });

const tooLong = (source: string, length: number): NodeFailure => new NodeFailure('regex.unsafe', {
  en: `searching a text of ${length} characters for ${source.slice(0, 100)}: patterns search ${limits.regexSubjectChars} characters at most; cut the text first`,
  ru: `поиск ${source.slice(0, 100)} в тексте из ${length} символов: шаблоном можно искать не более чем в ${limits.regexSubjectChars} символах; сначала сократите текст`,
}, { details: { length } });

function notARegex(source: string, error: unknown): NodeFailure {
  const reason = error instanceof Error ? error.message : String(error);
  return new NodeFailure('regex.syntax', {
    en: `reading the pattern ${source.slice(0, 100)}: ${reason}`,
    ru: `чтение шаблона ${source.slice(0, 100)}: это не регулярное выражение (${reason})`,
  });
}
