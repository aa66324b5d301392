import { expect, test } from 'vitest';
import { changedPlace } from '../../../editor/model/changed-place.ts';

const two = [{ module: 'a' }, { module: 'b', name: 'x' }];

test.each<[string, unknown, unknown, string | undefined]>([
  ['a text', 'a', 'ab', 'field'],
  ['what was absent', undefined, [{}], 'field'],
  ['what is no longer set', 'a', undefined, 'field'],
  ['one field of one item', two, [{ module: 'a' }, { module: 'bc', name: 'x' }], 'field.1.module'],
  ['a field that an item had not', two, [{ module: 'a', name: 'y' }, { module: 'b', name: 'x' }], 'field.0.name'],
  ['a value of another kind', { a: [1] }, { a: { b: 1 } }, 'field.a'],
  ['an item more', two, [...two, {}], undefined],
  ['an item less', two, [{ module: 'b', name: 'x' }], undefined],
  ['items in another order', two, [two[1], two[0]], undefined],
  ['nothing at all', two, structuredClone(two), undefined],
])('%s', (_name, before, after, place) => {
  expect(changedPlace(before, after, 'field')).toBe(place);
});
