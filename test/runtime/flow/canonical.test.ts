import { expect, test } from 'vitest';
import { byCodePoint, canonicalFlow, canonicalJson } from '../../../runtime/flow/canonical.ts';
import type { Json } from '../../../runtime/flow/flow.ts';
import { parseFlow } from '../../../runtime/flow/parse.ts';
import { flowOf, node } from './catalog.ts';

/** A seeded generator (mulberry32): the same seed makes the same flow on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = ['a', 'b', 'z', 'A', 'é', 'я', '😀', '￭', '__proto__', 'constructor', '$gt', '', 'a b', '10', '9', 'toJSON'];
const SCALARS: readonly Json[] = [null, true, false, 0, -1.5, 1e21, 5e-324, '', 'текст', 'a"\\\n\u2028', '\ud800', '😀'];

function randomJson(random: () => number, depth: number): Json {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const kind = depth === 0 ? 0 : random();
  if (kind < 0.5) return pick(SCALARS);
  const size = Math.floor(random() * 5);
  if (kind < 0.75) return Array.from({ length: size }, () => randomJson(random, depth - 1));
  return Object.fromEntries(Array.from({ length: size }, () => [pick(KEYS), randomJson(random, depth - 1)]));
}

function randomFlowText(seed: number): string {
  const random = randomFrom(seed);
  const ids = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, i) => `n${Math.floor(random() * 100)}-${i}`);
  const nodes = ids.map((id) => [id, { type: 'any', version: 1, config: { x: randomJson(random, 4) }, [`k${random()}`]: randomJson(random, 2) }]);
  const wires = ids.flatMap((from) => ids.filter(() => random() < 0.4).map((to) => ({ to: `${to}.in`, from: `${from}.out` })));
  const flow = { wires, nodes: Object.fromEntries(nodes) as Json, name: 'x', layout: Object.fromEntries(ids.map((id) => [id, [random() * 1000, 0]])), id: 'f', format: 'millrace.flow/1', delivery: 'memory', unknown: randomJson(random, 4) };
  return JSON.stringify(flow, null, Math.floor(random() * 3));
}

test('reading canonical text and writing it again gives the same bytes', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const text = randomFlowText(seed);
    const first = parseFlow(text);
    expect(first.problems, `seed ${seed}`).toEqual([]);
    const canonical = canonicalFlow(first.value!);
    const again = parseFlow(canonical);
    expect(again.problems, `seed ${seed}`).toEqual([]);
    expect(canonicalFlow(again.value!), `seed ${seed}`).toBe(canonical);
    expect(withoutWireOrder(JSON.parse(canonical)), `seed ${seed}: nothing is lost`).toEqual(withoutWireOrder(JSON.parse(text)));
  }
});

const withoutWireOrder = (flow: { wires: readonly { from: string; to: string }[] }): unknown => ({ ...flow, wires: flow.wires.map((wire) => JSON.stringify([wire.from, wire.to])).sort() });

test('documents that differ only in the order of keys and wires have the same text', () => {
  const nodes = { a: node('t', { x: 1, y: [2] }), b: node('t') };
  const turned = { b: node('t'), a: { config: { y: [2], x: 1 }, version: 1, type: 't' } };
  expect(canonicalFlow(flowOf(nodes, [['a.out', 'b.in'], ['a.out', 'a.in']]))).toBe(canonicalFlow(flowOf(turned, [['a.out', 'a.in'], ['a.out', 'b.in']])));
});

test('arrays of scalars stand on one line, everything else one entry a line, with a newline at the end', () => {
  expect(canonicalJson({ layout: { b: [1, 2], a: [] }, empty: {}, list: [{ x: 1 }, [1, 'a', null]] })).toBe(`{
  "empty": {},
  "layout": {
    "a": [],
    "b": [1, 2]
  },
  "list": [
    {
      "x": 1
    },
    [1, "a", null]
  ]
}
`);
});

test('keys are ordered by code point, not by UTF-16 unit', () => {
  expect(['😀', '￭', 'z', 'я', 'A', 'ab', 'a'].sort(byCodePoint)).toEqual(['A', 'a', 'ab', 'z', 'я', '￭', '😀']);
});

test('keys without a value are left out', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{\n  "b": 1\n}\n');
});
