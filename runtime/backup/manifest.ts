import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';

/** What stands in a backup. Written last: a folder without it is not a backup. */
export interface Manifest {
  readonly format: 'millrace.backup/1';
  /** Of the Millrace that made it. */
  readonly version: string;
  /** ms since 1970. The journal is of the first instant; everything else was copied between the two. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Where the key of the secrets is: in the backup, or in the environment of the process that made it. */
  readonly key: 'key-file' | 'environment';
  readonly files: readonly BackupFile[];
}
/** `path` is below `data` or `flows` of the backup, with `/` between its parts. */
export interface BackupFile { readonly path: string; readonly bytes: number; readonly sha256: string }

export const MANIFEST = 'manifest.json';
export const FORMAT: Manifest['format'] = 'millrace.backup/1';

/** Of a data folder: earlier backups, journals that were damaged, and what is of this process only. */
export const isLeftOut = (path: string): boolean => /^(backups|damaged-[^/]*|running\.json|journal\.db\.salvaged)$/.test(path);

export const nativePath = (folder: string, path: string): string => join(folder, ...path.split('/'));

type Skip = (path: string) => boolean;
export const isHidden: Skip = (path) => path.split('/').at(-1)?.startsWith('.') === true;

/** Regular files below a folder, as paths with `/`, in order; none when there is no such folder. */
export const filesBelow = (folder: string, skip: Skip = () => false): string[] => namesBelow(folder, skip, (entry) => entry.isFile());

/** Links below a folder. They are not followed, so that no backup holds what they lead to. Those to the commands of packages are nobody's loss. */
export const linksBelow = (folder: string, skip: Skip): string[] => namesBelow(folder, (path) => skip(path) || /(^|\/)node_modules\/\.bin$/.test(path), (entry) => entry.isSymbolicLink());

function namesBelow(folder: string, skip: Skip, isWanted: (entry: Dirent) => boolean): string[] {
  const found: string[] = [];
  const look = (path: string): void => {
    for (const entry of readdirSync(nativePath(folder, path), { withFileTypes: true })) {
      const name = path === '' ? entry.name : `${path}/${entry.name}`;
      if (skip(name)) continue;
      if (entry.isDirectory()) look(name);
      else if (isWanted(entry)) found.push(name);
    }
  };
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) look('');
  return found.sort();
}

/** Size and hash of a file as it stands on disk. */
export async function measured(folder: string, path: string): Promise<BackupFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(nativePath(folder, path)) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

/** Makes a file, or the names in a folder, survive a power cut. */
export function synced(path: string): void {
  const isFolder = statSync(path).isDirectory();
  if (isFolder && process.platform === 'win32') return; // folders cannot be opened there
  const handle = openSync(path, isFolder ? 'r' : 'r+');
  try { fsyncSync(handle); } finally { closeSync(handle); }
}

export function writeManifest(folder: string, manifest: Manifest): void {
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  synced(join(folder, MANIFEST));
  synced(folder);
}

/** Undefined when there is none, or one that nobody can read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const found = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Partial<Manifest> | null;
    const isWhole = found?.format === FORMAT && Array.isArray(found.files) && found.files.every(({ path }) => isInside(path));
    return isWhole ? found as Manifest : undefined;
  } catch {
    return undefined;
  }
}

/** A path that leads out of the backup is nobody's file. */
const isInside = (path: unknown): boolean => typeof path === 'string' && /^(data|flows)\//.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\\'));
