import { expect, test } from 'vitest';
import type { WireCounters } from '../../../runtime/api/contract.ts';
import { wireLabel } from '../../../editor/canvas/wire-label.ts';

const NOW = 1_000_000;
const counters = (of: Partial<WireCounters>): WireCounters => ({ passed: 41_900, waiting: 0, limit: 1000, perSecond: 0, ...of });
const label = (of: Partial<WireCounters>, seen: { isAsked?: boolean; hasRoom?: boolean } = {}) => wireLabel({ counters: counters(of), now: NOW, isAsked: false, hasRoom: true, ...seen });

test('a wire that nobody asks about and on which nobody waits says nothing', () => {
  expect(label({ perSecond: 12 })).toEqual({ text: '', more: '', fill: 0, level: '' });
  expect(wireLabel({ counters: undefined, now: NOW, isAsked: true, hasRoom: true }).text).toBe('');
});

test('asked, it says what passed and how fast', () => {
  expect(label({}, { isAsked: true })).toMatchObject({ text: '41.9k passed', more: '' });
  expect(label({ perSecond: 0.42 }, { isAsked: true })).toMatchObject({ text: '41.9k passed', more: '0.4/s through' });
});

test('a queue is said where there is room, and asked with the age of the oldest', () => {
  const queue = { waiting: 340, fill: 0.34, oldestAt: NOW - 125_400 };
  expect(label(queue)).toEqual({ text: '340 waiting', more: '', fill: 0.34, level: '' });
  expect(label(queue, { hasRoom: false }).text).toBe('');
  expect(label(queue, { hasRoom: false, isAsked: true })).toMatchObject({ text: '340 waiting', more: 'oldest 2.1 min' });
});

test('a wire over half or full is said everywhere, by bytes as by messages', () => {
  expect(label({ waiting: 620 }, { hasRoom: false })).toEqual({ text: '620 waiting', more: '', fill: 0.62, level: 'half' });
  expect(label({ waiting: 3, fill: 1 }, { hasRoom: false })).toEqual({ text: '3 waiting, full', more: '', fill: 1, level: 'full' });
});

test('an oldest that waits too long is said unasked', () => {
  expect(label({ waiting: 2, fill: 0.002, oldestAt: NOW - 7_200_000, old: true }, { hasRoom: false })).toEqual({ text: '2 waiting', more: 'oldest 2 h', fill: 0.002, level: 'half' });
});
