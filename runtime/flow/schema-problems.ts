import { problem, type ProblemCode } from '../errors.ts';
import { wireId, type Place, type Problem, type Text } from './flow.ts';
import { isRecord } from './own.ts';

/** One finding of the compiled schema check, as ajv reports it. */
export interface SchemaError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: { readonly [name: string]: unknown };
  readonly propertyName?: string;
}
export type SchemaCheck = (value: unknown) => readonly SchemaError[];

export interface SchemaSubject { readonly value: unknown; readonly flow?: string; readonly code: ProblemCode }

/** Turns findings into problems that a person can act on. Ranges and units are left to `validateFlow`: they do not keep a document from being read. */
export function schemaProblems(errors: readonly SchemaError[], subject: SchemaSubject): Problem[] {
  return errors.filter((error) => !isRangeOrUnit(error) && error.keyword !== 'propertyNames').map((error) => problemOf(error, subject));
}

const isRangeOrUnit = (error: SchemaError): boolean => error.keyword === 'minimum' || /^#\/\$defs\/(duration|size|rate)\/pattern$/.test(error.schemaPath);

function problemOf(error: SchemaError, subject: SchemaSubject): Problem {
  const path = pathOf(error.instancePath);
  if (error.propertyName !== undefined) path.push(error.propertyName);
  const where = placeOf(path, subject);
  const at = path.length === 0 ? { en: 'the document', ru: 'документ' } : { en: path.join('.'), ru: path.join('.') };
  const { message, fix } = textOf(error, at, error.propertyName ?? valueAt(subject.value, path));
  return problem(error.keyword === 'pattern' ? 'flow.id' : subject.code, where, { message, fix });
}

const pathOf = (pointer: string): string[] => pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function placeOf(path: readonly string[], subject: SchemaSubject): Place {
  const flow = subject.flow === undefined ? {} : { flow: subject.flow };
  const [area, name, ...rest] = path;
  if (subject.code === 'connections.shape') return { ...flow, ...(area !== undefined && { connection: area }), ...fieldOf(path.slice(1)) };
  if (area === 'nodes' && name !== undefined) return { ...flow, node: name, ...fieldOf(rest) };
  if (area === 'wires' && name !== undefined) {
    const wire = valueAt(subject.value, [area, name]);
    if (isRecord(wire) && typeof wire['from'] === 'string' && typeof wire['to'] === 'string') return { ...flow, wire: wireId({ from: wire['from'], to: wire['to'] }), ...(rest.length > 0 && { field: rest.join('.') }) };
  }
  return { ...flow, ...(path.length > 0 && { field: path.join('.') }) };
}

function fieldOf(path: readonly string[]): { field?: string } {
  const [first, ...rest] = path;
  if (first === undefined) return {};
  return { field: first === 'config' && rest.length > 0 ? rest.join('.') : `@${path.join('.')}` };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inside, key) => (typeof inside === 'object' && inside !== null ? (inside as { [key: string]: unknown })[key] : undefined), value);
}

type Told = { readonly message: Text; readonly fix: Text };

function textOf(error: SchemaError, at: Text, value: unknown): Told {
  switch (error.keyword) {
    case 'required': return missing(at, String(error.params['missingProperty']));
    case 'type': return wrongType(at, String(error.params['type']), value);
    case 'pattern': return badName(at, value, error.schemaPath);
    case 'enum': return notOneOf(at, error.params['allowedValues'] as readonly unknown[], value);
    case 'const': return notOneOf(at, [error.params['allowedValue']], value);
    default: return { message: { en: `${at.en}: needs exactly two numbers`, ru: `${at.ru}: нужны ровно два числа` }, fix: { en: 'Write the place as [x, y].', ru: 'Запишите положение как [x, y].' } };
  }
}

const missing = (at: Text, key: string): Told => ({
  message: { en: `${at.en}: "${key}" is missing`, ru: `${at.ru}: нет ключа "${key}"` },
  fix: { en: `Add "${key}".`, ru: `Добавьте "${key}".` },
});

const TYPES: { readonly [type: string]: Text } = {
  object: { en: 'an object in { }', ru: 'объект в { }' },
  array: { en: 'a list in [ ]', ru: 'список в [ ]' },
  string: { en: 'text in quotes', ru: 'текст в кавычках' },
  number: { en: 'a number', ru: 'число' },
  integer: { en: 'a whole number', ru: 'целое число' },
  boolean: { en: 'true or false', ru: 'true или false' },
  null: { en: 'null', ru: 'null' },
};
const named = (type: string): Text => TYPES[type] ?? { en: type, ru: type };

function wrongType(at: Text, wanted: string, value: unknown): Told {
  const needs = named(wanted);
  const has = named(value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
  return {
    message: { en: `${at.en}: needs ${needs.en}, there is ${has.en}`, ru: `${at.ru}: ожидается ${needs.ru}, а указано: ${has.ru}` },
    fix: { en: `Put ${needs.en} here.`, ru: `Укажите здесь ${needs.ru}.` },
  };
}

function badName(at: Text, value: unknown, schemaPath: string): Told {
  const shown = JSON.stringify(value);
  const fix: Text = schemaPath.includes('/envName/')
    ? { en: 'Use Latin letters, digits and _, beginning with a letter or _.', ru: 'Используйте латинские буквы, цифры и _; первой — буква или _.' }
    : schemaPath.includes('/end/')
      ? { en: 'Write the end of a wire as node.port.', ru: 'Запишите конец связи как узел.порт.' }
      : { en: 'Use lower-case Latin letters, digits and -, beginning with a letter.', ru: 'Используйте строчные латинские буквы, цифры и -; первой — буква.' };
  return { message: { en: `${at.en}: ${shown} is not a valid name here`, ru: `${at.ru}: ${shown} — недопустимое имя` }, fix };
}

function notOneOf(at: Text, allowed: readonly unknown[], value: unknown): Told {
  const list = allowed.map((each) => JSON.stringify(each)).join(', ');
  const shown = JSON.stringify(value);
  return {
    message: { en: `${at.en}: ${shown} is not possible here`, ru: `${at.ru}: значение ${shown} недопустимо` },
    fix: { en: `Use ${list}.`, ru: `Используйте ${list}.` },
  };
}
