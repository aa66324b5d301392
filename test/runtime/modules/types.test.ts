import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ModuleTypes } from '../../../runtime/flow/module-types.ts';
import { limits } from '../../../runtime/limits.ts';
import { TypesReader } from '../../../runtime/modules/types.ts';
import { allowedNames, moduleFolder } from '../../kit/module-folder.ts';

/** Declarations that an allowed module brings along. */

const json = (value: object): string => JSON.stringify(value);
function typesOf(module: string, files: { readonly [path: string]: string }, allowed: readonly string[] = [module], change: (folder: string) => void = () => undefined): ModuleTypes {
  const folder = moduleFolder(files);
  change(folder);
  return new TypesReader(folder, allowedNames(...allowed)).read(module);
}
const D = 'export const d: number;';

describe('the entry', () => {
  test.each<[string, string, { readonly [path: string]: string }, string]>([
    ['is what types says', 'a', { 'a/package.json': json({ types: './lib/a.d.ts', main: 'x.js' }), 'a/lib/a.d.ts': D }, 'a/lib/a.d.ts'],
    ['is what typings says, without an ending', 'a', { 'a/package.json': json({ typings: 'lib/a' }), 'a/lib/a.d.ts': D }, 'a/lib/a.d.ts'],
    ['stands beside the main file', 'a', { 'a/package.json': json({ main: 'dist/a.js' }), 'a/dist/a.d.ts': D }, 'a/dist/a.d.ts'],
    ['is the folder’s index', 'a', { 'a/package.json': '{}', 'a/index.d.ts': D }, 'a/index.d.ts'],
    ['is there without a package.json', 'a', { 'a/index.d.ts': D }, 'a/index.d.ts'],
    ['is of the condition types', 'a', { 'a/package.json': json({ types: 'old.d.ts', exports: { '.': { import: { types: './new.d.mts', default: './new.mjs' } } } }), 'a/old.d.ts': D, 'a/new.d.mts': D }, 'a/new.d.mts'],
    ['stands beside what exports names', 'a', { 'a/package.json': json({ exports: './new.mjs' }), 'a/new.d.mts': D }, 'a/new.d.mts'],
    ['of a path is of that path', 'a/plugin/utc', { 'a/package.json': json({ types: 'index.d.ts' }), 'a/plugin/utc.d.ts': D, 'a/index.d.ts': D }, 'a/plugin/utc.d.ts'],
    ['of a path is of the pattern in exports', 'a/utc', { 'a/package.json': json({ exports: { './*': { types: './types/*.d.ts' } } }), 'a/types/utc.d.ts': D }, 'a/types/utc.d.ts'],
    ['comes from @types', 'a', { 'a/package.json': json({ main: 'a.js' }), '@types/a/package.json': json({ types: 'index.d.ts' }), '@types/a/index.d.ts': D }, '@types/a/index.d.ts'],
    ['of a scoped package comes from @types too', '@s/a', { '@s/a/package.json': '{}', '@types/s__a/index.d.ts': D }, '@types/s__a/index.d.ts'],
  ])('%s', (_, module, files, entry) => {
    const types = typesOf(module, files);
    expect([types.entry, types.files[entry], types.names[module]]).toEqual([entry, D, entry]);
  });
  test('is absent where nothing is declared', () => {
    expect(typesOf('a', { 'a/package.json': json({ main: 'a.js' }), 'a/a.js': '' })).toEqual({ files: {}, names: {} });
  });
});

test('with it come the files that it names, and other modules that are allowed; no others', () => {
  const types = typesOf('a/deep', {
    'a/package.json': '{}', 'a/deep.d.ts': `/// <reference path="./more/old.d.ts" />\nimport { b } from 'b';\nimport './own.ts';\nimport a = require("a");\nimport './side.js';\nexport * from './more';\nexport type C = import("c").C;\ndeclare module 'a' {}`,
    'a/index.d.ts': D, 'a/side.d.ts': D, 'a/own.d.ts': D, 'a/more/index.d.ts': `export { x } from '../deep';`, 'a/more/old.d.ts': D, 'a/unused.d.ts': D, 'b/index.d.ts': D, 'c/index.d.ts': D,
  }, ['a', 'b']);
  expect(Object.keys(types.files).sort()).toEqual(['a/deep.d.ts', 'a/index.d.ts', 'a/more/index.d.ts', 'a/more/old.d.ts', 'a/own.d.ts', 'a/side.d.ts', 'b/index.d.ts']);
  expect(types.names).toEqual({ 'a/deep': 'a/deep.d.ts', a: 'a/index.d.ts', b: 'b/index.d.ts' });
});

describe('nothing is read', () => {
  const secret = 'export const secret: 1;';
  const around = { 'other/secret.d.ts': secret, 'other/index.d.ts': secret };
  const outside = (folder: string): void => { writeFileSync(join(folder, 'secret.d.ts'), secret); };
  test.each<[string, object]>([
    ['upwards', { types: '../../secret.d.ts' }], ['far upwards', { types: '../../../../../../../etc/passwd' }], ['absolute', { types: '/etc/passwd' }], ['in another package', { types: '../other/secret.d.ts' }], ['upwards in exports', { exports: { types: '../other/secret.d.ts' } }], ['upwards beside main', { main: '../other/secret.js' }],
    ['a file that declares nothing', { types: 'package.json' }], ['a number', { types: 5 }], ['a list', { types: ['../other/secret.d.ts'] }], ['a folder', { types: '.' }], ['a zero', { types: 'a\0.d.ts' }], ['odd exports', { exports: 7 }],
  ])('where the package says: %s', (_, fields) => {
    expect(typesOf('a', { 'a/package.json': json(fields), ...around }, ['a'], outside)).toEqual({ files: {}, names: {} });
  });
  test('where an import or a reference leads out of the package', () => {
    const types = typesOf('a', { 'a/index.d.ts': `import '../other/secret'; import "/etc/passwd"; import '../../secret';\n/// <reference path="../other/secret.d.ts" />\n/// <reference path="/etc/passwd" />`, ...around }, ['a'], outside);
    expect(Object.keys(types.files)).toEqual(['a/index.d.ts']);
  });
  test('where a link leads out of the package, or the package itself is one that leads out of the folder', () => {
    const link = (folder: string): void => {
      outside(folder);
      symlinkSync(join(folder, 'secret.d.ts'), join(folder, 'node_modules', 'a', 'index.d.ts'));
    };
    expect(typesOf('a', { 'a/package.json': json({ types: 'index.d.ts' }) }, ['a'], link)).toEqual({ files: {}, names: {} });
    const elsewhere = moduleFolder({ 'x/index.d.ts': secret });
    expect(typesOf('a', around, ['a'], (folder) => { symlinkSync(join(elsewhere, 'node_modules', 'x'), join(folder, 'node_modules', 'a')); })).toEqual({ files: {}, names: {} });
  });
  test.each(['other', '../other', '..', '', '/etc/passwd', 'a/../other', '__proto__', 'node:fs'])('of %j, which is not allowed', (module) => {
    expect(typesOf(module, { 'a/index.d.ts': D, ...around }, ['a'])).toEqual({ files: {}, names: {} });
  });
  test('of a package.json that is none, is a link, or of a folder that is not there', () => {
    expect(typesOf('a', { 'a/package.json': '[1' })).toEqual({ files: {}, names: {} });
    const linked = (folder: string): void => { symlinkSync(join(folder, 'node_modules', 'other', 'package.json'), join(folder, 'node_modules', 'a', 'package.json')); };
    expect(typesOf('a', { 'a/own.d.ts': D, 'other/package.json': json({ types: 'own.d.ts' }) }, ['a'], linked)).toEqual({ files: {}, names: {} });
    expect(new TypesReader('/nowhere/at/all', allowedNames('a')).read('a')).toEqual({ files: {}, names: {} });
  });
  test('beyond the limits of size and number', () => {
    const large = 'x'.repeat(limits.moduleTypesChars / 2);
    const types = typesOf('a', { 'a/index.d.ts': "export * from './b'; export * from './c'; export * from './d';", 'a/b.d.ts': large, 'a/c.d.ts': large, 'a/d.d.ts': D });
    expect(Object.keys(types.files)).toEqual(['a/index.d.ts', 'a/b.d.ts', 'a/d.d.ts']);
    const many = Object.fromEntries(Array.from({ length: limits.moduleTypesFiles + 5 }, (_, n) => [`a/f${n}.d.ts`, `export * from './f${n + 1}';`]));
    expect(Object.keys(typesOf('a', { 'a/package.json': json({ types: 'f0.d.ts' }), ...many }).files)).toHaveLength(limits.moduleTypesFiles);
  });
});

test('the folder of modules may itself be a link', () => {
  const folder = moduleFolder({ 'a/index.d.ts': D });
  const link = `${realpathSync(folder)}-link`;
  onTestFinished(() => { rmSync(link); });
  mkdirSync(folder, { recursive: true });
  symlinkSync(folder, link);
  expect(new TypesReader(link, allowedNames('a')).read('a').entry).toBe('a/index.d.ts');
});
