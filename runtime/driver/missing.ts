import { rowFlag } from '../journal/rows.ts';
import type { Collector, HandlerResult, Missing } from '../sdk/define-node.ts';
import { isDirective, isHold, isMany, isToPorts, portsOf, type Body } from '../sdk/message.ts';
import type { Out } from './segment.ts';
import type { Unit } from './unit.ts';
import type { Visit } from './visit.ts';

/** What rests at a join in place of a part that will not come. */
export interface MissingPart { readonly told: Body; readonly how: Missing }

/** It is no message, but word for a join: where the join is no more, or cannot take it, it ends, and leaves no dead letter. */
export const isWord = ({ flags = 0 }: { readonly flags?: number }): boolean => (flags & rowFlag.missing) !== 0;

/** Where a message goes on: nowhere, by ports of its node, or at other nodes. */
interface Onward { readonly how: Missing; readonly ports?: readonly string[]; readonly nodes?: readonly string[] }

/**
 * Tells joins of parts that will not come. Word of it goes to the join's queue in the commit that ends the part, so that neither a crash
 * nor a restart loses it, and is taken there in its turn.
 */
export class MissingParts {
  readonly #rest: (out: Out) => void;
  constructor(rest: (out: Out) => void) { this.#rest = rest; }

  /** What a node answered: who waits for the message and cannot get it any more. */
  after(visit: Visit, result: HandlerResult): void {
    const { unit } = visit;
    if (unit.plan.joins.length === 0 || unit.plan.gathers || isHold(result) || isMany(result)) return;
    this.of(visit, { how: isDirective(result) && !isToPorts(result) ? 'dropped' : 'elsewhere', ports: portsUsed(unit, result) });
  }

  /** A message ends here, or goes on by so many ways only. */
  of(visit: Visit, { how, ports = [], nodes = [] }: Onward): void {
    const { joins, wires } = visit.unit.plan;
    if (joins.length === 0) return;
    const reached = new Set([...ports.flatMap((port) => wires.get(port)?.flatMap((wire) => wire.joins) ?? []), ...nodes.flatMap((id) => visit.unit.siblings.get(id)?.plan.joins ?? [])]);
    for (const join of joins) if (!reached.has(join)) this.#tell(visit, join, how);
  }

  #tell(visit: Visit, join: string, how: Missing): void {
    const to = visit.unit.siblings.get(join);
    const told = (to?.definition?.collect as Collector<unknown> | undefined)?.missing?.of(visit.body);
    if (!to || !told) return;
    const body: MissingPart = { told, how };
    this.#rest({ visit: visit.beside(to, body as unknown as Body, `${visit.unit.id}~${join}`), wire: undefined, due: null, flags: rowFlag.missing });
  }
}

function portsUsed(unit: Unit, result: HandlerResult): readonly string[] {
  if (result === undefined || result === null || (Array.isArray(result) && result.length === 0)) return [];
  if (!isDirective(result)) return [unit.defaultPort];
  if (!isToPorts(result)) return [];
  return Object.entries(portsOf(result)).flatMap(([port, bodies]) => (bodies === undefined || (Array.isArray(bodies) && bodies.length === 0) ? [] : [port]));
}
