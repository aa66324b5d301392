import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { ModuleTypes } from '../flow/module-types.ts';
import { limits } from '../limits.ts';
import { isAllowed, parseModuleName, type ModuleName } from './names.ts';
import { mapped } from './package-map.ts';

export const NO_TYPES: ModuleTypes = { files: {}, names: {} };

const CONDITIONS = new Set(['types', 'import', 'require', 'browser', 'production']);
const DECLARATIONS = /\.d\.[cm]?ts$/;
// Spaces in bounds, so that no file takes long to be looked through.
const IMPORTS = /(?:\bfrom|\bimport|\brequire)\s{0,20}\(?\s{0,20}['"]([^'"\n]{1,300})['"]|\/\/\/[ \t]{0,20}<reference[ \t]{1,20}path[ \t]{0,20}=[ \t]{0,20}['"]([^'"\n]{1,300})['"]/g;

/** Looks in one folder, for what is allowed. Nothing outside the folder of a package is read, whatever its package.json or a link says. */
export class TypesReader {
  readonly #root: string;
  readonly #allowed: readonly ModuleName[];
  readonly #files = new Map<string, string>();
  readonly #names = new Map<string, string>();
  #chars = 0;

  /** `folder`: the one that holds `node_modules`. */
  constructor(folder: string, allowed: readonly ModuleName[]) {
    this.#root = join(realPath(folder) ?? folder, 'node_modules');
    this.#allowed = allowed;
  }

  read(name: string): ModuleTypes {
    const entry = this.#named(name);
    return { ...(entry !== undefined && { entry }), files: Object.fromEntries(this.#files), names: Object.fromEntries(this.#names) };
  }

  #named(name: string): string | undefined {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const module = parseModuleName(name);
    if (!module || !isAllowed(module, this.#allowed)) return undefined;
    for (const folder of [module.package, `@types/${module.package.replace(/^@/, '').replace('/', '__')}`]) {
      const home = realPath(join(this.#root, folder));
      const entry = home?.startsWith(this.#root + sep) ? entryOf(home, module.below) : undefined;
      if (home === undefined || entry === undefined) continue;
      this.#names.set(name, this.#pathOf(entry));
      return this.#take(entry, home) ? this.#pathOf(entry) : undefined;
    }
    return undefined;
  }

  /** With all that it names. What goes beyond the limits is left out: it is any type then. */
  #take(file: string, home: string): boolean {
    const path = this.#pathOf(file);
    if (this.#files.has(path)) return true;
    const text = textOf(file);
    if (text === undefined || this.#files.size >= limits.moduleTypesFiles || this.#chars + text.length > limits.moduleTypesChars) return false;
    this.#chars += text.length;
    this.#files.set(path, text);
    for (const [, imported, referred] of text.matchAll(IMPORTS)) {
      const name = imported ?? referred ?? '';
      const isPath = imported === undefined || /^\.\.?(\/|$)/.test(name);
      const found = isPath ? declarationAt(resolve(dirname(file), name), home) : undefined;
      if (found !== undefined) this.#take(found, home);
      else if (!isPath) this.#named(name);
    }
    return true;
  }

  #pathOf(file: string): string { return relative(this.#root, file).split(sep).join('/'); }
}

/** As TypeScript looks for it: `exports`, else `types`, `typings`, or beside the JavaScript. */
function entryOf(home: string, below: string): string | undefined {
  const { exports, types, typings, main } = packageIn(home);
  const choices = exports !== undefined && exports !== null ? [mapped(exports, below === '' ? '.' : `./${below}`, CONDITIONS)] : below === '' ? [types, typings, main, 'index'] : [below];
  for (const each of choices) {
    const found = typeof each === 'string' ? declarationAt(resolve(home, each), home) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function packageIn(home: string): { readonly [field: string]: unknown } {
  try {
    const file = realPath(join(home, 'package.json'));
    const json: unknown = JSON.parse(file?.startsWith(home + sep) ? textOf(file) ?? '{}' : '{}');
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json as { readonly [field: string]: unknown } : {};
  } catch {
    return {};
  }
}

/** The file of declarations that a path stands for, inside the package's own folder. */
function declarationAt(path: string, home: string): string | undefined {
  const bare = path.replace(/\.([cm]?)[jt]s$/, '');
  const kind = /\.([cm])[jt]s$/.exec(path)?.[1] ?? '';
  const places = DECLARATIONS.test(path) ? [path] : [`${bare}.d.${kind}ts`, `${path}.d.ts`, `${path}.d.mts`, `${path}.d.cts`, join(path, 'index.d.ts')];
  for (const place of places) {
    const real = realPath(place);
    if (real?.startsWith(home + sep) && DECLARATIONS.test(real)) return real;
  }
  return undefined;
}

function textOf(file: string): string | undefined {
  try { return statSync(file).isFile() && statSync(file).size <= limits.moduleTypesChars ? readFileSync(file, 'utf8') : undefined; } catch { return undefined; }
}

function realPath(path: string): string | undefined {
  try { return realpathSync(path); } catch { return undefined; }
}
