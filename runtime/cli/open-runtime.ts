import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RESTORING } from '../backup/restore.ts';
import { JournalError } from '../journal/port.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from '../runtime.ts';
import { createLog } from './log.ts';
import { loadDefinitions, modulesFolder, Usage, type Options } from './options.ts';
import { said } from './texts.ts';

const SQLITE_BUSY = 5;
// Damaged pages, and a file that is no database at all.
const SQLITE_DAMAGED = new Set([11, 26]);

/** A runtime over the data folder that the options name. What keeps it from opening there is said in a sentence. */
export async function openRuntime(options: Options, more: Pick<RuntimeOptions, 'autoDeploy' | 'documentsOnly'>): Promise<Runtime> {
  const definitions = await loadDefinitions(options.nodes);
  const flows = options.flows === undefined ? {} : { flowsDir: options.flows };
  const examples = more.documentsOnly ? { examplesDir: null } : {};
  if (existsSync(join(options.data, RESTORING))) throw new Usage(said.notRestored(options.data));
  if (isEmptied(options.data)) throw new Usage(said.journalDamaged(join(options.data, 'journal.db'), 'it is empty'));
  try {
    return await createRuntime({ dataDir: options.data, ...definitions, ...flows, ...examples, modules: { folder: modulesFolder(options), allowed: options.modules }, log: createLog(options.log), processEnv: process.env, ...more });
  } catch (error) {
    throw inWords(error, options.data);
  }
}

/** A journal has its first page before the store is made: an empty one beside a store lost what it held, and would be taken for a new one. */
function isEmptied(dataDir: string): boolean {
  const sizeOf = (name: string): number | undefined => statSync(join(dataDir, name), { throwIfNoEntry: false })?.size;
  return sizeOf('journal.db') === 0 && (sizeOf('store.db') ?? 0) > 0;
}

function inWords(error: unknown, dataDir: string): unknown {
  if (error instanceof JournalError && error.errcode === SQLITE_BUSY) return new Usage(said.dataTaken(dataDir));
  if (error instanceof JournalError && SQLITE_DAMAGED.has(error.errcode & 0xff)) return new Usage(said.journalDamaged(join(dataDir, 'journal.db'), error.message));
  if (error instanceof JournalError && error.kind === 'Open') return new Usage(said.dataUnusable(dataDir, error.message));
  const isOfTheSystem = error instanceof Error && 'syscall' in error && 'path' in error;
  return isOfTheSystem ? new Usage(said.dataUnusable(dataDir, error.message)) : error;
}
