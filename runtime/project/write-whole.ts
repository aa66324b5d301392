import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The name under which `file` is written before it takes the place of the old one. */
export const pendingName = (file: string): string => join(dirname(file), `.${basename(file)}.saving`);

/** Writes and syncs the new content beside `file`; `finishWrite` puts it in place. */
export function beginWrite(file: string, text: string, mode = 0o644): void {
  const pending = pendingName(file);
  rmSync(pending, { force: true }); // left over from a crash, perhaps with another mode
  const handle = openSync(pending, 'wx', mode);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function finishWrite(file: string): void {
  renameSync(pendingName(file), file);
  syncFolder(dirname(file));
}

/** A reader finds the old content or the new one, whole, also after a power cut. */
export function writeWhole(file: string, text: string, { mode }: { readonly mode?: number } = {}): void {
  beginWrite(file, text, mode);
  finishWrite(file);
}

/** Makes a rename or removal in this folder survive a power cut. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there, and NTFS journals the rename itself
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
