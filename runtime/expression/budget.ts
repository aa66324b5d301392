import jsonata from 'jsonata';
import { limits } from '../limits.ts';
import { EndlessExpression } from './endless.ts';
import { distinct, replaced, sorted } from './lists.ts';

/**
 * What one evaluation may cost, counted in steps: JSONata's evaluations, and beside them what its functions and results weigh. A count and not a
 * clock, so that the same message always gives the same. The weights are of measured work: a step is about half a microsecond.
 */

const ENTRY = Symbol.for('jsonata.__evaluate_entry');
const EXIT = Symbol.for('jsonata.__evaluate_exit');

interface Base { stepsTaken?: number; evalsInside?: number; grouped?: number }
interface Syntax { readonly group?: { readonly lhs: readonly (readonly [key: Syntax, value: Syntax])[] } }
const GROUP_KEYS = new WeakSet<Syntax>();
interface Frame { readonly base: Base; lookup(name: string): unknown }
/** `this` of JSONata's functions. */
interface Focus { readonly environment: Frame; createSequence(): unknown[] }
type Implementation = (this: Focus, ...args: unknown[]) => unknown;
interface Definition { readonly implementation: Implementation }

export function bindBudget(program: jsonata.Expression): void {
  program.assign(ENTRY as unknown as string, (expression: Syntax, _input: unknown, { base }: Frame) => {
    charge(base, 1);
    if (expression.group) for (const [key] of expression.group.lhs) GROUP_KEYS.add(key);
    // An item joins its group by a copy of the group.
    if (GROUP_KEYS.has(expression)) charge(base, (base.grouped = (base.grouped ?? 0) + 1) >> 11);
  });
  program.assign(EXIT as unknown as string, (...[, , { base }, result]: readonly [unknown, unknown, Frame, unknown]) => {
    if (typeof result === 'string') weighText(base, result.length);
    else if (Array.isArray(result)) charge(base, result.length >> 5);
  });
  for (const [name, definition] of CHARGED) program.assign(name, definition);
}

/** Counts in the frame of one evaluation: several messages may be in the same expression at once. */
function charge(base: Base, steps: number): void {
  base.stepsTaken = (base.stepsTaken ?? 0) + steps;
  if (base.stepsTaken > limits.expressionStepsMax) throw new EndlessExpression();
}

function weighText(base: Base, chars: number): void {
  if (chars > limits.expressionResultChars) throw new EndlessExpression();
  charge(base, chars >> 12);
}

const chars = (value: unknown): number => (typeof value === 'string' ? value.length : 0);
const items = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
const picture: Weight = (args) => args.reduce<number>((sum, arg) => sum + chars(arg) * 16, 0);

type Weight = (args: readonly unknown[]) => number;
/** Steps of a call by its arguments, where a look at each character or item is not all. */
const WEIGHTS: { readonly [name: string]: Weight } = {
  pad: ([, width]) => Math.abs(Number(width)) / 64,
  replace: ([text]) => chars(text) / 128,
  split: ([text]) => chars(text) / 64,
  // One item after the other is put before all the rest.
  spread: ([list]) => items(list) ** 2 / 512,
  sort: ([list, by]) => (by === undefined ? items(list) / 8 : items(list) * 8),
  // Read anew at each call, with expressions whose time grows with their square.
  formatNumber: picture, formatInteger: picture, parseInteger: picture, fromMillis: picture, toMillis: picture,
  eval: ([text]) => chars(text),
};

const NAMES = ['sum', 'count', 'max', 'min', 'average', 'string', 'substring', 'substringBefore', 'substringAfter', 'lowercase', 'uppercase', 'length', 'trim', 'pad', 'match', 'contains', 'replace', 'split', 'join',
  'formatNumber', 'formatBase', 'formatInteger', 'parseInteger', 'number', 'zip', 'keys', 'lookup', 'append', 'spread', 'merge', 'reverse', 'sort', 'distinct', 'base64encode', 'base64decode',
  'encodeUrlComponent', 'encodeUrl', 'decodeUrlComponent', 'decodeUrl', 'eval', 'toMillis', 'fromMillis', 'clone'];

/** JSONata's functions, each behind its price. */
const CHARGED: ReadonlyMap<string, Definition> = charged();

function charged(): Map<string, Definition> {
  const found = builtIn();
  const text = implementationOf(found, 'string');
  const own: { readonly [name: string]: (original: Implementation) => Implementation } = {
    distinct: () => function (list) { return distinct(this, list, (count) => { charge(this.environment.base, count); }); },
    sort: (original) => function (list, by) { return by === undefined ? sorted(list) ?? original.call(this, list, by) : original.call(this, list, by); },
    replace: (original) => function (...args) { return replaced(args) ?? original.apply(this, args); },
    clone: () => function (value) { return value === undefined ? undefined : JSON.parse(weighed(this, text.call(this, value)) as string) as unknown; },
    string: (original) => function (...args) { return weighed(this, original.apply(this, args)); },
    eval: (original) => function (...args) { return evaluated(this, original, args); },
  };
  return new Map(NAMES.map((name) => {
    const original = implementationOf(found, name);
    const inner = Object.hasOwn(own, name) ? own[name]?.(original) ?? original : original;
    return [name, { ...(found(name) as Definition), implementation: priced(name, original, inner) }];
  }));
}

/** Finds the functions as JSONata itself has them: the frame is in hand before the first await. */
function builtIn(): (name: string) => unknown {
  const program = jsonata('1');
  let frame: Frame | undefined;
  program.assign(ENTRY as unknown as string, (_expression: unknown, _input: unknown, environment: Frame) => { frame = environment; });
  void program.evaluate(undefined);
  return (name) => frame?.lookup(name);
}

function implementationOf(found: (name: string) => unknown, name: string): Implementation { return (found(name) as Definition).implementation; }

function priced(name: string, original: Implementation, inner: Implementation): Implementation {
  const weight = Object.hasOwn(WEIGHTS, name) ? WEIGHTS[name] : undefined;
  const implementation: Implementation = function (...args) {
    const { base } = this.environment;
    let steps = weight ? Math.ceil(weight(args)) : 0;
    for (const arg of args) steps += (chars(arg) >> 10) + (items(arg) >> 4);
    charge(base, steps);
    const result = inner.apply(this, args);
    if (items(result) > limits.expressionItemsMax && !args.includes(result)) throw new EndlessExpression();
    return result;
  };
  // JSONata reads how many parameters a function has, and their names from its text.
  return Object.defineProperties(implementation, { length: { value: original.length }, toString: { value: () => String(original) } });
}

/** Writing a value as text costs by what it is, which only the text tells. */
function weighed({ environment: { base } }: Focus, text: unknown): unknown {
  charge(base, chars(text) >> 7);
  return text;
}

/** Expressions inside texts inside one another: each failure holds the one inside it, escaped once more. */
async function evaluated(focus: Focus, original: Implementation, args: readonly unknown[]): Promise<unknown> {
  const { base } = focus.environment;
  base.evalsInside = (base.evalsInside ?? 0) + 1;
  if (base.evalsInside > limits.expressionEvalsInside) charge(base, limits.expressionStepsMax);
  try {
    return await original.apply(focus, [...args]);
  } catch (error) {
    charge(base, 0); // what is beyond the budget says so itself, and not through each $eval around it
    throw error;
  } finally {
    base.evalsInside--;
  }
}
