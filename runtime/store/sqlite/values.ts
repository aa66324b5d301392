import type { Store } from '../store.ts';
import type { Database } from './database.ts';

type Secrets = Pick<Store, 'listSecrets' | 'findSecret' | 'saveSecret' | 'deleteSecret'>;
type Env = Pick<Store, 'listEnv' | 'saveEnv' | 'deleteEnv'>;

export function secretsIn(db: Database): Secrets {
  const list = db.query<{ name: string; updatedAt: number; updatedBy: string }>('SELECT name, updated_at AS updatedAt, updated_by AS updatedBy FROM secrets ORDER BY name');
  const find = db.query<{ sealed: Uint8Array }>('SELECT sealed FROM secrets WHERE name = ?');
  const save = db.query(`
    INSERT INTO secrets VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at, updated_by = excluded.updated_by`);
  const remove = db.query('DELETE FROM secrets WHERE name = ?');
  return {
    listSecrets: async () => list.all(),
    findSecret: async (name) => find.get(name)?.sealed,
    saveSecret: async (name, { sealed, by, at }) => { save.run(name, sealed, at, by); },
    deleteSecret: async (name) => remove.run(name) > 0,
  };
}

export function envIn(db: Database): Env {
  const list = db.query<{ name: string; value: string }>('SELECT name, value FROM env ORDER BY name');
  const save = db.query('INSERT INTO env VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value');
  const remove = db.query('DELETE FROM env WHERE name = ?');
  return {
    listEnv: async () => list.all(),
    saveEnv: async (name, value) => { save.run(name, value); },
    deleteEnv: async (name) => remove.run(name) > 0,
  };
}
