import type { Json } from '../flow/flow.ts';
import { runOps, type Tally } from '../engine/run-ops.ts';
import { encodeStorable } from '../journal/codec.ts';
import { shortHash } from '../hash.ts';
import { rowFlag, type CancelledRun, type KeptRow, type Op, type WindowChange, type WindowRow } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { ClosedWait, CloseReason, CollectStep, Collector, HandlerResult } from '../sdk/define-node.ts';
import type { HttpRequest } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { CallContext } from './call-context.ts';
import { failureOf } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import { keptOf, keptOfRow, keptRow, type Kept } from './kept.ts';
import { wholeAgain } from './lineage.ts';
import { Msg, type Run, type Work } from './message.ts';
import { Resumes, type ResumeOutcome } from './resumes.ts';
import { Segment } from './segment.ts';
import { isWord, type MissingPart } from './missing.ts';
import type { Station } from './station.ts';
import { Turns } from './turns.ts';
import { configFor, isCollecting, isPacing, type Unit } from './unit.ts';
import { Visit } from './visit.ts';
import { NodeWindows, tooMany, tooManyWindows, type Window } from './windows.ts';

interface At { readonly unit: Unit; readonly work: Work }
const COMPLETED: Tally = { completed: 1, dropped: 0, dead: 0 };
const NOTHING: Tally = { completed: 0, dropped: 0, dead: 0 };
const DROPPED: Tally = { completed: 0, dropped: 1, dead: 0 };
/** What of an open window memory mode would lose. */
export interface VolatileWindow { readonly change: WindowChange; readonly kept: readonly { readonly run: Run; readonly row: Omit<KeptRow, 'pos' | 'branched'> }[] }

const READ_AGAIN_MS = 1000;

/** Joins and other nodes that gather messages into windows: what a message adds and its removal are one commit. */
export class Collecting {
  readonly #runner: FlowRunner;
  readonly #windows = new Map<string, NodeWindows>();
  /** Of nodes that pace, until they run. */
  #paces: WindowRow[] = [];
  /** Arrivals and closings of one node follow each other. */
  readonly #turns: Turns;
  readonly #resumes: Resumes;

  constructor(runner: FlowRunner) {
    this.#runner = runner;
    this.#turns = new Turns((error, node) => { runner.services.bug(error, { en: `closing a window of node ${node}`, ru: `закрытие окна узла ${node}` }); });
    this.#resumes = new Resumes(runner, (node, request, token) => this.#resume(node, request, token));
  }

  arrive(station: Station, unit: Unit, work: Work): void {
    this.#turns.take(unit.id, async () => {
      try {
        if (this.#runner.isCancelled(work)) this.#runner.discarded(work);
        else if (this.#runner.unitFor(unit.id, work.run)?.definition?.collect) await this.#add(unit, work);
        else this.#runner.parking.parkWork({ station, unit, work });
      } catch (error) {
        const segment = new Segment(work, this.#runner.services.clock.now(), (done) => void this.#runner.settling.settle(done));
        if (!isWord(work)) this.#runner.walker.fail(new Visit(segment, unit, work.msg.body), failureOf(error, unit.id));
        segment.close();
      } finally {
        station.finished(work, false);
      }
    });
  }

  /** A window waits for more. */
  get open(): boolean { return [...this.#windows.values()].some((windows) => [...windows].some(({ closeAt }) => closeAt !== null)); }

  /** Open windows with what memory mode keeps in them. */
  takeVolatile(): VolatileWindow[] {
    const { flow } = this.#runner;
    return [...this.#windows].flatMap(([node, windows]) => [...windows].flatMap(({ key, first, state, closeAt, kept }) => (kept.length === 0 && this.#runner.durable ? [] : [{
      change: { flow, node, key, state: JSON.stringify(state), closeAt, first },
      kept: kept.splice(0).map(({ id, run, flags, body }) => ({ run, row: { flow, node, window: key, id, run: run.id, revision: run.revision, receivedAt: run.startedAt, flags, body: encodeStorable(body) } })),
    }])));
  }

  /** How many messages memory mode keeps, by node. */
  volatile(): ReadonlyMap<string, number> { return new Map([...this.#windows].map(([node, windows]) => [node, [...windows].reduce((sum, { kept }) => sum + kept.length, 0)])); }
  /** It has a window, or one of which a message is on its way in or out. */
  gathersAt(node: string): boolean { return this.#turns.taken(node) || (this.#windows.get(node)?.size ?? 0) > 0; }

  /** The node gathers no more. Behind the arrivals that are at work: `stored` parks what the journal keeps and answers which windows are no more. Answers what memory mode kept. */
  async park(node: string, stored: () => Promise<readonly string[]>): Promise<readonly Kept[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Kept[]>();
    this.#turns.take(node, async () => {
      try {
        const gone = new Set(await stored());
        const windows = this.#of(node);
        const volatile: Kept[] = [];
        for (const window of windows) {
          const { key } = window;
          if (window.kept.length === 0 && !gone.has(key)) continue;
          window.cancel?.();
          windows.delete(key);
          volatile.push(...window.kept);
        }
        resolve(volatile);
      } catch (error) { reject(error as Error); }
    });
    return await promise;
  }

  /** Nothing comes into a window or leaves one until the answer is called. */
  async hold(): Promise<() => void> { return await this.#turns.hold(this.#windows.keys()); }

  /** What a cancelled run had in windows is gone, and windows that keep nothing else with it. While all is held. Answers how many memory mode kept. */
  async cancel(run: string, gone: CancelledRun['kept']): Promise<number> {
    const touched = new Map<Window, string>();
    for (const { node, window: key } of gone) {
      const window = this.#of(node).get(key);
      if (!window) continue;
      window.count = Math.max(0, window.count - 1);
      touched.set(window, node);
    }
    let inMemory = 0;
    for (const [node, windows] of this.#windows) for (const window of windows) {
      const mine = window.kept.filter((each) => each.run.id === run);
      if (mine.length === 0) continue;
      window.kept.splice(0, window.kept.length, ...window.kept.filter((each) => each.run.id !== run));
      touched.set(window, node);
      for (const each of mine) this.#runner.discarded({ seq: 0, run: each.run });
      window.count = Math.max(0, window.count - mine.length);
      inMemory += mine.length;
    }
    for (const [window, node] of touched) {
      if (window.kept.length > 0 || (await this.#stored(node, window)).length > 0) continue;
      window.cancel?.();
      this.#of(node).delete(window.key);
    }
    return inMemory;
  }

  /** The nodes of a new revision: callers from outside may close windows of theirs, and what could not go on may do so now. */
  serve(units: Iterable<Unit>): void {
    this.#resumes.serve(units);
    this.#paces = this.#paces.filter((row) => !this.#restorePace(row));
    for (const [node, windows] of this.#windows) for (const window of windows) if (window.closeAt !== null && !window.cancel) this.#wakeAt(node, window, window.closeAt);
  }

  /** No window closes any more. */
  dispose(): void {
    this.#resumes.dispose();
    for (const windows of this.#windows.values()) for (const window of windows) window.cancel?.();
    this.#windows.clear();
  }

  async recover(): Promise<void> {
    for (const row of await this.#runner.services.journal.windows(this.#runner.flow)) {
      const state = JSON.parse(row.state) as Json;
      // Of a pace it is a list of instants.
      if (Array.isArray(state) && this.#runner.unitAt(row.node, isPacing)?.definition?.pace) { this.#paces.push(row); continue; }
      const window: Window = { key: row.key, first: row.first, state, closeAt: null, cancel: undefined, kept: [], count: 0 };
      this.#of(row.node).set(window);
      this.#closeAt(row.node, window, row.closeAt);
    }
  }

  /** False while the node cannot run: how it is to pace is not known then. */
  #restorePace(row: WindowRow): boolean {
    const unit = this.#runner.unitAt(row.node, isPacing);
    if (!unit?.pace) return false;
    const after = unit.plan.feeds.reduce((sum, node) => sum + this.#runner.station(node).queued, 0);
    if (!this.#runner.station(row.node).restorePace(unit.pace, row, after)) this.#runner.commit([{ op: 'window', change: { ...row, state: null, closeAt: null } }]);
    return true;
  }

  async #add(unit: Unit, work: Work): Promise<void> {
    const collect = unit.definition?.collect as Collector<unknown>;
    const context = new CallContext(unit, work.msg, work);
    const missing = missingIn(work);
    const body = missing?.told ?? work.msg.body;
    context.config = await configFor(unit, body, context);
    const key = collect.key(body, context as never);
    const open = this.#of(unit.id).get(key);
    const step = missing && collect.missing ? collect.missing.arrive(missing, open?.state, context as never) : collect.arrive(body, open?.state, context as never);
    const window = open ?? { key, first: work.msg.id, state: null, closeAt: null, cancel: undefined, kept: [], count: 0 };
    if (step.keep && window.count >= limits.joinKeptMessagesMax) throw tooMany(unit.id, key);
    if (!open && this.#of(unit.id).full) throw tooManyWindows(unit.id);
    const before = window.state;
    window.state = step.state;
    if (step.close) {
      if (!await this.#close(unit, window, { work, ...(step.keep && { keep: step.keep }), reason: 'complete' })) window.state = before;
      return;
    }
    this.#of(unit.id).set(window);
    if (step.closeAt !== undefined) this.#closeAt(unit.id, window, step.closeAt);
    const at = { unit, work };
    if (step.send !== undefined && step.keep) { await this.#keepAndSend(at, window, { keep: step.keep, send: step.send }); return; }
    if (step.pass !== undefined) { await this.#pass(at, window, step.pass); return; }
    if (!missing) unit.count.done++;
    const replaced = step.keepOnly ? await this.#replace(unit.id, window) : [];
    this.#keep(at, window, { step, replaced });
  }

  /** The message goes on, in one commit with what the window has become. The next one waits: it must not be written before. */
  async #pass({ unit, work }: At, window: Window, result: HandlerResult): Promise<void> {
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const segment = new Segment(work, this.#runner.services.clock.now(), (done) => {
      try { void this.#runner.settling.settle(done, work.seq === 0 ? [] : [this.#written(unit.id, window)]); } finally { resolve(); }
    });
    this.#runner.walker.leave(new Visit(segment, unit, work.msg.body), result);
    segment.close();
    await settled;
  }

  async #keepAndSend({ unit, work }: At, window: Window, { keep, send }: { readonly keep: Body; readonly send: HandlerResult }): Promise<void> {
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const kept = { node: unit.id, window: window.key, ...keptRow(work, keep), branched: 1 as const };
    window.count++;
    const segment = new Segment(work, this.#runner.services.clock.now(), (done) => {
      if (work.seq === 0) window.kept.push(keptOf(work, keep));
      try { void this.#runner.settling.settle(done, work.seq === 0 ? [] : [this.#written(unit.id, window), { op: 'keep', kept }]); } finally { resolve(); }
    });
    segment.kept = true;
    this.#runner.walker.leave(new Visit(segment, unit, work.msg.body), send);
    segment.close();
    await settled;
  }

  /** Somebody outside closes a window. Answers when that is on disk. */
  #resume(node: string, request: HttpRequest, token: string): Promise<ResumeOutcome> {
    return new Promise((resolve, reject) => {
      this.#turns.take(node, async () => {
        try { resolve(await this.#resumeNow(node, request, token)); } catch (error) { reject(error as Error); }
      });
    });
  }

  async #resumeNow(node: string, request: HttpRequest, token: string): Promise<ResumeOutcome> {
    const unit = this.#runner.unitAt(node, isCollecting);
    const resume = (unit?.definition?.collect as Collector<unknown> | undefined)?.resume;
    if (this.#runner.state !== 'live' || !unit || !resume) return 'stopped';
    const window = this.#of(node).get(resume.key(token));
    if (!window) return 'unknown';
    const { closed } = (window.state ?? {}) as Partial<ClosedWait>;
    if (closed) return closed;
    await this.#close(unit, window, { given: resume.given(request), reason: 'resumed' });
    // Behind the commit that closed it.
    await this.#runner.services.journal.commit({ ops: [] });
    return 'resumed';
  }

  /** Takes out what the window has kept so far; it ends as dropped. */
  async #replace(node: string, window: Window): Promise<readonly Op[]> {
    const stored = window.count > window.kept.length ? await this.#stored(node, window) : [];
    for (const { run } of window.kept.splice(0)) this.#runner.settling.leaveRun(run, { dropped: 1 });
    window.count = 0;
    if (stored.length === 0) return [];
    return [{ op: 'unkeep', flow: this.#runner.flow, node, window: window.key }, ...stored.map(keptOfRow).flatMap(({ run, branched }) => this.#endOf(run, branched, DROPPED))];
  }

  #keep({ unit, work }: At, window: Window, { step, replaced }: { readonly step: CollectStep; readonly replaced: readonly Op[] }): void {
    const keep = step.keep ?? step.keepOnly;
    const isTold = missingIn(work) !== undefined;
    const told = isTold ? [] : this.#runner.recorder.ended(work, 'gathered');
    if (keep) window.count++;
    if (work.seq === 0) {
      if (replaced.length > 0) this.#runner.commit(replaced);
      if (keep) window.kept.push(keptOf(work, keep));
      else this.#runner.settling.leaveRun(work.run, isTold ? { told: 1 } : { completed: 1 });
      return;
    }
    const ops: Op[] = [{ op: 'end', seq: work.seq }, this.#written(unit.id, window), ...replaced, ...told];
    if (keep) ops.push({ op: 'keep', kept: { node: unit.id, window: window.key, ...keptRow(work, keep) } });
    else ops.push(...this.#endOf(work.run, work.branched, isTold ? NOTHING : COMPLETED));
    if (this.#runner.settling.frees(work.seq)) ops.push({ op: 'key-free-by', row: work.seq });
    this.#runner.commit(ops);
    this.#runner.settling.freedBy(work.seq);
  }

  #forgotten(node: string, { key, first }: Window): Op { return { op: 'window', change: { flow: this.#runner.flow, node, key, state: null, closeAt: null, first } }; }
  #written(node: string, { key, state, closeAt, first }: Window): Op {
    return { op: 'window', change: { flow: this.#runner.flow, node, key, state: JSON.stringify(state), closeAt, first } };
  }

  /** False when the message that would close it was cancelled meanwhile: it stays as it was. */
  async #close(closing: Unit, window: Window, last: { readonly work?: Work; readonly keep?: { readonly [key: string]: unknown }; readonly given?: Body; readonly reason: CloseReason }): Promise<boolean> {
    const { services } = this.#runner;
    const stored = await this.#stored(closing.id, window);
    if (last.work && this.#runner.isCancelled(last.work)) {
      this.#runner.discarded(last.work);
      return false;
    }
    window.cancel?.();
    const kept = [...stored.map(keptOfRow), ...window.kept];
    if (last.work && last.keep) kept.push(keptOf(last.work, last.keep));
    const origin = this.#origin(closing, window, { kept, work: last.work });
    // The parts may be of several revisions: it closes by that of the run which goes on.
    const own = this.#runner.unitFor(closing.id, origin.run);
    const unit = own && isCollecting(own) ? own : closing;
    // The row of the last message goes on as what leaves; where that is only word of a missing part, the last one that was kept ends without being counted twice.
    const isTold = last.work !== undefined && missingIn(last.work) !== undefined;
    const others = last.work && !last.keep ? kept : kept.slice(0, -1);
    const uncounted = isTold ? kept.at(-1) : undefined;
    const config = await configFor(unit, origin.msg.body, services);
    const result = (unit.definition?.collect as Collector<unknown>).close({ key: window.key, state: window.state, kept: kept.map(({ body }) => body), reason: last.reason, ...(last.given && { given: last.given }) }, config);
    this.#of(unit.id).delete(window.key);
    if (kept.length === 0 && !last.work && result === undefined) {
      // Its state was all there was, and its time is over.
      this.#runner.commit([this.#forgotten(unit.id, window)]);
      return true;
    }
    const ended: Op[] = others.filter((each) => each.stored).flatMap((each) => this.#endOf(each.run, each.branched, each === uncounted ? NOTHING : COMPLETED));
    for (const each of others) if (!each.stored) this.#runner.settling.leaveRun(each.run, each === uncounted ? { told: 1 } : { completed: 1 });
    if (origin.seq !== 0 || stored.length > 0) ended.unshift(this.#forgotten(unit.id, window));
    // What was stored while the flow was durable goes also when it is in memory mode now.
    const closed = (unit.definition?.collect as Collector<unknown>).closed?.({ state: window.state, reason: last.reason }, config);
    if (closed) ended.splice(origin.seq === 0 ? 0 : 1, 0, ...this.#remember(unit, window, { closed, stored: origin.seq !== 0 }));
    if (origin.seq === 0 && ended.length > 0) this.#runner.commit(ended.splice(0));
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const on = this.#runner.enter(unit, origin.run);
    const segment = new Segment(origin, services.clock.now(), (done) => {
      try { void this.#runner.settling.settle(done, ended); } finally { resolve(); }
    });
    this.#runner.walker.leave(new Visit(segment, unit, origin.msg.body), result);
    segment.close();
    // Nodes behind may take their time: a next window of this key must not find what this one kept.
    await settled;
    on?.leave();
    return true;
  }

  /** A closed window is known for a while, so that late ones do not open it again. */
  #remember(unit: Unit, { key, first }: Window, { closed, stored }: { readonly closed: { readonly state: Json; readonly forMs: number }; readonly stored: boolean }): readonly Op[] {
    const window: Window = { key, first, state: closed.state, closeAt: null, cancel: undefined, kept: [], count: 0 };
    const windows = this.#of(unit.id);
    windows.set(window);
    this.#closeAt(unit.id, window, this.#runner.services.clock.now() + closed.forMs);
    const { beyond } = windows;
    beyond?.cancel?.();
    if (beyond) windows.delete(beyond.key);
    return stored ? [this.#written(unit.id, window), ...(beyond ? [this.#forgotten(unit.id, beyond)] : [])] : [];
  }

  /** What a window keeps on disk. A disk that cannot be read now is nobody's failure: it is read again. */
  async #stored(node: string, { key }: Window): Promise<readonly KeptRow[]> {
    const { journal, timers } = this.#runner.services;
    for (;;) {
      try {
        return await journal.kept({ flow: this.#runner.flow, node, window: key });
      } catch (error) {
        this.#runner.failed(error);
        await new Promise<void>((resolve) => { timers.after(READ_AGAIN_MS, resolve); });
      }
    }
  }

  /** What leaves belongs to the run of the last message; its id follows from node, key and window. Of a whole the key says all: when a replay brings its parts in another order, who takes it knows it. */
  #origin(unit: Unit, window: Window, { kept, work }: { readonly kept: readonly Kept[]; readonly work: Work | undefined }): Work {
    const { services, durable, flow } = this.#runner;
    const last = kept.at(-1);
    const id = shortHash(`${flow}|${unit.id}|${window.key}|${unit.plan.gathers ? '' : window.first}`);
    const at = services.clock.now();
    const run = work?.run ?? last?.run ?? { id, flow, revision: unit.revision, startedAt: at, pending: 1, completed: 0, dropped: 0, dead: 0, discarded: 0 };
    return {
      seq: work?.seq ?? (last?.stored ?? durable ? services.journal.nextSeq() : 0), pos: services.journal.nextSeq(), msg: new Msg((work && missingIn(work)?.told) ?? work?.msg.body ?? last?.body ?? {}, id), run,
      node: unit.id, via: '', wire: undefined, key: work?.key ?? null, lineage: unit.plan.gathers ? wholeAgain(work?.lineage ?? null, { node: unit.id, parts: window.key }) : null, parents: kept.slice(0, limits.parentIdsMax).map((each) => each.id),
      receivedAt: work?.receivedAt ?? last?.receivedAt ?? at, branched: work?.branched ?? last?.branched ?? false, attempt: 0, crashes: 0, due: null, resumed: false, hops: work?.hops ?? 0, flags: (work?.flags ?? last?.flags ?? 0) & ~rowFlag.missing, cursor: null,
    };
  }

  #closeAt(node: string, window: Window, closeAt: number | null): void {
    if (closeAt === window.closeAt) return;
    window.cancel?.();
    window.cancel = undefined;
    window.closeAt = closeAt;
    if (closeAt !== null) this.#wakeAt(node, window, closeAt);
  }

  #wakeAt(node: string, window: Window, at: number): void {
    window.cancel = this.#runner.services.timers.set(at, () => this.#turns.take(node, () => this.#timeout(node, window)));
  }

  async #timeout(node: string, window: Window): Promise<void> {
    if (this.#of(node).get(window.key) !== window) return;
    window.cancel = undefined;
    const unit = this.#runner.unitAt(node, isCollecting);
    // While its node does not run it stays as it is, and closes when that runs again.
    if (this.#runner.state !== 'live' || !unit?.definition?.collect || unit.problem || unit.plan.node.disabled) return;
    try {
      await this.#close(unit, window, { reason: 'timeout' });
    } catch (error) {
      this.#wakeAt(node, window, this.#runner.services.clock.now() + limits.backoffMaxMs);
      throw error;
    }
  }

  #of(node: string): NodeWindows {
    let windows = this.#windows.get(node);
    if (!windows) this.#windows.set(node, (windows = new NodeWindows()));
    return windows;
  }

  #endOf(run: Run, branched: boolean, tally: Tally = COMPLETED): readonly Op[] {
    return runOps(run, branched, { outs: 0, tally, at: this.#runner.services.clock.now() }).ops;
  }
}

const missingIn = (work: Work): MissingPart | undefined => (isWord(work) ? work.msg.body as unknown as MissingPart : undefined);
