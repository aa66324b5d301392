import { expect, test } from 'vitest';
import { freeId, idFrom } from '../../../editor/model/ids.ts';
import { titleOf } from '../../../editor/model/title.ts';

test.each([
  ['Lead capture', 'lead-capture'],
  ['Приём лидов', 'priem-lidov'],
  ['Щётка №5', 'schetka-5'],
  ['  Überweisung!! ', 'uberweisung'],
  ['1C обмен', 'c-obmen'],
  ['…', 'flow'],
  ['x'.repeat(80), 'x'.repeat(48)],
])('the name %j makes the id %s', (name, id) => {
  expect(idFrom(name, 'flow')).toBe(id);
});

test('a taken id gets the first free number', () => {
  const taken = new Set(['switch', 'switch-2', 'switch-4']);
  expect(freeId('switch', (id) => taken.has(id))).toBe('switch-3');
  expect(freeId('switch-2', (id) => taken.has(id))).toBe('switch-3');
  expect(freeId('delay', (id) => taken.has(id))).toBe('delay');
});

test('a node is called by its name, else by its type and number', () => {
  const node = { type: 'switch', version: 1, config: {} };
  expect(titleOf('switch', node, 'Switch')).toBe('Switch');
  expect(titleOf('switch-2', node, 'Switch')).toBe('Switch 2');
  expect(titleOf('route', node, 'Switch')).toBe('Switch');
  expect(titleOf('switch', { ...node, name: 'Hot or cold' }, 'Switch')).toBe('Hot or cold');
  expect(titleOf('switch', node, undefined)).toBe('switch');
});
