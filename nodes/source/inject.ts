import { defineSource, field, limits } from '../../runtime/sdk/index.ts';

/** Starts a run when a person presses the button, at an interval, or when the flow starts. */
export default defineSource({
  type: 'inject',
  version: 1,
  title: { en: 'Inject', ru: 'Ввод' },
  category: 'source',
  icon: 'play',
  summary: { en: 'Sends a message when you press its button, and at an interval if you set one.', ru: 'Отправляет сообщение по нажатию кнопки, а если задан интервал, то и по нему.' },
  help: {
    en: 'Press the button at the node to send a message. With **Every**, it also sends by itself, counted from the deploy; what would have been sent while Millrace was down, or while the message before was not yet safe, is not made up.\n\nThe payload is any value: fixed, an expression such as `$now()`, or an environment value. Without a payload it is the time in milliseconds.',
    ru: 'Нажмите кнопку у узла, чтобы отправить сообщение. Если задано **Каждые**, узел отправляет и сам, считая от применения; пропущенное, пока Millrace не работал или предыдущее сообщение ещё не было сохранено, не восполняется.\n\nСодержимое — любое значение: фиксированное, выражение вроде `$now()` или переменная окружения. Если оно не задано, это текущее время в миллисекундах.',
  },
  keywords: ['button', 'timer', 'start', 'test', 'timestamp', 'кнопка', 'таймер', 'запуск', 'время'],
  line: '{topic}{every}',
  button: true,
  config: {
    payload: field.any({ en: 'Payload', ru: 'Содержимое (payload)' }, { placeholder: '{ "name": "Anna" }' }),
    topic: field.text({ en: 'Topic', ru: 'Тема (topic)' }),
    every: field.duration({ en: 'Every', ru: 'Каждые' }, { placeholder: '5m', dynamic: ['$env'] }),
    atStart: field.boolean({ en: 'Also when the flow starts', ru: 'Также при запуске потока' }, { default: false }),
  },
  outputs: { fixed: { out: { title: { en: 'Message', ru: 'Сообщение' }, body: { type: 'record', fields: { payload: { type: 'any' }, topic: { type: 'text', optional: true } } } } } },
  examples: [
    { name: 'a fixed payload at each press', config: { payload: { name: 'Anna' }, topic: 'test' }, given: [{}, {}], emits: { out: [{ payload: { name: 'Anna' }, topic: 'test' }, { payload: { name: 'Anna' }, topic: 'test' }] } },
    { name: 'the time, worked out at the press', config: { payload: { $expr: '$millis() > 0' } }, given: [{}], emits: { out: [{ payload: true }] } },
  ],
  async start({ config, resolve, deliver, every, onButton, clock, log, signal }) {
    let sending = 0;
    const send = async (): Promise<void> => {
      const at = clock.now();
      sending++;
      try {
        const { payload, topic } = await resolve();
        // Stopped while the expression was worked out: nothing may be delivered for a flow that is gone.
        if (signal.aborted) return;
        await deliver({ payload: payload === undefined ? at : payload, ...(topic !== undefined && topic !== '' && { topic }) });
      } catch (error) {
        log.error(`nothing was sent: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        sending--;
      }
    };
    onButton(() => void send());
    // The next tick waits for its turn rather than piling up in front of a journal that is slow or full.
    if (config.every !== undefined) every(Math.max(config.every, limits.injectEveryMinMs), () => { if (sending === 0) void send(); });
    if (config.atStart) await send();
  },
});
