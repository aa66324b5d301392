import { dirname } from 'node:path';
import { Failure } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import type { Store } from '../store.ts';
import { openDatabase } from './database.ts';
import { connectionsIn, draftsIn, revisionsIn } from './documents.ts';
import { auditIn, runsIn } from './runs.ts';
import { Scribe } from './scribe.ts';
import { stepsIn } from './steps.ts';
import { envIn, secretsIn } from './values.ts';

/**
 * The embedded store. Every method is one short statement or one transaction, on the thread that calls it; history is written by another.
 * Throws a `Failure` `store.damaged`, `store.newer` or `store.unavailable` when the file cannot be used.
 */
export function openSqliteStore(file: string): Store {
  if (file !== ':memory:') makeOwnFolder(dirname(file));
  const db = openDatabase(file);
  const scribe = file === ':memory:' ? undefined : new Scribe(file);
  return {
    ...draftsIn(db),
    ...revisionsIn(db),
    ...connectionsIn(db),
    ...secretsIn(db),
    ...envIn(db),
    ...runsIn(db),
    ...stepsIn(db),
    ...auditIn(db),
    ...(scribe && { addRuns: scribe.addRuns, addSteps: scribe.addSteps, pruneRuns: scribe.pruneRuns, pruneSteps: scribe.pruneSteps, shrink: scribe.shrink }),
    close: async () => {
      await scribe?.close();
      db.close();
    },
  };
}

/** The same on SQLite in memory: for tests and trials, forgotten when it is closed. */
export const openMemoryStore = (): Store => openSqliteStore(':memory:');

function makeOwnFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new Failure('store.unavailable', {
      en: `opening the store: the folder ${folder} cannot be made (${error instanceof Error ? error.message : String(error)})`,
      ru: `открытие хранилища: не удаётся создать папку ${folder} (${error instanceof Error ? error.message : String(error)})`,
    }, { details: { folder }, cause: error });
  }
}
