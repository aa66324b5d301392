import type { Flow, FlowNode } from '../../runtime/flow/flow.ts';

/** Random flows from a webhook to receivers that know every message, with what each message has to leave there. */

export type Random = () => number;
export interface TortureFlow {
  readonly flow: Flow;
  /** Effects that message `n` must have had in the end, as `receiver/flow/stage`. */
  expects(n: number): readonly string[];
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const isPoison = (n: number): boolean => n % 97 === 0;

class Maker {
  readonly nodes: { [id: string]: FlowNode } = {};
  readonly wires: { from: string; to: string }[] = [];
  readonly effects: string[] = [];
  readonly #id: string;
  readonly #receiver: string;
  readonly #random: Random;
  #last = 'in.out';

  constructor(id: string, { receiver, random }: { readonly receiver: string; readonly random: Random }) {
    this.#id = id;
    this.#receiver = receiver;
    this.#random = random;
    this.nodes.in = { type: 'webhook-in', version: 1, config: { method: 'POST', path: `/${id}`, orderBy: 'payload.k', eventId: 'payload.n' } };
  }

  node(type: string, config: FlowNode['config'], settings: Partial<FlowNode> = {}): string {
    const id = `${type}-${Object.keys(this.nodes).length}`;
    this.nodes[id] = { type, version: 1, config, ...settings };
    return id;
  }
  /** Puts a node behind the last one, by its output `port`. */
  then(id: string, port = id.startsWith('function') ? 'out-1' : 'out'): void {
    this.wires.push({ from: this.#last, to: `${id}.in` });
    this.#last = `${id}.${port}`;
  }
  post(): string {
    const stage = `http-request-${Object.keys(this.nodes).length}`;
    return this.node('http-request', { method: 'POST', url: `${this.#receiver}/${this.#id}/${stage}`, idempotent: true, answer: 'json' }, { attempts: 8, timeout: '5s' });
  }
  /** One more step of the way, with what it adds to the effects. */
  step(): void {
    switch (pick(this.#random, ['function', 'function', 'delay', 'split', 'post', 'side'])) {
      case 'function': this.then(this.node('function', { code: 'msg.payload.steps = (msg.payload.steps ?? 0) + 1;\nreturn msg;' })); break;
      case 'delay': this.then(this.node('delay', { mode: 'for', for: pick(this.#random, ['500ms', '2s', '5s']) })); break;
      case 'split':
        this.then(this.node('function', { code: 'msg.payload.items = [1, 2, 3];\nreturn msg;' }));
        this.then(this.node('split', { path: 'payload.items' }));
        this.then(this.node('join', { path: 'payload.items' }));
        break;
      case 'post': this.then(this.#seen(this.post()), 'answer'); break;
      case 'side': this.wires.push({ from: this.#last, to: `${this.#seen(this.post())}.in` }); break;
    }
  }
  #seen(stage: string): string {
    this.effects.push(`http/${this.#id}/${stage}`);
    return stage;
  }
  /** The end of the way: rows in a table, which the database writes once for each message. */
  save(): void {
    const id = this.node('sql-query', {
      db: 'torture-db', setup: `CREATE TABLE IF NOT EXISTS ${this.#id} (n INTEGER NOT NULL)`,
      statement: `INSERT INTO ${this.#id} (n) VALUES ($1)`, values: [{ $expr: 'payload.n' }],
    }, { attempts: 8 });
    this.effects.push(`sql/${this.#id}`);
    this.then(id);
  }
  /** Some messages fail at a function; a catch node sends them to a receiver of their own. */
  poison(): string {
    this.then(this.node('function', { code: 'if (msg.payload.n % 97 === 0) throw new Error("poison");\nreturn msg;' }));
    const caught = this.node('catch', { nodes: [] });
    const post = this.post();
    this.wires.push({ from: `${caught}.out`, to: `${post}.in` });
    return `http/${this.#id}/${post}`;
  }
}

export function makeTortureFlow(id: string, how: { readonly receiver: string; readonly random: Random }): TortureFlow {
  const maker = new Maker(id, how);
  const caught = maker.poison();
  for (let steps = 1 + Math.floor(how.random() * 5); steps > 0; steps--) maker.step();
  maker.save();
  const { nodes, wires, effects } = maker;
  return {
    flow: { format: 'millrace.flow/1', id, name: id, delivery: 'durable', uses: { 'torture-db': 'sql' }, nodes, wires, layout: {} },
    expects: (n) => (isPoison(n) ? [caught] : effects),
  };
}

/** The flow as somebody may deploy it next: the same ends, other settings on the way. */
export function changed(flow: Flow, random: Random): Flow {
  const nodes = Object.fromEntries(Object.entries(flow.nodes).map(([id, node]) => [id, random() < 0.4 && node.type !== 'webhook-in' ? { ...node, name: `${id} ${Math.floor(random() * 1000)}`, ...(node.type === 'http-request' && { concurrency: 1 + Math.floor(random() * 8) }) } : node]));
  return { ...flow, nodes };
}

/** The flow without one of its delays, for which the wires go past it: what waits there is parked. Nothing else changes, so every message has the same ends. */
export function withoutDelay(flow: Flow, random: Random): Flow {
  const delays = Object.keys(flow.nodes).filter((id) => flow.nodes[id]?.type === 'delay');
  if (delays.length === 0) return flow;
  const gone = pick(random, delays);
  const { [gone]: _gone, ...nodes } = flow.nodes;
  const next = flow.wires.filter(({ from }) => from.startsWith(`${gone}.`));
  const wires = flow.wires.filter(({ from }) => !from.startsWith(`${gone}.`)).flatMap((wire) => (wire.to === `${gone}.in` ? next.map(({ to }) => ({ ...wire, to })) : [wire]));
  return { ...flow, nodes, wires };
}
