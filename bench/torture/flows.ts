import type { Flow, FlowNode } from '../../runtime/flow/flow.ts';

/** Random flows from a webhook to receivers that know every message, with what each message has to leave there. */

export type Random = () => number;
export interface TortureFlow {
  readonly flow: Flow;
  /** Effects that message `n` must have had in the end, as `receiver/flow/stage`. */
  expects(n: number): readonly string[];
  /** It waits for somebody outside on the way. */
  readonly waits: boolean;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const MANY = 1200; // parts: more than one step holds
const isPoison = (n: number): boolean => n % 97 === 0;

class Maker {
  readonly nodes: { [id: string]: FlowNode } = {};
  readonly wires: { from: string; to: string }[] = [];
  readonly effects: string[] = [];
  waits = false;
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
    switch (pick(this.#random, ['function', 'stubborn', 'delay', 'split', 'post', 'side', 'callback'])) {
      case 'function': this.then(this.node('function', { code: 'msg.payload.steps = (msg.payload.steps ?? 0) + 1;\nreturn msg;' })); break;
      case 'delay': this.then(this.node('delay', { mode: 'for', for: pick(this.#random, ['500ms', '2s', '5s']) })); break;
      case 'stubborn': this.then(this.node('function', { code: 'if (msg.payload.n % 89 === 7 && !msg.payload.mended) throw new Error("stubborn");\nreturn msg;' })); break;
      case 'split': this.split(); break;
      case 'callback': this.callback(); break;
      case 'post': this.then(this.#seen(this.post()), 'answer'); break;
      case 'side': this.wires.push({ from: this.#last, to: `${this.#seen(this.post())}.in` }); break;
    }
  }
  /** Three parts, and for some messages more than leave in one step; whether all came together again stands in the row. */
  split(): void {
    this.then(this.node('function', { code: `msg.payload.items = Array.from({ length: msg.payload.n % 400 === 1 ? ${MANY} : 3 }, (_, i) => i);\nreturn msg;` }));
    this.then(this.node('split', { path: 'payload.items' }));
    if (this.#random() < 0.5) this.then(this.node('delay', { mode: 'for', for: '300ms' }));
    this.then(this.node('join', { path: 'payload.items' }));
    this.then(this.node('function', { code: `const { n, items } = msg.payload;\nif (items.length !== (n % 400 === 1 ? ${MANY} : 3) || items.some((each, i) => each !== i)) msg.payload.wrong = true;\nmsg.payload.items = 0;\nreturn msg;` }));
  }
  /** Waits until somebody outside, who is told the address by a request, answers there. */
  callback(): void {
    this.waits = true;
    const wait = this.node('wait-for-callback', { timeout: '10h' });
    this.then(wait);
    const address = this.node('change', { rules: [{ action: 'set', path: 'payload.resume', value: { $expr: 'resume.url' } }] });
    this.wires.push({ from: `${wait}.waiting`, to: `${address}.in` }, { from: `${address}.out`, to: `${this.#seen(this.post())}.in` });
  }
  #seen(stage: string): string {
    this.effects.push(`http/${this.#id}/${stage}`);
    return stage;
  }
  /** The end of the way: rows in a table, which the database writes once for each message. */
  save(): void {
    const id = this.node('sql-query', {
      db: 'torture-db', setup: `CREATE TABLE IF NOT EXISTS ${this.#id} (n INTEGER NOT NULL, wrong INTEGER NOT NULL)`,
      statement: `INSERT INTO ${this.#id} (n, wrong) VALUES ($1, $2)`, values: [{ $expr: 'payload.n' }, { $expr: 'payload.wrong = true' }],
    }, { attempts: 8 });
    this.effects.push(`sql/${this.#id}`);
    this.then(id);
  }
  /** Some messages fail at a function; a catch node sends them to a receiver of their own. */
  poison(): string {
    this.then(this.node('function', { code: 'if (msg.payload.n % 97 === 0) throw new Error("poison");\nreturn msg;' }));
    const caught = this.node('catch', { nodes: [this.#last.split('.')[0] as string] });
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
    waits: maker.waits,
    flow: { format: 'millrace.flow/1', id, name: id, delivery: 'durable', uses: { 'torture-db': 'sql' }, nodes, wires, layout: {} },
    expects: (n) => (isPoison(n) ? [caught] : effects),
  };
}

/** The flow as somebody may deploy it next: the same ends, other settings on the way. */
export function changed(flow: Flow, random: Random): Flow {
  const nodes = Object.fromEntries(Object.entries(flow.nodes).map(([id, node]) => [id, random() < 0.4 && node.type !== 'webhook-in' ? { ...node, name: `${id} ${Math.floor(random() * 1000)}`, ...(node.type === 'http-request' && { concurrency: 1 + Math.floor(random() * 8) }) } : node]));
  return { ...flow, nodes };
}

/** The flow with one node more on one of its wires, which every message simply passes: no key of a call changes for a replay. Not where very many messages of one pass, which are not recorded one by one. */
export function withNodeMore(flow: Flow, random: Random): Flow | undefined {
  if (Object.values(flow.nodes).some(({ type }) => type === 'split')) return undefined;
  const at = pick(random, flow.wires);
  const more: FlowNode = { type: 'change', version: 1, config: { rules: [{ action: 'set', path: 'payload.more', value: true }] } };
  return { ...flow, nodes: { ...flow.nodes, more }, wires: flow.wires.flatMap((wire) => (wire === at ? [{ ...wire, to: 'more.in' }, { from: 'more.out', to: wire.to }] : [wire])) };
}

/** The flow without one of its delays, for which the wires go past it: what waits there is parked. Nothing else changes, so every message has the same ends. `next`: where it would have gone. */
export function withoutDelay(flow: Flow, random: Random): { readonly flow: Flow; readonly gone: string; readonly next: string | undefined } | undefined {
  const delays = Object.keys(flow.nodes).filter((id) => flow.nodes[id]?.type === 'delay');
  if (delays.length === 0) return undefined;
  const gone = pick(random, delays);
  const { [gone]: _gone, ...nodes } = flow.nodes;
  const next = flow.wires.filter(({ from }) => from.startsWith(`${gone}.`));
  const wires = flow.wires.filter(({ from }) => !from.startsWith(`${gone}.`)).flatMap((wire) => (wire.to === `${gone}.in` ? next.map(({ to }) => ({ ...wire, to })) : [wire]));
  return { flow: { ...flow, nodes, wires }, gone, next: next.length === 1 ? next[0]?.to.split('.')[0] : undefined };
}
