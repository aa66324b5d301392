import { defineNode, drop, field, toPorts } from '../../runtime/sdk/index.ts';
import { keyAt } from './_key.ts';

/** One window for each value that was seen: it is open as long as a repeat is a repeat. */
export default defineNode({
  type: 'deduplicate',
  version: 1,
  title: { en: 'Deduplicate', ru: 'Убрать повторы' },
  category: 'time',
  icon: 'copy-x',
  summary: { en: 'Lets the first message of each value through and drops its repeats for a time.', ru: 'Пропускает первое сообщение с каждым значением и отбрасывает повторы в течение времени.' },
  help: {
    en: 'The value at **By** tells messages apart. The first message of a value goes on; each later one within **Time** is a repeat: it leaves by **Repeats** when that is wired, else it ends here, counted as dropped by `repeat`.\n\nThe time counts from the first message, or from the latest one with **Start again at each repeat**.\n\nWhat was seen is written in one step with the message that goes on: neither a restart nor a crash lets a repeat through or loses a first one. At most 200,000 values are remembered at once.',
    ru: 'Сообщения различаются по значению из поля **По**. Первое сообщение с этим значением идёт дальше; каждое следующее в пределах **Времени** — повтор: выходит через **Повторы**, если там есть связь, иначе заканчивается здесь и считается отброшенным по правилу `repeat`.\n\nВремя отсчитывается от первого сообщения или, с **Начинать заново при каждом повторе**, от последнего.\n\nУвиденное записывается одним шагом с прошедшим сообщением: ни перезапуск, ни сбой не пропустят повтор и не потеряют первое. Одновременно помнится не больше 200 000 значений.',
  },
  keywords: ['unique', 'distinct', 'repeat', 'once', 'дубликаты', 'уникальные', 'один раз'],
  line: '{by} · {time}',
  replay: 'pure',
  config: {
    by: field.path({ en: 'By', ru: 'По' }, { default: 'payload', required: true, placeholder: 'payload.orderId' }),
    time: field.duration({ en: 'Time', ru: 'Время' }, { default: '1h', dynamic: ['$env'] }),
    again: field.boolean({ en: 'Start again at each repeat', ru: 'Начинать заново при каждом повторе' }, { default: false }),
    repeats: field.boolean({ en: 'Output for repeats', ru: 'Выход для повторов' }, { default: false }),
  },
  outputs: { fixed: { out: { title: { en: 'First', ru: 'Первые' } }, repeats: { title: { en: 'Repeats', ru: 'Повторы' }, when: { field: 'repeats', is: [true] } } } },
  drops: { repeat: { en: 'its value has come before', ru: 'такое значение уже приходило' } },
  failures: { 'window.no-key': { en: 'The message has no value to tell it from others by.', ru: 'В сообщении нет значения, по которому его отличить.' } },
  examples: [
    { name: 'only the first of each order', config: { by: 'payload.order' }, given: [{ payload: { order: 1 } }, { payload: { order: 1 } }, { payload: { order: 2 } }], emits: { out: [{ payload: { order: 1 } }, { payload: { order: 2 } }] } },
    { name: 'repeats by their own output', config: { repeats: true }, given: [{ payload: 'a' }, { payload: 'a' }], emits: { out: [{ payload: 'a' }], repeats: [{ payload: 'a' }] } },
    { name: 'refuses what has no value', config: { by: 'payload.order' }, given: [{ payload: {} }], fails: 'window.no-key' },
  ],
  collect: {
    key: (body, { config, node }) => keyAt(body, config.by, node.id),
    arrive(body, state, { config, clock }) {
      const closeAt = clock.now() + config.time;
      if (state === undefined) return { state: true, closeAt, pass: body };
      return { state: true, ...(config.again && { closeAt }), pass: config.repeats ? toPorts({ repeats: body }) : drop('repeat') };
    },
    close: () => undefined,
  },
});
