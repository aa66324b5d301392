import { shortHash } from '../hash.ts';
import type { PlanWire } from '../engine/plan.ts';
import type { Unit } from './unit.ts';

/**
 * The lineage of a message is what a replay under the same keys knows it by where its id has changed, because nodes were added to its way or taken from it since: ids name the whole
 * way, a lineage only where ways part. It begins as the id of the first message, goes on unchanged with the one message that leaves a node by its first port along the only wire that
 * leads on, and takes a turn at a fork, at another port, for each of several messages, at a catch node and in each round of a loop. So no two messages of one revision have the same
 * one at a node. It is never a key of a call: after deploys in the midst of a run a message may come to a node twice with the same one.
 */
export type Lineage = string | null;

/** Begins the turn of a part of a whole: before it stands the lineage of the whole, which comes back when that is put together again. */
export const PART = '~';
const OF = '!'; // at the end stand the ids by which parts know each other, the innermost last
const LENGTH_MAX = 512; // of splits inside splits

/** By this it is found: what stands before the ids. */
export const nameOf = (lineage: string): string => lineage.split(OF, 1)[0] as string;

/** `parent`: the id of the message that took the turn. */
export function turned(lineage: Lineage, turn: string, parent = ''): Lineage {
  if (lineage === null || turn === '') return lineage;
  const name = nameOf(lineage);
  const at = name.lastIndexOf(PART) + 1;
  const next = shortHash(`${name.slice(at)}|${turn}`);
  const ids = lineage.slice(name.length);
  if (!turn.startsWith(PART)) return name.slice(0, at) + next + ids;
  return lineage.length > LENGTH_MAX ? null : name + PART + next + ids + OF + parent;
}

/** Of a whole that a node put together from its parts, by that of any of them; unknown where they are not the parts that a split made last. */
export function wholeAgain(part: Lineage, { node, parts }: { readonly node: string; readonly parts: string }): Lineage {
  if (part === null || !part.endsWith(OF + parts)) return null;
  const name = nameOf(part);
  return turned(name.slice(0, name.lastIndexOf(PART)) + part.slice(name.length, -(OF.length + parts.length)), `*${node}`);
}

/** What each of the wires of a port adds to the turn of a message. A node where all ends does not make a fork of the port: somebody only looks there. */
export function forksOf(wires: readonly PlanWire[], units: ReadonlyMap<string, Unit>): readonly string[] {
  const onward = wires.filter(({ to }) => !endsAt(units.get(to) as Unit));
  const names = wires.map(({ to }) => leadsTo(to, units));
  return wires.map((wire, i) => {
    if (wires.length === 1 || (onward.length === 1 && onward[0] === wire)) return '';
    if (!onward.includes(wire)) return `>${wire.id}`;
    const name = names[i] as string;
    return names.indexOf(name) === names.lastIndexOf(name) ? `>${name}` : `>${wire.to}>${name}`;
  });
}

const endsAt = ({ plan }: Unit): boolean => !plan.boundary && plan.wires.size === 0;

/** A branch is named by the first node on it that is not just passed, so that another one before that changes nothing. */
function leadsTo(first: string, units: ReadonlyMap<string, Unit>): string {
  const seen = new Set<string>();
  for (let at = first; ;) {
    const { plan, defaultPort } = units.get(at) as Unit;
    const wires = plan.wires.get(defaultPort);
    const [only] = wires ?? [];
    if (plan.boundary || plan.splits || plan.wires.size !== 1 || wires?.length !== 1 || !only || seen.has(at)) return at;
    seen.add(at);
    at = only.to;
  }
}

/** Messages of one lineage that came to the node: the one that is done, or is the only one. */
export function kinOf(message: string, kin: readonly { readonly message: string; readonly done: boolean }[]): string {
  const done = kin.filter((each) => each.done);
  const [one, ...others] = done.length > 0 ? done : kin;
  return one && others.length === 0 ? one.message : message;
}
