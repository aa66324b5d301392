import type { DeployEffects } from '../api/contract.ts';
import { planFlow, type Plan, type PlanNode } from '../engine/plan.ts';
import { problem } from '../errors.ts';
import { compileConfig, type CompiledConfig } from '../expression/resolve.ts';
import { outputsOf } from '../flow/evaluate-rule.ts';
import type { Flow, FlowNode, Json, Problem, Text } from '../flow/flow.ts';
import { parseDuration, parseRate, parseSize } from '../flow/units.ts';
import { limits } from '../limits.ts';
import type { NodePlace, PrepareHost } from '../sdk/context.ts';
import type { NodeDefinition } from '../sdk/define-node.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { compilePath } from '../sdk/path.ts';
import type { ReplyDoor } from './call-context.ts';
import { forksOf, PART } from './lineage.ts';
import { fuseUnits, type Fused } from './fused.ts';
import { nodeLog } from './node-log.ts';
import type { Services } from './services.ts';
import { OutPort, type NodeCount, type Prepared, type QueueLimit, type Unit, type UnitWire, type WireCount } from './unit.ts';

interface Counts { readonly replies: ReplyDoor; count(node: string): NodeCount; wireCount(wire: string): WireCount }
interface Making { readonly flow: Flow; readonly number: number; readonly services: Services; readonly counts: Counts; readonly before: Revision | undefined }

/** A deployed flow with every node made ready. A node that cannot be made ready has a problem, and the others run. */
export class Revision {
  readonly flow: Flow;
  readonly number: number;
  /** Of the secrets and values of the environment with which its nodes were made ready. */
  readonly stamp: number;
  readonly plan: Plan;
  readonly units: ReadonlyMap<string, Unit>;
  #open = 0;
  #retired: Retiring | undefined;
  #freed = false;
  readonly #fused: readonly Fused[];
  readonly #byId = new Map<string, UnitWire>();
  readonly #into = new Map<string, UnitWire[]>();
  readonly #limits = new Map<string, QueueLimit>();

  private constructor({ flow, number }: Making, made: { stamp: number; plan: Plan; units: ReadonlyMap<string, Unit>; fused: readonly Fused[] }) {
    this.flow = flow;
    this.number = number;
    this.stamp = made.stamp;
    this.plan = made.plan;
    this.units = made.units;
    this.#fused = made.fused;
    for (const wire of [...made.units.values()].flatMap((unit) => [...unit.outs.values()].flatMap(({ wires }) => wires))) {
      this.#byId.set(wire.id, wire);
      this.#into.set(wire.to.id, [...(this.#into.get(wire.to.id) ?? []), wire]);
    }
  }

  wire(id: string): UnitWire | undefined { return this.#byId.get(id); }
  wiresInto(node: string): readonly UnitWire[] { return this.#into.get(node) ?? []; }

  /** Whether what came by a wire may rest at the node. */
  takes(node: string): boolean {
    const unit = this.units.get(node);
    return unit !== undefined && !unit.definition?.start;
  }

  /** Wires that hold decide how much may wait at a node; the strictest counts. */
  limitOf(node: string): QueueLimit {
    let limit = this.#limits.get(node);
    if (!limit) {
      const holding = this.wiresInto(node).filter((wire) => wire.whenFull === 'hold').map((wire) => wire.limit);
      const most = this.flow.delivery === 'memory' ? limits.memoryWireMessages : limits.wireMessagesDefault;
      limit = { messages: Math.min(most, ...holding.map(({ messages }) => messages)), chars: Math.min(limits.wireBytesDefault, ...holding.map(({ chars }) => chars)) };
      this.#limits.set(node, limit);
    }
    return limit;
  }

  static async make(making: Making): Promise<Revision> {
    const { flow, services } = making;
    const stamp = services.values.stamp();
    const plan = planFlow(flow, (type) => {
      const definition = services.nodes.get(type);
      return definition && { info: definition.info, rests: definition.collect !== undefined || definition.pace !== undefined, splits: definition.splits === true, state: definition.state, ...(definition.collect?.missing && { gathers: definition.collect.missing.waits }) };
    });
    const units = new Map<string, Unit>();
    const segments = Object.values(flow.nodes).some(({ type }) => services.nodes.get(type)?.batch) ? limits.segmentsOfBatches : limits.segmentsInFlight;
    const ofUnits = { ...making, segments };
    for (const node of plan.nodes.values()) units.set(node.id, await makeUnit(ofUnits, node, units));
    for (const unit of units.values()) connect(making, unit, units);
    const fused = fuseUnits(units, services.sandbox);
    for (const name of new Set([...units.values()].flatMap((unit) => unit.resources))) await services.connections.learn(name);
    return new Revision(making, { stamp, plan, units, fused });
  }

  /** Something works on this revision until it calls `leave`: what its nodes made is kept for it. */
  enter(): void { this.#open++; }
  leave(): void {
    this.#open--;
    this.#freeIfDone();
  }
  /** A newer revision runs, or none any more: what no other revision shares stops and is freed after the last work on this one. */
  retire(retiring: Retiring): void {
    this.#retired ??= retiring;
    this.#freeIfDone();
  }
  get isRetired(): boolean { return this.#retired !== undefined; }
  get isFreed(): boolean { return this.#freed; }
  #freeIfDone(): void {
    if (this.#retired && this.#open === 0) this.cutOff();
  }
  /** One that is retired waits for the work on it no longer. */
  cutOff(): void {
    if (!this.#retired || this.#freed) return;
    this.#freed = true;
    const { stop, failed } = this.#retired;
    for (const { nodes } of this.#fused) nodes.close().catch(failed);
    for (const unit of this.units.values()) if (--unit.prepared.revisions === 0) free(unit, stop).catch(failed);
  }

  changesFrom(before: Revision | undefined): Changes {
    return changes(new Map([...this.units].map(([id, { fingerprint }]) => [id, fingerprint])), before);
  }
}

/** What happens to the nodes of a revision when it is over. */
export interface Retiring {
  /** Missing where nothing ran: in a try or a dry run. */
  readonly stop?: (unit: Unit) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

async function free(unit: Unit, stop: Retiring['stop']): Promise<void> {
  await stop?.(unit);
  if (unit.prepared.value !== undefined) await unit.definition?.dispose?.(unit.prepared.value as never);
}

type Changes = Pick<DeployEffects, 'started' | 'restarted' | 'stopped' | 'kept'>;

/** What a deploy of this flow would do to the nodes of a revision. */
export function changesOf(flow: Flow, services: Services, before: Revision | undefined): Changes {
  return changes(new Map(Object.entries(flow.nodes).map(([id, node]) => [id, fingerprintOf(flow, node, services)])), before);
}

function changes(fingerprints: ReadonlyMap<string, string>, before: Revision | undefined): Changes {
  const ids = [...fingerprints.keys()];
  const kept = ids.filter((id) => before?.units.get(id)?.fingerprint === fingerprints.get(id));
  const started = ids.filter((id) => !kept.includes(id));
  return { started, restarted: started.filter((id) => before?.units.has(id)), stopped: [...(before?.units.keys() ?? [])].filter((id) => !fingerprints.has(id)), kept };
}

/** The same in two revisions: the node goes on. */
const fingerprintOf = (flow: Flow, node: FlowNode, { values }: Services): string => JSON.stringify([node.type, node.version, node.config, node.disabled === true, node.name ?? '', node.timeout ?? '', flow.env ?? {}, values.stamp()]);

async function makeUnit(making: Making & { readonly segments: number }, plan: PlanNode, siblings: ReadonlyMap<string, Unit>): Promise<Unit> {
  const { flow, number, services, counts, before } = making;
  const { node } = plan;
  const definition = services.nodes.get(node.type);
  const fingerprint = fingerprintOf(flow, node, services);
  const place = placeOf(making, plan);
  const twin = before?.units.get(plan.id);
  const readied = twin && twin.fingerprint === fingerprint && !twin.problem
    ? { config: twin.config, prepared: shared(twin.prepared), problem: undefined }
    : await ready({ making, plan, definition, place });
  const info = definition?.info;
  const ports = Object.keys(info ? outputsOf(info, node.config) : {});
  const defaultPort = ports[0] ?? 'out';
  // A disabled node keeps what comes; only one that shows and does nothing else lets it end there.
  const off = node.disabled === true && definition !== undefined && !plan.boundary && ports.length === 0;
  const around = { services, replies: counts.replies };
  return {
    id: plan.id, plan, definition, ...readied, place, around, revision: number, count: counts.count(plan.id), rests: plan.boundary || readied.problem !== undefined || (node.disabled === true && !off && !definition?.start), off, records: node.record === true,
    defaultPort, out: new OutPort(plan.id, defaultPort, []),
    resources: connectionsOf(definition, node.config),
    concurrency: definition?.collect || plan.state ? 1 : node.concurrency ?? (plan.boundary ? definition?.concurrency ?? limits.concurrencyDefault : making.segments),
    attempts: node.attempts ?? limits.attemptsDefault, timeoutMs: durationOf(node.timeout) ?? limits.callTimeoutMs, rate: node.rate === undefined ? undefined : parseRate(node.rate),
    pace: readied.problem || !readied.config ? undefined : definition?.pace?.(readied.config.atDeploy as never),
    outs: new Map(), siblings, fingerprint, fused: undefined,
  };
}

const durationOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseDuration(text));
const sizeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseSize(text));
const made = (value: unknown): Prepared => ({ value, revisions: 1 });

function shared(prepared: Prepared): Prepared {
  prepared.revisions++;
  return prepared;
}

const envOf = (flow: Flow, { values }: Services) => (name: string): Json | undefined => values.env(name) ?? flow.env?.[name]?.default;

/** The config of a node whose type is installed, compiled against the project's values. Throws a `NodeFailure` when it cannot be. */
export async function configOf(flow: Flow, id: string, services: Services): Promise<CompiledConfig> {
  const node = flow.nodes[id] as FlowNode;
  const { info } = services.nodes.get(node.type) as NodeDefinition;
  return await compileConfig(info.config, node.config, { env: envOf(flow, services), secret: (name) => services.values.secret(name), context: (name) => services.states.read(flow.id, name) });
}

interface Ready { readonly config: CompiledConfig | undefined; readonly prepared: Prepared; readonly problem: Problem | undefined }

async function ready(how: { making: Making; plan: PlanNode; definition: NodeDefinition | undefined; place: NodePlace }): Promise<Ready> {
  const { making, plan, definition, place } = how;
  const where = { flow: making.flow.id, node: plan.id };
  if (!definition) return { config: undefined, prepared: made(undefined), problem: unknownType(where, plan.node.type) };
  if (plan.node.disabled) return { config: undefined, prepared: made(undefined), problem: undefined };
  try {
    const { flow, services } = making;
    const config = await configOf(flow, plan.id, services);
    if (!definition.prepare) return { config, prepared: made(undefined), problem: undefined };
    const declared = Object.keys(flow.env ?? {}).flatMap((name) => { const value = envOf(flow, services)(name); return value === undefined ? [] : [[name, value]]; });
    const host: PrepareHost = { ...place, sandbox: services.sandbox, env: Object.fromEntries(declared) as { [name: string]: Json } };
    return { config, prepared: made(await definition.prepare(config.atDeploy as never, host)), problem: undefined };
  } catch (error) {
    return { config: undefined, prepared: made(undefined), problem: cannotStart(where, error) };
  }
}

function placeOf({ flow, number, services }: Making, plan: PlanNode): NodePlace {
  const { observers, clock } = services;
  const at = { flow: flow.id, node: plan.id };
  return {
    node: { id: plan.id, type: plan.node.type, name: plan.node.name ?? plan.id },
    flow: { id: flow.id, name: flow.name, revision: number },
    log: nodeLog(clock, (line) => { observers.emit({ kind: 'log', at: clock.now(), ...at, ...line }); }),
    status: (kind, text) => observers.emit({ kind: 'status', at: clock.now(), ...at, status: { kind, text } }),
    clock,
  };
}

function connect({ counts }: Making, unit: Unit, units: ReadonlyMap<string, Unit>): void {
  unit.outs.set(unit.defaultPort, unit.out);
  for (const [port, wires] of unit.plan.wires) {
    const forks = forksOf(wires, units);
    const turn = port !== unit.defaultPort ? `${unit.id}.${port}` : unit.plan.splits ? `${PART}${unit.id}.${port}` : '';
    unit.outs.set(port, new OutPort(unit.id, port, wires.map(({ id, to, wire, back }, i): UnitWire => ({
      id, step: `${unit.id}.${port}>${to}`, turn: `${turn}${forks[i] as string}`, fork: forks[i] as string, to: units.get(to) as Unit, key: wire.key === undefined ? undefined : compilePath(wire.key),
      limit: { messages: wire.limit?.messages ?? limits.wireMessagesDefault, chars: sizeOf(wire.limit?.bytes) ?? limits.wireBytesDefault }, strict: wire.order === 'strict', back,
      warnAgeMs: durationOf(wire.warnAge), whenFull: wire.whenFull ?? 'hold', count: counts.wireCount(id),
    }))));
  }
  unit.out = unit.outs.get(unit.defaultPort) as OutPort;
}

function connectionsOf(definition: NodeDefinition | undefined, config: { readonly [field: string]: unknown }): string[] {
  return Object.entries(definition?.info.config ?? {}).flatMap(([name, field]) => {
    const value = config[name] ?? field.default;
    return field.kind === 'connection' && typeof value === 'string' ? [value] : [];
  });
}

function unknownType(where: { flow: string; node: string }, type: string): Problem {
  return problem('flow.unknown-type', where, {
    message: { en: `The node type "${type}" is not installed; messages wait at its input.`, ru: `Тип узла «${type}» не установлен; сообщения ждут на его входе.` },
    fix: { en: 'Install the node type, or replace the node.', ru: 'Установите этот тип узла или замените узел.' },
  });
}

function cannotStart(where: { flow: string; node: string }, error: unknown): Problem {
  const text: Text = error instanceof NodeFailure ? error.text : { en: String((error as Error).message), ru: String((error as Error).message) };
  const details = error instanceof NodeFailure ? error.details : {};
  const spot = { ...(typeof details.line === 'number' && { line: details.line }), ...(typeof details.column === 'number' && { column: details.column }), ...(typeof details.field === 'string' && { field: details.field }) };
  return problem('node.cannot-start', { ...where, ...spot }, {
    message: text,
    fix: { en: 'Correct the node and deploy again; messages wait at its input.', ru: 'Исправьте узел и примените снова; сообщения ждут на его входе.' },
  });
}
