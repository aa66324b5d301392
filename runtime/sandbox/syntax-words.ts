import type { Text } from '../flow/flow.ts';

/** What the parsers say (acorn of JavaScript, Node's own of types) in words for a person. Where they say the same in two ways, a person reads one. */

/** Also what is found only behind the code, where a parser reads what is put around it. */
export const ENDS_TOO_EARLY: Text = { en: 'the code ends too early: something is not closed or not finished', ru: 'код обрывается: что-то не закрыто или не дописано' };
const AWAIT: Text = { en: '`await` works only in a function that is marked `async`', ru: '`await` работает только в функции, помеченной `async`' };
const unexpected = (token: string): Text => ({ en: `unexpected token \`${token}\``, ru: `неожиданное \`${token}\`` });

/** `$1` is what the pattern caught. */
const KNOWN: readonly (readonly [said: RegExp, en: string, ru: string])[] = [
  [/^Unexpected token `(.+)`\. Expected \1 is reserved in .*$/, '`$1` is a reserved word and cannot be a name', '`$1` — зарезервированное слово, именем быть не может'],
  [/^Unexpected token `(.+?)`\. Expected .*$/, 'unexpected token `$1`', 'неожиданное `$1`'],
  [/^(?:The keyword|Unexpected keyword) '(.+?)'(?: is reserved)?$/, '`$1` is a reserved word and cannot be a name', '`$1` — зарезервированное слово, именем быть не может'],
  [/^(let) is disallowed as a lexically bound name$/, '`$1` is a reserved word and cannot be a name', '`$1` — зарезервированное слово, именем быть не может'],
  [/^Unexpected character '(.+)'$/, 'unexpected character `$1`', 'неожиданный знак `$1`'],
  [/^Expression expected$/, 'an expression is expected here', 'здесь ожидается выражение'],
  [/^Expected ident$/, 'a name is expected here', 'здесь ожидается имя'],
  [/^Expected (?:a semicolon|';', '}' or <eof>|';', got .+)$/, 'the statement goes on in a way that cannot be read; an operator, comma or semicolon is missing', 'инструкция продолжается непонятным образом: не хватает знака операции, запятой или точки с запятой'],
  [/^Expected '(.+)', got '.+'$/, '`$1` is expected here', 'здесь ожидается `$1`'],
  [/^Unterminated string constant$/, 'the text is not closed: its last quote is missing', 'строка не закрыта: нет последней кавычки'],
  [/^Unterminated template(?: literal)?$/, 'the template is not closed: its last backtick is missing', 'шаблонная строка не закрыта: нет последнего обратного апострофа'],
  [/^Unterminated (?:block )?comment$/, 'the comment is not closed: `*/` is missing', 'комментарий не закрыт: нет `*/`'],
  [/^Unterminated (?:regular expression|regexp literal)$/, 'the regular expression is not closed: its last `/` is missing', 'регулярное выражение не закрыто: нет последнего `/`'],
  [/^(?:Invalid|Duplicate) regular expression flag$/, 'the flags of the regular expression do not exist or repeat', 'флаги регулярного выражения не существуют или повторяются'],
  [/^Unterminated group$/, 'a bracket is not closed', 'скобка не закрыта'],
  [/^Unterminated character class$/, '`[` is not closed', '`[` не закрыта'],
  [/^Unmatched '\)'$/, 'there is a `)` too many', 'лишняя `)`'],
  [/^Nothing to repeat$/, 'there is nothing to repeat', 'нечего повторять'],
  [/^Range out of order in character class$/, 'a range goes from the later to the earlier character', 'диапазон идёт от большего знака к меньшему'],
  [/^Invalid group$/, 'this group does not exist', 'такой группы не бывает'],
  [/^Identifier '(.+)' has already been declared$/, '`$1` has already been declared', 'имя `$1` уже объявлено'],
  [/^Label '?(.+?)'? is already declared$/, 'the label `$1` is already declared', 'метка `$1` уже объявлена'],
  [/^Argument name clash$/, 'two parameters have the same name', 'у двух параметров одно имя'],
  [/^(?:Missing initializer in .+ declaration|'const' declarations must be initialized|Complex binding patterns require an initialization value)$/, 'the declaration has no value: `=` is missing', 'у объявления нет значения: не хватает `=`'],
  [/^(?:Assigning to rvalue|Binding rvalue|Invalid assignment target|Optional chaining cannot appear in left-hand side|The left-hand side of an assignment .+)$/, 'this cannot be given a value: a name or a field must stand on the left', 'этому нельзя присвоить значение: слева должно стоять имя или поле'],
  [/^Shorthand property assignments are valid only in destructuring patterns$/, 'a field of an object is written with `:`, not with `=`', 'поле объекта записывают через `:`, а не через `=`'],
  [/^(?:Unsyntactic (break)|A '(break)' statement .+)$/, '`break` outside a loop or `switch`', '`break` вне цикла и `switch`'],
  [/^(?:Unsyntactic (continue)|A '(continue)' statement .+)$/, '`continue` outside a loop', '`continue` вне цикла'],
  [/^'return' outside of function$/, '`return` outside a function', '`return` вне функции'],
  [/^'super' keyword outside a method$|^super\(\) call outside constructor of a subclass$/, '`super` outside a method of a class', '`super` вне метода класса'],
  [/^(?:Cannot use keyword 'await' outside an async function|await isn't allowed in non-async function|Cannot use 'await' as identifier inside an async function)$/, AWAIT.en, AWAIT.ru],
  [/^(?:for await syntax .+)$/, '`for await` goes only with `of`', '`for await` бывает только с `of`'],
  [/^(?:Illegal newline after throw|LineBreak cannot follow 'throw')$/, 'what is thrown must stand on the line of `throw`', 'то, что бросает `throw`, должно стоять с ним в одной строке'],
  [/^Missing catch or finally clause$/, '`try` needs a `catch` or a `finally`', 'после `try` нужен `catch` или `finally`'],
  [/^(?:Multiple default clauses|A switch block cannot have multiple defaults)$/, '`switch` has more than one `default`', 'в `switch` больше одного `default`'],
  [/^(?:Duplicate constructor in the same class|A class can only have one constructor)$/, 'the class has more than one constructor', 'в классе больше одного конструктора'],
  [/^Private field '(.+)' must be declared in an enclosing class$/, 'the class does not declare its private field `$1`', 'класс не объявляет своё закрытое поле `$1`'],
  [/^(?:Bad character escape sequence.*|Expecting Unicode escape sequence.*|Expected unicode escape|Invalid Unicode escape|Code point out of bounds)$/, 'what follows `\\` is no character', 'после `\\` стоит то, что не обозначает знака'],
  [/^Identifier (?:directly after|cannot follow) number$/, 'a letter stands right after a number', 'сразу после числа стоит буква'],
  [/^(?:Expected number in radix .+|Expected an? \w+ digit|Invalid number)$/, 'the number cannot be read', 'число не читается'],
  [/^(?:Logical expressions and coalesce expressions cannot be mixed.*|Nullish coalescing operator.*)$/, '`??` beside `||` or `&&` needs brackets', '`??` рядом с `||` или `&&` нужно взять в скобки'],
  [/^Not enough stack space to parse input$/, 'the code is nested too deeply', 'вложенность кода слишком велика'],
];

/** Both languages for what a parser said; in Russian its own words are quoted where they are not known here. */
export function wordsOf(said: string): Text {
  const known = KNOWN.find(([pattern]) => pattern.test(said));
  if (known) return { en: said.replace(known[0], known[1]), ru: said.replace(known[0], known[2]) };
  const [, expression, why] = /^Invalid regular expression: (.+): ([^:]+)$/.exec(said) ?? [];
  if (expression === undefined || why === undefined) return { en: said, ru: `разборщик сообщает: «${said}»` };
  const reason = wordsOf(why);
  return { en: `the regular expression ${expression} cannot be read: ${reason.en}`, ru: `регулярное выражение ${expression} не читается: ${reason.ru}` };
}

const TOKEN = /(?:[\p{ID_Start}$_][\p{ID_Continue}$]*|\d[\w.]*|=>|\.{3}|[&|?=<>!*+-]{1,3}|\S)/uy;

/** What acorn calls an unexpected token, named; `at` is its offset in the code. */
export function unexpectedAt(code: string, at: number): Text {
  if (code.slice(at).trim() === '') return ENDS_TOO_EARLY;
  // `x => { await y; }`: outside an async function acorn takes the word for a name, and stumbles over what follows.
  if (/\bawait\s+$/.test(code.slice(0, at)) && /[\p{L}\p{N}_$"'`([{]/u.test(code.charAt(at))) return AWAIT;
  TOKEN.lastIndex = at;
  return unexpected(TOKEN.exec(code)?.[0] ?? code.charAt(at));
}
