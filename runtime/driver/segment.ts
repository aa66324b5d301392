import { rowFlag, type DeadLetterRow, type Op } from '../journal/rows.ts';
import type { Tally } from '../engine/run-ops.ts';
import type { StepRecord } from '../store/store.ts';
import type { Work } from './message.ts';
import type { Station } from './station.ts';
import type { UnitWire } from './unit.ts';
import type { Visit } from './visit.ts';

/** A message that comes to rest at the end of a segment. */
export interface Out {
  readonly visit: Visit;
  readonly wire: UnitWire | undefined;
  /** Held by the node until then. */
  readonly due: number | null;
  /** Bits of `rowFlag`. */
  readonly flags?: number;
}

/**
 * What came of one committed message on its way to the next resting places: the unit of recovery. Its results are committed
 * together with the removal of its input. `open` counts branches that are still in a call.
 */
export class Segment {
  readonly origin: Work;
  readonly outs: Out[] = [];
  readonly letters: DeadLetterRow[] = [];
  readonly tally: Tally = { completed: 0, dropped: 0, dead: 0 };
  open = 1;
  /** The message stays at its node, which has made so many of it and makes more. */
  cursor: number | undefined = undefined;
  /** The message is kept in a window; what leaves is beside it. */
  kept = false;
  /** Its messages become the last ones that a person sees at their nodes. */
  shown = true;
  /** Every step of it is kept. */
  readonly recorded: boolean;
  /** Kept so far. */
  steps: StepRecord[] | undefined = undefined;
  /** Its first node did not act: what it gave once was recorded. */
  fromRecord = false;
  /** Where its message is at work. */
  station: Station | undefined = undefined;
  /** Written with what comes of it. */
  also: readonly Op[] = NONE;
  /** When it began, ms since 1970. */
  readonly at: number;
  readonly #settle: (segment: Segment) => void;

  constructor(origin: Work, at: number, settle: (segment: Segment) => void) {
    this.origin = origin;
    this.at = at;
    this.recorded = (origin.flags & rowFlag.recorded) !== 0;
    this.#settle = settle;
  }

  /** The time for its pure nodes, whenever they run. */
  now(): number { return this.at; }

  /** One branch less; the last one settles the segment. */
  close(): void {
    if (--this.open === 0) this.#settle(this);
  }
}

const NONE: readonly Op[] = [];
