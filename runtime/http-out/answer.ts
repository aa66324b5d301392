import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { limits } from '../limits.ts';
import type { FetchAnswer } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { failure, failureOf, type Hop } from './failures.ts';

export const ACCEPT_ENCODING = 'gzip, deflate, br';

type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>;
const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', promisify(gunzip) as Unpack], ['x-gzip', promisify(gunzip) as Unpack], ['deflate', promisify(inflate) as Unpack], ['br', promisify(brotliDecompress) as Unpack],
]);

/** What one answer may take. */
export class Room {
  readonly bytesMax: number;
  readonly #wait: ((bytes: number) => Promise<void>) | undefined;
  #bytes: number;

  constructor(bytesMax: number, wait?: (bytes: number) => Promise<void>) {
    this.bytesMax = bytesMax;
    this.#wait = wait;
    this.#bytes = wait ? Math.min(bytesMax, limits.fetchSmallBytes) : bytesMax;
  }

  /** That it has already. */
  get bytes(): number { return this.#bytes; }

  /** Waits until it has room for so many. */
  async grow(bytes: number): Promise<void> {
    if (bytes <= this.#bytes) return;
    this.#bytes = bytes;
    await this.#wait?.(bytes);
  }
}

/** The whole answer, unpacked; a failure as soon as it is known to be larger than allowed. */
export async function readAnswer(response: Dispatcher.ResponseData, hop: Hop, room: Room): Promise<FetchAnswer> {
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value ?? '']));
  const unpack = UNPACK.get((headers['content-encoding'] ?? '').trim().toLowerCase());
  const read = await readBytes(response, hop, { room, bytes: unpack ? room.bytesMax : sizeIn(headers, room.bytesMax) });
  const bytes = unpack && read.length > 0 ? await unpacked(read, { unpack, name: headers['content-encoding'], hop, room }) : read;
  return { status: response.statusCode, url: hop.url.href, headers, bytes, text: () => decoded(bytes, headers['content-type'] ?? '') };
}

/** As it says itself; else as much as it may have. */
const sizeIn = (headers: { readonly [name: string]: string }, most: number): number => {
  const size = Number(headers['content-length'] ?? NaN);
  return size <= most ? size : most;
};

/** `bytes`: that it may be, at most. */
async function readBytes(response: Dispatcher.ResponseData, hop: Hop, { room, bytes: most }: { readonly room: Room; readonly bytes: number }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > room.bytesMax) throw tooLarge(hop, room.bytesMax);
      if (size > room.bytes) await room.grow(most);
      chunks.push(chunk);
    }
  } catch (error) {
    response.body.destroy();
    throw error instanceof NodeFailure ? error : failureOf(error, hop);
  }
  // A copy of its own: the chunks are parts of larger buffers, which a kept message would hold in memory.
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

interface Packed { readonly unpack: Unpack; readonly name: string | undefined; readonly hop: Hop; readonly room: Room }

/** First into the room that it has: most answers are small. */
async function unpacked(bytes: Uint8Array, packed: Packed): Promise<Uint8Array> {
  const { hop, room } = packed;
  let whole = await unpackedTo(room.bytes, bytes, packed);
  if (!whole && room.bytes < room.bytesMax) {
    await room.grow(room.bytesMax).catch((error: unknown) => { throw failureOf(error, hop); });
    whole = await unpackedTo(room.bytesMax, bytes, packed);
  }
  if (!whole) throw tooLarge(hop, room.bytesMax);
  return whole;
}

/** undefined when it is larger. */
async function unpackedTo(maxOutputLength: number, bytes: Uint8Array, { unpack, name, hop }: Packed): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await unpack(bytes, { maxOutputLength }));
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw failure('http.broken-answer', hop, { en: `answered with what it calls ${name}, and it is not`, ru: `ответил данными, помеченными как ${name}, но это не они` });
  }
}

function tooLarge(hop: Hop, bytesMax: number): NodeFailure {
  return failure('http.too-large', hop, { en: `answered with more than ${bytesMax} bytes`, ru: `ответил более чем ${bytesMax} байтами` });
}

/** In the charset that the answer names, UTF-8 otherwise. */
function decoded(bytes: Uint8Array, contentType: string): string {
  const charset = /charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try { return new TextDecoder(charset).decode(bytes); } catch { return new TextDecoder().decode(bytes); }
}
