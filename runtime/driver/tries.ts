import type { TriedOutput, TryAnswer } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { Flow, Text } from '../flow/flow.ts';
import { decodeBody, encodeBody } from '../journal/codec.ts';
import { limits } from '../limits.ts';
import { Observers, type RuntimeEvent } from '../observe.ts';
import type { Fetch, SandboxDoor, SandboxFunction, SandboxProgram } from '../sdk/context.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { dueOf, isDirective, isDrop, isHold, isMany, isToPorts, portsOf, ruleOf, type Body, type Many } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { CallContext } from './call-context.ts';
import { callNode } from './caller.ts';
import { failureOf, timedOut } from './failures.ts';
import { atRest, Msg, type Work } from './message.ts';
import { Revision } from './revision.ts';
import type { LinkDoor, Services } from './services.ts';
import type { Draft } from './state-draft.ts';
import { GLOBAL } from './states.ts';
import { configFor, NodeCount, WireCount, type Unit } from './unit.ts';

type Told = Omit<TryAnswer, 'input' | 'ms' | 'logs' | 'status'>;
interface Ran { readonly told: Told; readonly ms: number }

/** Runs a node on one message, as a person asks for it: with a config that is perhaps never deployed, on a copy of the context, with code in a process of its own, and only reading what is outside. */
export class Tries {
  readonly #services: Services;
  #running = 0;
  constructor(services: Services) { this.#services = services; }

  /** `flow` holds that node only. */
  async run(flow: Flow, node: string, body: Body): Promise<TryAnswer> {
    const type = flow.nodes[node]?.type ?? '';
    if (this.#services.nodes.get(type)?.info.tryable !== true) throw notPossible(node, type);
    if (this.#running >= limits.triesAtOnce) throw busy(node);
    this.#running++;
    try {
      return await this.#run(flow, node, body);
    } finally {
      this.#running--;
    }
  }

  async #run(flow: Flow, node: string, body: Body): Promise<TryAnswer> {
    const services = this.#services;
    await services.states.open(flow.id);
    const seen: RuntimeEvent[] = [];
    const observers = new Observers();
    observers.watch((event) => { if (seen.length < limits.triedLogs) seen.push(event); });
    const aside: Services = { ...services, observers, states: services.states.copy(flow.id), sandbox: trialsOf(services.trials), fetch: onlyReading(services.fetch), links: NO_LINKS };
    const counts = { count: () => new NodeCount(), wireCount: () => new WireCount(), replies: { reply: () => false } };
    const revision = await Revision.make({ flow: inUse(flow, node), number: 0, services: aside, counts, before: undefined });
    try {
      const { told, ms } = await call(revision.units.get(node) as Unit, body, aside);
      const status = seen.findLast((event) => event.kind === 'status')?.status;
      const logs = seen.flatMap((event) => (event.kind === 'log' ? [{ level: event.level, text: event.text, ...(typeof event.details?.['leftOut'] === 'number' && { leftOut: event.details['leftOut'] }) }] : []));
      return { ...told, ms, logs, ...(status && { status }), input: { body, truncated: false } };
    } finally {
      revision.retire({ failed: (error) => services.bug(error, { en: `ending a try of node ${node}`, ru: `завершение пробы узла ${node}` }) });
    }
  }
}

/** A node that is switched off is tried as if it were on. */
function inUse(flow: Flow, node: string): Flow {
  const { disabled: _, ...rest } = flow.nodes[node] as Flow['nodes'][string];
  return { ...flow, nodes: { [node]: rest } };
}

/** What is read is read really; a call that may change something is refused, and the node is told so. */
const onlyReading = (fetch: Fetch): Fetch => async (url, options = {}) => {
  const method = (options.method ?? 'GET').toUpperCase();
  if (method === 'GET' || method === 'HEAD') return await fetch(url, options);
  throw new NodeFailure('try.only-reads', {
    en: `calling ${method} ${url.replace(/[?#].*$/s, '')}: a try changes nothing outside, so it makes calls of GET and HEAD only; deploy the flow to make this one`,
    ru: `вызов ${method} ${url.replace(/[?#].*$/s, '')}: проба ничего не меняет снаружи, поэтому делает только вызовы GET и HEAD; чтобы сделать этот, примените поток`,
  });
};

const NO_LINKS: LinkDoor = { send: (_, to) => noLink(to), call: (_, to) => noLink(to) };

async function noLink(to: string): Promise<never> {
  throw new NodeFailure('try.only-reads', {
    en: `following the link ${to}: a try begins no runs, because they change what is outside; deploy the flow to follow it`,
    ru: `переход по ссылке ${to}: проба не начинает запусков, они меняют то, что снаружи; чтобы перейти по ней, примените поток`,
  });
}

/** Less time than a deployed node may have. The process is there before the first message, so that its start is not counted as the node's time. */
function trialsOf(trials: SandboxDoor): SandboxDoor {
  return {
    fuse: () => undefined,
    async open(program: SandboxProgram): Promise<SandboxFunction> {
      const opened = await trials.open({ ...program, timeoutMs: Math.min(program.timeoutMs, limits.tryMs) });
      const first = await trials.open({ ...program, code: 'return null;', setup: '', modules: [] });
      await first.call([{ id: '', nowMs: 0, body: {} }]);
      await first.close();
      return opened;
    },
  };
}

async function call(unit: Unit, body: Body, services: Services): Promise<Ran> {
  const { clock } = services;
  if (unit.problem) return { told: failed({ code: unit.problem.code, text: unit.problem.message, details: unit.problem.where }), ms: 0 };
  const work = workOf(unit, body, services);
  const now = clock.now();
  const context = new CallContext(unit, { id: work.msg.id, depth: 0, segment: { now: () => now } }, work);
  context.draft = services.states.draftOf(unit);
  const began = clock.elapsed();
  try {
    context.config = await configFor(unit, body, context);
    const result = await inTime(unit, services, callNode(unit, body, context));
    return { told: { ...await toldOf(unit, result), writes: writesOf(context.draft) }, ms: clock.elapsed() - began };
  } catch (error) {
    return { told: failed(failureOf(error, unit.id)), ms: clock.elapsed() - began };
  } finally {
    context.draft?.close();
  }
}

function workOf(unit: Unit, body: Body, { random, clock }: Services): Work {
  const now = clock.now();
  const id = random.id(now);
  return atRest({
    seq: 0, pos: 0, msg: new Msg(body, id), node: unit.id, via: '', wire: undefined, key: null, parents: [], receivedAt: now, branched: false, attempt: 1, crashes: 0, due: null, resumed: false, hops: 0, flags: 0, cursor: null, lineage: id,
    run: { id, flow: unit.place.flow.id, revision: 0, startedAt: now, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 },
  });
}

async function inTime<T>(unit: Unit, { clock }: Services, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  // User code has ended by its own limit before.
  const cancel = clock.after(2 * limits.tryMs, () => { reject(timedOut(unit.id, 2 * limits.tryMs)); });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

const NOTHING = { outputs: {}, writes: [] };

async function toldOf(unit: Unit, result: HandlerResult): Promise<Told> {
  if (isHold(result)) return { ...NOTHING, outcome: 'held', due: dueOf(result) };
  if (isDrop(result)) return { ...NOTHING, outcome: 'dropped', rule: ruleOf(result) };
  if (isMany(result)) return { ...NOTHING, outcome: 'done', outputs: { [unit.defaultPort]: await firstOf(result) } };
  const ports = isToPorts(result) ? portsOf(result) : result === undefined || result === null || isDirective(result) ? {} : { [unit.defaultPort]: result as Body | readonly Body[] };
  const outputs = Object.entries(ports).flatMap(([port, bodies]) => {
    const all: readonly Body[] = bodies === undefined ? [] : Array.isArray(bodies) ? bodies : [bodies as Body];
    return all.length === 0 ? [] : [[port, { count: all.length, bodies: all.slice(0, limits.triedBodies).map(seenOf) }] as const];
  });
  return { ...NOTHING, outcome: 'done', outputs: Object.fromEntries(outputs) };
}

async function firstOf(many: Many): Promise<TriedOutput> {
  const bodies: Body[] = [];
  for await (const body of many.from(0)) {
    if (bodies.length === limits.triedBodies) return { bodies: bodies.map(seenOf) };
    bodies.push(body);
  }
  return { count: bodies.length, bodies: bodies.map(seenOf) };
}

/** As it would come to the next node. Throws for what could not be sent on. */
const seenOf = (body: Body): TriedOutput['bodies'][number] => ({ body: decodeBody(encodeBody(body)), truncated: false });

function writesOf(draft: Draft | undefined): TryAnswer['writes'] {
  return (draft?.changes() ?? []).map(({ flow, node, key, value }) => ({
    scope: flow === GLOBAL ? 'global' as const : node === '' ? 'flow' as const : 'node' as const, key, ...(value !== null && { value: { body: decodeBody(value), truncated: false } }),
  }));
}

function failed({ code, text, details }: { readonly code: string; readonly text: Text; readonly details: { readonly field?: unknown; readonly line?: unknown; readonly column?: unknown } }): Told {
  const { field, line, column } = details;
  return {
    ...NOTHING, outcome: 'failed',
    failure: { code, message: text, ...(typeof field === 'string' && { field }), ...(typeof line === 'number' && { line }), ...(typeof column === 'number' && { column }) },
  };
}

const notPossible = (node: string, type: string): Failure => new Failure('try.not-possible', { en: `trying node ${node}: a node of the type ${type} cannot be tried`, ru: `проба узла ${node}: узел типа ${type} попробовать нельзя` });
const busy = (node: string): Failure => new Failure('try.busy', { en: `trying node ${node}: ${limits.triesAtOnce} tries run already`, ru: `проба узла ${node}: уже выполняется проб: ${limits.triesAtOnce}` });
