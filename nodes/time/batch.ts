import { compilePath, defineNode, field, limits, NodeFailure, type Body } from '../../runtime/sdk/index.ts';
import { keyAt } from './_key.ts';

/** Messages of one window become one, with a list. */
export default defineNode({
  type: 'batch',
  version: 1,
  title: { en: 'Batch', ru: 'Пакет' },
  category: 'time',
  icon: 'boxes',
  summary: { en: 'Puts messages together into lists: so many at a time, or what came in a time.', ru: 'Складывает сообщения в списки: по числу или за время.' },
  help: {
    en: 'A batch leaves when it has **Messages**, or **Time** after its first message, whichever comes first; at least one of the two is needed. The message that leaves is the last one, with the list of all values at **Of** in its place.\n\n**By**: one batch for each value.\n\nWhat is gathered lies in the journal: a restart loses nothing, and the batch leaves at its time.',
    ru: 'Пакет уходит, когда в нём набралось **Сообщений** или прошло **Время** от первого, — что наступит раньше; нужно хотя бы одно из двух. Уходит последнее сообщение, в котором на месте **Из** стоит список всех значений.\n\n**По**: отдельный пакет на каждое значение.\n\nСобранное лежит в журнале: перезапуск ничего не теряет, и пакет уходит в срок.',
  },
  keywords: ['bulk', 'chunk', 'group', 'buffer', 'пачка', 'группа', 'накопить'],
  line: '{count} {time} {by}',
  replay: 'pure',
  config: {
    count: field.integer({ en: 'Messages', ru: 'Сообщений' }, { default: 100, min: 1, max: limits.joinKeptMessagesMax, dynamic: ['$env'] }),
    time: field.duration({ en: 'Time', ru: 'Время' }, { dynamic: ['$env'], placeholder: '10s' }),
    of: field.path({ en: 'Of', ru: 'Из' }, { default: 'payload', required: true }),
    by: field.path({ en: 'By', ru: 'По' }, { placeholder: 'payload.city' }),
  },
  outputs: { fixed: { out: { title: { en: 'The batch', ru: 'Пакет' } } } },
  failures: {
    'window.no-key': { en: 'The message has no value to tell it from others by.', ru: 'В сообщении нет значения, по которому его отличить.' },
    'batch.nothing': { en: 'The message has nothing at the path that is gathered.', ru: 'По указанному пути в сообщении ничего нет.' },
  },
  examples: [
    { name: 'two at a time', config: { count: 2 }, given: [{ payload: 1 }, { payload: 2, topic: 't' }, { payload: 3 }], emits: { out: [{ payload: [1, 2], topic: 't' }] } },
    { name: 'what came in ten seconds', config: { time: '10s' }, given: [{ payload: 'a' }, { payload: 'b' }], emits: { out: [{ payload: ['a', 'b'] }] } },
    { name: 'each city by itself', config: { count: 2, by: 'topic' }, given: [{ topic: 'A', payload: 1 }, { topic: 'B', payload: 2 }, { topic: 'A', payload: 3 }], emits: { out: [{ topic: 'A', payload: [1, 3] }] } },
    { name: 'refuses what has nothing to gather', config: { of: 'payload.id' }, given: [{ payload: {} }], fails: 'batch.nothing' },
  ],
  collect: {
    key: (body, { config, node }) => keyAt(body, config.by, node.id),
    arrive(body, state, { config, clock, node }) {
      if (compilePath(config.of).get(body) === undefined) throw nothing(node.id, config.of);
      const count = typeof state === 'number' ? state + 1 : 1;
      const opened = state === undefined && config.time !== undefined ? { closeAt: clock.now() + config.time } : {};
      return { state: count, keep: body, ...opened, ...(count >= config.count && { close: true }) };
    },
    close({ kept }, config) {
      const at = compilePath(config.of);
      return at.set(kept.at(-1) ?? {}, kept.map((body) => at.get(body))) as Body;
    },
  },
});

const nothing = (node: string, path: string): NodeFailure => new NodeFailure('batch.nothing', {
  en: `gathering ${path} at node ${node}: the message has nothing there`,
  ru: `сбор ${path} в узле ${node}: в сообщении там ничего нет`,
});
