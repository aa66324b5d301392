import type { Row } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import { workOf, type Work } from './message.ts';
import type { Services } from './services.ts';
import type { WireCount } from './unit.ts';

/** What the dues of a node ask of it. */
export interface DuesOwner {
  readonly flow: string;
  readonly node: string;
  /** Room for a message that is due; else it stays on disk until `more` is called. */
  readonly takesDue: boolean;
  wireOf(via: string): WireCount | undefined;
  /** Its time has come. */
  due(work: Work): void;
  failed(error: unknown): void;
}

interface Entry { readonly work: Work; readonly due: number; readonly cancel: () => void }
/** A place in the order of due times. */
interface Cursor { readonly due: number; readonly pos: number }

const READ_AGAIN_MS = 1000;
const START: Cursor = { due: -Number.MAX_SAFE_INTEGER, pos: 0 };

/**
 * Messages of one node that wait for an instant. The journal has them all; in memory are those that are due first, a bounded number.
 * Up to the cursor every row is in memory or has been handed over; after it rows may be on disk only, so nothing behind it is
 * handed over before it was read: one that is due later never goes first. Without a cursor all are here.
 */
export class Dues {
  readonly #owner: DuesOwner;
  readonly #services: Services;
  #cursor: Cursor | undefined;
  /** Waiting here or handed over and not done yet: a reading must not bring them a second time. */
  readonly #known = new Set<number>();
  readonly #armed = new Set<Entry>();
  /** Memory mode's messages live nowhere else. */
  readonly #volatile = new Set<Entry>();
  #reading = false;
  #disposed = false;
  /** Came while a reading is under way, which may bring earlier ones. */
  #cameMeanwhile: Entry['work'][] = [];
  #movedBack: Cursor | undefined;
  /** Done while a reading is under way, which may still bring them. */
  readonly #doneMeanwhile = new Set<number>();
  #stopReading: () => void = () => undefined;
  /** Waiting for their due time, in memory or not. */
  waiting = 0;

  constructor(owner: DuesOwner, services: Services) {
    this.#owner = owner;
    this.#services = services;
  }

  /** A message waits from now on. Its row is on its way to the journal before this is called. */
  add(work: Work, due: number): void {
    this.waiting++;
    if (work.seq === 0) this.#arm(work, due);
    else if (this.#reading) this.#cameMeanwhile.push(work);
    else this.#armIfNear(work, due);
  }

  /** What the journal holds of an earlier life. */
  restore(waiting: number): void {
    this.waiting += waiting;
    if (waiting === 0) return;
    this.#cursor = START;
    this.#plan(0);
  }

  /** The message is being worked on to its end, or no longer waits: a reading cannot bring it any more. */
  done(work: Work): void {
    if (this.#known.size > 0 && this.#known.delete(work.seq) && this.#reading) this.#doneMeanwhile.add(work.seq);
  }

  /** It is due and at work again after it was put aside. */
  handedOver(work: Work): void { this.#known.add(work.seq); }

  /** The node has room again for messages that are due. */
  more(): void {
    if (this.#cursor) this.#plan(0);
  }

  /** Messages of a cancelled run do not come any more: answers those that lived in memory only, and the rows that were handed over before. */
  forget(run: string, gone: ReadonlySet<number>): { readonly volatile: readonly Work[]; readonly handedOver: ReadonlySet<number> } {
    const armed = new Set([...this.#armed].map((entry) => entry.work.seq));
    const handedOver = new Set([...gone].filter((seq) => this.#known.has(seq) && !armed.has(seq)));
    for (const seq of gone) if (!this.#known.has(seq)) this.waiting--; // on disk only
    for (const entry of this.#armed) {
      if (!gone.has(entry.work.seq)) continue;
      this.waiting--;
      this.#drop(entry);
    }
    if (this.#reading) for (const seq of gone) this.#doneMeanwhile.add(seq);
    this.#cameMeanwhile = this.#cameMeanwhile.filter((work) => !gone.has(work.seq));
    const volatile = [...this.#volatile].filter((entry) => entry.work.run.id === run);
    for (const entry of volatile) this.#drop(entry);
    this.waiting -= volatile.length;
    return { volatile: volatile.map((entry) => entry.work), handedOver };
  }

  get volatile(): number { return this.#volatile.size; }
  /** Takes out what lives in memory only. */
  takeVolatile(): Work[] {
    const works = [...this.#volatile].map((entry) => entry.work);
    for (const entry of this.#volatile) entry.cancel();
    this.#volatile.clear();
    return works;
  }

  /** Nothing comes due any more, also not what is being read. */
  dispose(): void {
    this.#disposed = true;
    this.#stopReading();
    for (const entry of [...this.#armed, ...this.#volatile]) entry.cancel();
  }

  #armIfNear(work: Work, due: number): void {
    if (!this.#isUnread({ due, pos: work.pos })) this.#arm(work, due);
    else if (!this.#reading) this.#plan(0); // nobody else may ever ask for what lies behind the cursor
  }
  #isUnread(place: Cursor): boolean { return this.#cursor !== undefined && before(this.#cursor, place); }

  #arm(work: Work, due: number): void {
    const { timers, clock } = this.#services;
    const atInstant = timers.set(due, () => this.#fire(entry));
    // A retry waits for time to pass: set back, the wall clock does not make it wait longer.
    const afterTime = work.attempt > 0 ? timers.after(due - clock.now(), () => this.#fire(entry)) : undefined;
    const entry: Entry = { work, due, cancel: () => { atInstant(); afterTime?.(); } };
    if (work.seq === 0) { this.#volatile.add(entry); return; }
    this.#known.add(work.seq);
    this.#armed.add(entry);
    if (this.#armed.size > limits.duesInMemory) this.#leaveLatest();
  }

  /** Keeps the half that is due first; the rest is read again when its time is near. */
  #leaveLatest(): void {
    const inOrder = [...this.#armed].sort((a, b) => (before(placeOf(a), placeOf(b)) ? -1 : 1));
    this.#moveBack(placeOf(inOrder[Math.ceil(limits.duesInMemory / 2)] as Entry));
  }

  #drop(entry: Entry): void {
    entry.cancel();
    this.#armed.delete(entry);
    this.#volatile.delete(entry);
    this.#known.delete(entry.work.seq);
  }

  /** This place and what follows is on disk only from now on. */
  #moveBack({ due, pos }: Cursor): void {
    const cursor = { due, pos: pos - 1 };
    if (!this.#cursor || before(cursor, this.#cursor)) this.#cursor = cursor;
    for (const entry of this.#armed) if (this.#isUnread(placeOf(entry))) this.#drop(entry);
    if (this.#reading && (!this.#movedBack || before(cursor, this.#movedBack))) this.#movedBack = cursor;
  }

  #fire(entry: Entry): void {
    const { work } = entry;
    entry.cancel();
    if (work.seq !== 0 && !this.#owner.takesDue) {
      this.#moveBack(placeOf(entry));
      return;
    }
    this.#armed.delete(entry);
    this.#volatile.delete(entry);
    this.waiting--;
    this.#owner.due(work);
    if (this.#cursor && this.#armed.size < limits.duesInMemory / 2) this.#plan(0);
  }

  #plan(afterMs: number): void {
    this.#stopReading();
    this.#stopReading = this.#services.timers.after(afterMs, () => {
      if (!this.#reading && this.#cursor && this.#owner.takesDue && this.#armed.size < limits.duesInMemory / 2) void this.#read(this.#cursor);
    });
  }

  async #read(after: Cursor): Promise<void> {
    const { flow, node } = this.#owner;
    this.#reading = true;
    try {
      const rows = await this.#services.journal.due({ flow, node, after, limit: limits.duesPage });
      if (this.#disposed) return;
      const last = rows.length === limits.duesPage ? rows.at(-1) : undefined;
      this.#cursor = last && { due: last.due as number, pos: last.pos };
      if (this.#movedBack && (!this.#cursor || before(this.#movedBack, this.#cursor))) this.#cursor = this.#movedBack;
      this.#endReading(rows);
      if (this.#cursor) this.#plan(0);
    } catch (error) {
      if (this.#disposed) return;
      this.#endReading([]);
      this.#owner.failed(error);
      this.#plan(READ_AGAIN_MS);
    }
  }

  #endReading(rows: readonly Row[]): void {
    this.#reading = false;
    this.#movedBack = undefined;
    for (const row of rows) {
      if (!this.#known.has(row.seq) && !this.#doneMeanwhile.has(row.seq)) this.#armIfNear(workOf(row, this.#owner.wireOf(row.via)), row.due as number);
    }
    // Also what was done meanwhile and waits again: only its old row must not be taken for it.
    for (const work of this.#cameMeanwhile.splice(0)) if (!this.#known.has(work.seq)) this.#armIfNear(work, work.due as number);
    this.#doneMeanwhile.clear();
  }
}

const placeOf = ({ work, due }: Entry): Cursor => ({ due, pos: work.pos });
const before = (a: Cursor, b: Cursor): boolean => a.due < b.due || (a.due === b.due && a.pos < b.pos);
