import { expect, test, vi } from 'vitest';
import { JsonPieces } from '../../../runtime/sandbox/json-pieces.ts';
import { SeededRandom } from '../../kit/virtual-time.ts';

/** JSON read in pieces is what JSON.parse makes of it, wherever its parts and the pieces end. */

interface Sizes { readonly piece?: number; readonly part?: number }

function read(text: string, { piece, part = 50_000 }: Sizes = {}): unknown {
  const reader = new JsonPieces(piece);
  let at = 0;
  for (; at + part < text.length; at += part) reader.push(text.slice(at, at + part));
  return reader.end(text.slice(at));
}

const TEXTS = ['', 'a', 'длинный текст 😀', '"\\', '\ud83d', '\u0000\n\u2028', '[{', '}],:', 'x'.repeat(40), '\\"'.repeat(9), '😀'.repeat(9)];
const KEYS = ['a', 'длинный ключ', '__proto__', 'constructor', '7', '0', '"', 'k'.repeat(30), ''];

function randomValue(random: () => number, depth: number): unknown {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const kind = depth > 4 ? random() * 0.6 : random();
  if (kind < 0.3) return pick(TEXTS);
  if (kind < 0.6) return pick([0, -0.5, 1e300, 123456789, true, false, null]);
  const size = Math.floor(random() * 6);
  if (kind < 0.8) return Array.from({ length: size }, () => randomValue(random, depth + 1));
  return Object.fromEntries(Array.from({ length: size }, () => [pick(KEYS), randomValue(random, depth + 1)]));
}

const sizes = (random: () => number): Sizes => ({ piece: 1 + Math.floor(random() * 60), part: 1 + Math.floor(random() * 80) });

test('whatever it holds and wherever it is cut, the value is the same', () => {
  const seeded = new SeededRandom(20261128);
  const random = (): number => seeded.next();
  for (let round = 0; round < 3000; round++) {
    const value = randomValue(random, 0);
    const text = JSON.stringify(value, undefined, random() < 0.3 ? ' \r' : undefined);
    const given = read(text, sizes(random));
    expect(JSON.stringify(given)).toBe(JSON.stringify(JSON.parse(text)));
    expect(given).toEqual(JSON.parse(text));
  }
});

test('what JSON.parse refuses is refused', () => {
  const seeded = new SeededRandom(7);
  const random = (): number => seeded.next();
  let refused = 0;
  for (let round = 0; round < 6000; round++) {
    const text = JSON.stringify(randomValue(random, 0));
    const at = Math.floor(random() * text.length);
    const broken = random() < 0.5 ? text.slice(0, at) + text.slice(at + 1) : text.slice(0, at) + '[]{},:"x1 \\'.charAt(Math.floor(random() * 11)) + text.slice(at);
    let wanted: unknown;
    try { wanted = JSON.parse(broken); } catch {
      refused++;
      expect(() => read(broken, sizes(random))).toThrow(SyntaxError);
      continue;
    }
    expect(read(broken, sizes(random))).toEqual(wanted);
  }
  expect(refused).toBeGreaterThan(1000);
});

test.each([
  ['a text', { payload: 'x'.repeat(1_000_000) }], ['a text of escapes', ['\n"\\\u0001😀'.repeat(30_000)]],
  ['a list', Array.from({ length: 50_000 }, (_, id) => ({ id, tags: ['a', 'b'] }))], ['a record', Object.fromEntries(Array.from({ length: 50_000 }, (_, id) => [`key ${id}`, id]))],
])('%s of a megabyte is read as it comes, and little of it is kept', (_, value) => {
  const text = JSON.stringify(value);
  const parse = vi.spyOn(JSON, 'parse');
  const given = read(text);
  const longest = Math.max(0, ...parse.mock.calls.map(([part]) => part.length));
  parse.mockRestore();
  expect(given).toEqual(value);
  expect(longest).toBeLessThan(150_000);
});

test('nested deeper than is opened, it is read at once', () => {
  const deep = `${'['.repeat(3000)}"x"${']'.repeat(3000)}`;
  expect(JSON.stringify(read(deep, { piece: 100 }))).toBe(deep);
});

test('without end it is refused, not held', () => {
  const reader = new JsonPieces();
  reader.push('["');
  const part = 'x'.repeat(1_000_000);
  expect(() => { for (let i = 0; i < 100; i++) reader.push(part); }).toThrow(RangeError);
});

test('what ends too early is refused', () => {
  for (const text of ['', ' ', '[', '{"a"', '{"a":', '"abc', `"${'x'.repeat(200)}`, '[1,', '12 3']) expect(() => read(text, { piece: 50 })).toThrow(SyntaxError);
});
