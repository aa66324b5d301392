import { defineNode, field } from '../../runtime/sdk/index.ts';

/** Failures of the flow's nodes arrive here when their own error port is not wired. */
export default defineNode({
  type: 'catch',
  version: 1,
  role: 'catch',
  title: { en: 'Catch', ru: 'Перехват' },
  category: 'logic',
  icon: 'shield-alert',
  summary: { en: 'Receives messages that failed, with the failure in them.', ru: 'Получает сообщения, завершившиеся ошибкой, вместе с ошибкой.' },
  help: {
    en: 'A message whose last attempt failed goes to the error port of its node when that is wired, else to the nearest Catch node, else it is a dead letter.\n\nIt arrives as it was at the failing node, with `error`: `code`, `text`, `node`, `attempt`, `details`.\n\nA Catch node that names nodes goes before one for all. A failure behind a Catch node is not caught by the same one, so that nothing goes round for ever.',
    ru: 'Сообщение, последняя попытка которого не удалась, идёт в порт ошибок своего узла, если он подключён, иначе в ближайший узел «Перехват», иначе становится недоставленным.\n\nОно приходит таким, каким было у отказавшего узла, с полем `error`: `code`, `text`, `node`, `attempt`, `details`.\n\nУзел с перечисленными узлами важнее общего. Ошибку за узлом «Перехват» он сам не ловит, чтобы ничто не ходило по кругу.',
  },
  keywords: ['error', 'exception', 'failure', 'ошибка', 'исключение'],
  line: '{nodes}',
  replay: 'pure',
  config: { nodes: field.nodes({ en: 'Only from these nodes', ru: 'Только от этих узлов' }, { default: [], help: { en: 'None: all nodes of the flow.', ru: 'Пусто: все узлы потока.' } }) },
  outputs: { fixed: { out: { title: { en: 'Failed messages', ru: 'Сообщения с ошибкой' } } } },
  examples: [{
    name: 'passes on what failed, with its failure', config: {},
    given: [{ payload: { id: 7 }, error: { code: 'http.status', text: { en: 'the server answered 404', ru: 'сервер ответил 404' }, node: 'send', attempt: 1, details: { status: 404 } } }],
    emits: { out: [{ payload: { id: 7 }, error: { code: 'http.status', text: { en: 'the server answered 404', ru: 'сервер ответил 404' }, node: 'send', attempt: 1, details: { status: 404 } } }] },
  }],
});
