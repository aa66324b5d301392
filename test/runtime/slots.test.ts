import { expect, test } from 'vitest';
import { Slots } from '../../runtime/slots.ts';

test('what is added is found by its slot until it is taken', () => {
  const slots = new Slots<{ readonly name: string }>();
  const [a, b] = [slots.add({ name: 'a' }), slots.add({ name: 'b' })];
  expect([slots.get(a), slots.get(b), slots.size]).toEqual([{ name: 'a' }, { name: 'b' }, 2]);
  expect(slots.take(a)).toEqual({ name: 'a' });
  expect([slots.get(a), slots.take(a), slots.size, [...slots]]).toEqual([undefined, undefined, 1, [{ name: 'b' }]]);
});

test('a free slot is given again, and never one that is in use', () => {
  const slots = new Slots<{ readonly n: number }>();
  const first = [0, 1, 2].map((n) => slots.add({ n }));
  slots.take(first[1]);
  slots.take(first[1]);
  expect(slots.add({ n: 3 })).toBe(first[1]);
  const fresh = slots.add({ n: 4 });
  expect(first).not.toContain(fresh);
  expect([...slots].map(({ n }) => n).sort()).toEqual([0, 2, 3, 4].sort());
});

test('no slot is nobody’s', () => {
  const slots = new Slots<object>();
  expect([slots.get(undefined), slots.take(undefined), slots.take(7), slots.size]).toEqual([undefined, undefined, undefined, 0]);
});
