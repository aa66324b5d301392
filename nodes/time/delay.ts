import { defineNode, field, holdUntil, NodeFailure } from '../../runtime/sdk/index.ts';

const FAR_MS = 366 * 24 * 60 * 60 * 1000; // a wait beyond a year is a slip of units far more often than a wish

/** The message stays in the journal, not in a timer: a restart changes nothing, and it leaves at its due time, once. */
export default defineNode({
  type: 'delay',
  version: 1,
  title: { en: 'Delay', ru: 'Задержка' },
  category: 'time',
  icon: 'hourglass',
  summary: { en: 'Lets each message wait: for a time, until an instant, or for a random time.', ru: 'Заставляет каждое сообщение ждать: заданное время, до момента или случайное время.' },
  help: {
    en: 'A waiting message lies in the journal. After a restart it leaves at the same instant, once; when that instant passed while Millrace was down, it leaves at once.\n\n**Wait** `for a time`: `30s`, `5m`, `2h`, `3d`, or an expression that gives milliseconds. The time counts from when the message came into the flow or left the last node that acts outside, not from when there was time for it.\n\n`until`: an ISO date with zone (`2026-12-01T09:00:00+03:00`) or milliseconds since 1970. An instant in the past lets the message through at once.\n\nMessages of one key never overtake each other here.\n\nIn memory mode waiting messages are lost when the process ends.',
    ru: 'Ожидающее сообщение лежит в журнале. После перезапуска оно уйдёт в тот же момент и один раз; если момент прошёл, пока Millrace не работал, — сразу.\n\n**Ждать** `заданное время`: `30s`, `5m`, `2h`, `3d` или выражение, дающее миллисекунды. Отсчёт идёт с того момента, когда сообщение пришло в поток или вышло из последнего узла, действующего наружу, а не с того, когда до него дошла очередь.\n\n`до момента`: дата ISO с зоной (`2026-12-01T09:00:00+03:00`) или миллисекунды с 1970 года. Если момент уже прошёл, сообщение проходит сразу.\n\nСообщения с одним ключом здесь друг друга не обгоняют.\n\nВ режиме памяти ожидающие сообщения теряются, когда процесс завершается.',
  },
  keywords: ['wait', 'pause', 'timer', 'ждать', 'пауза', 'таймер'],
  line: '{for} {until} {from}',
  replay: 'pure',
  config: {
    mode: field.choice({ en: 'Wait', ru: 'Ждать' }, [
      { value: 'for', title: { en: 'for a time', ru: 'заданное время' } },
      { value: 'until', title: { en: 'until an instant', ru: 'до момента' } },
      { value: 'random', title: { en: 'for a random time', ru: 'случайное время' } },
    ], { default: 'for' }),
    for: field.duration({ en: 'Time', ru: 'Время' }, { default: '5s', visible: { field: 'mode', is: ['for'] } }),
    until: field.any({ en: 'Instant', ru: 'Момент' }, { help: { en: 'ISO date with zone, or milliseconds since 1970.', ru: 'Дата ISO с зоной или миллисекунды с 1970 года.' }, visible: { field: 'mode', is: ['until'] } }),
    from: field.duration({ en: 'At least', ru: 'Не меньше' }, { required: true, placeholder: '1s', visible: { field: 'mode', is: ['random'] } }),
    to: field.duration({ en: 'At most', ru: 'Не больше' }, { required: true, placeholder: '10s', visible: { field: 'mode', is: ['random'] } }),
  },
  outputs: { fixed: { out: { title: { en: 'When due', ru: 'В срок' } } } },
  failures: {
    'delay.instant': { en: 'The instant is not a date with zone or a number of milliseconds.', ru: 'Момент не является датой с зоной или числом миллисекунд.' },
    'delay.too-long': { en: 'The wait is longer than a year.', ru: 'Ожидание длиннее года.' },
  },
  examples: [
    { name: 'waits ten seconds', config: { for: '10s' }, given: [{ payload: 1 }], emits: { out: [{ payload: 1 }] } },
    { name: 'an instant in the past lets through at once', config: { mode: 'until', until: '2020-01-01T00:00:00Z' }, given: [{ payload: 1 }], emits: { out: [{ payload: 1 }] } },
    { name: 'refuses what is no instant', config: { mode: 'until', until: 'soon' }, given: [{ payload: 1 }], fails: 'delay.instant' },
  ],
  run(message, context) {
    if (context.resumed) return message;
    const now = context.clock.now();
    const due = dueAt(context.config, now, () => context.random.next());
    if (due > now + FAR_MS) {
      throw new NodeFailure('delay.too-long', {
        en: `delaying a message at node ${context.node.id}: until ${new Date(due).toISOString()} is more than a year; check the unit (a number means milliseconds)`,
        ru: `задержка сообщения в узле ${context.node.id}: до ${new Date(due).toISOString()} больше года; проверьте единицу (число означает миллисекунды)`,
      });
    }
    return due <= now ? message : holdUntil(due);
  },
});

interface Waits { readonly mode: 'for' | 'until' | 'random'; readonly for: number; readonly until: unknown; readonly from: number; readonly to: number }

function dueAt(config: Waits, now: number, random: () => number): number {
  if (config.mode === 'for') return now + config.for;
  if (config.mode === 'random') return now + config.from + Math.round(random() * Math.max(0, config.to - config.from));
  const { until } = config;
  const due = typeof until === 'number' ? until : typeof until === 'string' && /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:?\d\d))$/.test(until) ? Date.parse(until) : until instanceof Date ? until.getTime() : Number.NaN;
  if (Number.isFinite(due)) return due;
  throw new NodeFailure('delay.instant', {
    en: `reading the instant to wait for: ${JSON.stringify(until)} is neither a date with zone such as 2026-12-01T09:00:00+03:00 nor milliseconds since 1970`,
    ru: `чтение момента ожидания: ${JSON.stringify(until)} — не дата с зоной вида 2026-12-01T09:00:00+03:00 и не миллисекунды с 1970 года`,
  });
}
