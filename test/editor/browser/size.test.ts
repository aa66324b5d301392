import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../kit/millrace-process.ts';

/** What the built editor weighs over the wire. */

const KB = 1024;
const PAGE_KB_MAX = 900; // a page that is waited for on a slow line is not opened again
const TYPES_KB_MAX = 1100; // TypeScript, its declarations and its messages in Russian, loaded with the first code that is opened

const assets = join(ROOT, 'editor', 'dist', 'assets');
const kilobytes = (names: readonly string[]): number => names.reduce((sum, name) => sum + statSync(join(assets, name)).size, 0) / KB;

test('the page with its code editor stays within 900 KB, and what knows the types of code is apart from it', () => {
  const all = readdirSync(assets).filter((name) => /\.(js|css)\.br$/.test(name));
  const types = all.filter((name) => /^(worker|diagnosticMessages)/.test(name));
  expect(types.length).toBe(2);
  expect(kilobytes(types)).toBeLessThan(TYPES_KB_MAX);
  expect(kilobytes(all.filter((name) => !types.includes(name)))).toBeLessThan(PAGE_KB_MAX);
});
