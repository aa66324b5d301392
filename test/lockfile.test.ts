import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked { readonly resolved?: string; readonly optionalDependencies?: { readonly [name: string]: string } }
const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as { packages: { readonly [path: string]: Locked } };

test('the lockfile names no registry, so that everybody installs from his own', () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});

// npm 11 refuses the whole lockfile when a package's build for some other system is not in it, which npm 10 lets pass.
test('the lockfile holds the builds of every package for every system', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) => Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)).map((name) => `${path}: ${name}`));
  expect(missing).toEqual([]);
});

/** In a `node_modules` inside the package or of a folder above it, as Node looks for it. */
function isLocked(path: string, name: string): boolean {
  const above = path.split('/node_modules/').map((_, i, parts) => parts.slice(0, i + 1).join('/node_modules/'));
  return ['', ...above].some((dir) => Object.hasOwn(packages, `${dir === '' ? '' : `${dir}/`}node_modules/${name}`));
}
