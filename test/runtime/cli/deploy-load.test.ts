import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeadLetter, DeadLetterAnswer, DeadLetterList, DeployAnswer, RunList } from '../../../runtime/api/contract.ts';
import type { Flow, FlowNode, Wire } from '../../../runtime/flow/flow.ts';
import { Load } from '../../kit/load.ts';
import { MillraceProcess, RUNTIME, TempDir, until } from '../../kit/millrace-process.ts';

/**
 * The real process under load, about a thousand messages a second where the machine gives that, with a deploy every few hundred of them. Every row says by which
 * revision its message was marked and by which it was written; in the end every acknowledged message stands once in each table.
 */

const LANES = 32;
const RATE = 1000; // a second; a slower machine takes fewer, and the same number in the end
const BETWEEN = 400; // messages accepted between two deploys
const TOLD_EVERY = 40; // every so many messages also call a receiver that answers when the test says so
const HELD = 4; // calls under way across a deploy
const TABLES = ['saved', 'late', 'told'] as const;

let dir: TempDir;
let receiver: Server;
let address = '';
let load: Load | undefined;
/** Marks of the revisions in the order in which they became live, and how many of them surely have. */
let live: number[] = [];
let sure = 0;
/** Calls by message: which revision made each. */
let calls = new Map<number, number[]>();
const waiting: (() => void)[] = [];
let holding = 0;
/** By table and message, from which nodes it was resent on its way there. */
const resent = new Map<string, string>();
const started: MillraceProcess[] = [];

interface Shape { readonly wait?: string; readonly save?: string; /** A delay before the table. */ readonly slow?: boolean }
interface Row { readonly n: number; readonly k: string; readonly rev: number; readonly by: number }

const node = (type: string, config: FlowNode['config'], rest: Partial<FlowNode> = {}): FlowNode => ({ type, version: 1, config, ...rest });
const expr = (text: string): { readonly $expr: string } => ({ $expr: text });

/** Source, pure nodes, a table; a branch of another key that waits before its table; every fortieth message also calls the receiver. */
function flowOf(mark: number, { wait = 'wait', save = 'save', slow = false }: Shape = {}): Flow {
  const table = (name: string): FlowNode => node('sql-query', {
    db: 'load-db', setup: `CREATE TABLE IF NOT EXISTS ${name} (at INTEGER PRIMARY KEY, n INTEGER NOT NULL, k TEXT NOT NULL, rev INTEGER NOT NULL, by INTEGER NOT NULL)`,
    statement: `INSERT INTO ${name} (n, k, rev, by) VALUES ($1, $2, $3, $4)`, values: [expr('payload.n'), expr('payload.k'), expr('payload.rev'), mark],
  }, { concurrency: 64 }); // SQLite writes what is asked for at once in one transaction
  const line = (...ids: readonly string[]): Wire[] => ids.slice(1).map((id, i) => ({ from: ids[i] as string, to: id.includes('.') ? id : `${id}.in` }));
  return {
    format: 'millrace.flow/1', id: 'load', name: 'Load', delivery: 'durable', uses: { 'load-db': 'sql' }, layout: {},
    nodes: {
      in: node('webhook-in', { method: 'POST', path: '/load', orderBy: 'payload.k', eventId: 'payload.n' }),
      mark: node('change', { rules: [{ action: 'set', path: 'payload.rev', value: mark }] }),
      some: node('switch', { property: `payload.n % ${TOLD_EVERY}`, rules: [{ op: 'eq', value: 0 }] }),
      tell: node('http-request', { method: 'POST', url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/${mark}`, idempotent: true, answer: 'json' }),
      told: table('told'),
      ...(slow && { slow: node('delay', { for: '200ms' }) }),
      [save]: table('saved'),
      [wait]: node('delay', { for: '400ms' }),
      late: table('late'),
    },
    wires: [
      ...line('in.out', 'mark'), ...line('mark.out', 'some'), ...line('some.out-1', 'tell'), ...line('tell.answer', 'told'),
      ...(slow ? [...line('mark.out', 'slow'), ...line('slow.out', save)] : line('mark.out', save)),
      { from: 'mark.out', to: `${wait}.in`, key: 'payload.g' }, ...line(`${wait}.out`, 'late'),
    ],
  };
}

async function api<T>(method: string, path: string, { body, version }: { readonly body?: object; readonly version?: number } = {}): Promise<T> {
  const response = await fetch(`${address}/api/v1${path}`, {
    method, headers: { 'content-type': 'application/json', ...(version !== undefined && { 'if-match': `"${version}"` }) }, ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return (text === '' ? {} : JSON.parse(text)) as T;
}

async function save(flow: Flow): Promise<number> {
  const known = await api<{ readonly version?: number }>('GET', '/flows/load');
  return (await api<{ readonly version: number }>('PUT', '/flows/load', { body: flow, version: known.version ?? 0 })).version;
}
function isLive(mark: number): void {
  live.push(mark);
  sure = live.length - 1;
}
async function deploy(mark: number, shape?: Shape): Promise<DeployAnswer> {
  const version = await save(flowOf(mark, shape));
  const answer = await api<DeployAnswer>('POST', '/flows/load/deploy', { body: { version } });
  expect(answer).toMatchObject({ state: 'live', problems: [] });
  isLive(mark);
  return answer;
}

async function letters(node?: string): Promise<readonly DeadLetter[]> {
  const all: DeadLetter[] = [];
  for (let after = node === undefined ? '' : `&node=${node}`; ;) {
    const page = await api<DeadLetterList>('GET', `/dead-letters?limit=500${after}`);
    all.push(...page.deadLetters);
    if (page.next === undefined) return all;
    after = `${node === undefined ? '' : `&node=${node}`}&after=${page.next}`;
  }
}

const numberIn = ({ body }: DeadLetter): number => (body as { readonly payload: { readonly n: number } }).payload.n;

/** Of a call that the end of the process interrupted nobody knows the outcome: a person looks into the table, and discards what is there. */
async function discardDone(from: string): Promise<void> {
  const done = new Set(rowsOf('saved').map(({ n }) => n));
  const ids = (await letters(from)).filter((each) => each.kind === 'unknown' && done.has(numberIn(each))).map(({ id }) => id);
  if (ids.length > 0) expect(await api<DeadLetterAnswer>('POST', '/dead-letters/discard', { body: { ids } })).toEqual({ done: ids.length, refused: [] });
}

/** Sends what was parked at a node to another one. */
async function resend(from: string, to: string): Promise<void> {
  const there = await letters(from);
  const answer = await api<DeadLetterAnswer>('POST', '/dead-letters/resend', { body: { query: { node: from }, to: { node: to } } });
  expect(answer).toEqual({ done: there.length, refused: [] });
  const table = to === 'save' || to === 'store' ? 'saved' : 'late';
  for (const each of there) {
    const way = `${table} ${numberIn(each)}`;
    resent.set(way, `${resent.get(way) ?? ''} ${from}`);
  }
}

/** The next calls of the receiver stay without an answer while something is done. */
async function duringCalls(work: () => Promise<unknown>): Promise<void> {
  holding = HELD;
  await until(() => waiting.length >= HELD);
  holding = 0;
  await work();
  for (const answer of waiting.splice(0)) answer();
}

async function run(): Promise<void> {
  const made = new MillraceProcess(['serve', '--data', dir.join('data'), '--port', '0'], { env: { MILLRACE_LOG: 'error' }, script: RUNTIME });
  started.push(made);
  address = await made.ready();
}
const kill = async (): Promise<unknown> => await started.pop()?.stop('SIGKILL');

async function begin(): Promise<Load> {
  await run();
  await api('PUT', '/connections/load-db', { version: 0, body: { document: { type: 'sql', config: { driver: 'sqlite', file: 'load.db' } } } });
  await deploy(1);
  load = new Load({ lanes: LANES, rate: RATE, path: '/hook/load', address: () => address, mark: () => sure });
  return load;
}

function rowsOf(table: typeof TABLES[number]): Row[] {
  using db = new DatabaseSync(dir.join('data', 'load.db'), { readOnly: true });
  return db.prepare(`SELECT n, k, rev, by FROM ${table} ORDER BY at`).all() as unknown as Row[];
}

/** Every acknowledged message once in each table, in the order of its key, and marked and written by no older revision than it was sent to. */
async function judge({ accepted }: Load): Promise<void> {
  const { counts } = await until(async () => {
    const now = await api<RunList>('GET', '/runs?limit=1');
    return now.counts.pending === 0 && now;
  });
  expect(counts).toMatchObject({ dropped: 0, discarded: 0 });
  expect(await letters()).toEqual([]);
  const sent = new Map(accepted.map((each) => [each.n, each]));
  for (const table of TABLES) {
    const rows = rowsOf(table);
    const expected = [...sent.keys()].filter((n) => table !== 'told' || n % TOLD_EVERY === 0);
    expect(rows.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
    expect(outOfOrder(table, rows).map((row) => `${table}: ${JSON.stringify(row)} comes late, resent from${resent.get(`${table} ${row.n}`) ?? ''}`)).toEqual([]);
    const odd = rows.filter(({ n, rev, by }) => !follow(rev, by, sent.get(n)?.mark ?? 0));
    expect(odd.map((row) => `${table}: ${JSON.stringify(row)} was sent to ${live[sent.get(row.n)?.mark ?? 0]}`)).toEqual([]);
  }
}

/** Rows that come after a later message of their key that took the same way: what was resent comes behind what went on. */
function outOfOrder(table: string, rows: readonly Row[]): Row[] {
  const last = new Map<string, number>();
  return rows.filter(({ n, k }) => {
    const lane = `${k} ${resent.get(`${table} ${n}`) ?? ''}`;
    const before = last.get(lane) ?? -1;
    last.set(lane, n);
    return before > n;
  });
}
/** A message is marked by a revision that was live when it was sent or came later, and written by that one or a later one. */
function follow(rev: number, by: number, from: number): boolean {
  const marked = live.indexOf(rev, from);
  return marked >= 0 && live.includes(by, marked);
}

beforeEach(async () => {
  dir = new TempDir();
  live = [];
  sure = 0;
  calls = new Map();
  resent.clear();
  receiver = createServer((request, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { readonly n: number };
      const rev = Number(request.url?.slice(1));
      calls.set(body.n, [...(calls.get(body.n) ?? []), rev]);
      const answer = (): void => { response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...body, rev })); };
      if (waiting.length < holding) waiting.push(answer);
      else answer();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  for (const each of started.splice(0)) await each.stop('SIGKILL');
  load?.abandon();
  load = undefined;
  waiting.length = 0;
  holding = 0;
  receiver.closeAllConnections();
  receiver.close();
  dir.remove();
});

test('deploys, a rollback, stop and start under load: every message is written once, in order, calls under way end on their revision, and what was parked arrives when it is resent', { timeout: 120_000 }, async () => {
  const feeding = await begin();
  await feeding.more(BETWEEN);
  await duringCalls(() => deploy(2));
  await feeding.more(BETWEEN);
  await deploy(3, { slow: true });
  await feeding.more(BETWEEN);
  const renamed = await deploy(4, { slow: true, wait: 'pause' });
  expect(renamed.parks?.map((each) => each.node)).toContain('wait');
  await feeding.more(BETWEEN);
  await resend('wait', 'pause');
  await duringCalls(async () => { await deploy(5, { wait: 'pause' }); });
  await resend('slow', 'save');
  await feeding.more(BETWEEN);
  await api('POST', '/flows/load/stop');
  await api('POST', '/flows/load/start');
  await deploy(6, { wait: 'pause', save: 'store' });
  await feeding.more(BETWEEN);
  await resend('save', 'store');
  const { revisions } = await api<{ readonly revisions: readonly { readonly revision: number }[] }>('GET', '/flows/load/revisions');
  expect(await api<DeployAnswer>('POST', '/flows/load/rollback', { body: { revision: revisions.at(-2)?.revision } })).toMatchObject({ state: 'live' });
  isLive(2);
  await feeding.more(BETWEEN);
  await resend('pause', 'wait');
  await resend('store', 'save');
  await feeding.stop();
  await judge(feeding);
  expect([...calls].filter(([, by]) => by.length > 1)).toEqual([]);
  expect(rowsOf('told').filter(({ n, rev }) => calls.get(n)?.[0] !== rev)).toEqual([]);
});

test.each([0, 20, 200])('the process is killed in a deploy that parks, %i messages after it was asked for: after a restart every message is written once, in order', { timeout: 120_000 }, async (later) => {
  const feeding = await begin();
  await feeding.more(BETWEEN);
  const version = await save(flowOf(2, { wait: 'pause', save: 'store' }));
  live.push(2); // it may be live from now on
  const asked = api('POST', '/flows/load/deploy', { body: { version } }).catch(() => undefined);
  await feeding.more(later);
  await kill();
  await asked;
  await run();
  await feeding.more(BETWEEN);
  await deploy(3, { wait: 'pause', save: 'store' });
  await discardDone('save');
  await resend('wait', 'pause');
  await resend('save', 'store');
  await feeding.more(BETWEEN);
  await feeding.stop();
  await judge(feeding);
});
