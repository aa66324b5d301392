import { failureText, refusal } from './failure.ts';
import { Call } from './state.ts';
import type { Guest } from './state.ts';

/**
 * Modules are loaded anew for each message, when its code first names one, and are gone with it: functions can remember, and so nothing else
 * would let a message give the same result on every attempt. What they find as the global object is a copy without the names of function nodes.
 */

/** Puts the modules' names into the scope of the code. */
export function installModules(guest: Guest): void {
  const { moduleNames, plain } = guest.config;
  const load = guest.loadModules;
  if (!load) return;
  // Their functions call one another deeply, and the user's line stands at the end.
  Error.stackTraceLimit = 50;
  const scope = moduleScope(plain);
  guest.harden([scope, refuseModule]);
  moduleNames.forEach((name, at) => {
    Reflect.defineProperty(globalThis, name, { get: () => moduleValues(guest, () => load(scope, refuseModule))[at], enumerable: false, configurable: false });
  });
}

/** Of the message in work. A module that asks for one while they load finds nothing. */
export function moduleValues({ current }: Guest, load: () => readonly unknown[]): readonly unknown[] {
  if (!current) return [];
  if (current.modules) return current.modules;
  current.modules = [];
  try {
    return (current.modules = load());
  } catch (error) {
    current.modules = null;
    throw error;
  }
}

/** Called where a module needs what is not in its bundle. */
export function refuseModule(kind: 'builtin' | 'dynamic', name: unknown): never {
  const shown = String(name).slice(0, 200);
  throw refusal('threw', kind === 'builtin'
    ? { en: `a module needs ${shown}, which only Node itself has`, ru: `модулю нужен ${shown}, а он есть только в самом Node` }
    : { en: `a module asks for "${shown}" by a name that it makes while it runs; only names that stand in its source can be bundled`, ru: `модуль запрашивает «${shown}» по имени, которое получает при выполнении; собрать можно только имена из исходного кода` });
}

/** What a module finds as `globalThis`. In code that cannot wait it has no way to make promises and timers: no module of such code names one. */
export function moduleScope(plain: boolean): object {
  const scope: { [name: string]: unknown } = {};
  const hidden = ['node', 'RED', 'env', 'context', 'flow', 'global', 'globalThis', ...(plain ? ['Promise', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'AsyncDisposableStack', 'crypto'] : [])];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const own = Reflect.getOwnPropertyDescriptor(globalThis, name);
    if (own && !hidden.includes(name)) Reflect.defineProperty(scope, name, own);
  }
  for (const name of ['globalThis', 'global', 'self']) Reflect.defineProperty(scope, name, { value: scope });
  return scope;
}

/** Before the first message, so that the deploy says what is wrong with them. Empty, or why they cannot be loaded. */
export function tryModules(guest: Guest): string {
  const { flow, moduleNames } = guest.config;
  guest.current = new Call([`modules of ${flow}`, 0, {}], {}, { rows: [], calls: [], timers: [], handed: 0, handedBefore: 0 });
  guest.current.beside = 'modules';
  try {
    for (const name of moduleNames) Reflect.get(globalThis, name);
    return guest.current.thrown ? failureText(guest.current.thrown.value) : '';
  } catch (thrown) {
    return failureText(thrown);
  } finally {
    guest.current = null;
  }
}

/** Old code makes a class by assigning to its prototype; names that the language's own frozen prototypes have must not be in its way. */
export function allowOverrides(allow: (prototype: object) => void): void {
  const typed = Object.getPrototypeOf(Uint8Array) as { readonly prototype: object };
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const own = Reflect.getOwnPropertyDescriptor(globalThis, name)?.value as { readonly prototype?: unknown } | undefined;
    if (typeof own === 'function' && typeof own.prototype === 'object' && own.prototype !== null) allow(own.prototype);
  }
  allow(Function.prototype);
  allow(typed.prototype);
  allow(typed);
}
