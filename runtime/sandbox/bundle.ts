import type { AnyNode } from 'acorn';
import { mayWait } from './analyse.ts';
import { everyNode } from './syntax.ts';

/** Modules as one text that loads them. */
export interface ModuleBundle {
  /** A function expression: called with what modules find as `globalThis` and as `require`, it loads them and gives their values in the order in which they were asked for. */
  readonly source: string;
  /** Some of it may make promises or timers. */
  readonly waits: boolean;
  /** The module's file and line of a line of `source`. */
  readonly placeOf: (line: number) => string | undefined;
}

/** Where the installation's modules come from. */
export interface ModuleDoor {
  /** Throws a `NodeFailure` `function.modules` when one is not allowed, not installed or cannot be bundled. */
  bundle(modules: readonly string[]): Promise<ModuleBundle>;
}

/** What is left of the language's ways to wait where the code is strict and has `globalThis` without them (`guest/modules.ts`). */
export function waitsInBundle(program: AnyNode): boolean {
  for (const placed of everyNode(program)) {
    const { node } = placed;
    if (node.type === 'ThisExpression' || (node.type === 'Identifier' && node.name === 'globalThis')) continue;
    if (mayWait(placed)) return true;
    if (node.type === 'Literal' && typeof node.value === 'string' && HIDDEN.has(node.value)) return true;
  }
  return false;
}

/** As a text, `globalThis['Promise']` names it too. */
const HIDDEN = new Set(['Promise', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'AsyncDisposableStack', 'crypto']);
