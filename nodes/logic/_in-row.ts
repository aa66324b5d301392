import { pathSource, scopeOf, type Body, type CompiledPath, type Computed, type RowCode } from '../../runtime/sdk/index.ts';
import { operatorsSource, type OperatorName } from './_operators.ts';
import { rulesSource, type Change, type ChangeRule, type Given, type Match, type PlacedRule, type Step, type SwitchProgram, type Test } from './_rules.ts';

/** Switch and change as JavaScript for the sandbox: their own functions as text, and their rules as JSON. Rules with anything but constants and plain paths have none, nor have patterns. */

type Place = Pick<CompiledPath, 'segments' | 'text'>;
/** What a rule compares with or puts somewhere. */
type Operand = { readonly at: Place } | { readonly at?: undefined; readonly constant: unknown };
interface SentSwitch { readonly property: Place; readonly tests: readonly { readonly op: OperatorName; readonly isCaseless: boolean; readonly value: Operand | undefined; readonly value2: Operand | undefined }[]; readonly take: SwitchProgram['take']; readonly port: number }
interface SentStep extends Pick<ChangeRule, 'action' | 'find'> { readonly path: Place; readonly to: Place | undefined; readonly value: Operand | undefined }
/** What the sandbox calls them with. */
interface Parts {
  readonly copy: (value: unknown) => unknown;
  /** Thrown; made once, because that is what costs. */
  readonly unsure: Error;
  readonly pathAt: (segments: Place['segments'], text: string) => CompiledPath;
  readonly operators: { readonly [op: string]: Test['holds'] };
  readonly rules: { matchOf(of: { property: Given; tests: readonly Test[]; take: SwitchProgram['take'] }): Match; caseless(plain: Test['holds']): Test['holds']; inTurn(steps: readonly Change[]): Change; stepOf(step: Step): Change };
}

/** Sends on what leaves by the port of the rule with this number, and by no other. */
export function switchInRow({ property, rules, take }: SwitchProgram, port: number): RowCode | undefined {
  const operands = rules.flatMap(({ value, value2 }) => [value, value2]);
  const places = [property, ...operands].flatMap((each) => each?.path ?? []);
  if (!property.path || !operands.every(isSendable) || !places.every(isSafe) || rules.some(({ op }) => op === 'matches')) return undefined;
  const tests = rules.map(({ op, caseless, value, value2 }) => ({ op, isCaseless: caseless === true, value: operandOf(value), value2: operandOf(value2) }));
  const sent: SentSwitch = { property: placeOf(property.path), tests, take, port };
  return { source: sourceOf(scopeOf({ readerOf, switchOf }, 'switchOf'), sent), cross: keysOf(places), back: [] };
}

export function changeInRow(rules: readonly PlacedRule[]): RowCode | undefined {
  const changed = rules.flatMap(({ path, to }) => [path, ...(to ? [to] : [])]);
  const looked = rules.flatMap(({ path, to, action, value }) => [...(value?.path ? [value.path] : []), ...(action === 'set' && value?.constant && path.segments.length === 1 ? [] : [path]), ...(to ? [to] : [])]);
  if (!rules.every(({ value, regex }) => isSendable(value) && regex !== true) || ![...changed, ...looked].every(isSafe)) return undefined;
  const sent: SentStep[] = rules.map(({ action, find, path, to, value }) => ({ action, find, path: placeOf(path), to: to && placeOf(to), value: operandOf(value) }));
  return { source: sourceOf(scopeOf({ readerOf, changeOf }, 'changeOf'), sent), cross: keysOf(looked), back: keysOf(changed) };
}

/** As JSON in a text: in a literal of JavaScript a key `__proto__` would be something else. */
const sourceOf = (called: string, sent: unknown): string => `(function (copy) {
'use strict';
return ${called}({ copy, unsure: new Error('not certain'), pathAt: ${pathSource()}, operators: ${operatorsSource()}, rules: ${rulesSource()} }, JSON.parse(${JSON.stringify(JSON.stringify(sent))}));
})`;

const placeOf = ({ segments, text }: CompiledPath): Place => ({ segments, text });
const keysOf = (paths: readonly CompiledPath[]): readonly string[] => [...new Set(paths.map(({ segments: [key] }) => String(key)))];
/** Every record has a key of that name, or the sandbox has given the message one. */
const isSafe = ({ segments: [key] }: CompiledPath): boolean => !(String(key) in {}) && key !== '_msgid';
const isSendable = (value: Computed | undefined): boolean => value === undefined || value.path !== undefined || (value.constant !== undefined && isJson(value.constant.value));
const operandOf = (value: Computed | undefined): Operand | undefined => value && (value.path ? { at: placeOf(value.path) } : { constant: value.constant?.value });

/** A secret for one is not. */
function isJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  return Array.isArray(value) ? value.every(isJson) : Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson);
}

function switchOf(parts: Parts, { property, tests, take, port }: SentSwitch): (msg: Body) => Body | undefined {
  const { copy, operators, rules: { matchOf, caseless } } = parts;
  const given = (operand: Operand | undefined): Given | undefined => {
    if (!operand?.at) return operand && { evaluate: () => operand.constant };
    const read = readerOf(parts, operand.at);
    return { evaluate: (msg) => copy(read(msg)) };
  };
  const match = matchOf({
    property: { evaluate: readerOf(parts, property) }, take,
    tests: tests.map(({ op, isCaseless, value, value2 }) => ({ holds: isCaseless ? caseless(operators[op] as Test['holds']) : operators[op] as Test['holds'], a: given(value), b: given(value2), otherwise: op === 'else' })),
  });
  return (msg) => {
    const matched = match(msg, undefined as never) as readonly number[];
    return matched.length === 1 && matched[0] === port ? msg : undefined;
  };
}

function changeOf(parts: Parts, steps: readonly SentStep[]): Change {
  const { copy, pathAt, rules: { inTurn, stepOf } } = parts;
  const at = ({ segments, text }: Place): CompiledPath => pathAt(segments, text);
  const given = (operand: Operand): Given => {
    const read = operand.at ? readerOf(parts, operand.at) : () => operand.constant;
    return { evaluate: (msg) => copy(read(msg)) };
  };
  return inTurn(steps.map(({ action, find, path, to, value }) => stepOf({ action, find, path: at(path), to: to && at(to), value: value && given(value) })));
}

/** What a plain expression finds. Where it finds nothing but a list lies on the way, or an index is asked of something else, the expression goes on in ways of its own. */
function readerOf({ pathAt, unsure }: Parts, { segments, text }: Place): (msg: Body) => unknown {
  const path = pathAt(segments, text);
  return (msg) => {
    const value = path.get(msg);
    if (value !== undefined) return value;
    let at: unknown = msg;
    for (const segment of segments) {
      if (at === undefined) return undefined;
      if (Array.isArray(at) || typeof segment === 'number') throw unsure;
      if (typeof at !== 'object' || at === null) return undefined;
      at = Object.hasOwn(at, segment) ? (at as { readonly [key: string]: unknown })[segment] : undefined;
    }
    return undefined;
  };
}
