import { afterFailure } from '../engine/retry.ts';
import { limits } from '../limits.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import type { Body } from '../sdk/message.ts';
import type { NodeFailure, Retry } from '../sdk/node-failure.ts';
import { CallContext } from './call-context.ts';
import { failureOf, outcomeUnknown, timedOut } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Work } from './message.ts';
import { hasNoProbe } from './resources.ts';
import type { Station } from './station.ts';
import { Visit } from './visit.ts';
import { configFor, type Unit } from './unit.ts';

interface Place { readonly station: Station; readonly unit: Unit; readonly work: Work; /** When it began, as time that passes. */ readonly began: number }

const SMOOTHING = 0.1; // of the shown duration of calls

/** Calls nodes that act outside: the attempt is on disk before the call, and what the call gave is committed with the message's removal. */
export class Caller {
  readonly #runner: FlowRunner;
  constructor(runner: FlowRunner) { this.#runner = runner; }

  call(station: Station, unit: Unit, work: Work): void {
    unit.count.working++;
    const done = unit.plan.state ? this.#inTurn(unit, work) : this.#attempt(unit, work);
    const at: Place = { station, unit, work, began: this.#runner.services.clock.elapsed() };
    done.then((result) => this.#succeeded(at, result), (error: unknown) => this.#failed(at, error))
      .catch((error: unknown) => this.#runner.services.bug(error, { en: `finishing a call of node ${unit.id}`, ru: `завершение вызова узла ${unit.id}` }))
      .finally(() => { unit.count.working--; });
  }

  /** Calls of a cancelled run are told to stop; what they answer is fenced off. Answers how many of them live in memory only. */
  abort(run: string): number {
    const works = [...this.#runner.stations.values()].flatMap(({ atWork }) => [...atWork].filter((work) => work.aborter && work.run.id === run));
    for (const { aborter } of works) aborter?.abort();
    return works.filter(({ seq }) => seq === 0).length;
  }

  /** Its turn lasts until what came of the call is settled. */
  async #inTurn(unit: Unit, work: Work): Promise<HandlerResult> {
    work.endTurn = await this.#runner.services.states.turn(unit);
    return await this.#attempt(unit, work);
  }

  async #attempt(unit: Unit, work: Work): Promise<HandlerResult> {
    const { services } = this.#runner;
    if (work.crashes > 0 && unit.plan.replay === 'external') {
      // The process ended during the call: what came of it is asked before it is made again.
      const known = await this.#confirm(unit, work);
      if (known !== 'unknown' && known !== 'not-done') return known.result;
      if (known === 'unknown' && unit.plan.node.onUnknown !== 'retry') throw outcomeUnknown(unit.id);
    }
    work.attempt++;
    // Before the call: a node that kills the process must be known as the one that was running.
    if (work.seq !== 0) await services.journal.commit({ ops: [{ op: 'begin', seq: work.seq, attempt: work.attempt }] });
    if (this.#runner.isCancelled(work)) return undefined; // while that was being written: what it gives is fenced off
    const context = new CallContext(unit, work.msg, work);
    context.draft = services.states.draftOf(unit);
    try {
      const before = services.clock.elapsed();
      const result = await this.#inTime({ unit, work, context }, () => callNode(unit, work.msg.body, context));
      // Of a message that becomes very many it was committed with the first of them.
      if (work.cursor === null) work.draft = context.draft;
      const ms = services.clock.elapsed() - before;
      unit.count.ms = unit.count.ms === undefined ? ms : unit.count.ms + (ms - unit.count.ms) * SMOOTHING;
      return result;
    } catch (error) {
      throw new CallFailed(failureOf(error, unit.id), context.resource);
    } finally {
      context.draft?.close();
    }
  }

  /** Every call has a deadline; what it answers later is not heard. */
  async #inTime<T>({ unit, work, context }: { readonly unit: Unit; readonly work: Work; readonly context: CallContext }, call: () => Promise<T>): Promise<T> {
    const aborter = new AbortController();
    context.config = await configFor(unit, work.msg.body, context);
    context.signal = aborter.signal;
    work.aborter = aborter;
    const { promise: deadline, reject } = Promise.withResolvers<never>();
    const cancel = this.#runner.services.clock.after(unit.timeoutMs, () => {
      reject(timedOut(unit.id, unit.timeoutMs));
      aborter.abort();
    });
    try {
      return await Promise.race([call(), deadline]);
    } finally {
      cancel();
      work.aborter = undefined;
    }
  }

  /** Asks the node what came of a call whose answer was lost; a node that cannot be asked does not know. */
  async #confirm(unit: Unit, work: Work): Promise<{ readonly result: HandlerResult } | 'not-done' | 'unknown'> {
    const confirm = unit.definition?.confirm;
    if (!confirm) return 'unknown';
    const context = new CallContext(unit, work.msg, work);
    context.draft = this.#runner.services.states.draftOf(unit);
    try {
      const said = await this.#inTime({ unit, work, context }, async () => await confirm(work.msg.body, context as never));
      if (said === 'unknown' || said === 'not-done') return said;
      // What the lost call wrote is lost with it; who confirms it writes that again.
      work.draft = context.draft;
      return { result: said === 'done' ? work.msg.body : said.done };
    } catch {
      return 'unknown'; // the question failed too: nothing is known, and the policy decides
    } finally {
      context.draft?.close();
    }
  }

  #succeeded(at: Place, result: HandlerResult): void {
    if (this.#fencedOff(at)) return;
    const visit = this.#visit(at);
    this.#runner.walker.leave(visit, result);
    visit.segment.close();
  }

  /** Its run was cancelled during the call. */
  #fencedOff({ station, work }: Place): boolean {
    if (!this.#runner.isCancelled(work)) return false;
    this.#runner.discarded(work);
    station.finished(work, false);
    return true;
  }

  async #failed(at: Place, thrown: unknown): Promise<void> {
    if (this.#fencedOff(at)) return;
    const { unit, work } = at;
    const error = thrown instanceof CallFailed ? thrown.failure : failureOf(thrown, unit.id);
    const resource = thrown instanceof CallFailed ? thrown.resource : undefined;
    if (error.scope === 'connection' && resource !== undefined) { this.#outage(at, { error, resource }); return; }
    if (!error.outcomeUnknown || unit.plan.replay !== 'external') { this.#retryOrEnd(at, error, error.retry); return; }
    // An external call whose outcome nobody knows is not made again before somebody says that it may be (DESIGN 5).
    const known = thrown instanceof CallFailed ? await this.#confirm(unit, work) : 'unknown';
    if (known === 'not-done') this.#retryOrEnd(at, error, 'backoff');
    else if (known === 'unknown') this.#retryOrEnd(at, error, unit.plan.node.onUnknown === 'retry' && thrown instanceof CallFailed ? 'backoff' : 'never');
    else this.#succeeded(at, known.result);
  }

  #retryOrEnd(at: Place, error: NodeFailure, retry: Retry): void {
    const { unit, work } = at;
    if (this.#fencedOff(at)) return;
    const next = afterFailure(retry, { attempt: work.attempt, spread: this.#runner.services.random.next() }, { attempts: unit.attempts, firstMs: limits.backoffFirstMs, factor: limits.backoffFactor, maxMs: limits.backoffMaxMs });
    if (next.kind === 'final') this.#final(at, error);
    else this.#retryLater(at, error, next.afterMs);
  }

  /** Nobody's fault: the message goes back to its place, and the attempt does not count. One that ends on an earlier revision waits by itself: the newest may use another connection. */
  #outage(at: Place, { error, resource }: { error: NodeFailure; resource: string }): void {
    const { station, unit, work } = at;
    work.attempt--;
    work.crashes = 0;
    if (this.#parked(at)) return;
    if (work.seq !== 0) this.#runner.commit([{ op: 'wait', seq: work.seq, due: null, attempt: work.attempt, state: 0, calm: true }]);
    const afterMs = typeof error.retry === 'object' ? error.retry.afterMs : undefined;
    this.#runner.services.connections.pause(resource, error.text, afterMs);
    const rules = this.#runner.unitAt(unit.id);
    if (this.#runner.unitFor(unit.id, work.run) !== rules) { station.backLater(work, this.#runner.services.connections.untilProbe(resource)); return; }
    if (hasNoProbe(resource) || rules?.resources.includes(resource)) station.pauses.add(resource);
    station.backInPlace(work);
  }

  /** A deploy has taken the place away where it would wait: that is its end. */
  #parked(at: Place): boolean {
    const { unit, work } = at;
    if (this.#runner.hasPlace(unit.id, work.run)) return false;
    this.#runner.parking.parkWork(at);
    return true;
  }

  #retryLater(at: Place, error: NodeFailure, afterMs: number): void {
    const { station, unit, work, began } = at;
    if (this.#parked(at)) return;
    const { services } = this.#runner;
    const due = services.clock.now() + afterMs;
    unit.count.failed++;
    services.observers.emit({ kind: 'failure', at: services.clock.now(), flow: this.#runner.flow, node: unit.id, runId: work.run.id, code: error.code, text: error.text, attempt: work.attempt, final: false });
    work.due = due;
    work.crashes = 0;
    const told = this.#runner.recorder.retried({ work, unit, ms: services.clock.elapsed() - began }, error);
    if (work.seq !== 0) this.#runner.commit([{ op: 'wait', seq: work.seq, due, attempt: work.attempt, state: 2, calm: true }, ...told]);
    station.finished(work, work.key !== null);
    station.dues.add(work, due);
  }

  #final(at: Place, error: NodeFailure): void {
    const visit = this.#visit(at);
    this.#runner.walker.fail(visit, error);
    visit.segment.close();
  }

  /** What comes of the call begins here. */
  #visit({ station, unit, work, began }: Place): Visit {
    const visit = new Visit(this.#runner.segment(station, work, { at: this.#runner.services.clock.now() }), unit, work.msg.body);
    visit.began = began;
    return visit;
  }
}

/** Calls the handler for one message. */
export async function callNode(unit: Unit, body: Body, context: CallContext): Promise<HandlerResult> {
  const { run, batch } = unit.definition ?? {};
  if (run) return await run(body, context as never);
  const [result] = (await batch?.([body], [context as never])) ?? [];
  if (result instanceof Error) throw result;
  return result;
}

/** A failure together with whom it spoke to. */
class CallFailed extends Error {
  readonly failure: NodeFailure;
  readonly resource: string | undefined;
  constructor(failure: NodeFailure, resource: string | undefined) {
    super(failure.message);
    this.failure = failure;
    this.resource = resource;
  }
}
