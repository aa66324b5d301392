import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import { limits } from '../limits.ts';
import { makeFolder } from '../make-folder.ts';
import { sibling } from '../sibling.ts';
import type { CopyJob, CopyNews } from './copy-child.ts';
import { filesBelow, FORMAT, isHidden, isLeftOut, linksBelow, nativePath, synced, writeManifest, type Manifest } from './manifest.ts';

export interface BackupsOptions {
  readonly dataDir: string;
  readonly flowsDir?: string | undefined;
  readonly clock: Clock;
  readonly key: Manifest['key'];
  /** Lets the journal's file stand still, with everything acknowledged before in it, until `thaw`. */
  readonly journal: { freeze(): Promise<void>; thaw(): Promise<void> };
}

export interface BackupMade { readonly name: string; readonly folder: string; readonly bytes: number; readonly manifest: Manifest; /** Whole paths of what it does not hold. */ readonly links: readonly string[] }

const FOLDER = 'backups';
const DRAFT = '.unfinished';

/** Makes backups of a data folder that is in use, one at a time. */
export class Backups {
  readonly #o: BackupsOptions;
  #child: ChildProcess | undefined;
  #making: Promise<unknown> | undefined;

  constructor(options: BackupsOptions) { this.#o = options; }

  /** Resolves when the backup is on disk and checked. Throws a `Failure` `backup.running`, `backup.no-room` or `backup.failed`; then there is none. */
  async make(version: string): Promise<BackupMade> {
    if (this.#making) throw new Failure('backup.running', { en: 'making a backup: another one is being made', ru: 'создание копии: уже создаётся другая' });
    const making = this.#make(version);
    this.#making = making.catch(() => undefined);
    try { return await making; } finally { this.#making = undefined; }
  }

  /** One that is being made fails. Before the journal is closed. */
  async close(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#making;
  }

  async #make(version: string): Promise<BackupMade> {
    const { dataDir, flowsDir, clock, key } = this.#o;
    const startedAt = clock.now();
    const folders = join(dataDir, FOLDER);
    const draft = join(folders, DRAFT);
    try {
      this.#refuseWithoutRoom();
      rmSync(draft, { recursive: true, force: true });
      makeFolder(draft, { mode: 0o700 });
      const files = await this.#copy({ dataDir, flowsDir: flowsDir ?? null, target: draft });
      const manifest: Manifest = { format: FORMAT, version, startedAt, endedAt: clock.now(), key, files };
      writeManifest(draft, manifest);
      const name = freeName(folders, startedAt);
      renameSync(draft, join(folders, name));
      synced(folders);
      const links = [...linksIn(dataDir, isLeftOut), ...(flowsDir === undefined ? [] : linksIn(flowsDir, isHidden))];
      return { name, links, folder: join(folders, name), bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), manifest };
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      throw error instanceof Failure ? error : failed(error);
    }
  }

  #refuseWithoutRoom(): void {
    const { dataDir, flowsDir } = this.#o;
    const sizesIn = (folder: string): number => filesBelow(folder, isLeftOut).reduce((sum, path) => sum + (statSync(join(folder, path), { throwIfNoEntry: false })?.size ?? 0), 0);
    const needed = sizesIn(dataDir) + (flowsDir === undefined ? 0 : sizesIn(flowsDir));
    const { bavail, bsize } = statfsSync(dataDir);
    if (bavail * bsize >= needed + limits.backupSpareBytes) return;
    const [has, wants] = [bavail * bsize, needed + limits.backupSpareBytes].map((bytes) => Math.ceil(bytes / 2 ** 20)) as [number, number];
    throw new Failure('backup.no-room', {
      en: `making a backup in ${join(dataDir, FOLDER)}: it needs ${wants} MB and the disk has ${has} MB free`,
      ru: `создание копии в ${join(dataDir, FOLDER)}: нужно ${wants} МБ, а на диске свободно ${has} МБ`,
    }, { details: { needed, free: bavail * bsize } });
  }

  async #copy(job: CopyJob): Promise<Manifest['files']> {
    const { journal } = this.#o;
    const child = fork(fileURLToPath(sibling('./copy-child', import.meta.url)), [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    const news = newsOf(child);
    try {
      await journal.freeze();
      try {
        child.send(job);
        await news.journal;
      } finally {
        await journal.thaw();
      }
      return await news.done;
    } finally {
      this.#child = undefined;
      child.kill('SIGKILL');
    }
  }
}

/** What the child tells. Both reject when it fails or ends before. */
function newsOf(child: ChildProcess): { readonly journal: Promise<void>; readonly done: Promise<Manifest['files']> } {
  const journal = Promise.withResolvers<void>();
  const done = Promise.withResolvers<Manifest['files']>();
  const fail = (reason: string): void => {
    const error = new Error(reason);
    journal.reject(error);
    done.reject(error);
  };
  done.promise.catch(() => undefined); // asked for only after the journal's part went well
  journal.promise.catch(() => undefined);
  child.on('message', (told: CopyNews) => {
    if (told.kind === 'journal') journal.resolve();
    else if (told.kind === 'done') done.resolve(told.files);
    else fail(told.reason);
  });
  child.on('error', (error) => fail(error.message));
  child.on('exit', () => fail('the process that copies has ended'));
  return { journal: journal.promise, done: done.promise };
}

const linksIn = (folder: string, skip: (path: string) => boolean): string[] => linksBelow(folder, skip).map((path) => nativePath(folder, path));

/** The clock may have been set back to the instant of an earlier one. */
function freeName(folders: string, at: number): string {
  const name = `backup-${new Date(at).toISOString().replace(/[:.]/g, '-')}`;
  for (let n = 1; ; n++) {
    const free = n === 1 ? name : `${name}-${n}`;
    if (!existsSync(join(folders, free))) return free;
  }
}

function failed(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure('backup.failed', { en: `making a backup: ${reason}; what runs is not touched by it`, ru: `создание копии: ${reason}; на работу это не влияет` }, { cause: error });
}
