import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorPages } from './generate/error-pages.ts';
import { nodesIndex } from './generate/nodes-index.ts';
import { persistedNamesFile } from './generate/persisted-names.ts';
import { schemaCheck } from './generate/schema-check.ts';

/** A file that is made from others. `docs.test.ts` makes each again and fails when the stored text differs. */
export interface Generated { readonly path: string; make(root: string): string | Promise<string> }

/** In the order of making: later ones load what earlier ones wrote. */
export const generated: readonly Generated[] = [
  { path: 'nodes/index.ts', make: (root) => nodesIndex(join(root, 'nodes')) },
  { path: 'runtime/flow/flow-schema-check.ts', make: (root) => schemaCheck(join(root, 'docs/flow.schema.json')) },
  { path: 'runtime/ERRORS.md', make: () => errorPages() },
  { path: 'test/persisted-names.txt', make: (root) => persistedNamesFile(join(root, 'test/persisted-names.txt')) },
];

async function writeAll(root: string): Promise<void> {
  for (const { path, make } of generated) {
    const file = join(root, path);
    const text = await make(root);
    const same = existsSync(file) && readFileSync(file, 'utf8') === text;
    mkdirSync(dirname(file), { recursive: true });
    if (!same) writeFileSync(file, text);
    console.log(`${same ? 'unchanged' : 'written  '} ${path}`);
  }
}

if (import.meta.main) await writeAll(join(import.meta.dirname, '..'));
