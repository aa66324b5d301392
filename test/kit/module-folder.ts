import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Modules } from '../../runtime/modules/modules.ts';
import { parseModuleName, type ModuleName } from '../../runtime/modules/names.ts';

const OWN = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** The folder in which an administrator installs modules, with packages of the test: texts by path below `node_modules`. It goes with the test. */
export function moduleFolder(files: { readonly [path: string]: string }, real: readonly string[] = [], beside = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(beside, 'millrace-modules-')));
  onTestFinished(() => { rmSync(folder, { recursive: true, force: true }); });
  addFiles(folder, files);
  for (const name of real) cpSync(join(OWN, name), join(folder, 'node_modules', name), { recursive: true });
  return folder;
}

export function addFiles(folder: string, files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, 'node_modules', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

export const allowedNames = (...names: readonly string[]): ModuleName[] => names.map((name) => parseModuleName(name) ?? { name, package: name, below: '' });

/** The installation's modules, with those packages and all of them allowed. */
export function modulesOf(files: { readonly [path: string]: string }, real: readonly string[] = []): Modules {
  const packages = new Set([...Object.keys(files).map((path) => path.split('/').slice(0, path.startsWith('@') ? 2 : 1).join('/').replace(/\.js$/, '')), ...real]);
  return new Modules({ folder: moduleFolder(files, real), allowed: allowedNames(...packages) });
}

/** A package of one CommonJS file. */
export const commonJs = (name: string, text: string): { [path: string]: string } => ({ [`${name}/package.json`]: `{ "name": "${name}", "version": "1.0.0" }`, [`${name}/index.js`]: text });
/** The same as a module of the language. */
export const esModule = (name: string, text: string): { [path: string]: string } => ({ [`${name}/package.json`]: `{ "name": "${name}", "version": "1.0.0", "type": "module", "exports": "./index.js" }`, [`${name}/index.js`]: text });
