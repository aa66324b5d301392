import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { synced } from '../backup/manifest.ts';
import { systemClock } from '../clock.ts';
import { discardSalvage, isInUse, salvage } from '../journal/salvage.ts';
import { Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

const PARTS = ['', '-wal'] as const;

/** Puts a journal with what is readable in the place of a damaged one, which is kept beside it. */
export function salvageJournal({ data }: Options, language: Language): number {
  const file = join(data, 'journal.db');
  if (!existsSync(file)) throw new Usage(said.noData(data));
  if (isInUse(file)) throw new Usage(said.dataTaken(data));
  const kept = join(data, `damaged-${new Date(systemClock.now()).toISOString().replace(/[:.]/g, '-')}`);
  keep(data, kept);
  const draft = join(data, 'journal.db.salvaged');
  discardSalvage(draft);
  const report = salvage(join(kept, 'journal.db'), draft);
  if (!report) {
    discardSalvage(draft);
    rmSync(kept, { recursive: true });
    throw new Usage(said.nothingSalvaged(file));
  }
  writeFileSync(join(kept, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  synced(draft);
  // The old write-ahead file first: it must never be taken for one of the new journal.
  for (const part of ['-wal', '-shm'] as const) rmSync(file + part, { force: true });
  renameSync(draft, file);
  synced(data);
  process.stdout.write(`${said.salvaged(report, kept)[language]}\n`);
  return 0;
}

/** Copies the files as they are, before anything is changed. */
function keep(data: string, kept: string): void {
  mkdirSync(kept);
  for (const part of PARTS) {
    const from = join(data, `journal.db${part}`);
    if (!existsSync(from)) continue;
    copyFileSync(from, join(kept, `journal.db${part}`));
    synced(join(kept, `journal.db${part}`));
  }
  synced(kept);
  synced(data);
}
