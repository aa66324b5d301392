import type { Flow, Problem } from '../flow/flow.ts';
import type { DeployOutcome } from '../host.ts';
import { encodeBody } from '../journal/codec.ts';
import { endState, rowFlag, rowState, type CancelledRun, type EndedRun, type Op } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { HttpAnswer } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { Acceptance } from './acceptance.ts';
import { Addresses } from './addresses.ts';
import type { ReplyDoor } from './call-context.ts';
import { CallerKeys } from './caller-keys.ts';
import { Caller } from './caller.ts';
import { Cancelled } from './cancelled.ts';
import { Collecting } from './collecting.ts';
import { crashedTooOften, failureOf } from './failures.ts';
import { rowOf, type Run, type Work } from './message.ts';
import { answerOf, surelyBefore } from './path.ts';
import { Recorder } from './recorder.ts';
import { openLinks } from './links.ts';
import { isWord } from './missing.ts';
import { Parking } from './parking.ts';
import { Recovery } from './recovery.ts';
import { Pinned, type ReadRevision } from './pinned.ts';
import { hasNoProbe } from './resources.ts';
import { Revision } from './revision.ts';
import { Segment } from './segment.ts';
import type { Services } from './services.ts';
import { saveVolatile } from './save-volatile.ts';
import { Settling } from './settling.ts';
import { Shown } from './shown.ts';
import { Sources } from './sources.ts';
import { Station } from './station.ts';
import { Stopping } from './stopping.ts';
import type { StationOwner } from './station-owner.ts';
import { canRun, NodeCount, WireCount, type QueueLimit, type Unit } from './unit.ts';
import { Visit } from './visit.ts';
import { Walker } from './walker.ts';
import { Writer } from './writer.ts';

/** A source's place in the journal: its accepted messages rest at its own id until they have been taken along its wires. */
export class FlowRunner implements StationOwner {
  readonly flow: string;
  readonly services: Services;
  readonly replies: ReplyDoor = { reply: (run, answer) => this.#reply(run, answer) };
  readonly recorder: Recorder;
  readonly walker: Walker;
  readonly acceptance: Acceptance;
  readonly parking: Parking;
  readonly recovery: Recovery;
  readonly settling: Settling;
  readonly stopping: Stopping;
  readonly pinned = new Pinned(this);
  readonly nodeCounts = new Map<string, NodeCount>();
  readonly wireCounts = new Map<string, WireCount>();
  readonly #stations = new Map<string, Station>();
  readonly #caller: Caller;
  readonly collecting: Collecting;
  readonly #sources: Sources;
  readonly addresses: Addresses;
  #revision: Revision | undefined;
  #state: 'live' | 'stopped' | 'failed' = 'stopped';
  #recovered = false;
  /** Retired, and perhaps still at work. */
  #over: readonly Revision[] = [];
  readonly #writer = new Writer(this);
  readonly #shown = new Shown();
  readonly cancelled = new Cancelled();
  readonly keys: CallerKeys;

  constructor(flow: string, services: Services) {
    this.flow = flow;
    this.services = services;
    this.recorder = new Recorder(services, flow);
    this.walker = new Walker(services, { recorder: this.recorder, isFull: (wire) => this.station(wire.to.id).isFuller(wire.limit) });
    this.keys = new CallerKeys(services);
    this.acceptance = new Acceptance(this);
    this.#caller = new Caller(this);
    this.collecting = new Collecting(this);
    this.parking = new Parking(this, this.collecting);
    this.recovery = new Recovery(this, this.collecting);
    this.#sources = new Sources(this);
    this.addresses = new Addresses(services);
    this.settling = new Settling(this, this.#writer);
    this.stopping = new Stopping(services);
  }

  get revision(): Revision | undefined { return this.#revision; }
  get state(): 'live' | 'stopped' | 'failed' { return this.#state; }
  get durable(): boolean { return this.#revision?.flow.delivery !== 'memory'; }
  get mayStart(): boolean { return this.#state === 'live' && !this.services.suspects.hold && !this.#writer.full; }
  get stations(): ReadonlyMap<string, Station> { return this.#stations; }
  get problems(): readonly Problem[] { return [...[...(this.#revision?.units.values() ?? [])].flatMap((unit) => (unit.problem ? [unit.problem] : [])), ...this.pinned.problems]; }
  unit(node: string): Unit | undefined { return this.#revision?.units.get(node); }

  /** What rules a node's queue: the node of the newest revision, or where that has none that fits, of the newest on which runs end. */
  unitAt(node: string, fits: (unit: Unit) => boolean = ALL): Unit | undefined {
    const unit = this.#revision?.units.get(node);
    return this.pinned.any && !(unit && fits(unit)) ? this.pinned.unit(node, fits) ?? unit : unit;
  }

  /** The node as a run uses it: of the revision on which it ends, or where it cannot be used there, of the newest. */
  unitFor(node: string, run: Run): Unit | undefined {
    const own = this.pinned.any ? this.pinned.own(node, run) : undefined;
    return own && canRun(own) ? own : this.#revision?.units.get(node);
  }

  hasRoomAfter(unit: Unit): boolean {
    for (const node of unit.plan.feeds) if (this.#stations.get(node)?.full) return false;
    return true;
  }

  /** Makes a revision the one that runs. What did not change goes on. */
  async deploy(flow: Flow, number: number, read: ReadRevision = NOT_KEPT): Promise<DeployOutcome> {
    const before = this.#revision;
    // What has stopped is made ready anew.
    const next = await Revision.make({ flow, number, services: this.services, counts: this, before: before?.isRetired ? undefined : before });
    const earlier = await this.pinned.before(next, read);
    this.#revision = next;
    const left = this.pinned.use(earlier);
    // Before anything new is accepted: a queue is read from where the last life left it.
    const parks = this.#recovered ? await this.parking.after(before) : await this.recovery.open();
    this.#recovered = true;
    this.#state = 'live';
    for (const [node, station] of this.#stations) station.pauses.keep((resource) => hasNoProbe(resource) || (this.unitAt(node)?.resources.includes(resource) ?? false));
    this.collecting.serve([...next.units.values(), ...this.pinned.units]);
    const sources = await this.#sources.replace(next);
    await this.addresses.know(flow);
    for (const station of this.#stations.values()) station.schedule();
    openLinks(this.services, this.flow, next.units.values());
    for (const each of before && !this.pinned.has(before) ? [...left, before] : left) this.retire(each);
    if (this.pinned.any) this.pinned.look();
    this.services.observers.emit({ kind: 'deploy', at: this.services.clock.now(), flow: this.flow, revision: number, state: 'live' });
    return { state: 'live', ...next.changesFrom(before), moves: await this.parking.moves(), parks, problems: [...this.problems, ...sources] };
  }

  /** Whether a message may rest at the node by the revision that counts for it. */
  hasPlace(node: string, run: Run): boolean { return (this.#revision?.takes(node) ?? false) || (this.pinned.any && (this.pinned.of(run)?.takes(node) ?? false)); }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    await this.#sources.stop();
    for (const each of [...(this.#revision ? [this.#revision] : []), ...this.pinned.revisions]) this.retire(each);
    if (this.#revision) this.services.observers.emit({ kind: 'deploy', at: this.services.clock.now(), flow: this.flow, revision: this.#revision.number, state: 'stopped' });
  }

  /** As if nothing had been read of what rests here. */
  forget(): void {
    this.collecting.dispose();
    for (const station of this.#stations.values()) station.dues.dispose();
    this.#stations.clear();
    this.settling.forget();
  }

  /** A planned stop: what memory mode still holds is written, and goes on at the next start. After `stop`, before `dispose`. */
  async saveVolatile(): Promise<void> {
    const stations = [...this.#stations.values()];
    const atRest = stations.flatMap((station) => station.takeVolatile());
    const atWork = stations.flatMap((station) => [...station.atWork].filter(({ seq }) => seq === 0));
    await saveVolatile(this, { atRest, atWork }, this.collecting.takeVolatile());
  }

  async dispose(): Promise<void> {
    await this.stop();
    await this.addresses.know(undefined);
    this.forget();
    this.pinned.dispose();
    this.stopping.giveUp();
  }

  retire(revision: Revision): void {
    this.#over = [...this.#over.filter((each) => !each.isFreed && each !== revision), revision];
    revision.retire({ stop: (unit) => this.stopping.stop(unit), failed: (error) => this.failed(error) });
  }

  /** Of a flow that has stopped: resolves when its nodes have, without waiting for calls that are still under way. */
  async stopped(): Promise<void> {
    for (const each of this.#over) each.cutOff();
    await this.stopping.done();
  }

  press(node: string): boolean { return this.#sources.press(node); }

  /** Calls under way, over all nodes. */
  get working(): number { return [...this.#stations.values()].reduce((sum, station) => sum + station.working, 0) + this.#writer.under; }

  /** Messages wait for their due time, or in an open window. */
  get waiting(): boolean {
    return this.collecting.open || [...this.#stations.values()].some((station) => station.waitingForDue > 0);
  }

  scheduleAll(): void { for (const station of this.#stations.values()) station.schedule(); }
  get restingBytes(): number { return [...this.#stations.values()].reduce((sum, station) => sum + station.restingChars, 0); }

  station(node: string): Station {
    let station = this.#stations.get(node);
    if (!station) this.#stations.set(node, (station = new Station(node, this, this.services)));
    return station;
  }

  // StationOwner
  limitOf(node: string): QueueLimit { return this.#revision?.limitOf(node) ?? NO_LIMIT; }
  resourcesAt(ruling: Unit, run?: Run): readonly string[] {
    if (!this.pinned.any) return ruling.resources;
    return run ? (this.unitFor(ruling.id, run) ?? ruling).resources : [...new Set([ruling, ...this.pinned.at(ruling.id)].flatMap(({ resources }) => resources))];
  }
  isCancelled(work: Work): boolean { return this.cancelled.has(work); }

  perform(station: Station, ruling: Unit, work: Work): void {
    const unit = this.pinned.any ? this.unitFor(ruling.id, work.run) : ruling;
    work.on = this.enter(unit, work.run);
    if (!unit || (unit.definition?.start && work.via.includes('->'))) {
      this.parking.parkWork({ station, unit: ruling, work });
      return;
    }
    // A deploy has made something else of the join.
    if (isWord(work) && !unit.plan.gathers) this.segment(station, work, { at: this.services.clock.now() }).close();
    // A whole is put together again from its parts, which all come again, and is the same message.
    else if ((work.flags & rowFlag.asBefore) !== 0 && unit.rests && !unit.plan.gathers) void this.#asBefore(station, unit, work);
    else this.#act(station, unit, work);
  }

  #act(station: Station, unit: Unit, work: Work): void {
    if (work.crashes >= limits.crashesMax) this.#setAside(station, unit, work);
    else if (unit.rests && !unit.definition?.collect && !unit.pace && !work.stream) this.#caller.call(station, unit, work);
    else if (this.services.suspects.watchful && work.seq !== 0) void this.#passOnWatched(station, unit, work);
    else this.#passOn(station, unit, work);
  }

  /** The process ended while it was in a call here or passed, too often. */
  #setAside(station: Station, unit: Unit, work: Work): void {
    const segment = this.segment(station, work, { at: this.services.clock.now() });
    this.walker.fail(new Visit(segment, unit, work.msg.body), crashedTooOften(unit.id, work.crashes));
    segment.close();
  }

  /** Written down before it begins, as a call is. */
  async #passOnWatched(station: Station, unit: Unit, work: Work): Promise<void> {
    await this.services.journal.commit({ ops: [{ op: 'wait', seq: work.seq, due: work.due, attempt: work.attempt + 1, state: rowState.started }] });
    if (this.isCancelled(work)) station.finished(work, false);
    else this.#passOn(station, unit, work);
  }

  /** A replay under the same keys: what was done before is not done again, but answered from its record. */
  async #asBefore(station: Station, unit: Unit, work: Work): Promise<void> {
    const { message, lineage, done: known } = await surelyBefore(this.services, { message: work.msg.id, lineage: work.lineage, node: unit.id }, (error) => this.failed(error));
    const isRenamed = message !== work.msg.id;
    work.msg = work.msg.named(message);
    work.lineage = lineage;
    // Nothing is called under an id that is not on disk.
    if (isRenamed && !known && work.seq !== 0) this.commit([{ op: 'save', row: rowOf(work, work.resumed ? rowState.held : rowState.queued) }]);
    if (!known) { this.#act(station, unit, work); return; }
    const segment = this.segment(station, work, { at: this.services.clock.now() });
    segment.fromRecord = true;
    try { this.walker.leave(new Visit(segment, unit, work.msg.body), answerOf(known)); } catch (error) { this.walker.fail(new Visit(segment, unit, work.msg.body), failureOf(error, unit.id)); }
    segment.close();
  }

  /** The revision of the unit, which is kept until the work on it leaves. */
  enter(unit: Unit | undefined, run: Run): Revision | undefined {
    const revision = unit?.siblings === this.#revision?.units ? this.#revision : this.pinned.of(run);
    revision?.enter();
    return revision;
  }

  drained(node: string): void {
    for (const [id, station] of this.#stations) if (this.unitAt(id)?.plan.feeds.includes(node)) station.schedule();
  }

  failed(error: unknown): void {
    this.services.bug(error, { en: `reading the queue of flow ${this.flow}`, ru: `чтение очереди потока ${this.flow}` });
  }

  resumed(resource: string): void {
    for (const station of this.#stations.values()) station.resume(resource);
  }

  drop(station: Station, unit: Unit, work: Work): void {
    const segment = this.segment(station, work, { at: this.services.clock.now(), also: this.recorder.ended(work, 'dropped', unit.definition?.info.type) });
    unit.count.done++;
    segment.tally.dropped++;
    this.walker.missing.of(new Visit(segment, unit, work.msg.body), { how: 'dropped' });
    segment.close();
  }

  /** An accepted message leaves its source, or a message that rested at a pure node goes through it. */
  #passOn(station: Station, unit: Unit, work: Work): void {
    if (unit.definition?.collect) { this.collecting.arrive(station, unit, work); return; }
    // What a source accepted began when it came, however long it waited for its turn.
    const segment = this.segment(station, work, { at: unit.definition?.start ? work.receivedAt : this.services.clock.now(), also: station.paceOps(work) });
    segment.shown = this.#shown.take(segment.at);
    const visit = new Visit(segment, unit, work.msg.body);
    if (unit.definition?.start) this.walker.leaveBy(visit, work.via || unit.defaultPort);
    else if (work.stream) this.walker.nextChunk(visit, work.stream);
    else this.walker.call(visit);
    segment.close();
  }

  /** What comes of a message that is at work at a station. */
  segment(station: Station, work: Work, { at, also }: { readonly at: number; readonly also?: readonly Op[] }): Segment {
    const segment = new Segment(work, at, this.#settled);
    segment.station = station;
    if (also) segment.also = also;
    return segment;
  }

  readonly #settled = (done: Segment): void => {
    const { accepting } = done.origin;
    if (!accepting) { this.#leave(done); return; }
    if (accepting.open) accepting.ended = this.settling.endOf(done, done.also);
    void accepting.written.then((written) => { if (written && !accepting.ended) this.#leave(done); else done.station?.finished(done.origin, false); });
  };

  #leave(done: Segment): void {
    const { origin: work, station, also } = done;
    const cancelled = this.isCancelled(work);
    const goesOn = done.cursor !== undefined && !cancelled;
    try {
      if (cancelled) this.discarded(work);
      else if (goesOn) void this.settling.settle(done, also).then((written) => { if (written) station?.backInPlace(work); });
      else void this.settling.settle(done, also);
    } finally {
      if (!goesOn) station?.finished(work, false);
    }
  }

  /** A dead letter is a message again, at the node where it failed. Its row is on its way to the journal before this is called. */
  resent(work: Work, held: { readonly node: string; readonly key: string } | undefined): void {
    const station = this.station(work.node);
    if (held?.node === work.node && held.key === work.key) station.freeKey(held.key, { next: work });
    else {
      if (held) this.settling.heldBy(work.seq, held);
      station.arrive(work);
    }
  }

  /** Takes a run that was fenced off out of memory, and stops its calls. Answers how many lived in memory only. */
  async cancel(run: string, { rows: gone, kept }: Pick<CancelledRun, 'rows' | 'kept'>): Promise<number> {
    this.cancelled.add(run, gone);
    let inMemory = this.#caller.abort(run);
    for (const { seq } of gone) this.settling.freedBy(seq);
    for (const [node, station] of this.#stations) {
      const here = gone.filter((row) => row.node === node);
      inMemory += station.volatileOf(run);
      for (const work of station.cancel(run, here)) {
        inMemory++;
        this.discarded(work);
      }
      await this.recovery.duesOf(node, here);
    }
    return inMemory + await this.collecting.cancel(run, kept);
  }

  /** A message of a cancelled run: the journal has forgotten it already, memory mode counts it here. */
  discarded({ seq, run }: Pick<Work, 'seq' | 'run'>): void {
    if (seq === 0) this.settling.leaveRun(run, { discarded: 1 });
  }

  commit(ops: readonly Op[]): void { this.#writer.commit(ops); }

  writable(): void { for (const station of this.#stations.values()) station.schedule(); }

  runEnded(run: EndedRun): void {
    this.services.replies.ended(run.id, endState(run));
    this.services.outboxGrew();
    if (this.pinned.any) this.pinned.look();
  }

  #reply(run: string, answer: HttpAnswer): boolean {
    const { replies, journal, clock } = this.services;
    const waiting = replies.waiting(run);
    if (this.keys.answered(run, answer)) return waiting !== undefined;
    if (waiting && !waiting.keyed) return replies.answer(run, answer);
    if (!waiting && !this.durable) return false;
    // Recorded before it is sent (DESIGN 6.9); also when the caller is gone, for its repeat.
    journal.commit({ ops: [{ op: 'answered', run, answer: encodeBody(answer), at: clock.now() }] })
      .then(() => replies.answer(run, answer), (error: unknown) => this.services.bug(error, { en: `recording the answer of run ${run}`, ru: `запись ответа запуска ${run}` }));
    return waiting !== undefined;
  }

  /** Starts a run at a node's input, as an upstream message would. */
  injectAt(node: string, body: Body): Promise<{ readonly runId: string }> {
    return this.acceptance.accept({ node, port: '', body, key: null, options: {} });
  }

  wireOf(via: string): WireCount | undefined { return (this.#revision?.wire(via) ?? this.pinned.wire(via))?.count; }
  count(node: string): NodeCount {
    let count = this.nodeCounts.get(node);
    if (!count) this.nodeCounts.set(node, (count = new NodeCount()));
    return count;
  }
  wireCount(wire: string): WireCount {
    let count = this.wireCounts.get(wire);
    if (!count) this.wireCounts.set(wire, (count = new WireCount()));
    return count;
  }
}

const ALL = (): boolean => true;
const NOT_KEPT: ReadRevision = async () => await Promise.resolve(undefined);
const NO_LIMIT: QueueLimit = { messages: Infinity, chars: Infinity };
