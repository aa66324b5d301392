import jsonata from 'jsonata';
import { limits } from '../limits.ts';
import type { Moment } from '../sdk/field.ts';
import type { Body } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { compilePath, type CompiledPath } from '../sdk/path.ts';
import { SafeRegExp } from '../sdk/safe-regex.ts';
import { bindBudget } from './budget.ts';
import { EndlessExpression } from './endless.ts';
import { MOMENT, expressionFunctions } from './functions.ts';
import { plainValue } from './plain-value.ts';

export interface Expression {
  /**
   * The value for this body. A plain path answers at once, anything else with a promise. Rejects with a `NodeFailure`
   * `expression.failed`, or `expression.limit` when the expression does not come to an end.
   */
  evaluate(body: Body, moment?: Moment): unknown;
  /** Present when it is a plain path. */
  readonly path?: CompiledPath;
}
export interface ExpressionOptions {
  /** What `$env('NAME')` answers. */
  readonly env?: (name: string) => unknown;
}

// Plain enough to be the same in JSONata: no dash (minus there), no word of the language, no predicate but an index.
const PLAIN_PATH = /^[A-Za-z_]\w*(?:\[-?\d{1,6}\])?(?:\.[A-Za-z_]\w*(?:\[-?\d{1,6}\])?)*$/;
const WORDS = /(?:^|\.)(?:and|or|in|true|false|null|function)(?![\w])/;

/** Compiles a JSONata expression over the body; throws a `NodeFailure` `expression.syntax` with the position. */
export function compileExpression(text: string, options: ExpressionOptions = {}): Expression {
  const source = text.trim();
  if (!PLAIN_PATH.test(source) || WORDS.test(source)) return compileJsonata(source, options);
  const path = compilePath(source);
  let throughLists: Expression | undefined;
  return {
    path,
    evaluate(body, moment) {
      const value = path.get(body);
      if (value !== undefined || !crossesList(body, path)) return value;
      throughLists ??= compileJsonata(source, options);
      return throughLists.evaluate(body, moment);
    },
  };
}

/** Whether a name is asked of a list: JSONata then asks each of its items. */
function crossesList(body: Body, path: CompiledPath): boolean {
  let value: unknown = body;
  for (const segment of path.segments) {
    if (typeof segment === 'number') {
      if (!Array.isArray(value)) return value !== undefined; // a single value is its own first item
      value = value.at(segment);
    } else {
      if (Array.isArray(value)) return true;
      if (typeof value !== 'object' || value === null) return false;
      value = (value as { readonly [key: string]: unknown })[segment];
    }
  }
  return false;
}

function compileJsonata(source: string, options: ExpressionOptions): Expression {
  const program = parse(source);
  bindBudget(program);
  expressionFunctions(program, options);
  // `list[]` marks its result, which may be the message's own list.
  const marks = /\[\s*\]/.test(source);
  return {
    async evaluate(body, moment) {
      try {
        const input = marks ? structuredClone(body) : body;
        return plainValue(await program.evaluate(input, bindingsOf(moment)));
      } catch (error) {
        throw failureOf(error, source);
      }
    },
  };
}

function bindingsOf(moment: Moment | undefined): { readonly [name: string]: unknown } {
  if (!moment) return {};
  const { envelope } = moment;
  return { [MOMENT]: moment, ...(envelope && { message: { id: envelope.id, runId: envelope.runId, key: envelope.key, attempt: envelope.attempt, receivedAt: envelope.receivedAt } }) };
}

function parse(source: string): jsonata.Expression {
  try {
    return jsonata(source, { stack: limits.expressionDepthMax, sequence: limits.expressionItemsMax, RegexEngine: SafeRegExp as RegExpConstructor });
  } catch (error) {
    const { message, position } = reasonOf(error);
    throw new NodeFailure('expression.syntax', {
      en: `reading the expression ${shown(source)}: ${message} at character ${position}`,
      ru: `чтение выражения ${shown(source)}: ошибка в позиции ${position} (${message})`,
    }, { details: { expression: shown(source), position } });
  }
}

/** JSONata throws plain records, `{ code, message, position }`. */
function reasonOf(error: unknown): { readonly code: string; readonly message: string; readonly position: number } {
  const { code, message, position } = error as { readonly code?: unknown; readonly message?: unknown; readonly position?: unknown };
  return { code: typeof code === 'string' ? code : '', message: String(message ?? error), position: typeof position === 'number' ? position : 0 };
}

const LIMIT_CODES = new Set(['D1011', 'D2014', 'D2015']);

function failureOf(error: unknown, source: string): NodeFailure {
  if (error instanceof NodeFailure) return error;
  const { code, message, position } = reasonOf(error);
  const details = { expression: shown(source), position };
  if (error instanceof EndlessExpression || error instanceof RangeError || LIMIT_CODES.has(code)) {
    return new NodeFailure('expression.limit', {
      en: `working out ${shown(source)}: stopped after too many steps, too deep or too large a result; it may call itself without end`,
      ru: `вычисление ${shown(source)}: остановлено — слишком много шагов, слишком глубоко или слишком большой результат; возможно, выражение вызывает само себя без конца`,
    }, { details });
  }
  return new NodeFailure('expression.failed', {
    en: `working out ${shown(source)} at character ${position}: ${message}`,
    ru: `вычисление ${shown(source)}, позиция ${position}: ${message}`,
  }, { details: { ...details, ...(code && { jsonata: code }) } });
}

const shown = (source: string): string => (source.length > 120 ? `${source.slice(0, 120)}…` : source);
