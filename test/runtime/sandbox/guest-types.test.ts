import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIB_FILES, libText } from '../../../editor/shared/typing/libs.ts';
import { SandboxSupervisor } from '../../../runtime/sandbox/supervisor.ts';
import type { SandboxProgram } from '../../../runtime/sdk/index.ts';
import { callOnce } from '../../suites/sandbox.suite.ts';

/** What the code editor says the sandbox has, beside what it has: every name of one is a name of the other. */

const GUEST = 'editor/shared/typing/guest.d.ts';
const ROOT = join(import.meta.dirname, '..', '..', '..');
const LIB = dirname(createRequire(import.meta.url).resolve('typescript'));

const texts = new Map([...LIB_FILES.map((name) => [`/${name}`, libText(readFileSync(join(LIB, name), 'utf8'))] as const), ['/guest.d.ts', readFileSync(join(ROOT, GUEST), 'utf8')], ['/env.d.ts', 'interface EnvValues {}']]);
const options: ts.CompilerOptions = { noLib: true, target: ts.ScriptTarget.ESNext, types: [], strict: true };
const host: ts.CompilerHost = {
  ...ts.createCompilerHost(options), getSourceFile: (name, version) => { const text = texts.get(name); return text === undefined ? undefined : ts.createSourceFile(name, text, version); },
  fileExists: (name) => texts.has(name), readFile: (name) => texts.get(name), getCurrentDirectory: () => '/',
};
const program = ts.createProgram([...texts.keys()], options, host);
const checker = program.getTypeChecker();
const anywhere = program.getSourceFile('/guest.d.ts') as ts.SourceFile;
const globals = new Map(checker.getSymbolsInScope(anywhere, ts.SymbolFlags.Value).map((symbol) => [symbol.name, symbol]));

const namesOf = (type: ts.Type | undefined): string[] => (type ? checker.getPropertiesOfType(type).map(({ name }) => name).filter((name) => !name.startsWith('__')) : []);
const typeOf = (name: string): ts.Type => checker.getTypeOfSymbol(globals.get(name) as ts.Symbol);
const instanceOf = (type: ts.Type): ts.Type | undefined => type.getConstructSignatures()[0]?.getReturnType();
/** The type at a dotted path of values. */
const typeAt = ([first = '', ...rest]: readonly string[]): ts.Type => rest.reduce((type, key) => checker.getTypeOfSymbol(checker.getPropertyOfType(type, key) as ts.Symbol), typeOf(first));

let door: SandboxSupervisor;
beforeAll(() => { door = new SandboxSupervisor(); });
afterAll(() => door.close());

/** Names that are there only by a grant of the program are compared too: a new grant is given here. */
const GRANTS: Partial<SandboxProgram> = { fetch: { hosts: ['api.test'], methods: 'all' } };

/** What an expression of the sandbox's code gives. */
async function inSandbox(expression: string, granted: Partial<SandboxProgram> = GRANTS): Promise<unknown> {
  const [result] = await callOnce(door, `return { payload: ${expression} };`, [{}], { timeoutMs: 5000, ...granted });
  return (result as { readonly outputs: readonly (readonly { readonly payload: unknown }[])[] }).outputs[0]?.[0]?.payload;
}
const real = async (expression: string): Promise<string[]> => (await inSandbox(`Object.getOwnPropertyNames(${expression})`)) as string[];

test(`every global name of the sandbox is declared in ${GUEST}, or in the language's own files of editor/shared/typing/libs.ts, and no other`, async () => {
  const there = await real('globalThis');
  const declared = [...globals.keys()];
  expect(there.filter((name) => !globals.has(name)), `the sandbox has these names: declare them in ${GUEST}, with a line of documentation in English and in Russian (@ru)`).toEqual([]);
  expect(declared.filter((name) => !there.includes(name) && name !== 'arguments'), `the sandbox has no such names: remove them from ${GUEST}, or leave their file out of editor/shared/typing/libs.ts`).toEqual([]);
});

test('names that are there only by a grant say so', async () => {
  const without = (await inSandbox('Object.getOwnPropertyNames(globalThis)', {})) as string[];
  const granted = (await real('globalThis')).filter((name) => !without.includes(name));
  expect(granted).toContain('fetch');
  const saying = granted.filter((name) => globals.get(name)?.getJsDocTags().some((tag) => tag.name === 'grant'));
  expect(saying, `write @grant beside each of them in ${GUEST}`).toEqual(granted);
});

test.each(['node', 'env', 'RED', 'RED.util', 'context', 'flow', 'global', 'context.flow', 'console', 'crypto', 'crypto.subtle'])(`%s has the members that ${GUEST} says`, async (path) => {
  expect(namesOf(typeAt(path.split('.'))).toSorted()).toEqual((await real(path)).toSorted());
});

const OF_FUNCTIONS = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);
const own = (names: readonly string[]): string[] => names.filter((name) => !OF_FUNCTIONS.has(name) && name !== 'constructor').toSorted();
/** Members that the class itself declares, not what it inherits. */
const declaredBy = (type: ts.Type | undefined): string[] => own(namesOf(type).filter((name) => type && checker.getPropertyOfType(type, name)?.declarations?.some((each) => each.getSourceFile() === anywhere)));

const MADE = {
  Buffer: '', URL: 'new URL("http://a")', URLSearchParams: 'new URLSearchParams()', TextEncoder: 'new TextEncoder()', TextDecoder: 'new TextDecoder()',
  Headers: 'new Headers()', Response: 'new Response()', AbortController: 'new AbortController()', AbortSignal: 'AbortSignal.abort()',
};
/** What the sandbox keeps on them for itself. */
const INTERNAL = new Set(['AbortSignal.timer']);

test.each(Object.entries(MADE))(`the class %s has the members that ${GUEST} says`, async (name, made) => {
  expect(declaredBy(typeOf(name)), 'static members').toEqual(own(await real(name)));
  const members = [...await real(`${name}.prototype`), ...(made === '' ? [] : await real(made))].filter((member) => !INTERNAL.has(`${name}.${member}`));
  expect(declaredBy(instanceOf(typeOf(name)))).toEqual([...new Set(own(members))]);
});

test.each([['crypto.createHash("md5")', 'createHash'], ['crypto.createHmac("md5", "key")', 'createHmac']])('what %s gives has the members that are declared', async (expression, method) => {
  expect(namesOf(typeAt(['crypto', method]).getCallSignatures()[0]?.getReturnType()).toSorted()).toEqual(own(await real(`Object.getPrototypeOf(${expression})`)));
});

test('of the language nothing is declared that the sandbox has not', async () => {
  const kinds = [...globals.keys()].filter((name) => /^[A-Z]/.test(name) && name !== 'NaN' && name !== 'Infinity' && !declaredInGuest(name));
  const asked = kinds.map((name) => `[${JSON.stringify(name)}, [...all(${name})], typeof ${name} === 'function' && ${name}.prototype ? [...all(${name}.prototype)] : []]`);
  const all = 'const all = (of) => { const names = new Set(); for (let each = of; each; each = Object.getPrototypeOf(each)) for (const name of Object.getOwnPropertyNames(each)) names.add(name); return names; };';
  const found = await inSandbox(`(() => { ${all} return [${asked.join(', ')}]; })()`) as readonly (readonly [name: string, members: readonly string[], ofInstances: readonly string[]])[];
  expect(found.length).toBeGreaterThan(40);
  const tooMuch = found.flatMap(([name, members, ofInstances]) => {
    const type = typeOf(name);
    const mayMiss = (member: string): boolean => member === 'prototype' || OF_INSTANCES.has(`${name}.${member}`) || OF_INSTANCES.has(`Error.${member}`);
    return [...namesOf(type).filter((member) => !members.includes(member)), ...namesOf(instanceOf(type)).filter((member) => !ofInstances.includes(member))].filter((member) => !mayMiss(member)).map((member) => `${name}.${member}`);
  });
  expect(tooMuch, 'leave their file out of editor/shared/typing/libs.ts').toEqual([]);
});

/** What each object has of its own, and no prototype. */
const OF_INSTANCES = new Set(['Error.stack', 'Error.cause', 'Error.errors', 'Error.error', 'Error.suppressed', 'Array.length', 'String.length', 'RegExp.lastIndex', 'Function.prototype', 'Function.length', 'Function.name', 'Iterator.next', 'Iterator.return', 'Iterator.throw']);
const declaredInGuest = (name: string): boolean => globals.get(name)?.declarations?.some((each) => each.getSourceFile() === anywhere) ?? false;

test('the declarations fit together', () => {
  const ours = program.getSemanticDiagnostics(anywhere).filter(({ code }) => code !== 2415 && code !== 2417 && code !== 2416); // Buffer's methods take more than those of Uint8Array, as Node's do
  expect(ours.map(({ messageText, start = 0 }) => `${anywhere.getLineAndCharacterOfPosition(start).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)).toEqual([]);
});

test('every name that the sandbox gives is explained in both languages', () => {
  const ofGuest = [...globals.values()].filter(({ name }) => declaredInGuest(name));
  const members = ['node', 'env', 'RED', 'RED.util', 'context', 'console', 'crypto', 'crypto.subtle'].flatMap((path) => checker.getPropertiesOfType(typeAt(path.split('.'))));
  expect(ofGuest.length).toBeGreaterThan(20);
  for (const symbol of [...ofGuest, ...members]) {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    const russian = ts.displayPartsToString(symbol.getJsDocTags().find(({ name }) => name === 'ru')?.text);
    expect([symbol.name, text.trim().endsWith('.'), /[а-я]/.test(russian) && russian.trim().endsWith('.')], `${symbol.name}: “${text}” @ru “${russian}”`).toEqual([symbol.name, true, true]);
  }
});
