import { defineSource, NodeFailure } from '../../../../runtime/sdk/index.ts';

const text = (words: string) => ({ en: words, ru: words });
const LANES = 512;

/** Offers `n` numbered messages of `keys` keys in turn as fast as they are accepted, and answers when the last one is. */
export default defineSource({
  type: 'bench-offer', version: 1, title: text('Bench offer'), category: 'source', icon: 'gauge', summary: text('Offers many messages.'), help: text('Only the benchmark uses it.'),
  config: {}, outputs: { fixed: { out: { title: text('Message') } } }, examples: [],
  start({ deliver, route }) {
    route({ methods: ['POST'], path: '/bench/offer', bodyBytesMax: 1024 }, async ({ body }) => {
      const { n, keys } = JSON.parse(Buffer.from(body).toString()) as { n: number; keys: number };
      const startedAt = performance.now();
      let next = 0;
      let refused = 0;
      await Promise.all(Array.from({ length: LANES }, async () => {
        while (next < n) {
          const i = next++;
          const key = i % keys;
          while (!await deliver({ payload: { i, key, note: 'x'.repeat(200) } }, { key: String(key) }).then(() => true, refusal)) refused++;
        }
      }));
      return { status: 200, headers: {}, body: JSON.stringify({ refused, ms: performance.now() - startedAt }) };
    });
  },
});

/** A full queue is what a source has to live with: it comes again. */
async function refusal(error: unknown): Promise<false> {
  if (!(error instanceof NodeFailure) || error.code !== 'queue.full') throw error;
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  return false;
}
