import { defineNode, field } from '../../runtime/sdk/index.ts';

const COUNT_MAX = 1_000; // the last ones are written with each message: more would make every message a large one

/** Messages wait at its input, in the journal; what has passed is written with each message, so that a restart forgets nothing. */
export default defineNode({
  type: 'rate-limit',
  version: 1,
  title: { en: 'Rate limit', ru: 'Ограничение частоты' },
  category: 'time',
  icon: 'gauge',
  summary: { en: 'Lets at most so many messages through in any span of a time; the rest waits, or is dropped.', ru: 'Пропускает не больше заданного числа сообщений за любой промежуток времени; остальные ждут или отбрасываются.' },
  help: {
    en: '**Messages** in **Time**: with 10 and `1m` no span of one minute, wherever it begins, has more than ten. A burst passes at once up to the limit, the rest follows as soon as the limit allows.\n\nWaiting messages lie in the journal in the order in which they came. What has passed is written down with each message, so that a restart does not begin a new span: it is never more than the limit, also around a crash.\n\n**Each key by itself**: messages of one key share a limit and never hold those of another; messages without a key share one.\n\n**Drop the rest**: what comes too early ends here, counted as dropped by `rate-limit`.\n\nIn memory mode waiting messages are lost when the process ends.',
    ru: '**Сообщений** за **Время**: при 10 и `1m` ни в одной минуте, с какого момента её ни отсчитывай, не будет больше десяти. Всплеск проходит сразу в пределах лимита, остальное — как только лимит позволит.\n\nОжидающие сообщения лежат в журнале в порядке прихода. Прошедшее записывается вместе с каждым сообщением, поэтому перезапуск не начинает новый отсчёт: лимит не превышается и вокруг сбоя.\n\n**Каждый ключ отдельно**: у сообщений с одним ключом общий лимит, и они не задерживают другие ключи; сообщения без ключа делят один лимит.\n\n**Отбрасывать лишние**: пришедшее слишком рано заканчивается здесь и считается отброшенным по правилу `rate-limit`.\n\nВ режиме памяти ожидающие сообщения теряются, когда процесс завершается.',
  },
  keywords: ['throttle', 'buffer', 'per minute', 'slow down', 'лимит', 'буфер', 'в минуту', 'замедлить'],
  line: '{count} / {per}',
  replay: 'pure',
  config: {
    count: field.integer({ en: 'Messages', ru: 'Сообщений' }, { default: 10, min: 1, max: COUNT_MAX, dynamic: ['$env'] }),
    per: field.duration({ en: 'Time', ru: 'Время' }, { default: '1m', dynamic: ['$env'] }),
    eachKey: field.boolean({ en: 'Each key by itself', ru: 'Каждый ключ отдельно' }, { default: false, help: { en: 'The key is set on a wire before this node.', ru: 'Ключ задаётся на связи перед этим узлом.' } }),
    rest: field.choice({ en: 'The rest', ru: 'Остальные' }, [
      { value: 'wait', title: { en: 'waits its turn', ru: 'ждут очереди' } },
      { value: 'drop', title: { en: 'is dropped', ru: 'отбрасываются' } },
    ], { default: 'wait' }),
  },
  outputs: { fixed: { out: { title: { en: 'In its turn', ru: 'В свою очередь' } } } },
  drops: { 'rate-limit': { en: 'it came sooner than the limit allows', ru: 'пришло раньше, чем позволяет предел' } },
  examples: [{ name: 'a message goes through as it came', config: { count: 2, per: '1s' }, given: [{ payload: 1 }], emits: { out: [{ payload: 1 }] } }],
  pace: ({ count, per, eachKey, rest }) => ({ count, perMs: per, eachKey, rest }),
  run: (message) => message,
});
