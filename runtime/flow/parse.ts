import { problem, type ProblemCode } from '../errors.ts';
import { FLOW_FORMAT, wireId, type ConnectionsDocument, type Flow, type Parsed, type Place, type Problem } from './flow.ts';
import { checkConnections, checkFlow } from './flow-schema-check.ts';
import { placeOf, readJson, type JsonReading } from './json-text.ts';
import { isNodeRed, nodeRedTypes } from './node-red.ts';
import { isRecord } from './own.ts';
import { schemaProblems } from './schema-problems.ts';

/** Reads the text of one flow. All problems at once; keys that the format does not know are kept untouched. */
export function parseFlow(text: string): Parsed<Flow> {
  const read = parseJson(text, 'flow.json');
  if (read.broken) return { value: undefined, problems: read.problems };
  const flow = flowOf(read.value);
  return { ...flow, problems: [...read.problems, ...flow.problems] };
}

/** The same for a value that is JSON already, as the API receives it. */
export function flowOf(value: unknown): Parsed<Flow> {
  const foreign = foreignProblem(value);
  if (foreign) return { value: undefined, problems: [foreign] };
  const id = isRecord(value) && typeof value['id'] === 'string' ? { flow: value['id'] } : {};
  const problems = schemaProblems(checkFlow(value), { value, ...id, code: 'flow.shape' });
  if (problems.length > 0) return { value: undefined, problems };
  const flow = value as Flow;
  return { value: flow, problems: doubleWires(flow) };
}

/** Reads the text of `connections.json`. */
export function parseConnections(text: string): Parsed<ConnectionsDocument> {
  const read = parseJson(text, 'connections.json');
  if (read.broken) return { value: undefined, problems: read.problems };
  const problems = schemaProblems(checkConnections(read.value), { value: read.value, code: 'connections.shape' });
  return problems.length > 0 ? { value: undefined, problems: [...read.problems, ...problems] } : { value: read.value as ConnectionsDocument, problems: read.problems };
}

type JsonRead = { readonly broken: boolean; readonly value: unknown; readonly problems: readonly Problem[] };

function parseJson(text: string, code: 'flow.json' | 'connections.json'): JsonRead {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text; // editors on Windows put a byte order mark before the text
  const reading = readJson(json);
  if (reading.error) {
    const { message } = reading.error;
    const place = placeOf(json, reading.error.offset);
    const at = { en: `line ${place.line}, column ${place.column}`, ru: `строка ${place.line}, позиция ${place.column}` };
    const broken = problem(code, place, {
      message: { en: `The text is not JSON: ${at.en}: ${message.en}`, ru: `Это не JSON: ${at.ru}: ${message.ru}` },
      fix: { en: `Correct the text at ${at.en}.`, ru: `Исправьте текст: ${at.ru}.` },
    });
    return { broken: true, value: undefined, problems: [broken] };
  }
  return { broken: false, value: JSON.parse(json) as unknown, problems: losses(json, reading) };
}

/** What JSON.parse takes without a word, although something is lost. */
function losses(text: string, reading: JsonReading): Problem[] {
  return [
    ...reading.doubles.map(({ key, offset }) => problem('flow.duplicate-key', placeOf(text, offset), {
      message: { en: `The key "${key}" stands twice in one object, so the first of the two is lost`, ru: `Ключ "${key}" стоит в одном объекте дважды, и первый из них теряется` },
      fix: { en: 'Rename or remove one of them.', ru: 'Переименуйте или удалите один из них.' },
    })),
    ...reading.rounded.map(({ text: digits, offset }) => problem('flow.number-rounded', placeOf(text, offset), {
      level: 'warning',
      message: { en: `The number ${digits} is too long and is read as ${Number(digits)}`, ru: `Число ${digits} слишком длинное и читается как ${Number(digits)}` },
      fix: { en: 'Write it as text in quotes.', ru: 'Запишите его текстом в кавычках.' },
    })),
  ];
}

/** A document of another kind gets one friendly problem instead of a list of what it lacks. */
function foreignProblem(value: unknown): Problem | undefined {
  if (isNodeRed(value)) return nodeRedProblem(value);
  const format = isRecord(value) ? value['format'] : undefined;
  if (typeof format === 'string' && format !== FLOW_FORMAT) return formatProblem(format, value as { readonly id?: unknown });
  if (isRecord(value) && (format === FLOW_FORMAT || ('nodes' in value && 'wires' in value))) return undefined;
  return problem('flow.not-a-flow', {}, {
    message: { en: 'This is JSON, but not a flow', ru: 'Это JSON, но не поток' },
    fix: { en: `A flow begins with "format": "${FLOW_FORMAT}" and has "nodes" and "wires".`, ru: `В потоке есть "format": "${FLOW_FORMAT}", "nodes" и "wires".` },
  });
}

function nodeRedProblem(value: Parameters<typeof nodeRedTypes>[0]): Problem {
  const types = nodeRedTypes(value).map(({ type, count }) => (count > 1 ? `${type} × ${count}` : type)).join(', ');
  return problem('flow.node-red', {}, {
    message: { en: `This is a Node-RED flow. Recognised, not yet supported: ${types}`, ru: `Это поток Node-RED. Распознано, пока не поддерживается: ${types}` },
    fix: { en: 'Draw the flow here with nodes of the same purpose.', ru: 'Соберите поток здесь из узлов того же назначения.' },
  });
}

function formatProblem(format: string, document: { readonly id?: unknown }): Problem {
  const where: Place = typeof document.id === 'string' ? { flow: document.id } : {};
  const code: ProblemCode = /^millrace\.flow\/\d+$/.test(format) ? 'flow.newer-format' : 'flow.not-a-flow';
  const message = code === 'flow.newer-format'
    ? { en: `The flow has the format ${format}, this Millrace reads ${FLOW_FORMAT}`, ru: `Формат потока — ${format}, эта версия Millrace читает ${FLOW_FORMAT}` }
    : { en: `The document has the format ${format}, which is not a flow`, ru: `Формат документа — ${format}, это не поток` };
  const fix = code === 'flow.newer-format'
    ? { en: 'Use a newer Millrace.', ru: 'Обновите Millrace.' }
    : format.startsWith('millrace.export/')
      ? { en: 'It is an export of several flows: use import.', ru: 'Это экспорт нескольких потоков: воспользуйтесь импортом.' }
      : { en: `A flow has "format": "${FLOW_FORMAT}".`, ru: `У потока "format": "${FLOW_FORMAT}".` };
  return problem(code, where, { message, fix });
}

function doubleWires(flow: Flow): Problem[] {
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const wire of flow.wires) {
    const id = wireId(wire);
    if (seen.has(id)) {
      problems.push(problem('flow.duplicate-wire', { flow: flow.id, wire: id }, {
        message: { en: `The wire from ${wire.from} to ${wire.to} stands twice`, ru: `Связь из ${wire.from} в ${wire.to} указана дважды` },
        fix: { en: 'Remove one of them.', ru: 'Удалите одну из них.' },
      }));
    }
    seen.add(id);
  }
  return problems;
}
