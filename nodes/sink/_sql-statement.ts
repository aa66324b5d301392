import { NodeFailure, type SqlValue } from '../../runtime/sdk/index.ts';

/** What can be known of a statement from its text alone. */

// Comments, texts in quotes, PostgreSQL's $tag$ texts and names in quotes hold no places.
const NOT_CODE = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$[A-Za-z_]*\$)[\s\S]*?\1/g;
const bare = (statement: string): string => statement.replaceAll(NOT_CODE, ' ');

/** Whether it changes anything, judged by its words where the person does not say. */
export function writes(effect: 'auto' | 'read' | 'write', statement: string): boolean {
  if (effect !== 'auto') return effect === 'write';
  const code = bare(statement).trim();
  if (/^with\b/i.test(code)) return /\b(insert|update|delete|merge)\b/i.test(code);
  return !/^(select|values|show|explain|pragma|table)\b/i.test(code) || /^select\b[\s\S]*\binto\b/i.test(code);
}

/** Throws when places and values do not match: SQLite would quietly take what is missing for NULL. */
export function checkPlaces(statement: string, values: number): void {
  const code = bare(statement);
  const used = new Set([...code.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
  const highest = Math.max(0, ...used);
  const unused = Array.from({ length: highest }, (_, i) => i + 1).find((place) => !used.has(place));
  if (highest === values && unused === undefined) return;
  const text = unused !== undefined
    ? { en: `reading the statement: it uses $${highest} but not $${unused}; number the places without gaps`, ru: `чтение запроса: в нём есть $${highest}, но нет $${unused}; нумеруйте места без пропусков` }
    : { en: `reading the statement: it has ${highest} places ($1, $2, …), but ${values} values are given; each place needs one`, ru: `чтение запроса: мест ($1, $2, …) — ${highest}, а значений — ${values}; каждому месту нужно одно` };
  throw new NodeFailure('sql.places', text, { details: { places: highest, values } });
}

export function bindable(value: unknown, index: number, node: string): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (typeof value === 'object') return JSON.stringify(value);
  throw new NodeFailure('sql.value', {
    en: `binding $${index + 1} at node ${node}: a ${typeof value} cannot be stored`,
    ru: `передача $${index + 1} в узле ${node}: значение типа ${typeof value} сохранить нельзя`,
  });
}
