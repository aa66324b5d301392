import { ERROR_PORT } from '../flow/flow.ts';
import type { FusedNodes } from '../sdk/define-node.ts';
import type { SandboxDoor } from '../sdk/context.ts';
import type { Unit, UnitWire } from './unit.ts';

/** Pure nodes in a row that a message passes in one call, each along its wire to the next. They give what they would give one after another. */
export interface Fused { readonly units: readonly Unit[]; readonly wires: readonly UnitWire[]; readonly nodes: FusedNodes }

/** A node that may stand in a row. `part` is what its type makes of it for that, and only `onward` leads on. */
interface Place { readonly unit: Unit; readonly part: unknown; readonly onward: UnitWire | undefined }

/** Makes one of the nodes that stand in a row, as many as their types can; one that cannot parts the row. Answers what has to be closed with the revision. */
export function fuseUnits(units: ReadonlyMap<string, Unit>, sandbox: SandboxDoor): readonly Fused[] {
  const made: Fused[] = [];
  for (let row of rowsOf(units)) {
    while (row.length > 1) {
      const fused = longest(row, sandbox);
      if (fused) made.push(fused);
      row = row.slice(fused?.units.length ?? 1);
    }
  }
  return made;
}

/** The longest beginning of a row that can be one: its first node's type makes it, of its own and of code. */
function longest(row: readonly Place[], sandbox: SandboxDoor): Fused | undefined {
  const { unit: first } = row[0] as Place;
  if (!first.definition?.fuse) return undefined;
  for (let length = row.length; length > 1; length--) {
    const places = row.slice(0, length);
    const units = places.map(({ unit }) => unit);
    if (units.some(({ definition }) => definition?.fuse && definition !== first.definition)) continue;
    const nodes = first.definition.fuse(places.map(({ part }) => part) as never[], { sandbox });
    if (nodes) return (first.fused = { units, wires: places.flatMap(({ onward }) => onward ?? []), nodes });
  }
  return undefined;
}

/** The longest rows. A node belongs to one row at most; what comes in at another than the first goes on one by one. */
function rowsOf(units: ReadonlyMap<string, Unit>): Place[][] {
  const into = new Map<string, number>();
  for (const { outs } of units.values()) for (const { wires } of outs.values()) for (const { to } of wires) into.set(to.id, (into.get(to.id) ?? 0) + 1);
  const places = new Map([...units.values()].flatMap((unit) => placeOf(unit) ?? []).map((place) => [place.unit, place]));
  const next = ({ onward }: Place): Place | undefined => {
    if (!onward || onward.key || onward.strict || onward.back || onward.whenFull !== 'hold' || into.get(onward.to.id) !== 1) return undefined;
    return places.get(onward.to);
  };
  const followers = new Set([...places.values()].flatMap((place) => next(place) ?? []));
  return [...places.values()].filter((place) => !followers.has(place)).flatMap((first) => {
    const row = [first];
    for (let place = next(first); place; place = next(place)) row.push(place);
    return row.length > 1 ? [row] : [];
  });
}

function placeOf(unit: Unit): Place | undefined {
  const { definition, problem, rests, off, records, config, plan, prepared } = unit;
  if (problem || rests || off || records || config?.static !== true || plan.joins.length > 0) return undefined;
  if (definition?.fuse) return { unit, part: prepared.value, onward: unit.out.only };
  const [port, ...others] = [...unit.outs.values()].filter(({ id, wires }) => id !== ERROR_PORT && wires.length > 0);
  const part = port && others.length === 0 ? definition?.inRow?.(config.atDeploy as never, port.id) : undefined;
  return part && { unit, part, onward: port?.only };
}
