import { describe, expect, test } from 'vitest';
import { makeBufferClass } from '../../../runtime/sandbox/guest/buffer.ts';
import { cloneValue } from '../../../runtime/sandbox/guest/clone.ts';
import { guestSource } from '../../../runtime/sandbox/guest/source.ts';
import { GuestTextDecoder, GuestTextEncoder, decodeBase64Text, encodeBase64Text } from '../../../runtime/sandbox/guest/text-codecs.ts';
import { GuestSearchParams, GuestUrl } from '../../../runtime/sandbox/guest/url-classes.ts';
import { installWire } from '../../../runtime/sandbox/guest/wire.ts';

/** The guest's own Buffer, URL and codecs give what Node's give, over seeded random input. */

const SEED = 20_240_601;
function chooser(): <T>(of: readonly T[]) => T {
  let state = SEED;
  return (of) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return of[Math.floor((state / 2 ** 32) * of.length)] as (typeof of)[number];
  };
}
const COUNTS = [1, 2, 3, 4, 5, 6] as const;
const several = (pick: ReturnType<typeof chooser>, pieces: readonly string[]): string => Array.from({ length: pick(COUNTS) }, () => pick(pieces)).join('');

describe('URL', () => {
  const PIECES = ['http:', 'https:', 'HTTPS:', 'ftp:', 'ws:', 'file:', 'mailto:', 'data:', 'foo:', '//', '/', '\\', 'example.com', 'EXAMPLE.org', 'пример.рф', 'bücher.de', '127.1', '0x7f.1', '256.1.1.1', '[::1]', '[1:2::3]', '[::ffff:1.2.3.4]', ':80', ':443', ':8080', ':99999', '@', 'user',
    'user:pa ss', '?', 'a=b', '&', 'q=привет', '#', 'frag ment', '.', '..', './', '../', '%2e%2e/', '%zz', 'a b', '"', "'", '<>', '|', 'é', ' ', '\t', '%20', '😀', ';', ',', '{}', '`', '^', '+', '~'];
  const BASES = [undefined, undefined, 'https://h.org/a/b?c#d', 'http://u:p@x.com:81/', 'file:///c/d/e', 'mailto:x@y', 'foo://bar/baz/q', 'foo:/a/b'];
  const FIELDS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
  const parts = (Kind: typeof URL | typeof GuestUrl, text: string, base: string | undefined): unknown => {
    try {
      const url = new Kind(text, base);
      return FIELDS.map((field) => url[field]);
    } catch (error) {
      return error instanceof TypeError ? 'not a URL' : error;
    }
  };
  test('reads addresses as Node does', () => {
    const pick = chooser();
    for (let count = 0; count < 10_000; count++) {
      const text = several(pick, PIECES);
      const base = pick(BASES);
      expect([text, base, parts(GuestUrl, text, base)]).toEqual([text, base, parts(URL, text, base)]);
    }
  });
  test('is changed by its fields as Node’s is', () => {
    const set = (url: URL | GuestUrl): string => {
      Object.assign(url, { protocol: 'http', username: 'a b', password: ':', host: 'new.org:8080', pathname: '/x y/../z?', hash: 'h h' });
      url.searchParams.append('q', 'a&b');
      url.searchParams.set('c', 'ü');
      url.searchParams.delete('gone');
      url.port = '80';
      return url.href;
    };
    expect(set(new GuestUrl('https://h.org/a?c=d&gone=1#e'))).toBe(set(new URL('https://h.org/a?c=d&gone=1#e')));
    expect(JSON.stringify([new GuestUrl('http://a')])).toBe('["http://a/"]');
    expect([GuestUrl.canParse('no'), GuestUrl.canParse('http://a')]).toEqual([false, true]);
  });
  test('query parameters are read and written as Node does', () => {
    const pick = chooser();
    for (let count = 0; count < 2000; count++) {
      const text = several(pick, ['a', 'b', '=', '&', '+', '%20', '%', '%D0%BF', '?', ';', ' ', '*', '~', 'a=1&a=2']);
      const [own, real] = [new GuestSearchParams(text), new URLSearchParams(text)];
      expect([text, String(own), [...own], own.getAll('a'), own.has('b')]).toEqual([text, String(real), [...real], real.getAll('a'), real.has('b')]);
    }
    expect([...new GuestSearchParams({ a: '1', b: 'é' }), ...new GuestSearchParams([['c', '3']])]).toEqual([['a', '1'], ['b', 'é'], ['c', '3']]);
  });
});

describe('Buffer', () => {
  installWire({ writing: false, special: false, bytes: () => new Uint8Array() });
  const Own = makeBufferClass() as unknown as typeof Buffer;
  const ENCODINGS = ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'ascii', 'utf16le'] as const;
  const pick = chooser();
  const bytesOfSome = (): number[] => Array.from({ length: pick([0, 1, 2, 3, 5, 8, 11]) }, () => pick(Array.from({ length: 256 }, (_, byte) => byte)));

  test('turns texts into bytes and back as Node’s does', () => {
    for (let count = 0; count < 1500; count++) {
      const bytes = bytesOfSome();
      const text = several(pick, ['a', 'é', '0', 'ff', '=', '-', '_', '+', '/', ' ', 'ÿ']);
      for (const encoding of ENCODINGS) {
        expect([encoding, bytes, Own.from(bytes).toString(encoding)]).toEqual([encoding, bytes, Buffer.from(bytes).toString(encoding)]);
        expect([encoding, text, [...Own.from(text, encoding)]]).toEqual([encoding, text, [...Buffer.from(text, encoding)]]);
        expect(Own.byteLength(text, encoding)).toBe(Buffer.from(text, encoding).length);
      }
    }
    expect([...Own.from('😀€\ud800')]).toEqual([...Buffer.from('😀€\ud800')]);
  });
  const ACTIONS: readonly [string, (Kind: typeof Buffer, bytes: number[]) => unknown][] = [
    ['indexOf', (Kind, bytes) => [Kind.from(bytes).indexOf(2), Kind.from(bytes).lastIndexOf(200), Kind.from(bytes).includes(Kind.from([1])), Kind.from('abcabc').indexOf('c', 3), Kind.from('abcabc').lastIndexOf('b')]],
    ['write', (Kind) => { const buffer = Kind.alloc(6); return [buffer.write('é€😀'), buffer.write('hex', 1, 'latin1'), ...buffer]; }],
    ['fill', (Kind) => [...Kind.alloc(7, 'ab'), ...Kind.alloc(3).fill(5, 1, 2), ...Kind.alloc(2, 'ff', 'hex')]],
    ['join', (Kind, bytes) => [...Kind.concat([Kind.from(bytes), Kind.from('x')]), ...Kind.concat([Kind.from('abc')], 2)]],
    ['compare', (Kind, bytes) => [Kind.compare(Kind.from(bytes), Kind.from([1, 2])), Kind.from(bytes).equals(Kind.from(bytes))]],
    ['slice', (Kind, bytes) => { const whole = Kind.from(bytes); const part = whole.slice(1, -1); part.fill(7); return [...whole]; }],
    ['copy', (Kind, bytes) => { const to = Kind.alloc(4); return [Kind.from([9, ...bytes]).copy(to, 1, 1), ...to]; }],
    ['toJSON', (Kind, bytes) => JSON.stringify(Kind.from(bytes))],
    ['numbers', (Kind) => { const b = Kind.alloc(24); b.writeUInt16BE(513, 0); b.writeInt32LE(-5, 2); b.writeDoubleBE(1.5, 6); b.writeBigInt64LE(-9n, 14); return [...b, b.readUInt16LE(0), b.readInt32LE(2), b.readDoubleBE(6), String(b.readBigInt64LE(14)), b.readUint8(1)]; }],
    ['views', (Kind) => [...Kind.from(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2), ...Kind.from(Kind.from('a')), Kind.isBuffer(Kind.from('')), Kind.isBuffer(new Uint8Array(1)), Kind.isEncoding('HEX'), Kind.isEncoding('no')]],
  ];
  test.each(ACTIONS)('%s', (_name, act) => {
    for (let count = 0; count < 50; count++) {
      const bytes = bytesOfSome();
      expect(act(Own, bytes)).toEqual(act(Buffer, bytes));
    }
  });
  test('numbers beyond its end are refused', () => { expect(() => Own.alloc(3).readUInt32LE(0)).toThrow(RangeError); });
});

describe('text codecs', () => {
  test('decode wrong bytes as Node does', () => {
    const pick = chooser();
    for (let count = 0; count < 3000; count++) {
      const bytes = Uint8Array.from({ length: pick([1, 2, 3, 4, 6]) }, () => pick([0x41, 0x80, 0xbf, 0xc2, 0xc0, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xff, 0xef, 0xbb]));
      expect([[...bytes], new GuestTextDecoder().decode(bytes)]).toEqual([[...bytes], new TextDecoder().decode(bytes)]);
    }
    expect(() => new GuestTextDecoder('utf-8', { fatal: true }).decode(Uint8Array.of(255))).toThrow(TypeError);
    expect(new GuestTextEncoder().encodeInto('aé😀', new Uint8Array(4))).toEqual(new TextEncoder().encodeInto('aé😀', new Uint8Array(4)));
  });
  test('base64 texts', () => {
    expect([encodeBase64Text('hi\xff'), decodeBase64Text(' aGk= ')]).toEqual([btoa('hi\xff'), 'hi']);
    expect(() => encodeBase64Text('€')).toThrow(TypeError);
    expect(() => decodeBase64Text('a')).toThrow(TypeError);
  });
});

test('a copy is deep, keeps cycles and kinds, and refuses functions', () => {
  const value: { [key: string]: unknown } = { list: [1, { a: 1 }], at: new Date(5), map: new Map([['k', new Set([1])]]), bytes: new Uint8Array([1]), error: new TypeError('t') };
  value.self = value;
  const copy = cloneValue(value) as typeof value;
  expect(copy).toEqual(value);
  expect(copy.self).toBe(copy);
  expect(copy.list).not.toBe(value.list);
  expect(() => cloneValue({ f: () => 1 })).toThrow(TypeError);
});

test('the guest’s parts stand in one scope, so that each name is there once', () => {
  const names = [...guestSource().matchAll(/^(?:async )?(?:function\*?|class) (\w+)/gm)].map(([, name]) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  expect(names).toContain('boot');
});
