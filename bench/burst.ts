/**
 * A burst of posts to the lead-capture webhook, the process killed with SIGKILL at a random moment of it, started again:
 * every post that was answered with 2xx must be one contact and one lead in the database, and its run must be completed.
 *
 *     node bin/node24.mjs bench/burst.ts [--times 20] [--posts 2000] [--lanes 64] [--db sqlite|postgres] [--seed 1]
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Caller, freePort, ROOT, start, stop } from './kit/millrace.ts';

const { values } = parseArgs({ options: { times: { type: 'string', default: '20' }, posts: { type: 'string', default: '2000' }, lanes: { type: 'string', default: '64' }, db: { type: 'string', default: 'sqlite' }, seed: { type: 'string', default: '1' } } });
const [times, posts, lanes, seed] = [values.times, values.posts, values.lanes, values.seed].map(Number) as [number, number, number, number];
const POSTGRES = process.env.MILLRACE_TEST_POSTGRES_URI ?? 'postgres://postgres@127.0.0.1:5432/test';

let state = seed >>> 0;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

interface Database { readonly document: object; rows(sql: string, dir: string): Promise<Record<string, unknown>[]>; drop(): Promise<void> }

const sqlite = async (): Promise<Database> => ({
  document: { type: 'sql', config: { driver: 'sqlite', file: 'crm.db' } },
  rows: async (sql, dir) => {
    const db = new DatabaseSync(join(dir, 'data', 'crm.db'), { readOnly: true });
    try { return db.prepare(sql).all() as Record<string, unknown>[]; } finally { db.close(); }
  },
  drop: async () => undefined,
});

async function postgres(round: number): Promise<Database> {
  const uri = new URL(POSTGRES);
  const name = `millrace_burst_${process.pid}_${round}`;
  const admin = new pg.Client({ connectionString: POSTGRES });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const own = new URL(POSTGRES);
  own.pathname = `/${name}`;
  return {
    document: { type: 'sql', config: { driver: 'postgres', host: uri.hostname, port: Number(uri.port || 5432), database: name, user: uri.username } },
    rows: async (sql) => {
      const client = new pg.Client({ connectionString: own.href });
      await client.connect();
      try { return (await client.query(sql)).rows as Record<string, unknown>[]; } finally { await client.end(); }
    },
    drop: async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

const phone = (i: number): string => `+7000${String(1_000_000 + (i % Math.ceil(posts * 0.9)))}`;

async function burst(caller: Caller, killAt: number, kill: () => void): Promise<number[]> {
  const acked: number[] = [];
  let next = 0;
  let dead = false;
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (next < posts && !dead) {
      const i = next++;
      try {
        const { status } = await caller.call('/hook/lead', { formId: `post-${i}`, name: `Person ${i}`, phone: phone(i) });
        if (status >= 200 && status < 300) acked.push(i);
      } catch { dead = true; }
      if (acked.length >= killAt && !dead) {
        dead = true;
        kill();
      }
    }
  }));
  return acked;
}

async function round(number: number): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-burst-'));
  const database = values.db === 'postgres' ? await postgres(number) : await sqlite();
  const port = await freePort();
  const caller = new Caller(port, lanes);
  try {
    mkdirSync(join(dir, 'flows'));
    cpSync(join(ROOT, 'flows/lead-capture'), join(dir, 'flows/lead-capture'), { recursive: true });
    writeFileSync(join(dir, 'flows/connections.json'), JSON.stringify({ 'crm-db': database.document }));
    const first = await start(dir, port);
    const acked = await burst(caller, Math.max(1, Math.floor(posts * (0.05 + random() * 0.9))), () => first.child.kill('SIGKILL'));
    await stop(first.child, 'SIGKILL');
    const second = await start(dir, port);
    const counts = await caller.untilDone();
    await stop(second.child);
    return await verify(number, { database, dir, acked, counts, backMs: second.ms });
  } finally {
    caller.close();
    await database.drop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Seen { readonly database: Database; readonly dir: string; readonly acked: readonly number[]; readonly counts: { readonly completed: number; readonly pending: number; readonly deadLettered: number }; readonly backMs: number }

async function verify(number: number, { database, dir, acked, counts, backMs }: Seen): Promise<boolean> {
  const contacts = await database.rows('SELECT phone, count(*) AS n FROM contacts GROUP BY phone', dir);
  const leads = await database.rows('SELECT form, count(*) AS n FROM leads GROUP BY form', dir);
  const phones = new Set(contacts.map((row) => row.phone));
  const forms = new Set(leads.map((row) => row.form));
  const lost = acked.filter((i) => !phones.has(phone(i)) || !forms.has(`post-${i}`)).length;
  const doubled = [...contacts, ...leads].filter((row) => Number(row.n) > 1).length;
  const ok = lost === 0 && doubled === 0 && counts.completed >= acked.length && counts.deadLettered === 0;
  console.log(`${String(number).padStart(5)}  ${String(acked.length).padStart(6)}  ${String(counts.completed).padStart(9)}  ${String(contacts.length).padStart(8)}  ${String(leads.length).padStart(5)}  ${String(lost).padStart(4)}  ${String(doubled).padStart(7)}  ${backMs.toFixed(0).padStart(7)}  ${ok ? 'ok' : 'FAILED'}`);
  return ok;
}

console.log(`${times} rounds on ${values.db}, ${posts} posts in ${lanes} lanes, killed at a random moment; seed ${seed}`);
console.log('round   acked  completed  contacts  leads  lost  doubled  back ms');
let failed = 0;
for (let number = 1; number <= times; number++) if (!await round(number)) failed++;
console.log(failed === 0 ? 'all rounds ok' : `${failed} rounds failed`);
process.exitCode = failed === 0 ? 0 : 1;
