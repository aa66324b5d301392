import { expect, test } from 'vitest';
import type { Problem } from '../../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../../runtime/flow/node-info.ts';
import { placed } from '../../../editor/inspector/placed.ts';

const title = { en: 'x', ru: 'x' };
const info = { config: { outputs: { kind: 'integer', title }, code: { kind: 'code', title } } } as unknown as NodeInfo;
const problem = (where: Problem['where']): Problem => ({ code: 'c', level: 'error', where, message: title, fix: title });

test('a problem that names only a line is about the code', () => {
  expect(placed([problem({ node: 'n', line: 3 })], info)[0]?.where).toEqual({ node: 'n', line: 3, field: 'code' });
});

test('a problem with a field, or with no line, stays where it is', () => {
  const problems = [problem({ node: 'n', field: 'outputs', line: 1 }), problem({ node: 'n' })];
  expect(placed(problems, info)).toEqual(problems);
  expect(placed([problem({ node: 'n', line: 1 })], undefined)[0]?.where.field).toBeUndefined();
});
