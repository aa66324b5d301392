import { compilePath, defineNode, field, limits, NodeFailure, toPorts, type Body, type CollectStep, type Json } from '../../runtime/sdk/index.ts';
import { partsOf } from './_parts.ts';
import { missingOf, partCame, partIsMissing, type Gathering } from './_gathering.ts';
import { counted as added, shown } from './_totals.ts';
import { joined, keyOf, nothing, textOf, type Making } from './_window.ts';

const TOGETHER = { field: 'until', is: ['count', 'time'] } as const;

export default defineNode({
  type: 'join',
  version: 1,
  title: { en: 'Join', ru: 'Объединение' },
  category: 'logic',
  icon: 'group',
  summary: { en: 'Makes many messages into one: the parts of a split, a number of messages, or those of a time.', ru: 'Делает из многих сообщений одно: из частей разбиения, из заданного числа или за время.' },
  help: {
    en: 'Messages are gathered in a window. What is gathered lies in the journal, so a restart or a deploy loses nothing.\n\n**Parts of a split**: the window closes when every part has come, in whatever order; the whole is put together in the order of the split. A part that comes twice counts once. A part that ends on its way (a rule drops it, it becomes a dead letter, it goes where this node cannot be reached) is not waited for: the whole leaves without it, and `missing` in it says how many there are: `dropped`, `deadLettered`, `elsewhere`. One that comes all the same, after its whole has left, leaves by **Late** for seven days.\n\n**A number of messages**: the window closes with the last of them. With **Together by** there is one window for each value, for example one for each `payload.orderId`. A joined record counts keys: a second message of a key replaces the first.\n\n**A time**: the window closes so long after its first message.\n\nA message with `complete: true` closes its window of number or time at once and belongs to it.\n\n**At most** closes a window that stays incomplete: what it holds leaves by **Incomplete**. Without it the window waits for ever. When a number is gathered, a latecomer opens a window of its own.\n\n**Count, sum, average, least and most** of the values at **Of** keeps none of the messages, so a million of them take no more room than one. A message without a value only counts.\n\nThe joined message has all fields of the last one that came.',
    ru: 'Сообщения собираются в окно. Собранное лежит в журнале, поэтому перезапуск и применение ничего не теряют.\n\n**Части разбиения**: окно закрывается, когда пришли все части в любом порядке; целое собирается в порядке разбиения. Часть, пришедшая дважды, считается один раз. Часть, которая закончилась в пути (её отбросило правило, она стала недоставленной или ушла туда, откуда сюда не попасть), не ожидается: целое уходит без неё, а в поле `missing` указано, сколько таких: `dropped`, `deadLettered`, `elsewhere`. Если она всё же придёт, когда целое уже ушло, то в течение семи дней выйдет через **Опоздавшие**.\n\n**Число сообщений**: окно закрывается с последним из них. С полем **Собирать по** для каждого значения своё окно, например для каждого `payload.orderId`. Для записи считаются ключи: второе сообщение с тем же ключом заменяет первое.\n\n**Время**: окно закрывается через заданное время после первого сообщения.\n\nСообщение с `complete: true` сразу закрывает своё окно по числу или времени и входит в него.\n\n**Не дольше** закрывает окно, оставшееся неполным: собранное уходит через **Неполные**. Без этого окно ждёт вечно. При сборе по числу опоздавшее сообщение открывает новое окно.\n\n**Число, сумма, среднее, наименьшее и наибольшее** значений из поля **Из** не хранит сами сообщения, поэтому миллион занимает не больше места, чем одно. Сообщение без значения только считается.\n\nВ объединённом сообщении все поля последнего пришедшего.',
  },
  keywords: ['merge', 'gather', 'collect', 'aggregate', 'batch', 'group', 'собрать', 'пакет', 'сгруппировать', 'агрегация'],
  line: '{count} {key} {time}',
  replay: 'pure',
  config: {
    until: field.choice({ en: 'Gather', ru: 'Собирать' }, [
      { value: 'parts', title: { en: 'parts of a split', ru: 'части разбиения' } },
      { value: 'count', title: { en: 'a number of messages', ru: 'число сообщений' } },
      { value: 'time', title: { en: 'messages of a time', ru: 'сообщения за время' } },
    ], { default: 'parts' }),
    count: field.integer({ en: 'Messages', ru: 'Сообщений' }, { required: true, min: 1, max: limits.joinKeptMessagesMax, dynamic: ['$env'], visible: { field: 'until', is: ['count'] } }),
    time: field.duration({ en: 'Time', ru: 'Время' }, { required: true, dynamic: ['$env'], placeholder: '10s', visible: { field: 'until', is: ['time'] } }),
    key: field.path({ en: 'Together by', ru: 'Собирать по' }, { placeholder: 'payload.orderId', visible: TOGETHER, help: { en: 'One window for each value; empty: one window for all.', ru: 'Своё окно для каждого значения; пусто: одно окно для всех.' } }),
    timeout: field.duration({ en: 'At most', ru: 'Не дольше' }, { dynamic: ['$env'], placeholder: '1h', visible: { field: 'until', is: ['parts', 'count'] }, help: { en: 'Counted from the window’s first message.', ru: 'Считается от первого сообщения окна.' } }),
    make: field.choice({ en: 'Make', ru: 'Сделать' }, [
      { value: 'same', title: { en: 'what was split, else a list', ru: 'то, что было разбито, иначе список' } },
      { value: 'list', title: { en: 'a list', ru: 'список' } },
      { value: 'record', title: { en: 'a record by key', ru: 'запись по ключам' } },
      { value: 'text', title: { en: 'one text', ru: 'один текст' } },
      { value: 'merged', title: { en: 'one record of all', ru: 'одну запись из всех' } },
      { value: 'totals', title: { en: 'count, sum, average, least and most', ru: 'число, сумму, среднее, наименьшее и наибольшее' } },
    ], { default: 'same' }),
    path: field.path({ en: 'Of', ru: 'Из' }, { default: 'payload', required: true }),
    keyPath: field.path({ en: 'Key in the record', ru: 'Ключ в записи' }, { default: 'topic', required: true, visible: { field: 'make', is: ['record'] } }),
    joiner: field.text({ en: 'Between texts', ru: 'Между текстами' }, { dynamic: ['$env'], visible: { field: 'make', is: ['text', 'same'] }, advanced: true, help: { en: 'Empty: what the split cut at, else a line end.', ru: 'Пусто: то, по чему разбивали, иначе конец строки.' } }),
  },
  outputs: {
    fixed: {
      out: { title: { en: 'Joined', ru: 'Объединённые' } },
      incomplete: { title: { en: 'Incomplete', ru: 'Неполные' }, when: { field: 'until', is: ['parts', 'count'] } },
      late: { title: { en: 'Late', ru: 'Опоздавшие' }, when: { field: 'until', is: ['parts'] } },
    },
  },
  failures: {
    'join.no-parts': { en: 'The message is no part of a split.', ru: 'Сообщение не является частью разбиения.' },
    'join.not-a-number': { en: 'The value to be added up is not a number.', ru: 'Складываемое значение не является числом.' },
    'join.no-key': { en: 'The message has no value to gather by.', ru: 'В сообщении нет значения, по которому собирать.' },
  },
  examples: [
    {
      name: 'puts the parts of a list together, in order', config: {},
      given: [
        { payload: 'b', n: 1, parts: { id: 'w', index: 1, count: 3, type: 'list' } },
        { payload: 'a', n: 2, parts: { id: 'w', index: 0, count: 3, type: 'list' } },
        { payload: 'b again', n: 3, parts: { id: 'w', index: 1, count: 3, type: 'list' } },
        { payload: 'c', n: 4, parts: { id: 'w', index: 2, count: 3, type: 'list' } },
      ],
      emits: { out: [{ payload: ['a', 'b', 'c'], n: 4 }] },
    },
    {
      name: 'two messages of each order', config: { until: 'count', count: 2, key: 'payload.order', make: 'merged' },
      given: [{ payload: { order: 1, paid: true } }, { payload: { order: 2, paid: false } }, { payload: { order: 1, packed: true } }],
      emits: { out: [{ payload: { order: 1, paid: true, packed: true } }] },
    },
    {
      name: 'a record of the newest value of each topic', config: { until: 'count', count: 2, make: 'record' },
      given: [{ topic: 'temperature', payload: 20 }, { topic: 'temperature', payload: 21 }, { topic: 'humidity', payload: 60 }],
      emits: { out: [{ topic: 'humidity', payload: { temperature: 21, humidity: 60 } }] },
    },
    {
      name: 'leaves incomplete when the time is over', config: { timeout: '10s', make: 'list' },
      given: [{ payload: 'a', parts: { id: 'w', index: 0, count: 2, type: 'list' } }], emits: { incomplete: [{ payload: ['a'] }] },
    },
    { name: 'everything of ten seconds as one text', config: { until: 'time', time: '10s', make: 'text', joiner: '; ' }, given: [{ payload: 'a' }, { payload: 2 }], emits: { out: [{ payload: 'a; 2' }] } },
    {
      name: 'adds up what the parts cost', config: { make: 'totals', path: 'payload.price' },
      given: [
        { payload: { price: 0.1 }, parts: { id: 'w', index: 0, count: 3, type: 'list' } },
        { payload: { price: 0.7 }, parts: { id: 'w', index: 2, count: 3, type: 'list' } },
        { payload: { price: 0.1 }, order: 7, parts: { id: 'w', index: 1, count: 3, type: 'list' } },
      ],
      emits: { out: [{ payload: { price: { count: 3, sum: 0.9, average: 0.3, min: 0.1, max: 0.7 } }, order: 7 }] },
    },
    { name: 'refuses what is no part', config: {}, given: [{ payload: 1 }], fails: 'join.no-parts' },
  ],
  collect: {
    key: (body, { config, node }) => (config.until === 'parts' ? partIdOf(body, node.id) : windowKey(body, config.key, node.id)),
    arrive(body, state, { config, clock, node }) {
      const window = (state ?? {}) as State;
      if (window.closed) return { state: state as Json, pass: toPorts({ late: body }) };
      const limit = config.until === 'time' ? config.time : config.timeout;
      const opened = state === undefined && limit !== undefined ? { closeAt: clock.now() + limit } : {};
      const step: CollectStep = config.until === 'parts' ? partCame(body, window) : config.until === 'count' ? counted(body, window, config) : { state: {}, keep: body };
      const early = config.until !== 'parts' && body['complete'] === true;
      const { keep, ...rest } = { ...step, ...opened, ...(early && { close: true }) };
      if (config.make !== 'totals' || !keep) return { ...rest, ...(keep && { keep }) };
      const totals = added(window.totals, compilePath(config.path).get(body), node.id);
      // The first one stands for all until the last has come.
      return { ...rest, state: { ...step.state as object, totals } as unknown as Json, ...((state === undefined || rest.close) && { keep }) };
    },
    close({ kept, reason, state }, config) {
      const window = state as State;
      if (window.closed) return undefined;
      const port = reason === 'timeout' && config.until !== 'time' ? 'incomplete' : 'out';
      const reckoned = config.make === 'totals' ? shown(window.totals) : undefined;
      const missing = missingOf(window);
      const whole = kept.length > 0 ? joined(kept, makingOf(config), reckoned) : nothing(window.like ?? { type: 'list' }, makingOf(config), reckoned);
      return toPorts({ [port]: missing ? { ...whole, missing } : whole });
    },
    closed: ({ state, reason }, config) => (config.until === 'parts' && (reason === 'timeout' || missingOf(state as State)) ? { state: { closed: true }, forMs: limits.joinLateMs } : undefined),
    missing: {
      waits: ({ until = 'parts' }) => until === 'parts',
      of: (body) => (partsOf(body) ? { parts: body['parts'] } : undefined),
      arrive({ told, how }, state, { config, clock }) {
        const opened = state === undefined && config.timeout !== undefined ? { closeAt: clock.now() + config.timeout } : {};
        return { ...partIsMissing(told, how, (state ?? {}) as State), ...opened };
      },
    },
  },
});

/** Beside the parts: how many messages, or under which keys. */
interface State extends Gathering { readonly count?: number; readonly keys?: readonly string[] }

const makingOf = (config: { readonly make: Making['make']; readonly path: string; readonly keyPath: string; readonly joiner: string | undefined }): Making => ({
  make: config.make, path: config.path, keyPath: config.keyPath, joiner: config.joiner === undefined || config.joiner === '' ? undefined : config.joiner.replaceAll('\\n', '\n').replaceAll('\\t', '\t'),
});

function counted(body: Body, { count = 0, keys = [] }: State, config: { readonly count: number; readonly make: string; readonly keyPath: string }): CollectStep {
  if (config.make !== 'record') return { state: { count: count + 1 }, keep: body, ...(count + 1 >= config.count && { close: true }) };
  const key = keyOf(body, config.keyPath) ?? '';
  const next = keys.includes(key) ? keys : [...keys, key];
  return { state: { keys: next }, keep: body, ...(next.length >= config.count && { close: true }) };
}

function partIdOf(body: Body, node: string): string {
  const parts = partsOf(body);
  if (parts) return parts.id;
  throw new NodeFailure('join.no-parts', {
    en: `joining at node ${node}: the message is no part of a split (it has no parts.id, index and count); put Split before it, or gather by number or time`,
    ru: `объединение в узле ${node}: сообщение не часть разбиения (нет parts.id, index и count); поставьте раньше «Разбиение» или собирайте по числу или времени`,
  });
}

function windowKey(body: Body, path: string | undefined, node: string): string {
  if (path === undefined || path === '') return '';
  const value = compilePath(path).get(body);
  if (value !== undefined && value !== null) return textOf(value).slice(0, 500);
  throw new NodeFailure('join.no-key', {
    en: `joining at node ${node}: the message has nothing at ${path} to gather by`,
    ru: `объединение в узле ${node}: в сообщении нет значения ${path}, по которому собирать`,
  });
}
