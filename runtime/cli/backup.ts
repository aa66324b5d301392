import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { BackupAnswer, ErrorAnswer, SystemInfo } from '../api/contract.ts';
import type { BackupMade } from '../backup/backups.ts';
import { restoreBackup } from '../backup/restore.ts';
import { Failure } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { openRuntime } from './open-runtime.ts';
import { Usage, versionOfThis, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

/** The answer of the API and of the command: one and the same. */
export const backupAnswer = ({ name, folder, bytes, manifest, links }: BackupMade): BackupAnswer => ({ name, folder, bytes, links, files: manifest.files.length, startedAt: manifest.startedAt, key: manifest.key });

/** Has a running instance make a backup of its data folder, or makes one of a folder that nobody uses, and moves it to the folder that is named. */
export async function backup(options: Options, language: Language): Promise<number> {
  const [named] = options.rest;
  const target = named === undefined ? undefined : resolve(named);
  if (target !== undefined && existsSync(target) && readdirSync(target).length > 0) throw new Usage(said.backupTaken(target));
  if (!existsSync(join(options.data, 'journal.db'))) throw new Usage(said.noData(options.data));
  const made = await byRunning(options) ?? await bySelf(options);
  const folder = target === undefined ? made.folder : moved(made.folder, target);
  process.stdout.write(`${said.backedUp({ ...made, folder })[language]}\n`);
  if (made.links.length > 0) process.stderr.write(`${said.linksLeftOut(made.links)[language]}\n`);
  return 0;
}

/** Undefined when no Millrace answers for this data folder. */
async function byRunning({ data }: Options): Promise<BackupAnswer | undefined> {
  const api = `${addressIn(data) ?? ''}/api/v1`;
  const system = await fetch(`${api}/system`).then(async (answer) => await answer.json() as SystemInfo).catch(() => undefined);
  if (system?.dataDir !== data) return undefined; // it has ended, and another may have its port now
  const json = await (await fetch(`${api}/backup`, { method: 'POST' })).json() as BackupAnswer | ErrorAnswer;
  if ('error' in json) throw new Usage(json.error.message);
  return json;
}

function addressIn(data: string): string | undefined {
  try { return (JSON.parse(readFileSync(join(data, 'running.json'), 'utf8')) as { address?: string }).address; } catch { return undefined; }
}

async function bySelf(options: Options): Promise<BackupAnswer> {
  const runtime = await openRuntime(options, { documentsOnly: true });
  try { return backupAnswer(await runtime.backups.make(versionOfThis())); } catch (error) { throw inWords(error); } finally { await runtime.close(); }
}

/** Whole or not at all under its new name, also on another disk. */
function moved(from: string, to: string): string {
  makeFolder(dirname(to));
  rmSync(to, { recursive: true, force: true });
  const draft = `${to}.unfinished`;
  rmSync(draft, { recursive: true, force: true });
  cpSync(from, draft, { recursive: true, preserveTimestamps: true });
  renameSync(draft, to);
  rmSync(from, { recursive: true });
  return to;
}

/** Puts a backup into an empty data folder. */
export async function restore(options: Options, language: Language): Promise<number> {
  const [from] = options.rest;
  if (from === undefined) throw new Usage(said.backupNeeded);
  if (!existsSync(from)) throw new Usage(said.noSuchFile(from));
  const flowsDir = options.flows ?? join(options.data, 'flows');
  const manifest = await restoreBackup({ from: resolve(from), dataDir: options.data, flowsDir }).catch((error: unknown) => { throw inWords(error); });
  process.stdout.write(`${said.restored(options.data, manifest)[language]}\n`);
  if (manifest.files.some(({ path }) => path.startsWith('flows/'))) process.stdout.write(`${said.restoredFlows(flowsDir)[language]}\n`);
  return 0;
}

const inWords = (error: unknown): unknown => (error instanceof Failure && error.code.startsWith('backup.') ? new Usage(error.text) : error);
