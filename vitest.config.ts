import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const shared = {
  pool: 'forks',
  // isolated-vm wants no snapshot, the rest of Millrace wants what the launcher gives it.
  execArgv: ['--no-node-snapshot', '--disable-warning=ExperimentalWarning'],
  testTimeout: 30_000, // a laptop under load; a test that waits for time itself is wrong anyway
  hookTimeout: 60_000,
} as const;

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'runtime', include: ['test/**/*.test.ts'], exclude: ['test/editor/**'] } },
      {
        plugins: [svelte({ configFile: false })],
        resolve: { conditions: ['browser'] },
        test: { ...shared, name: 'editor', include: ['test/editor/**/*.test.ts'] },
      },
    ],
  },
});
