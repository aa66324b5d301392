import { defineNode, drop, field, toPorts, type Body, type HandlerResult } from '../../runtime/sdk/index.ts';
import { switchInRow } from './_in-row.ts';
import { compileSwitch } from './_rules.ts';

const WITH_VALUE = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'contains', 'starts-with', 'ends-with', 'matches', 'in-list', 'has-key', 'is-type', 'holds'] as const;
const WITH_CASE = ['eq', 'neq', 'contains', 'starts-with', 'ends-with', 'matches', 'in-list'] as const;

export default defineNode({
  type: 'switch',
  version: 1,
  title: { en: 'Switch', ru: 'Условие' },
  category: 'logic',
  icon: 'split',
  summary: { en: 'Sends each message on by the rules that it matches, one port for each rule.', ru: 'Направляет сообщение по тем правилам, которым оно отвечает: у каждого правила свой выход.' },
  help: {
    en: '**Property** is a path (`payload.status`) or an expression (`$sum(payload.items.price)`, `$lowercase(payload.city)`). Rules are looked at from top to bottom; **First match** stops at the first that holds, **All matches** sends the message by each. **Otherwise** holds when no rule above it did.\n\nComparisons are kind to forms: the text `5` equals the number 5 and is less than 10. Texts are compared as texts, so ISO dates compare well. Nothing is read into other types: an empty text is not zero.\n\n- `is empty`: missing, an empty text, list or record.\n- `is one of`: a list, or a text such as `RU, KZ, BY`.\n- `matches`: a regular expression, looked for anywhere in the text; write `^…$` for the whole. Patterns that could run practically forever are refused at deploy.\n- `has type`: `text`, `number`, `boolean`, `list`, `record`, `date`, `bytes` or `nothing`.\n- `expression holds`: choose expression as the value, for example `payload.sum > payload.limit`; the property does not matter then.\n\nA message that matches no rule ends here and is counted as dropped by `no-match`.',
    ru: '**Свойство** — путь (`payload.status`) или выражение (`$sum(payload.items.price)`, `$lowercase(payload.city)`). Правила проверяются сверху вниз; **Первое совпадение** останавливается на первом выполненном, **Все совпадения** отправляет сообщение по каждому. **Иначе** срабатывает, когда не выполнилось ни одно правило выше.\n\nСравнения учитывают, что формы присылают текст: текст `5` равен числу 5 и меньше 10. Тексты сравниваются как тексты, поэтому даты ISO сравниваются правильно. Других превращений нет: пустой текст — не ноль.\n\n- `пусто`: значения нет, пустой текст, список или запись.\n- `одно из`: список или текст вида `RU, KZ, BY`.\n- `подходит под шаблон`: регулярное выражение ищется в любом месте текста; для всего текста пишите `^…$`. Шаблоны, которые могли бы работать почти бесконечно, отклоняются при применении.\n- `имеет тип`: `text`, `number`, `boolean`, `list`, `record`, `date`, `bytes` или `nothing`.\n- `выполнено выражение`: выберите для значения выражение, например `payload.sum > payload.limit`; свойство тогда не важно.\n\nСообщение, не подошедшее ни под одно правило, заканчивается здесь и считается отброшенным по правилу `no-match`.',
  },
  keywords: ['if', 'else', 'route', 'branch', 'filter', 'condition', 'если', 'ветвление', 'маршрут', 'фильтр', 'иначе'],
  line: '{property}',
  replay: 'pure',
  config: {
    property: field.expression({ en: 'Property', ru: 'Свойство' }, { default: 'payload', placeholder: 'payload.status' }),
    rules: field.list({ en: 'Rules', ru: 'Правила' }, field.record({ en: 'Rule', ru: 'Правило' }, {
      op: field.choice({ en: 'When it', ru: 'Когда оно' }, [
        { value: 'eq', title: { en: 'equals', ru: 'равно' } },
        { value: 'neq', title: { en: 'does not equal', ru: 'не равно' } },
        { value: 'lt', title: { en: 'is less than', ru: 'меньше' } },
        { value: 'lte', title: { en: 'is at most', ru: 'не больше' } },
        { value: 'gt', title: { en: 'is greater than', ru: 'больше' } },
        { value: 'gte', title: { en: 'is at least', ru: 'не меньше' } },
        { value: 'between', title: { en: 'is between', ru: 'в пределах' } },
        { value: 'contains', title: { en: 'contains', ru: 'содержит' } },
        { value: 'starts-with', title: { en: 'starts with', ru: 'начинается с' } },
        { value: 'ends-with', title: { en: 'ends with', ru: 'заканчивается на' } },
        { value: 'matches', title: { en: 'matches', ru: 'подходит под шаблон' } },
        { value: 'in-list', title: { en: 'is one of', ru: 'одно из' } },
        { value: 'has-key', title: { en: 'has the key', ru: 'имеет ключ' } },
        { value: 'is-type', title: { en: 'has type', ru: 'имеет тип' } },
        { value: 'true', title: { en: 'is true', ru: 'истинно (true)' } },
        { value: 'false', title: { en: 'is false', ru: 'ложно (false)' } },
        { value: 'null', title: { en: 'is missing', ru: 'отсутствует' } },
        { value: 'not-null', title: { en: 'is present', ru: 'присутствует' } },
        { value: 'empty', title: { en: 'is empty', ru: 'пусто' } },
        { value: 'not-empty', title: { en: 'is not empty', ru: 'не пусто' } },
        { value: 'holds', title: { en: 'expression holds', ru: 'выполнено выражение' } },
        { value: 'else', title: { en: 'otherwise', ru: 'иначе' } },
      ], { default: 'eq' }),
      value: field.computed({ en: 'Value', ru: 'Значение' }, { visible: { field: 'op', is: WITH_VALUE } }),
      value2: field.computed({ en: 'And', ru: 'И' }, { visible: { field: 'op', is: ['between'] } }),
      caseless: field.boolean({ en: 'Ignore case', ru: 'Без учёта регистра' }, { default: false, advanced: true, visible: { field: 'op', is: WITH_CASE } }),
      label: field.text({ en: 'Port label', ru: 'Подпись выхода' }, { dynamic: [], advanced: true }),
    }), { default: [{ op: 'eq', value: '' }] }),
    take: field.choice({ en: 'Take', ru: 'Брать' }, [
      { value: 'first', title: { en: 'first match', ru: 'первое совпадение' } },
      { value: 'all', title: { en: 'all matches', ru: 'все совпадения' } },
    ], { default: 'first' }),
  },
  outputs: { fixed: {}, dynamic: { each: 'rules', prefix: 'out', label: 'label' } },
  drops: { 'no-match': { en: 'no rule of the node holds for it', ru: 'ни одно правило узла не подошло' } },
  examples: [
    {
      name: 'by a value, with otherwise',
      config: { property: 'payload.status', rules: [{ op: 'eq', value: 'paid' }, { op: 'in-list', value: ['new', 'waiting'] }, { op: 'else' }] },
      given: [{ payload: { status: 'paid' } }, { payload: { status: 'new' } }, { payload: { status: 'odd' } }, { payload: {} }],
      emits: { 'out-1': [{ payload: { status: 'paid' } }], 'out-2': [{ payload: { status: 'new' } }], 'out-3': [{ payload: { status: 'odd' } }, { payload: {} }] },
    },
    {
      name: 'all that match',
      config: { take: 'all', rules: [{ op: 'gt', value: 5 }, { op: 'between', value: 1, value2: 10 }, { op: 'else' }] },
      given: [{ payload: 7 }, { payload: '70' }, { payload: 'x' }],
      emits: { 'out-1': [{ payload: 7 }, { payload: '70' }], 'out-2': [{ payload: 7 }], 'out-3': [{ payload: 'x' }] },
    },
    {
      name: 'by an expression over the whole message',
      config: { property: '$sum(payload.items.price)', rules: [{ op: 'gte', value: { $expr: 'payload.limit' } }, { op: 'holds', value: { $expr: '$count(payload.items) > 1' } }] },
      given: [{ payload: { limit: 10, items: [{ price: 4 }, { price: 7 }] } }, { payload: { limit: 100, items: [{ price: 1 }, { price: 2 }] } }, { payload: { limit: 100, items: [{ price: 1 }] } }],
      emits: { 'out-1': [{ payload: { limit: 10, items: [{ price: 4 }, { price: 7 }] } }], 'out-2': [{ payload: { limit: 100, items: [{ price: 1 }, { price: 2 }] } }] },
    },
    { name: 'refuses a pattern that may run forever', config: { rules: [{ op: 'matches', value: { $expr: '"(a+)+$"' } }] }, given: [{ payload: 'aaaa' }], fails: 'regex.unsafe' },
  ],
  prepare: async (config) => compileSwitch(config),
  inRow: (config, port) => switchInRow(config, config.rules.findIndex((_, index) => portOf(index) === port)),
  run(message, context) {
    const found = context.prepared(message, context);
    return found instanceof Promise ? found.then((indexes) => sent(message, indexes)) : sent(message, found);
  },
});

function sent(message: Body, indexes: readonly number[]): HandlerResult {
  const [first] = indexes;
  if (first === undefined) return drop('no-match');
  if (indexes.length === 1) return toPorts({ [portOf(first)]: message });
  return toPorts(Object.fromEntries(indexes.map((index) => [portOf(index), message])));
}

const NAMES: string[] = [];
/** Made once: this runs for every message. */
const portOf = (index: number): string => (NAMES[index] ??= `out-${index + 1}`);
