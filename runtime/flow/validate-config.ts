import { problem, type ProblemCode } from '../errors.ts';
import { holds } from './evaluate-rule.ts';
import { formOf, isMalformedForm, literalOf } from './field-form.ts';
import type { Place, Problem, Text } from './flow.ts';
import type { FieldInfo } from './node-info.ts';
import { isRecord, own } from './own.ts';
import { parseDuration, parseSize } from './units.ts';

/** Whose config is checked, and what its fields may name. */
export interface ConfigOwner {
  readonly where: Place;
  /** How messages call it, for example `node form`. */
  readonly name: Text;
  readonly flow?: string;
  readonly nodes: { readonly [id: string]: unknown };
  /** Whether links may lead to the node. */
  readonly isEntry?: (node: string) => boolean;
  readonly uses: { readonly [name: string]: string };
}

type Config = { readonly [field: string]: unknown };
type Fields = { readonly [field: string]: FieldInfo };
interface Spot { readonly owner: ConfigOwner; readonly info: FieldInfo; readonly path: string; /** Config and fields that conditions read. */ readonly config: Config; readonly fields: Fields }

/** Checks every visible field of a config. Keys that the node type does not have are kept and are no problem. */
export function configProblems(config: Config, fields: Fields, owner: ConfigOwner): Problem[] {
  return fieldsProblems(config, fields, { owner, path: '', config, fields });
}

function fieldsProblems(config: Config, fields: Fields, outer: Pick<Spot, 'owner' | 'path' | 'config' | 'fields'>): Problem[] {
  const scope = { config: { ...outer.config, ...config }, fields: { ...outer.fields, ...fields } }; // a condition inside a record may look at its siblings and at what is around it
  return Object.entries(fields).flatMap(([name, info]) => {
    // A hidden field is not shown, so nobody could correct it; it holds what was typed before a choice changed.
    if (info.visible && !holds(info.visible, scope.config, scope.fields)) return [];
    return valueProblems(own(config, name), { ...scope, owner: outer.owner, info, path: outer.path === '' ? name : `${outer.path}.${name}` });
  });
}

function valueProblems(value: unknown, spot: Spot): Problem[] {
  if (value === undefined) return spot.info.required && spot.info.default === undefined ? [empty(spot)] : [];
  if (isMalformedForm(value)) return [malformed(spot)];
  const form = formOf(value);
  if (form !== 'literal' && form !== '$literal') return spot.info.dynamic?.includes(form) ? [] : [formNotAllowed(spot, form)];
  const literal = literalOf(value);
  if (spot.info.required && (literal === '' || literal === null)) return [empty(spot)];
  return CHECKS[spot.info.kind](literal, spot);
}

type Check = (value: unknown, spot: Spot) => Problem[];

const text: Check = (value, spot) => (typeof value === 'string' ? [...patternProblems(value, spot), ...linkProblems(value, spot)] : [wrongType(spot, { en: 'text', ru: 'текст' })]);
const anything: Check = () => [];

const CHECKS: { readonly [kind in FieldInfo['kind']]: Check } = {
  text, multiline: text, code: text, path: text, expression: text,
  json: anything, any: anything,
  integer: (value, spot) => (Number.isInteger(value) ? rangeProblems(value as number, spot) : [wrongType(spot, { en: 'a whole number', ru: 'целое число' })]),
  number: (value, spot) => (Number.isFinite(value) ? rangeProblems(value as number, spot) : [wrongType(spot, { en: 'a number', ru: 'число' })]),
  boolean: (value, spot) => (typeof value === 'boolean' ? [] : [wrongType(spot, { en: 'true or false', ru: 'true или false' })]),
  choice: choiceProblems,
  duration: (value, spot) => unitProblems(value, spot, { parse: parseDuration, like: '30s, 5m, 1h30m, 2d' }),
  size: (value, spot) => unitProblems(value, spot, { parse: parseSize, like: '64KB, 1MB' }),
  list: listProblems,
  record: (value, spot) => (isRecord(value) ? fieldsProblems(value, spot.info.fields ?? {}, spot) : [wrongType(spot, { en: 'named values', ru: 'именованные значения' })]),
  map: mapProblems,
  secret: (_value, spot) => [told('field.secret-literal', spot, {
    message: { en: 'a secret must not stand in the flow as text', ru: 'секрет нельзя записывать в поток открытым текстом' },
    fix: { en: 'Store it under Secrets and choose it here; replace it if the file was shared.', ru: 'Сохраните его в разделе секретов и выберите здесь; если файл кому-то передавали, замените секрет.' },
  })],
  connection: connectionProblems,
  nodes: nodesProblems,
};

function patternProblems(value: string, spot: Spot): Problem[] {
  const { pattern } = spot.info;
  if (pattern === undefined || value === '' || new RegExp(`^(?:${pattern})$`, 'u').test(value)) return [];
  const like = spot.info.placeholder ?? pattern;
  return [told('field.pattern', spot, {
    message: { en: `${quoted(value)} does not have the form that is needed`, ru: `${quoted(value)} не подходит по форме` },
    fix: { en: `Write it like this: ${like}`, ru: `Запишите в таком виде: ${like}` },
  })];
}

/** A link within the flow; whether another flow has the node is known when messages follow it. */
function linkProblems(value: string, spot: Spot): Problem[] {
  const { info, owner } = spot;
  if (info.suggest !== 'links' || value === '') return [];
  const node = value.startsWith(`${owner.flow}/`) ? value.slice(value.indexOf('/') + 1) : value;
  if (node.includes('/') || owner.isEntry?.(node) !== false) return [];
  return [told('field.link-missing', spot, {
    message: { en: `the flow has no link-in node ${quoted(node)}`, ru: `в потоке нет узла link-in ${quoted(node)}` },
    fix: { en: 'Choose a link-in node of the flow, or write flow/node for one of another flow.', ru: 'Выберите узел link-in этого потока или запишите поток/узел для другого потока.' },
  })];
}

function rangeProblems(value: number, spot: Spot): Problem[] {
  const { min = -Infinity, max = Infinity } = spot.info;
  if (value >= min && value <= max) return [];
  return [told('field.range', spot, {
    message: { en: `${value} is too ${value < min ? 'small' : 'large'}`, ru: `${value} — слишком ${value < min ? 'мало' : 'много'}` },
    fix: value < min ? { en: `Use ${min} or more.`, ru: `Укажите не меньше ${min}.` } : { en: `Use ${max} or less.`, ru: `Укажите не больше ${max}.` },
  })];
}

function choiceProblems(value: unknown, spot: Spot): Problem[] {
  const choices = spot.info.choices ?? [];
  if (choices.some((choice) => choice.value === value)) return [];
  const list = choices.map((choice) => choice.value).join(', ');
  return [told('field.choice', spot, {
    message: { en: `${quoted(value)} is not among the choices`, ru: `${quoted(value)} — нет такого варианта` },
    fix: { en: `Choose one of: ${list}.`, ru: `Выберите одно из: ${list}.` },
  })];
}

function unitProblems(value: unknown, spot: Spot, unit: { readonly parse: (text: string) => number | undefined; readonly like: string }): Problem[] {
  const parsed = typeof value === 'string' ? unit.parse(value) : undefined;
  if (parsed !== undefined) return rangeProblems(parsed, spot);
  return [told('field.unit', spot, {
    message: { en: `${quoted(value)} cannot be read`, ru: `${quoted(value)} не читается` },
    fix: { en: `Write it like this: ${unit.like}.`, ru: `Запишите в таком виде: ${unit.like}.` },
  })];
}

function listProblems(value: unknown, spot: Spot): Problem[] {
  if (!Array.isArray(value)) return [wrongType(spot, { en: 'a list', ru: 'список' })];
  const { items } = spot.info;
  return items ? value.flatMap((item, i) => valueProblems(item, { ...spot, info: items, path: `${spot.path}.${i}` })) : [];
}

function mapProblems(value: unknown, spot: Spot): Problem[] {
  if (!isRecord(value)) return [wrongType(spot, { en: 'named values', ru: 'именованные значения' })];
  const { items } = spot.info;
  return items ? Object.entries(value).flatMap(([name, item]) => valueProblems(item, { ...spot, info: items, path: `${spot.path}.${name}` })) : [];
}

function connectionProblems(value: unknown, spot: Spot): Problem[] {
  if (typeof value !== 'string') return [wrongType(spot, { en: 'the name of a connection', ru: 'имя подключения' })];
  if (value === '') return [];
  const type = own(spot.owner.uses, value);
  if (type === undefined) {
    return [told('flow.uses-missing', spot, {
      message: { en: `the flow does not use a connection ${quoted(value)}`, ru: `поток не использует подключение ${quoted(value)}` },
      fix: { en: 'Choose a connection from the list.', ru: 'Выберите подключение из списка.' },
    })];
  }
  if (spot.info.connection === undefined || type === spot.info.connection) return [];
  return [told('flow.uses-type', spot, {
    message: { en: `the connection ${quoted(value)} is of type ${type}, ${spot.info.connection} is needed`, ru: `у подключения ${quoted(value)} тип ${type}, а нужен ${spot.info.connection}` },
    fix: { en: `Choose a connection of type ${spot.info.connection}.`, ru: `Выберите подключение типа ${spot.info.connection}.` },
  })];
}

function nodesProblems(value: unknown, spot: Spot): Problem[] {
  if (!Array.isArray(value)) return [wrongType(spot, { en: 'a list of nodes', ru: 'список узлов' })];
  return value.filter((id) => own(spot.owner.nodes, String(id)) === undefined).map((id) => told('field.node-missing', spot, {
    message: { en: `the flow has no node ${quoted(id)}`, ru: `в потоке нет узла ${quoted(id)}` },
    fix: { en: 'Choose another node, or take this one out of the list.', ru: 'Выберите другой узел или уберите этот из списка.' },
  }));
}

const empty = (spot: Spot): Problem => told('field.required', spot, {
  message: { en: 'a value is needed', ru: 'нужно значение' },
  fix: { en: 'Fill the field in.', ru: 'Заполните поле.' },
});

const wrongType = (spot: Spot, wanted: Text): Problem => told('field.type', spot, {
  message: { en: `${wanted.en} is needed`, ru: `ожидается ${wanted.ru}` },
  fix: { en: `Put ${wanted.en} here.`, ru: `Укажите здесь ${wanted.ru}.` },
});

const malformed = (spot: Spot): Problem => told('field.form', spot, {
  message: { en: 'an object with a key that begins with $ is neither one whole form nor a marked literal', ru: 'объект с ключом на $ — не отдельная форма и не помеченный литерал' },
  fix: { en: 'Use exactly one form, or wrap the object in {"$literal": …}.', ru: 'Используйте ровно одну форму или оберните объект в {"$literal": …}.' },
});

function formNotAllowed(spot: Spot, form: string): Problem {
  const allowed = spot.info.dynamic ?? [];
  const fix: Text = allowed.length === 0
    ? { en: 'Put a fixed value here.', ru: 'Укажите здесь постоянное значение.' }
    : { en: `Use a fixed value or ${allowed.join(', ')}.`, ru: `Укажите постоянное значение или ${allowed.join(', ')}.` };
  return told('field.form', spot, { message: { en: `${form} is not possible in this field`, ru: `${form} в этом поле недопустимо` }, fix });
}

/** A problem of a field: who, which field, then what. */
function told(code: ProblemCode, spot: Spot, text: { readonly message: Text; readonly fix: Text }): Problem {
  const { name, where } = spot.owner;
  const { title } = spot.info;
  return problem(code, { ...where, field: spot.path }, {
    message: { en: `${name.en}, field “${title.en}”: ${text.message.en}`, ru: `${name.ru}, поле «${title.ru}»: ${text.message.ru}` },
    fix: text.fix,
  });
}

const SHOWN_MAX = 60;
function quoted(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null';
  return json.length > SHOWN_MAX ? `${json.slice(0, SHOWN_MAX)}…` : json;
}
