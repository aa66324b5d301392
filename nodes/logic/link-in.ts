import { defineSource } from '../../runtime/sdk/index.ts';

/** Runs begin here that messages of other nodes start by a link. The engine delivers them: the node itself waits for nothing. */
export default defineSource({
  type: 'link-in',
  version: 1,
  title: { en: 'Link in', ru: 'Вход по ссылке' },
  category: 'logic',
  icon: 'arrow-right-from-line',
  summary: { en: 'Receives messages that Link out and Link call of any flow send here.', ru: 'Получает сообщения, которые сюда отправляют узлы «Выход по ссылке» и «Вызов по ссылке» любого потока.' },
  help: {
    en: 'Each message begins a run of its own in this flow, with its own path, failures and replays. It is accepted as from any other source: durably, unless this flow is in memory mode.\n\nOther nodes name it by its id in the same flow, and by `flow/id` from another one. A function node calls it with `await node.linkcall("flow/id", msg)`.\n\nTo answer a call, end the flow with **Link out** that returns the message.\n\nA message may come through 100 links and feedback wires, one after the other; then its link is refused, so that links in a circle end.',
    ru: 'Каждое сообщение начинает отдельный запуск этого потока — со своим путём, ошибками и повторами. Оно принимается как от любого источника: с записью на диск, если поток не в режиме memory.\n\nДругие узлы называют его по id в том же потоке и `поток/id` — из другого. Узел «Функция» вызывает его так: `await node.linkcall("поток/id", msg)`.\n\nЧтобы ответить на вызов, завершите поток узлом **Выход по ссылке**, который возвращает сообщение.\n\nСообщение может пройти подряд 100 ссылок и обратных связей; следующая ссылка отклоняется, чтобы ссылки по кругу когда-нибудь закончились.',
  },
  keywords: ['link', 'subroutine', 'entry', 'ссылка', 'подпрограмма', 'вход'],
  entry: true,
  config: {},
  outputs: { fixed: { out: { title: { en: 'Message', ru: 'Сообщение' } } } },
  examples: [{ name: 'passes on what comes by a link', config: {}, given: [{ payload: { id: 7 } }], emits: { out: [{ payload: { id: 7 } }] } }],
  start() { /* what comes by a link is delivered by the engine */ },
});
