import { expect, test } from 'vitest';
import { readOptions, Usage } from '../../../runtime/cli/options.ts';
import { help, languageOf } from '../../../runtime/cli/texts.ts';

const refused = (args: readonly string[], environment = {}): string => {
  try {
    readOptions(args, environment);
  } catch (error) {
    if (error instanceof Usage) return error.text.en;
  }
  throw new Error('it was taken');
};

test('a flag goes before its variable, and that before the default', () => {
  expect(readOptions(['serve'], {})).toMatchObject({ command: 'serve', port: 4880, host: '127.0.0.1', log: 'warn', flows: undefined });
  const environment = { MILLRACE_PORT: '5000', MILLRACE_HOST: 'localhost', MILLRACE_DATA: '/tmp/data', MILLRACE_FLOWS: '/tmp/flows', MILLRACE_NODES: '/tmp/nodes', MILLRACE_LOG: 'error' };
  expect(readOptions(['run'], environment)).toMatchObject({ port: 5000, host: 'localhost', data: '/tmp/data', flows: '/tmp/flows', nodes: '/tmp/nodes', log: 'error' });
  expect(readOptions(['run', '--port', '6000', '--log=info'], environment)).toMatchObject({ port: 6000, log: 'info' });
  expect(readOptions(['serve'], { MILLRACE_PORT: '' }).port).toBe(4880);
});

test('modules are names between commas, and what is none is refused', () => {
  expect(readOptions(['serve'], {}).modules).toEqual([]);
  expect(readOptions(['serve'], { MILLRACE_MODULES: 'dayjs, lodash/groupBy,@org/a' }).modules.map(({ name, package: owner }) => [name, owner])).toEqual([['dayjs', 'dayjs'], ['lodash/groupBy', 'lodash'], ['@org/a', '@org/a']]);
  for (const name of ['../x', '/etc', 'a/../b', 'a b']) expect(refused(['serve', '--modules', `dayjs,${name}`])).toContain(`"${name}" in --modules is not the name`);
});

test('what follows the command is its own', () => {
  expect(readOptions(['check', 'a', '--log', 'info', 'b'], {})).toMatchObject({ command: 'check', rest: ['a', 'b'] });
});

test.each(['0.0.0.0', '::', '192.168.1.5', 'example.com', ''])('the address %j is refused with the reason', (host) => {
  expect(refused(['serve', '--host', host])).toMatch(/no sign-in yet/);
});

test.each(['x', '-1', '65536', '80a', '1.5'])('%j is no port', (port) => {
  expect(refused(['serve', `--port=${port}`])).toMatch(/is not a port/);
});

test('an unknown option and an unknown log level are named', () => {
  expect(refused(['serve', '--prot', '80'])).toMatch(/no option --prot\. See millrace --help/);
  expect(refused(['serve', '--log', 'loud'])).toMatch(/"loud".*debug, info, warn, error/);
});

test('the language follows the locale', () => {
  expect([languageOf({ LANG: 'ru_RU.UTF-8' }), languageOf({ LANG: 'ru_RU.UTF-8', LC_ALL: 'C' }), languageOf({})]).toEqual(['ru', 'en', 'en']);
});

test('help names the same commands and options in both languages', () => {
  const words = (text: string): string[] => [...text.matchAll(/millrace [a-z]+|--[a-z]+/g)].map(([word]) => word);
  expect(words(help.ru)).toEqual(words(help.en));
});
