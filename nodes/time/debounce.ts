import { defineNode, drop, field } from '../../runtime/sdk/index.ts';
import { keyAt } from './_key.ts';

/** A burst is one window: it closes when nothing has come for the quiet time. */
export default defineNode({
  type: 'debounce',
  version: 1,
  title: { en: 'Debounce', ru: 'Подавление дребезга' },
  category: 'time',
  icon: 'align-end-vertical',
  summary: { en: 'Lets one message of a burst through: the last when it has become quiet, or the first at once.', ru: 'Пропускает одно сообщение из всплеска: последнее, когда стало тихо, или первое сразу.' },
  help: {
    en: 'A burst ends when nothing has come for the **Quiet time**. **The last** of the burst leaves then; **the first** leaves at once and the others are dropped until it is quiet. The dropped ones count as dropped.\n\n**At most**: a burst that never ends is cut after this time, counted from its first message.\n\n**By**: one burst for each value, for example each order by itself.\n\nThe waiting message lies in the journal: after a restart it leaves at its time, once.',
    ru: 'Всплеск заканчивается, когда в течение **Тишины** ничего не пришло. Тогда выходит **последнее** сообщение; **первое** выходит сразу, а остальные отбрасываются, пока не станет тихо. Отброшенные учитываются как отброшенные.\n\n**Не дольше**: бесконечный всплеск обрывается через это время от первого сообщения.\n\n**По**: отдельный всплеск на каждое значение, например на каждый заказ.\n\nОжидающее сообщение лежит в журнале: после перезапуска оно выйдет в свой срок и один раз.',
  },
  keywords: ['burst', 'quiet', 'settle', 'всплеск', 'тишина', 'дребезг'],
  line: '{mode} · {quiet} {by}',
  replay: 'pure',
  config: {
    mode: field.choice({ en: 'Let through', ru: 'Пропускать' }, [
      { value: 'last', title: { en: 'the last, when it is quiet', ru: 'последнее, когда стало тихо' } },
      { value: 'first', title: { en: 'the first, at once', ru: 'первое, сразу' } },
    ], { default: 'last' }),
    quiet: field.duration({ en: 'Quiet time', ru: 'Тишина' }, { default: '5s', dynamic: ['$env'] }),
    most: field.duration({ en: 'At most', ru: 'Не дольше' }, { dynamic: ['$env'], placeholder: '1m' }),
    by: field.path({ en: 'By', ru: 'По' }, { placeholder: 'payload.orderId' }),
  },
  outputs: { fixed: { out: { title: { en: 'One of the burst', ru: 'Одно из всплеска' } } } },
  drops: { debounce: { en: 'another message of its burst goes on', ru: 'дальше идёт другое сообщение того же всплеска' } },
  failures: { 'window.no-key': { en: 'The message has no value to tell it from others by.', ru: 'В сообщении нет значения, по которому его отличить.' } },
  examples: [
    { name: 'the last of a burst', config: { quiet: '5s' }, given: [{ payload: 1 }, { payload: 2 }, { payload: 3 }], emits: { out: [{ payload: 3 }] } },
    { name: 'the first of a burst', config: { mode: 'first' }, given: [{ payload: 1 }, { payload: 2 }], emits: { out: [{ payload: 1 }] } },
    { name: 'each order by itself', config: { by: 'payload.order' }, given: [{ payload: { order: 1, n: 1 } }, { payload: { order: 2, n: 1 } }, { payload: { order: 1, n: 2 } }], emits: { out: [{ payload: { order: 1, n: 2 } }, { payload: { order: 2, n: 1 } }] } },
  ],
  collect: {
    key: (body, { config, node }) => keyAt(body, config.by, node.id),
    arrive(body, state, { config, clock }) {
      const since = typeof state === 'number' ? state : clock.now();
      const quietAt = clock.now() + config.quiet;
      const closeAt = config.most === undefined ? quietAt : Math.min(quietAt, since + config.most);
      if (config.mode === 'last') return { state: since, closeAt, keepOnly: body };
      return { state: since, closeAt, pass: state === undefined ? body : drop('debounce') };
    },
    close: ({ kept }) => kept[0],
  },
});
