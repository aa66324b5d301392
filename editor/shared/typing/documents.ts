import ts from 'typescript';
import { namesOfSetup, undeclaredNames } from './names.ts';
import type { CodeFieldName, NodeCode } from './protocol.ts';

/** A file that the language service reads: the text of a field with what the sandbox puts around it, so that it may return and wait. */
export interface Document { readonly name: string; readonly text: string; readonly before: number; readonly length: number }
export type Documents = { readonly [field in CodeFieldName]: Document } & { readonly message: { readonly name: string; readonly text: string } };

/** Names that only this text around the code has. They are never offered. */
export const HIDDEN: ReadonlySet<string> = new Set(['$setup', '$kept', '$code']);

// What the code sees of setup code is plain data that cannot change (`keptCopy` in the guest).
const KEPT = 'type Kept<T> = T extends RegExp ? Readonly<T> : T extends (...args: never) => unknown ? never : T extends object ? { readonly [K in keyof T]: Kept<T[K]> } : T;';

/** As `analyse` and the guest do it: names of the setup code are constants around the function of the message. */
export function documentsOf(node: NodeCode, entryOf: (module: string) => string | undefined): Documents {
  const plain = node.language === 'javascript';
  const end = plain ? 'js' : 'ts';
  const setupSource = parsed(node.setup, plain);
  const kept = namesOfSetup(setupSource, node.modules);
  const locals = plain ? undeclaredNames(parsed(`async()=>{${node.code}\n}`, plain), [...kept, ...node.modules]) : [];
  const message = node.message === undefined ? '' : plain ? '/** @type {Message} */ msg' : 'msg: Message';
  const sent = node.message === undefined ? 'void' : 'Sent';
  // Few brackets, so that one that is missing in the code is told as missing.
  const before = [
    `{ ${kept.length > 0 ? `const { ${kept.join(', ')} } = $kept(); ` : ''}`,
    `async function $code(${message})${plain ? '' : `: Promise<${sent}>`} {${locals.length > 0 ? ` var ${locals.join(', ')};` : ''}\n`,
  ].join('');
  const loose = plain ? undeclaredNames(setupSource, node.modules) : [];
  return {
    code: around(`/code.${end}`, before, { text: node.code, after: '\n}}' }),
    setup: around(`/setup.${end}`, `function $setup() {${loose.length > 0 ? ` var ${loose.join(', ')};` : ''}\n`, { text: node.setup, after: `\nreturn { ${kept.join(', ')} };\n}` }),
    message: { name: '/message.d.ts', text: `interface Message {\n${node.message ?? ''}\n}\ninterface EnvValues {\n${node.env}\n}\n${KEPT}\ndeclare function $kept(): Kept<ReturnType<typeof $setup>>;\n${MODULE}\n${node.modules.filter(isName).map((name) => `declare const ${name}: ${typeOfModule(entryOf(node.imports[name] ?? ''))};\n`).join('')}` },
  };
}

// As the sandbox has it: the default export, else all that it exports.
const MODULE = 'type ModuleValue<M> = M extends { readonly default: infer D } ? D : M;';
const typeOfModule = (entry: string | undefined): string => (entry === undefined ? 'any' : `ModuleValue<typeof import(${JSON.stringify(entry)})>`);

const isName = (name: string): boolean => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name);

const around = (name: string, before: string, { text, after }: { readonly text: string; readonly after: string }): Document => ({ name, text: `${before}${text}${after}`, before: before.length, length: text.length });

const parsed = (text: string, plain: boolean): ts.SourceFile => ts.createSourceFile(plain ? 'x.js' : 'x.ts', text, ts.ScriptTarget.ESNext, true, plain ? ts.ScriptKind.JS : ts.ScriptKind.TS);
