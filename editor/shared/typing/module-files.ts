import type { ModuleTypes } from '../../../runtime/api/contract.ts';

const ROOT = '/modules/';
/** It would make a name for all code, whatever the node calls the module. */
const GLOBAL_NAME = /^[ \t]{0,40}export[ \t]{1,9}as[ \t]{1,9}namespace[ \t]{1,9}[\w$]+[ \t]{0,9};?/gm;

/** Declarations of npm modules as files of the language service, and where their imports lead. */
export class ModuleFiles {
  readonly #entries = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** Names and texts of its files. */
  add(module: string, { entry, files, names }: ModuleTypes): readonly (readonly [name: string, text: string])[] {
    if (entry !== undefined) this.#entries.set(module, ROOT + entry);
    for (const [name, path] of Object.entries(names)) this.#names.set(name, ROOT + path);
    return Object.entries(files).map(([path, text]) => [ROOT + path, text.replaceAll(GLOBAL_NAME, '')]);
  }

  entryOf(module: string): string | undefined { return this.#entries.get(module); }

  /** What `name` means in the file `from`; undefined for what nobody declares. */
  fileOf(name: string, from: string, exists: (file: string) => boolean): string | undefined {
    if (name.startsWith(ROOT)) return exists(name) ? name : undefined;
    if (!/^\.\.?(\/|$)/.test(name)) return this.#names.get(name);
    const path = new URL(name, `file://${from}`).pathname.replace(/\/$/, '');
    const bare = path.replace(/\.[cm]?[jt]s$/, '');
    const kind = /\.([cm])[jt]s$/.exec(path)?.[1] ?? '';
    return [path, `${bare}.d.${kind}ts`, `${path}.d.ts`, `${path}.d.mts`, `${path}.d.cts`, `${path}/index.d.ts`].find((file) => /\.d\.[cm]?ts$/.test(file) && exists(file));
  }
}
