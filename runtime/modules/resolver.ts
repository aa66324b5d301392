import { readFileSync, realpathSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { mapped } from './package-map.ts';
import { Refusal } from './refusal.ts';

/**
 * Where a module's `import` and `require` lead: Node's rules and the `browser` field, below one folder. Nothing outside is looked at, and
 * what leads out of it, also by a link, is refused.
 */

export type Kind = 'import' | 'require';
export type Found =
  | { readonly file: string; readonly packageFile: string | undefined }
  /** A module of Node. */
  | { readonly builtin: string }
  /** The package says that there is none in a browser. */
  | { readonly nothing: true };

interface Package {
  readonly folder: string;
  readonly file: string;
  readonly json: { readonly name: string; readonly exports?: unknown; readonly imports?: unknown; readonly browser?: string | { readonly [name: string]: string | false } | null; readonly module?: string; readonly main?: string };
}

const BUILTINS = new Set(builtinModules);
const CONDITIONS = { import: new Set(['browser', 'production', 'import']), require: new Set(['browser', 'production', 'require']) };
const SUFFIXES = ['', '.js', '.cjs', '.mjs', '.json'];
const READABLE = new Set(['.js', '.cjs', '.mjs', '.json']);

export class Resolver {
  readonly #root: string;
  readonly #packages = new Map<string, Package | undefined>();
  /** Every package.json that was read. */
  readonly packageFiles = new Set<string>();

  /** `root`: the folder that holds `node_modules`, without links in its own path. */
  constructor(root: string) { this.#root = root; }

  /** `importer`: the file that asks; undefined for what a function node asks for. Throws a `Refusal`. */
  resolve(asked: string, importer: string | undefined, kind: Kind): Found {
    const from = importer === undefined ? this.#root : dirname(importer);
    const home = importer === undefined ? undefined : this.#packageOf(importer);
    if (asked.startsWith('node:')) return { builtin: asked.slice(5) };
    if (/^\.\.?(\/|$)/.test(asked)) return this.#file(resolve(from, asked), home, { asked, importer, kind });
    if (asked.startsWith('#') && home) return this.#target(mapped(home.json.imports, asked, CONDITIONS[kind]), home, { asked, importer, kind });
    const replaced = replacements(home)[asked];
    if (replaced === false) return { nothing: true };
    if (replaced !== undefined && replaced !== asked) return this.#target(replaced, home, { asked, importer, kind });
    return this.#bare(asked, from, { asked, importer, kind });
  }

  #bare(asked: string, from: string, how: Asked): Found {
    const [, name = '', below = ''] = /^(@[^/]+\/[^/]+|[^@/][^/]*)(?:\/(.*))?$/.exec(asked) ?? [];
    const found = name === '' ? undefined : this.#findPackage(name, from);
    if (!found) {
      if (BUILTINS.has(asked)) return { builtin: asked };
      throw new Refusal(how.importer === undefined
        ? { en: `${asked} is not installed: run npm install ${name || asked} in ${this.#root}`, ru: `${asked} не установлен: выполните npm install ${name || asked} в ${this.#root}` }
        : { en: `${this.shown(how.importer)} needs ${asked}, which is not installed in ${this.#root}`, ru: `${this.shown(how.importer)} требует ${asked}, а он не установлен в ${this.#root}` });
    }
    const { json, folder } = found;
    if (json.exports !== undefined && json.exports !== null) return this.#target(mapped(json.exports, below === '' ? '.' : `./${below}`, CONDITIONS[how.kind]), found, how);
    if (below !== '') return this.#file(join(folder, below), found, how);
    return this.#file(join(folder, mainOf(json, how.kind)), found, how);
  }

  /** A path that a package.json names: of its own files, or another package. */
  #target(path: string | undefined, home: Package | undefined, how: Asked): Found {
    if (path === undefined || !home) throw new Refusal({ en: `the package ${home?.json.name ?? ''} does not offer ${how.asked}`, ru: `пакет ${home?.json.name ?? ''} не предоставляет ${how.asked}` });
    return path.startsWith('.') ? this.#file(join(home.folder, path), undefined, how) : this.#bare(path, home.folder, how);
  }

  /** `home`: the package whose `browser` field counts. */
  #file(path: string, home: Package | undefined, how: Asked): Found {
    const found = this.#existing(path);
    if (found === undefined) throw new Refusal({ en: `${this.#asker(how)} needs ${how.asked}, and there is no such file`, ru: `${this.#asker(how)} требует ${how.asked}, но такого файла нет` });
    const replaced = home && replacementOf(home, found);
    if (replaced === false) return { nothing: true };
    if (replaced !== undefined) return this.#target(replaced, home, how);
    const file = realpathSync(found);
    if (!this.#isInside(file)) throw this.#outside(how);
    if (!READABLE.has(extname(file))) throw notJavaScript(this.shown(file));
    return { file, packageFile: this.#packageOf(file)?.file };
  }

  /** As Node looks for it, and only below the folder. */
  #existing(path: string): string | undefined {
    if (!this.#isInside(path)) return undefined;
    for (const suffix of SUFFIXES) if (isFile(path + suffix)) return path + suffix;
    if (!isFolder(path) || !this.#isInside(realpathSync(path))) return undefined;
    const main: unknown = this.#read(path)?.json.main;
    const places = typeof main === 'string' ? [resolve(path, main), path] : [path];
    return places.filter((place) => this.#isInside(place)).flatMap((place) => [...(place === path ? [] : SUFFIXES.map((suffix) => place + suffix)), ...SUFFIXES.slice(1).map((suffix) => join(place, `index${suffix}`))]).find(isFile);
  }

  #findPackage(name: string, from: string): Package | undefined {
    for (let folder = from; this.#isInside(folder); folder = dirname(folder)) {
      const place = join(folder, 'node_modules', name);
      if (!isFolder(place)) continue;
      const real = realpathSync(place);
      if (!this.#isInside(real)) throw new Refusal({ en: `${name} is a link that leads out of ${this.#root}: install it there`, ru: `${name} — ссылка, ведущая за пределы ${this.#root}: установите пакет внутри` });
      return this.#read(real) ?? { folder: real, file: '', json: { name } };
    }
    return undefined;
  }

  #packageOf(file: string): Package | undefined {
    for (let folder = dirname(file); this.#isInside(folder) && folder !== this.#root; folder = dirname(folder)) {
      const found = this.#read(folder);
      if (found) return found;
    }
    return undefined;
  }

  #read(folder: string): Package | undefined {
    if (this.#packages.has(folder)) return this.#packages.get(folder);
    const file = join(folder, 'package.json');
    let found: Package | undefined;
    if (isFile(file) && this.#isInside(realpathSync(file))) {
      this.packageFiles.add(file);
      found = { folder, file, json: parsed(file, this.shown(file)) };
    }
    this.#packages.set(folder, found);
    return found;
  }

  #isInside(path: string): boolean { return path === this.#root || path.startsWith(this.#root + sep); }
  #asker({ importer }: Asked): string { return importer === undefined ? 'the list of modules' : this.shown(importer); }
  #outside(how: Asked): Refusal {
    return new Refusal({ en: `${how.asked} leads out of ${this.#root}`, ru: `${how.asked} ведёт за пределы ${this.#root}` });
  }

  /** As people know it: `dayjs/dayjs.min.js`. */
  shown(path: string): string { return relative(this.#root, path).replaceAll(sep, '/').replace(/^node_modules\//, ''); }
}

interface Asked { readonly asked: string; readonly importer: string | undefined; readonly kind: Kind }

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** `require` gets what was written for it; a module written twice is no good. */
function mainOf({ browser, module, main }: Package['json'], kind: Kind): string {
  const names = [typeof browser === 'string' ? browser : undefined, ...(kind === 'import' ? [module, main] : [main, module])];
  return names.find((each) => typeof each === 'string' && each !== '') ?? 'index.js';
}

/** Of the package's `browser` field; it inherits no name. */
const replacements = (home: Pick<Package, 'json'> | undefined): { readonly [name: string]: string | false | undefined } =>
  Object.assign(Object.create(null) as object, typeof home?.json.browser === 'object' ? home.json.browser : {});

/** By the package's `browser` field, which names files with their ending or without. */
function replacementOf({ json, folder }: Package, file: string): string | false | undefined {
  const browser = replacements({ json });
  const own = `./${relative(folder, file).replaceAll(sep, '/')}`;
  const names = [own, own.slice(2), own.replace(/\.(js|json|cjs|mjs)$/, ''), own.replace(/\/index\.js$/, '')];
  const to = names.map((name) => browser[name]).find((each) => each !== undefined);
  return to === own ? undefined : to;
}

function parsed(file: string, shown: string): Package['json'] {
  try {
    const json = JSON.parse(readFileSync(file, 'utf8')) as Package['json'] | null;
    if (typeof json === 'object' && json !== null) return json;
  } catch { /* told below */ }
  throw new Refusal({ en: `${shown} cannot be read as JSON`, ru: `${shown} не читается как JSON` });
}

function notJavaScript(file: string): Refusal {
  const ending = extname(file);
  if (ending === '.node') return new Refusal({ en: `${file} is native code, which the sandbox does not run: only JavaScript can be a module`, ru: `${file} — машинный код, который песочница не выполняет: модулем может быть только JavaScript` });
  if (ending === '.wasm') return new Refusal({ en: `${file} is WebAssembly, which the sandbox does not have`, ru: `${file} — WebAssembly, которого в песочнице нет` });
  return new Refusal({ en: `${file} is neither JavaScript nor JSON`, ru: `${file} — не JavaScript и не JSON` });
}
