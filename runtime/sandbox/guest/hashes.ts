import { bytesOf, textOf, utf8Bytes } from './bytes.ts';
import type { GuestBufferClass } from './buffer.ts';

/** Hashes as node:crypto gives them, from FIPS 180-4 and RFC 1321 and 2104. What they give hangs on nothing but what they are given. */

/** One way to take a block into the state, which is 32-bit words (of SHA-512: pairs of them, high first). */
export interface HashKind {
  readonly blockBytes: number;
  readonly digestBytes: number;
  readonly start: readonly number[];
  /** Of MD5: the least significant byte of a word first. */
  readonly little: boolean;
  readonly take: (state: Int32Array, view: DataView, at: number) => void;
}

export class Hash {
  readonly #kind: HashKind;
  readonly #state: Int32Array;
  readonly #rest: Uint8Array;
  #held = 0;
  #bytes = 0;
  #ended = false;

  constructor(kind: HashKind, from?: Hash) {
    this.#kind = kind;
    this.#state = Int32Array.from(from ? from.#state : kind.start);
    this.#rest = from ? from.#rest.slice() : new Uint8Array(kind.blockBytes);
    if (!from) return;
    this.#held = from.#held;
    this.#bytes = from.#bytes;
  }

  update(data: unknown, encoding?: unknown): this {
    if (this.#ended) throw new Error('Digest already called');
    this.#feed(dataBytes(data, encoding));
    return this;
  }
  copy(): Hash {
    if (this.#ended) throw new Error('Digest already called');
    return new Hash(this.#kind, this);
  }
  digest(encoding?: unknown): unknown {
    if (this.#ended) throw new Error('Digest already called');
    this.#ended = true;
    return encodedBytes(this.#end(), encoding);
  }

  #feed(bytes: Uint8Array): void {
    const { blockBytes, take } = this.#kind;
    this.#bytes += bytes.length;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(blockBytes - this.#held, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < blockBytes) return;
      take(this.#state, viewOf(this.#rest), 0);
      this.#held = 0;
    }
    const view = viewOf(bytes);
    for (; at + blockBytes <= bytes.length; at += blockBytes) take(this.#state, view, at);
    this.#rest.set(bytes.subarray(at));
    this.#held = bytes.length - at;
  }

  #end(): Uint8Array {
    const { blockBytes, digestBytes, little } = this.#kind;
    const bits = this.#bytes * 8;
    // A one, then zeros, so that the length of the whole ends the last block.
    const pad = new Uint8Array(blockBytes - ((this.#held + blockBytes / 8) % blockBytes) + blockBytes / 8);
    const view = viewOf(pad);
    pad[0] = 0x80;
    const [low, high] = [bits >>> 0, Math.floor(bits / 2 ** 32)];
    view.setUint32(pad.length - 8, little ? low : high, little);
    view.setUint32(pad.length - 4, little ? high : low, little);
    this.#feed(pad);
    const digest = new Uint8Array(this.#state.length * 4);
    const words = viewOf(digest);
    this.#state.forEach((word, at) => { words.setInt32(at * 4, word, little); });
    return digest.subarray(0, digestBytes);
  }
}

export class Hmac {
  readonly #inner: Hash;
  readonly #outer: Hash;
  constructor(kind: HashKind, key: unknown) {
    const given = dataBytes(key, undefined);
    const block = new Uint8Array(kind.blockBytes);
    block.set(given.length > kind.blockBytes ? (new Hash(kind).update(given).digest() as Uint8Array) : given);
    this.#inner = new Hash(kind).update(block.map((byte) => byte ^ 0x36));
    this.#outer = new Hash(kind).update(block.map((byte) => byte ^ 0x5c));
  }
  update(data: unknown, encoding?: unknown): this {
    this.#inner.update(data, encoding);
    return this;
  }
  digest(encoding?: unknown): unknown { return this.#outer.update(this.#inner.digest()).digest(encoding); }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function dataBytes(data: unknown, encoding: unknown): Uint8Array {
  if (typeof data === 'string') return encoding === undefined ? utf8Bytes(data) : bytesOf(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`The "data" argument must be a text or bytes, not ${data === null ? 'null' : typeof data}`);
}

export function encodedBytes(bytes: Uint8Array, encoding: unknown): unknown {
  if (encoding === undefined || encoding === null || encoding === 'buffer') return (globalThis as unknown as { Buffer: GuestBufferClass }).Buffer.from(bytes);
  return textOf(bytes, encoding);
}

/** Compares every byte, whatever the first ones were. */
export function timingSafeEqual(one: unknown, two: unknown): boolean {
  const [a, b] = [dataBytes(one, undefined), dataBytes(two, undefined)];
  if (typeof one === 'string' || typeof two === 'string') throw new TypeError('timingSafeEqual compares bytes, not texts');
  if (a.length !== b.length) throw new RangeError('Input buffers must have the same byte length');
  return a.reduce((difference, byte, at) => difference | (byte ^ (b[at] ?? 0)), 0) === 0;
}
