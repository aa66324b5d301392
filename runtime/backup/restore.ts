import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { measured, nativePath, readManifest, synced, type Manifest } from './manifest.ts';

/** Stands in a data folder while it is being filled. */
export const RESTORING = '.restoring';

export interface RestoreJob { readonly from: string; readonly dataDir: string; readonly flowsDir: string }

/**
 * Puts a backup into an empty folder, and its flows, where it has some, into another. Throws a `Failure` `backup.damaged` or
 * `backup.not-empty` before anything is written.
 */
export async function restoreBackup({ from, dataDir, flowsDir }: RestoreJob): Promise<Manifest> {
  const manifest = readManifest(from);
  if (!manifest) throw damaged(from, { en: 'it has no readable manifest.json, so it is not a backup or was not finished', ru: 'в ней нет читаемого manifest.json, значит, это не копия или её создание не закончено' });
  for (const file of manifest.files) await compare(from, file);
  const hasFlows = manifest.files.some(({ path }) => path.startsWith('flows/'));
  for (const folder of hasFlows ? [dataDir, flowsDir] : [dataDir]) refuseUsed(folder);
  makeFolder(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, RESTORING), '');
  for (const { path } of manifest.files) {
    const [top, ...rest] = path.split('/');
    const to = nativePath(top === 'data' ? dataDir : flowsDir, rest.join('/'));
    makeFolder(dirname(to));
    copyFileSync(nativePath(from, path), to);
    synced(to);
    synced(dirname(to));
  }
  rmSync(join(dataDir, RESTORING));
  synced(dataDir);
  return manifest;
}

async function compare(from: string, { path, bytes, sha256 }: Manifest['files'][number]): Promise<void> {
  if (!existsSync(nativePath(from, path))) throw damaged(from, { en: `its file ${path} is missing`, ru: `в ней нет файла ${path}` });
  const found = await measured(from, path);
  if (found.bytes !== bytes || found.sha256 !== sha256) throw damaged(from, { en: `its file ${path} is not what was written at the time`, ru: `её файл ${path} не тот, что был записан при создании` });
}

function refuseUsed(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  throw new Failure('backup.not-empty', { en: `restoring into ${folder}: it is not empty; name an empty folder, or one that does not exist`, ru: `восстановление в ${folder}: папка не пуста; укажите пустую или несуществующую` }, { details: { folder } });
}

function damaged(from: string, why: { readonly en: string; readonly ru: string }): Failure {
  return new Failure('backup.damaged', { en: `restoring ${from}: ${why.en}; nothing was written, use another backup`, ru: `восстановление ${from}: ${why.ru}; ничего не записано, возьмите другую копию` }, { details: { from } });
}
