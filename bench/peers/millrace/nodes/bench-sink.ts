import { defineNode } from '../../../../runtime/sdk/index.ts';
import { arrived } from './_job.ts';

const text = (words: string) => ({ en: words, ru: words });

/** Counts what arrives. */
export default defineNode({
  type: 'bench-sink', version: 1, title: text('Bench sink'), category: 'sink', icon: 'gauge', summary: text('Counts messages for a measurement.'), help: text('Only the benchmark uses it.'),
  config: {}, outputs: { fixed: {} }, examples: [], replay: 'pure',
  run(message) {
    arrived(message);
    return undefined;
  },
});
