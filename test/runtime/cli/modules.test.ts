import { cpSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { millrace, TempDir } from '../../kit/millrace-process.ts';
import { commonJs, esModule, moduleFolder } from '../../kit/module-folder.ts';

let dir: TempDir;
beforeEach(() => { dir = new TempDir(); });
afterEach(() => { dir.remove(); });

test('the allowed modules are listed with version and size, or why they cannot be used', async () => {
  cpSync(moduleFolder({ ...commonJs('a', 'require("os");'), ...esModule('b', 'import "fs";') }), dir.join('modules'), { recursive: true });
  const { code, out } = await millrace(['modules', '--data', dir.path, '--modules', 'a,b'], { env: { MILLRACE_MODULES: 'none' } });
  expect(out.split('\n')).toEqual([
    '✓ a@1.0.0: 1 KB; parts that need os of Node fail when they are used',
    expect.stringMatching(/^✗ b@1\.0\.0: it needs what only Node itself has: fs \(b\/index\.js\)/), '',
  ]);
  expect(code).toBe(1);
});

test('where none is allowed, it is said how to allow one', async () => {
  const { code, out } = await millrace(['modules', '--data', dir.path], { env: { LANG: 'ru_RU.UTF-8' } });
  expect([code, out]).toEqual([0, `Ни один модуль не разрешён. Установите модули в ${dir.join('modules')} через npm и перечислите их в --modules или MILLRACE_MODULES.\n`]);
});
