import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Modules } from '../../../runtime/modules/modules.ts';
import { isAllowed, parseModuleName } from '../../../runtime/modules/names.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { allowedNames, addFiles, commonJs, esModule, moduleFolder, modulesOf } from '../../kit/module-folder.ts';

/** What packages become when they are bundled. The texts run here without the sandbox, because they are the test's own. */

type Load = (scope: object, refuse: (kind: string, name: string) => never) => readonly unknown[];
async function load(modules: Modules, ...names: string[]): Promise<readonly unknown[]> {
  const { source } = await modules.bundle(names);
  const refuse = (kind: string, name: string): never => { throw new Error(`${kind} ${name}`); };
  return JSON.parse(JSON.stringify((runInNewContext(source) as Load)(globalThis, refuse))) as unknown[];
}

async function refusal(modules: Modules, ...names: string[]): Promise<string> {
  const error: unknown = await modules.bundle(names).catch((caught: unknown) => caught);
  if (!(error instanceof NodeFailure)) throw new Error(`it was taken: ${String(error)}`);
  expect(error).toMatchObject({ code: 'function.modules', details: { field: 'modules' } });
  expect(error.text.ru).toMatch(/[а-я]/);
  return error.text.en;
}

describe('what a module is', () => {
  test.each<[string, { [path: string]: string }, unknown]>([
    ['CommonJS', commonJs('a', 'module.exports = { one: 1 };'), { one: 1 }],
    ['CommonJS that names its exports', commonJs('a', 'exports.one = 1;'), { one: 1 }],
    ['CommonJS compiled from a module: all of it, as in Node', commonJs('a', 'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = 1; exports.two = 2;'), { default: 1, two: 2 }],
    ['a default export', esModule('a', 'export default { one: 1 }; export const two = 2;'), { one: 1 }],
    ['named exports', esModule('a', 'export const one = 1; export const two = 2;'), { one: 1, two: 2 }],
    ['JSON', { 'a/package.json': '{ "name": "a", "main": "data.json" }', 'a/data.json': '{ "one": 1 }' }, { one: 1 }],
    ['a file of another name', { 'a/package.json': '{ "name": "a", "main": "./lib/main" }', 'a/lib/main.js': 'module.exports = 1;' }, 1],
    ['a folder', { 'a/package.json': '{ "name": "a", "main": "lib" }', 'a/lib/index.js': 'module.exports = 1;' }, 1],
    ['no package.json', { 'a/index.js': 'module.exports = 1;' }, 1],
    ['for a browser before that for Node', { 'a/package.json': '{ "name": "a", "exports": { "node": "./node.js", "browser": "./browser.js", "default": "./other.js" } }', 'a/browser.js': 'export default 1;', 'a/node.js': 'import "fs";', 'a/other.js': '' }, 1],
    ['for anything before that for Node', { 'a/package.json': '{ "name": "a", "exports": { "node": "./node.js", "default": "./other.js" } }', 'a/other.js': 'module.exports = 1;', 'a/node.js': 'require("fs");' }, 1],
    ['the field browser', { 'a/package.json': '{ "name": "a", "main": "node.js", "browser": "b.js" }', 'a/b.js': 'module.exports = 1;', 'a/node.js': 'require("fs").x;' }, 1],
    ['files that the field browser replaces or leaves out', { 'a/package.json': '{ "name": "a", "browser": { "./node.js": "./web.js", "fs": false, "./out": false } }', 'a/index.js': 'module.exports = [require("./node"), require("fs"), require("./out")];', 'a/web.js': 'module.exports = 1;', 'a/node.js': '', 'a/out.js': 'module.exports = 9;' }, [1, {}, {}]],
    ['imports of its own', { 'a/package.json': '{ "name": "a", "type": "module", "exports": "./i.js", "imports": { "#own": { "node": "./n.js", "default": "./own.js" } } }', 'a/i.js': 'import one from "#own"; export default one;', 'a/own.js': 'export default 1;' }, 1],
    ['modules that require each other', { ...commonJs('a', 'exports.first = 1; exports.seen = require("b").seen; exports.last = 3;'), ...commonJs('b', 'exports.seen = Object.keys(require("a"));') }, { first: 1, seen: ['first'], last: 3 }],
    ['a package inside a package', { ...commonJs('a', 'module.exports = require("b");'), ...commonJs('b', 'module.exports = 9;'), 'a/node_modules/b/index.js': 'module.exports = 1;' }, 1],
    ['a part that is imported late', esModule('a', 'export const late = () => import("./late.js"); export const one = 1;'), { one: 1 }],
    ['a name that is shared', { ...esModule('@org/a', 'export default 1;') }, 1],
    ['code that asks whether it is in production', commonJs('a', 'module.exports = process.env.NODE_ENV;'), 'production'],
    ['code that sees no names of function nodes', commonJs('a', 'module.exports = [typeof node, typeof flow, typeof env, typeof RED, typeof this];'), ['undefined', 'undefined', 'undefined', 'undefined', 'object']],
  ])('%s', async (_, files, value) => {
    const name = Object.keys(files).some((path) => path.startsWith('@org')) ? '@org/a' : 'a';
    const more = 'a/index.js' in files && JSON.stringify(files).includes('late.js') ? { 'a/late.js': 'export default 2;' } : {};
    expect(await load(modulesOf({ ...files, ...more }), name)).toEqual([value]);
  });

  test('a path below a package is its file', async () => {
    const modules = modulesOf({ ...commonJs('a', ''), 'a/lib/part.js': 'module.exports = "part";' });
    expect(await load(modules, 'a/lib/part', 'a/lib/part.js')).toEqual(['part', 'part']);
  });

  test('modules of one list share what they need', async () => {
    const modules = modulesOf({ ...commonJs('base', 'module.exports = [];'), ...commonJs('a', 'require("base").push("a"); module.exports = require("base");'), ...commonJs('b', 'require("base").push("b"); module.exports = 0;') });
    expect(await load(modules, 'a', 'b')).toEqual([['a', 'b'], 0]);
  });

  test.each([['above the one in which the process runs', tmpdir()], ['below it', join(process.cwd(), 'test/output')]])('files are named by their packages when the folder lies %s', async (_, beside) => {
    mkdirSync(beside, { recursive: true });
    const modules = new Modules({ folder: moduleFolder(commonJs('a', 'module.exports = 1;'), [], beside), allowed: allowedNames('a') });
    const { source, placeOf } = await modules.bundle(['a']);
    const places = source.split('\n').map((_line, at) => placeOf(at + 1)).filter((place) => place !== undefined);
    expect(new Set(places)).toEqual(new Set(['a/index.js:1']));
  });

  // Each ended the bundler with "[plugin modules-folder]", which tells nobody anything.
  test.each<[string, { [path: string]: string }]>([
    ['an empty field browser', { 'a/package.json': '{ "name": "a", "browser": null }', 'a/index.js': 'module.exports = [require("./b.js"), require("c")];', 'a/b.js': 'module.exports = 1;', ...commonJs('c', 'module.exports = 2;') }],
    ['a field browser, and a package called as something that every object has', { 'a/package.json': '{ "name": "a", "browser": { "./x.js": false } }', 'a/index.js': 'module.exports = [1, require("constructor")];', ...commonJs('constructor', 'module.exports = 2;') }],
    ['folders whose main files are one another', { ...commonJs('a', 'module.exports = [require("./b"), 2];'), 'a/b/package.json': '{ "main": "../c" }', 'a/c/package.json': '{ "main": "../b" }', 'a/c/index.js': 'module.exports = 1;' }],
    ['a main file that is no name', { 'a/package.json': '{ "name": "a", "exports": "./b" }', 'a/b/package.json': '{ "main": 5 }', 'a/b/index.js': 'module.exports = [1, 2];' }],
  ])('a package.json with %s', async (_, files) => {
    expect(await load(modulesOf(files), 'a')).toEqual([[1, 2]]);
  });

  test('real packages', async () => {
    const modules = modulesOf(commonJs('string_decoder', 'exports.StringDecoder = class {};'), ['iconv-lite', 'safer-buffer', 'ms', 'jsonata']);
    const { source, waits } = await modules.bundle(['ms', 'iconv-lite']);
    const [ms, iconv] = (runInNewContext(source) as Load)({ ...globalThis, Buffer }, () => { throw new Error('not here'); }) as [(text: string) => number, { decode(bytes: Buffer, name: string): string }];
    expect([ms('2 days'), waits]).toEqual([172_800_000, false]);
    expect(iconv.decode(Buffer.from([0xcf, 0xf0, 0xe8]), 'win1251')).toBe('При');
    expect((await modules.bundle(['jsonata'])).waits).toBe(true);
  });
});

describe('what is refused', () => {
  test.each(['', '.', '..', './a', '/etc/passwd', 'a/../../../etc', 'a/..', 'https://example.com/a.js', 'file:///etc/passwd', 'a b', 'node:fs', 'a\\..\\b', '@org'])('%j is no name of a module', async (name) => {
    expect(parseModuleName(name)).toBeUndefined();
    expect(await refusal(modulesOf(commonJs('a', '')), name)).toMatch(/is not the name of a module/);
  });

  test('a package is allowed with its paths, a path alone', () => {
    const may = (name: string, ...allowed: string[]): boolean => isAllowed(allowedNames(name)[0] as never, allowedNames(...allowed));
    expect([may('dayjs', 'dayjs'), may('dayjs/plugin/utc', 'dayjs'), may('lodash/groupBy', 'lodash/groupBy')]).toEqual([true, true, true]);
    expect([may('lodash', 'lodash/groupBy'), may('dayjs-x', 'dayjs'), may('@a/b', '@a/c'), may('a')]).toEqual([false, false, false, false]);
  });

  test('what is not allowed, although it is there', async () => {
    const modules = new Modules({ folder: moduleFolder({ ...commonJs('a', ''), ...commonJs('b', '') }), allowed: allowedNames('b') });
    expect(await refusal(modules, 'a')).toMatch(/a is not allowed in this installation \(allowed are b\).*MILLRACE_MODULES/);
  });

  test('what is not installed, and how to install it', async () => {
    const folder = moduleFolder(commonJs('a', 'require("c");'));
    const modules = new Modules({ folder, allowed: allowedNames('a', 'b') });
    expect(await refusal(modules, 'b')).toContain(`b is not installed: run npm install b in ${folder}`);
    expect(await refusal(modules, 'a')).toContain(`a/index.js needs c, which is not installed in ${folder}`);
    expect(await refusal(new Modules({ folder: `${folder}/none`, allowed: allowedNames('b') }), 'b')).toMatch(/there is no folder .*\/none: make it/);
  });

  test.each<[string, { [path: string]: string }, RegExp]>([
    ['modules of Node that are imported, all of them', esModule('a', 'import fs from "fs"; import "node:child_process"; export default fs;'), /only Node itself has: fs \(a\/index.js\), child_process \(a\/index.js\)/],
    ['native code', { ...commonJs('a', 'require("./build/a.node");'), 'a/build/a.node': 'ELF' }, /a\/build\/a.node is native code/],
    ['WebAssembly', { ...commonJs('a', 'require("./a.wasm");'), 'a/a.wasm': '' }, /a\/a.wasm is WebAssembly/],
    ['what is not JavaScript', { ...commonJs('a', 'require("./style.css");'), 'a/style.css': '' }, /a\/style.css is neither JavaScript nor JSON/],
    ['waiting while it loads', esModule('a', 'export default await 1;'), /top-level await/],
    ['what cannot be read', commonJs('a', 'module.exports = {;'), /it cannot be read: .*/],
    ['a part that the package does not offer', { 'a/package.json': '{ "name": "a", "exports": "./i.js" }', 'a/i.js': '' }, /package a does not offer a\/other/],
    ['a package.json that is none', { 'a/package.json': 'no', 'a/index.js': '' }, /a\/package.json cannot be read as JSON/],
    ['a path out of the folder', commonJs('a', 'require("../../../../etc/passwd");'), /needs .*passwd, and there is no such file/],
    ['an absolute path', commonJs('a', 'require("/etc/hosts");'), /\/etc\/hosts/],
    ['a main file outside', { 'a/package.json': '{ "name": "a", "main": "../../../../etc/hostname" }' }, /there is no such file/],
    ['exports that lead outside', { 'a/package.json': '{ "name": "a", "exports": "./../../../../etc/hostname" }' }, /there is no such file/],
    ['more source than is allowed', { ...commonJs('a', 'require("./big.js");'), 'a/big.js': `// ${'x'.repeat(50_000_000)}` }, /more than 8 MB or 4000 files/],
    ['a bundle that is too large', commonJs('a', `module.exports = "${'x'.repeat(5_000_000)}";`), /the bundle has 4.8 MB, and may have 4/],
  ])('%s', async (what, files, message) => {
    expect(await refusal(modulesOf(files), what.startsWith('a part') ? 'a/other' : 'a')).toMatch(message);
  });

  test('links that lead out of the folder, of a package, a folder and a file', async () => {
    const outside = moduleFolder({ ...commonJs('secret', 'module.exports = "secret";') });
    const folder = moduleFolder({ ...commonJs('a', 'module.exports = require("./link.js");'), ...commonJs('b', 'module.exports = require("./link/index.js");') });
    symlinkSync(join(outside, 'node_modules/secret'), join(folder, 'node_modules/secret'));
    symlinkSync(join(outside, 'node_modules/secret/index.js'), join(folder, 'node_modules/a/link.js'));
    symlinkSync(join(outside, 'node_modules/secret'), join(folder, 'node_modules/b/link'));
    const modules = new Modules({ folder, allowed: allowedNames('secret', 'a', 'b') });
    expect(await refusal(modules, 'secret')).toMatch(/secret is a link that leads out of/);
    expect(await refusal(modules, 'a')).toMatch(/link.js leads out of/);
    expect(await refusal(modules, 'b')).toMatch(/link\/index.js leads out of/);
  });

  test('links inside the folder are followed, and packages above it are not found', async () => {
    const folder = moduleFolder(commonJs('real', 'module.exports = 1;'));
    symlinkSync(join(folder, 'node_modules/real'), join(folder, 'node_modules/linked'));
    expect(await load(new Modules({ folder, allowed: allowedNames('linked') }), 'linked')).toEqual([1]);
    const inner = join(folder, 'data/modules');
    mkdirSync(inner, { recursive: true });
    expect(await refusal(new Modules({ folder: inner, allowed: allowedNames('real') }), 'real')).toMatch(/real is not installed/);
  });
});

test('bundling runs nothing of a package', async () => {
  const folder = moduleFolder(commonJs('a', ''));
  addFiles(folder, { 'a/index.js': `require('fs').writeFileSync(${JSON.stringify(join(folder, 'ran'))}, ''); while (true);`, 'a/package.json': '{ "name": "a", "scripts": { "install": "touch ran" } }' });
  const [state] = await new Modules({ folder, allowed: allowedNames('a') }).list();
  expect(state).toMatchObject({ name: 'a', builtins: ['fs'] });
  expect(() => mkdirSync(join(folder, 'ran'))).not.toThrow();
});

test('a module of Node that is required fails where it is used, and one of the same name in the folder takes its place', async () => {
  const files = commonJs('a', 'let os = "none"; try { os = require("os"); } catch (error) { os = error.message; } module.exports = os;');
  expect(await load(modulesOf(files), 'a')).toEqual(['builtin os']);
  expect(await load(modulesOf({ ...files, ...commonJs('os', 'module.exports = "of the folder";') }), 'a')).toEqual(['of the folder']);
});

test('a name that is made while the module runs is refused then', async () => {
  const modules = modulesOf(commonJs('a', 'const name = "o" + "s"; try { require(name); } catch (error) { module.exports = error.message; }'));
  expect(await load(modules, 'a')).toEqual(['dynamic os']);
});

test('a bundle is made once, and anew when a file changes', async () => {
  const folder = moduleFolder(commonJs('a', 'module.exports = 1;'));
  const modules = new Modules({ folder, allowed: allowedNames('a') });
  const [one, two] = await Promise.all([modules.bundle(['a']), modules.bundle(['a'])]);
  expect(one.source).toBe(two.source);
  writeFileSync(join(folder, 'node_modules/a/index.js'), 'module.exports = "another";');
  expect(await load(modules, 'a')).toEqual(['another']);
});

test('the list says what each allowed module is', async () => {
  const modules = new Modules({ folder: moduleFolder({ ...commonJs('a', 'require("os");'), ...esModule('b', 'import "fs";') }), allowed: allowedNames('a', 'b', 'c') });
  expect(await modules.list()).toMatchObject([
    { name: 'a', version: '1.0.0', builtins: ['os'] },
    { name: 'b', version: '1.0.0', problem: { en: expect.stringMatching(/only Node itself has: fs/) as string } },
    { name: 'c', problem: { ru: expect.stringMatching(/^c не установлен/) as string } },
  ]);
});
