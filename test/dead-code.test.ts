import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What knip finds, as it prints it; empty when everything has its use. */
function findUnused(): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['node_modules/knip/bin/knip.js', '--no-progress'], { cwd: ROOT }, (error, stdout, stderr) => resolve(`${stdout}${stderr}`.trim() || (error?.message ?? '')));
  });
}

test('no file, export or dependency is without use', { timeout: 120_000 }, async () => {
  expect(await findUnused(), 'remove it, or say its use in knip.json').toBe('');
});
