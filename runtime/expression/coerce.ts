import type { Text } from '../flow/flow.ts';
import type { FieldInfo } from '../flow/node-info.ts';
import { isRecord } from '../flow/own.ts';
import { parseDuration, parseSize } from '../flow/units.ts';
import { Secret } from '../sdk/field.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { compilePath } from '../sdk/path.ts';

/** What a field holds when nothing was written in it and it has no default. */
export function missing(info: FieldInfo, path: string): undefined {
  if (info.required) throw unusable(info, path, { got: undefined, wanted: { en: 'a value', ru: 'значение' } });
  return undefined;
}

/** A value as the field's kind wants it: from a literal, an environment value, or what an expression gave. */
export function coerce(value: unknown, info: FieldInfo, path: string): unknown {
  if (value === undefined || value === null) return info.kind === 'json' || info.kind === 'any' ? value : missing(info, path);
  const { read, wanted } = KINDS[info.kind];
  const made = read(value, info);
  if (made === undefined) throw unusable(info, path, { got: value, wanted });
  if (typeof made === 'number') checkRange(made, info, { path, got: value });
  if (typeof made === 'string' && info.required && made === '') throw unusable(info, path, { got: value, wanted: { en: 'a value', ru: 'значение' } });
  return made;
}

interface Kind { readonly read: (value: unknown, info: FieldInfo) => unknown; readonly wanted: Text }

const TEXT: Kind = { read: textOf, wanted: { en: 'text of the form that the field wants', ru: 'текст нужной полю формы' } };
const SOURCE: Kind = { read: (value) => (typeof value === 'string' ? value : undefined), wanted: { en: 'text', ru: 'текст' } };
const ANYTHING: Kind = { read: (value) => value, wanted: { en: 'any value', ru: 'любое значение' } };

const KINDS: { readonly [kind in FieldInfo['kind']]: Kind } = {
  text: TEXT, multiline: TEXT,
  code: SOURCE, expression: SOURCE, connection: SOURCE,
  path: { read: pathOf, wanted: { en: 'a path such as payload.phone', ru: 'путь, например payload.phone' } },
  integer: { read: (value) => { const number = numberOf(value); return Number.isSafeInteger(number) ? number : undefined; }, wanted: { en: 'a whole number', ru: 'целое число' } },
  number: { read: numberOf, wanted: { en: 'a number', ru: 'число' } },
  boolean: { read: (value) => (typeof value === 'boolean' ? value : { true: true, false: false }[String(value)]), wanted: { en: 'true or false', ru: 'true или false' } },
  choice: { read: (value, info) => info.choices?.find((choice) => choice.value === value)?.value, wanted: { en: 'one of the choices', ru: 'один из вариантов' } },
  duration: { read: (value) => (typeof value === 'string' ? parseDuration(value) : amountOf(value)), wanted: { en: 'a duration such as 30s, 5m, 2h or 1h30m', ru: 'длительность, например 30s, 5m, 2h или 1h30m' } },
  size: { read: (value) => (typeof value === 'string' ? parseSize(value) : amountOf(value)), wanted: { en: 'a size such as 64KB or 1MB', ru: 'размер, например 64KB или 1MB' } },
  list: { read: (value) => fromJsonText(value, Array.isArray), wanted: { en: 'a list', ru: 'список' } },
  nodes: { read: (value) => (Array.isArray(value) ? value : undefined), wanted: { en: 'a list of nodes', ru: 'список узлов' } },
  record: { read: (value) => fromJsonText(value, isRecord), wanted: { en: 'named values', ru: 'именованные значения' } },
  map: { read: (value) => fromJsonText(value, isRecord), wanted: { en: 'named values', ru: 'именованные значения' } },
  secret: { read: secretOf, wanted: { en: 'a secret of the project', ru: 'секрет проекта' } },
  json: ANYTHING, any: ANYTHING,
};

function textOf(value: unknown, info: FieldInfo): string | undefined {
  const text = typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (info.pattern === undefined || text === '' || new RegExp(`^(?:${info.pattern})$`, 'u').test(text)) return text;
  return undefined;
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** A bare number is in the smallest unit: milliseconds or bytes. */
const amountOf = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 && Number.isFinite(value) ? Math.round(value) : undefined);

function pathOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (value !== '') compilePath(value);
  return value;
}

/** Environment values from the process are texts. */
function fromJsonText(value: unknown, is: (value: unknown) => boolean): unknown {
  let found = value;
  if (typeof value === 'string') {
    try { found = JSON.parse(value); } catch { return undefined; }
  }
  return is(found) ? found : undefined;
}

function secretOf(value: unknown): Secret | undefined {
  if (value instanceof Secret) return value;
  return typeof value === 'string' ? new Secret(value) : undefined;
}

function checkRange(value: number, info: FieldInfo, { path, got }: { readonly path: string; readonly got: unknown }): void {
  const { min = -Infinity, max = Infinity } = info;
  if (value >= min && value <= max) return;
  const bound = value < min ? min : max;
  throw unusable(info, path, { got, wanted: value < min ? { en: `${bound} or more`, ru: `не меньше ${bound}` } : { en: `${bound} or less`, ru: `не больше ${bound}` } });
}

const SHOWN_MAX = 80;

/** The failure of a field that cannot use its value. Secret and personal values are not shown. */
export function unusable(info: FieldInfo, path: string, { got, wanted }: { readonly got: unknown; readonly wanted: Text }): NodeFailure {
  const hidden = info.secret === true || info.personal === true || info.kind === 'secret' || got instanceof Secret;
  const shown = got === undefined ? { en: 'nothing', ru: 'ничего' } : hidden ? { en: `a ${typeof got}`, ru: `значение типа ${typeof got}` } : both(got);
  const title = info.title.en === '' ? { en: path, ru: path } : info.title;
  return new NodeFailure('config.value', {
    en: `field "${title.en}" (${path}): wanted ${wanted.en}, got ${shown.en}`,
    ru: `поле «${title.ru}» (${path}): нужно — ${wanted.ru}; получено — ${shown.ru}`,
  }, { details: { field: path, ...(!hidden && got !== undefined && { got: shown.en }) } });
}

function both(value: unknown): Text {
  const json = JSON.stringify(value) ?? String(value);
  const text = json.length > SHOWN_MAX ? `${json.slice(0, SHOWN_MAX)}…` : json;
  return { en: text, ru: text };
}
