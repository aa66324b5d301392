import { ERROR_PORT } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { dueOf, isDirective, isHold, isMany, isToPorts, portsOf, type Body, type Many } from '../sdk/message.ts';
import type { NodeFailure, FailureRecord } from '../sdk/node-failure.ts';
import { Batcher } from './batcher.ts';
import { CallContext } from './call-context.ts';
import { failureOf, notStorable, recordOf, tooManyHops, tooManyRounds, wireFull } from './failures.ts';
import { encodeBody, encodeStorable } from '../journal/codec.ts';
import type { DeadLetterRow } from '../journal/rows.ts';
import { MissingParts } from './missing.ts';
import type { Recorder } from './recorder.ts';
import type { Services } from './services.ts';
import { configFor, OutPort, type Unit, type UnitWire } from './unit.ts';
import type { Out } from './segment.ts';
import { Stream } from './stream.ts';
import type { Visit } from './visit.ts';

/** Takes messages through pure nodes, from where they were committed to where they come to rest or end. */
export class Walker {
  readonly services: Services;
  readonly #batchers = new WeakMap<Unit, Batcher>();
  readonly missing = new MissingParts((out) => { this.#rest(out); });
  readonly #recorder: Recorder;
  readonly #isFull: (wire: UnitWire) => boolean;

  constructor(services: Services, { recorder, isFull }: { readonly recorder: Recorder; readonly isFull: (wire: UnitWire) => boolean }) {
    this.services = services;
    this.#recorder = recorder;
    this.#isFull = isFull;
  }

  /** What a node answered: its messages go along its wires, or end there. */
  leave(visit: Visit, result: HandlerResult): void {
    try {
      const next = this.#after(visit, result);
      if (next) this.#go(next);
    } catch (error) {
      // A mistake of ours is told as such, and the message is not lost by it.
      this.services.bug(error, { en: `leaving node ${visit.unit.id}`, ru: `выход из узла ${visit.unit.id}` });
      this.fail(visit, failureOf(error, visit.unit.id));
    }
  }

  /** The same of a message that goes on with its result at the next node known already: that one's visit, when there is one. */
  follow(visit: Visit, result: HandlerResult): Visit | undefined {
    try {
      const next = this.#after(visit, result);
      if (next) this.#arrived(next);
      return next;
    } catch (error) {
      this.fail(visit, failureOf(error, visit.unit.id));
      return undefined;
    }
  }

  /** It has passed the node and one message of it goes on along the wire: only that counts, and nobody looks. */
  pass(visit: Visit, wire: UnitWire): Visit {
    visit.unit.count.done++;
    wire.count.passed++;
    const next = wire === visit.unit.out.only ? visit.goOn(wire.to, visit.body) : visit.then(wire.to, visit.body, wire.step);
    if (next !== visit && visit.segment.origin.lineage !== null) next.turn = wire.turn;
    next.via = wire.id;
    return next;
  }

  /** Calls a pure node whose result is at hand: the visit of the message that goes on alone, when one does. */
  through(visit: Visit): Visit | undefined {
    const next = this.#step(visit);
    if (next) this.#arrived(next);
    return next;
  }

  /** An accepted message leaves its source. */
  leaveBy(visit: Visit, port: string): void {
    visit.unit.count.done++;
    const out = portOf(visit.unit, port);
    const next = out === visit.unit.out ? this.#sendOne(visit, visit.body) : this.#send(visit, out, { body: visit.body, ordinal: 0 });
    if (next) this.#go(next);
  }

  /** Calls a pure node for a message that rested there. */
  call(visit: Visit): void {
    const next = this.#step(visit);
    if (next) this.#go(next);
  }

  /** Sends a failure along the error port or to the catch nodes; a dead letter when nobody takes it. */
  fail(visit: Visit, error: NodeFailure): void {
    const { clock, observers } = this.services;
    const { unit, segment } = visit;
    if (visit.depth === 0) segment.origin.draft = undefined; // a call that failed writes nothing
    unit.count.failed++;
    const record = recordOf(error, { node: unit.id, attempt: Math.max(1, segment.origin.attempt), at: clock.now() });
    const taken = wired(unit, ERROR_PORT) || unit.plan.caughtBy.length > 0;
    observers.emit({ kind: 'failure', at: record.at, flow: unit.place.flow.id, node: unit.id, runId: segment.origin.run.id, code: record.code, text: record.text, attempt: record.attempt, final: !taken });
    this.#recorder.failed(visit, record, taken);
    if (taken) this.#toCatchers(visit, record);
    else this.#toDeadLetters(visit, record, error.outcomeUnknown && unit.plan.replay === 'external' ? 'unknown' : 'failed');
  }

  /** On and on, as long as one message goes on alone along one wire. */
  #go(first: Visit): void {
    for (let visit: Visit | undefined = first; visit;) {
      this.#arrived(visit);
      const { unit, segment } = visit;
      if (unit.off) {
        if (segment.recorded) this.#recorder.dropped(visit, 'disabled');
        segment.tally.dropped++;
        this.missing.of(visit, { how: 'dropped' });
        return;
      }
      if (unit.rests) { this.#rest({ visit, wire: undefined, due: null }); return; }
      visit = this.#step(visit);
    }
  }

  /** One node; the message that goes on, when it is exactly one. */
  #step(visit: Visit): Visit | undefined {
    const { unit, body } = visit;
    const { definition } = unit;
    try {
      if (visit.segment.recorded) visit.began = this.services.clock.elapsed();
      if (visit.depth > limits.hopsMax) throw tooManyHops(unit);
      if (definition?.batch) { this.#batcherOf(unit).add(visit); return undefined; }
      if (!definition?.run) return this.#after(visit, body);
      const result = run(visit);
      if (!(result instanceof Promise)) return this.#after(visit, result);
      this.#later(visit, result);
    } catch (error) {
      this.fail(visit, failureOf(error, unit.id));
    }
    return undefined;
  }

  #later(visit: Visit, result: Promise<HandlerResult>): void {
    const { unit, segment } = visit;
    segment.open++;
    visit.context = undefined; // the call has it until it ends, and longer
    result.then((value) => this.leave(visit, value), (error: unknown) => this.fail(visit, failureOf(error, unit.id)))
      .catch((error: unknown) => this.services.bug(error, { en: `leaving node ${unit.id}`, ru: `выход из узла ${unit.id}` }))
      .finally(() => segment.close());
  }

  /** When all messages that a node takes many at once of have left it; undefined when none is there. */
  idleAt(unit: Unit | undefined): Promise<void> | undefined { return unit && this.#batchers.get(unit)?.idle; }

  #batcherOf(unit: Unit): Batcher {
    let batcher = this.#batchers.get(unit);
    if (!batcher) this.#batchers.set(unit, (batcher = new Batcher(unit, this)));
    return batcher;
  }

  /** The message that goes on alone, if one does; everything else is on its way when this returns. */
  #after(visit: Visit, result: HandlerResult): Visit | undefined {
    const { segment, unit } = visit;
    const { lastDue } = unit.count;
    if (lastDue.size > 0 && !isHold(result) && this.#waitsForKey(visit)) return undefined;
    unit.count.done++;
    if ((segment.recorded || unit.records) && !isMany(result)) this.#recorder.left(visit, result);
    if (unit.plan.joins.length > 0) this.missing.after(visit, result);
    if (result === undefined || result === null) segment.tally.completed++;
    else if (Array.isArray(result)) return this.#sendAll(visit, unit.out, result);
    else if (!isDirective(result)) return this.#sendOne(visit, result as Body);
    else if (isToPorts(result)) return this.#sendToPorts(visit, portsOf(result));
    else if (isMany(result)) this.#sendMany(visit, result);
    else if (isHold(result)) this.#rest({ visit, wire: undefined, due: dueOf(result) });
    else segment.tally.dropped++;
    return undefined;
  }

  /** A message of its key waits at this node: one that need not wait does so too, until that one has left. */
  #waitsForKey(visit: Visit): boolean {
    const { unit, key, segment: { origin } } = visit;
    const due = key === null || (visit.depth === 0 && origin.resumed) ? undefined : unit.count.lastDue.get(key)?.due;
    if (due === undefined) return false;
    if (visit.depth === 0) origin.draft = undefined; // the call is made again
    this.#rest({ visit, wire: undefined, due });
    return true;
  }

  /** The last that goes on is left to the caller, as everywhere. */
  #sendToPorts(visit: Visit, ports: ReturnType<typeof portsOf>): Visit | undefined {
    let sent = false;
    let last: Visit | undefined;
    for (const port in ports) {
      const bodies = ports[port];
      if (bodies === undefined) continue;
      sent = true;
      if (last) this.#go(last);
      last = this.#sendAll(visit, portOf(visit.unit, port), Array.isArray(bodies) ? bodies : [bodies as Body]);
    }
    if (!sent) visit.segment.tally.completed++;
    return last;
  }

  #sendAll(visit: Visit, port: OutPort, bodies: readonly Body[]): Visit | undefined {
    if (bodies.length === 0) visit.segment.tally.completed++;
    let last: Visit | undefined;
    for (let ordinal = 0; ordinal < bodies.length; ordinal++) {
      if (last) this.#go(last);
      last = this.#send(visit, port, { body: bodies[ordinal] as Body, ordinal });
    }
    return last;
  }

  #sendMany(visit: Visit, many: Many): void {
    const { segment: { origin }, depth } = visit;
    const stream = new Stream(many, depth === 0 ? origin.cursor ?? 0 : 0);
    if (depth === 0) origin.stream = stream;
    this.nextChunk(visit, stream);
  }

  /** Sends the next of very many. */
  nextChunk(visit: Visit, stream: Stream): void {
    const { segment, unit } = visit;
    const first = stream.at;
    const failed = (error: unknown): void => this.fail(visit, failureOf(error, unit.id));
    try {
      const bodies = stream.take();
      if (!(bodies instanceof Promise)) { this.#sendChunk(visit, stream, { bodies, first }); return; }
      segment.open++;
      bodies.then((some) => this.#sendChunk(visit, stream, { bodies: some, first }), failed)
        .catch((error: unknown) => this.services.bug(error, { en: `leaving node ${unit.id}`, ru: `выход из узла ${unit.id}` }))
        .finally(() => segment.close());
    } catch (error) {
      failed(error);
    }
  }

  #sendChunk(visit: Visit, stream: Stream, { bodies, first }: { readonly bodies: readonly Body[]; readonly first: number }): void {
    const { segment, unit } = visit;
    if (visit.depth > 0 && !stream.done) {
      // Only what rests here can leave in several steps; from here it begins again.
      unit.count.done--;
      this.#rest({ visit, wire: undefined, due: null });
      return;
    }
    if (first === 0 && (segment.recorded || unit.records)) this.#recorder.left(visit, bodies);
    if (first + bodies.length === 0) {
      segment.tally.completed++;
      this.missing.of(visit, { how: 'elsewhere' });
    }
    if (!stream.done) segment.cursor = stream.at;
    bodies.forEach((body, i) => {
      const next = this.#send(visit, unit.out, { body, ordinal: first + i });
      if (next) this.#go(next);
    });
  }

  /** The only message that came of a visit: by a single wire the visit itself goes on. */
  #sendOne(visit: Visit, body: Body): Visit | undefined {
    const { out } = visit.unit;
    if (!out.only || visit.unit.plan.splits) return this.#send(visit, out, { body, ordinal: 0 });
    this.#left(visit, out, body);
    return this.#along(out.only, visit.goOn(out.only.to, body));
  }

  #left({ segment }: Visit, port: OutPort, body: Body): void {
    if (!segment.shown) return;
    port.lastBody = body;
    port.lastSegment = segment;
  }

  /** The message that follows, when there is one wire to follow. */
  #send(visit: Visit, port: OutPort, { body, ordinal }: { readonly body: Body; readonly ordinal: number }): Visit | undefined {
    this.#left(visit, port, body);
    const { only, wires } = port;
    const branch = (wire: UnitWire): Visit | undefined => {
      const next = visit.then(wire.to, body, ordinal === 0 ? wire.step : port.stepOf(wire, ordinal));
      if (visit.segment.origin.lineage !== null) next.turn = port.turnOf(wire, ordinal);
      return this.#along(wire, next);
    };
    if (only) return branch(only);
    if (wires.length === 0) visit.segment.tally.completed++;
    for (const wire of wires) {
      const next = branch(wire);
      if (next) this.#go(next);
    }
    return undefined;
  }

  /** The message at the other end of a wire; undefined when it rests there. */
  #along(wire: UnitWire, next: Visit): Visit | undefined {
    wire.count.passed++;
    next.via = wire.id;
    if (wire.key) next.key = keyOf(wire.key.get(next.body));
    else if (wire.strict) next.key = wire.id;
    if (wire.back) {
      if (++next.hops > limits.roundsMax) {
        this.fail(next, tooManyRounds(wire));
        return undefined;
      }
      next.goRound();
    }
    if (!wire.to.rests) return next;
    this.#comeToRest(next, wire);
    return undefined;
  }

  #arrived({ unit, segment, body }: Visit): void {
    if (segment.shown) {
      unit.count.inBody = body;
      unit.count.inSegment = segment;
    }
    this.services.trace?.(unit.place.flow.id, unit.id, body);
  }

  #comeToRest(visit: Visit, wire: UnitWire): void {
    const { segment, unit } = visit;
    if (wire.whenFull === 'hold' || !this.#isFull(wire)) {
      this.#arrived(visit);
      this.#rest({ visit, wire, due: null });
    } else if (wire.whenFull === 'drop') {
      if (segment.recorded) this.#recorder.dropped(visit, 'queue.full');
      segment.tally.dropped++;
      this.missing.of(visit, { how: 'dropped' });
    } else this.#toDeadLetters(visit, recordOf(wireFull(wire), { node: unit.id, attempt: 0, at: this.services.clock.now() }));
  }

  /** What cannot be written cannot rest: it ends here, and takes nothing along. */
  #rest(out: Out): void {
    const { visit } = out;
    try {
      if (visit.segment.origin.seq !== 0) void visit.text;
      visit.segment.outs.push(out);
    } catch (error) {
      this.#toDeadLetters(visit, recordOf(notStorable(visit.unit.id, error), { node: visit.unit.id, attempt: 0, at: this.services.clock.now() }));
    }
  }

  #toDeadLetters(visit: Visit, record: FailureRecord, kind?: DeadLetterRow['kind']): void {
    toDeadLetters(visit, record, kind);
    this.missing.of(visit, { how: 'dead-lettered' });
  }

  #toCatchers(visit: Visit, record: FailureRecord): void {
    const { unit, segment } = visit;
    const body: Body = { ...visit.body, error: record };
    const byPort = wired(unit, ERROR_PORT);
    this.missing.of(visit, { how: 'elsewhere', ...(byPort ? { ports: [ERROR_PORT] } : { nodes: unit.plan.caughtBy }) });
    if (byPort) {
      const next = this.#send(visit, portOf(unit, ERROR_PORT), { body, ordinal: 0 });
      if (next) this.#go(next);
      return;
    }
    for (const id of unit.plan.caughtBy) {
      const catcher = unit.siblings.get(id);
      if (catcher) this.#go(visit.beside(catcher, body, `${unit.id}!${id}`));
      else segment.tally.completed++;
    }
  }
}

function run(visit: Visit): HandlerResult | Promise<HandlerResult> {
  const { unit, body } = visit;
  const context = visit.context === undefined ? (visit.context = new CallContext(unit, visit, visit.segment.origin)) : visit.context.at(unit);
  // The usual way first: it must not pay for making what only the other needs.
  if (unit.config === undefined || unit.config.static) return unit.definition?.run?.(body, context as never);
  const call = (config: unknown): HandlerResult | Promise<HandlerResult> => {
    context.config = config;
    return unit.definition?.run?.(body, context as never);
  };
  const config = configFor(unit, body, context);
  return config instanceof Promise ? config.then(call) : call(config);
}

function portOf(unit: Unit, id: string): OutPort {
  let port = unit.outs.get(id);
  if (!port) unit.outs.set(id, (port = new OutPort(unit.id, id, [])));
  return port;
}

/** Its way ends here, for a person to look at. */
export function toDeadLetters({ segment, unit, id, lineage, key, body }: Visit, record: FailureRecord, kind: DeadLetterRow['kind'] = 'failed'): void {
  const { run: { id: run }, receivedAt, parents } = segment.origin;
  segment.tally.dead++;
  segment.letters.push({
    id, run, flow: unit.place.flow.id, node: unit.id, at: record.at, attempts: record.attempt, code: record.code, text: record.text,
    details: JSON.stringify(record.details), key, receivedAt, body: encodeStorable(body),
    kind, revision: unit.revision, via: segment.origin.via, parents: parents.length === 0 ? null : JSON.stringify(parents), lineage, holdAt: null, holdKey: null, pos: segment.origin.pos, edited: 0,
  });
}

const wired = (unit: Unit, port: string): boolean => (unit.outs.get(port)?.wires.length ?? 0) > 0;

/** A key is text; what is missing has no key and so no order to keep. What cannot be written has none either: its message cannot rest, which is its failure there. */
export function keyOf(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'object') return String(value as string | number);
  try { return encodeBody(value as Body); } catch { return null; }
}
