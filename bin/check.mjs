// npm run check: types, lint and the fast tests, two steps at a time, each with its time. `--without-tests` for who runs all tests anyway.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const inPackage = (path) => join(ROOT, 'node_modules', path);
// The groups of vitest.config.ts whose files do not need the machine for themselves; `npm test` has them all.
const FAST_TESTS = ['--project', 'runtime', '--project', 'editor'];

// Two processes for lint, each with the types of its own tsconfig.json; one alone takes longer than all else. Its heap begins large: collecting garbage of types that stay would be a tenth of its time.
const LINT = { script: inPackage('eslint/bin/eslint.js'), flags: ['--initial-old-space-size=2000'] };
const EDITOR = ['editor', 'test/editor'];
/** Only what has changed is linted again; a fresh clone, as CI takes one, has no cache and looks at all. */
const lintCache = (name) => ['--cache', '--cache-strategy', 'content', '--cache-location', inPackage(`.cache/eslint-${name}`)];

/**
 * Longest first, so that the two lanes end together. Types are checked by the native compiler (`@typescript/native`), which takes a quarter of the time;
 * lint and svelte-check also need the other one (`typescript`), as a library.
 */
function steps() {
  return [
    { name: 'lint', ...LINT, args: ['.', ...EDITOR.flatMap((dir) => ['--ignore-pattern', dir]), ...lintCache('runtime')] },
    ...(process.argv.includes('--without-tests') ? [] : [{ name: 'fast tests', script: inPackage('vitest/vitest.mjs'), args: ['run', '--reporter=dot', ...FAST_TESTS] }]),
    { name: 'lint of the editor', ...LINT, args: [...EDITOR, ...lintCache('editor')] },
    { name: 'types of the editor', script: inPackage('svelte-check/bin/svelte-check'), args: ['--tsconfig', 'editor/tsconfig.json', '--output', 'human', '--threshold', 'warning', '--fail-on-warnings', '--tsgo-experimental-api'] },
    { name: 'types', script: inPackage('@typescript/native/bin/tsc'), args: ['--noEmit', '-p', '.', '--singleThreaded', '--incremental', '--tsBuildInfoFile', inPackage('.cache/types.tsbuildinfo')] }, // only what has changed
  ];
}

function run({ name, script, flags = [], args }) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, ...flags, script, ...args], { cwd: ROOT, env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' } });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} ${seconds} s\n`);
      if (code !== 0) process.stdout.write(`${Buffer.concat(output).toString().trimEnd()}\n\n`);
      resolve(code === 0);
    });
  });
}

const waiting = steps();
const results = [];
async function lane() {
  for (let step = waiting.shift(); step; step = waiting.shift()) results.push(await run(step));
}

const started = performance.now();
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
const failed = results.filter((ok) => !ok).length;
process.stdout.write(`${failed === 0 ? 'All checks passed' : `${failed} of ${results.length} checks failed`} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
process.exitCode = failed === 0 ? 0 : 1;
