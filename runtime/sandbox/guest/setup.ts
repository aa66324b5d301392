import { failureText, refusal } from './failure.ts';
import { Call } from './state.ts';
import type { Guest, Stage } from './state.ts';
import { setOwn } from './wire.ts';

/**
 * Setup code runs once, before the first message, and again whenever the context is made anew. It sees no message and no time, and its chance
 * comes from the flow and the node, so that it gives the same each time. What of it the code names is copied as plain data that cannot change.
 */

/** Runs the setup code of every stage that has one. Empty, or why one failed. */
export function setUp(guest: Guest): string {
  for (const stage of guest.stages) {
    const failure = setUpStage(guest, stage);
    if (failure !== '') return failure;
  }
  const [first] = guest.stages;
  if (first) guest.user = first.user;
  if (first) guest.config = first.config;
  return '';
}

export function setUpStage(guest: Guest, stage: Stage): string {
  const { config, setup, user } = stage;
  if (!setup) return '';
  guest.config = config;
  guest.current = new Call([`setup of ${config.flow}`, 0, {}], {}, { rows: [], calls: [], timers: [], handed: 0, handedBefore: 0 });
  guest.current.beside = 'setup';
  try {
    const given = setup() as readonly unknown[];
    if (guest.current.thrown) return failureText(guest.current.thrown.value);
    const kept = config.setupNames.map((name, at) => keptCopy(given[at], name, new Map()));
    stage.user = (user as unknown as (values: readonly unknown[]) => Guest['user'])(Object.freeze(kept));
    stage.setup = null;
    guest.harden([stage.user]);
    return '';
  } catch (thrown) {
    return failureText(thrown);
  } finally {
    guest.current = null;
  }
}

/** A copy that nothing can change: a value of another kind could remember something from message to message. */
export function keptCopy(value: unknown, name: string, seen: Map<object, unknown>): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw notKept(name, `a ${typeof value}`);
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (value instanceof RegExp) return keptExpression(value, name);
  const list = Array.isArray(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!list && prototype !== Object.prototype && prototype !== null) throw notKept(name, `a ${kindOf(value)}`);
  const copy: { [key: string]: unknown } | unknown[] = list ? [] : {};
  seen.set(value, copy);
  if (list) for (const [at, each] of value.entries()) (copy as unknown[]).push(keptCopy(each, `${name}[${at}]`, seen));
  else for (const key of Object.keys(value)) setOwn(copy as { [key: string]: unknown }, key, keptCopy((value as { [key: string]: unknown })[key], `${name}.${key}`, seen));
  return Object.freeze(copy);
}

/** With `g` or `y` it remembers where it was. */
export function keptExpression(value: RegExp, name: string): RegExp {
  const { source, flags } = value;
  if (/[gy]/.test(flags)) throw notKept(name, `a regular expression with the flag ${flags.includes('g') ? 'g' : 'y'}`);
  return Object.freeze(new RegExp(source, flags));
}

export function kindOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' ? String(constructor.name).slice(0, 100) : 'object of its own kind';
}

export function notKept(name: string, kind: string): Error {
  return refusal('setup', {
    en: `${name.slice(0, 200)} is ${kind}, which could remember something from message to message. Of setup code the code may use texts, numbers, lists, plain objects and regular expressions without g and y; make the rest in the code`,
    ru: `${name.slice(0, 200)} — это ${kind}, где могло бы что-то сохраниться от сообщения к сообщению. Из кода подготовки коду доступны строки, числа, списки, простые объекты и регулярные выражения без g и y; остальное создавайте в самом коде`,
  });
}

/** For what belongs to a message. */
export function refuseWithoutMessage(guest: Guest, name: string): void {
  refuseBeforeMessages(guest, name);
  if (guest.current?.beside !== 'closing') return;
  throw refusal('closing', {
    en: `${name} is not available in closing code, which has no message, sends nothing and calls nobody. Use it in the code of the messages`,
    ru: `${name} недоступно в коде завершения: сообщения в нём нет, он ничего не отправляет и никого не вызывает. Используйте это в коде для сообщений`,
  });
}

/** For what has no meaning before the first message. */
export function refuseBeforeMessages(guest: Guest, name: string): void {
  const beside = guest.current?.beside ?? null;
  if (beside === 'modules') {
    throw refusal('modules', {
      en: `${name} is not available to a module while it loads`,
      ru: `${name} недоступно модулю во время загрузки`,
    });
  }
  if (beside !== 'setup') return;
  throw refusal('setup', {
    en: `${name} is not available in setup code, which has no effect but the values that it makes. Use it in the code of the messages`,
    ru: `${name} недоступно в коде подготовки: он лишь создаёт значения. Используйте это в коде для сообщений`,
  });
}
