import { compilePath, defineNode, field } from '../../runtime/sdk/index.ts';

export default defineNode({
  type: 'debug',
  version: 1,
  title: { en: 'Debug', ru: 'Отладка' },
  category: 'sink',
  icon: 'bug',
  summary: { en: 'Shows messages in the debug panel.', ru: 'Показывает сообщения на панели отладки.' },
  help: {
    en: 'Shows the chosen part of each message, or the whole message, in the debug panel. The switch at the node turns it off; messages then end here unseen.\n\nThe panel shows a bounded number a second and says how many there were. Phones and e-mails are masked.',
    ru: 'Показывает на панели отладки выбранную часть каждого сообщения или сообщение целиком. Переключатель у узла отключает показ; сообщения тогда завершаются здесь незаметно.\n\nПанель показывает ограниченное число сообщений в секунду и сообщает, сколько их было. Телефоны и адреса почты скрываются.',
  },
  keywords: ['log', 'print', 'show', 'журнал', 'показать'],
  line: '{path}',
  debugs: true,
  replay: 'pure',
  config: {
    show: field.choice({ en: 'Show', ru: 'Показывать' }, [
      { value: 'path', title: { en: 'a part', ru: 'часть' } },
      { value: 'message', title: { en: 'the whole message', ru: 'всё сообщение' } },
      { value: 'expression', title: { en: 'an expression', ru: 'выражение' } },
    ], { default: 'path' }),
    path: field.path({ en: 'Part', ru: 'Часть' }, { default: 'payload', visible: { field: 'show', is: ['path'] } }),
    value: field.any({ en: 'Expression', ru: 'Выражение' }, { visible: { field: 'show', is: ['expression'] } }),
    active: field.boolean({ en: 'Active', ru: 'Включён' }, { default: true }),
  },
  outputs: { fixed: {} },
  examples: [
    { name: 'shows the payload and ends the message', config: {}, given: [{ payload: { phone: 7 } }], emits: {} },
    { name: 'shows what an expression gives', config: { show: 'expression', value: { $expr: 'payload.price * payload.count' } }, given: [{ payload: { price: 5, count: 3 } }], emits: {} },
  ],
  prepare: async ({ path }) => compilePath(path),
  run(message, { config, debug, prepared }) {
    if (!config.active) return undefined;
    if (config.show === 'message') debug(message, 'message');
    else if (config.show === 'expression') debug(config.value, 'expression');
    else debug(prepared.get(message), config.path);
    return undefined;
  },
});
