import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Flow, Json } from './flow/flow.ts';
import { parseFlow } from './flow/parse.ts';
import { parseDuration } from './flow/units.ts';
import { differences } from './case-match.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
import type { Fetch } from './sdk/context.ts';
import type { ConnectionDefinition, NodeDefinition } from './sdk/define-node.ts';
import { VirtualClock } from './virtual-clock.ts';

/** `cases.json` beside a flow: given messages and what must come of them. The format is in docs/cases.md. */
export interface CasesFile { readonly cases: readonly Case[] }
export interface Case {
  readonly name: string;
  /** Time at which it begins; ISO with zone. */
  readonly clock?: string;
  readonly env?: { readonly [name: string]: Json };
  readonly secrets?: { readonly [name: string]: string };
  /** Answers in place of the network, the first that fits. */
  readonly http?: readonly { readonly url: string; readonly method?: string; readonly status?: number; readonly headers?: { readonly [name: string]: string }; readonly body?: Json }[];
  readonly given: readonly { readonly node: string; readonly body: { readonly [key: string]: Json }; readonly key?: string; readonly after?: string; readonly reply?: boolean }[];
  readonly expect: {
    /** Bodies that arrive at a node, in order. */
    readonly arrives?: { readonly [node: string]: readonly Json[] };
    readonly replies?: readonly { readonly status: number; readonly body?: Json }[];
    readonly deadLetters?: readonly { readonly node: string; readonly code: string }[];
  };
}

export interface CaseResult { readonly flow: string; readonly name: string; readonly ok: boolean; readonly problems: readonly string[] }
export interface CasesOptions { readonly nodes: readonly NodeDefinition[]; readonly connections: readonly ConnectionDefinition[]; readonly modules?: NonNullable<RuntimeOptions['modules']> }

const START = '2026-01-05T09:00:00+03:00';
const LONGEST_MS = 400 * 24 * 60 * 60 * 1000; // no wait of a flow is longer
const TURNS_MAX = 2_000_000; // of the event loop, some minutes: a case that hangs must end

/** Runs the cases of one folder `flows/<name>`, or of every folder in it. Time and waits are virtual, databases are in memory. */
export async function runCases(dir: string, options: CasesOptions): Promise<readonly CaseResult[]> {
  const folders = existsSync(join(dir, 'flow.json')) ? [dir] : readdirSync(dir).sort().map((name) => join(dir, name)).filter((each) => existsSync(join(each, 'flow.json')));
  const results: CaseResult[] = [];
  for (const folder of folders) results.push(...await runFolder(folder, options));
  return results;
}

async function runFolder(folder: string, options: CasesOptions): Promise<CaseResult[]> {
  const { value: flow, problems } = parseFlow(readFileSync(join(folder, 'flow.json'), 'utf8'));
  if (!flow) return [{ flow: folder, name: 'flow.json', ok: false, problems: problems.map(({ message }) => message.en) }];
  if (!existsSync(join(folder, 'cases.json'))) return [];
  const file = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as CasesFile;
  const results: CaseResult[] = [];
  for (const each of file.cases) {
    const found = await runCase(flow, each, options).catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
    results.push({ flow: flow.id, name: each.name, ok: found.length === 0, problems: found });
  }
  return results;
}

async function runCase(flow: Flow, test: Case, options: CasesOptions): Promise<string[]> {
  const clock = new VirtualClock(Date.parse(test.clock ?? START));
  const arrived = new Map<string, unknown[]>();
  const trace = (_flow: string, node: string, body: unknown): void => { arrived.set(node, [...(arrived.get(node) ?? []), body]); };
  const runtime = await createRuntime({ dataDir: ':memory:', ...options, clock, examplesDir: null, fetch: stubbed(test), trace });
  try {
    await prepare(runtime, flow, test);
    const replies = await feed(runtime, clock, { flow, test });
    await untilDone(runtime, clock);
    return await problemsOf(runtime, test, { arrived, replies: await Promise.all(replies) });
  } finally {
    await runtime.close();
  }
}

async function prepare(runtime: Runtime, flow: Flow, test: Case): Promise<void> {
  const by = { name: 'cases' };
  for (const [name, type] of Object.entries(flow.uses ?? {})) await runtime.project.saveConnection(name, { type, config: {} }, 0, by);
  for (const [name, value] of Object.entries(test.secrets ?? {})) await runtime.project.saveSecret(name, value, by);
  for (const [name, value] of Object.entries(test.env ?? {})) await runtime.project.saveEnv(name, value, by);
  const { problems } = await runtime.host.deploy(flow, 1);
  const errors = problems.filter(({ level }) => level === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ where, message }) => `${where.node ?? flow.id}: ${message.en}`).join('; '));
}

type Reply = { readonly status: number; readonly body: Json };

async function feed(runtime: Runtime, clock: VirtualClock, { flow, test }: { flow: Flow; test: Case }): Promise<Promise<Reply | string>[]> {
  const replies: Promise<Reply | string>[] = [];
  for (const { node, body, key, after, reply } of test.given) {
    if (after !== undefined) await pass(runtime, clock, parseDuration(after) ?? 0);
    const receipt = await runtime.host.deliver({ flow: flow.id, node, body, ...(key !== undefined && { key }), reply: reply === true });
    if (receipt.reply) replies.push(receipt.reply.then((outcome) => (outcome.kind === 'answered' ? { status: outcome.answer.status, body: jsonOf(outcome.answer.body) } : outcome.kind)));
    await quiet(runtime);
  }
  return replies;
}

/** Everything that can happen without time passing has happened. */
async function quiet(runtime: Runtime): Promise<void> {
  let still = 0;
  for (let turn = 0; still < 5; turn++) {
    if (turn > TURNS_MAX) throw new Error('the flow did not come to rest: look for a call that never ends');
    await new Promise((resolve) => { setImmediate(resolve); });
    still = runtime.host.busy && !runtime.host.pausedOnly ? 0 : still + 1;
  }
}

async function pass(runtime: Runtime, clock: VirtualClock, ms: number): Promise<void> {
  const end = clock.now() + ms;
  while (clock.step(end)) await quiet(runtime);
}

async function untilDone(runtime: Runtime, clock: VirtualClock): Promise<void> {
  const end = clock.now() + LONGEST_MS;
  await quiet(runtime);
  while (runtime.host.busy || runtime.host.waiting) {
    if (!clock.step(end)) throw new Error('messages still wait after 400 days');
    await quiet(runtime);
  }
}

async function problemsOf(runtime: Runtime, test: Case, seen: { readonly arrived: ReadonlyMap<string, readonly unknown[]>; readonly replies: readonly (Reply | string)[] }): Promise<string[]> {
  const problems: string[] = [];
  for (const [node, bodies] of Object.entries(test.expect.arrives ?? {})) problems.push(...differences(bodies, seen.arrived.get(node) ?? [], `arrives at ${node}`));
  if (test.expect.replies) problems.push(...differences(test.expect.replies as unknown as Json, seen.replies, 'replies'));
  const { deadLetters } = await runtime.host.letters.list({ limit: 100 });
  const letters = deadLetters.map(({ node, code }) => ({ node, code })).reverse();
  problems.push(...differences((test.expect.deadLetters ?? []) as unknown as Json, letters, 'dead letters'));
  return problems;
}

function stubbed({ http = [] }: Case): Fetch {
  return async (url, { method = 'GET' } = {}) => {
    const stub = http.find((each) => url.startsWith(each.url) && (each.method ?? method) === method);
    if (!stub) throw new Error(`the case has no answer for ${method} ${url}: add one under "http"`);
    const text = typeof stub.body === 'string' ? stub.body : JSON.stringify(stub.body ?? null);
    const json = typeof stub.body === 'string' ? {} : { 'content-type': 'application/json' };
    return { status: stub.status ?? 200, headers: { ...json, ...stub.headers }, bytes: new TextEncoder().encode(text), text: () => text };
  };
}

function jsonOf(body: string | Uint8Array): Json {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  try { return JSON.parse(text) as Json; } catch { return text; }
}
