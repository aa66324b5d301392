import { expect, test } from 'vitest';
import { kinds, type Frame, type FrameKind } from '../../../runtime/sandbox/frames.ts';
import { TwoPipes } from '../../../runtime/sandbox/two-pipes.ts';
import { frameBytes } from './frame-bytes.ts';

/** Two pipes are read in any order, and what a call wrote is taken in its own. */

function pipes() {
  const taken: string[] = [];
  const held: boolean[] = [];
  const both = new TwoPipes(1000, { take: ({ kind, id, text }: Frame) => { taken.push(`${Object.entries(kinds).find(([, number]) => number === kind)?.[0]} ${id} ${text}`); }, hold: (isHeld) => { held.push(isHeld); } });
  return { both, taken, held };
}
const bytes = (...frames: readonly (readonly [kind: FrameKind, id: number, text: string])[]): Buffer => Buffer.concat(frames.map((frame) => frameBytes(...frame)));

test('what comes on the second pipe waits for all that its call wrote on the first', () => {
  const { both, taken, held } = pipes();
  both.readSecond(bytes([kinds.part, 1, '[2]'], [kinds.end, 1, '[3]']));
  expect([taken, held]).toEqual([[], [true, true]]);
  both.readFirst(bytes([kinds.part, 1, '[1]'], [kinds.moved, 1, '']));
  expect(taken).toEqual(['part 1 [1]', 'part 1 [2]', 'end 1 [3]']);
  expect(held.at(-1)).toBe(false);
});

test('a call that has gone over is taken at once, and others of the first pipe with it', () => {
  const { both, taken, held } = pipes();
  both.readFirst(bytes([kinds.part, 1, '[1]'], [kinds.moved, 1, ''], [kinds.end, 2, '[0]']));
  both.readSecond(bytes([kinds.part, 1, '[2]'], [kinds.ask, 1, 'x'], [kinds.failed, 1, '{}']));
  expect([taken, held]).toEqual([['part 1 [1]', 'end 2 [0]', 'part 1 [2]', 'ask 1 x', 'failed 1 {}'], []]);
});

test('one call that is early holds back its own frames only, until it has gone over', () => {
  const { both, taken, held } = pipes();
  both.readFirst(bytes([kinds.moved, 1, '']));
  both.readSecond(bytes([kinds.part, 2, '[2]'], [kinds.part, 1, '[1]'], [kinds.part, 3, '[3]']));
  expect(taken).toEqual(['part 1 [1]']);
  both.readFirst(bytes([kinds.moved, 3, '']));
  expect([taken.at(-1), held.at(-1)]).toEqual(['part 3 [3]', true]);
  both.readFirst(bytes([kinds.moved, 2, '']));
  expect([taken.at(-1), held.at(-1)]).toEqual(['part 2 [2]', false]);
});

test('that a call had gone over is forgotten with its end', () => {
  const { both, taken } = pipes();
  both.readFirst(bytes([kinds.moved, 1, '']));
  both.readSecond(bytes([kinds.end, 1, '[1]'], [kinds.end, 1, '[again]']));
  expect(taken).toEqual(['end 1 [1]']);
});
