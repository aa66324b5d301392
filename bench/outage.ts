/**
 * PostgreSQL is stopped under load and comes back: no attempt is used up, nothing is a dead letter, the webhook goes on accepting, all
 * arrive afterwards, those of one key in order. Starts a PostgreSQL server of its own.
 *
 *     npm run outage -- [--down 60] [--rate 50]
 *     npm run outage -- --messages 1000000 [--mb 400]     a sink that is down from the beginning, and a backlog of so many
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { backlog } from './backlog.ts';
import { Caller, freePort, pause, ROOT, start, stop } from './kit/millrace.ts';

const { values } = parseArgs({ options: { down: { type: 'string', default: '60' }, rate: { type: 'string', default: '50' }, around: { type: 'string', default: '5' }, messages: { type: 'string' }, mb: { type: 'string', default: '400' } } });
if (values.messages !== undefined) process.exit(await backlog(Number(values.messages), Number(values.mb)) ? 0 : 1);
const [downS, rate, aroundS] = [values.down, values.rate, values.around].map(Number) as [number, number, number];
const KEYS = 20;
const BIN = process.env.PG_BIN ?? execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
const isRoot = process.getuid?.() === 0;

/** PostgreSQL refuses to run as root. */
function asPostgres(command: string): { readonly file: string; readonly args: readonly string[] } {
  return isRoot ? { file: 'su', args: ['postgres', '-s', '/bin/sh', '-c', command] } : { file: 'sh', args: ['-c', command] };
}

class Server {
  readonly #dir: string;
  readonly port: number;
  #child: ChildProcess | undefined;
  constructor(dir: string, port: number) {
    this.#dir = dir;
    this.port = port;
    mkdirSync(dir);
    chmodSync(dir, 0o777);
    const { file, args } = asPostgres(`${BIN}/initdb -D ${dir}/db -U postgres -A trust > /dev/null`);
    execFileSync(file, [...args]);
  }
  async start(): Promise<void> {
    const { file, args } = asPostgres(`exec ${BIN}/postgres -D ${this.#dir}/db -p ${this.port} -k ${this.#dir} -c listen_addresses=127.0.0.1`);
    this.#child = spawn(file, [...args], { stdio: 'ignore' });
    for (;;) {
      const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'postgres', database: 'postgres' });
      client.on('error', () => undefined);
      try { await client.connect(); await client.end(); return; } catch { await pause(100); }
    }
  }
  stop(): void {
    const { file, args } = asPostgres(`${BIN}/pg_ctl -D ${this.#dir}/db -m immediate -w stop > /dev/null`);
    execFileSync(file, [...args]);
    this.#child?.kill();
  }
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    try { return (await client.query(sql)).rows as Record<string, unknown>[]; } finally { await client.end(); }
  }
}

/** Posts at a steady rate; answers how many were accepted and the largest wait for an answer. */
async function feed(caller: Caller, from: number, seconds: number): Promise<{ readonly accepted: number; readonly refused: number; readonly slowestMs: number }> {
  let accepted = 0;
  let refused = 0;
  let slowestMs = 0;
  const calls: Promise<void>[] = [];
  for (let i = 0; i < seconds * rate; i++) {
    const before = performance.now();
    const n = from + i;
    calls.push(caller.call('/hook/lead', { formId: String(n), name: `Person ${n % KEYS}`, phone: `+7000${1_000_000 + (n % KEYS)}` }).then(({ status }) => {
      if (status === 202) accepted++;
      else refused++;
      slowestMs = Math.max(slowestMs, performance.now() - before);
    }));
    await pause(1000 / rate);
  }
  await Promise.all(calls);
  return { accepted, refused, slowestMs };
}

const dir = mkdtempSync(join(tmpdir(), 'millrace-outage-'));
chmodSync(dir, 0o755);
const server = new Server(join(dir, 'pg'), await freePort());
await server.start();
// The flow finds its table made, with the order of arrival in it.
await server.rows('CREATE TABLE leads (n BIGINT GENERATED ALWAYS AS IDENTITY, contact_id TEXT NOT NULL, form TEXT, name TEXT, phone TEXT, email TEXT, company TEXT)');
mkdirSync(join(dir, 'flows'));
cpSync(join(ROOT, 'flows/lead-capture'), join(dir, 'flows/lead-capture'), { recursive: true });
writeFileSync(join(dir, 'flows/connections.json'), JSON.stringify({ 'crm-db': { type: 'sql', config: { driver: 'postgres', host: '127.0.0.1', port: server.port, database: 'postgres', user: 'postgres' } } }));
const port = await freePort();
const caller = new Caller(port, 64);
const { child } = await start(dir, port);
let failed = false;
try {
  console.log('phase      accepted  refused  slowest ms  pending after');
  const show = async (name: string, fed: { accepted: number; refused: number; slowestMs: number }): Promise<number> => {
    const { pending } = await caller.counts();
    console.log(`${name.padEnd(9)}  ${String(fed.accepted).padStart(8)}  ${String(fed.refused).padStart(7)}  ${fed.slowestMs.toFixed(0).padStart(10)}  ${String(pending).padStart(13)}`);
    return fed.accepted;
  };
  let accepted = await show('before', await feed(caller, 0, aroundS));
  server.stop();
  accepted += await show('stopped', await feed(caller, 1_000_000, downS));
  await server.start();
  accepted += await show('back', await feed(caller, 2_000_000, aroundS));
  const before = performance.now();
  const counts = await caller.untilDone();
  const leads = await server.rows('SELECT form, phone FROM leads ORDER BY n');
  const contacts = await server.rows('SELECT phone FROM contacts');
  const byPhone = Map.groupBy(leads, (row) => row.phone);
  const disordered = [...byPhone.values()].filter((rows) => rows.some((row, i) => i > 0 && Number(row.form) < Number(rows[i - 1]?.form))).length;
  failed = leads.length !== accepted || new Set(leads.map((row) => row.form)).size !== accepted || counts.deadLettered > 0 || disordered > 0 || contacts.length !== KEYS;
  console.log(`all done ${((performance.now() - before) / 1000).toFixed(1)} s later: ${accepted} accepted, ${leads.length} leads, ${contacts.length} contacts of ${KEYS} people, ${counts.deadLettered} dead letters, ${disordered} keys out of order`);
  console.log(failed ? 'FAILED' : 'ok');
} finally {
  caller.close();
  await stop(child);
  server.stop();
  rmSync(dir, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
