import { expect, test } from 'vitest';
import { mapped } from '../../../runtime/modules/package-map.ts';

/** As https://nodejs.org/api/packages.html says it, with conditions of our own. */

const at = (map: unknown, name = '.', ...conditions: string[]): string | undefined => mapped(map, name, new Set(conditions));

test('one path is that of the package alone', () => {
  expect([at('./a.js'), at('./a.js', './b'), at({ '.': './a.js' }), at(['./a.js', './b.js'])]).toEqual(['./a.js', undefined, './a.js', './a.js']);
});

test('the first condition that fits decides, also inside another', () => {
  const map = { node: './node.js', browser: { import: './browser.mjs', require: './browser.cjs' }, import: './a.mjs', default: './a.js' };
  expect([at(map, '.', 'browser', 'import'), at(map, '.', 'browser', 'require'), at(map, '.', 'import'), at(map), at(map, '.', 'browser')]).toEqual(['./browser.mjs', './browser.cjs', './a.mjs', './a.js', './a.js']);
  expect(at({ node: './node.js' }, '.', 'browser')).toBeUndefined();
});

test('paths are named one by one or by patterns, of which the longer counts', () => {
  const map = { '.': './a.js', './own': './own.js', './*': './dist/*.js', './lib/*': './lib/*/index.js', './lib/*.css': null, './lib/private/*': null };
  expect(['./own', './x', './x/y', './lib/x', './lib/x.css', './lib/private/x', './'].map((name) => at(map, name))).toEqual(['./own.js', './dist/x.js', './dist/x/y.js', './lib/x/index.js', undefined, undefined, undefined]);
  expect([at({ './*': './*.js' }, '.'), at({ './*': './*.js' }, './*'), at({}, './constructor'), at(undefined), at(7)]).toEqual([undefined, './*.js', undefined, undefined, undefined]);
});

test('imports of a package are named alike, and may be other packages', () => {
  expect([at({ '#own': { browser: './b.js', default: 'other' } }, '#own'), at({ '#a/*': './a/*.js' }, '#a/b'), at({ '#own': './x.js' }, '#none')]).toEqual(['other', './a/b.js', undefined]);
});
