import { bytesOf, encodingName, textOf, utf8Length } from './bytes.ts';

/** Node's Buffer, as far as messages need it: made, joined, compared, searched, read and written. */

export interface GuestBufferClass {
  new (length: number): Uint8Array;
  from(value: unknown, ...rest: unknown[]): Uint8Array;
}

export function makeBufferClass(): GuestBufferClass {
  class Buffer extends Uint8Array {
    static get poolSize(): number { return 0; }
    static override from(value: unknown, ...rest: unknown[]): Buffer { return bufferFrom(Buffer, value, rest) as Buffer; }
    static override of(...items: number[]): Buffer { return Buffer.from(items); }
    static alloc(size: number, fill?: unknown, encoding?: unknown): Buffer {
      const made = new Buffer(size);
      return fill === undefined ? made : made.fill(fill as number, 0, size, encoding);
    }
    static allocUnsafe(size: number): Buffer { return new Buffer(size); }
    static isBuffer(value: unknown): boolean { return value instanceof Buffer; }
    static isEncoding(name: unknown): boolean {
      try { return typeof name === 'string' && encodingName(name) !== undefined; } catch { return false; }
    }
    static byteLength(value: string | ArrayBufferView | ArrayBuffer, encoding?: unknown): number {
      if (typeof value !== 'string') return value.byteLength;
      return encodingName(encoding) === 'utf8' ? utf8Length(value) : bytesOf(value, encoding).length;
    }
    static concat(parts: readonly Uint8Array[], totalLength?: number): Buffer {
      const total = totalLength ?? parts.reduce((sum, part) => sum + part.length, 0);
      const made = new Buffer(total);
      let at = 0;
      for (const part of parts) {
        if (at >= total) break;
        made.set(part.subarray(0, total - at), at);
        at += part.length;
      }
      return made;
    }
    static compare(a: Uint8Array, b: Uint8Array): number { return compareBytes(a, b); }

    override toString(encoding?: unknown, start = 0, end = this.length): string {
      return textOf(this.subarray(Math.max(0, start), Math.max(0, end)), encoding);
    }
    override toLocaleString(encoding?: unknown): string { return this.toString(encoding); }
    equals(other: Uint8Array): boolean { return compareBytes(this, other) === 0; }
    compare(other: Uint8Array): number { return compareBytes(this, other); }
    /** Shares the bytes, as Node's does. */
    override slice(start?: number, end?: number): Buffer { return this.subarray(start, end) as Buffer; }
    write(text: string, offset: unknown = 0, length?: unknown, encoding?: unknown): number {
      return writeText(this, text, [offset, length, encoding]);
    }
    override fill(value: unknown, ...rest: unknown[]): this {
      const encoding = rest.find((each) => typeof each === 'string');
      const [start = 0, end = this.length] = rest.filter((each) => typeof each === 'number');
      const pattern = typeof value === 'string' ? bytesOf(value, encoding) : value instanceof Uint8Array ? value : undefined;
      if (!pattern || pattern.length === 0) return super.fill(pattern ? 0 : Number(value), start, end);
      for (let at = start; at < end; at++) this[at] = pattern[(at - start) % pattern.length] ?? 0;
      return this;
    }
    copy(target: Uint8Array, ...rest: number[]): number {
      const [targetStart = 0, start = 0, end = this.length] = rest;
      const part = this.subarray(start, Math.min(end, start + Math.max(0, target.length - targetStart)));
      target.set(part, targetStart);
      return part.length;
    }
    override indexOf(value: unknown, from: number = 0, encoding?: unknown): number { return findBytes(this, value, { from, encoding, step: 1 }); }
    override lastIndexOf(value: unknown, from: number = this.length, encoding?: unknown): number { return findBytes(this, value, { from, encoding, step: -1 }); }
    override includes(value: unknown, from: number = 0, encoding?: unknown): boolean { return this.indexOf(value, from, encoding) >= 0; }
  }
  addNumbers(Buffer.prototype);
  const plain = { value(this: Uint8Array) { return { type: 'Buffer', data: [...this] }; }, writable: true, configurable: true, enumerable: false };
  const native = Reflect.get(Uint8Array.prototype, 'toJSON') as (this: Uint8Array) => unknown;
  // While a body is being written the bytes' own toJSON must hear of it.
  Reflect.defineProperty(Buffer.prototype, 'toJSON', { ...plain, value(this: Uint8Array) { return native.call(this) === null ? null : plain.value.call(this); } });
  return Buffer as unknown as GuestBufferClass;
}

/** `rest`: the encoding of a text, or offset and length within an ArrayBuffer. */
export function bufferFrom(Kind: GuestBufferClass, value: unknown, rest: readonly unknown[]): Uint8Array {
  const [first, length] = rest;
  const wrap = (bytes: Uint8Array): Uint8Array => new (Kind as unknown as new (buffer: ArrayBufferLike, offset?: number, length?: number) => Uint8Array)(bytes.buffer, bytes.byteOffset, bytes.length);
  if (typeof value === 'string') return wrap(bytesOf(value, first));
  if (value instanceof ArrayBuffer) return wrap(new Uint8Array(value, Number(first ?? 0), length === undefined ? undefined : Number(length)));
  if (typeof value === 'object' && value !== null) {
    const { type, data } = value as { type?: unknown; data?: unknown };
    if (type === 'Buffer' && Array.isArray(data)) return wrap(Uint8Array.from(data as number[]));
    if (ArrayBuffer.isView(value) || Array.isArray(value) || 'length' in value) return wrap(Uint8Array.from(value as unknown as ArrayLike<number>));
  }
  throw new TypeError(`Buffer.from: cannot make bytes of a ${value === null ? 'null' : typeof value}`);
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

export function writeText(into: Uint8Array, text: string, given: readonly [unknown, unknown, unknown]): number {
  const [offset, length, encoding] = typeof given[0] === 'string' ? [0, undefined, given[0]] : typeof given[1] === 'string' ? [given[0], undefined, given[1]] : given;
  const room = Math.min(Number(length ?? Infinity), into.length - Number(offset));
  let bytes = bytesOf(text, encoding);
  if (bytes.length > room) {
    let end = Math.max(0, room);
    // A character is written whole or not at all.
    if (encodingName(encoding) === 'utf8') while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    bytes = bytes.subarray(0, end);
  }
  into.set(bytes, Number(offset));
  return bytes.length;
}

export function findBytes(inside: Uint8Array, value: unknown, how: { readonly from: number; readonly encoding: unknown; readonly step: 1 | -1 }): number {
  const wanted = typeof value === 'number' ? Uint8Array.of(value) : typeof value === 'string' ? bytesOf(value, how.encoding) : (value as Uint8Array);
  const last = inside.length - wanted.length;
  const start = how.from < 0 ? how.from + inside.length : how.from;
  for (let at = how.step > 0 ? Math.max(0, start) : Math.min(start, last); at >= 0 && at <= last; at += how.step) {
    let same = 0;
    while (same < wanted.length && inside[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}

/** readUInt8 … writeDoubleBE, all by DataView, which checks the bounds. */
export function addNumbers(prototype: object): void {
  const kinds: readonly (readonly [string, string, number])[] = [
    ['UInt8', 'Uint8', 1], ['Int8', 'Int8', 1], ['UInt16', 'Uint16', 2], ['Int16', 'Int16', 2], ['UInt32', 'Uint32', 4], ['Int32', 'Int32', 4],
    ['Float', 'Float32', 4], ['Double', 'Float64', 8], ['BigUInt64', 'BigUint64', 8], ['BigInt64', 'BigInt64', 8],
  ];
  for (const [name, viewName, size] of kinds) {
    for (const ending of size === 1 ? [''] : ['LE', 'BE']) {
      const little = ending === 'LE';
      const read = function (this: Uint8Array, offset = 0): unknown { return callView(this, `get${viewName}`, [offset, little]); };
      const write = function (this: Uint8Array, value: unknown, offset = 0): number {
        callView(this, `set${viewName}`, [offset, value, little]);
        return offset + size;
      };
      for (const alias of [name, name.replace('UInt', 'Uint')]) {
        Reflect.defineProperty(prototype, `read${alias}${ending}`, { value: read, writable: true, configurable: true, enumerable: false });
        Reflect.defineProperty(prototype, `write${alias}${ending}`, { value: write, writable: true, configurable: true, enumerable: false });
      }
    }
  }
}

export function callView(bytes: Uint8Array, method: string, args: readonly unknown[]): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Reflect.apply(Reflect.get(view, method) as (...args: unknown[]) => unknown, view, args);
}
