import type { Problem } from '../flow/flow.ts';
import type { Rate } from '../flow/units.ts';
import type { PlanNode } from '../engine/plan.ts';
import type { CompiledPath } from '../sdk/path.ts';
import type { CompiledConfig } from '../expression/resolve.ts';
import type { NodePlace } from '../sdk/context.ts';
import type { Surroundings } from './call-context.ts';
import { PART } from './lineage.ts';
import type { Fused } from './fused.ts';
import type { Segment } from './segment.ts';
import type { NodeDefinition, Pace } from '../sdk/define-node.ts';
import type { Moment } from '../sdk/field.ts';
import type { Body } from '../sdk/message.ts';

/** The last message of a key that waits at a node. Of several that wait for the same instant it is the one that came last. */
export interface LastDue { readonly due: number; readonly pos: number }

/** Counts of a node over all its revisions. */
export class NodeCount {
  done = 0;
  failed = 0;
  working = 0;
  deadLetters = 0;
  /** Of each key that waits here for an instant, the last message: a later one of the key never leaves before it. */
  readonly lastDue = new Map<string, LastDue>();
  /** Of calls that are not pure: smoothed duration in ms. */
  ms: number | undefined;
  /** The last message that came in. */
  inBody: Body | undefined;
  inSegment: Segment | undefined;
}

/** An output port of a unit: where it leads, and what left it last. */
export class OutPort {
  readonly id: string;
  /** What an id that is derived from here begins with. */
  readonly step: string;
  readonly wires: readonly UnitWire[];
  /** The only wire, when there is one: the way that most messages take. */
  readonly only: UnitWire | undefined;
  lastBody: Body | undefined;
  lastSegment: Segment | undefined;
  constructor(node: string, id: string, wires: readonly UnitWire[]) {
    this.id = id;
    this.step = `${node}.${id}`;
    this.wires = wires;
    this.only = wires.length === 1 ? wires[0] : undefined;
  }
  /** The step of one of several messages that leave together: the first one's with its place. Whether other wires leave here changes nothing. */
  stepOf(wire: UnitWire, ordinal: number): string { return `${this.step}.${ordinal}>${wire.to.id}`; }
  /** What one of several messages that leave together adds to its lineage. */
  turnOf({ turn, fork }: UnitWire, ordinal: number): string { return ordinal === 0 ? turn : `${turn.startsWith(PART) ? PART : ''}${this.step}.${ordinal}${fork}`; }
}

export class WireCount { passed = 0; waiting = 0 }

/** How much may wait. */
export interface QueueLimit { readonly messages: number; readonly chars: number }

export interface UnitWire {
  readonly id: string;
  /** What an id that is derived along this wire ends with. */
  readonly step: string;
  /** What it adds to the lineage of the first message that leaves by its port; empty where that simply goes on. And where others leave by other wires, its part of it. */
  readonly turn: string;
  readonly fork: string;
  readonly to: Unit;
  readonly key: CompiledPath | undefined;
  readonly limit: QueueLimit;
  /** Every message that passes is one line, as if all had one key. */
  readonly strict: boolean;
  /** Leads back to where a message has been. */
  readonly back: boolean;
  /** Beyond it the oldest waiting message is told as a warning. */
  readonly warnAgeMs: number | undefined;
  readonly whenFull: 'hold' | 'drop' | 'dead-letter';
  readonly count: WireCount;
}

/** What a node made at deploy, shared by all revisions that did not change the node; freed with the last of them. */
export interface Prepared { readonly value: unknown; revisions: number }

/** A node of one revision, ready to be called. */
export interface Unit {
  readonly id: string;
  readonly plan: PlanNode;
  readonly definition: NodeDefinition | undefined;
  readonly config: CompiledConfig | undefined;
  readonly prepared: Prepared;
  readonly place: NodePlace;
  readonly around: Surroundings;
  readonly revision: number;
  readonly count: NodeCount;
  /** Why it cannot run; its messages wait at its input. */
  readonly problem: Problem | undefined;
  /** Messages come to rest at its input. */
  readonly rests: boolean;
  /** Each of its calls is kept, however many there are. */
  readonly records: boolean;
  /** Disabled, and without anything behind it or outside: what comes in ends here. */
  readonly off: boolean;
  readonly defaultPort: string;
  /** What leaves by the default port. Set when all units of the revision exist, as `outs` is. */
  out: OutPort;
  /** Names of the connections that it uses. */
  readonly resources: readonly string[];
  readonly concurrency: number;
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly rate: Rate | undefined;
  readonly pace: Pace | undefined;
  /** Filled when all units of the revision exist. */
  readonly outs: Map<string, OutPort>;
  /** The units of the same revision. */
  readonly siblings: ReadonlyMap<string, Unit>;
  /** Same type, config and settings in two revisions: the unit goes on. */
  readonly fingerprint: string;
  /** With the nodes that follow it, as one. Set when all units of the revision exist. */
  fused: Fused | undefined;
}

/** The node's config for one message; the same object every time when nothing in it depends on the message. */
export function configFor({ config }: Unit, body: Body, moment: Moment): unknown {
  return config === undefined || config.static ? config?.atDeploy : config.value(body, moment);
}

/** As far as its own revision says. */
export const canRun = ({ problem, plan }: Unit): boolean => problem === undefined && plan.node.disabled !== true;

/** Keeps messages until others have come. */
export const isCollecting = ({ definition }: Unit): boolean => definition?.collect !== undefined;
export const isPacing = ({ definition }: Unit): boolean => definition?.pace !== undefined;
