import type { Draft, DraftSummary, LiveState, Revision, RevisionSummary, Store } from '../store.ts';
import { nameIn } from '../name-in.ts';
import type { Database } from './database.ts';

type Drafts = Pick<Store, 'listDrafts' | 'findDraft' | 'saveDraft' | 'deleteDraft' | 'restoreDraft' | 'listDeletedDrafts' | 'forgetDeletedDraft'>;
type Revisions = Pick<Store, 'addRevision' | 'listRevisions' | 'findRevision' | 'setLive' | 'findLive' | 'listLive'>;
type Connections = Pick<Store, 'listConnections' | 'saveConnection' | 'deleteConnection'>;

const SUMMARY = 'flow, name, version, updated_at AS updatedAt, updated_by AS updatedBy';

export function draftsIn(db: Database): Drafts {
  const list = db.query<DraftSummary>(`SELECT ${SUMMARY} FROM drafts WHERE deleted_at IS NULL ORDER BY flow`);
  const find = db.query<Draft>(`SELECT ${SUMMARY}, text FROM drafts WHERE flow = ? AND deleted_at IS NULL`);
  // A flow made anew under a deleted flow's id counts on from its versions, so that an old tab's version never fits by chance.
  const create = db.query<{ version: number }>(`
    INSERT INTO drafts (flow, name, text, version, updated_at, updated_by) VALUES (?1, ?2, ?3, 1, ?4, ?5)
    ON CONFLICT (flow) DO UPDATE SET name = ?2, text = ?3, version = version + 1, updated_at = ?4, updated_by = ?5, deleted_at = NULL, deleted_by = NULL
      WHERE deleted_at IS NOT NULL
    RETURNING version`);
  const update = db.query<{ version: number }>(`
    UPDATE drafts SET name = ?2, text = ?3, version = version + 1, updated_at = ?4, updated_by = ?5
    WHERE flow = ?1 AND version = ?6 AND deleted_at IS NULL RETURNING version`);
  const remove = db.query('UPDATE drafts SET deleted_at = ?3, deleted_by = ?2 WHERE flow = ?1 AND deleted_at IS NULL');
  const restore = db.query('UPDATE drafts SET deleted_at = NULL, deleted_by = NULL WHERE flow = ? AND deleted_at IS NOT NULL');
  const deleted = db.query<DraftSummary & { deletedAt: number; deletedBy: string }>(
    `SELECT ${SUMMARY}, deleted_at AS deletedAt, deleted_by AS deletedBy FROM drafts WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC, flow`);
  const forgetDraft = db.query('DELETE FROM drafts WHERE flow = ? AND deleted_at IS NOT NULL');
  const forgetRevisions = db.query('DELETE FROM revisions WHERE flow = ?');
  const forgetLive = db.query('DELETE FROM live WHERE flow = ?');
  return {
    listDrafts: async () => list.all(),
    findDraft: async (flow) => find.get(flow),
    saveDraft: async (flow, { text, expected, by, at }) => {
      const name = nameIn(text) ?? flow;
      const saved = expected === 0 ? create.get(flow, name, text, at, by) : update.get(flow, name, text, at, by, expected);
      return saved ?? { conflict: find.get(flow)?.version ?? 0 };
    },
    deleteDraft: async (flow, by, at) => remove.run(flow, by, at) > 0,
    restoreDraft: async (flow) => restore.run(flow) > 0,
    listDeletedDrafts: async () => deleted.all(),
    forgetDeletedDraft: async (flow) => db.transaction(() => {
      if (forgetDraft.run(flow) === 0) return false;
      forgetRevisions.run(flow);
      forgetLive.run(flow);
      return true;
    }),
  };
}

export function revisionsIn(db: Database): Revisions {
  const add = db.query<{ revision: number }>(`
    INSERT INTO revisions (flow, revision, text, at, by)
    SELECT ?1, coalesce(max(revision), 0) + 1, ?2, ?3, ?4 FROM revisions WHERE flow = ?1 RETURNING revision`);
  const list = db.query<RevisionSummary>('SELECT revision, at, by FROM revisions WHERE flow = ? ORDER BY revision DESC LIMIT ?');
  const find = db.query<Revision>('SELECT revision, at, by, text FROM revisions WHERE flow = ? AND revision = ?');
  const setLive = db.query('INSERT INTO live VALUES (?, ?, ?, ?) ON CONFLICT (flow) DO UPDATE SET revision = excluded.revision, enabled = excluded.enabled, blamed = excluded.blamed');
  const findLive = db.query<LiveRow>('SELECT revision, enabled, blamed FROM live WHERE flow = ?');
  const listLive = db.query<LiveRow & { flow: string }>('SELECT flow, revision, enabled, blamed FROM live ORDER BY flow');
  return {
    addRevision: async (flow, { text, by, at }) => {
      const added = add.get(flow, text, at, by);
      return added?.revision ?? 0;
    },
    listRevisions: async (flow, limit) => list.all(flow, limit),
    findRevision: async (flow, revision) => find.get(flow, revision),
    setLive: async (flow, { revision, enabled, blamed }: LiveState) => { setLive.run(flow, revision, enabled ? 1 : 0, blamed ?? null); },
    findLive: async (flow) => {
      const found = findLive.get(flow);
      return found && liveOf(found);
    },
    listLive: async () => listLive.all().map((row) => ({ flow: row.flow, ...liveOf(row) })),
  };
}

interface LiveRow { readonly revision: number; readonly enabled: number; readonly blamed: number | null }
const liveOf = ({ revision, enabled, blamed }: LiveRow): LiveState => ({ revision, enabled: enabled === 1, ...(blamed !== null && { blamed }) });

/** A deleted connection leaves its row without text behind, so that its versions count on when it is made anew. */
export function connectionsIn(db: Database): Connections {
  const list = db.query<{ name: string; text: string; version: number }>('SELECT name, text, version FROM connections WHERE text IS NOT NULL ORDER BY name');
  const find = db.query<{ version: number }>('SELECT version FROM connections WHERE name = ? AND text IS NOT NULL');
  const create = db.query<{ version: number }>(`
    INSERT INTO connections VALUES (?1, ?2, 1, ?3, ?4)
    ON CONFLICT (name) DO UPDATE SET text = ?2, version = version + 1, updated_at = ?3, updated_by = ?4 WHERE text IS NULL
    RETURNING version`);
  const update = db.query<{ version: number }>(`
    UPDATE connections SET text = ?2, version = version + 1, updated_at = ?3, updated_by = ?4
    WHERE name = ?1 AND version = ?5 AND text IS NOT NULL RETURNING version`);
  const remove = db.query('UPDATE connections SET text = NULL WHERE name = ? AND text IS NOT NULL');
  return {
    listConnections: async () => list.all(),
    saveConnection: async (name, { text, expected, by, at }) => {
      const saved = expected === 0 ? create.get(name, text, at, by) : update.get(name, text, at, by, expected);
      return saved ?? { conflict: find.get(name)?.version ?? 0 };
    },
    deleteConnection: async (name) => remove.run(name) > 0,
  };
}
