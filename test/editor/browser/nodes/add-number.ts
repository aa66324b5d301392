import { defineNode } from '../../../../runtime/sdk/index.ts';

/** Takes numbers only, for tests of wires that do not fit. */
export default defineNode({
  type: 'add-number',
  version: 1,
  title: { en: 'Add one', ru: 'Прибавить один' },
  category: 'data',
  icon: 'plus',
  summary: { en: 'Adds one to a number.', ru: 'Прибавляет единицу к числу.' },
  help: { en: 'Adds one.', ru: 'Прибавляет единицу.' },
  replay: 'pure',
  config: {},
  inputs: { in: { title: { en: 'Number', ru: 'Число' }, body: { type: 'record', fields: { payload: { type: 'number' } } } } },
  outputs: { fixed: { out: { title: { en: 'Sum', ru: 'Сумма' }, body: { type: 'record', fields: { payload: { type: 'number' } } } } } },
  examples: [{ name: 'adds one', config: {}, given: [{ payload: 1 }], emits: { out: [{ payload: 2 }] } }],
  run: (message) => ({ ...message, payload: Number(message.payload) + 1 }),
});
