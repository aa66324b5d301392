import type { DeployEffects } from '../api/contract.ts';
import type { Flow, Text } from '../flow/flow.ts';
import { encodeStorable } from '../journal/codec.ts';
import type { DeadLetterRow, Op, Parking as Order, Row } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { Collecting } from './collecting.ts';
import type { Kept } from './kept.ts';
import { outcomeUnknown, recordOf } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import { endsRunsOnTheirs } from './pinned.ts';
import { workOf, type Work } from './message.ts';
import { isWord } from './missing.ts';
import { changesOf, type Revision } from './revision.ts';
import { Segment } from './segment.ts';
import type { Station } from './station.ts';
import { isCollecting, type Unit } from './unit.ts';
import { Visit } from './visit.ts';
import { toDeadLetters } from './walker.ts';

type Parks = DeployEffects['parks'];
/** What of a node's resting messages has no place any more, and why. */
interface Misfit {
  readonly what: Order['what'];
  readonly reason: Text;
  /** Earlier revisions on which runs end that have a place there. */
  readonly spared: readonly number[];
}

/**
 * Messages at rest at a node that the newest revision has no place for become dead letters of the kind `parked`: at a deploy those that
 * lie there, in bulk, by the journal; after it those that would come to lie there. What is at work there ends on its own revision.
 */
export class Parking {
  readonly #runner: FlowRunner;
  readonly #collecting: Collecting;

  constructor(runner: FlowRunner, collecting: Collecting) {
    this.#runner = runner;
    this.#collecting = collecting;
  }

  /** A newer revision has just become the one that runs. */
  async after(before: Revision | undefined): Promise<Parks> {
    const misfits = new Map<Station, Misfit>();
    const volatile: Work[] = [];
    for (const [node, station] of this.#runner.stations) {
      const misfit = this.#misfit(node);
      const wasSource = before?.units.get(node)?.definition?.start !== undefined;
      const known = !station.sparing && (misfit?.what === 'all' ? station.gone : misfit?.what === 'wires' && wasSource);
      this.#mark(station, misfit);
      if (!misfit || known || this.#sparesAll(misfit)) continue;
      misfits.set(station, misfit);
      // In the same turn in which the revision changed: nothing more is taken by an earlier one.
      if (misfit.what !== 'kept') volatile.push(...station.empty());
    }
    const parks: Parks[number][] = [];
    for (const [{ node }, misfit] of misfits) {
      const here = volatile.filter((work) => work.node === node);
      const unit = before?.units.get(node);
      // Word for joins is made by their nodes, of message after message.
      const tells = misfit.what !== 'kept' && unit !== undefined && unit.plan.joins.length > 0;
      const telling = tells ? here.filter((work) => work.cursor === null && (misfit.what === 'all' || work.via.includes('->'))) : [];
      const told = tells ? await this.#parkTelling(unit, telling, misfit) : 0;
      const messages = told + await this.#park(node, misfit) + await this.#parkVolatile(here.filter((work) => !telling.includes(work)), misfit);
      if (messages > 0) parks.push({ node, messages, reason: misfit.reason });
    }
    await this.#runner.recovery.restore(new Set([...misfits].filter(([, { what }]) => what !== 'kept').map(([{ node }]) => node)));
    return parks;
  }

  /** What an earlier life has left, before anything of it goes on. */
  async atStart(): Promise<Parks> {
    const parks: Parks[number][] = [];
    for (const { node, kept } of await this.#runner.services.journal.atRest(this.#runner.flow)) {
      const misfit = this.#misfit(node, kept > 0);
      this.#mark(this.#runner.station(node), misfit);
      if (!misfit || this.#sparesAll(misfit)) continue;
      const messages = await this.#inJournal(node, misfit);
      if (messages > 0) parks.push({ node, messages, reason: misfit.reason });
    }
    return parks;
  }

  /** Messages at rest by node. */
  async moves(): Promise<DeployEffects['moves']> {
    return [...await this.#resting()].filter(([node]) => this.#misfit(node)?.spared.length !== 0).map(([node, messages]) => ({ node, messages }));
  }

  /** What a deploy of this flow would do now. */
  async preview(flow: Flow): Promise<DeployEffects> {
    const { services, revision } = this.#runner;
    const isPinned = endsRunsOnTheirs(flow);
    const moves: DeployEffects['moves'][number][] = [];
    const parks: Parks[number][] = [];
    for (const [node, messages] of await this.#resting()) {
      const type = flow.nodes[node]?.type;
      if (isPinned && this.#runner.unitAt(node, takesMessages)) moves.push({ node, messages });
      else if (type === undefined) parks.push({ node, messages, reason: noNode(node) });
      else if (services.nodes.get(type)?.start && !revision?.units.get(node)?.definition?.start) parks.push({ node, messages, reason: noInput(node) });
      else moves.push({ node, messages });
    }
    return { ...changesOf(flow, services, revision), moves, parks };
  }

  /** What came of a message by an earlier revision rests only where the newest one has a place. */
  spare(segment: Segment): void {
    const { outs, origin } = segment;
    // Units of one revision share their map: nearly always it is the newest one's.
    if (outs.length === 0 || outs[0]?.visit.unit.siblings === this.#runner.revision?.units) return;
    for (const out of outs.splice(0)) {
      if (this.#runner.hasPlace(out.visit.unit.id, origin.run)) outs.push(out);
      else if (!isWord(out)) this.#end(out.visit);
    }
    // Word of a part needs a place, too.
    const placed = outs.filter(({ visit }) => this.#runner.hasPlace(visit.unit.id, origin.run));
    if (placed.length < outs.length) outs.splice(0, outs.length, ...placed);
  }

  /** A message that is at work and would wait: there is no place for it. */
  parkWork({ station, unit, work }: { readonly station: Station; readonly unit: Unit; readonly work: Work }): void {
    const segment = this.#runner.segment(station, work, { at: this.#runner.services.clock.now() });
    if (!isWord(work)) this.#end(new Visit(segment, unit, work.msg.body));
    segment.close();
  }

  /** A join that waits for it is told: it may come again, and then leaves by `late`, as any dead letter does. */
  #end(visit: Visit): void {
    const node = visit.unit.id;
    const { origin } = visit.segment;
    const isUnknown = origin.crashes > 0;
    const failure = isUnknown ? outcomeUnknown(node) : new NodeFailure('deploy.parked', this.#misfit(node)?.reason ?? noNode(node), { details: visit.depth > 0 || origin.due === null ? {} : { due: origin.due } });
    toDeadLetters(visit, recordOf(failure, { node, attempt: origin.attempt, at: this.#runner.services.clock.now() }), isUnknown ? 'unknown' : 'parked');
    this.#runner.walker.missing.of(visit, { how: 'dead-lettered' });
  }

  /** What rests at a node behind which parts are put together, but for what is being made into very many: each message with word for its joins. */
  async #parkTelling(unit: Unit, volatile: readonly Work[], misfit: Misfit): Promise<number> {
    const { services, settling } = this.#runner;
    let count = 0;
    const end = async (work: Work): Promise<void> => {
      if (this.#runner.isCancelled(work)) { this.#runner.discarded(work); return; }
      const settled = Promise.withResolvers<boolean>();
      const segment = new Segment(work, services.clock.now(), (done) => { settled.resolve(settling.settle(done)); });
      if (!isWord(work)) { this.#end(new Visit(segment, unit, work.msg.body)); count++; }
      segment.close();
      await settled.promise;
    };
    await Promise.all(volatile.map(end));
    for (let rows = await this.#parkable(unit.id, misfit); rows.length > 0; rows = await this.#parkable(unit.id, misfit)) await Promise.all(rows.map((row) => end(workOf(row, undefined))));
    return count;
  }
  async #parkable(node: string, misfit: Misfit): Promise<readonly Row[]> { return await this.#runner.services.journal.parkable(this.#order(node, misfit)); }

  #misfit(node: string, gathers = this.#collecting.gathersAt(node)): Misfit | undefined {
    const unit = this.#runner.unit(node);
    const spared = this.#runner.pinned.at(node).filter(gathers ? isCollecting : takesMessages).map(({ revision }) => revision);
    if (!unit) return { what: 'all', reason: noNode(node), spared };
    if (unit.definition?.start) return { what: 'wires', reason: noInput(node), spared };
    // A type that is not installed waits for being so.
    if (gathers && unit.definition && !unit.definition.collect) return { what: 'kept', reason: noWindows(node), spared };
    return undefined;
  }
  #sparesAll({ spared }: Misfit): boolean { return spared.length > 0 && !this.#runner.pinned.leavesOut; }
  #mark(station: Station, misfit: Misfit | undefined): void {
    station.sparing = misfit !== undefined && misfit.spared.length > 0;
    station.gone = misfit?.what === 'all' && !station.sparing;
  }

  async #park(node: string, misfit: Misfit): Promise<number> {
    if (!this.#collecting.gathersAt(node)) return await this.#inJournal(node, misfit);
    let count = 0;
    const kept = await this.#collecting.park(node, async () => {
      const gone: string[] = [];
      count = await this.#inJournal(node, misfit, gone);
      return gone;
    });
    await this.#commit(kept.map((each) => ({ op: 'dead', letter: letterOf(this.#place(node, misfit), each) })));
    for (const { run } of kept) this.#runner.settling.leaveRun(run, { dead: 1 });
    this.#runner.count(node).deadLetters += kept.length;
    return count + kept.length;
  }

  /** All that the journal has there, some at a time. */
  async #inJournal(node: string, misfit: Misfit, windows: string[] = []): Promise<number> {
    let count = 0;
    for (let more = true; more;) {
      const parked = await this.#commit([{ op: 'park', parking: this.#order(node, misfit) }]);
      count += parked?.count ?? 0;
      windows.push(...parked?.windows ?? []);
      for (const { row } of parked?.freed ?? []) this.#runner.settling.freedBy(row);
      more = parked?.more ?? false;
    }
    this.#runner.count(node).deadLetters += count;
    return count;
  }

  #order(node: string, { what, reason, spared }: Misfit): Order {
    const { flow, services } = this.#runner;
    const unknown = outcomeUnknown(node);
    const except = [...this.#runner.station(node).atWork].map(({ seq }) => seq);
    return { flow, node, what, except, spared, at: services.clock.now(), code: 'deploy.parked', text: reason, unknown: { code: unknown.code, text: unknown.text }, atMost: limits.parkedAtOnce };
  }

  /** What memory mode held there. What a source accepted waits again where it was. */
  async #parkVolatile(works: readonly Work[], misfit: Misfit): Promise<number> {
    const parked = works.filter(({ via }) => misfit.what === 'all' || via.includes('->'));
    for (const work of works) if (!parked.includes(work)) this.#runner.station(work.node).arrive(work);
    if (parked.length === 0) return 0;
    const messages = parked.filter((work) => !isWord(work));
    await this.#commit(messages.map((work) => ({ op: 'dead', letter: letterOf(this.#place(work.node, misfit), { ...work, id: work.msg.id, body: work.msg.body }) })));
    for (const { run, node } of messages) {
      this.#runner.settling.leaveRun(run, { dead: 1 });
      this.#runner.count(node).deadLetters++;
    }
    for (const { run } of parked.filter(isWord)) this.#runner.settling.leaveRun(run, { told: 1 });
    return messages.length;
  }

  async #commit(ops: readonly Op[]): Promise<{ readonly count: number; readonly more: boolean; readonly windows: readonly string[]; readonly freed: readonly { readonly row: number }[] } | undefined> {
    if (ops.length === 0) return undefined;
    const { ended, parked } = await this.#runner.services.journal.commit({ ops });
    for (const run of ended) this.#runner.runEnded(run);
    return parked;
  }

  #place(node: string, { reason }: Misfit): LetterPlace {
    return { kind: 'parked', code: 'deploy.parked', flow: this.#runner.flow, node, at: this.#runner.services.clock.now(), text: reason };
  }

  /** How many messages rest at each node, in the journal and in memory mode's queues. */
  async #resting(): Promise<ReadonlyMap<string, number>> {
    const { journal, suspects } = this.#runner.services;
    const resting = new Map<string, number>();
    const add = (node: string, messages: number): void => { if (messages > 0) resting.set(node, (resting.get(node) ?? 0) + messages); };
    for (const { node, queued, waiting, aside, kept } of await journal.atRest(this.#runner.flow)) {
      // What is at work without a call is queued by the journal until it has left, unless that was written down, or nothing of it yet.
      const atWork = suspects.watchful ? 0 : [...this.#runner.station(node).atWork].filter(({ seq, attempt, accepting }) => seq !== 0 && attempt === 0 && !accepting).length;
      add(node, queued + waiting + aside + kept - Math.min(queued, atWork));
    }
    for (const [node, station] of this.#runner.stations) add(node, station.volatile);
    for (const [node, kept] of this.#collecting.volatile()) add(node, kept);
    return resting;
  }
}

const takesMessages = ({ definition }: Unit): boolean => !definition?.start;
type LetterPlace = Pick<DeadLetterRow, 'flow' | 'node' | 'at' | 'text' | 'kind' | 'code'>;

/** A message that lived in memory only, as a dead letter. */
export function letterOf(place: LetterPlace, work: Pick<Kept, 'id' | 'run' | 'receivedAt' | 'body'> & Partial<Pick<Work, 'via' | 'key' | 'lineage' | 'parents' | 'attempt' | 'pos' | 'cursor'>>): DeadLetterRow {
  const { id, run, receivedAt, body, via = '', key = null, lineage = null, parents = [], attempt = 0, pos = 0, cursor = null } = work;
  return {
    ...place, revision: run.revision, via, parents: parents.length === 0 ? null : JSON.stringify(parents), lineage, holdAt: null, holdKey: null, pos, edited: 0,
    id, run: run.id, attempts: attempt, details: JSON.stringify(cursor === null ? {} : { cursor }), key, receivedAt, body: encodeStorable(body),
  };
}

const noNode = (node: string): Text => ({ en: `a deploy removed the node ${node}, where the message was at rest`, ru: `применение убрало узел ${node}, у которого ждало сообщение` });
const noInput = (node: string): Text => ({ en: `since a deploy the node ${node}, where the message was at rest, is a source and takes no messages`, ru: `после применения узел ${node}, у которого ждало сообщение, стал источником и не принимает сообщений` });
const noWindows = (node: string): Text => ({ en: `since a deploy the node ${node} gathers no messages any more, and this one waited there for others`, ru: `после применения узел ${node} больше не собирает сообщения, а это ждало там других` });
