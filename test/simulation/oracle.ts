import { planFlow, type Plan, type PlanNode, type PlanWire } from '../../runtime/engine/plan.ts';
import { ERROR_PORT, type Flow } from '../../runtime/flow/flow.ts';
import type { NodeDefinition } from '../../runtime/sdk/index.ts';
import type { Accepted, Ledger } from './ledger.ts';
import { visitKey } from './ledger.ts';
import { withoutNode } from './flow-maker.ts';
import { decides, stepOf } from './sim-nodes.ts';

/**
 * Accounts for every accepted message. From the flow, from what the nodes decide, and from what was seen to arrive or to be set aside it
 * computes how a run may have ended, as numbers of completed, dropped, dead-lettered and discarded messages; the runtime's own count must be one of these.
 * A branch without a trace has no way to have ended: it is lost.
 */

/** Numbers of completed, dropped, dead-lettered and discarded messages as one number, so that ways to end can be added and kept in a set. */
type Ways = ReadonlySet<number>;
const COMPLETED = 1;
const DROPPED = 1000;
const DEAD = 1_000_000;
const DISCARDED = 1_000_000_000;
/** More often no message of these stories is caught: where a catch node may lead back, it is not asked for ever. */
const CAUGHT_MAX = 6;
const LOST: Ways = new Set();
const only = (...ways: readonly number[]): Ways => new Set(ways);
const either = (...all: readonly Ways[]): Ways => new Set(all.flatMap((ways) => [...ways]));
const both = (a: Ways, b: Ways): Ways => new Set([...a].flatMap((x) => [...b].map((y) => x + y)));
const shown = (way: number): string => `completed ${way % 1000}, dropped ${Math.floor(way / DROPPED) % 1000}, dead ${Math.floor(way / DEAD) % 1000}, discarded ${Math.floor(way / DISCARDED)}`;

interface Plans { readonly plan: Plan; readonly without: ReadonlyMap<string, Plan> }

class Expectation {
  readonly #plan: Plan;
  /** The flow without each of the nodes that it was without for a while. */
  readonly #without: ReadonlyMap<string, Plan>;
  readonly #ledger: Ledger;
  readonly #run: string;
  readonly lost: string[] = [];
  #from: { readonly node: string; readonly path: string; readonly cursor: number } | undefined;

  constructor({ plan, without }: Plans, ledger: Ledger, run: string) {
    this.#plan = plan;
    this.#without = without;
    this.#ledger = ledger;
    this.#run = run;
  }

  began({ node, path, cursor }: Accepted): Ways {
    if (cursor > 0) this.#from = { node, path, cursor };
    if (this.#plan.nodes.get(node)?.node.type !== 'sim-source') return this.#at(node, path);
    return this.#discarded(node, path) === undefined ? this.#orDiscarded(this.#along(node, 'out', path)) : only(DISCARDED);
  }

  #discarded(node: string, path: string): number | undefined { return this.#ledger.discarded.get(visitKey({ run: this.#run, node, path })); }
  /** In memory mode a cancelled run may have been anywhere. */
  #orDiscarded(ways: Ways): Ways { return !this.#ledger.durable && this.#ledger.cancelled.has(this.#run) ? either(ways, only(DISCARDED)) : ways; }

  #along(node: string, port: string, path: string): Ways {
    const wires = this.#plan.nodes.get(node)?.wires.get(port) ?? [];
    if (wires.length === 0) return only(COMPLETED);
    const ways = wires.map((wire) => (this.#ledger.wasWithout(wire.to, this.#run) ? either(this.#by(wire, path), only(0)) : this.#by(wire, path))).reduce(both);
    // By no wire at all: it ends here.
    return ways.has(0) ? either(new Set([...ways].filter((way) => way !== 0)), only(COMPLETED)) : ways;
  }

  #by({ to, wire }: PlanWire, path: string): Ways {
    const there = this.#at(to, path);
    const target = this.#plan.nodes.get(to) as PlanNode;
    return wire.whenFull === 'drop' && target.boundary ? either(there, only(DROPPED)) : there;
  }

  #at(id: string, path: string): Ways {
    const node = this.#plan.nodes.get(id) as PlanNode;
    const place = { run: this.#run, node: id, path };
    const letter = this.#ledger.letters.get(visitKey(place))?.[0];
    if (letter) return node.node.type === 'sim-fan' ? both(this.#fanned(id, path, (JSON.parse(letter.details) as { cursor?: number }).cursor ?? 0), only(DEAD)) : only(DEAD);
    const left = this.#discarded(id, path);
    if (left !== undefined) return node.node.type === 'sim-fan' ? both(this.#fanned(id, path, left), only(DISCARDED)) : only(DISCARDED);
    const ways = this.#orDiscarded(this.#through(node, path));
    if (ways.size === 0 && this.lost.length < 3) this.lost.push(`${visitKey(place)} left no trace`);
    return ways;
  }

  #through({ id, node, ...plan }: PlanNode, path: string): Ways {
    const { type, config } = node;
    const on = (port = 'out', ordinal?: number): Ways => this.#along(id, port, stepOf(path, id, ordinal));
    switch (type) {
      case 'sim-sink': return this.#ledger.arrived.has(visitKey({ run: this.#run, node: id, path })) ? only(COMPLETED) : LOST;
      case 'sim-fan': return this.#fanned(id, path, Number(config.times ?? 2));
      case 'sim-route': return decides.drops(id, path) ? only(DROPPED) : on(decides.port(id, path));
      case 'sim-loop': return on(decides.again(id, path, Number(config.rounds ?? 1)) ? 'again' : 'out');
      case 'sim-gather': return this.#gathered(id, path);
      case 'sim-split': return this.#fanned(id, path, Number(config.times ?? 2));
      case 'sim-join': return this.#joined({ id, node, ...plan }, path);
      case 'sim-pass': return config.fails === true && decides.fails(id, path) ? this.#caught({ id, node, ...plan }, path) : on();
      case 'sim-idempotent': case 'sim-external': return either(on(), this.#caught({ id, node, ...plan }, path));
      case 'catch': return this.#along(id, 'out', path);
      default: return on();
    }
  }

  /** So many of what the node makes of it have left. */
  #fanned(id: string, path: string, times: number): Ways {
    const first = this.#from?.node === id && this.#from.path === path ? this.#from.cursor : 0;
    return Array.from({ length: times }, (_, i) => (i < first ? only(0) : this.#along(id, 'out', stepOf(path, id, i)))).reduce(both, only(0));
  }

  #caught(plan: PlanNode, path: string): Ways {
    const failed = `${path.replace(/![^/]*$/, '')}!${plan.id}`;
    if (failed.split('!').length > CAUGHT_MAX) return LOST;
    const byPort = plan.wires.get(ERROR_PORT);
    // Without a node another catch node may be the nearest, or one that would otherwise lead back here.
    const plans = [plan, ...[...this.#without].flatMap(([node, without]) => (this.#ledger.wasWithout(node, this.#run) ? without.nodes.get(plan.id) ?? [] : []))];
    const byCatchers = (): Ways => either(...plans.map(({ caughtBy }) => (caughtBy.length === 0 ? LOST : caughtBy.map((id) => this.#at(id, failed)).reduce(both))));
    if (!byPort) return byCatchers();
    const along = this.#along(plan.id, ERROR_PORT, failed);
    return byPort.some(({ to }) => this.#ledger.wasWithout(to, this.#run)) ? either(along, byCatchers()) : along;
  }

  /** A part: in a whole, there already, or late. What is no part of anything fails. */
  #joined(plan: PlanNode, path: string): Ways {
    const passed = this.#ledger.passed.get(visitKey({ run: this.#run, node: plan.id, path }));
    const gathered = either(...['out', 'incomplete'].map((port) => this.#gathered(plan.id, path, port)));
    return either(gathered, this.#caught(plan, path), passed === 'late' ? this.#along(plan.id, 'late', stepOf(path, plan.id)) : passed === 'taken' ? only(COMPLETED) : LOST);
  }

  /** Wholes of which nothing came leave in the run that was told of the last part. */
  empty(ways: Ways): Ways {
    const empty = this.#ledger.gathered.filter(({ carrier }) => carrier === '');
    return empty.reduce((sum, { node, path }) => either(sum, ...['out', 'incomplete'].map((port) => both(sum, this.#along(node, port, path)))), ways);
  }

  /** It ends in the window, as it does in a replay when it was in one before, unless it is the last there: that one's run goes on with what leaves. */
  #gathered(id: string, path: string, port = 'out'): Ways {
    const { repeats, gathered } = this.#ledger;
    const runs = repeats.isAsBefore(this.#run) ? [this.#run, ...repeats.repeated(this.#run)] : [this.#run];
    const ways = runs.map((run) => `${run}|${path}`).flatMap((own) => gathered.filter(({ node, parts }) => node === id && parts.has(own)).map((window) => (window.carrier === own ? this.#along(id, port, window.path) : only(COMPLETED))));
    return either(repeats.isAsBefore(this.#run) ? only(COMPLETED) : LOST, ...ways);
  }
}

export interface Judged { readonly flow: Flow; readonly nodes: readonly NodeDefinition[]; readonly ledger: Ledger; readonly acknowledged: ReadonlySet<string>; readonly exact: boolean }

/** Everything has had its time: nothing may be pending, and every run must have ended once, in a way that what was seen allows. */
export function judge({ flow, nodes, ledger, acknowledged, exact }: Judged): void {
  const types = new Map(nodes.map((definition) => [definition.info.type, { info: definition.info, rests: definition.collect !== undefined }]));
  const planned = (of: Flow): Plan => planFlow(of, (type) => types.get(type));
  const plans = { plan: planned(flow), without: new Map(ledger.spansWithout.map(({ node }) => [node, planned(withoutNode(flow, node))])) };
  for (const row of ledger.rows.values()) ledger.violated(`${row.run}|${row.node}|${row.id} is still pending, in state ${row.state}`);
  if (ledger.kept.size > 0) ledger.violated(`${ledger.kept.size} messages are still kept in windows`);
  for (const run of acknowledged) if (!ledger.accepted.has(run) && ledger.durable) ledger.violated(`${run} was acknowledged and is not on the disk`);
  for (const [run, ends] of ledger.ended) if (ends.length > 1) ledger.violated(`${run} ended ${ends.length} times`);
  for (const [key, letters] of ledger.letters) if (letters.length > 1) ledger.violated(`${key} is a dead letter ${letters.length} times`);
  if (exact) for (const accepted of ledger.accepted.values()) judgeRun(accepted, plans, ledger);
}

function judgeRun(accepted: Accepted, plans: Plans, ledger: Ledger): void {
  const end = ledger.ended.get(accepted.run)?.[0];
  if (!end) {
    if (ledger.rows.size === 0 && ledger.kept.size === 0) ledger.violated(`${accepted.run} was accepted, is not pending and never ended`);
    return;
  }
  if (ledger.crossed.has(accepted.run)) return;
  const expectation = new Expectation(plans, ledger, accepted.run);
  const ways = expectation.empty(both(expectation.began(accepted), only((ledger.wordsDiscarded.get(accepted.run) ?? 0) * DISCARDED)));
  const way = end.completed * COMPLETED + end.dropped * DROPPED + end.dead * DEAD + end.discarded * DISCARDED;
  if (ways.has(way)) return;
  const why = ways.size === 0 ? expectation.lost.join('; ') : `expected ${[...ways].slice(0, 4).map(shown).join(' or ')}`;
  ledger.violated(`${accepted.run} (${accepted.path}) ended with ${shown(way)}: ${why}`);
}
