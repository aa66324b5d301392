import { availableParallelism } from 'node:os';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const shared = {
  pool: 'forks',
  // isolated-vm wants no snapshot, the rest of Millrace wants what the launcher gives it.
  execArgv: ['--no-node-snapshot', '--disable-warning=ExperimentalWarning'],
  testTimeout: 30_000, // a laptop under load; a test that waits for time itself is wrong anyway
  hookTimeout: 60_000,
} as const;

/** These start Millrace, browsers or bombs, measure time, run many seeds, or look through everything: one file after another, with the machine for themselves. */
const ALONE = [
  'test/{crash,dead-code,simulation/*,editor/browser/*}.test.ts',
  'test/runtime/{backup/*,journal/salvage,cli/{deploy-load,handover,pinned,process,salvage,stop,suspects},sandbox/{bombs,fused,sandbox,starvation,walls}}.test.ts',
];
/** These run beside others, but each looks at very many cases and takes seconds: only `npm test` runs them. */
const LONG = [
  'test/runtime/{journal/journal,store/sqlite-store,sandbox/{fetch,fetch-room,guest,link-calls}}.test.ts', 'test/runtime/driver/{delivery,function-closing,function-fetch,held-keys,history,lineage,links-lives,parking,rate-limit,tries}.test.ts',
  'test/nodes/{catalog,connection/sql,crm/dedupe,sink/sql-lost-reply}.test.ts',
];
/** The others, which `npm run check` runs too. They leave nothing behind, so files share processes and what is loaded in them: loading is most of their time. */
const together = { ...shared, isolate: false, maxWorkers: availableParallelism(), sequence: { groupOrder: 0 } };
/** Node loads these itself, as it loads the runtime: transforming every file first would be a third of their time. So they have no `vi.mock`. */
const NATIVE = { viteModuleRunner: false, nodeLoader: false } as const;

export default defineConfig({
  test: {
    projects: [
      { test: { ...together, experimental: NATIVE, name: 'runtime', include: ['test/**/*.test.ts'], exclude: ['test/editor/**', ...ALONE, ...LONG] } },
      { test: { ...together, experimental: NATIVE, name: 'long', include: LONG } },
      {
        plugins: [svelte({ configFile: false })],
        resolve: { conditions: ['browser'] },
        test: { ...together, name: 'editor', include: ['test/editor/**/*.test.ts'], exclude: ALONE },
      },
      { test: { ...shared, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
