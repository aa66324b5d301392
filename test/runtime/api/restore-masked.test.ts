import { expect, test } from 'vitest';
import { restoreMasked } from '../../../runtime/api/restore-masked.ts';
import { show } from '../../../runtime/api/show.ts';

const given = (change: (shown: { [key: string]: unknown }) => unknown, original: unknown): unknown => {
  const shown = show(original, (text) => text).value;
  return restoreMasked(change(structuredClone(shown) as { [key: string]: unknown }), original, shown);
};
const ORIGINAL = { phone: '+79001234567', at: new Date(1000), photo: Uint8Array.of(1, 2), id: 2n ** 64n, $set: { a: 1 }, list: [{ at: new Date(5) }] };

test('what was not changed is as it was: masked, dates, bytes and big integers too', () => {
  expect(given((shown) => shown, ORIGINAL)).toBe(ORIGINAL);
  expect(given((shown) => ({ ...shown, more: 1 }), ORIGINAL)).toEqual({ ...ORIGINAL, more: 1 });
});

test('dates, bytes and big integers can be changed and written anew', () => {
  const changed = given((shown) => ({ ...shown, at: { $date: 7 }, photo: { $bytes: 'Aw==' }, id: { $bigint: '-3' }, list: [{ at: { $date: '1970-01-01T00:00:00.009Z' } }], fresh: { at: [{ $date: 8 }] } }), ORIGINAL);
  expect(changed).toEqual({ ...ORIGINAL, at: new Date(7), photo: Uint8Array.of(3), id: -3n, list: [{ at: new Date(9) }], fresh: { at: [new Date(8)] } });
});

test('a key of one’s own that begins with $ stays, and one that would be a tag is written with two', () => {
  expect(given((shown) => ({ ...shown, $set: { a: 2, $inc: 1 } }), ORIGINAL)).toEqual({ ...ORIGINAL, $set: { a: 2, $inc: 1 } });
  expect(given(() => ({ it: { $$date: 1 }, of: { $date: 1, more: 2 }, no: { $bigint: 'x' } }), {})).toEqual({ it: { $date: 1 }, of: { $date: 1, more: 2 }, no: { $bigint: 'x' } });
});
