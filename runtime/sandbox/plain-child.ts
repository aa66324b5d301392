import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeFolder } from '../make-folder.ts';
import { sibling } from '../sibling.ts';

/**
 * The child's entry file and the folder that holds all it reads. In the repository its files are TypeScript, for which Node would load its
 * type stripper into every child: 16 MB each. So the child runs stripped copies, made once and kept beside the compile cache; from
 * the files themselves where there is no such place.
 */
export function plainChild(): { readonly entry: string; readonly folder: string } {
  const entry = fileURLToPath(sibling('./child', import.meta.url));
  const own = { entry, folder: dirname(dirname(entry)) };
  if (!entry.endsWith('.ts')) return own;
  const files = filesOf(entry);
  const hash = createHash('sha256').update(process.version);
  for (const [path, text] of files) hash.update(path).update(text);
  const folder = join(cacheFolder(), `sandbox-${hash.digest('hex').slice(0, 16)}`);
  try {
    if (!existsSync(folder)) writeCopies(folder, files);
    // By its real name: where node_modules is a link, the child may not follow it.
    const real = realpathSync(folder);
    return { entry: join(real, nameOf(entry)), folder: real };
  } catch {
    return own;
  }
}

const RUNTIME = dirname(dirname(fileURLToPath(import.meta.url)));
const cacheFolder = (): string => join(dirname(RUNTIME), 'node_modules', '.cache', 'millrace');
const nameOf = (path: string): string => relative(RUNTIME, path).replace(/\.ts$/, '.mjs');
const IMPORTED = /from '(\.{1,2}\/[^']+)\.ts'/g;

/** The entry and everything that it imports, types aside. */
function filesOf(entry: string): Map<string, string> {
  const files = new Map<string, string>();
  const todo = [entry];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (files.has(path)) continue;
    const text = readFileSync(path, 'utf8');
    files.set(path, text);
    const values = text.replaceAll(/^import type .*$/gm, '');
    for (const [, name] of values.matchAll(IMPORTED)) todo.push(fileURLToPath(new URL(`${name ?? ''}.ts`, pathToFileURL(path))));
  }
  return files;
}

/** Beside its place first, so that a half-written copy is never run. */
function writeCopies(folder: string, files: ReadonlyMap<string, string>): void {
  const draft = `${folder}-${process.pid}`;
  for (const [path, text] of files) {
    const copy = join(draft, nameOf(path));
    makeFolder(dirname(copy));
    writeFileSync(copy, stripTypeScriptTypes(text, { mode: 'strip' }).replaceAll(IMPORTED, "from '$1.mjs'"));
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // another process was quicker
  }
}
