import { endCodes, type Commit, type EndCode, type Op, type Row } from '../journal/rows.ts';
import { decodeBody } from '../journal/codec.ts';
import { JournalDamaged } from '../journal/port.ts';
import { limits } from '../limits.ts';
import type { DeliverOptions, HttpAnswer, Receipt, ReplyOutcome } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { FlowRunner } from './flow-runner.ts';
import { atRest, Msg, rowOf, type Work } from './message.ts';
import { notStorable } from './failures.ts';

const RETRY_LATER_MS = 1000;
const ROOM_EVERY = 64; // acceptances between two sums over all queues
const NESTED_MAX = 32; // levels of the stack, some kilobytes each
const NO_PARENTS: readonly string[] = Object.freeze([]);

interface Arrival { readonly node: string; readonly port: string; readonly body: Body; readonly key: string | null; readonly options: DeliverOptions; /** Of one that came by a link: links and feedback wires before, and the message that followed it. */ readonly hops?: number; readonly parents?: readonly string[] }

/** Takes messages in. In durable mode a message counts as accepted once it is on disk; nothing acts outside for it before. */
export class Acceptance {
  readonly #runner: FlowRunner;
  #accepted = 0;
  /** On their way to the journal, and only after that to their queues. */
  #toQueues = 0;
  #restingBytes = 0;
  /** Begun one inside another: what a pure node sends to a source while it runs. */
  #nested = 0;
  constructor(runner: FlowRunner) { this.#runner = runner; }

  accept(arrival: Arrival): Promise<Receipt> {
    return this.#runner.durable || arrival.options.reply ? this.#accept(arrival) : this.#acceptInMemory(arrival);
  }

  /** Nothing to wait for: an async function would cost a tenth of a short way. */
  #acceptInMemory(arrival: Arrival): Promise<Receipt> {
    try {
      this.#refuseWhenFull(arrival);
      const work = this.#workOf(arrival);
      this.#runner.recorder.accepted(work);
      this.#runner.station(arrival.node).arrive(work);
      return Promise.resolve({ runId: work.run.id, duplicate: false });
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async #accept(arrival: Arrival): Promise<Receipt> {
    const { services, durable } = this.#runner;
    this.#refuseWhenFull(arrival);
    if (durable) this.#refuseWithoutRoom(arrival.node);
    const work = this.#workOf(arrival);
    const reply = arrival.options.reply;
    const keyed = reply?.idempotency !== undefined;
    if (keyed && !durable) {
      const known = await this.#knownInMemory(work, arrival);
      if (known) return known;
    }
    // Before the commit: the answer may come in the same turn in which the commit ends.
    const outcome = reply && services.replies.wait(work.run.id, reply.timeoutMs, keyed);
    if (!durable) {
      this.#runner.recorder.accepted(work);
      this.#runner.station(arrival.node).arrive(work);
    } else {
      const seen = await this.#written(work, arrival, !keyed && arrival.options.eventId === undefined).catch((error: unknown) => {
        services.replies.ended(work.run.id, 'dropped');
        throw error;
      });
      if (seen) {
        services.replies.ended(work.run.id, 'dropped');
        return seen;
      }
    }
    return outcome ? { runId: work.run.id, duplicate: false, reply: outcome } : { runId: work.run.id, duplicate: false };
  }

  /** In memory mode: a receipt when the caller's key is known. */
  async #knownInMemory({ run, node }: Work, arrival: Arrival): Promise<Receipt | undefined> {
    const key = arrival.options.reply?.idempotency;
    if (!key) return undefined;
    const { keys } = this.#runner;
    const known = await keys.take(key, run.id).catch((error: unknown) => { throw notWritten(node, error); });
    if (known) return { runId: known.run, duplicate: true, reply: Promise.resolve(knownOutcome(known, key.bodyHash)) };
    // The flow may have stopped while the journal was asked.
    try { this.#refuseWhenFull(arrival); } catch (error) { keys.forget(run.id); throw error; }
    return undefined;
  }

  /** Writes it and sends it on its way; a receipt when the message was accepted before, which one that may begin at once was not. */
  async #written(work: Work, arrival: Arrival, mayBegin: boolean): Promise<Receipt | undefined> {
    const row = this.#row(work);
    const told = this.#runner.recorder.accepted(work);
    const { promise: written, resolve } = Promise.withResolvers<boolean>();
    const begun = mayBegin && this.#toQueues === 0 && this.#begin(work, written);
    if (!begun) this.#toQueues++;
    try {
      const seen = await this.#commit(work, arrival, [{ op: 'save', row }, ...told, ...work.accepting?.ended ?? []]);
      work.accepting = undefined;
      resolve(true);
      if (!seen && !begun) this.#runner.station(arrival.node).arrive(work);
      return seen;
    } catch (error) {
      resolve(false);
      throw error;
    } finally {
      if (!begun) this.#toQueues--;
    }
  }

  /**
   * Its pure nodes run before it is written, where nothing is before it: whoever sent it hears nothing before it is. What comes of it waits
   * for its row; when that is its end already, one commit says that it came and that it ended.
   */
  #begin(work: Work, written: Promise<boolean>): boolean {
    if (this.#nested === NESTED_MAX || this.#runner.services.journal.health.state !== 'well') return false;
    work.accepting = { open: true, written };
    this.#nested++;
    try {
      if (this.#runner.station(work.node).begin(work)) {
        work.accepting.open = false;
        return true;
      }
    } finally {
      this.#nested--;
    }
    work.accepting = undefined;
    return false;
  }

  #workOf({ node, port, body, key, hops = 0, parents = NO_PARENTS }: Arrival): Work {
    const { services, durable, flow } = this.#runner;
    const at = services.clock.now();
    const runId = services.random.id(at);
    const run = { id: runId, flow, revision: this.#runner.revision?.number ?? 0, startedAt: at, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 };
    const flags = this.#runner.recorder.begin(at);
    const seq = durable ? services.journal.nextSeq() : 0;
    return atRest({
      seq, pos: durable ? services.journal.nextSeq() : 0, msg: new Msg(body, runId), run, node, via: port, wire: undefined, key, lineage: flags === 0 ? null : runId, parents, receivedAt: at,
      branched: false, attempt: 0, crashes: 0, due: null, resumed: false, hops, flags, cursor: null,
    });
  }

  /** A receipt when the message was accepted before. */
  async #commit(work: Work, { node, options }: Arrival, ops: readonly Op[]): Promise<Receipt | undefined> {
    const { services, flow } = this.#runner;
    const at = work.receivedAt;
    const { eventId, reply } = options;
    const guard = {
      ...(eventId !== undefined && { event: { flow, node, id: eventId, run: work.run.id, at } }),
      ...(reply?.idempotency && { answer: { ...reply.idempotency, run: work.run.id, at } }),
    };
    const commit: Commit = { ops, acceptance: true, ...(Object.keys(guard).length > 0 && { guard }) };
    const result = await services.journal.commit(commit).catch((error: unknown) => { throw notWritten(node, error); });
    services.outboxGrew();
    for (const run of result.ended) this.#runner.runEnded(run);
    if (result.known) return { runId: result.known.run, duplicate: true, reply: Promise.resolve(knownOutcome(result.known, reply?.idempotency?.bodyHash)) };
    if (result.duplicateOf !== undefined) return { runId: result.duplicateOf, duplicate: true, ...(reply && { reply: Promise.resolve<ReplyOutcome>({ kind: 'ended', how: 'completed' }) }) };
    return undefined;
  }

  #row(work: Work) {
    const row = rowIn(work);
    if (row.body.length > limits.bodyBytesMax) {
      throw new NodeFailure('message.too-large', {
        en: `accepting a message at node ${work.node}: it has ${row.body.length} characters, ${limits.bodyBytesMax} are allowed; send large data as a file and name it in the message`,
        ru: `приём сообщения в узле ${work.node}: в нём ${row.body.length} символов, допустимо ${limits.bodyBytesMax}; передавайте большие данные файлом и указывайте его в сообщении`,
      });
    }
    return row;
  }

  /** Memory mode takes no disk, but for its dead letters, for which the reserve is. */
  #refuseWithoutRoom(node: string): void {
    if (this.#runner.services.disk.low) {
      throw new NodeFailure('journal.disk-low', {
        en: `accepting a message at node ${node}: the disk of the data folder is nearly full; it was not accepted, send it again later`,
        ru: `приём сообщения в узле ${node}: диск папки данных почти заполнен; оно не принято, отправьте позже`,
      }, { retry: { afterMs: limits.diskRetryMs } });
    }
    if (this.#accepted++ % ROOM_EVERY === 0) this.#restingBytes = this.#runner.restingBytes;
    if (this.#restingBytes < limits.flowBytesMax) return;
    this.#accepted = 0;
    throw new NodeFailure('flow.disk-full', {
      en: `accepting a message at node ${node}: what rests in the flow takes ${limits.flowBytesMax} bytes already; it was not accepted, send it again later`,
      ru: `приём сообщения в узле ${node}: ждущее в потоке занимает уже ${limits.flowBytesMax} байт; оно не принято, отправьте позже`,
    }, { retry: { afterMs: limits.diskRetryMs } });
  }

  #refuseWhenFull({ node, options }: Arrival): void {
    const { services } = this.#runner;
    const unit = this.#runner.unit(node);
    const station = this.#runner.station(node);
    const waitersFull = options.reply !== undefined && services.replies.full;
    if (this.#runner.state === 'live' && unit && !station.full && !waitersFull && this.#runner.hasRoomAfter(unit)) return;
    const stopped = this.#runner.state !== 'live' || !unit;
    throw new NodeFailure(stopped ? 'flow.not-live' : 'queue.full', stopped
      ? { en: `accepting a message at node ${node}: the flow is not running`, ru: `приём сообщения в узле ${node}: поток не запущен` }
      : { en: `accepting a message at node ${node}: a queue after it is full; send it again later`, ru: `приём сообщения в узле ${node}: очередь после него заполнена; отправьте позже` },
    { retry: { afterMs: RETRY_LATER_MS } });
  }
}

function rowIn(work: Work): Row {
  try { return rowOf(work, 0); } catch (error) { throw notStorable(work.node, error); }
}

function notWritten(node: string, error: unknown): NodeFailure {
  if (error instanceof NodeFailure) return error;
  if (error instanceof JournalDamaged) return new NodeFailure('journal.damaged', error.text, { retry: { afterMs: limits.damagedRetryMs }, cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new NodeFailure('journal.unavailable', {
    en: `accepting a message at node ${node}: the journal could not write it (${reason}); it was not accepted, send it again`,
    ru: `приём сообщения в узле ${node}: журнал не смог его записать (${reason}); оно не принято, отправьте снова`,
  }, { retry: { afterMs: RETRY_LATER_MS }, cause: error });
}

export function knownOutcome(known: { readonly bodyHash: string; readonly answer: string | null; readonly ended: EndCode }, bodyHash: string | undefined): ReplyOutcome {
  if (known.bodyHash !== bodyHash) return { kind: 'mismatch' };
  if (known.answer !== null) return { kind: 'answered', answer: decodeBody(known.answer) as unknown as HttpAnswer, repeated: true };
  for (const [how, code] of Object.entries(endCodes)) if (code === known.ended) return { kind: 'ended', how: how as keyof typeof endCodes };
  return { kind: 'in-progress' };
}
