import { expect, test } from 'vitest';
import { eraseTypes } from '../../../runtime/sandbox/erase-types.ts';

test.each([
  ['const a: number = 1;\nreturn msg as any;', 'const a         = 1;\nreturn msg       ;'],
  ['const ж: string = "й";\nreturn await f(ж!);', 'const ж         = "й";\nreturn await f(ж );'],
  ['return msg;', 'return msg;'],
])('types give way to spaces, so that what is left stands where it stood: %s', (code, erased) => { expect(eraseTypes(code)).toBe(erased); });

test.each([
  ['let a = 1;\n  enum A { x }', 2, 3, /^`enum`: it makes code/], ['namespace X { export const a = 1 }', 1, 1, /namespace/], ['class A { constructor(private x: number) {} }', 1, 31, /constructor’s parameters/],
  ["\t\tenum A { x }", 1, 3, /enum/], ['const "й" = "日本"; enum A { x }', 1, 7, /./], ['f("日本", "😀"); enum A { x }', 1, 16, /enum/], ['const x = <number>msg.a;', 1, 11, /value as Type/], ['const a: = 3;', 1, 10, /^unexpected token `=`$/], ['import x from "y"', 1, 1, /under Modules in the settings/], ['\n\nreturn (', 3, 9, /ends too early/],
])('what cannot be erased is refused with its place: %s', (code, line, column, message) => {
  expect(eraseTypes(code)).toMatchObject({ line, column, message: expect.stringMatching(message), ru: expect.any(String) });
});

test('what does not end with the code is not let out of it', () => {
  expect(eraseTypes('} ; {')).toBe('} ; {'); // whoever reads it next refuses it
});
