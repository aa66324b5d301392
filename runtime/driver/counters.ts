import type { LiveCounters, NodeCounters, WireCounters } from '../api/contract.ts';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Services } from './services.ts';

interface Sample { readonly at: number; readonly done: ReadonlyMap<string, number>; readonly passed: ReadonlyMap<string, number> }

const RATE_OVER_MS = 1000;

/** What the editor shows of a running flow. Rates are over the last second or so, whoever asks how often. */
export class CountersOf {
  readonly #runner: FlowRunner;
  readonly #services: Services;
  /** Nobody shows this flow any more. */
  readonly close: () => void;
  #before: Sample;
  #latest: Sample;
  readonly #statuses = new Map<string, NonNullable<NodeCounters['status']>>();

  constructor(runner: FlowRunner, services: Services) {
    this.#runner = runner;
    this.#services = services;
    this.#latest = this.#before = this.#sample();
    this.close = services.observers.watch((event) => {
      if (event.kind !== 'status' || event.flow !== runner.flow) return;
      if (event.status) this.#statuses.set(event.node, event.status);
      else this.#statuses.delete(event.node);
    });
  }

  read(): LiveCounters {
    const runner = this.#runner;
    if (this.#services.clock.elapsed() - this.#latest.at >= RATE_OVER_MS) {
      this.#before = this.#latest;
      this.#latest = this.#sample();
    }
    const revision = runner.revision;
    return {
      flow: runner.flow, at: this.#services.clock.now(), ...(revision && { state: runner.state, revision: revision.number }), ...(runner.restingBytes >= limits.flowBytesMax && { isDiskFull: true as const }),
      nodes: Object.fromEntries([...new Set([...(revision?.units.keys() ?? []), ...runner.pinned.units.map(({ id }) => id), ...this.#leftBehind()])].map((id) => [id, this.#node(id)])),
      wires: Object.fromEntries([...runner.wireCounts.keys()].map((id) => [id, this.#wire(id)])),
      connections: this.#connections(),
    };
  }

  /** Nodes that may be in no revision any more: their dead letters still wait for somebody. */
  #leftBehind(): readonly string[] {
    return [...this.#runner.nodeCounts].filter(([, { deadLetters }]) => deadLetters > 0).map(([id]) => id);
  }

  #sample(): Sample {
    const { nodeCounts, wireCounts } = this.#runner;
    return {
      at: this.#services.clock.elapsed(),
      done: new Map([...nodeCounts].map(([id, count]) => [id, count.done])), passed: new Map([...wireCounts].map(([id, count]) => [id, count.passed])),
    };
  }

  #rate(what: 'done' | 'passed', id: string): number {
    const seconds = (this.#latest.at - this.#before.at) / 1000;
    return seconds === 0 ? 0 : ((this.#latest[what].get(id) ?? 0) - (this.#before[what].get(id) ?? 0)) / seconds;
  }

  #node(id: string): NodeCounters {
    const count = this.#runner.count(id);
    const station = this.#runner.stations.get(id);
    const problem: Text | undefined = this.#runner.unit(id)?.problem?.message;
    const status = this.#statuses.get(id);
    return {
      done: count.done, failed: count.failed, working: station?.working ?? 0, waiting: station?.queued ?? 0, held: station?.waitingForDue ?? 0,
      deadLetters: count.deadLetters, ...(station && station.keysHeld > 0 && { keysHeld: station.keysHeld }), perSecond: this.#rate('done', id),
      ...(station && station.paused.length > 0 && { paused: station.paused }), ...(count.ms !== undefined && { ms: count.ms }), ...(status && { status }), ...(problem && { problem }),
    };
  }

  #wire(id: string): WireCounters {
    const wire = this.#runner.revision?.wire(id);
    const station = wire && this.#runner.stations.get(wire.to.id);
    const alone = wire !== undefined && this.#runner.revision?.wiresInto(wire.to.id).length === 1;
    const waiting = alone ? station?.queued ?? 0 : this.#runner.wireCount(id).waiting;
    const told = { passed: this.#runner.wireCount(id).passed, waiting, limit: wire?.limit.messages ?? 0, perSecond: this.#rate('passed', id) };
    if (!wire || !station || waiting === 0) return told;
    const fill = Math.min(1, Math.max(waiting / wire.limit.messages, station.queuedChars / wire.limit.chars));
    const { oldestAt } = station;
    const old = oldestAt !== undefined && wire.warnAgeMs !== undefined && this.#services.clock.now() - oldestAt > wire.warnAgeMs;
    return { ...told, fill, ...(oldestAt !== undefined && { oldestAt }), ...(old && { old }) };
  }

  #connections(): LiveCounters['connections'] {
    const names = new Set([...this.#runner.stations.values()].flatMap((station) => station.paused));
    for (const unit of this.#runner.revision?.units.values() ?? []) for (const name of unit.resources) names.add(name);
    return Object.fromEntries([...names].flatMap((name) => {
      const told = this.#services.connections.state(name);
      return told.state === 'unused' ? [] : [[name, told]];
    }));
  }
}
