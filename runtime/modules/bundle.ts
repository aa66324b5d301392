import { readFile, stat } from 'node:fs/promises';
import { realpathSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { resolve } from 'node:path';
import { parse } from 'acorn';
import { rolldown, type Plugin, type RolldownOutput } from 'rolldown';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import { waitsInBundle } from '../sandbox/bundle.ts';
import { Refusal } from './refusal.ts';
import { Resolver, type Kind } from './resolver.ts';

/** Makes one text of modules and all that they need. It reads only below the modules' folder, and runs nothing of what it reads. */

export interface BundleJob { readonly folder: string; readonly modules: readonly string[] }
export interface Bundled {
  readonly source: string;
  readonly waits: boolean;
  /** Names of files, and for each line of `source` the number of one and the line in it; file -1 where it is nobody's. */
  readonly files: readonly string[];
  readonly lines: readonly number[];
  /** Everything that was read, so that a change is noticed. */
  readonly read: readonly string[];
  /** Modules of Node that some of it asks for; it fails where it does. */
  readonly builtins: readonly string[];
}

const ENTRY = '\0modules.mjs';
const NOTHING = '\0nothing.cjs';
const BUFFER = '\0buffer.cjs';
const BUILTIN = '\0builtin:';

// Strict, so that neither `this` nor a function's caller leads out of a module; names of function nodes are not for modules.
const BEFORE = '(function (globalThis, refuse) { \'use strict\'; const global = globalThis, self = globalThis, node = undefined, RED = undefined, env = undefined, flow = undefined, context = undefined, '
  + 'require = (name) => refuse(\'dynamic\', name);\n';
const AFTER = '\nreturn modules;\n})';

export async function bundle({ folder, modules }: BundleJob): Promise<Bundled> {
  const root = realpathSync(folder);
  const reader = new Reader(root, modules);
  const { code, map } = await reader.bundle(root);
  const source = BEFORE + code + AFTER;
  if (source.length > limits.moduleBundleChars) throw tooLarge(source.length);
  const { files, lines } = placesOf(map, source, (path) => reader.shown(resolve(root, path)));
  const program = parseWhole(source, (line) => (files[lines[line * 2 - 2] ?? -1]));
  return { source, waits: waitsInBundle(program), files, lines, read: reader.read, builtins: [...reader.builtins].sort() };
}

class Reader {
  readonly #modules: readonly string[];
  readonly #resolver: Resolver;
  readonly #files = new Set<string>();
  #bytes = 0;
  #refusal: Refusal | undefined;
  readonly #needed = new Map<string, string>();
  readonly builtins = new Set<string>();

  constructor(root: string, modules: readonly string[]) {
    this.#modules = modules;
    this.#resolver = new Resolver(root);
  }

  get read(): readonly string[] { return [...this.#files, ...this.#resolver.packageFiles]; }
  shown(path: string): string { return this.#resolver.shown(path); }

  /** Paths of the map are told from `root`. */
  async bundle(root: string): Promise<{ code: string; map: SourceMapPayload }> {
    let output: RolldownOutput;
    try {
      const made = await rolldown({
        input: ENTRY, platform: 'neutral', treeshake: false, tsconfig: false, plugins: [this.#plugin()], logLevel: 'silent',
        transform: { define: { 'process.env.NODE_ENV': '"production"' } },
      });
      output = await made.generate({ dir: root, format: 'iife', name: 'modules', exports: 'default', sourcemap: 'hidden', comments: false, codeSplitting: false });
      await made.close();
    } catch (error) {
      throw this.#refusal ?? unreadable(error);
    }
    if (this.#needed.size > 0) throw nodeNeeded(this.#needed);
    const [{ code, map }] = output.output;
    return { code, map: map as unknown as SourceMapPayload };
  }

  #plugin(): Plugin {
    return {
      name: 'modules-folder',
      resolveId: (asked, importer, { kind }) => this.#kept(() => this.#resolve(asked, importer, kind === 'require-call' && importer !== ENTRY ? 'require' : 'import')),
      load: (id) => this.#load(id),
    };
  }

  #kept<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof Refusal) this.#refusal ??= error;
      throw error;
    }
  }

  #resolve(asked: string, importer: string | undefined, kind: Kind): { id: string; packageJsonPath?: string } {
    if (asked === ENTRY) return { id: ENTRY };
    const found = this.#resolver.resolve(asked, importer === ENTRY ? undefined : importer, kind);
    if ('nothing' in found) return { id: NOTHING };
    if ('file' in found) return { id: found.file, ...(found.packageFile && { packageJsonPath: found.packageFile }) };
    if (found.builtin === 'buffer') return { id: BUFFER };
    if (kind === 'import') this.#needed.set(found.builtin, this.shown(importer ?? ''));
    else this.builtins.add(found.builtin);
    return { id: `${BUILTIN}${found.builtin}.cjs` };
  }

  async #isModule(name: string): Promise<boolean> {
    const found = this.#kept(() => this.#resolver.resolve(name, undefined, 'import'));
    return 'file' in found && !found.file.endsWith('.json') && isModule(await this.#text(found.file));
  }

  async #load(id: string): Promise<string> {
    if (id === ENTRY) return entryOf(await Promise.all(this.#modules.map(async (name) => ({ name, isModule: await this.#isModule(name) }))));
    if (id === NOTHING) return 'module.exports = {};';
    if (id === BUFFER) return 'module.exports = { Buffer: globalThis.Buffer, atob: globalThis.atob, btoa: globalThis.btoa };';
    if (id.startsWith(BUILTIN)) return `refuse('builtin', ${JSON.stringify(id.slice(BUILTIN.length, -4))});`;
    return await this.#text(id);
  }

  async #text(file: string): Promise<string> {
    if (!this.#files.has(file)) this.#bytes += (await stat(file)).size;
    this.#files.add(file);
    this.#kept(() => { if (this.#bytes > limits.moduleSourceBytes || this.#files.size > limits.moduleFiles) throw tooMuch(this.#modules); });
    return await readFile(file, 'utf8');
  }
}

/** A module's value is its default export, or all that it exports; of CommonJS `module.exports`, as Node gives it. */
function entryOf(modules: readonly { readonly name: string; readonly isModule: boolean }[]): string {
  return [
    ...modules.map(({ name, isModule }, at) => (isModule ? `import * as m${at} from ${JSON.stringify(name)};` : `const m${at} = require(${JSON.stringify(name)});`)),
    `export default [${modules.map(({ isModule }, at) => (isModule ? `'default' in m${at} ? m${at}.default : m${at}` : `m${at}`)).join(', ')}];`,
  ].join('\n');
}

/** Written in the language's own modules, not in CommonJS. */
function isModule(text: string): boolean {
  try {
    return parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }).body.some(({ type }) => type === 'ImportDeclaration' || type.startsWith('Export'));
  } catch {
    return false;
  }
}

/** All of it must be one function: what the bundler wrote, and nothing that ends it early. */
function parseWhole(source: string, fileOf: (line: number) => string | undefined): ReturnType<typeof parse> {
  try {
    const program = parse(source, { ecmaVersion: 'latest', sourceType: 'script' });
    const [only] = program.body;
    if (program.body.length === 1 && only?.type === 'ExpressionStatement' && only.expression.type === 'FunctionExpression') return program;
  } catch (error) {
    const { message, loc } = error as { message: string; loc?: { line: number } };
    const file = loc && fileOf(loc.line);
    const reason = message.replace(/ \(\d+:\d+\)$/, '');
    throw new Refusal({ en: `${file ?? 'a module'} is not strict JavaScript: ${reason}`, ru: `${file ?? 'модуль'} — не строгий JavaScript: ${reason}` });
  }
  throw new Refusal({ en: 'the bundle is not one function', ru: 'сборка — не одна функция' });
}

/** For each line the place of its first mapped column. */
function placesOf(map: SourceMapPayload, source: string, shown: (path: string) => string): Pick<Bundled, 'files' | 'lines'> {
  const decoded = new SourceMap(map);
  const files: string[] = [];
  const numbers = new Map<string, number>();
  const lines = source.split('\n').flatMap((text, at) => {
    const entry = at === 0 ? {} : decoded.findEntry(at - 1, Math.max(0, text.search(/\S/)));
    if (!isMapping(entry) || entry.generatedLine !== at - 1 || entry.originalSource.includes('\0')) return [-1, 0];
    const path = entry.originalSource;
    let number = numbers.get(path);
    if (number === undefined) {
      numbers.set(path, (number = files.length));
      files.push(shown(path));
    }
    return [number, entry.originalLine + 1];
  });
  return { files, lines };
}

const isMapping = (entry: object): entry is SourceMapping => 'originalSource' in entry && typeof entry.originalSource === 'string'; // what the bundler made itself has none

function unreadable(error: unknown): Refusal {
  // eslint-disable-next-line no-control-regex -- the bundler colours its words
  const words = String((error as Error).message).replaceAll(/\u001b\[[\d;]*m/g, '').split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^(Build failed|\[plugin )/.test(line));
  const reason = (words[0] ?? '').slice(0, 300);
  const text: Text = /top-level await/i.test(words.join(' '))
    ? { en: `a module waits while it loads (top-level await), which the sandbox does not do: ${reason}`, ru: `модуль ждёт во время загрузки (top-level await), чего песочница не делает: ${reason}` }
    : { en: `it cannot be read: ${reason}`, ru: `он не читается: ${reason}` };
  return new Refusal(text);
}

function nodeNeeded(needed: ReadonlyMap<string, string>): Refusal {
  const list = [...needed].map(([name, file]) => `${name} (${file})`).join(', ');
  return new Refusal({
    en: `it needs what only Node itself has: ${list}. Take another module, or install a package of the same name that works in browsers`,
    ru: `ему нужно то, что есть только в самом Node: ${list}. Возьмите другой модуль или установите одноимённый пакет, работающий в браузерах`,
  });
}

const mb = (bytes: number): number => Math.round(bytes / 2 ** 20 * 10) / 10;
const tooMuch = (modules: readonly string[]): Refusal => new Refusal({
  en: `${modules.join(', ')} with all that is needed is more than ${mb(limits.moduleSourceBytes)} MB or ${limits.moduleFiles} files of source: name a smaller part of it, such as package/part`,
  ru: `${modules.join(', ')} со всем нужным — больше ${mb(limits.moduleSourceBytes)} МБ или ${limits.moduleFiles} файлов исходного кода: укажите меньшую часть, например package/part`,
});
const tooLarge = (chars: number): Refusal => new Refusal({
  en: `the bundle has ${mb(chars)} MB, and may have ${mb(limits.moduleBundleChars)}: name a smaller part of the modules, such as package/part`,
  ru: `сборка занимает ${mb(chars)} МБ, а разрешено ${mb(limits.moduleBundleChars)}: укажите меньшую часть модулей, например package/part`,
});
