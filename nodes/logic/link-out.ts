import { defineNode, drop, field } from '../../runtime/sdk/index.ts';
import { linkField } from './_link.ts';

/** Sends messages to link-in nodes, or returns them to who called this run by a link. */
export default defineNode({
  type: 'link-out',
  version: 1,
  title: { en: 'Link out', ru: 'Выход по ссылке' },
  category: 'logic',
  icon: 'arrow-right-to-line',
  summary: { en: 'Sends each message to Link in nodes of this or other flows, or returns it to its caller.', ru: 'Отправляет каждое сообщение узлам «Вход по ссылке» этого или других потоков либо возвращает его вызвавшему.' },
  help: {
    en: '**Send**: the message begins a run at each Link in node that is named, exactly one however often the sending is repeated within 7 days, unless that flow is in memory mode, which knows no repeats. While a flow there is stopped, not deployed or full, the message waits here, in order; no attempt is used up.\n\n**Return**: the message goes back to the Link call node, or to the `node.linkcall` of a function, that began this run. The first return of a run counts. A run that began at a webhook which waits for an answer gets the message as JSON. When nobody waits, the message ends here as dropped.',
    ru: '**Отправить**: сообщение начинает запуск у каждого указанного узла «Вход по ссылке» — ровно один, сколько бы раз отправка ни повторялась в течение 7 дней, если тот поток не в режиме memory: там повторы не распознаются. Пока поток там остановлен, не применён или заполнен, сообщение ждёт здесь, по порядку; попытки не расходуются.\n\n**Вернуть**: сообщение возвращается узлу «Вызов по ссылке» или `node.linkcall` функции, которые начали этот запуск. Засчитывается первый возврат запуска. Если запуск начат вебхуком, который ждёт ответа, он получит сообщение как JSON. Если никто не ждёт, сообщение завершается здесь как отброшенное.',
  },
  keywords: ['link', 'goto', 'return', 'ссылка', 'переход', 'возврат'],
  line: '{links}',
  replay: { when: { field: 'mode', is: ['return'] }, then: 'pure', else: 'idempotent' },
  config: {
    mode: field.choice({ en: 'What it does', ru: 'Что делает' }, [
      { value: 'send', title: { en: 'Send', ru: 'Отправить' } }, { value: 'return', title: { en: 'Return to the caller', ru: 'Вернуть вызвавшему' } },
    ], { default: 'send' }),
    links: field.list({ en: 'Links', ru: 'Ссылки' }, linkField, { default: [], visible: { field: 'mode', is: ['send'] } }),
  },
  outputs: { fixed: {} },
  drops: { 'nobody-waits': { en: 'nobody waits for it to be returned', ru: 'его возврата никто не ждёт' } },
  examples: [
    { name: 'sends to a node of another flow', config: { links: ['orders/prices'] }, given: [{ payload: 1 }], emits: {} },
    { name: 'returns the message', config: { mode: 'return' }, given: [{ payload: 1 }], emits: {} },
  ],
  async run(message, { config, links }) {
    if (config.mode === 'return') return links.answer(message) ? undefined : drop('nobody-waits');
    for (const link of config.links) await links.send(link, message);
    return undefined;
  },
});
