import type { GuestBufferClass } from './buffer.ts';
import { nextChance, seededUuid } from './chance.ts';
import { makeHashKind } from './hash-kinds.ts';
import { dataBytes, Hash, Hmac, timingSafeEqual } from './hashes.ts';
import type { HashKind } from './hashes.ts';
import type { Guest } from './state.ts';

/** `crypto`: what Node's module and a browser's object of that name have in common use. Chance is seeded by the message: for ids, not for secrets. */
export function makeCryptoApi(guest: Guest): object {
  const random = (): number => nextChance(guest);
  const kinds = new Map<string, HashKind>();
  const kindOf = (given: unknown): HashKind => {
    const name = String(given).toLowerCase().replace(/^rsa-|-/g, '');
    const kind = kinds.get(name) ?? makeHashKind(name);
    if (!kind) throw new Error(`Digest method not supported: ${String(given).slice(0, 100)} (there are ${hashNames().join(', ')})`);
    kinds.set(name, kind);
    return kind;
  };
  const fill = (bytes: Uint8Array): void => { for (let at = 0; at < bytes.length; at++) bytes[at] = random() * 256; };
  return {
    randomUUID: () => seededUuid(random),
    getRandomValues<T extends ArrayBufferView>(into: T): T {
      fill(new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
      return into;
    },
    randomBytes(size: number) {
      const bytes = (globalThis as unknown as { Buffer: GuestBufferClass & { alloc(size: number): Uint8Array } }).Buffer.alloc(size);
      fill(bytes);
      return bytes;
    },
    randomInt: (one: number, two?: number) => (two === undefined ? Math.floor(random() * one) : one + Math.floor(random() * (two - one))),
    createHash: (name: unknown) => new Hash(kindOf(name)),
    createHmac: (name: unknown, key: unknown) => new Hmac(kindOf(name), key),
    hash: (name: unknown, data: unknown, encoding: unknown = 'hex') => new Hash(kindOf(name)).update(data).digest(encoding),
    getHashes: hashNames, timingSafeEqual, Hash, Hmac,
    subtle: {
      async digest(algorithm: unknown, data: unknown) {
        const name = typeof algorithm === 'object' && algorithm !== null ? (algorithm as { name?: unknown }).name : algorithm;
        if (typeof data === 'string') throw new TypeError('crypto.subtle.digest takes bytes: new TextEncoder().encode(text)');
        return Uint8Array.from(new Hash(kindOf(name)).update(dataBytes(data, undefined)).digest() as Uint8Array).buffer;
      },
    },
  };
}

export function hashNames(): string[] {
  return ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
}
