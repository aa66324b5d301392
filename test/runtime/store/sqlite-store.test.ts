import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../runtime/errors.ts';
import { limits } from '../../../runtime/limits.ts';
import { migrations } from '../../../runtime/store/sqlite/migrations.ts';
import { openMemoryStore, openSqliteStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import { storeSuite } from '../../suites/store.suite.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
  file = join(folder, 'data', 'store.db');
});
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

describe('in memory', () => {
  storeSuite({ open: async () => openMemoryStore(), close: (store) => store.close() });
});

describe('in a file', () => {
  storeSuite({
    open: async () => openSqliteStore(file),
    close: (store) => store.close(),
    reopen: async (store) => {
      await store.close();
      return openSqliteStore(file);
    },
  });
});

function failureOf(open: () => unknown): Failure {
  try {
    open();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it opened');
}

async function filledStore(): Promise<void> {
  const store = openSqliteStore(file);
  for (let n = 0; n < 200; n++) await store.saveDraft(`flow-${n}`, { text: JSON.stringify({ name: `Flow ${n}`, notes: 'x'.repeat(500) }), expected: 0, by: 'ann', at: n });
  await store.close();
}

describe('a file that cannot be used', () => {
  test('what is not a database is refused as damaged and left as it is', () => {
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
    file = join(folder, 'store.db');
    writeFileSync(file, 'these are my notes, not a database\n'.repeat(100));
    const before = readFileSync(file);
    const failure = failureOf(() => openSqliteStore(file));
    expect(failure.code).toBe('store.damaged');
    expect(failure.text.en).toContain(file);
    expect(readFileSync(file)).toEqual(before);
  });

  test('a page overwritten in the middle is found when the store is opened, not when somebody reads it', async () => {
    await filledStore();
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 12, 4096 * 14);
    writeFileSync(file, bytes);
    expect(failureOf(() => openSqliteStore(file)).code).toBe('store.damaged');
  });

  test('a truncated file is refused as damaged', async () => {
    await filledStore();
    writeFileSync(file, readFileSync(file).subarray(0, 4096 * 5 + 100));
    expect(failureOf(() => openSqliteStore(file)).code).toBe('store.damaged');
  });

  test('a store of a newer version is refused, says so, and can still be opened by that version', async () => {
    await filledStore();
    const newer = new DatabaseSync(file);
    newer.exec(`INSERT INTO migrations VALUES (${migrations.length + 1}, 'from the future')`);
    newer.close();
    const failure = failureOf(() => openSqliteStore(file));
    expect(failure.code).toBe('store.newer');
    expect(failure.details).toMatchObject({ step: migrations.length + 1, known: migrations.length });
    const again = new DatabaseSync(file);
    expect(again.prepare('SELECT count(*) AS n FROM drafts').get()).toMatchObject({ n: 200 });
    again.close();
  });

  test('a folder where a file stands is refused as unavailable', () => {
    writeFileSync(join(folder, 'data'), '');
    expect(failureOf(() => openSqliteStore(file)).code).toBe('store.unavailable');
  });
});

test('each migration is recorded with its number and name', async () => {
  await openSqliteStore(file).close();
  const db = new DatabaseSync(file);
  expect(db.prepare('SELECT step, name FROM migrations ORDER BY step').all()).toEqual(migrations.map(({ name }, index) => expect.objectContaining({ step: index + 1, name })));
  expect(db.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
  db.close();
});

test('what was answered as saved is there after the process was killed', () => {
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(new URL('../../../runtime/store/sqlite/sqlite-store.ts', import.meta.url).href)});
    const store = openSqliteStore(${JSON.stringify(file)});
    await store.saveDraft('a', { text: '{"name":"A"}', expected: 0, by: 'ann', at: 1 });
    await store.addRuns([{ id: 'r1', flow: 'a', revision: 1, startedAt: 1, endedAt: 2, state: 'completed', messages: 1 }]);
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(child.signal).toBe('SIGKILL');
  const db = new DatabaseSync(file);
  expect(db.prepare('SELECT flow, name FROM drafts').all()).toMatchObject([{ flow: 'a', name: 'A' }]);
  expect(db.prepare('SELECT id FROM runs').all()).toMatchObject([{ id: 'r1' }]);
  db.close();
});

test('room of what was forgotten goes back to the disk', async () => {
  const store = openSqliteStore(file);
  await store.addSteps(Array.from({ length: 100 }, (_, i) => ({ run: `r${i}`, seq: i, flow: 'lead', message: 'm', lineage: null, node: 'a', via: '', key: null, at: i, ms: 0, attempt: 1, outcome: 'done', input: 'x'.repeat(20_000) })), 10);
  await store.shrink();
  const before = statSync(file).size;
  await store.pruneSteps(50, Infinity, 1000);
  await store.shrink();
  expect(before - statSync(file).size).toBeGreaterThan(before / 3);
  await store.close();
});

test('history goes on being written after its thread could not', async () => {
  const store = openSqliteStore(file);
  const run = { flow: 'a', revision: 1, startedAt: 1, endedAt: 2, state: 'completed', messages: 1 } as const;
  const broken = new DatabaseSync(file);
  broken.exec('ALTER TABLE runs RENAME TO elsewhere');
  await expect(store.addRuns([{ id: 'r1', ...run }])).rejects.toMatchObject({ code: 'store.unavailable' });
  broken.exec('ALTER TABLE elsewhere RENAME TO runs');
  broken.close();
  await store.addRuns([{ id: 'r1', ...run }]);
  expect(await store.findRun('r1')).toMatchObject({ id: 'r1' });
  await store.close();
});

test('while another program holds the file a change is refused and says so, and the next one succeeds', async () => {
  const { storeBusyMs } = limits;
  Object.assign(limits, { storeBusyMs: 1 });
  const store = openSqliteStore(file);
  Object.assign(limits, { storeBusyMs });
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  await expect(store.saveEnv('REGION', '"RU"')).rejects.toMatchObject({ code: 'store.unavailable', text: { en: expect.stringContaining('locked') as string } });
  await expect(store.saveDraft('a', { text: '{"name":"A"}', expected: 0, by: 'ann', at: 1 })).rejects.toMatchObject({ code: 'store.unavailable' });
  expect(await store.listEnv()).toEqual([]);
  other.exec('ROLLBACK');
  other.close();
  await store.saveEnv('REGION', '"RU"');
  expect(await store.listEnv()).toEqual([{ name: 'REGION', value: '"RU"' }]);
  await store.close();
});
