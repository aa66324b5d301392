import type { Writable } from 'node:stream';
import { limits } from '../limits.ts';

/** The pipe between supervisor and child: `length u32 · kind u8 · id u32 · text`, the length without its own four bytes. */

export const kinds = {
  /** To the child. id: function; text: its definition. */
  define: 1,
  /** id: function. */
  forget: 2,
  /** id: call; text: function id, a space, the batch. */
  call: 3,
  /** id: call; text: what came of one thing that it asked, for the guest. */
  answer: 4,
  /** From the child. id: call; text: the list of results that are ready. */
  part: 16,
  /** id: call; text: the list of the last results. */
  end: 17,
  /** id: call; text: why the messages that have no result yet have none, as JSON. */
  failed: 18,
  /** id: call, or 0; text: why this process cannot go on. */
  fatal: 19,
  /** The child's own thread is alive. */
  beat: 20,
  /** id: call; text: what the code asks of the network (`fetch-requests.ts`). */
  ask: 21,
  /** id: call; its code has the answer that was sent to it first of those that it had not. */
  taken: 22,
  /** id: call; what follows of it comes on the other pipe. */
  moved: 23,
  /** id: call; text: a piece of the list of results that the next `part` or `end` completes. */
  piece: 24,
} as const;
export type FrameKind = (typeof kinds)[keyof typeof kinds];

export interface Frame { readonly kind: FrameKind; readonly id: number; readonly text: string }

/**
 * Why messages of a batch have no result. From the child: `timeout`, `memory`, `broken`, `syntax`, `setup` (the setup code failed) and `modules` (they cannot be loaded) with their place, and `lost` with another's
 * batch. From the supervisor besides: `suspect` (the process ended while they were in it) and `unavailable` (none can be started).
 */
export interface BatchFailure {
  readonly reason: 'timeout' | 'memory' | 'syntax' | 'setup' | 'modules' | 'lost' | 'broken' | 'suspect' | 'unavailable';
  readonly message?: string;
  /** The message in Russian, where it is the sandbox's own. */
  readonly ru?: string;
  readonly line?: number;
  readonly column?: number;
  /** In the modules' bundle. */
  readonly moduleLine?: number;
  /** The whole process ended by it. */
  readonly ended?: boolean;
}

/** The walls name what fell; that it was before the first message, in the setup code or in a module, is told by words. */
export function failureBefore(what: 'setup' | 'modules', failure: BatchFailure): BatchFailure {
  const { reason } = failure;
  if (reason === 'timeout') return { reason: what, message: `it did not end within ${limits.sandboxSetupMs} ms`, ru: `он не завершился за ${limits.sandboxSetupMs} мс` };
  return reason === 'memory' ? { reason: what, message: 'it needed more memory than the node may have', ru: 'ему не хватило памяти, отведённой узлу' } : failure;
}

/** A function as the child gets it: the code of one node, or of several in a row. */
export interface Definition { readonly cell: string; readonly memoryMb: number; readonly timeoutMs: number; readonly plain: boolean; /** It may ask of the network. */ readonly asks?: boolean; readonly sources: readonly Source[]; /** Code of the nodes between them, in order. */ readonly between?: readonly string[]; /** Loads the modules, called with what they see as globals. */ readonly moduleSource?: string | undefined; readonly guest: string }
/** Each a function as text. With `setup` the code's gives the code when it is called with what `setup` gave. */
export interface Source { readonly code: string; readonly setup: string | null }

const HEADER_BYTES = 9;

/** Writes frames to a pipe, one after the other into the same place where that is possible: a new one for each batch would have to be fetched from memory each time. */
export class FrameWriter {
  readonly #pipe: Writable;
  #place: Buffer | undefined;
  /** The pipe has all of what was in it. */
  #isFree = true;
  readonly #free = (): void => { this.#isFree = true; };

  constructor(pipe: Writable) { this.#pipe = pipe; }

  /** `parts` follow the text; they are written one by one and not put together first. `written`: the pipe has it. */
  write({ kind, id, text, parts = NO_PARTS, written }: Frame & { readonly parts?: readonly string[]; readonly written?: () => void }): void {
    let length = HEADER_BYTES + Buffer.byteLength(text);
    for (const part of parts) length += Buffer.byteLength(part);
    const reused = this.#isFree && !written && length <= limits.sandboxFrameReusedBytes;
    const frame = reused ? (this.#place ??= Buffer.allocUnsafeSlow(limits.sandboxFrameReusedBytes)).subarray(0, length) : Buffer.allocUnsafe(length);
    frame.writeUInt32LE(length - 4, 0);
    frame.writeUInt8(kind, 4);
    frame.writeUInt32LE(id, 5);
    let at = HEADER_BYTES + frame.write(text, HEADER_BYTES);
    for (const part of parts) at += frame.write(part, at);
    this.#isFree = !reused && this.#isFree;
    this.#pipe.write(frame, reused ? this.#free : written);
  }
}
const NO_PARTS: readonly string[] = [];

/** Cuts what arrives into frames. A frame beyond `bytesMax` is refused before it is gathered: the other side is not trusted. */
export class FrameReader {
  readonly #take: (frame: Frame) => void;
  readonly #bytesMax: number;
  /** A frame that comes in several parts is gathered here: one place for all of them, so that large ones leave no waste behind. */
  #place = Buffer.alloc(HEADER_BYTES);
  #gathered = 0;

  constructor(bytesMax: number, take: (frame: Frame) => void) {
    this.#bytesMax = bytesMax;
    this.#take = take;
  }

  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const length = this.#gathered === 0 && chunk.length - at >= HEADER_BYTES ? this.#lengthAt(chunk, at) : Infinity;
      if (at + length <= chunk.length) {
        this.#take(frameAt(chunk, at, length));
        at += length;
      } else at += this.#gather(chunk, at);
    }
  }

  /** The header first, which tells how much belongs to it. Answers how many bytes it took. */
  #gather(chunk: Buffer, at: number): number {
    const length = this.#gathered < HEADER_BYTES ? HEADER_BYTES : this.#lengthAt(this.#place, 0);
    if (this.#place.length < length) {
      const larger = Buffer.allocUnsafeSlow(length);
      this.#place.copy(larger, 0, 0, this.#gathered);
      this.#place = larger;
    }
    const taken = chunk.copy(this.#place, this.#gathered, at, at + length - this.#gathered);
    this.#gathered += taken;
    if (this.#gathered >= HEADER_BYTES && this.#gathered === this.#lengthAt(this.#place, 0)) this.#takeGathered();
    return taken;
  }

  #takeGathered(): void {
    const frame = frameAt(this.#place, 0, this.#gathered);
    this.#gathered = 0;
    if (this.#place.length > limits.sandboxFrameKeptBytes) this.#place = Buffer.alloc(HEADER_BYTES);
    this.#take(frame);
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at) + 4;
    if (length > this.#bytesMax || length < HEADER_BYTES) throw new RangeError(`a frame of ${length} bytes on the sandbox's pipe`);
    return length;
  }
}

const frameAt = (bytes: Buffer, at: number, length: number): Frame => ({ kind: bytes.readUInt8(at + 4) as FrameKind, id: bytes.readUInt32LE(at + 5), text: bytes.toString('utf8', at + HEADER_BYTES, at + length) });
