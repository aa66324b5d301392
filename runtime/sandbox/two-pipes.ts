import { FrameReader, kinds, type Frame } from './frames.ts';

interface Ends { take(frame: Frame): void; /** The second pipe is to be left alone, or read on. */ hold(isHeld: boolean): void }

/**
 * Frames of the pipe that all calls share and of the one for large results, in the order in which each call wrote them. A call goes over to the second pipe once, and says so on the first
 * (`moved`): what it writes there counts when that has come, behind all that it wrote before. Until then the second pipe is not read on.
 */
export class TwoPipes {
  readonly #first: FrameReader;
  readonly #second: FrameReader;
  readonly #ends: Ends;
  /** Calls that have gone over. */
  readonly #moved = new Set<number>();
  /** What came too early: no more than was read at once. */
  #early: Frame[] = [];

  constructor(bytesMax: number, ends: Ends) {
    this.#ends = ends;
    this.#first = new FrameReader(bytesMax, (frame) => { if (frame.kind === kinds.moved) this.#over(frame.id); else this.#take(frame); });
    this.#second = new FrameReader(bytesMax, (frame) => { this.#late(frame); });
  }

  readFirst(chunk: Buffer): void { this.#first.read(chunk); }
  readSecond(chunk: Buffer): void { this.#second.read(chunk); }

  #take(frame: Frame): void {
    if (frame.kind === kinds.end || frame.kind === kinds.failed) this.#moved.delete(frame.id);
    this.#ends.take(frame);
  }

  #late(frame: Frame): void {
    if (this.#moved.has(frame.id)) { this.#take(frame); return; }
    this.#early.push(frame);
    this.#ends.hold(true);
  }

  #over(call: number): void {
    this.#moved.add(call);
    if (this.#early.length === 0) return;
    for (const frame of this.#early.splice(0)) this.#late(frame);
    if (this.#early.length === 0) this.#ends.hold(false);
  }
}
