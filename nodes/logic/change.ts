import { defineNode, field } from '../../runtime/sdk/index.ts';
import { changeInRow } from './_in-row.ts';
import { compileChange, placed } from './_rules.ts';

export default defineNode({
  type: 'change',
  version: 1,
  title: { en: 'Change', ru: 'Изменение' },
  category: 'logic',
  icon: 'pencil',
  summary: { en: 'Sets, moves, deletes or replaces parts of a message by rules.', ru: 'Задаёт, переносит, удаляет или заменяет части сообщения по правилам.' },
  help: {
    en: 'Rules work from top to bottom; each sees what the ones above it did. A place is any path: `payload`, `payload.items[0].price`, `payload["two words"]`, `topic`.\n\n**Set** writes a fixed value or what an expression gives: `payload.first & " " & payload.last`, `$sum(payload.items.price)`, `$now()`. Records that are missing on the way are made. An expression that gives nothing removes the place.\n\n**Move** takes the value to another place; when there is none, nothing happens.\n\n**Delete** removes the place.\n\n**Replace** replaces every occurrence in a text, or with **Regular expression** every match (`$1` stands for the first group). A number, true or false is replaced when it equals what is looked for as a whole.\n\nThe message that came in is never changed itself, so other wires from the same port see it as it was. A rule that cannot be done, such as writing `payload.name` when the payload is a text, is that message’s failure.',
    ru: 'Правила действуют сверху вниз; каждое видит то, что сделали предыдущие. Место — это любой путь: `payload`, `payload.items[0].price`, `payload["два слова"]`, `topic`.\n\n**Задать** записывает постоянное значение или результат выражения: `payload.first & " " & payload.last`, `$sum(payload.items.price)`, `$now()`. Недостающие записи на пути создаются. Если выражение ничего не дало, место удаляется.\n\n**Перенести** переносит значение в другое место; если его нет, ничего не происходит.\n\n**Удалить** убирает место.\n\n**Заменить** заменяет в тексте каждое вхождение, а с **регулярным выражением** — каждое совпадение (`$1` — первая группа). Число, true или false заменяется, когда целиком равно искомому.\n\nСамо пришедшее сообщение не меняется: другие связи того же выхода видят его прежним. Правило, которое выполнить нельзя, например запись `payload.name`, когда payload — текст, становится ошибкой этого сообщения.',
  },
  keywords: ['set', 'assign', 'map', 'rename', 'delete', 'replace', 'задать', 'заменить', 'переименовать', 'удалить', 'поле'],
  line: '{rules}',
  replay: 'pure',
  config: {
    rules: field.list({ en: 'Rules', ru: 'Правила' }, field.record({ en: 'Rule', ru: 'Правило' }, {
      action: field.choice({ en: 'Do', ru: 'Действие' }, [
        { value: 'set', title: { en: 'Set', ru: 'Задать' } },
        { value: 'move', title: { en: 'Move', ru: 'Перенести' } },
        { value: 'delete', title: { en: 'Delete', ru: 'Удалить' } },
        { value: 'replace', title: { en: 'Replace', ru: 'Заменить' } },
      ], { default: 'set' }),
      path: field.path({ en: 'Place', ru: 'Место' }, { default: 'payload', required: true }),
      to: field.path({ en: 'To', ru: 'Куда' }, { required: true, visible: { field: 'action', is: ['move'] } }),
      find: field.text({ en: 'Look for', ru: 'Найти' }, { required: true, dynamic: [], visible: { field: 'action', is: ['replace'] } }),
      regex: field.boolean({ en: 'Regular expression', ru: 'Регулярное выражение' }, { default: false, visible: { field: 'action', is: ['replace'] } }),
      value: field.computed({ en: 'Value', ru: 'Значение' }, { visible: { field: 'action', is: ['set', 'replace'] } }),
    }), { default: [{ action: 'set', path: 'payload', value: '' }] }),
  },
  outputs: { fixed: { out: { title: { en: 'Changed', ru: 'Изменённое' } } } },
  failures: { 'change.nothing-to-find': { en: 'A replace rule does not say what to look for.', ru: 'В правиле замены не указано, что искать.' } },
  examples: [
    { name: 'sets a fixed value', config: { rules: [{ action: 'set', path: 'payload.status', value: 'new' }] }, given: [{ payload: { id: 7 } }], emits: { out: [{ payload: { id: 7, status: 'new' } }] } },
    {
      name: 'each rule sees what the one before it did',
      config: { rules: [
        { action: 'set', path: 'payload.total', value: { $expr: 'payload.price * payload.quantity' } },
        { action: 'set', path: 'payload.withDelivery', value: { $expr: 'payload.total + 300' } },
        { action: 'move', path: 'payload.price', to: 'payload.unit.price' },
        { action: 'delete', path: 'payload.quantity' },
      ] },
      given: [{ payload: { price: 250, quantity: 2 } }],
      emits: { out: [{ payload: { total: 500, withDelivery: 800, unit: { price: 250 } } }] },
    },
    { name: 'replaces a comma by a point', config: { rules: [{ action: 'replace', path: 'payload.price', find: ',', value: '.' }] }, given: [{ payload: { price: '1234,50' } }], emits: { out: [{ payload: { price: '1234.50' } }] } },
    { name: 'replaces by a pattern', config: { rules: [{ action: 'replace', path: 'payload', find: '(\\d+)-(\\d+)', regex: true, value: '$2/$1' }] }, given: [{ payload: 'a 1-2 b 3-4' }], emits: { out: [{ payload: 'a 2/1 b 4/3' }] } },
    { name: 'does not write into a text', config: { rules: [{ action: 'set', path: 'payload.name', value: 1 }] }, given: [{ payload: 'text' }], fails: 'path.blocked' },
  ],
  prepare: async ({ rules }) => compileChange(rules),
  inRow: ({ rules }) => changeInRow(rules.map(placed)),
  run: (message, context) => context.prepared(message, context),
});
