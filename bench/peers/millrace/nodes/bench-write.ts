import { compilePath, defineNode, type Body } from '../../../../runtime/sdk/index.ts';
import { arrived, current } from './_job.ts';

const text = (words: string) => ({ en: words, ru: words });
const SEEN = compilePath('payload.items[0].seen');

/** Writes one nested field of its own message, copying the path and nothing else, and counts it. */
export default defineNode({
  type: 'bench-write', version: 1, title: text('Bench write'), category: 'sink', icon: 'gauge', summary: text('Writes into its message and counts it.'), help: text('Only the benchmark uses it.'),
  config: {}, outputs: { fixed: {} }, examples: [], replay: 'pure',
  run(message) {
    const own: Body = current.job?.write ? SEEN.set(message, true) : message;
    arrived(own);
    return undefined;
  },
});
