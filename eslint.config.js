import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

/** Rules that find bugs. How code looks is the author's; how it is divided is held by test/architecture.test.ts and test/tidy.test.ts. */
const RULES = {
  'no-debugger': 'error',
  'no-eval': 'error',
  'no-new-func': 'error',
  'no-control-regex': 'error',
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-fallthrough': 'error',
  'no-self-compare': 'error',
  'no-unreachable': 'error',
  'no-unsafe-finally': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
};

/** What only the type checker can see. A lost promise in a durable runtime is a lost message. */
const TYPE_AWARE = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }], // a caught value is thrown on as it came
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

const plugins = { '@typescript-eslint': ts.plugin };
// Without extraFileExtensions: they would have every program built for watching, and components in it as text that is no TypeScript.
const typed = (project) => ({ parser: ts.parser, parserOptions: { project, tsconfigRootDir: import.meta.dirname } });

export default [
  { ignores: ['**/node_modules/**', '**/dist/**', 'data/**', 'runtime/flow/flow-schema-check.ts', 'editor/shared/typing/guest.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['runtime/**/*.ts', 'nodes/**/*.ts', 'test/**/*.ts', 'bin/**/*.ts', 'bench/**/*.ts'],
    ignores: ['test/editor/**'],
    plugins,
    languageOptions: typed('./tsconfig.json'),
    rules: { ...RULES, ...TYPE_AWARE },
  },
  ...svelte.configs.recommended,
  {
    files: ['editor/**/*.ts', 'test/editor/**/*.ts'],
    plugins,
    languageOptions: typed('./editor/tsconfig.json'),
    rules: { ...RULES, ...TYPE_AWARE },
  },
  { rules: { 'svelte/prefer-svelte-reactivity': 'off' } }, // state holds plain values behind $state.raw and replaces them whole
  {
    files: ['editor/**/*.svelte', 'test/editor/**/*.svelte'],
    plugins,
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: { ...RULES, 'prefer-const': 'off', 'svelte/prefer-const': 'error' }, // types of components are checked by svelte-check; linting them with types takes longer than all the rest
  },
  { files: ['**/*.mjs', '**/*.js'], plugins, languageOptions: { parser: ts.parser }, rules: { ...RULES, '@typescript-eslint/consistent-type-imports': 'off' } },
  { files: ['bench/**'], rules: { 'no-new-func': 'off' } }, // compares the sandbox with code that runs without one
  { files: ['runtime/sdk/define-node.ts', 'runtime/sdk/field.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
];
