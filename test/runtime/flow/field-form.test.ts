import { expect, test } from 'vitest';
import { asLiteral, formOf, formText, isMalformedForm, literalOf, referencesIn, referencesOf } from '../../../runtime/flow/field-form.ts';
import { flowOf, node } from './catalog.ts';

test('a value is a form only when it is one key with a text', () => {
  expect([{ $expr: 'a' }, { $template: '' }, { $env: 'A' }, { $secret: 's' }, { $context: 'c' }, { $literal: 5 }].map(formOf)).toEqual(['$expr', '$template', '$env', '$secret', '$context', '$literal']);
  expect([{ $expr: 1 }, { $expr: 'a', b: 1 }, { $other: 'a' }, [{ $expr: 'a' }], 'x', null, undefined, {}].map(formOf)).toEqual(Array(8).fill('literal'));
  expect(formText({ $env: 'A' })).toBe('A');
  expect(formText({ $literal: 'A' })).toBeUndefined();
});

test('an object that tries to be a form is told from a literal', () => {
  expect([{ $expr: 1 }, { $expr: 'a', b: 1 }, { $other: 'a' }].map(isMalformedForm)).toEqual([true, true, true]);
  expect([{ $expr: 'a' }, { a: { $gt: 1 } }, ['$x'], { $literal: { $gt: 1 } }].map(isMalformedForm)).toEqual([false, false, false, false]);
});

test('a literal that looks like a form is wrapped, and unwrapped again', () => {
  for (const value of [{ $env: 'x' }, { $gt: 5, b: 1 }, { $literal: 1 }]) {
    expect(isMalformedForm(asLiteral(value))).toBe(false);
    expect(literalOf(asLiteral(value))).toEqual(value);
  }
  expect(asLiteral({ a: 1 })).toEqual({ a: 1 });
});

test('references are found at any depth, but not inside a marked literal', () => {
  expect(referencesIn({ a: [{ b: { $env: 'X' } }], c: { $literal: { $env: 'NOT' } }, d: { $expr: 'payload' } })).toEqual([
    { form: '$env', text: 'X', path: 'a.0.b' }, { form: '$expr', text: 'payload', path: 'd' },
  ]);
});

test('a flow says what it needs of its project, each name once', () => {
  const flow = flowOf({ a: node('t', { x: { $env: 'B' }, y: { $secret: 's' } }), b: node('t', { x: { $env: 'B' }, y: { $env: 'A' } }) }, [], { uses: { db: 'sql' } });
  expect(referencesOf(flow)).toEqual({ env: ['A', 'B'], secrets: ['s'], connections: ['db'] });
});
