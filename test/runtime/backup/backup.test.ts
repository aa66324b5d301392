import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Backups } from '../../../runtime/backup/backups.ts';
import { readManifest } from '../../../runtime/backup/manifest.ts';
import { restoreBackup } from '../../../runtime/backup/restore.ts';
import { JournalClient } from '../../../runtime/journal/client.ts';
import { openThreadPort } from '../../../runtime/journal/port.ts';
import { openSqliteStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import { millrace, MillraceProcess, TempDir, until } from '../../kit/millrace-process.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

let dir: TempDir;
const started: MillraceProcess[] = [];
beforeEach(() => { dir = new TempDir(); });
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL');
  dir.remove();
});

const FLOW = {
  format: 'millrace.flow/1', id: 'orders', name: 'Orders', delivery: 'durable', uses: { 'out-db': 'sql' },
  nodes: {
    in: { type: 'webhook-in', version: 1, config: { method: 'POST', path: '/orders' } },
    wait: { type: 'delay', version: 1, config: { mode: 'for', for: '700ms' } },
    save: { type: 'sql-query', version: 1, config: { db: 'out-db', setup: 'CREATE TABLE IF NOT EXISTS orders (n INTEGER NOT NULL)', statement: 'INSERT INTO orders (n) VALUES ($1)', values: [{ $expr: 'payload.n' }] } },
  },
  wires: [{ from: 'in.out', to: 'wait.in' }, { from: 'wait.out', to: 'save.in' }], layout: {},
};

function flowsFolder(): string {
  mkdirSync(dir.join('flows', 'orders'), { recursive: true });
  writeFileSync(dir.join('flows', 'orders', 'flow.json'), JSON.stringify(FLOW));
  writeFileSync(dir.join('flows', 'connections.json'), JSON.stringify({ 'out-db': { type: 'sql', config: { driver: 'sqlite', file: 'out.db' } } }));
  return dir.join('flows');
}

function run(flows: string, data: string): MillraceProcess {
  const made = new MillraceProcess(['run', '--flows', flows, '--data', data, '--port', '0']);
  started.push(made);
  return made;
}
const pending = async (address: string): Promise<number> => ((await (await fetch(`${address}/api/v1/runs?limit=1`)).json()) as { counts: { pending: number } }).counts.pending;
const rowsIn = (data: string): number[] => {
  const database = new DatabaseSync(join(data, 'out.db'), { readOnly: true });
  try { return (database.prepare('SELECT n FROM orders ORDER BY n').all() as { n: number }[]).map(({ n }) => n); } finally { database.close(); }
};

/** Posts until it is told to stop, four at a time; `accepted` holds what was acknowledged. */
class Load {
  readonly accepted: number[] = [];
  #n = 0;
  #on = true;
  readonly #done: Promise<unknown>;
  constructor(address: string) { this.#done = Promise.all([1, 2, 3, 4].map(async () => { while (this.#on) await this.#post(address); })); }
  async #post(address: string): Promise<void> {
    const n = ++this.#n;
    const { status } = await fetch(`${address}/hook/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ n }) });
    if (status === 202) this.accepted.push(n);
  }
  async stop(): Promise<void> { this.#on = false; await this.#done; }
}

test('a backup of a running instance holds every message accepted before it, and the restored one does each once', { timeout: 60_000 }, async () => {
  const flows = flowsFolder();
  const first = run(flows, dir.join('data'));
  const address = await first.ready();
  const load = new Load(address);
  await until(() => load.accepted.length > 200);
  const before = [...load.accepted];
  const made = await millrace(['backup', dir.join('copy'), '--data', dir.join('data')]);
  expect([made.code, made.err]).toEqual([0, '']);
  await until(() => load.accepted.length > before.length + 100);
  await load.stop();
  await first.stop('SIGKILL');

  expect(await millrace(['restore', dir.join('copy'), '--data', dir.join('new'), '--flows', dir.join('new-flows')])).toMatchObject({ code: 0, err: '' });
  const second = await run(dir.join('new-flows'), dir.join('new')).ready();
  await until(async () => await pending(second) === 0);
  const rows = rowsIn(dir.join('new'));
  expect(new Set(rows).size).toBe(rows.length);
  expect(rows).toEqual(expect.arrayContaining(before));
  // The database was copied last: it may hold more of what came meanwhile, never less, and nothing that nobody sent.
  expect(rows.filter((n) => !load.accepted.includes(n))).toEqual([]);
  const counts = await until(async () => {
    const found = ((await (await fetch(`${second}/api/v1/runs?limit=1`)).json()) as { counts: { [state: string]: number } }).counts;
    return (found.completed ?? 0) >= before.length && found;
  });
  expect(counts).toMatchObject({ pending: 0, dropped: 0, deadLettered: 0, discarded: 0 });
  expect(counts.completed).toBeLessThanOrEqual(rows.length);
  expect(readFileSync(dir.join('new', 'secret.key'), 'utf8')).toBe(readFileSync(dir.join('data', 'secret.key'), 'utf8'));
});

test('a folder that nobody uses is backed up too, below itself', async () => {
  const flows = flowsFolder();
  const first = run(flows, dir.join('data'));
  await first.ready();
  await first.stop();
  symlinkSync(dir.join('flows'), dir.join('data', 'linked'));
  const { code, out, err } = await millrace(['backup', '--data', dir.join('data')]);
  expect(code).toBe(0);
  expect(err).toContain(`symbolic links and what they lead to: ${dir.join('data', 'linked')}. After`);
  const [name] = readdirSync(dir.join('data', 'backups'));
  expect(out).toContain(dir.join('data', 'backups', name ?? ''));
  expect(await millrace(['backup', '--data', dir.join('none')])).toMatchObject({ code: 2, err: expect.stringContaining('is not a data folder') });
  expect(await millrace(['backup', dir.join('flows'), '--data', dir.join('data')])).toMatchObject({ code: 2, err: expect.stringContaining('is not empty') });
});

describe('in this process', () => {
  let journal: JournalClient;
  let backups: Backups;
  const data = (): string => dir.join('data');
  beforeEach(async () => {
    mkdirSync(data());
    const clock = new VirtualTime();
    journal = new JournalClient(await openThreadPort(join(data(), 'journal.db'), (error) => { throw error; }), clock);
    await openSqliteStore(join(data(), 'store.db')).close();
    writeFileSync(join(data(), 'secret.key'), 'key', { mode: 0o600 });
    backups = new Backups({ dataDir: data(), clock, key: 'key-file', journal });
  });
  afterEach(async () => { await backups.close(); await journal.close(); });
  const journalIn = (folder: string): number => {
    const database = new DatabaseSync(join(folder, 'data', 'journal.db'), { readOnly: true });
    try { return (database.prepare('SELECT count(*) AS n FROM outbox').get() as { n: number }).n; } finally { database.close(); }
  };
  const end = async (id: string) => await journal.commit({ ops: [{ op: 'ended', run: { id, flow: 'f', revision: 1, startedAt: 1, endedAt: 2, completed: 1, dropped: 0, dead: 0, discarded: 0 } }] });

  test('what is committed while it is made goes on beside it, and is there afterwards', async () => {
    await end('before');
    const making = backups.make('1.0.0');
    for (let n = 0; n < 50; n++) await end(`during-${n}`);
    const { folder } = await making;
    expect(journalIn(folder)).toBeGreaterThanOrEqual(1);
    await end('after');
    expect((await journal.outbox(100_000)).batches).toHaveLength(52);
    expect(statSync(join(folder, 'data', 'secret.key')).mode & 0o077).toBe(0);
  });

  test('one is made at a time, and the next is not hindered by one that failed', async () => {
    const first = backups.make('1.0.0');
    await expect(backups.make('1.0.0')).rejects.toMatchObject({ code: 'backup.running' });
    await first;
    const cut = backups.make('1.0.0');
    cut.catch(() => undefined);
    await backups.close();
    await expect(cut).rejects.toMatchObject({ code: 'backup.failed' });
    expect(readdirSync(join(data(), 'backups')).filter((name) => name.startsWith('.'))).toEqual([]);
    await end('later'); // the journal is not left standing still
    expect(readManifest((await backups.make('1.0.0')).folder)?.files.map(({ path }) => path)).toEqual(['data/journal.db', 'data/secret.key', 'data/store.db']);
  });

  test('a store that is damaged makes no backup', async () => {
    const bytes = readFileSync(join(data(), 'store.db'));
    bytes.fill(0x5a, 5000, 9000);
    writeFileSync(join(data(), 'store.db'), bytes);
    await expect(backups.make('1.0.0')).rejects.toMatchObject({ code: 'backup.failed', message: expect.stringMatching(/malformed|damaged/) });
  });

  test.each<[string, (folder: string) => void]>([
    ['a file is missing', (folder) => rmSync(join(folder, 'data', 'store.db'))],
    ['a file was changed', (folder) => writeFileSync(join(folder, 'data', 'secret.key'), 'kex')],
    ['a file was cut', (folder) => writeFileSync(join(folder, 'data', 'journal.db'), readFileSync(join(folder, 'data', 'journal.db')).subarray(0, 4096))],
    ['it was not finished', (folder) => rmSync(join(folder, 'manifest.json'))],
    ['its manifest leads elsewhere', (folder) => writeFileSync(join(folder, 'manifest.json'), readFileSync(join(folder, 'manifest.json'), 'utf8').replace('data/secret.key', 'data/../../secret.key'))],
  ])('a backup is refused and nothing is written when %s', async (_name, damage) => {
    const { folder } = await backups.make('1.0.0');
    damage(folder);
    await expect(restoreBackup({ from: folder, dataDir: dir.join('new'), flowsDir: dir.join('new-flows') })).rejects.toMatchObject({ code: 'backup.damaged' });
    expect(existsSync(dir.join('new'))).toBe(false);
  });

  test('links are named, because they are not in it; those of npm to commands are not', async () => {
    const modules = join(data(), 'modules', 'node_modules');
    mkdirSync(join(modules, '.bin'), { recursive: true });
    mkdirSync(dir.join('mine'));
    writeFileSync(dir.join('mine', 'index.js'), '');
    symlinkSync(dir.join('mine'), join(modules, 'mine'));
    symlinkSync(dir.join('mine', 'index.js'), join(modules, '.bin', 'mine'));
    const { folder, links } = await backups.make('1.0.0');
    expect(links).toEqual([join(modules, 'mine')]);
    expect(readManifest(folder)?.files.some(({ path }) => path.includes('mine'))).toBe(false);
  });

  test('a backup is restored into an empty folder only', async () => {
    const { folder } = await backups.make('1.0.0');
    mkdirSync(dir.join('new'));
    writeFileSync(dir.join('new', 'mine.txt'), '');
    await expect(restoreBackup({ from: folder, dataDir: dir.join('new'), flowsDir: dir.join('new-flows') })).rejects.toMatchObject({ code: 'backup.not-empty' });
    rmSync(dir.join('new', 'mine.txt'));
    await restoreBackup({ from: folder, dataDir: dir.join('new'), flowsDir: dir.join('new-flows') });
    expect(readdirSync(dir.join('new')).sort()).toEqual(['journal.db', 'secret.key', 'store.db']);
  });
});

test('a data folder whose restore was interrupted is not started', async () => {
  mkdirSync(dir.join('data'));
  cpSync(flowsFolder(), dir.join('data', 'flows'), { recursive: true });
  writeFileSync(dir.join('data', '.restoring'), '');
  expect(await millrace(['run', '--flows', dir.join('data', 'flows'), '--data', dir.join('data'), '--port', '0'])).toMatchObject({ code: 2, err: expect.stringContaining('was not restored to the end') });
});
