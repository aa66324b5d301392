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
import { configFor, leaveUnit, type Unit } from './unit.ts';

const SMOOTHING = 0.1; // of the shown duration of calls

/** Calls nodes that act outside: the attempt is on disk before the call, and what the call gave is committed with the message's removal. */
export class Caller {
  readonly #runner: FlowRunner;
  constructor(runner: FlowRunner) { this.#runner = runner; }

  call(station: Station, unit: Unit, work: Work): void {
    const refusal = this.#refusal(unit, work);
    unit.calls++;
    unit.count.working++;
    const done = refusal ? Promise.reject(refusal) : this.#attempt(unit, work);
    done.then((result) => this.#succeeded(station, unit, work, result), (error: unknown) => this.#failed(station, unit, work, error))
      .catch((error: unknown) => this.#runner.services.bug(error, { en: `finishing a call of node ${unit.id}`, ru: `завершение вызова узла ${unit.id}` }))
      .finally(() => {
        unit.count.working--;
        leaveUnit(unit);
      });
  }

  /** Why the call must not be made again after a crash. */
  #refusal(unit: Unit, work: Work): NodeFailure | undefined {
    if (work.crashes >= limits.crashesMax) return crashedTooOften(unit.id, work.crashes);
    if (work.crashes > 0 && unit.plan.replay === 'external') return outcomeUnknown(unit.id);
    return undefined;
  }

  async #attempt(unit: Unit, work: Work): Promise<{ result: HandlerResult; context: CallContext }> {
    const { services } = this.#runner;
    work.attempt++;
    // Before the call: a node that kills the process must be known as the one that was running.
    if (work.seq !== 0) await services.journal.commit({ ops: [{ op: 'begin', seq: work.seq, attempt: work.attempt }] });
    const config = await configFor(unit, work.msg.body, services);
    const aborter = new AbortController();
    const context = new CallContext(unit, work.msg, work);
    context.config = config;
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
      return { result, context };
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

  #succeeded(station: Station, unit: Unit, work: Work, { result }: { result: HandlerResult }): void {
    const segment = this.#segment(station, work);
    this.#runner.walker.leave(segment, unit, { msg: work.msg, key: work.key, result });
    segment.close();
  }

  #failed(station: Station, unit: Unit, work: Work, thrown: unknown): void {
    const error = thrown instanceof CallFailed ? thrown.failure : failureOf(thrown, unit.id);
    const resource = thrown instanceof CallFailed ? thrown.resource : undefined;
    if (error.scope === 'connection' && resource !== undefined) { this.#outage(station, work, { error, resource }); return; }
    // An external call whose outcome nobody knows is not made again by itself (DESIGN 5).
    const retry = error.outcomeUnknown && unit.plan.replay === 'external' ? 'never' : error.retry;
    const policy = { attempts: unit.attempts, firstMs: limits.backoffFirstMs, factor: limits.backoffFactor, maxMs: limits.backoffMaxMs };
    const next = afterFailure(retry, work.attempt, policy, this.#runner.services.random.next());
    if (next.kind === 'final') this.#final(station, unit, work, error);
    else this.#retryLater({ station, unit, work, error }, next.afterMs);
  }

  /** Nobody's fault: the message goes back to its place, and the attempt does not count. */
  #outage(station: Station, work: Work, { error, resource }: { error: NodeFailure; resource: string }): void {
    work.attempt--;
    if (work.seq !== 0) this.#runner.commit([{ op: 'wait', seq: work.seq, due: null, attempt: work.attempt, state: 0 }]);
    const afterMs = typeof error.retry === 'object' ? error.retry.afterMs : undefined;
    station.pause(resource);
    this.#runner.services.connections.pause(resource, error.text, afterMs);
    station.backInPlace(work);
  }

  #retryLater({ station, unit, work, error }: { station: Station; unit: Unit; work: Work; error: NodeFailure }, afterMs: number): void {
    const { services } = this.#runner;
    const due = services.clock.now() + afterMs;
    unit.count.failed++;
    services.observers.emit({ kind: 'failure', at: services.clock.now(), flow: this.#runner.flow, node: unit.id, runId: work.run.id, code: error.code, text: error.text, attempt: work.attempt, final: false });
    work.due = due;
    if (work.seq !== 0) this.#runner.commit([{ op: 'wait', seq: work.seq, due, attempt: work.attempt, state: 2 }]);
    this.#runner.waitUntil(station, work, due);
    station.finished(work, work.key !== null);
  }

  #final(station: Station, unit: Unit, work: Work, error: NodeFailure): void {
    const segment = this.#segment(station, work);
    this.#runner.walker.fail(segment, unit, work.msg, error);
    segment.close();
  }

  #segment(station: Station, work: Work): Segment {
    return new Segment(work, this.#runner.services.clock.now(), (done) => {
      this.#runner.settle(done);
      station.finished(work, false);
    });
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
