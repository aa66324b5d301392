import { defineSource, field } from '../../runtime/sdk/index.ts';

/** Starts a run when a person presses the button, at an interval, or when the flow starts. */
export default defineSource({
  type: 'inject',
  version: 1,
  title: { en: 'Inject', ru: 'Ввод' },
  category: 'source',
  icon: 'play',
  summary: { en: 'Sends a message when you press its button, and at an interval if you set one.', ru: 'Отправляет сообщение по нажатию кнопки, а если задан интервал, то и по нему.' },
  help: {
    en: 'Press the button at the node to send a message. With **Every**, it also sends by itself, counted from the deploy; what would have been sent while Millrace was down is not made up.\n\nThe payload is any value: fixed, an expression such as `$now()`, or an environment value. An empty payload is the time in milliseconds.',
    ru: 'Нажмите кнопку у узла, чтобы отправить сообщение. Если задано **Каждые**, узел отправляет и сам, считая от применения; пропущенное, пока Millrace не работал, не восполняется.\n\nPayload — любое значение: фиксированное, выражение вроде `$now()` или переменная окружения. Пустой payload — текущее время в миллисекундах.',
  },
  keywords: ['button', 'timer', 'start', 'test', 'кнопка', 'таймер', 'запуск'],
  line: '{topic}{every}',
  button: true,
  config: {
    payload: field.any({ en: 'Payload', ru: 'Payload' }, { placeholder: '{ "name": "Anna" }' }),
    topic: field.text({ en: 'Topic', ru: 'Тема' }),
    every: field.duration({ en: 'Every', ru: 'Каждые' }, { placeholder: '5m', dynamic: ['$env'] }),
    atStart: field.boolean({ en: 'Also when the flow starts', ru: 'Также при запуске потока' }, { default: false }),
  },
  outputs: { fixed: { out: { title: { en: 'Message', ru: 'Сообщение' } } } },
  examples: [],
  async start({ config, resolve, deliver, every, onButton, clock, log }) {
    const send = async (): Promise<void> => {
      try {
        const { payload, topic } = await resolve();
        await deliver({ payload: payload === undefined || payload === '' ? clock.now() : payload, ...(topic !== undefined && { topic }) });
      } catch (error) {
        log.error(error instanceof Error ? error.message : String(error));
      }
    };
    onButton(() => void send());
    if (config.every !== undefined) every(Math.max(config.every, SHORTEST_MS), () => void send());
    if (config.atStart) await send();
  },
});

const SHORTEST_MS = 10; // an interval of 0 would never let anything else run
