import { problem } from '../errors.ts';
import { limits } from '../limits.ts';
import { outputsOf, replayOf } from './evaluate-rule.ts';
import { splitEnd, type Flow, type Problem } from './flow.ts';
import type { CatalogInfo } from './node-info.ts';
import { own } from './own.ts';

/**
 * Loops in which every node only computes. Nothing in such a loop waits or rests on disk, so a message that does not
 * leave it is stopped after `limits.hopsMax` nodes. A loop that offers no way out is an error, any other a warning.
 */
export function loopProblems(flow: Flow, catalog: CatalogInfo): Problem[] {
  const next = pureSteps(flow, catalog);
  return loopsIn(next).map((loop) => {
    const names = loop.join(', ');
    const where = { flow: flow.id, node: loop[0] ?? '' };
    if (!loop.some((id) => mayEnd(id, flow, catalog))) {
      return problem('flow.endless-loop', where, {
        message: { en: `Messages would go round for ever between ${names}: no node among them lets a message out`, ru: `Сообщения будут вечно ходить по кругу между ${names}: ни один из этих узлов не выпускает их` },
        fix: { en: 'Put a switch or a delay into the loop, or remove a wire.', ru: 'Добавьте в круг switch или delay либо удалите связь.' },
      });
    }
    return problem('flow.loop', where, {
      level: 'warning',
      message: { en: `${names} form a loop; a message that passes ${limits.hopsMax} nodes without leaving it fails`, ru: `${names} образуют круг; сообщение, которое прошло ${limits.hopsMax} узлов и не вышло из него, завершится сбоем` },
      fix: { en: 'Make sure that the condition that ends the loop comes true.', ru: 'Убедитесь, что условие выхода из круга выполняется.' },
    });
  });
}

type Steps = ReadonlyMap<string, readonly string[]>;

/** For each node that only computes, those of its kind that it feeds. */
function pureSteps(flow: Flow, catalog: CatalogInfo): Steps {
  const pure = new Set(Object.keys(flow.nodes).filter((id) => isPure(id, flow, catalog)));
  const steps = new Map<string, string[]>([...pure].map((id) => [id, []]));
  for (const wire of flow.wires) {
    const [from, to] = [splitEnd(wire.from).node, splitEnd(wire.to).node];
    if (!wire.disabled && pure.has(from) && pure.has(to)) steps.get(from)?.push(to);
  }
  return steps;
}

/** A node of time holds the message on disk for a while, so a loop through it is a way to poll, however pure it is. */
function isPure(id: string, flow: Flow, catalog: CatalogInfo): boolean {
  const node = own(flow.nodes, id);
  const info = node && own(catalog.nodes, node.type);
  return info !== undefined && !node?.disabled && info.role === 'action' && info.category !== 'time' && replayOf(info.replay, node?.config ?? {}, info.config) === 'pure';
}

/** Code may return nothing, a node with several outputs may choose one that leaves, and one whose outputs follow rules drops what no rule fits. */
function mayEnd(id: string, flow: Flow, catalog: CatalogInfo): boolean {
  const node = own(flow.nodes, id);
  const info = node && own(catalog.nodes, node.type);
  return !info || info.category === 'code' || info.outputs.dynamic !== undefined || Object.keys(outputsOf(info, node?.config ?? {})).length > 1;
}

/** The strongly connected parts that hold a loop (Tarjan, without recursion: a flow may be a chain of thousands). */
function loopsIn(steps: Steps): string[][] {
  const search = { order: new Map<string, number>(), low: new Map<string, number>(), open: [] as string[], isOpen: new Set<string>() };
  const loops: string[][] = [];
  for (const start of steps.keys()) {
    if (!search.order.has(start)) loops.push(...partsFrom(start, steps, search));
  }
  return loops.filter((part) => part.length > 1 || (steps.get(part[0] ?? '')?.includes(part[0] ?? '') ?? false)).map((part) => part.reverse());
}

interface Search { readonly order: Map<string, number>; readonly low: Map<string, number>; readonly open: string[]; readonly isOpen: Set<string> }

function partsFrom(start: string, steps: Steps, search: Search): string[][] {
  const parts: string[][] = [];
  const path: { readonly id: string; at: number }[] = [];
  const enter = (id: string): void => {
    search.low.set(id, search.order.size);
    search.order.set(id, search.order.size);
    search.open.push(id);
    search.isOpen.add(id);
    path.push({ id, at: 0 });
  };
  const lower = (id: string, to: number | undefined): void => { search.low.set(id, Math.min(search.low.get(id) ?? Infinity, to ?? Infinity)); };
  enter(start);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const next = steps.get(top.id)?.[top.at++];
    if (next !== undefined) {
      if (!search.order.has(next)) enter(next);
      else if (search.isOpen.has(next)) lower(top.id, search.order.get(next));
      continue;
    }
    path.pop();
    const parent = path.at(-1);
    if (parent) lower(parent.id, search.low.get(top.id));
    if (search.low.get(top.id) === search.order.get(top.id)) parts.push(closePart(top.id, search));
  }
  return parts;
}

function closePart(root: string, search: Search): string[] {
  const part: string[] = [];
  for (let id = search.open.pop(); id !== undefined; id = id === root ? undefined : search.open.pop()) {
    search.isOpen.delete(id);
    part.push(id);
  }
  return part;
}
