import { readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../assert.ts';
import { Failure } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { FolderWatch } from './folder-watch.ts';
import type { Log } from './log.ts';
import { beginWrite, finishWrite, pendingName, syncFolder, writeWhole } from './write-whole.ts';

const FLOW_FILE = 'flow.json';
const CONNECTIONS_FILE = 'connections.json';
const ID = /^[a-z][a-z0-9-]*$/;

/** Whether a text may be a flow's id, and so a folder's name. */
export const isFlowId = (text: string): boolean => ID.test(text);

/** A folder of flows: `<id>/flow.json` and `connections.json`. What else stands there is left alone. */
export class FlowsFolder {
  readonly dir: string;
  /** Found out when the folder was opened: it cannot be written. */
  readonly readOnly: boolean;

  constructor(dir: string) {
    this.dir = dir;
    guarded(dir, 'read', () => readdirSync(dir));
    this.readOnly = !canWrite(dir);
  }

  flowIds(): string[] {
    const entries = guarded(this.dir, 'read', () => readdirSync(this.dir, { withFileTypes: true }));
    return entries.filter((entry) => !entry.isFile() && ID.test(entry.name) && this.readFlow(entry.name) !== undefined).map((entry) => entry.name).sort();
  }
  flowFile(id: string): string {
    assert(ID.test(id), 'a flow id is checked before it becomes part of a path');
    return join(this.dir, id, FLOW_FILE);
  }
  get connectionsFile(): string { return join(this.dir, CONNECTIONS_FILE); }

  readFlow(id: string): string | undefined { return textIn(this.flowFile(id)); }
  readConnections(): string | undefined { return textIn(this.connectionsFile); }

  /**
   * Replaces a file and, with it, what the store holds: the new text is written and synced beside the old file, `store` keeps
   * it, and only then it takes the old one's place. After a crash in between, `recover` finishes or forgets it, as the store says.
   * When `store` answers false or throws, the file stays as it was.
   */
  async replace(file: string, text: string, store: () => Promise<boolean>): Promise<void> {
    this.refuseReadOnly();
    guarded(file, 'write', () => {
      makeFolder(dirname(file));
      beginWrite(file, text);
    });
    const forget = (): void => { rmSync(pendingName(file), { force: true }); };
    const kept = await store().catch((error: unknown) => { forget(); throw error; });
    if (kept) guarded(file, 'write', () => finishWrite(file));
    else forget();
  }
  write(file: string, text: string): void {
    guarded(file, 'write', () => {
      makeFolder(dirname(file));
      writeWhole(file, text);
    });
  }
  removeFlow(id: string): void {
    const folder = dirname(this.flowFile(id));
    guarded(folder, 'write', () => {
      rmSync(this.flowFile(id), { force: true });
      if (readdirSync(folder).length === 0) rmdirSync(folder);
      else syncFolder(folder);
      syncFolder(this.dir);
    });
  }

  /** Ends what a crash left half done: the pending text takes its place when `isKept` says that the store has it. */
  async recover(file: string, isKept: (text: string) => Promise<boolean>): Promise<void> {
    const text = textIn(pendingName(file));
    if (text === undefined || this.readOnly) return;
    if (await isKept(text)) guarded(file, 'write', () => finishWrite(file));
    else rmSync(pendingName(file), { force: true });
  }
  /** Ids of flows whose saving was cut off. */
  pendingFlows(): string[] {
    const entries = guarded(this.dir, 'read', () => readdirSync(this.dir, { withFileTypes: true }));
    return entries.filter((entry) => entry.isDirectory() && ID.test(entry.name) && textIn(pendingName(this.flowFile(entry.name))) !== undefined).map((entry) => entry.name);
  }

  /** Calls at every change in the folder, several times for one save of most editors. */
  watch(changed: () => void, log: Log): FolderWatch {
    return new FolderWatch(this.dir, changed, (reason) => log('warn', `watching the flows folder ${this.dir}: ${reason}; changes on disk are seen at the next save or start`));
  }

  refuseReadOnly(): void {
    if (this.readOnly) throw readOnly(this.dir);
  }
}

function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(codeOf(error))) return undefined;
    throw unavailable(file, 'read', error);
  }
}

/** Tried out, for rights alone do not tell: the folder may be mounted read-only, or stand on a network. */
function canWrite(dir: string): boolean {
  try {
    beginWrite(join(dir, 'probe'), '');
    rmSync(pendingName(join(dir, 'probe')));
    return true;
  } catch {
    return false;
  }
}

function guarded<T>(path: string, what: 'read' | 'write', work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (what === 'write' && ['EROFS', 'EACCES', 'EPERM'].includes(codeOf(error))) throw readOnly(path);
    throw unavailable(path, what, error);
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '');
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const readOnly = (path: string): Failure => new Failure('files.read-only', {
  en: `writing ${path}: the flows folder is read-only`,
  ru: `запись ${path}: папка потоков доступна только для чтения`,
}, { details: { path } });

function unavailable(path: string, what: 'read' | 'write', error: unknown): Failure {
  const text = what === 'read' ? { en: 'reading', ru: 'чтение' } : { en: 'writing', ru: 'запись' };
  return new Failure('files.unavailable', { en: `${text.en} ${path}: ${reasonOf(error)}`, ru: `${text.ru} ${path}: ${reasonOf(error)}` }, { details: { path }, cause: error });
}
