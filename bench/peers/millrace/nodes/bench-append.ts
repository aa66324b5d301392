import { appendFileSync } from 'node:fs';
import { defineNode, field } from '../../../../runtime/sdk/index.ts';

const text = (words: string) => ({ en: words, ru: words });

/** Appends the payload's id to a file, as the crash workload wants. */
export default defineNode({
  type: 'bench-append', version: 1, title: text('Bench append'), category: 'sink', icon: 'gauge', summary: text('Appends an id to a file.'), help: text('Only the benchmark uses it.'),
  config: { file: field.text(text('File'), { required: true }) }, outputs: { fixed: {} }, examples: [], replay: 'idempotent',
  run(message, { config }) {
    appendFileSync(config.file, `${String((message.payload as { id: unknown }).id)}\n`);
    return undefined;
  },
});
