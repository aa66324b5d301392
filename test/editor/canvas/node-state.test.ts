import { afterEach, expect, test } from 'vitest';
import type { NodeCounters, NodeInfo } from '../../../runtime/api/contract.ts';
import { lettersOf, stateOf } from '../../../editor/canvas/node-state.ts';
import type { NodeFacts } from '../../../editor/canvas/node-state.ts';
import { language } from '../../../editor/i18n/index.ts';

afterEach(() => { language.current = 'en'; });

const NOW = 1_000_000;
const counters = (of: Partial<NodeCounters>): NodeCounters => ({ done: 0, failed: 0, working: 0, waiting: 0, held: 0, deadLetters: 0, perSecond: 0, ...of });
const info = { config: { db: { kind: 'connection', title: { en: '', ru: '' } } } } as unknown as NodeInfo;
const facts = (of: Partial<NodeFacts>): NodeFacts => ({ node: { type: 'x', version: 1, config: {} }, info, counters: undefined, connections: {}, problems: [], failure: undefined, now: NOW, ...of });
const refused = { state: 'paused', reason: { en: '429', ru: '429' }, since: NOW - 5000, probeAt: NOW + 7400 } as const;

test('dead letters and the keys that they hold are said together', () => {
  expect(lettersOf(undefined)).toBeUndefined();
  expect(lettersOf(counters({ deadLetters: 0, keysHeld: 0 }))).toBeUndefined();
  expect(lettersOf(counters({ deadLetters: 3, keysHeld: 1 }))).toBe('3 dead letters · 1 key held');
  language.current = 'ru';
  expect(lettersOf(counters({ deadLetters: 5, keysHeld: 2 }))).toBe('5 недоставленных · удержано 2 ключа');
});

test('a node whose settings name a paused connection says so, with the time first', () => {
  const node = { type: 'x', version: 1, config: { db: 'crm-db' } };
  expect(stateOf(facts({ node, counters: counters({ done: 4 }), connections: { 'crm-db': refused } }))).toEqual({ tone: 'warn', text: 'paused, on in 8 s: 429' });
});

test('a node that waits for a host says so, though its settings name no connection', () => {
  const waits = counters({ waiting: 2, paused: ['host:api.test'] });
  expect(stateOf(facts({ counters: waits, connections: { 'host:api.test': { ...refused, probeAt: NOW - 1 } } }))).toEqual({ tone: 'warn', text: 'paused: 429' });
  expect(stateOf(facts({ counters: waits, connections: { 'host:api.test': { state: 'open' } } }))).toEqual({ tone: 'info', text: '2 waiting' });
});
