import { decodeBody } from '../journal/codec.ts';
import { rowFlag } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import { Observers } from '../observe.ts';
import type { Body } from '../sdk/message.ts';
import type { StepRecord } from '../store/store.ts';
import { CallContext } from './call-context.ts';
import { callNode } from './caller.ts';
import { failureOf } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import { Msg, type Work } from './message.ts';
import { answerOf, before } from './path.ts';
import { Recorder } from './recorder.ts';
import { Revision } from './revision.ts';
import { Segment } from './segment.ts';
import type { Services } from './services.ts';
import { configFor, NodeCount, WireCount, type Unit } from './unit.ts';
import { Visit } from './visit.ts';
import { Walker } from './walker.ts';

/**
 * Takes messages through a revision of its own, in memory, and answers the steps. Pure nodes run, those with context on a copy of it; all others answer from the record of
 * each message, and where there is none the way ends as `missing`: that is what a replay would do now. Nothing is written, counted or called.
 */
export async function dryRun(runner: FlowRunner, starts: readonly StepRecord[]): Promise<readonly StepRecord[]> {
  const { revision: live, services } = runner;
  if (!live) return [];
  const steps: StepRecord[] = [];
  const aside: Services = { ...services, states: services.states.copy(runner.flow), observers: new Observers(), history: { ...services.history, add: (more) => { steps.push(...more); } } };
  const counts = { count: () => new NodeCount(), wireCount: () => new WireCount(), replies: { reply: () => false } };
  const revision = await Revision.make({ flow: live.flow, number: live.number, services: aside, counts, before: undefined });
  try {
    const recorder = new Recorder(aside, runner.flow);
    const walk = new Walk({ revision, services: aside, recorder, walker: new Walker(aside, { recorder, isFull: () => false }) });
    for (const waiting = starts.map((start) => walk.begin(start)); waiting.length > 0 && steps.length < limits.stepsOfRunMax;) waiting.push(...await walk.next(waiting.shift() as Work));
    return steps;
  } finally {
    revision.retire({ failed: (error) => runner.failed(error) });
  }
}

interface Means { readonly revision: Revision; readonly services: Services; readonly recorder: Recorder; readonly walker: Walker }

class Walk {
  readonly #means: Means;
  constructor(means: Means) { this.#means = means; }

  begin({ run, message, lineage, node, via, key, input }: StepRecord): Work {
    const { clock } = this.#means.services;
    const now = clock.now();
    const of = { id: run, flow: this.#means.revision.flow.id, revision: this.#means.revision.number, startedAt: now, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 };
    const work = this.#work({ msg: new Msg(decodeBody(input ?? '{}') as Body, message), run: of, node, via, key, lineage: lineage ?? message, due: null, hops: 0 });
    this.#means.recorder.accepted(work);
    return work;
  }

  /** What comes of a message that rests at a node. */
  async next(work: Work): Promise<readonly Work[]> {
    const unit = this.#means.revision.units.get(work.node);
    if (!unit) return [];
    const { promise: settled, resolve } = Promise.withResolvers<undefined>();
    const segment = new Segment(work, this.#means.services.clock.now(), () => { resolve(undefined); });
    segment.shown = false;
    await this.#enter(unit, segment);
    segment.close();
    await settled;
    this.#means.recorder.tell(segment);
    this.#means.services.states.settle(work);
    return segment.outs.map(({ visit, wire, due }) => this.#work({ msg: new Msg(visit.body, visit.id), run: work.run, node: visit.unit.id, via: wire?.id ?? '', key: visit.key, lineage: visit.lineage, due, hops: visit.hops }));
  }

  async #enter(unit: Unit, segment: Segment): Promise<void> {
    const { walker, recorder, services } = this.#means;
    const { msg, via } = segment.origin;
    const visit = new Visit(segment, unit, msg.body);
    if (unit.definition?.start) { walker.leaveBy(visit, via || unit.defaultPort); return; }
    if (!unit.rests) { walker.call(visit); return; }
    if (unit.plan.state && unit.plan.replay === 'pure') { await this.#withState(unit, visit); return; }
    const { message, lineage, done: known } = await before(services.history, { message: msg.id, lineage: segment.origin.lineage, node: unit.id });
    segment.origin.msg = msg.named(message);
    segment.origin.lineage = lineage;
    if (!known) { recorder.missing(visit); return; }
    segment.fromRecord = true;
    try { walker.leave(visit, answerOf(known)); } catch (error) { walker.fail(visit, failureOf(error, unit.id)); }
  }

  async #withState(unit: Unit, visit: Visit): Promise<void> {
    const { walker, services } = this.#means;
    const { origin } = visit.segment;
    const context = new CallContext(unit, visit, origin);
    context.draft = services.states.draftOf(unit);
    try {
      context.config = await configFor(unit, visit.body, context);
      const result = await callNode(unit, visit.body, context);
      origin.draft = context.draft;
      walker.leave(visit, result);
    } catch (error) {
      walker.fail(visit, failureOf(error, unit.id));
    }
  }

  /** What waits for an instant goes on at once, as if it had come. */
  #work(of: Pick<Work, 'msg' | 'run' | 'node' | 'via' | 'key' | 'lineage' | 'due' | 'hops'>): Work {
    return { ...of, seq: 0, pos: 0, wire: undefined, parents: [], receivedAt: of.run.startedAt, branched: false, attempt: 0, crashes: 0, resumed: of.due !== null, flags: rowFlag.recorded, cursor: null };
  }
}
