import { compilePath, Computed, NodeFailure, SafeRegExp, scopeOf, type Body, type CompiledPath, type Moment } from '../../runtime/sdk/index.ts';
import { OPERATORS, type OperatorName } from './_operators.ts';

/**
 * What switch and change do, as pure functions of a body: they run for every message of a flow, in this process and, as text
 * (`_in-row.ts`), in the sandbox. Nothing is allocated but what the result needs.
 */

export interface SwitchRule {
  readonly op: OperatorName;
  readonly value?: Computed | undefined;
  readonly value2?: Computed | undefined;
  readonly caseless?: boolean | undefined;
}
export interface SwitchProgram {
  readonly property: Computed;
  readonly rules: readonly SwitchRule[];
  readonly take: 'first' | 'all';
}

/** Indexes of the rules that a body matches; a promise only where an expression is not a plain path. */
export type Match = (body: Body, moment: Moment) => readonly number[] | Promise<readonly number[]>;

export const compileSwitch = ({ property, rules, take }: SwitchProgram): Match => matchOf({ property, tests: rules.map(testOf), take });

/** A value that is worked out from a body: a `Computed`, or what stands for it in the sandbox. */
export interface Given { readonly evaluate: (body: Body, moment: Moment) => unknown; readonly constant?: Computed['constant'] }

export function matchOf({ property, tests, take }: { readonly property: Given; readonly tests: readonly Test[]; readonly take: SwitchProgram['take'] }): Match {
  const none: readonly number[] = [];
  const single = tests.map((_, i) => [i] as const);
  const slow = async (body: Body, moment: Moment): Promise<readonly number[]> => {
    const value = await property.evaluate(body, moment);
    const found: number[] = [];
    for (const [i, test] of tests.entries()) {
      if (test.otherwise && found.length > 0) continue;
      if (!test.holds(value, await test.a?.evaluate(body, moment), await test.b?.evaluate(body, moment))) continue;
      found.push(i);
      if (take === 'first') break;
    }
    return found;
  };
  return (body, moment) => {
    const value = property.evaluate(body, moment);
    if (value instanceof Promise) return slow(body, moment);
    let found = none;
    for (let i = 0; i < tests.length; i++) {
      const test = tests[i] as Test;
      if (test.otherwise && found.length > 0) continue;
      const a = test.a?.evaluate(body, moment);
      const b = test.b?.evaluate(body, moment);
      if (a instanceof Promise || b instanceof Promise) return settle(slow(body, moment), a, b);
      if (!test.holds(value, a, b)) continue;
      found = found.length === 0 ? single[i] as readonly number[] : [...found, i];
      if (take === 'first') break;
    }
    return found;
  };
}

/** The slow way works everything out again; a failure of what was begun already must not go unheard. */
function settle(result: Promise<readonly number[]>, ...begun: readonly unknown[]): Promise<readonly number[]> {
  return Promise.all([result, Promise.allSettled(begun)]).then(([found]) => found);
}

export interface Test {
  readonly holds: (value: unknown, a: unknown, b: unknown) => boolean;
  readonly a: Given | undefined;
  readonly b: Given | undefined;
  readonly otherwise: boolean;
}

function testOf(rule: SwitchRule): Test {
  const plain = OPERATORS[rule.op] as Test['holds'];
  const isPattern = rule.op === 'matches';
  return { holds: rule.caseless === true && !isPattern ? caseless(plain) : plain, a: isPattern ? patternOf(rule) : rule.value, b: rule.value2, otherwise: rule.op === 'else' };
}

export const caseless = (plain: Test['holds']): Test['holds'] => (value, a, b) => plain(lowerCase(value), lowerCase(a), lowerCase(b));

function lowerCase(value: unknown): unknown {
  if (typeof value === 'string') return value.toLowerCase();
  return Array.isArray(value) ? value.map(lowerCase) : value;
}

/** A fixed pattern is compiled once, and a bad one is found at deploy. */
function patternOf({ value, caseless }: SwitchRule): Computed | undefined {
  if (!value) return undefined;
  const make = (source: unknown): SafeRegExp => new SafeRegExp(String(source), caseless === true ? 'iu' : 'u');
  if (value.constant) {
    const pattern = make(value.constant.value);
    return new Computed(() => pattern, { constant: { value: pattern } });
  }
  return new Computed(async (body, moment) => make(await value.evaluate(body, moment)));
}

export type ChangeRule = {
  readonly action: 'set' | 'move' | 'delete' | 'replace';
  readonly path: string;
  readonly value?: Computed | undefined;
  readonly to?: string | undefined;
  readonly find?: string | undefined;
  readonly regex?: boolean | undefined;
};

/** One body into the next; a promise only where an expression is not a plain path. */
export type Change = (body: Body, moment: Moment) => Body | Promise<Body>;

/** Rules in order: each sees what the ones before it did. */
export const compileChange = (rules: readonly ChangeRule[]): Change => inTurn(rules.map((rule) => stepOf(placed(rule))));

/** With its places read. */
export const placed = ({ path, to, ...rule }: ChangeRule): PlacedRule => ({ ...rule, path: compilePath(path), to: rule.action === 'move' ? compilePath(to ?? '') : undefined });

export function inTurn(steps: readonly Change[]): Change {
  const [only] = steps;
  if (only && steps.length === 1) return only;
  return (body, moment) => {
    let next = body;
    for (let i = 0; i < steps.length; i++) {
      const result = (steps[i] as Change)(next, moment);
      if (result instanceof Promise) return finish(result, { steps, from: i + 1, moment });
      next = result;
    }
    return next;
  };
}

async function finish(begun: Promise<Body>, { steps, from, moment }: { readonly steps: readonly Change[]; readonly from: number; readonly moment: Moment }): Promise<Body> {
  let next = await begun;
  for (const step of steps.slice(from)) next = await step(next, moment);
  return next;
}

export type PlacedRule = Omit<ChangeRule, 'path' | 'to'> & { readonly path: CompiledPath; readonly to: CompiledPath | undefined };
export type Step = Omit<PlacedRule, 'value'> & { readonly value?: Given | undefined };

export function stepOf(rule: Step): Change {
  const { path, to } = rule;
  if (rule.action === 'delete') return (body) => path.remove(body);
  if (to) return moveStep(path, to);
  if (rule.action === 'replace') return withValue(rule.value, replaceStep(path, rule));
  return withValue(rule.value, (body, value) => (value === undefined ? path.remove(body) : path.set(body, value)));
}

/** A step that needs a value: at once for literals and plain paths. */
function withValue(value: Given | undefined, step: (body: Body, value: unknown) => Body): Change {
  if (!value || value.constant) {
    const fixed = value?.constant?.value;
    return (body) => step(body, fixed);
  }
  return (body, moment) => {
    const found = value.evaluate(body, moment);
    return found instanceof Promise ? found.then((each) => step(body, each)) : step(body, found);
  };
}

/** Nothing to move leaves the body as it is. */
function moveStep(from: CompiledPath, to: CompiledPath): Change {
  return (body) => {
    const value = from.get(body);
    return value === undefined ? body : to.set(from.remove(body), value);
  };
}

/** Replaces within a text; a number, true or false is replaced when the whole of it is what is looked for. */
function replaceStep(path: CompiledPath, { find = '', regex }: Step): (body: Body, value: unknown) => Body {
  if (find === '') throw nothingToFind(path.text);
  const pattern = regex === true ? new SafeRegExp(find, 'gu') : undefined;
  return (body, value) => {
    const found = path.get(body);
    if (typeof found === 'string' && found !== find) return path.set(body, pattern ? found.replace(pattern, textOf(value)) : found.replaceAll(find, () => textOf(value)));
    const whole = found === find || ((typeof found === 'number' || typeof found === 'boolean') && (pattern ? wholly(pattern, String(found)) : String(found) === find));
    return whole ? path.set(body, value ?? '') : body;
  };
}

function wholly(pattern: SafeRegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.exec(text)?.[0] === text;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));

const nothingToFind = (path: string): NodeFailure => new NodeFailure('change.nothing-to-find', {
  en: `replacing text in ${path}: the rule does not say what to look for`,
  ru: `замена текста в ${path}: в правиле не указано, что искать`,
});

/** What of this file runs in the sandbox too, as JavaScript: rules without patterns. */
export const rulesSource = (): string => scopeOf({ matchOf, settle, caseless, lowerCase, inTurn, finish, stepOf, moveStep, withValue, replaceStep, wholly, textOf }, '{ matchOf, caseless, inTurn, stepOf }');
