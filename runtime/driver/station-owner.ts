import type { Op } from '../journal/rows.ts';
import type { Run, Work } from './message.ts';
import type { Station } from './station.ts';
import type { NodeCount, QueueLimit, Unit, WireCount } from './unit.ts';

/** What a station asks of its flow. */
export interface StationOwner {
  readonly flow: string;
  limitOf(node: string): QueueLimit;
  /** False while the flow is stopped or too much of it is on its way to the disk. */
  readonly mayStart: boolean;
  unitAt(node: string): Unit | undefined;
  /** Connections that the node uses: for a message of that run, or for any that may be the next. */
  resourcesAt(ruling: Unit, run?: Run): readonly string[];
  count(node: string): NodeCount;
  /** Counts of a wire; none when the name is not a wire's. */
  wireOf(via: string): WireCount | undefined;
  /** Whether every queue that this node feeds has room. */
  hasRoomAfter(unit: Unit): boolean;
  /** Takes the work; calls `finished` on the station when its slot and key are free again. */
  perform(station: Station, unit: Unit, work: Work): void;
  /** The work ends here by the node's own rule. */
  drop(station: Station, unit: Unit, work: Work): void;
  /** A queue that was full has room again. */
  drained(node: string): void;
  isCancelled(work: Work): boolean;
  /** Its run was cancelled: nothing more happens with it. */
  discarded(work: Work): void;
  commit(ops: readonly Op[]): void;
  failed(error: unknown): void;
}
