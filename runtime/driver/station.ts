import { KeyedQueue } from '../engine/queue.ts';
import { AtWork } from './at-work.ts';
import { rowState, type CancelledRun, type Op, type WindowRow } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import { Dues, type DuesOwner } from './dues.ts';
import { workOf, type Work } from './message.ts';
import { Pacing } from './pacing.ts';
import { Pauses } from './pauses.ts';
import { Rates } from './rates.ts';
import type { Pace } from '../sdk/define-node.ts';
import type { Services } from './services.ts';
import type { StationOwner } from './station-owner.ts';
import type { LastDue, QueueLimit, Unit, WireCount } from './unit.ts';

const LOOK_AT_CLOCK_EVERY = 16;
const READ_AGAIN_MS = 1000;
const SIZE_SMOOTHING = 0.02; // of the size of a message, from which the bytes of a queue are reckoned
/** A disabled node calls nobody: what rests there waits, as at a node that is not installed. */
const isOff = (unit: Unit): boolean => unit.plan.node.disabled === true && !unit.definition?.start;
const charsOf = (work: Work): number => (work.seq === 0 ? 0 : work.msg.text.length);

/**
 * The queue of one node. It outlives revisions: messages at rest go on at the same node id in the newest one (DESIGN 6.11).
 * In memory stands a window; in durable mode the rest waits on disk and is paged in as the window empties.
 */
export class Station implements DuesOwner {
  readonly node: string;
  dues: Dues;
  /** No revision that runs has the node: what the journal holds of it is parked there, and memory takes nothing in. */
  gone = false;
  /** The newest revision takes nothing here, but an earlier one does on which runs end. */
  sparing = false;
  readonly #owner: StationOwner;
  readonly #services: Services;
  #queue: KeyedQueue<Work>;
  /** Place of the last message that was put into the window. */
  #lastPos = 0;
  /** Text of the messages in the window; memory mode, which has none, is bounded by number. */
  #chars = 0;
  #typicalChars = 0;
  /** At rest on disk and not in the window. */
  #spilled = 0;
  #paging = false;
  /** Brought back from aside before the queue was read up to their place: the reading finds them once more. */
  readonly #fetchedAhead = new Map<number, number>();
  /** Grows when the station is emptied: what was asked of the journal before is not heard. */
  #life = 0;
  /** Emptied, and not told yet what still lies here: nothing may go before that. */
  #restoring = false;
  #scheduled = false;
  /** Its feeders wait until it is full no more, however it came to that. */
  #wasFull = false;
  readonly #retrying = new Set<Work>();
  readonly #pacing: Pacing;
  readonly #rates: Rates;
  readonly atWork = new AtWork();
  readonly pauses: Pauses;
  /** Keys that wait for a person, or for what a resent dead letter became, with how many reasons there are. */
  readonly #holds = new Map<string, number>();
  /** Dues of held messages by key: a later message of a key never leaves before an earlier one. */
  readonly lastDue: Map<string, LastDue>;

  constructor(node: string, owner: StationOwner, services: Services) {
    this.node = node;
    this.#owner = owner;
    this.#services = services;
    this.dues = new Dues(this, services);
    this.lastDue = owner.count(node).lastDue;
    this.#pacing = new Pacing(services.clock, (work) => { this.goFirst(work); });
    this.pauses = new Pauses(services.connections);
    this.#rates = new Rates(services, () => { this.schedule(); });
    this.#queue = this.#makeQueue();
  }
  #makeQueue(): KeyedQueue<Work> {
    return new KeyedQueue<Work>({ sizeOf: charsOf, putAway: (work) => this.#putAway(work), fetch: (key) => this.#fetchAside(key) }, { messages: limits.asideMessages, size: limits.asideBytes });
  }

  get flow(): string { return this.#owner.flow; }
  get working(): number { return this.atWork.size; }
  /** Waiting for a call, on disk or in memory. */
  get queued(): number { return this.#queue.size + this.#spilled + this.#queue.away + this.#pacing.waiting; }
  /** About so much text waits; the size of what is on disk only is reckoned from what passed. */
  get queuedChars(): number { return Math.round(this.queued * this.#typicalChars); }
  /** With what waits for its time. */
  get restingChars(): number { return Math.round((this.queued + this.dues.waiting) * this.#typicalChars); }
  get waitingForDue(): number { return this.dues.waiting; }
  get keysHeld(): number { return this.#holds.size; }
  get full(): boolean { return this.isFuller(this.#owner.limitOf(this.node)); }
  get paused(): readonly string[] { return this.pauses.names; }
  get takesDue(): boolean { return this.#queue.due < limits.windowMessages; }
  /** When the one that waits longest was accepted. */
  get oldestAt(): number | undefined {
    let oldest: number | undefined;
    for (const { receivedAt } of this.#queue.heads()) oldest = Math.min(oldest ?? receivedAt, receivedAt);
    return oldest;
  }
  isFuller({ messages, chars }: QueueLimit): boolean { return this.queued >= messages || this.queuedChars >= chars; }
  behind(key: string): number { return this.#queue.behind(key); }
  wireOf(via: string): WireCount | undefined { return this.#owner.wireOf(via); }
  failed(error: unknown): void { this.#owner.failed(error); }

  /** A message comes to rest here. Its row is on its way to the journal before this is called. */
  arrive(work: Work): void {
    if (this.gone && work.seq !== 0) return; // accepted while a deploy took the node away: parked with the others
    const fits = !this.#restoring && this.#spilled === 0 && this.#chars < limits.windowBytes && this.#queue.size - this.#queue.aside < limits.windowMessages;
    // Places are given before the commit, so that a message may come after ones behind it: the journal is not read for it any more.
    if (work.seq !== 0 && !fits && work.pos > this.#lastPos) this.#spilled++;
    else this.#push(work);
    this.schedule();
  }

  /** Takes an accepted message at once, ahead of its row, where nothing waits and it has no key. False when it has to come in by the queue. */
  begin(work: Work): boolean {
    const unit = this.#owner.unitAt(this.node);
    if (!unit || unit.rests || this.#services.suspects.watchful || unit.resources.length > 0 || unit.rate || work.key !== null || this.gone || this.#restoring || this.queued > 0 || unit.problem || isOff(unit) || !this.#hasSlot(unit)) return false;
    this.#passed(work);
    this.#enter(work);
    this.#start(unit, work);
    return true;
  }

  /** A retry or held message whose time has come: before what waits. */
  due(work: Work): void {
    work.resumed = work.attempt === 0;
    this.#enter(work);
    if (work.resumed) this.#queue.pushDue(work);
    else this.#queue.pushRetry(work);
    this.schedule();
  }

  /** The next one of its key, before everything else. */
  goFirst(work: Work): void {
    if (this.gone && work.seq !== 0) return; // as for one that arrives
    this.#enter(work);
    this.#queue.pushFirst(work);
    this.schedule();
  }

  /** Forgets everything but what is at work: `restore` says what of it still lies here. Answers what lived in memory only. */
  empty(): Work[] {
    const queued = this.#queue.takeAll();
    for (const work of queued) this.#leave(work);
    const volatile = [...this.#pacing.takeAll(), ...queued].filter((work) => work.seq === 0).concat(this.dues.takeVolatile());
    this.dues.dispose();
    this.dues = new Dues(this, this.#services);
    this.#queue = this.#makeQueue();
    for (const key of this.#holds.keys()) this.#queue.hold(key);
    this.#fetchedAhead.clear();
    for (const { key, seq, pos } of this.atWork) {
      if (key !== null) this.#queue.hold(key);
      this.#fetchedAhead.set(seq, pos); // queued by the journal, some of them: a reading must not bring them a second time
    }
    this.lastDue.clear();
    this.#lastPos = this.#spilled = 0;
    this.#life++;
    [this.#paging, this.#restoring] = [false, true];
    return volatile;
  }

  /** What the journal says lies here, when the flow is opened. */
  restore(rest: { readonly queued: number; readonly waiting: number }): void {
    this.#restoring = false;
    this.#spilled += rest.queued;
    this.dues.restore(rest.waiting);
    this.schedule();
  }
  /** False when the row tells nothing any more. */
  restorePace(pace: Pace, row: WindowRow, after: number): boolean { return this.#pacing.restore(pace, row, after); }
  /** What is to be written of the pace with a message that passes. */
  paceOps(work: Work): readonly Op[] { return this.#pacing.ops(this.#owner.unitAt(this.node)?.pace, work); }
  restoreAside(key: string, count: number): void {
    this.#queue.wereAway(key, count);
    if (!this.#queue.isHeld(key)) this.#queue.release(key);
  }

  /** A message that waits for its retry keeps its key: newer ones of the key wait behind it. */
  hold(key: string): void { this.#queue.hold(key); }
  /** The key waits until as many reasons have gone as came. */
  holdForPerson(key: string): void {
    this.#queue.hold(key);
    this.#holds.set(key, (this.#holds.get(key) ?? 0) + 1);
  }
  /** One reason less, or none any more. `next`: a message of the key that goes before those behind it. */
  freeKey(key: string, { all = false, next }: { readonly all?: boolean; readonly next?: Work } = {}): void {
    if (!next && !this.#holds.has(key)) return; // freed already: whoever is at work has the key
    const left = all ? 0 : (this.#holds.get(key) ?? 1) - 1;
    if (left > 0) this.#holds.set(key, left);
    else this.#holds.delete(key);
    if (next) this.goFirst(next);
    else if (left === 0) this.#queue.release(key);
    this.schedule();
  }

  /** The call has ended, well or not. `keepsKey`: the message waits for a retry, or its dead letter for a person, and the key with it. */
  finished(work: Work, keepsKey: boolean): void {
    this.pauses.onTrial = false;
    this.#left(work);
    if (!keepsKey && !(work.key !== null && this.#holds.has(work.key))) this.#queue.release(work.key);
    this.schedule();
  }

  /** The call could not be made, and that is not the message's fault: it is the next again. */
  backInPlace(work: Work): void {
    this.#left(work);
    this.goFirst(work);
  }
  /** The same, after a while; it keeps its key, and holds nobody else. */
  backLater(work: Work, waitMs: number): void { this.#left(work); this.#pacing.wait(work, waitMs); this.schedule(); }

  #left(work: Work): void {
    this.atWork.delete(work);
    if (this.#retrying.size > 0) this.#retrying.delete(work);
    this.dues.done(work);
    // Not before it has left: a message of its key that need not wait would overtake it.
    if (work.resumed && work.key !== null && this.lastDue.get(work.key)?.pos === work.pos) this.lastDue.delete(work.key);
    work.on?.leave();
    work.on = undefined;
    work.endTurn?.();
    work.endTurn = undefined;
    this.#services.suspects.left(work);
  }

  resume(resource: string): void { if (this.pauses.end(resource)) this.schedule(); }

  /** What waited for its time is gone with its run, and a retry's key is free; answers the messages that lived in memory only. */
  cancel(run: string, rows: CancelledRun['rows']): readonly Work[] {
    const waiting = rows.filter((row) => row.state === rowState.retrying || row.state === rowState.held);
    const { volatile, handedOver } = this.dues.forget(run, new Set(waiting.map((row) => row.seq)));
    const retries = [...waiting.filter((row) => row.state === rowState.retrying && !handedOver.has(row.seq)), ...volatile.filter((work) => work.attempt > 0)];
    for (const { key } of retries) if (key !== null && !this.#holds.has(key)) this.#queue.release(key);
    this.schedule();
    return volatile;
  }

  /** How many messages wait here in memory only: all, and of a run. */
  get volatile(): number { return this.#queue.countIf((work) => work.seq === 0) + this.#pacing.volatile + this.dues.volatile; }
  volatileOf(run: string): number { return this.#queue.countIf((work) => work.seq === 0 && work.run.id === run) + this.#pacing.volatileOf(run); }

  /** What memory mode holds here, for the journal: a planned stop loses nothing. */
  takeVolatile(): Work[] { return [...this.#pacing.takeAll(), ...this.#queue.takeAll()].filter((work) => work.seq === 0).concat(this.dues.takeVolatile()); }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump(this.#services.clock.elapsed() + limits.sliceMs);
    });
  }

  #pump(until: number): void {
    if (this.full) this.#wasFull = true;
    this.#takeSome(until);
    if (!this.#wasFull || this.full) return;
    this.#wasFull = false;
    this.#owner.drained(this.node);
  }

  #takeSome(until: number): void {
    const unit = this.#owner.unitAt(this.node);
    if (!unit || unit.problem || isOff(unit) || this.pauses.hold(unit)) return;
    for (let started = 1; this.#hasSlot(unit) && this.#rateAllows(unit); started++) {
      const work = this.#queue.take(this.#retrying.size < Math.max(1, Math.floor(unit.concurrency * limits.retryShare)));
      if (!work) break;
      this.#start(unit, work);
      if (started % LOOK_AT_CLOCK_EVERY === 0 && this.#services.clock.elapsed() > until) { this.#yieldTurn(); break; }
    }
    if (this.#spilled > 0 && this.#chars < limits.windowBytes && this.#queue.size - this.#queue.aside < limits.windowMessages / 2) this.#page();
    if (this.dues.waiting > 0 && this.takesDue) this.dues.more();
  }

  #hasSlot(unit: Unit): boolean { return this.working < (this.pauses.onTrial ? 1 : unit.concurrency) && this.#owner.mayStart && this.#owner.hasRoomAfter(unit); }

  #start(unit: Unit, work: Work): void {
    this.#leave(work);
    this.atWork.add(work);
    if (work.attempt > 0) this.#retrying.add(work);
    if (this.#owner.isCancelled(work)) {
      this.#owner.discarded(work);
      this.finished(work, false);
      return;
    }
    this.#rates.begin(unit.rate, this.#owner.resourcesAt(unit, work.run));
    const turn = unit.pace ? this.#pacing.take(unit.pace, work) : 'now';
    if (turn === 'now') this.#act(unit, work);
    else if (turn === 'drop') this.#owner.drop(this, unit, work);
    else this.atWork.delete(work);
  }

  #act(unit: Unit, work: Work): void {
    if (this.#services.suspects.admits(work)) this.#owner.perform(this, unit, work);
    else this.#actAlone(unit, work);
  }
  /** Apart from it, so that what usually begins makes no closure. */
  #actAlone(unit: Unit, work: Work): void { this.#services.suspects.alone(() => this.#owner.perform(this, unit, work)); }

  /** Whether its rates and its pace let one more begin; else it looks again when they do. */
  #rateAllows(unit: Unit): boolean {
    const resources = this.#owner.resourcesAt(unit);
    return (!unit.rate && !unit.pace && resources.length === 0) || this.#rates.allow(unit.rate, resources, unit.pace ? this.#pacing.waitMs(unit.pace) : 0);
  }

  #push(work: Work): void {
    this.#passed(work);
    this.#enter(work);
    this.#queue.push(work);
  }
  /** Memory mode has places of its own: they say nothing of how far the journal has been read. */
  #passed({ seq, pos }: Work): void { if (seq !== 0) this.#lastPos = Math.max(this.#lastPos, pos); }
  #enter(work: Work): void {
    const chars = charsOf(work);
    this.#chars += chars;
    this.#typicalChars = this.#typicalChars === 0 ? chars : this.#typicalChars + (chars - this.#typicalChars) * SIZE_SMOOTHING;
    if (work.wire) work.wire.waiting++;
  }
  #leave(work: Work): void {
    this.#chars -= charsOf(work);
    if (work.wire) work.wire.waiting--;
  }

  /** Its key is in work and memory has enough of those: it waits on disk until its key is free. */
  #putAway(work: Work): boolean {
    if (work.seq === 0) return false;
    this.#leave(work);
    this.dues.done(work);
    this.#owner.commit([{ op: 'wait', seq: work.seq, due: work.resumed ? work.due : null, attempt: work.attempt, state: rowState.aside }]);
    return true;
  }

  #fetchAside(key: string): void {
    const life = this.#life;
    this.#services.journal.aside({ flow: this.flow, node: this.node, key, limit: limits.asideFetch }).then((rows) => {
      if (life !== this.#life) return;
      const works = rows.map((row) => workOf(row, this.#owner.wireOf(row.via)));
      if (works.length > 0) this.#owner.commit(works.map((work) => ({ op: 'wait', seq: work.seq, due: work.due, attempt: work.attempt, state: work.resumed ? rowState.held : rowState.queued })));
      for (const work of works) {
        this.#enter(work);
        if (work.pos > this.#lastPos) this.#fetchedAhead.set(work.seq, work.pos);
        if (work.resumed) this.dues.handedOver(work);
      }
      this.#queue.returned(key, works);
      this.schedule();
    }).catch((error: unknown) => {
      this.#owner.failed(error);
      this.#services.timers.after(READ_AGAIN_MS, () => { if (life === this.#life) this.#fetchAside(key); });
    });
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
    const life = this.#life;
    this.#services.journal.page(query).then((rows) => {
      if (life !== this.#life) return;
      this.#paging = false;
      const fresh = rows.filter((row) => !this.#fetchedAhead.has(row.seq));
      for (const row of fresh) this.#push(workOf(row, this.#owner.wireOf(row.via)));
      this.#lastPos = Math.max(this.#lastPos, rows.at(-1)?.pos ?? 0);
      for (const [seq, pos] of this.#fetchedAhead) if (pos <= this.#lastPos) this.#fetchedAhead.delete(seq);
      this.#spilled = rows.length === 0 ? 0 : Math.max(0, this.#spilled - fresh.length);
      this.schedule();
    }).catch((error: unknown) => {
      this.#owner.failed(error);
      // Nothing else may ever wake this queue: it looks again by itself.
      this.#services.timers.after(READ_AGAIN_MS, () => {
        if (life !== this.#life) return;
        this.#paging = false;
        this.schedule();
      });
    });
  }
}
