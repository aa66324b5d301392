import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeHashKind } from '../../../runtime/sandbox/guest/hash-kinds.ts';
import { Hash, Hmac, timingSafeEqual } from '../../../runtime/sandbox/guest/hashes.ts';
import { hashNames } from '../../../runtime/sandbox/guest/crypto-api.ts';
import type { HashKind } from '../../../runtime/sandbox/guest/hashes.ts';
import { SeededRandom } from '../../kit/virtual-time.ts';

/** The guest's own hashes give what node:crypto gives. */

const random = new SeededRandom(7);
const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)));

describe.each(hashNames())('%s', (name) => {
  const kind = makeHashKind(name) as HashKind;
  test('of every length around the blocks', () => {
    for (let length = 0; length <= 300; length++) {
      const bytes = bytesOf(length);
      expect([length, new Hash(kind).update(bytes).digest('hex')]).toEqual([length, createHash(name).update(bytes).digest('hex')]);
    }
  });
  test('of bytes that come in pieces', () => {
    for (let count = 0; count < 60; count++) {
      const [own, real] = [new Hash(kind), createHash(name)];
      for (let piece = Math.floor(random.next() * 6); piece >= 0; piece--) {
        const bytes = bytesOf(Math.floor(random.next() * 200));
        own.update(bytes);
        real.update(bytes);
        expect(own.copy().digest('base64')).toBe(real.copy().digest('base64'));
      }
      expect(own.digest('base64url')).toBe(real.digest('base64url'));
    }
  });
  test('of texts in any encoding', () => {
    for (const [text, encoding] of [['Привет 😀', 'utf8'], ['00ff10', 'hex'], ['aGk=', 'base64'], ['ÿ', 'latin1']] as const) {
      expect(new Hash(kind).update(text, encoding).digest('hex')).toBe(createHash(name).update(text, encoding).digest('hex'));
    }
    expect(new Hash(kind).update('é').digest('hex')).toBe(createHash(name).update('é').digest('hex'));
  });
  test('with a key of any length', () => {
    for (let length = 0; length <= 260; length += 5) {
      const [key, bytes] = [bytesOf(length), bytesOf(length * 2)];
      expect([length, new Hmac(kind, key).update(bytes).update('x').digest('hex')]).toEqual([length, createHmac(name, key).update(bytes).update('x').digest('hex')]);
    }
    expect(new Hmac(kind, 'ключ').update('a').digest('base64')).toBe(createHmac(name, 'ключ').update('a').digest('base64'));
  });
  test('is over once it is asked for', () => {
    const hash = new Hash(kind);
    hash.digest('hex');
    for (const use of [() => hash.digest(), () => hash.update('a'), () => hash.copy()]) expect(use).toThrow('Digest already called');
    expect(() => new Hash(kind).update(5)).toThrow(TypeError);
  });
});

test('bytes are compared as a whole', () => {
  const bytes = bytesOf(16);
  expect([timingSafeEqual(bytes, Buffer.from(bytes)), timingSafeEqual(Buffer.from('a'), Buffer.from('b'))]).toEqual([true, false]);
  expect(() => timingSafeEqual(Buffer.from('a'), Buffer.from('ab'))).toThrow(RangeError);
  expect(() => timingSafeEqual('a', 'a')).toThrow(TypeError);
});
