import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The folder and those above it. Node's own `recursive` never ends where a folder cannot be made below one that exists, as in /proc. */
export function makeFolder(path: string, options: { readonly mode?: number } = {}): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above, options);
  try {
    mkdirSync(path, options);
  } catch (error) {
    if (!isFolder(path)) throw error; // else somebody else was faster
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
