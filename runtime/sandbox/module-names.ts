import { parseExpressionAt } from 'acorn';
import type { UsedModule } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';

/** What the code finds already; a module may not take its place. */
const TAKEN = new Set([
  ...Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name) || name === 'globalThis'),
  'msg', 'arguments', 'node', 'RED', 'env', 'context', 'flow', 'global', 'console', 'require', 'crypto', 'undefined', 'eval', 'let', 'static', 'yield', 'await', 'async',
  'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask', 'structuredClone', 'btoa', 'atob', 'fetch',
]);

/** Throws a `NodeFailure` when a name cannot be one, is taken, or is given twice. */
export function checkNames(used: readonly UsedModule[]): void {
  const seen = new Set<string>();
  for (const { module, name } of used) {
    if (!isName(name)) throw refused(module, { en: `"${name}" cannot be a name in code: use letters, digits, _ and $`, ru: `«${name}» не может быть именем в коде: используйте латинские буквы, цифры, _ и $` });
    if (TAKEN.has(name)) throw refused(module, { en: `${name} is already something in the code: choose another name`, ru: `${name} уже занято в коде: выберите другое имя` });
    if (seen.has(name)) throw refused(module, { en: `two modules are called ${name}: choose another name for one`, ru: `два модуля названы ${name}: выберите другое имя для одного из них` });
    seen.add(name);
  }
}

const refused = (module: string, { en, ru }: { readonly en: string; readonly ru: string }): NodeFailure =>
  new NodeFailure('function.modules', { en: `The module ${module} cannot be used: ${en}.`, ru: `Модуль ${module} не подключается: ${ru}.` }, { details: { field: 'modules', module } });

/** One identifier that is no word of the language. */
function isName(name: string): boolean {
  if (!/^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name)) return false;
  try {
    return parseExpressionAt(name, 0, { ecmaVersion: 'latest', sourceType: 'module' }).type === 'Identifier';
  } catch {
    return false;
  }
}
