/**
 * The real process with random flows under load, killed with SIGKILL, frozen, out of disk space, restarted, stopped and deployed to at random, while people resend, skip and release
 * dead letters, replay and cancel runs and answer callbacks. In the end every message that was accepted must be where its flow leads it, be a dead letter, or be dropped by a rule or
 * discarded by a person; what the receivers took by idempotency key must be there once. The same seed makes the same flows and the same choices, at the moments that the machine gives.
 *
 *     npm run torture -- [--minutes 10] [--rate 60] [--flows 4] [--seed 1] [--drain 600]
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { freePort, pause } from './kit/millrace.ts';
import { changed, makeTortureFlow, withNodeMore, withoutDelay, type Random, type TortureFlow } from './torture/flows.ts';
import { Life } from './torture/life.ts';
import { ask, People } from './torture/people.ts';
import { Receiver } from './torture/receiver.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, rate: { type: 'string', default: '60' }, flows: { type: 'string', default: '4' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) }, drain: { type: 'string', default: '600' } } });
const [minutes, rate, flowCount, seed] = [values.minutes, values.rate, values.flows, values.seed].map(Number) as [number, number, number, number];

const DISK_MB = 256;
const OPEN_POSTS_MAX = 512;
const DRAIN_MS = Number(values.drain) * 1000; // by default ten minutes: the backoff of a message that failed six times in a row is half an hour; nearly none does
/** A stream of its own for each purpose, so that what one takes changes nothing for another. */
function stream(purpose: number): Random {
  let state = (seed ^ Math.imul(purpose, 0x9e3779b1)) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
const random = stream(1);
const between = (from: number, to: number): number => from + random() * (to - from);

const began = performance.now();
const say = (text: string): void => { console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${text}`); };
const dir = mkdtempSync(join(tmpdir(), 'millrace-torture-'));
const data = join(dir, 'data');
mkdirSync(data);
const smallDisk = mountSmallDisk();

/** A disk that can be filled; false where that needs rights that are not there. */
function mountSmallDisk(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', data], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const life = new Life(data, await freePort(), say);
const receiver = await Receiver.open(stream(2));
const people = new People(life, stream(3));
const makers = stream(4);
const flows: TortureFlow[] = Array.from({ length: flowCount }, (_, i) => makeTortureFlow(`torture${i}`, { receiver: receiver.address, random: makers }));
const accepted: number[] = [];
const done = { kills: 0, freezes: 0, 'disk full': 0, restarts: 0, stops: 0, deploys: 0, 'of them without a node': 0, 'of them with a node more': 0 };
let refused = 0;

const api = (method: string, path: string, sent?: Parameters<typeof ask>[2]): ReturnType<typeof ask> => ask(life, [method, path], sent);

async function deploy(flow: TortureFlow['flow']): Promise<boolean> {
  const known = await api('GET', `/flows/${flow.id}`);
  const saved = await api('PUT', `/flows/${flow.id}`, { body: flow, version: known.status === 404 ? 0 : Number(known.json.version) });
  if (saved.status !== 200) { say(`saving ${flow.id}: ${saved.status} ${JSON.stringify(saved.json).slice(0, 300)}`); return false; }
  const answer = await api('POST', `/flows/${flow.id}/deploy`, { body: { version: saved.json.version } });
  if (answer.status !== 200 || (answer.json.problems as readonly unknown[]).length > 0) say(`deploying ${flow.id}: ${answer.status} ${JSON.stringify(answer.json).slice(0, 300)}`);
  return answer.status === 200;
}

/** Sends a message until it is accepted; its event id makes the repeats harmless. */
async function post(n: number): Promise<void> {
  for (;;) {
    const answer = await life.caller.call(`/hook/torture${n % flowCount}`, { n, k: `k${Math.floor(n / flowCount) % 8}` }).catch(() => undefined);
    if (answer !== undefined && answer.status >= 200 && answer.status < 300) {
      people.runs.set((JSON.parse(answer.text) as { runId: string }).runId, n);
      break;
    }
    refused++;
    await pause(300);
  }
  accepted.push(n);
}

const open = new Set<Promise<void>>();
let feeding = true;
async function feed(): Promise<void> {
  for (let n = 1; feeding; n++) {
    while (feeding && open.size >= OPEN_POSTS_MAX) await pause(20);
    const posting: Promise<void> = post(n).finally(() => open.delete(posting));
    open.add(posting);
    await pause(1000 / rate);
  }
  await Promise.all(open);
}

async function fillDisk(forMs: number): Promise<void> {
  const ballast = join(data, 'ballast');
  const file = openSync(ballast, 'w');
  const block = Buffer.alloc(1024 * 1024);
  try { for (;;) if (writeSync(file, block) < block.length) break; } catch { /* it is full now, as wanted */ }
  closeSync(file);
  await pause(forMs);
  rmSync(ballast);
}

async function again(signal: NodeJS.Signals): Promise<void> {
  await life.end(signal);
  await pause(random() < 0.5 ? 0 : between(0, 3000));
  await life.start();
  await startStopped();
}

/** A person starts again what was stopped because the process ended too often. */
async function startStopped(): Promise<void> {
  const { json } = await api('GET', '/flows');
  for (const { id, live } of json.flows as readonly { id: string; live?: { state: string } }[]) {
    if (!id.startsWith('torture') || live?.state === 'live') continue;
    const { status } = await api('POST', `/flows/${id}/start`);
    say(`${id} was ${live?.state ?? 'not live'}; started: ${status}`);
  }
}

async function misfortune(): Promise<void> {
  const dice = random();
  if (dice < 0.35) {
    done.kills++;
    await again('SIGKILL');
  } else if (dice < 0.5) {
    done.freezes++;
    life.signal('SIGSTOP');
    await pause(between(200, 5000));
    life.signal('SIGCONT');
  } else if (dice < 0.65 && smallDisk) {
    done['disk full']++;
    await fillDisk(between(500, 6000));
  } else if (dice < 0.72) {
    done.restarts++;
    await again('SIGTERM');
  } else if (dice < 0.78) {
    done.stops++;
    const { flow } = flows[Math.floor(random() * flows.length)] as TortureFlow;
    await api('POST', `/flows/${flow.id}/stop`);
    await pause(between(0, 3000));
    await api('POST', `/flows/${flow.id}/start`);
  } else {
    await redeploy(flows[Math.floor(random() * flows.length)] as TortureFlow);
  }
}

/** Every second flow loses a node now and then, where messages wait; the others get one that messages pass, and lose it again, while their runs are replayed. */
const losesNodes = (flow: TortureFlow): boolean => flows.indexOf(flow) % 2 === 0;

/** What is parked by it goes on behind the node that is gone, or waits until the node is back. */
async function redeploy(made: TortureFlow): Promise<void> {
  const { flow } = made;
  const less = losesNodes(made) && random() < 0.8 ? withoutDelay(flow, random) : undefined;
  const more = !losesNodes(made) && random() < 0.7 ? withNodeMore(flow, random) : undefined;
  if (!await deploy(changed(less?.flow ?? more ?? flow, random))) return;
  done.deploys++;
  if (more) done['of them with a node more']++;
  if (!less) await people.resendParked({ flow: flow.id }, undefined);
  else done['of them without a node']++;
  if (less?.next !== undefined && random() < 0.6) await people.resendParked({ flow: flow.id, node: less.gone }, less.next);
}

/** Goes on beside the misfortunes, so that they come in the middle of it. */
let busy = true;
async function peopleAct(): Promise<void> {
  const all = flows.map((made) => ({ id: made.flow.id, replayed: !made.waits && !losesNodes(made), joins: Object.values(made.flow.nodes).some(({ type }) => type === 'join') }));
  while (busy) {
    await people.act(all).catch(() => undefined); // the process is away just now
    await people.answer(receiver.waiting);
    await pause(300);
  }
}

async function torture(): Promise<void> {
  for (const end = performance.now() + minutes * 60_000; performance.now() < end;) {
    await pause(between(1000, 7000));
    await misfortune().catch(async (error: unknown) => {
      say(`while something was done to it: ${String(error)}`);
      await life.start();
    });
  }
}

interface Counts { readonly pending: number; readonly completed: number; readonly dropped: number; readonly deadLettered: number; readonly discarded: number }
const counts = async (): Promise<Counts> => (await api('GET', '/runs?limit=1')).json.counts as Counts;

/** What was parked goes back to its node, which is there again. */
async function unpark(): Promise<void> {
  for (const { flow } of flows) if (!await deploy(flow)) throw new Error(`flow ${flow.id} cannot be deployed at the end`);
  await people.resendParked({}, undefined);
}

/** Where the last ones are, so that a run that never ends can be looked into. */
async function pendingOnes(): Promise<readonly string[]> {
  const { json } = await api('GET', '/runs?state=pending&limit=5');
  return await Promise.all((json.runs as readonly { id: string; flow: string }[]).map(async ({ id, flow }) => {
    const run = (await api('GET', `/runs/${id}`)).json as unknown as { readonly replayOf?: string; readonly pending: readonly { readonly node: string; readonly state: string; readonly due?: number }[] };
    return `run ${id} (n ${people.runs.get(id)}, again ${run.replayOf}) in ${flow}: ${JSON.stringify(run.pending.slice(0, 3))}${people.discarded.has(people.runs.get(id) ?? -1) ? ', cancelled or skipped' : ''}`;
  }));
}

/** Waits until nothing is pending, or nothing moves any more. */
async function drained(): Promise<Counts> {
  receiver.difficult = false;
  let last: Counts | undefined;
  for (const until = performance.now() + DRAIN_MS; performance.now() < until; await pause(1000)) {
    await people.freeKeys(flows.map(({ flow }) => flow));
    await people.answer(receiver.waiting);
    const now = await counts();
    if (now.pending === 0 && last?.pending === 0 && last.completed === now.completed) return now;
    if (now.pending !== last?.pending && now.pending > 0) say(`${now.pending} runs are pending`);
    last = now;
  }
  for (const each of await pendingOnes()) say(each);
  return await counts();
}

/** Runs that began and are not listed, or are listed, and nobody has begun them as far as their path is still kept: what is known of the first ones. */
async function oddRuns(): Promise<readonly string[]> {
  const listed = new Map<string, boolean>();
  for (let after = ''; ;) {
    const { json } = await api('GET', `/runs?limit=500${after}`);
    for (const { id, recorded, replayOf } of json.runs as readonly { id: string; recorded: boolean; replayOf?: string }[]) listed.set(id, recorded && replayOf === undefined);
    if (json.next === undefined) break;
    after = `&after=${String(json.next)}`;
  }
  const known = new Set([...people.runs.keys(), ...people.replayed]);
  const odd = [...[...known].filter((id) => !listed.has(id)), ...[...listed].filter(([id, isFirst]) => isFirst && !known.has(id)).map(([id]) => id)];
  return await Promise.all(odd.slice(0, 10).map(async (id) => {
    const run = (await api('GET', `/runs/${id}`)).json as unknown as { readonly flow?: string; readonly steps?: readonly { readonly node: string; readonly outcome: string }[] };
    return `run ${id} (n ${people.runs.get(id) ?? `is not known${people.replayed.includes(id) ? ', a replay' : ''}`}) of ${run.flow}: ${run.steps?.map(({ node, outcome }) => `${node} ${outcome}`).join(', ')}`;
  }));
}

/** Dead letters by message, each as where and why. */
async function deadLetters(): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>();
  for (const { body, node, code } of await people.letters()) {
    const n = body.payload?.n ?? -1;
    found.set(n, [...(found.get(n) ?? []), `${node} ${code}`]);
  }
  return found;
}

/** How often each message stands in a table, and which of them lost or mixed their parts. */
function rowsOf(flow: string): { readonly times: ReadonlyMap<number, number>; readonly wrong: readonly number[] } {
  const db = new DatabaseSync(join(data, 'torture.db'), { readOnly: true });
  try {
    const rows = db.prepare(`SELECT n, count(*) AS times, max(wrong) AS wrong FROM ${flow} GROUP BY n`).all() as unknown as { n: number; times: number; wrong: number }[];
    return { times: new Map(rows.map(({ n, times }) => [n, times])), wrong: rows.filter(({ wrong }) => wrong === 1).map(({ n }) => n) };
  } finally {
    db.close();
  }
}

function judge(ended: Counts, dead: ReadonlyMap<number, readonly string[]>): boolean {
  const tables = flows.map(({ flow }) => rowsOf(flow.id));
  const timesOf = (effect: string, n: number): number => (effect.startsWith('sql') ? tables[n % flowCount]?.times.get(n) ?? 0 : receiver.done.get(`${effect}#${n}`)?.size ?? 0);
  const lost: string[] = [];
  const doubled: string[] = [];
  for (const n of accepted) {
    for (const effect of (flows[n % flowCount] as TortureFlow).expects(n)) {
      const times = timesOf(effect, n);
      if (times === 0 && !dead.has(n) && !people.discarded.has(n)) lost.push(`${effect}#${n}`);
      if (times > 1) doubled.push(`${effect}#${n}`);
    }
  }
  const wrong = tables.flatMap((table) => table.wrong).filter((n) => !people.discarded.has(n));
  const runs = ended.completed + ended.dropped + ended.deadLettered + ended.discarded + ended.pending;
  const least = accepted.length + people.begun;
  const missingRuns = Math.max(0, least - runs) - Math.max(0, runs - least - people.perhaps);
  const codes = Map.groupBy([...dead.values()].flat(), (each) => each);
  console.log(`
seed ${seed}, ${minutes} minutes, ${flowCount} flows, ${Object.entries({ ...done, ...people.done }).map(([what, times]) => `${times} ${what}`).join(', ')}${smallDisk ? '' : ' (disk full skipped: it needs root on Linux)'}
accepted       ${accepted.length} (refused or unanswered and sent again: ${refused})
completed      ${ended.completed}
dropped        ${ended.dropped}
dead-lettered  ${ended.deadLettered}${[...codes].map(([code, all]) => `\n                 ${all.length} × ${code}`).join('')}
discarded      ${ended.discarded} runs (messages that a person skipped or cancelled: ${people.discarded.size})
pending        ${ended.pending}
requests       ${receiver.requests}, of them repeats of a key ${receiver.repeats}
lost           ${lost.length + Math.max(0, missingRuns)} ${lost.slice(0, 5).join(' ')}${missingRuns === 0 ? '' : ` (runs missing: ${missingRuns})`}
doubled        ${doubled.length} ${doubled.slice(0, 5).join(' ')}
wrong parts    ${wrong.length} ${wrong.slice(0, 5).join(' ')}`);
  for (const [complaint, times] of [...life.complaints].toSorted((a, b) => b[1] - a[1]).slice(0, 8)) console.log(`said ${times} times: ${complaint}`);
  return lost.length === 0 && wrong.length === 0 && doubled.length === 0 && missingRuns === 0 && ended.pending === 0;
}

let passed = false;
try {
  await life.start();
  await api('PUT', '/connections/torture-db', { version: 0, body: { document: { type: 'sql', config: { driver: 'sqlite', file: 'torture.db' } } } });
  for (const { flow } of flows) if (!await deploy(flow)) throw new Error(`flow ${flow.id} cannot be deployed`);
  say(`seed ${seed}: ${flows.map(({ flow }) => Object.keys(flow.nodes).length).join(', ')} nodes in ${flowCount} flows, ${rate} messages a second`);
  const fed = feed();
  const acted = peopleAct();
  await torture();
  feeding = busy = false;
  await acted;
  say('the torture is over');
  await fed;
  await unpark();
  const ended = await drained();
  const dead = await deadLetters();
  for (const each of await oddRuns()) say(`not listed, or not known: ${each}`);
  await life.end('SIGTERM');
  passed = judge(ended, dead);
} finally {
  await life.end('SIGKILL');
  receiver.close();
  life.caller.close();
  if (smallDisk) execFileSync('umount', ['-l', data]);
  rmSync(dir, { recursive: true, force: true });
}
console.log(passed ? 'ok' : 'FAILED');
process.exit(passed ? 0 : 1);
