import { bundle, type Bundled, type BundleJob } from './bundle.ts';
import { Refusal } from './refusal.ts';
import type { Text } from '../flow/flow.ts';

/** The process that bundles, for one job: a large package holds neither the engine's thread nor its memory. */

export type BundleNews = { readonly kind: 'done'; readonly bundled: Bundled } | { readonly kind: 'refused'; readonly text: Text } | { readonly kind: 'failed'; readonly reason: string };

const tell = (news: BundleNews): void => { process.send?.(news); };

process.once('message', (job: BundleJob) => {
  bundle(job).then(
    (bundled) => { tell({ kind: 'done', bundled }); },
    (error: unknown) => { tell(error instanceof Refusal ? { kind: 'refused', text: error.text } : { kind: 'failed', reason: error instanceof Error ? error.stack ?? error.message : String(error) }); },
  );
});
