import { describe, expect, test } from 'vitest';
import { analyse } from '../../../runtime/sandbox/analyse.ts';
import { eraseTypes } from '../../../runtime/sandbox/erase-types.ts';
import { wordsOf } from '../../../runtime/sandbox/syntax-words.ts';

/** Why the code cannot be read, in Russian. */
function reason(code: string, language: string): string {
  const erased = language === 'typescript' ? eraseTypes(code) : code;
  const read = typeof erased === 'string' ? analyse(erased) : erased;
  if (!('message' in read)) throw new Error('the code can be read');
  return read.ru;
}

/** Words of another language than that of the page, outside of what is quoted from the code. */
const foreign = (text: string): boolean => /[a-z]{2}/i.test(text.replaceAll(/`[^`]*`|\/\S*\/|JavaScript/g, ''));

const BROKEN: readonly string[] = [
  'return a +;', 'return (', 'if (a {', 'f(1, 2', 'return { a: 1 b: 2 };', 'a b', 'else {}', 'return msg;}', '"abc', '`abc', '/* abc', 'a = /abc', 'const a;', 'const [a, b];', '1 = 2;', 'f() = 1;', 'a?.b = 1;', 'break;', 'continue;',
  'list.forEach((each) => { await f(each); });', 'let let = 1;', 'const class = 1;', 'function f( {', 'try {}', 'switch (a) { default: default: }', 'class A { constructor() {} constructor() {} }', '"\\u{zz}"', '1a', '0b2', 'throw\n1;', 'x ?? y || z;',
  'a: a: 1;', 'async function f() { for await (const a in b) {} }', 'const 1 = 2;', '@', '\\', '"\\x"', 'const {a, b = msg;',
];
const BROKEN_JAVASCRIPT: readonly string[] = ['let a; let a;', 'super();', 'class A { f() { this.#b; } }', 'a = { b = 1 };', 'enum A { x }', 'const f = (a, a) => 1;', 'a = /(/;', 'a = /[z-a]/;', 'a = /*/;', 'a = /)/;', 'a = /x/yy;', `${'['.repeat(20_000)}`];

describe.each([['javascript', [...BROKEN, ...BROKEN_JAVASCRIPT]], ['typescript', [...BROKEN, 'enum A { x }', 'namespace X { export const a = 1 }', 'class A { constructor(private x: number) {} }', 'const a = <number>b;', 'let a: = 1;', 'import a from "b";']]])('%s that cannot be read is explained in Russian', (language, codes) => {
  test.each(codes)('%s', (code) => { expect(reason(code, language)).toSatisfy((text: string) => /[а-я]/.test(text) && !foreign(text)); });
});

test.each<[string, string, string]>([
  ['return a +;', 'unexpected token `;`', 'неожиданное `;`'],
  ['if (a) }', 'unexpected token `}`', 'неожиданное `}`'],
  ['a => b => {', 'the code ends too early: something is not closed or not finished', 'код обрывается: что-то не закрыто или не дописано'],
  ['list.map((each) => await f(each))', '`await` works only in a function that is marked `async`', '`await` работает только в функции, помеченной `async`'],
  ['const sum = 1;\nconst sum = 2;', '`sum` has already been declared', 'имя `sum` уже объявлено'],
  ['a = /(/;', 'the regular expression /(/ cannot be read: a bracket is not closed', 'регулярное выражение /(/ не читается: скобка не закрыта'],
])('what a parser says is said so that it helps: %s', (code, message, ru) => { expect(analyse(code)).toMatchObject({ message, ru }); });

test('setup code is explained too', () => { expect(analyse('return msg;', 'return 1;')).toMatchObject({ inSetup: true, ru: '`return` вне функции' }); });

test('what a parser says in words that nobody knew stays as it said it, quoted', () => {
  expect(wordsOf('Something new')).toEqual({ en: 'Something new', ru: 'разборщик сообщает: «Something new»' });
});
