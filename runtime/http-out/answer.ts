import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { FetchAnswer } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { failure, failureOf, type Hop } from './failures.ts';

export const ACCEPT_ENCODING = 'gzip, deflate, br';

type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>;
const UNPACK: ReadonlyMap<string, Unpack> = new Map<string, Unpack>([
  ['gzip', promisify(gunzip) as Unpack], ['x-gzip', promisify(gunzip) as Unpack], ['deflate', promisify(inflate) as Unpack], ['br', promisify(brotliDecompress) as Unpack],
]);

/** The whole answer, unpacked; a failure as soon as it is known to be larger than allowed. */
export async function readAnswer(response: Dispatcher.ResponseData, hop: Hop, bytesMax: number): Promise<FetchAnswer> {
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value ?? '']));
  const packed = await readBytes(response, hop, bytesMax);
  const bytes = await unpacked(packed, headers['content-encoding'], { hop, bytesMax });
  return { status: response.statusCode, url: hop.url.href, headers, bytes, text: () => decoded(bytes, headers['content-type'] ?? '') };
}

async function readBytes(response: Dispatcher.ResponseData, hop: Hop, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > bytesMax) throw tooLarge(hop, bytesMax);
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

async function unpacked(bytes: Uint8Array, encoding: string | undefined, { hop, bytesMax }: { readonly hop: Hop; readonly bytesMax: number }): Promise<Uint8Array> {
  const unpack = UNPACK.get((encoding ?? '').trim().toLowerCase());
  if (!unpack || bytes.length === 0) return bytes;
  try {
    return new Uint8Array(await unpack(bytes, { maxOutputLength: bytesMax }));
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(hop, bytesMax);
    throw failure('http.broken-answer', hop, { en: `answered with what it calls ${encoding}, and it is not`, ru: `ответил данными, помеченными как ${encoding}, но это не они` });
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
