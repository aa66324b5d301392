import { KeyedQueue } from '../engine/queue.ts';
import { limits } from '../limits.ts';
import { workOf, type Work } from './message.ts';
import type { Services } from './services.ts';
import type { Unit, WireCount } from './unit.ts';

/** What a station asks of its flow. */
export interface StationOwner {
  readonly flow: string;
  limitOf(node: string): number;
  /** False while the flow is stopped or too much of it is on its way to the disk. */
  readonly mayStart: boolean;
  unit(node: string): Unit | undefined;
  /** Counts of a wire; none when the name is not a wire's. */
  wireOf(via: string): WireCount | undefined;
  /** Whether every queue that this node feeds has room. */
  hasRoomAfter(unit: Unit): boolean;
  /** Takes the work; calls `finished` on the station when its slot and key are free again. */
  perform(station: Station, unit: Unit, work: Work): void;
  /** A queue that was full has room again. */
  drained(node: string): void;
  failed(error: unknown): void;
}

const LOOK_AT_CLOCK_EVERY = 16;
const READ_AGAIN_MS = 1000;
/** A disabled node calls nobody: what rests there waits, as at a node that is not installed. */
const isOff = (unit: Unit): boolean => unit.plan.node.disabled === true && !unit.definition?.start;
const charsOf = (work: Work): number => (work.seq === 0 ? 0 : work.msg.text.length);

/**
 * The queue of one node. It outlives revisions: messages at rest go on at the same node id in the newest one (DESIGN 6.11).
 * In memory stands a window; in durable mode the rest waits on disk and is paged in as the window empties.
 */
export class Station {
  readonly node: string;
  readonly #owner: StationOwner;
  readonly #services: Services;
  readonly #queue = new KeyedQueue<Work>();
  /** Place of the last message that was put into the window. */
  #lastPos = 0;
  /** Text of the messages in the window; memory mode, which has none, is bounded by number. */
  #chars = 0;
  /** At rest on disk and not in the window. */
  #spilled = 0;
  #paging = false;
  #scheduled = false;
  /** Waiting for their due time, in memory or not. */
  waitingForDue = 0;
  working = 0;
  readonly #paused = new Set<string>();
  /** Dues of held messages by key: a later message of a key never leaves before an earlier one. */
  readonly lastDue = new Map<string, number>();

  constructor(node: string, owner: StationOwner, services: Services) {
    this.node = node;
    this.#owner = owner;
    this.#services = services;
  }

  /** Waiting for a call, on disk or in memory. */
  get queued(): number { return this.#queue.size + this.#spilled; }
  get heldKeys(): number { return this.#queue.heldKeys; }
  get limit(): number { return this.#owner.limitOf(this.node); }
  get full(): boolean { return this.queued >= this.limit; }
  get paused(): readonly string[] { return [...this.#paused]; }

  /** A message comes to rest here. Its row is on its way to the journal before this is called. */
  arrive(work: Work): void {
    const fits = this.#spilled === 0 && this.#chars < limits.windowBytes && this.#queue.size - this.#queue.aside < limits.windowMessages;
    if (work.seq !== 0 && !fits) this.#spilled++;
    else this.#push(work);
    this.schedule();
  }

  /** A retry or held message that is due, or one whose call could not be made: before everything else. */
  again(work: Work): void {
    this.#chars += charsOf(work);
    if (work.wire) work.wire.waiting++;
    if (work.resumed) this.#queue.pushDue(work);
    else this.#queue.pushFirst(work);
    this.schedule();
  }

  /** What the journal says lies here, when the flow is opened. */
  restore(rest: { readonly queued: number; readonly waiting: number }): void {
    this.#spilled = rest.queued;
    this.waitingForDue = rest.waiting;
    this.schedule();
  }

  /** A message that waits for its retry keeps its key: newer ones of the key wait behind it. */
  hold(key: string): void { this.#queue.hold(key); }

  /** The call has ended, well or not. `keepsKey`: the message waits for a retry and its key with it. */
  finished(work: Work, keepsKey: boolean): void {
    this.#left(work);
    if (!keepsKey) this.#queue.release(work.key);
    this.schedule();
  }

  /** The call could not be made, and that is not the message's fault: it is the next again. */
  backInPlace(work: Work): void {
    this.#left(work);
    this.again(work);
  }

  #left(work: Work): void {
    this.working--;
    work.on?.leave();
    work.on = undefined;
  }

  /** A new revision: what the node no longer uses does not hold it back. */
  keepPauses(stillUses: (resource: string) => boolean): void {
    for (const resource of this.#paused) if (!stillUses(resource)) this.#paused.delete(resource);
  }
  pause(resource: string): void { this.#paused.add(resource); }
  resume(resource: string): void {
    if (this.#paused.delete(resource)) this.schedule();
  }

  /** What memory mode holds here, for the journal: a planned stop loses nothing. */
  takeVolatile(): Work[] { return this.#queue.takeAll().filter((work) => work.seq === 0); }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump(this.#services.clock.elapsed() + limits.sliceMs);
    });
  }

  #pump(until: number): void {
    const unit = this.#owner.unit(this.node);
    if (!unit || unit.problem || isOff(unit) || this.#isPaused(unit)) return;
    const wasFull = this.full;
    for (let started = 1; this.working < unit.concurrency && this.#owner.mayStart && this.#owner.hasRoomAfter(unit); started++) {
      const work = this.#queue.take();
      if (!work) break;
      this.#chars -= charsOf(work);
      if (work.wire) work.wire.waiting--;
      this.working++;
      this.#owner.perform(this, unit, work);
      if (started % LOOK_AT_CLOCK_EVERY === 0 && this.#services.clock.elapsed() > until) { this.#yieldTurn(); break; }
    }
    if (this.#spilled > 0 && this.#chars < limits.windowBytes && this.#queue.size - this.#queue.aside < limits.windowMessages / 2) this.#page();
    if (wasFull && !this.full) this.#owner.drained(this.node);
  }

  #isPaused(unit: Unit): boolean {
    for (const resource of unit.resources) if (this.#services.connections.isPaused(resource)) this.#paused.add(resource);
    return this.#paused.size > 0;
  }

  #push(work: Work): void {
    // Memory mode has places of its own: they say nothing of how far the journal has been read.
    if (work.seq !== 0) this.#lastPos = Math.max(this.#lastPos, work.pos);
    this.#chars += charsOf(work);
    if (work.wire) work.wire.waiting++;
    this.#queue.push(work);
  }

  /** Lets others have the thread, then goes on. */
  #yieldTurn(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump(this.#services.clock.elapsed() + limits.sliceMs);
    });
  }

  #page(): void {
    if (this.#paging) return;
    this.#paging = true;
    const query = { flow: this.#owner.flow, node: this.node, after: this.#lastPos, limit: limits.windowMessages, charsMax: limits.windowBytes };
    this.#services.journal.page(query).then((rows) => {
      this.#paging = false;
      for (const row of rows) {
        this.#push(workOf(row, this.#owner.wireOf(row.via)));
      }
      this.#spilled = rows.length === 0 ? 0 : Math.max(0, this.#spilled - rows.length);
      this.schedule();
    }).catch((error: unknown) => {
      this.#owner.failed(error);
      // Nothing else may ever wake this queue: it looks again by itself.
      this.#services.timers.set(this.#services.clock.now() + READ_AGAIN_MS, () => {
        this.#paging = false;
        this.schedule();
      });
    });
  }
}
