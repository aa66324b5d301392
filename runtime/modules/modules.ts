import { fork } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, type Clock } from '../clock.ts';
import type { Text } from '../flow/flow.ts';
import type { ModuleTypes } from '../flow/module-types.ts';
import { limits } from '../limits.ts';
import type { ModuleBundle, ModuleDoor } from '../sandbox/bundle.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { sibling } from '../sibling.ts';
import type { Bundled, BundleJob } from './bundle.ts';
import type { BundleNews } from './bundle-child.ts';
import { isAllowed, parseModuleName, type ModuleName } from './names.ts';
import { Refusal } from './refusal.ts';
import { TypesReader } from './types.ts';

export interface ModulesOptions {
  /** The folder in which the administrator installs them: `package.json` and `node_modules`. */
  readonly folder: string;
  /** What the installation's settings allow. */
  readonly allowed: readonly ModuleName[];
  readonly clock?: Clock;
}

/** One allowed module as it stands in the folder. */
export interface ModuleState { readonly name: string; readonly version?: string; readonly chars?: number; readonly builtins?: readonly string[]; readonly problem?: Text }

interface Kept { readonly bundled: Bundled; readonly stamp: string }

/** The modules of this installation: what function nodes may use, each list of them bundled once for as long as its files stay as they are. */
export class Modules implements ModuleDoor {
  readonly #o: ModulesOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #making = new Map<string, Promise<Bundled>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ModulesOptions) { this.#o = options; }

  async bundle(modules: readonly string[]): Promise<ModuleBundle> {
    try {
      for (const each of modules) this.#check(each);
      const { source, waits, files, lines } = await this.#bundled([...modules]);
      return {
        source, waits,
        placeOf: (line) => {
          const file = files[lines[line * 2 - 2] ?? -1];
          return file === undefined ? undefined : `${file}:${lines[line * 2 - 1]}`;
        },
      };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { en, ru } = error.text;
      throw new NodeFailure('function.modules', { en: `The modules cannot be used: ${en}.`, ru: `Модули не подключаются: ${ru}.` }, { details: { field: 'modules' } });
    }
  }

  /** Each allowed module by itself. */
  async list(): Promise<readonly ModuleState[]> {
    return await Promise.all(this.#o.allowed.map(async (module) => {
      const version = this.#versionOf(module);
      try {
        const { source, builtins } = await this.#bundled([module.name]);
        return { name: module.name, ...(version !== undefined && { version }), chars: source.length, builtins };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return { name: module.name, ...(version !== undefined && { version }), problem: error.text };
      }
    }));
  }

  /** Declarations of one that is allowed; none of any other. Read anew each time: an editor asks once for each module. */
  types(module: string): ModuleTypes { return new TypesReader(this.#o.folder, this.#o.allowed).read(module); }

  #check(text: string): void {
    const module = parseModuleName(text);
    if (!module) throw new Refusal({ en: `"${text}" is not the name of a module, such as dayjs or dayjs/plugin/utc`, ru: `«${text}» — не имя модуля вида dayjs или dayjs/plugin/utc` });
    if (isAllowed(module, this.#o.allowed)) return;
    const allowed = this.#o.allowed.map(({ name }) => name).join(', ');
    throw new Refusal({
      en: `${text} is not allowed in this installation (${allowed === '' ? 'no module is' : `allowed are ${allowed}`}); its administrator lists modules in MILLRACE_MODULES`,
      ru: `${text} не разрешён в этой установке (${allowed === '' ? 'не разрешён ни один' : `разрешены: ${allowed}`}); администратор перечисляет модули в MILLRACE_MODULES`,
    });
  }

  #versionOf(module: ModuleName): string | undefined {
    try {
      const { version } = JSON.parse(readFileSync(join(this.#o.folder, 'node_modules', module.package, 'package.json'), 'utf8')) as { version?: unknown };
      return typeof version === 'string' ? version : undefined;
    } catch {
      return undefined;
    }
  }

  async #bundled(modules: readonly string[]): Promise<Bundled> {
    const key = modules.join(',');
    const kept = this.#kept.get(key);
    if (kept && kept.stamp === await stampOf(this.#o.folder, kept.bundled.read)) return kept.bundled;
    let making = this.#making.get(key);
    if (!making) {
      making = this.#make(key, modules).finally(() => { this.#making.delete(key); });
      this.#making.set(key, making);
    }
    return await making;
  }

  /** One after the other: each may need a processor and some hundred MB. */
  async #make(key: string, modules: readonly string[]): Promise<Bundled> {
    const { folder } = this.#o;
    if (!existsSync(folder)) throw new Refusal({ en: `there is no folder ${folder}: make it, and run npm install ${modules.join(' ')} in it`, ru: `папки ${folder} нет: создайте её и выполните в ней npm install ${modules.join(' ')}` });
    const before = this.#last;
    const made = before.then(() => this.#run({ folder, modules }));
    this.#last = made.catch(() => undefined);
    const bundled = await made;
    this.#kept.delete(key);
    this.#kept.set(key, { bundled, stamp: await stampOf(folder, bundled.read) });
    this.#makeRoom();
    return bundled;
  }

  #makeRoom(): void {
    let chars = 0;
    for (const [key, { bundled }] of [...this.#kept].reverse()) {
      chars += bundled.source.length;
      if (chars > limits.moduleKeptChars) this.#kept.delete(key);
    }
  }

  #run(job: BundleJob): Promise<Bundled> {
    const { clock = systemClock } = this.#o;
    const child = fork(fileURLToPath(sibling('./bundle-child', import.meta.url)), [], { execArgv: argumentsFor(job.folder), env: {}, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const { promise, resolve, reject } = Promise.withResolvers<Bundled>();
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => { stderr = (stderr + String(chunk)).slice(-2000); });
    const stop = clock.after(limits.moduleBundleMs, () => { reject(new Refusal({ en: `bundling ${job.modules.join(', ')} took longer than ${limits.moduleBundleMs / 1000} s`, ru: `сборка ${job.modules.join(', ')} заняла больше ${limits.moduleBundleMs / 1000} с` })); });
    child.on('message', (news: BundleNews) => {
      if (news.kind === 'done') resolve(news.bundled);
      else reject(news.kind === 'refused' ? new Refusal(news.text) : new Error(news.reason));
    });
    child.on('error', reject);
    child.on('exit', () => { reject(new Refusal({ en: `the bundler ended by itself: ${stderr.trim().split('\n').at(-1) ?? ''}`, ru: `сборщик завершился сам: ${stderr.trim().split('\n').at(-1) ?? ''}` })); });
    child.send(job);
    return promise.finally(() => {
      stop();
      child.kill('SIGKILL');
    });
  }
}

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** It reads its own files and the modules, starts nothing and writes nothing. */
function argumentsFor(folder: string): string[] {
  const packages = dirname(dirname(createRequire(import.meta.url).resolve('rolldown/package.json')));
  const readable = [ROOT, packages, folder, realpathSync(folder)];
  return ['--no-node-snapshot', '--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning', '--max-old-space-size=512', '--permission', '--allow-addons', ...readable.map((path) => `--allow-fs-read=${join(path, '*')}`)];
}

/** Changes when a file does, or when npm has been at work. */
async function stampOf(folder: string, files: readonly string[]): Promise<string> {
  const stamps = await Promise.all([join(folder, 'node_modules', '.package-lock.json'), ...files].map(async (file) => {
    try {
      const { size, mtimeMs, ino } = await stat(file);
      return `${size} ${mtimeMs} ${ino}`;
    } catch {
      return '-';
    }
  }));
  return stamps.join('\n');
}
