import { afterFailure } from '../engine/retry.ts';
import { limits } from '../limits.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import type { NodeFailure } from '../sdk/node-failure.ts';
import { CallContext } from './call-context.ts';
import { crashedTooOften, failureOf, outcomeUnknown, timedOut } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Work } from './message.ts';
import { Segment } from './segment.ts';
import type { Station } from './station.ts';
import { Visit } from './visit.ts';
import { configFor, type Unit } from './unit.ts';

interface Place { readonly station: Station; readonly unit: Unit; readonly work: Work }

const SMOOTHING = 0.1; // of the shown duration of calls

/** Calls nodes that act outside: the attempt is on disk before the call, and what the call gave is committed with the message's removal. */
export class Caller {
  readonly #runner: FlowRunner;
  constructor(runner: FlowRunner) { this.#runner = runner; }

  call(station: Station, unit: Unit, work: Work): void {
    const refusal = this.#refusal(unit, work);
    unit.count.working++;
    const done = refusal ? Promise.reject(refusal) : this.#attempt(unit, work);
    const at: Place = { station, unit, work };
    done.then((result) => this.#succeeded(at, result), (error: unknown) => this.#failed(at, error))
      .catch((error: unknown) => this.#runner.services.bug(error, { en: `finishing a call of node ${unit.id}`, ru: `завершение вызова узла ${unit.id}` }))
      .finally(() => { unit.count.working--; });
  }

  /** Why the call must not be made again after a crash. */
  #refusal(unit: Unit, work: Work): NodeFailure | undefined {
    if (work.crashes >= limits.crashesMax) return crashedTooOften(unit.id, work.crashes);
    if (work.crashes > 0 && unit.plan.replay === 'external') return outcomeUnknown(unit.id);
    return undefined;
  }

  async #attempt(unit: Unit, work: Work): Promise<HandlerResult> {
    const { services } = this.#runner;
    work.attempt++;
    // Before the call: a node that kills the process must be known as the one that was running.
    if (work.seq !== 0) await services.journal.commit({ ops: [{ op: 'begin', seq: work.seq, attempt: work.attempt }] });
    const aborter = new AbortController();
    const context = new CallContext(unit, work.msg, work);
    context.config = await configFor(unit, work.msg.body, context);
    context.signal = aborter.signal;
    const before = services.clock.elapsed();
    const { promise: deadline, reject } = Promise.withResolvers<never>();
    const cancel = services.clock.after(unit.timeoutMs, () => {
      reject(timedOut(unit.id, unit.timeoutMs));
      aborter.abort();
    });
    try {
      const result = await Promise.race([this.#run(unit, work, context), deadline]);
      const ms = services.clock.elapsed() - before;
      unit.count.ms = unit.count.ms === undefined ? ms : unit.count.ms + (ms - unit.count.ms) * SMOOTHING;
      return result;
    } catch (error) {
      throw new CallFailed(failureOf(error, unit.id), context.resource);
    } finally {
      cancel();
    }
  }

  async #run(unit: Unit, work: Work, context: CallContext): Promise<HandlerResult> {
    const { run, batch } = unit.definition ?? {};
    if (run) return await run(work.msg.body, context as never);
    const [result] = (await batch?.([work.msg.body], [context as never])) ?? [];
    if (result instanceof Error) throw result;
    return result;
  }

  #succeeded(at: Place, result: HandlerResult): void {
    const visit = this.#visit(at);
    this.#runner.walker.leave(visit, result);
    visit.segment.close();
  }

  #failed(at: Place, thrown: unknown): void {
    const { unit, work } = at;
    const error = thrown instanceof CallFailed ? thrown.failure : failureOf(thrown, unit.id);
    const resource = thrown instanceof CallFailed ? thrown.resource : undefined;
    if (error.scope === 'connection' && resource !== undefined) { this.#outage(at, { error, resource }); return; }
    // An external call whose outcome nobody knows is not made again by itself (DESIGN 5).
    const retry = error.outcomeUnknown && unit.plan.replay === 'external' ? 'never' : error.retry;
    const next = afterFailure(retry, { attempt: work.attempt, spread: this.#runner.services.random.next() }, { attempts: unit.attempts, firstMs: limits.backoffFirstMs, factor: limits.backoffFactor, maxMs: limits.backoffMaxMs });
    if (next.kind === 'final') this.#final(at, error);
    else this.#retryLater(at, error, next.afterMs);
  }

  /** Nobody's fault: the message goes back to its place, and the attempt does not count. */
  #outage({ station, work }: Place, { error, resource }: { error: NodeFailure; resource: string }): void {
    work.attempt--;
    if (work.seq !== 0) this.#runner.commit([{ op: 'wait', seq: work.seq, due: null, attempt: work.attempt, state: 0 }]);
    const afterMs = typeof error.retry === 'object' ? error.retry.afterMs : undefined;
    station.pause(resource);
    this.#runner.services.connections.pause(resource, error.text, afterMs);
    station.backInPlace(work);
  }

  #retryLater({ station, unit, work }: Place, error: NodeFailure, afterMs: number): void {
    const { services } = this.#runner;
    const due = services.clock.now() + afterMs;
    unit.count.failed++;
    services.observers.emit({ kind: 'failure', at: services.clock.now(), flow: this.#runner.flow, node: unit.id, runId: work.run.id, code: error.code, text: error.text, attempt: work.attempt, final: false });
    work.due = due;
    if (work.seq !== 0) this.#runner.commit([{ op: 'wait', seq: work.seq, due, attempt: work.attempt, state: 2 }]);
    this.#runner.waitUntil(station, work, due);
    station.finished(work, work.key !== null);
  }

  #final(at: Place, error: NodeFailure): void {
    const visit = this.#visit(at);
    this.#runner.walker.fail(visit, error);
    visit.segment.close();
  }

  /** What comes of the call begins here. */
  #visit({ station, unit, work }: Place): Visit {
    const segment = new Segment(work, this.#runner.services.clock.now(), (done) => {
      try { this.#runner.settle(done); } finally { station.finished(work, false); }
    });
    return new Visit(segment, unit, work.msg.body);
  }
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
