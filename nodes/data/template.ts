import { compilePath, compileTemplate, defineNode, field, NodeFailure } from '../../runtime/sdk/index.ts';

const ESCAPE = { text: 'none', html: 'html', json: 'json' } as const;

export default defineNode({
  type: 'template',
  version: 1,
  title: { en: 'Template', ru: 'Шаблон' },
  category: 'data',
  icon: 'file-text',
  summary: { en: 'Fills a text, an HTML page or a JSON document with values of the message.', ru: 'Заполняет текст, страницу HTML или документ JSON значениями сообщения.' },
  help: {
    en: '- `{{payload.name}}`: the value there; nothing when it is missing; a record or list as JSON.\n- `{{#payload.items}}…{{/payload.items}}`: once for each item, or when the value is true. Inside, `{{price}}` is looked for in the item first, and `{{.}}` is the item itself.\n- `{{^payload.items}}…{{/payload.items}}`: when it is missing, empty or false.\n- `{{! remark }}`: not shown.\n\n**HTML** makes `<`, `&` and quotes in values harmless, **JSON** makes values safe inside quotes (`"name": "{{payload.name}}"`) and gives the parsed document. `{{{payload.html}}}` puts a value in as it is.\n\nA template that cannot be read is found at deploy, with line and column.',
    ru: '- `{{payload.name}}`: значение; если его нет — ничего; запись или список — как JSON.\n- `{{#payload.items}}…{{/payload.items}}`: для каждого элемента или если значение истинно. Внутри `{{price}}` сначала ищется в элементе, а `{{.}}` — сам элемент.\n- `{{^payload.items}}…{{/payload.items}}`: если значения нет, оно пусто или ложно.\n- `{{! заметка }}`: не выводится.\n\n**HTML** обезвреживает в значениях `<`, `&` и кавычки, **JSON** делает значения безопасными внутри кавычек (`"name": "{{payload.name}}"`) и даёт разобранный документ. `{{{payload.html}}}` вставляет значение как есть.\n\nОшибка в шаблоне находится при применении: указываются строка и позиция.',
  },
  keywords: ['mustache', 'text', 'letter', 'html', 'render', 'текст', 'письмо', 'подстановка'],
  line: '{template}',
  replay: 'pure',
  config: {
    template: field.code({ en: 'Template', ru: 'Шаблон' }, 'template', { default: 'Hello, {{payload}}!' }),
    format: field.choice({ en: 'Makes', ru: 'Результат' }, [
      { value: 'text', title: { en: 'text', ru: 'текст' } },
      { value: 'html', title: { en: 'HTML', ru: 'HTML' } },
      { value: 'json', title: { en: 'JSON', ru: 'JSON' } },
    ], { default: 'text' }),
    path: field.path({ en: 'Write to', ru: 'Записать в' }, { default: 'payload', required: true }),
  },
  outputs: { fixed: { out: { title: { en: 'Filled', ru: 'Заполненный' } } } },
  failures: { 'template.not-json': { en: 'The filled template is not JSON.', ru: 'Заполненный шаблон — не JSON.' } },
  examples: [
    {
      name: 'a short letter', config: { template: 'Dear {{payload.name}},\n{{#payload.items}}\n- {{title}}: {{price}} ₽\n{{/payload.items}}\n{{^payload.items}}\nYour basket is empty.\n{{/payload.items}}\n', path: 'letter' },
      given: [{ payload: { name: 'Anna', items: [{ title: 'Tea', price: 120 }, { title: 'Cup', price: 300 }] } }],
      emits: { out: [{ payload: { name: 'Anna', items: [{ title: 'Tea', price: 120 }, { title: 'Cup', price: 300 }] }, letter: 'Dear Anna,\n- Tea: 120 ₽\n- Cup: 300 ₽\n' }] },
    },
    { name: 'HTML from what a stranger typed', config: { template: '<b>{{payload}}</b>', format: 'html' }, given: [{ payload: '<script>&"' }], emits: { out: [{ payload: '<b>&lt;script&gt;&amp;&quot;</b>' }] } },
    { name: 'JSON with a quote in the value', config: { template: '{"text": "{{payload.text}}", "sum": {{payload.sum}}}', format: 'json' }, given: [{ payload: { text: 'say "hi"\n', sum: 5 } }], emits: { out: [{ payload: { text: 'say "hi"\n', sum: 5 } }] } },
    { name: 'JSON that is none', config: { template: '{"sum": {{payload.sum}}}', format: 'json' }, given: [{ payload: {} }], fails: 'template.not-json' },
  ],
  prepare: async ({ template, format, path }) => ({ filled: compileTemplate(template, { escape: ESCAPE[format] }), path: compilePath(path) }),
  run(message, { config, prepared, node }) {
    const text = prepared.filled.render(message);
    return prepared.path.set(message, config.format === 'json' ? parsed(text, node.id) : text);
  },
});

function parsed(text: string, node: string): unknown {
  try { return JSON.parse(text); } catch (error) {
    throw new NodeFailure('template.not-json', {
      en: `filling the template of node ${node}: the result is not JSON (${error instanceof Error ? error.message : ''}); put texts in quotes and check that no value is missing`,
      ru: `заполнение шаблона узла ${node}: получился не JSON; возьмите тексты в кавычки и проверьте, что все значения есть`,
    }, { cause: error });
  }
}
