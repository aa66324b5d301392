import { ERROR_PORT } from '../engine/plan.ts';
import { limits } from '../limits.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { dueOf, isDrop, isHold, isToPorts, portsOf, type Body } from '../sdk/message.ts';
import { NodeFailure, type FailureRecord } from '../sdk/node-failure.ts';
import { Batcher } from './batcher.ts';
import { CallContext } from './call-context.ts';
import { failureOf, recordOf } from './failures.ts';
import { Msg } from './message.ts';
import type { Segment } from './segment.ts';
import type { Services } from './services.ts';
import { configFor, leaveUnit, OutPort, type Unit, type UnitWire } from './unit.ts';

/** Takes messages through pure nodes, from where they were committed to where they come to rest or end. */
export class Walker {
  readonly services: Services;
  readonly #batchers = new Map<Unit, Batcher>();
  /** Where a branch goes on when it goes on alone: set by `#after`, taken by `enter`. */
  #nextUnit: Unit | undefined;
  #nextMsg: Msg | undefined;
  #nextKey: string | null = null;

  readonly #isFull: (wire: UnitWire) => boolean;

  constructor(services: Services, isFull: (wire: UnitWire) => boolean) {
    this.services = services;
    this.#isFull = isFull;
  }

  /** What leaves a node: its messages go along the wires of `port`, or end there. */
  leave(segment: Segment, unit: Unit, from: { readonly msg: Msg; readonly key: string | null; readonly result: HandlerResult }): void {
    const alone = this.#after(segment, unit, from.msg, from.key, from.result);
    if (alone) this.#go(segment);
  }

  /** An accepted message leaves its source. */
  leaveBy(segment: Segment, unit: Unit, from: { readonly msg: Msg; readonly key: string | null; readonly port: string }): void {
    unit.count.done++;
    if (this.#send(segment, unit, { ...from, body: from.msg.body, ordinal: 0 })) this.#go(segment);
  }

  /** A message that arrives at a node from outside the walk. */
  enter(segment: Segment, unit: Unit, msg: Msg, key: string | null): void {
    this.#nextUnit = unit;
    this.#nextMsg = msg;
    this.#nextKey = key;
    this.#go(segment);
  }

  /** Sends a failure along the error port or to the catch nodes; a dead letter when nobody takes it. */
  fail(segment: Segment, unit: Unit, msg: Msg, error: NodeFailure): void {
    const { clock, observers } = this.services;
    unit.count.failed++;
    const record = recordOf(error, unit.id, Math.max(1, segment.origin.attempt), clock.now());
    const taken = wired(unit, ERROR_PORT) || unit.plan.caughtBy.length > 0;
    observers.emit({ kind: 'failure', at: record.at, flow: unit.place.flow.id, node: unit.id, runId: segment.origin.run.id, code: record.code, text: record.text, attempt: record.attempt, final: !taken });
    if (taken) this.#toCatchers(segment, unit, msg, record);
    else this.#toDeadLetters(segment, unit, msg, record);
  }

  /** A unit of an earlier revision is not called again. */
  forget(unit: Unit): void { this.#batchers.delete(unit); }

  /** Calls a pure node now, in place of the walk: what a held message gets when it is due. */
  call(segment: Segment, unit: Unit, msg: Msg, key: string | null): void {
    this.#nextUnit = undefined;
    if (this.#step(segment, unit, msg, key)) this.#go(segment);
  }

  #go(segment: Segment): void {
    for (;;) {
      const unit = this.#nextUnit as Unit;
      const msg = this.#nextMsg as Msg;
      const key = this.#nextKey;
      this.#arrived(segment, unit, msg);
      if (unit.plan.node.disabled) { segment.tally.dropped++; return; }
      if (unit.rests) { segment.outs.push({ unit, wire: undefined, msg, key, due: null }); return; }
      if (!this.#step(segment, unit, msg, key)) return;
    }
  }

  /** One node; true when exactly one message goes on along one wire. */
  #step(segment: Segment, unit: Unit, msg: Msg, key: string | null): boolean {
    if (msg.depth > limits.hopsMax) { this.fail(segment, unit, msg, tooManyHops(unit)); return false; }
    const definition = unit.definition;
    if (definition?.batch) { this.#batcherOf(unit).add({ segment, msg, key }); return false; }
    if (!definition?.run) return this.#after(segment, unit, msg, key, msg.body);
    try {
      const config = configFor(unit, msg.body, this.services);
      if (config instanceof Promise) { this.#later(segment, unit, msg, key, config.then((value) => this.#run(segment, unit, msg, value))); return false; }
      const result = this.#run(segment, unit, msg, config);
      if (result instanceof Promise) { this.#later(segment, unit, msg, key, result); return false; }
      return this.#after(segment, unit, msg, key, result);
    } catch (error) {
      this.fail(segment, unit, msg, failureOf(error, unit.id));
      return false;
    }
  }

  #run(segment: Segment, unit: Unit, msg: Msg, config: unknown): HandlerResult | Promise<HandlerResult> {
    const context = new CallContext(unit, msg, segment.origin);
    context.config = config;
    return unit.definition?.run?.(msg.body, context as never);
  }

  #later(segment: Segment, unit: Unit, msg: Msg, key: string | null, result: Promise<HandlerResult>): void {
    segment.open++;
    unit.calls++;
    result.then((value) => this.leave(segment, unit, { msg, key, result: value }), (error: unknown) => this.fail(segment, unit, msg, failureOf(error, unit.id)))
      .catch((error: unknown) => this.services.bug(error, { en: `leaving node ${unit.id}`, ru: `выход из узла ${unit.id}` }))
      .finally(() => { leaveUnit(unit); segment.close(); });
  }

  #batcherOf(unit: Unit): Batcher {
    let batcher = this.#batchers.get(unit);
    if (!batcher) this.#batchers.set(unit, (batcher = new Batcher(unit, this)));
    return batcher;
  }

  /** True when one message goes on alone: `#next…` say where. */
  #after(segment: Segment, unit: Unit, msg: Msg, key: string | null, result: HandlerResult): boolean {
    unit.count.done++;
    if (result === undefined || result === null) { segment.tally.completed++; return false; }
    if (Array.isArray(result)) { this.#sendAll(segment, unit, { msg, key, port: unit.defaultPort, bodies: result }); return false; }
    if (isToPorts(result)) {
      const ports = Object.entries(portsOf(result)).filter(([, bodies]) => bodies !== undefined);
      if (ports.length === 0) segment.tally.completed++;
      for (const [port, bodies] of ports) this.#sendAll(segment, unit, { msg, key, port, bodies: Array.isArray(bodies) ? bodies : [bodies as Body] });
      return false;
    }
    if (isHold(result)) { segment.outs.push({ unit, wire: undefined, msg, key, due: dueOf(result) }); return false; }
    if (isDrop(result)) { segment.tally.dropped++; return false; }
    return this.#send(segment, unit, { msg, key, port: unit.defaultPort, body: result as Body, ordinal: 0 });
  }

  #sendAll(segment: Segment, unit: Unit, from: { msg: Msg; key: string | null; port: string; bodies: readonly Body[] }): void {
    if (from.bodies.length === 0) segment.tally.completed++;
    from.bodies.forEach((body, ordinal) => {
      if (this.#send(segment, unit, { ...from, body, ordinal })) this.#go(segment);
    });
  }

  /** True when the body has one wire to follow. */
  #send(segment: Segment, unit: Unit, from: { msg: Msg; key: string | null; port: string; body: Body; ordinal: number }): boolean {
    const { body, ordinal } = from;
    const port = this.#portOf(unit, from.port);
    port.lastBody = body;
    port.lastSegment = segment;
    const { wires } = port;
    if (wires.length === 0) { segment.tally.completed++; return false; }
    const step = ordinal === 0 ? port.step : `${port.step}.${ordinal}`;
    for (const wire of wires) {
      wire.count.passed++;
      const msg = new Msg(body, from.msg, wires.length === 1 ? step : `${step}>${wire.to.id}`);
      const key = wire.key ? keyOf(wire.key.get(body)) : from.key;
      if (wire.to.rests && !wire.to.plan.node.disabled) {
        this.#comeToRest(segment, wire, msg, key);
        continue;
      }
      this.#nextUnit = wire.to;
      this.#nextMsg = msg;
      this.#nextKey = key;
      if (wires.length === 1) return true;
      this.#go(segment);
    }
    return false;
  }

  #arrived(segment: Segment, unit: Unit, msg: Msg): void {
    unit.count.inBody = msg.body;
    unit.count.inSegment = segment;
    this.services.trace?.(unit.place.flow.id, unit.id, msg.body);
  }

  #comeToRest(segment: Segment, wire: UnitWire, msg: Msg, key: string | null): void {
    const unit = wire.to;
    if (wire.whenFull !== 'hold' && this.#isFull(wire)) {
      if (wire.whenFull === 'drop') segment.tally.dropped++;
      else this.#toDeadLetters(segment, unit, msg, recordOf(wireFull(wire), unit.id, 0, this.services.clock.now()));
      return;
    }
    this.#arrived(segment, unit, msg);
    segment.outs.push({ unit, wire, msg, key, due: null });
  }

  #portOf(unit: Unit, id: string): OutPort {
    let port = unit.outs.get(id);
    if (!port) unit.outs.set(id, (port = new OutPort(unit.id, id, [])));
    return port;
  }

  #toCatchers(segment: Segment, unit: Unit, msg: Msg, record: FailureRecord): void {
    const body: Body = { ...msg.body, error: record };
    if (wired(unit, ERROR_PORT)) {
      if (this.#send(segment, unit, { msg, key: segment.origin.key, port: ERROR_PORT, body, ordinal: 0 })) this.#go(segment);
      return;
    }
    for (const id of unit.plan.caughtBy) {
      const catcher = unit.siblings.get(id);
      if (catcher) this.enter(segment, catcher, new Msg(body, msg, `${unit.id}!${id}`), segment.origin.key);
      else segment.tally.completed++;
    }
  }

  #toDeadLetters(segment: Segment, unit: Unit, msg: Msg, record: FailureRecord): void {
    segment.tally.dead++;
    unit.count.deadLetters++;
    segment.letters.push(letterOf(segment, unit, msg, record));
  }
}

function letterOf({ origin }: Segment, unit: Unit, msg: Msg, record: FailureRecord) {
  return {
    id: msg.id, run: origin.run.id, flow: unit.place.flow.id, node: unit.id, at: record.at, attempts: record.attempt, code: record.code,
    text: record.text, details: JSON.stringify(record.details), key: origin.key, receivedAt: origin.receivedAt, body: msg.text,
  };
}

const wired = (unit: Unit, port: string): boolean => (unit.outs.get(port)?.wires.length ?? 0) > 0;

/** A key is text; what is missing has no key and so no order to keep. */
export function keyOf(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number);
}

function wireFull(wire: UnitWire): NodeFailure {
  return new NodeFailure('queue.full', {
    en: `passing wire ${wire.id}: ${wire.limit} messages wait there already`,
    ru: `проход связи ${wire.id}: там уже ждут ${wire.limit} сообщений`,
  });
}

function tooManyHops(unit: Unit): NodeFailure {
  return new NodeFailure('engine.too-many-hops', {
    en: `passing node ${unit.id}: the message went through more than ${limits.hopsMax} nodes without a rest; look for a loop of pure nodes`,
    ru: `проход узла ${unit.id}: сообщение прошло больше ${limits.hopsMax} узлов без остановки; найдите цикл из чистых узлов`,
  });
}
