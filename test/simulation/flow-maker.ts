import type { Flow, FlowNode, Wire } from '../../runtime/flow/flow.ts';
import type { SeededRandom } from '../kit/virtual-time.ts';
import { flowOf } from '../kit/flow-of.ts';

/** Random flows of the simulation's nodes: lines, fans, branches that meet again, holds, windows, catch nodes, feedback, small wires. */

const NODES_MAX = 14;
const HOUR = 3_600_000; // four of them until a join stops waiting: longer than any story, so that what it was not told of shows
const MULTIPLIERS_MAX = 3; // fans, branches and loops together, so that a message becomes tens and not thousands

const KINDS: readonly (readonly [kind: string, weight: number])[] = [
  ['sim-idempotent', 26], ['sim-external', 10], ['sim-pass', 14], ['sim-batch', 7], ['sim-hold', 10], ['sim-gather', 7], ['sim-route', 8], ['sim-fan', 8], ['sim-loop', 6], ['branch', 10], ['meet', 8], ['sim-split', 8],
];

const PARTS_PASS = ['sim-idempotent', 'sim-external', 'sim-pass', 'sim-hold', 'sim-route', 'sim-batch'] as const;

const int = (random: SeededRandom, from: number, to: number): number => from + Math.floor(random.next() * (to - from + 1));
const often = (random: SeededRandom, share: number): boolean => random.next() < share;
const pick = <T>(random: SeededRandom, from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;

class Maker {
  readonly nodes: { [id: string]: Partial<FlowNode> & { type: string } } = {};
  readonly wires: Wire[] = [];
  readonly random: SeededRandom;
  readonly #wholes: boolean;
  #multipliers = 0;

  constructor(random: SeededRandom, wholes: boolean) {
    this.random = random;
    this.#wholes = wholes;
  }

  add(kind: string): string {
    const id = `${kind.replace('sim-', '')}${Object.keys(this.nodes).length}`;
    this.nodes[id] = { type: kind, ...this.#settings(kind, id) };
    return id;
  }

  #settings(kind: string, id: string): Partial<FlowNode> {
    const { random } = this;
    if (kind === 'sim-pass') return { config: { fails: often(random, 0.3), slow: often(random, 0.3) } };
    if (kind === 'sim-sink') return { config: { answers: often(random, 0.4) } };
    if (kind === 'sim-split') return { config: { times: int(random, 2, 4) } };
    if (kind === 'sim-join') return { config: { id, waitMs: 4 * HOUR } };
    if (kind === 'sim-fan') return { config: { times: int(random, 2, 3), streams: often(random, 0.5) } };
    if (kind === 'sim-loop') return { config: { rounds: int(random, 1, 2) } };
    if (kind === 'sim-gather') return { config: { id, size: int(random, 2, 4), waitMs: pick(random, [2000, 20_000, 60_000]) } };
    if (kind !== 'sim-idempotent' && kind !== 'sim-external') return {};
    return {
      config: often(random, 0.5) ? { link: 'link' } : {}, attempts: int(random, 2, 4),
      ...(often(random, 0.5) && { concurrency: int(random, 1, 3) }), ...(often(random, 0.3) && { timeout: '8s' }),
    };
  }

  wire(from: string, to: string): void {
    const { random } = this;
    const small = often(random, 0.35);
    this.wires.push({
      from, to: `${to}.in`, ...(small && { limit: { messages: int(random, 1, 8) } }), ...(small && { whenFull: pick(random, ['hold', 'hold', 'drop', 'dead-letter'] as const) }),
      ...(often(random, 0.12) && { key: pick(random, ['k', 'k2']) }),
    });
  }

  /** Lets something follow an output, and something that, until the flow is large enough. */
  grow(from: string, depth: number): void {
    const kind = this.#kind(depth);
    if (kind === 'branch') {
      this.#multipliers++;
      this.grow(from, depth + 1);
      this.grow(from, depth + 1);
      return;
    }
    if (kind === 'meet') {
      const met = this.#whereToMeet(from);
      if (met !== undefined) { this.wire(from, met); return; }
    }
    if (kind === 'sim-split') { this.#whole(from, depth); return; }
    const id = this.add(kind === 'meet' ? 'sim-sink' : kind);
    this.wire(from, id);
    if (kind === 'sim-fan' || kind === 'sim-loop') this.#multipliers++;
    if (kind === 'sim-sink' || kind === 'meet') return;
    if (kind === 'sim-route') for (const port of ['a', 'b']) this.grow(`${id}.${port}`, depth + 1);
    else this.grow(`${id}.out`, depth + 1);
    if (kind === 'sim-loop') this.wire(`${id}.again`, this.#whereToGoBack(id));
    if (/idempotent|external/.test(kind) && often(this.random, 0.15)) this.wire(`${id}.error`, this.add('sim-sink'));
  }

  /** A whole is split, and its parts come together again but for those that end or go astray on their way. */
  #whole(from: string, depth: number): void {
    const { random } = this;
    this.#multipliers++;
    const split = this.add('sim-split');
    this.wire(from, split);
    let at = `${split}.out`;
    for (let n = int(random, 1, 3); n > 0; n--) {
      const id = this.add(pick(random, PARTS_PASS));
      this.wire(at, id);
      if (id.startsWith('route')) this.grow(`${id}.b`, depth + 3);
      at = id.startsWith('route') ? `${id}.a` : `${id}.out`;
    }
    const join = this.add('sim-join');
    this.wire(at, join);
    this.grow(`${join}.out`, depth + 2);
    for (const port of ['late', 'incomplete']) if (often(random, 0.5)) this.wire(`${join}.${port}`, this.add('sim-sink'));
  }

  #kind(depth: number): string {
    if (depth > 1 && (Object.keys(this.nodes).length >= NODES_MAX || often(this.random, depth * 0.08))) return 'sim-sink';
    const kinds = KINDS.filter(([kind]) => (this.#wholes || kind !== 'sim-split') && (this.#multipliers < MULTIPLIERS_MAX || !['sim-fan', 'sim-loop', 'sim-split', 'branch'].includes(kind)));
    let left = this.random.next() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
    return kinds.find(([, weight]) => (left -= weight) < 0)?.[0] ?? 'sim-sink';
  }

  #ancestors(id: string): string[] {
    const found: string[] = [];
    for (let todo = [id]; todo.length > 0;) {
      const at = todo.pop() as string;
      if (found.includes(at)) continue;
      found.push(at);
      todo = [...todo, ...this.wires.filter((wire) => wire.to === `${at}.in`).map((wire) => wire.from.split('.')[0] as string)];
    }
    return found;
  }

  /** A node that is not before this one, so that nothing goes in a circle, and that it does not feed already. */
  #whereToMeet(from: string): string | undefined {
    const own = from.split('.')[0] as string;
    const before = this.#ancestors(own);
    const fed = this.wires.filter((wire) => wire.from.split('.')[0] === own).map((wire) => wire.to.split('.')[0]);
    const open = Object.keys(this.nodes).filter((id) => !before.includes(id) && !fed.includes(id) && this.nodes[id]?.type !== 'sim-source' && this.nodes[id]?.type !== 'catch');
    return open.length === 0 ? undefined : pick(this.random, open);
  }

  #whereToGoBack(loop: string): string {
    const before = this.#ancestors(loop).filter((id) => this.nodes[id]?.type !== 'sim-source' && this.nodes[id]?.type !== 'catch');
    return pick(this.random, before);
  }
}

export function makeFlow(random: SeededRandom, wholes: boolean): Flow {
  const maker = new Maker(random, wholes);
  for (let sources = often(random, 0.25) ? 2 : 1; sources > 0; sources--) maker.grow(`${maker.add('sim-source')}.out`, 0);
  if (often(random, 0.5)) {
    const id = maker.add('catch');
    const callers = Object.keys(maker.nodes).filter((each) => /idempotent|external|pass/.test(each));
    if (often(random, 0.4) && callers.length > 0) maker.nodes[id] = { type: 'catch', config: { nodes: [pick(random, callers)] } };
    maker.grow(`${id}.out`, 2);
  }
  return flowOf({ delivery: often(random, 0.12) ? 'memory' : 'durable', nodes: maker.nodes, wires: maker.wires });
}

/** The flow as somebody may deploy it next: other settings, and nodes on wires that change no message. */
export function changeFlow(flow: Flow, random: SeededRandom, rewires: boolean): Flow {
  const nodes: { [id: string]: FlowNode } = {};
  for (const [id, node] of Object.entries(flow.nodes)) {
    const marked = 'mark' in node.config || /source|idempotent|external|batch|route|hold/.test(id);
    nodes[id] = marked && often(random, 0.3) ? { ...node, config: { ...node.config, mark: int(random, 1, 99) }, ...(/idempotent|external/.test(id) && { concurrency: int(random, 1, 4) }) } : node;
  }
  const wires = flow.wires.flatMap((wire, i): Wire[] => {
    if (!often(random, 0.2) || !rewires) return [wire];
    nodes[`thru${i}`] = { type: 'sim-thru', version: 1, config: {} };
    const { from, to, key, ...rest } = wire;
    return [{ from, to: `thru${i}.in`, ...(key !== undefined && { key }) }, { from: `thru${i}.out`, to, ...rest }];
  });
  return { ...flow, nodes, wires };
}

/** Nodes that may be taken away for a while: sources and what catch nodes look at stay. */
export function removable({ nodes }: Flow): readonly string[] {
  const looked = Object.values(nodes).flatMap(({ config }) => (Array.isArray(config.nodes) ? config.nodes : []));
  return Object.keys(nodes).filter((id) => !looked.includes(id) && nodes[id]?.type !== 'sim-source' && nodes[id]?.type !== 'catch');
}
export function withoutNode(flow: Flow, id: string): Flow {
  const { [id]: _gone, ...nodes } = flow.nodes;
  return { ...flow, nodes, wires: flow.wires.filter(({ from, to }) => !from.startsWith(`${id}.`) && !to.startsWith(`${id}.`)) };
}
