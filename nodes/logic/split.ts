import { compilePath, defineNode, drop, field, limits, many, NodeFailure, type Body, type CompiledPath } from '../../runtime/sdk/index.ts';
import { partsOf, type Parts } from './_parts.ts';

export default defineNode({
  type: 'split',
  version: 1,
  title: { en: 'Split', ru: 'Разбиение' },
  category: 'logic',
  icon: 'ungroup',
  summary: { en: 'Makes one message into many: one for each item, line or key.', ru: 'Делает из одного сообщения много: по одному на элемент, строку или ключ.' },
  help: {
    en: 'A **list** gives one message for each item, or for each piece when **Items in each message** is more than 1. A **text** is cut at the delimiter, a **record** gives one message for each of its keys.\n\nEverything else in the message goes along with each part. `parts` says which part it is (`id`, `index`, `count`, for a record `key`), so that Join can put the whole together again, in order, also when the parts took different times. A split inside a split is undone from the inside out.\n\nUp to a thousand parts leave in one step with the removal of the message. More leave a thousand at a time: how far it is lies in the journal, so that after a crash it goes on where it was, and it waits while the queues behind it are full. So a million parts take no more memory than a thousand.\n\nAn empty list, text or record gives no message and is counted as dropped by `nothing-to-split`.',
    ru: '**Список** даёт по сообщению на каждый элемент или на каждый кусок, если **Элементов в сообщении** больше 1. **Текст** режется по разделителю, **запись** даёт по сообщению на каждый ключ.\n\nВсё остальное в сообщении идёт вместе с каждой частью. В `parts` записано, какая это часть (`id`, `index`, `count`, для записи `key`), и «Объединение» соберёт целое обратно по порядку, даже если части шли разное время. Вложенные разбиения собираются изнутри наружу.\n\nДо тысячи частей уходят одним шагом вместе с удалением сообщения. Если частей больше, они уходят по тысяче: сколько уже ушло, записано в журнале, поэтому после сбоя разбиение продолжится с того же места, а пока очереди за узлом полны, оно ждёт. Поэтому миллион частей занимает не больше памяти, чем тысяча.\n\nПустой список, текст или запись не дают сообщений и считаются отброшенными по правилу `nothing-to-split`.',
  },
  keywords: ['for each', 'iterate', 'loop', 'items', 'lines', 'chunk', 'цикл', 'элементы', 'строки', 'перебор', 'разделить'],
  line: '{path}',
  replay: 'pure',
  splits: true,
  config: {
    path: field.path({ en: 'Split', ru: 'Разбить' }, { default: 'payload', required: true }),
    size: field.integer({ en: 'Items in each message', ru: 'Элементов в сообщении' }, { default: 1, min: 1, dynamic: ['$env'], help: { en: 'Of a list. With 1 each message holds the item itself, with more a list of items.', ru: 'Для списка. При 1 в сообщении сам элемент, при большем числе — список элементов.' } }),
    delimiter: field.text({ en: 'Delimiter', ru: 'Разделитель' }, { default: '\\n', dynamic: ['$env'], help: { en: 'Of a text. `\\n` is a line end, `\\t` a tab; empty cuts into characters.', ru: 'Для текста. `\\n` — конец строки, `\\t` — табуляция; пустой режет на символы.' } }),
    keyTo: field.path({ en: 'Write the key to', ru: 'Записать ключ в' }, { placeholder: 'topic', advanced: true, help: { en: 'Of a record.', ru: 'Для записи.' } }),
  },
  outputs: { fixed: { out: { title: { en: 'Each part', ru: 'Каждая часть' } } } },
  drops: { 'nothing-to-split': { en: 'there is nothing to split', ru: 'делить нечего' } },
  failures: {
    'split.nothing': { en: 'What is to be split is missing, or is not a list, a text or a record.', ru: 'Разбивать нечего: значения нет или это не список, не текст и не запись.' },
    'split.too-many': { en: 'The message would become more parts than a message can sensibly have.', ru: 'Сообщение дало бы больше частей, чем может быть у разумного сообщения.' },
  },
  examples: [
    {
      name: 'one message for each item', config: { path: 'payload.items' }, given: [{ payload: { items: ['a', 'b'] }, topic: 't' }],
      emits: { out: [
        { payload: { items: 'a' }, topic: 't', parts: { id: 'message-1', index: 0, count: 2, type: 'list' } },
        { payload: { items: 'b' }, topic: 't', parts: { id: 'message-1', index: 1, count: 2, type: 'list' } },
      ] },
    },
    {
      name: 'pieces of two', config: { size: 2 }, given: [{ payload: [1, 2, 3] }],
      emits: { out: [{ payload: [1, 2], parts: { id: 'message-1', index: 0, count: 2, type: 'list', size: 2 } }, { payload: [3], parts: { id: 'message-1', index: 1, count: 2, type: 'list', size: 2 } }] },
    },
    {
      name: 'each line of a text', config: {}, given: [{ payload: 'one\ntwo' }],
      emits: { out: [{ payload: 'one', parts: { id: 'message-1', index: 0, count: 2, type: 'text', delimiter: '\n' } }, { payload: 'two', parts: { id: 'message-1', index: 1, count: 2, type: 'text', delimiter: '\n' } }] },
    },
    {
      name: 'each key of a record', config: { keyTo: 'topic' }, given: [{ payload: { RUB: 1, KZT: 100 } }],
      emits: { out: [
        { payload: 1, topic: 'RUB', parts: { id: 'message-1', index: 0, count: 2, type: 'record', key: 'RUB' } },
        { payload: 100, topic: 'KZT', parts: { id: 'message-1', index: 1, count: 2, type: 'record', key: 'KZT' } },
      ] },
    },
    { name: 'an empty list gives nothing', config: {}, given: [{ payload: [] }] },
    { name: 'refuses a number', config: {}, given: [{ payload: 5 }], fails: 'split.nothing' },
  ],
  prepare: async ({ path, keyTo }) => ({ path: compilePath(path), keyTo: keyTo === undefined || keyTo === '' ? undefined : compilePath(keyTo) }),
  run(message, { config, prepared, envelope, node }) {
    const { count, piece, ...kind } = cut(prepared.path, message, config, node.id);
    if (count === 0) return drop('nothing-to-split');
    if (count > limits.splitMessagesMax) throw tooMany(node.id, count);
    const outer = partsOf(message);
    const { id } = envelope;
    const part = (index: number): Body => {
      const { value, key } = piece(index);
      const parts: Parts = { id, index, count, ...kind, ...(key !== undefined && { key }), ...(outer && { outer }) };
      const body = { ...prepared.path.set(message, value), parts };
      return key !== undefined && prepared.keyTo ? prepared.keyTo.set(body, key) : body;
    };
    return many(function* parts(from) {
      for (let index = from; index < count; index++) yield part(index);
    });
  },
});

interface Piece { readonly value: unknown; readonly key?: string }
type Cut = Pick<Parts, 'type' | 'delimiter' | 'size'> & { readonly count: number; readonly piece: (index: number) => Piece };

function cut(path: CompiledPath, message: Body, { size, delimiter }: { readonly size: number; readonly delimiter: string }, node: string): Cut {
  const whole = path.get(message);
  if (Array.isArray(whole)) return { type: 'list', ...(size > 1 && { size }), count: Math.ceil(whole.length / size), piece: (i) => ({ value: size === 1 ? whole[i] as unknown : whole.slice(i * size, (i + 1) * size) }) };
  if (typeof whole === 'string') {
    const between = unescaped(delimiter);
    const texts = whole === '' ? [] : between === '' ? [...whole] : whole.split(between === '\n' ? /\r?\n/ : between);
    return { type: 'text', delimiter: between, count: texts.length, piece: (i) => ({ value: texts[i] }) };
  }
  if (typeof whole === 'object' && whole !== null && !ArrayBuffer.isView(whole) && !(whole instanceof Date)) {
    const keys = Object.keys(whole);
    return { type: 'record', count: keys.length, piece: (i) => ({ key: keys[i] as string, value: (whole as { readonly [key: string]: unknown })[keys[i] as string] }) };
  }
  const found = whole === undefined || whole === null ? { en: 'missing', ru: 'отсутствует' } : { en: `a ${typeof whole}`, ru: `имеет тип ${typeof whole}` };
  throw new NodeFailure('split.nothing', {
    en: `splitting ${path.text} at node ${node}: it is ${found.en}; a list, a text or a record can be split`,
    ru: `разбиение ${path.text} в узле ${node}: значение ${found.ru}; разбить можно список, текст или запись`,
  });
}

/** A person types the two characters \ and n for a line end. */
const unescaped = (text: string): string => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t').replaceAll('\\r', '\r');

const tooMany = (node: string, count: number): NodeFailure => new NodeFailure('split.too-many', {
  en: `splitting at node ${node}: ${count} parts, and ${limits.splitMessagesMax} is the most; put more items into each message`,
  ru: `разбиение в узле ${node}: частей ${count}, а допустимо ${limits.splitMessagesMax}; увеличьте число элементов в сообщении`,
});
