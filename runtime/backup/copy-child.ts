import { constants, copyFileSync, existsSync, openSync, readSync, closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../make-folder.ts';
import { filesBelow, isHidden, isLeftOut, measured, nativePath, synced, type BackupFile } from './manifest.ts';

/** The process that copies: see the README for why it is one of its own. It lives for one job. */

export interface CopyJob {
  readonly dataDir: string;
  readonly flowsDir: string | null;
  /** An empty folder. */
  readonly target: string;
}
export type CopyNews = { readonly kind: 'journal' } | { readonly kind: 'done'; readonly files: readonly BackupFile[] } | { readonly kind: 'failed'; readonly reason: string };

const JOURNAL = 'journal.db';
const BUSY_MS = 30_000; // a database that another process writes to is free again long before
const MAGIC = 'SQLite format 3\0';
const tell = (news: CopyNews): void => { process.send?.(news); };

async function copy({ dataDir, flowsDir, target }: CopyJob): Promise<void> {
  const data = join(target, 'data');
  makeFolder(data, { mode: 0o700 });
  copyFileSync(join(dataDir, JOURNAL), join(data, JOURNAL), constants.COPYFILE_FICLONE);
  tell({ kind: 'journal' });
  checked(join(data, JOURNAL));
  const isDone = (path: string): boolean => path === JOURNAL || /\.db-(wal|shm|journal)$/.test(path) || isLeftOut(path);
  // The store first: what ended runs left in the journal's outbox stands in it or in the journal.
  for (const path of filesBelow(dataDir, isDone).sort((a, b) => Number(b === 'store.db') - Number(a === 'store.db'))) copyOne(nativePath(dataDir, path), nativePath(data, path));
  if (flowsDir !== null) for (const path of filesBelow(flowsDir, isHidden)) copyOne(nativePath(flowsDir, path), nativePath(join(target, 'flows'), path));
  const files: BackupFile[] = [];
  for (const path of filesBelow(target)) {
    synced(nativePath(target, path));
    files.push(await measured(target, path));
  }
  for (const folder of new Set(files.map(({ path }) => dirname(nativePath(target, path))))) synced(folder);
  tell({ kind: 'done', files });
}

function copyOne(from: string, to: string): void {
  if (!existsSync(from)) return; // removed since the folder was read
  makeFolder(dirname(to), { mode: 0o700 });
  if (!isDatabase(from)) { copyFileSync(from, to); return; }
  const database = new DatabaseSync(from, { readOnly: true, timeout: BUSY_MS });
  try { database.prepare('VACUUM INTO ?').run(to); } finally { database.close(); }
  checked(to);
}

function isDatabase(file: string): boolean {
  const head = Buffer.alloc(MAGIC.length);
  const handle = openSync(file, 'r');
  try { readSync(handle, head); } finally { closeSync(handle); }
  return head.toString('latin1') === MAGIC;
}

/** A copy of damaged pages is no backup: better told now than at the restore. */
function checked(file: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode=DELETE'); // one file, without a write-ahead file beside it
    const { quick_check: found } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (found !== 'ok') throw new Error(`${file} is damaged: ${found}`);
  } finally {
    database.close();
  }
}

process.once('message', (job: CopyJob) => {
  copy(job).catch((error: unknown) => tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })).finally(() => process.disconnect());
});
// Whoever asked is gone: nobody waits for the copy.
process.once('disconnect', () => process.exit());
