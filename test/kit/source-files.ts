import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** The project's own source, for the tests that look at how it is written. */

export const ROOT = join(import.meta.dirname, '../..');

export interface SourceFile { /** From the root, with `/`. */ readonly path: string; readonly text: string }

const SKIPPED = new Set(['node_modules', 'dist', '.svelte-kit']);
const CODE = /\.(ts|mjs|js|svelte)$/;

export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => pathsUnder(folder)).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function pathsUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : pathsUnder(path);
    return CODE.test(entry.name) ? [path] : [];
  });
}

export interface Import { /** A file of the project from the root, `node:…`, or a package's name with its subpath. */ readonly target: string; readonly typeOnly: boolean }

const STATIC = /^\s*(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s*)?'([^'\n]+)';?/gm;
const DYNAMIC = /\bimport\(\s*'([^'\n]+)'/g;

export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  for (const [, , type, target] of file.text.matchAll(STATIC)) found.push({ target: resolved(file.path, target ?? ''), typeOnly: type !== undefined });
  for (const [, target] of file.text.matchAll(DYNAMIC)) found.push({ target: resolved(file.path, target ?? ''), typeOnly: false });
  return found;
}

const resolved = (from: string, target: string): string => (target.startsWith('.') ? posix.normalize(posix.join(posix.dirname(from), target)) : target);
