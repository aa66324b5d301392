import { describe, expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { CodeReader } from '../../../runtime/sandbox/code-reader.ts';
import { until } from '../../kit/millrace-process.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

const read = async (code: string, more: { readonly setup?: string; readonly language?: 'typescript' } = {}, reader = new CodeReader()) => {
  const found = await reader.read({ code, ...more });
  return 'source' in found ? 'read' : { code: found.code, ru: found.text.ru, ...found.details };
};
const typescript = 'typescript';

test('tells where the code cannot be read, and where the setup code', async () => {
  expect(await read('return msg;')).toBe('read');
  expect(await read('const a = 1;\nif (a {')).toMatchObject({ code: 'function.syntax', line: 2, column: 7, ru: 'Код не читается в строке 2, позиция 7: неожиданное `{`.' });
  expect(await read('return a;', { setup: '\nconst a = ;' })).toMatchObject({ code: 'function.setup', field: 'setup', line: 2, column: 11 });
});

describe('types', () => {
  test('are erased of both codes, and refused with their place', async () => {
    expect(await read('return a as any;', { language: typescript, setup: 'const a: number = 1;' })).toBe('read');
    expect(await read('return a as any;', { setup: 'const a = 1;' })).toMatchObject({ code: 'function.syntax', line: 1, column: 10 });
    expect(await read('return msg;', { language: typescript, setup: '\n enum A { x }' })).toMatchObject({ code: 'function.setup', field: 'setup', line: 2, column: 2 });
  });

  test('of code that their parser cannot bear are refused, and those of the next code are erased', async () => {
    const reader = new CodeReader();
    const found = await Promise.all([read('['.repeat(5000), { language: typescript }, reader), read('let a: string;', { language: typescript }, reader)]);
    expect(found).toMatchObject([{ code: 'function.syntax', ru: expect.stringContaining('вложенность слишком велика') }, 'read']);
  });

  test('of code that would keep their parser busy for a minute are given up', async () => {
    const clock = new VirtualTime();
    const reader = new CodeReader(clock);
    const slow = read('<a>('.repeat(26), { language: typescript }, reader);
    const next = read('let a: string;', { language: typescript }, reader);
    await until(() => clock.waiting === 1);
    await clock.advance(limits.sandboxEraseMs);
    expect(await slow).toMatchObject({ code: 'function.syntax' });
    expect(await next).toBe('read');
  });
});
