import { encodeBody, isSurelyLonger } from '../journal/codec.ts';
import { rowFlag, type Op } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { dueOf, isDirective, isDrop, isHold, isToPorts, portsOf, ruleOf, type Body } from '../sdk/message.ts';
import type { FailureRecord } from '../sdk/node-failure.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { StepOutput, StepRecord, turnedAway } from '../store/store.ts';
import type { Lineage } from './lineage.ts';
import type { Work } from './message.ts';
import type { Segment } from './segment.ts';
import type { Services } from './services.ts';
import type { Unit } from './unit.ts';
import type { Visit } from './visit.ts';

type Outcome = StepRecord['outcome'];
/** What is known of a step beside its place. */
interface Told extends Pick<StepRecord, 'rule' | 'failure' | 'outputs' | 'replay'> { readonly outcome: Outcome; readonly ms?: number }

const NONE: readonly Op[] = [];

/**
 * Keeps what nodes of one flow did with messages, for people to see and to replay. Which run is kept is decided when it is accepted and
 * goes with its messages; above a rate runs are sampled, while failures and nodes with `record` are always kept.
 * In durable mode a step is on disk in the same commit as the results that it tells of.
 */
export class Recorder {
  readonly #services: Services;
  readonly #flow: string;
  readonly #runs: TokenBucket;
  readonly #failures: TokenBucket;
  /** Text may go into debt, so that what has begun is kept to its end. */
  readonly #chars: TokenBucket;
  #refusedAt = -1;

  constructor(services: Services, flow: string) {
    this.#services = services;
    this.#flow = flow;
    const now = services.clock.elapsed();
    this.#runs = new TokenBucket(limits.recordedRunsPerSecond, now);
    this.#failures = new TokenBucket(limits.recordedRunsPerSecond, now);
    this.#chars = new TokenBucket(limits.recordedCharsPerSecond, now);
  }

  /** Flags of a message that begins a run now, at `at` of the wall clock. */
  begin(at: number): number {
    if (at === this.#refusedAt) return 0; // no room comes within a millisecond, and that clock has been read
    if (this.#fits(this.#runs)) return rowFlag.recorded;
    this.#refusedAt = at;
    return 0;
  }

  /** The run begins with this message. */
  accepted(work: Work, replay?: StepRecord['replay']): readonly Op[] {
    return this.#ofWork(work, { outcome: 'accepted', ...(replay && { replay }) });
  }
  /** It was taken, or ended, without a way through the flow. */
  ended(work: Work, outcome: 'gathered' | 'dropped', rule?: string): readonly Op[] {
    return this.#ofWork(work, { outcome, ...(rule !== undefined && { rule }) });
  }
  retried({ work, unit, ms }: { readonly work: Work; readonly unit: Unit; readonly ms: number }, { code, text }: Pick<FailureRecord, 'code' | 'text'>): readonly Op[] {
    return isRecorded(work) || unit.records || this.#fits(this.#failures) ? this.#tell(work, [this.#step(work, work, { outcome: 'retried', failure: { code, text }, ms })]) : NONE;
  }

  /** What a node answered. Before its messages go on: the visit may go on itself. */
  left(visit: Visit, result: HandlerResult): void {
    if (isHold(result)) this.#add(visit, { outcome: 'held', rule: String(dueOf(result)) });
    else if (isDrop(result)) this.#add(visit, { outcome: 'dropped', rule: ruleOf(result) });
    else this.#add(visit, { outcome: visit.segment.fromRecord && visit.depth === 0 ? 'replayed' : 'done', outputs: outputsOf(visit.unit, result) });
  }
  dropped(visit: Visit, rule: (typeof turnedAway)[number]): void { this.#add(visit, { outcome: 'dropped', rule }); }
  /** A dry run would act here. */
  missing(visit: Visit): void { this.#add(visit, { outcome: 'missing' }); }
  failed(visit: Visit, { code, text }: FailureRecord, taken: boolean): void {
    if (visit.segment.recorded || visit.unit.records || this.#fits(this.#failures)) this.#add(visit, { outcome: taken ? 'failed' : 'dead-lettered', failure: { code, text } });
  }

  /** What the journal is told of the steps of a segment, in the same commit as its results. */
  tell({ origin, steps, outs }: Segment): readonly Op[] {
    if (steps === undefined) return NONE;
    const last = steps.at(-1);
    if (last && outs.length > limits.recordedBranches) steps[steps.length - 1] = { ...last, cut: true };
    return this.#tell(origin, steps);
  }

  #ofWork(work: Work, told: Told): readonly Op[] {
    return isRecorded(work) ? this.#tell(work, [this.#step(work, work, told)]) : NONE;
  }

  #tell(work: Work, steps: readonly StepRecord[]): readonly Op[] {
    if (work.seq !== 0) return [{ op: 'steps', steps: JSON.stringify(steps) }];
    this.#services.history.add(steps);
    return NONE;
  }

  #add(visit: Visit, told: Told): void {
    const steps = (visit.segment.steps ??= []);
    const last = steps.at(-1);
    if (steps.length < limits.stepsOfSegmentMax) steps.push(this.#step(visit.segment.origin, visit, told));
    else if (last && !last.cut) steps[steps.length - 1] = { ...last, cut: true };
  }

  #step(work: Work, at: Visit | Work, { outcome, ms, ...told }: Told): StepRecord {
    const { journal, clock } = this.#services;
    const place = placeOf(at);
    const began = 'began' in at ? at.began : undefined;
    const input = keptText(place.body, limits.recordedBodyChars);
    const step = {
      run: work.run.id, seq: journal.nextSeq(), flow: this.#flow, message: place.id, lineage: place.lineage, node: place.node, via: place.via, key: place.key, at: clock.now(),
      ms: ms ?? (began === undefined ? 0 : clock.elapsed() - began), attempt: place.attempt, outcome, input, ...told,
    };
    this.#chars.take((input?.length ?? 0) + (told.outputs ? charsOf(told.outputs) : 0));
    return step;
  }

  #fits(bucket: TokenBucket): boolean {
    const now = this.#services.clock.elapsed();
    if (bucket.left(now) < 1 || this.#chars.left(now) <= 0) return false;
    bucket.take();
    return true;
  }
}

const isRecorded = (work: Work): boolean => (work.flags & rowFlag.recorded) !== 0;

function placeOf(at: Visit | Work): { readonly id: string; readonly lineage: Lineage; readonly node: string; readonly via: string; readonly key: string | null; readonly attempt: number; readonly body: Body } {
  if ('msg' in at) return { id: at.msg.id, lineage: at.lineage, node: at.node, via: at.via, key: at.key, attempt: Math.max(1, at.attempt), body: at.msg.body };
  const { origin } = at.segment;
  return { id: at.id, lineage: at.lineage, node: at.unit.id, via: at.via, key: at.key, attempt: at.depth === 0 ? Math.max(1, origin.attempt) : 1, body: at.body };
}

function outputsOf(unit: Unit, result: HandlerResult): { readonly [port: string]: StepOutput } {
  if (result === undefined || result === null) return {};
  const ports = isToPorts(result) ? portsOf(result) : isDirective(result) ? {} : { [unit.defaultPort]: result as Body | readonly Body[] };
  const max = unit.records ? limits.recordedOutputsMax : limits.recordedOutputs;
  const chars = unit.records ? limits.bodyBytesMax : limits.recordedBodyChars;
  return Object.fromEntries(Object.entries(ports).flatMap(([port, bodies]) => {
    if (bodies === undefined) return [];
    const all: readonly Body[] = Array.isArray(bodies) ? bodies : [bodies as Body];
    return [[port, { count: all.length, bodies: all.slice(0, max).map((body) => keptText(body, chars)) }]];
  }));
}

/** Null for what is too large to be kept, or cannot be written at all. */
function keptText(body: Body, charsMax: number): string | null {
  try {
    if (isSurelyLonger(body, charsMax)) return null;
    const text = encodeBody(body);
    return text.length > charsMax ? null : text;
  } catch {
    return null; // its failure is told by the step in which it was to be written
  }
}

const charsOf = (outputs: { readonly [port: string]: StepOutput }): number =>
  Object.values(outputs).reduce((sum, { bodies }) => sum + bodies.reduce((chars, body) => chars + (body?.length ?? 0), 0), 0);
