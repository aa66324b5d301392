import { expect, test } from 'vitest';
import { Concealed } from '../../../runtime/project/concealed.ts';

const of = (...values: string[]): Concealed => {
  const concealed = new Concealed();
  concealed.use(values);
  return concealed;
};

test('hides a value as it is, in an address and in JSON, and of two the longer one', () => {
  const concealed = of('p"ss w+rd', 'secret', 'secret-longer');
  for (const text of ['p"ss w+rd', encodeURIComponent('p"ss w+rd'), JSON.stringify({ a: 'p"ss w+rd' })]) expect(concealed.hide(`<${text}>`)).toMatch(/^<.*•••.*>$/);
  expect(concealed.hide('secret-longer and secret')).toBe('••• and •••');
});

test('hides a short value only where it is the whole text', () => {
  expect([of('open').hide('open'), of('open').hide('reopened')]).toEqual(['•••', 'reopened']);
});

test('gives so many characters of the beginning, and no part of a value', () => {
  const concealed = of('hunter-two', 'x.y*z(');
  expect([0, 3, 4, 6, 13, 14, 16].map((most) => concealed.hide('the hunter-two is x.y*z(', most))).toEqual(['', 'the', 'the ', 'the •••', 'the •••', 'the •••', 'the ••• i']);
  expect(concealed.hide('x.y*z( and xAyyyz(')).toBe('••• and xAyyyz(');
  expect(of().hide('plain', 2)).toBe('pl');
});
