import { defineNode } from '../../../../runtime/sdk/index.ts';

const text = (words: string) => ({ en: words, ru: words });

/** A call outside that costs nothing: its attempt is journalled before, its result after. */
export default defineNode({
  type: 'bench-call', version: 1, title: text('Bench call'), category: 'sink', icon: 'gauge', summary: text('Passes a message on as a call outside would.'), help: text('Only the benchmark uses it.'),
  config: {}, outputs: { fixed: { out: { title: text('Message') } } }, examples: [], replay: 'idempotent', concurrency: 64,
  run: (message) => message,
});
