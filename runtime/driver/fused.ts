import type { FusedNodes } from '../sdk/define-node.ts';
import type { SandboxDoor } from '../sdk/context.ts';
import type { Unit } from './unit.ts';

/** Pure nodes in a row that a message passes in one call. They give what they would give one after another. */
export interface Fused { readonly units: readonly Unit[]; readonly nodes: FusedNodes }

/** Makes one of the nodes that stand in a row, as many as their type can; one that cannot parts the row. Answers what has to be closed with the revision. */
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

/** The longest beginning of a row that can be one. */
function longest(row: readonly Unit[], sandbox: SandboxDoor): Fused | undefined {
  const [first] = row as [Unit];
  for (let length = row.length; length > 1; length--) {
    const units = row.slice(0, length);
    const nodes = first.definition?.fuse?.(units.map(({ prepared }) => prepared.value) as never[], { sandbox });
    if (nodes) return (first.fused = { units, nodes });
  }
  return undefined;
}

/** The longest rows. A node belongs to one row at most; what comes in at another than the first goes on one by one. */
function rowsOf(units: ReadonlyMap<string, Unit>): Unit[][] {
  const into = new Map<string, number>();
  for (const { outs } of units.values()) for (const { wires } of outs.values()) for (const { to } of wires) into.set(to.id, (into.get(to.id) ?? 0) + 1);
  const next = (unit: Unit): Unit | undefined => {
    const { only } = unit.out;
    if (!fits(unit) || !only || only.key || only.strict || only.back || only.whenFull !== 'hold') return undefined;
    return into.get(only.to.id) === 1 && fits(only.to) && only.to.definition === unit.definition ? only.to : undefined;
  };
  const followers = new Set([...units.values()].flatMap((unit) => next(unit) ?? []));
  return [...units.values()].filter((unit) => !followers.has(unit)).flatMap((first) => {
    const row = [first];
    for (let unit = next(first); unit; unit = next(unit)) row.push(unit);
    return row.length > 1 ? [row] : [];
  });
}

const fits = ({ definition, problem, rests, off, records, config, plan }: Unit): boolean => (
  definition?.fuse !== undefined && !problem && !rests && !off && !records && config?.static === true && plan.joins.length === 0
);
