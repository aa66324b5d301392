import { defineNode } from '../../runtime/sdk/index.ts';
import { linkField } from './_link.ts';

/** Calls another part of a flow, or another flow, as a subroutine. */
export default defineNode({
  type: 'link-call',
  version: 1,
  title: { en: 'Link call', ru: 'Вызов по ссылке' },
  category: 'logic',
  icon: 'arrow-right-left',
  summary: { en: 'Sends each message to a Link in node and goes on with the message that is returned.', ru: 'Отправляет каждое сообщение узлу «Вход по ссылке» и продолжает с возвращённым.' },
  help: {
    en: 'The message begins a run at the Link in node; what **Link out** returns there leaves this node. The message itself rests on disk meanwhile. After a crash, or an attempt that took too long, the call is not made a second time: it gets the answer of the run that was begun, or waits for it, for 24 hours.\n\n**Time limit of a call** says how long an attempt waits, 30 seconds unless given. A run that ends without an answer, or whose message fails there, is this message’s failure and names the run. While the flow there is stopped, not deployed or full, messages wait here and no attempt is used up.\n\nA call waits in a slot of this node (**Calls at once**): a flow that calls itself needs as many as its calls are deep.',
    ru: 'Сообщение начинает запуск у узла «Вход по ссылке»; то, что возвращает там **Выход по ссылке**, выходит из этого узла. Само сообщение тем временем записано на диск. После сбоя или слишком долгой попытки вызов не делается второй раз: в течение 24 часов он получает ответ уже начатого запуска или ждёт его.\n\nСколько ждёт одна попытка, задаёт **Предел времени вызова**, по умолчанию 30 секунд. Запуск, завершившийся без ответа или с ошибкой, — ошибка этого сообщения, и она называет запуск. Пока поток там остановлен, не применён или заполнен, сообщения ждут здесь, попытки не расходуются.\n\nВызов занимает место узла (**Одновременных вызовов**): потоку, который вызывает сам себя, нужно столько мест, сколько вызовов вложено.',
  },
  keywords: ['link', 'subroutine', 'call', 'subflow', 'ссылка', 'подпрограмма', 'вызов'],
  line: '{link}',
  replay: 'idempotent',
  config: { link: linkField },
  outputs: { fixed: { out: { title: { en: 'Returned message', ru: 'Возвращённое сообщение' } } } },
  examples: [{ name: 'goes on with what is returned', config: { link: 'orders/prices' }, given: [{ payload: { sku: 'A-1' } }], emits: { out: [{ payload: { sku: 'A-1' }, link: 'orders/prices' }] } }],
  run: async (message, { config, links }) => await links.call(config.link, message),
});
