import ts from 'typescript';
import { expect, test } from 'vitest';
import { sourceFiles, type SourceFile } from './kit/source-files.ts';

/** House rules that a machine can check. Exceptions stand below, each with its reason; they may only shrink. */

const LIMITS = { code: 400, test: 500, component: 250, function: 70, parameters: 3 } as const;

/** `rule path` → the largest number found there, how many there are, and why it may be so. */
const EXCEPTIONS: { readonly [ruleAndPath: string]: { readonly most: number; readonly times: number; readonly why: string } } = {
  'lines runtime/errors.ts': { most: 700, times: 1, why: 'one table: every code of the system with its explanation in two languages' },
  'parameters runtime/api/app.ts': { most: 4, times: 1, why: 'Express knows an error handler by its four parameters' },
  'parameters runtime/flow/validate.ts': { most: 4, times: 1, why: 'as validateFlow, with the name that a connection document does not hold' },
  'parameters runtime/http-out/failures.ts': { most: 4, times: 1, why: 'as the constructor of NodeFailure, with the hop' },
  'parameters runtime/sandbox/guest/buffer.ts': { most: 4, times: 1, why: "Node's own signature of Buffer" },
  'parameters runtime/sandbox/guest/send.ts': { most: 4, times: 1, why: 'for each message in the sandbox' },
  'parameters runtime/sandbox/guest/url.ts': { most: 4, times: 2, why: 'steps of one parser over the parts of a URL' },
  'parameters nodes/logic/split.ts': { most: 4, times: 1, why: 'a pure step of one node' },
  'parameters nodes/source/webhook-in/answers.ts': { most: 4, times: 1, why: 'a constructor with optional details' },
  'parameters nodes/source/webhook-in/check.ts': { most: 4, times: 1, why: 'a pure comparison over four scalars' },
  'parameters editor/model/history.ts': { most: 4, times: 1, why: 'a pure step: document, history, edit, circumstances' },
  'parameters editor/model/route.ts': { most: 4, times: 1, why: 'geometry over scalars' },
  'parameters editor/shared/fields/lists.ts': { most: 4, times: 1, why: 'a pure step on one item of a list' },
  'parameters editor/shared/value-rows.ts': { most: 4, times: 1, why: 'a recursive step: value, key, path, depth' },
};

/** Files that ask the world for time and randomness, so that no other has to. */
const WORLD: { readonly [path: string]: string } = {
  'runtime/clock.ts': 'the only door to time',
  'runtime/random.ts': 'the only door to randomness',
  'editor/state/timing.ts': 'the only door to timers in the browser',
  'editor/shared/typing/guest.d.ts': 'declares what the code of a function node finds, its timers too',
  'bin/check.mjs': 'shows how long each step took',
};
const WORLD_FOLDERS = ['test/kit/', 'bench/'];

const GENERATED = new Set(['runtime/flow/flow-schema-check.ts']);

const files = sourceFiles('runtime', 'nodes', 'editor', 'test', 'bin', 'bench').filter((file) => !GENERATED.has(file.path));
const isTest = (path: string): boolean => path.startsWith('test/');
const lineCount = (text: string): number => text.split('\n').length - 1;

interface Finding { readonly rule: string; readonly path: string; readonly value: number; readonly line?: number; readonly text: string }

const parsed = new Map(files.filter(({ path }) => /\.(ts|mjs|js)$/.test(path)).map((file) => [file.path, ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)]));
const lineOf = (node: ts.Node): number => node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1;

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

function findAll(look: (node: ts.Node, path: string) => Finding | undefined): Finding[] {
  const found: Finding[] = [];
  for (const [path, source] of parsed) visit(source, (node) => { const finding = look(node, path); if (finding) found.push(finding); });
  return found;
}

/** What stands beyond its limit, exceptions taken away; and exceptions that nothing needs any more. */
function beyond(rule: string, findings: readonly Finding[]): string[] {
  const countOf = (path: string): number => findings.filter((finding) => finding.path === path).length;
  const allowed = ({ path, value }: Finding): boolean => {
    const exception = EXCEPTIONS[`${rule} ${path}`];
    return exception !== undefined && value <= exception.most && countOf(path) <= exception.times;
  };
  const over = findings.filter((finding) => !allowed(finding)).map((finding) => `${finding.path}${finding.line ? `:${finding.line}` : ''}: ${finding.text}`);
  const found = new Set(findings.map((finding) => `${rule} ${finding.path}`));
  const idle = Object.keys(EXCEPTIONS).filter((key) => key.startsWith(`${rule} `) && !found.has(key) && parsed.has(key.slice(rule.length + 1)));
  return [...over, ...idle.map((key) => `the exception "${key}" is not needed any more: remove it`)];
}

test('files are short', () => {
  const long = files.flatMap(({ path, text }) => {
    const most = path.endsWith('.svelte') ? LIMITS.component : isTest(path) ? LIMITS.test : LIMITS.code;
    const value = lineCount(text);
    return value > most ? [{ rule: 'lines', path, value, text: `${value} lines, at most ${most}; split it by concept` }] : [];
  });
  expect(beyond('lines', long).join('\n')).toBe('');
});

/** A `describe` or a suite holds tests, each a function of its own. */
const holdsTests = (node: ts.Node, path: string): boolean => isTest(path) && /\b(test|it)(\.\w+)*\(/.test(node.getText());

test('functions are short', () => {
  const long = findAll((node, path) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body || holdsTests(node, path)) return undefined;
    const value = lineCount(node.getText()) + 1;
    return value > LIMITS.function ? { rule: 'function', path, value, line: lineOf(node), text: `a function of ${value} lines, at most ${LIMITS.function}` } : undefined;
  });
  expect(beyond('function', long).join('\n')).toBe('');
});

test('functions take few parameters', () => {
  const many = findAll((node, path) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body || isTest(path)) return undefined;
    const value = node.parameters.length;
    return value > LIMITS.parameters ? { rule: 'parameters', path, value, line: lineOf(node), text: `${value} parameters, at most ${LIMITS.parameters}; pass an object` } : undefined;
  });
  expect(beyond('parameters', many).join('\n')).toBe('');
});

const GLOBALS = new Set(['setTimeout', 'setInterval', 'randomUUID', 'sleep']);
const MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'globalThis.setTimeout', 'window.setTimeout']);

function asksTheWorld(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && MEMBERS.has(node.getText())) return node.getText();
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) return 'new Date()';
  if (!ts.isIdentifier(node) || !GLOBALS.has(node.text)) return undefined;
  const { parent } = node;
  const isName = (ts.isPropertyAccessExpression(parent) && parent.name === node) || (ts.isPropertyAssignment(parent) && parent.name === node) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent);
  return isName ? undefined : node.text;
}

const mayAskTheWorld = (path: string): boolean => path in WORLD || WORLD_FOLDERS.some((folder) => path.startsWith(folder));

test('time, timers and randomness come in as arguments', () => {
  const asked = findAll((node, path) => {
    const what = mayAskTheWorld(path) ? undefined : asksTheWorld(node);
    return what === undefined ? undefined : { rule: 'world', path, value: 1, line: lineOf(node), text: `${what}; take a Clock or Random as an argument` };
  });
  const inComponents = files.filter(({ path }) => path.endsWith('.svelte')).flatMap(({ path, text }) =>
    linesWith(text, /\b(setTimeout|setInterval|Date\.now|Math\.random|randomUUID|performance\.now)\b|new Date\(\)/).map((line) => ({ rule: 'world', path, value: 1, line, text: 'time or randomness in a component; use editor/state/timing.ts' })));
  expect(beyond('world', [...asked, ...inComponents]).join('\n')).toBe('');
});

test('the engine decides at once: nothing in it waits', () => {
  const waits = findAll((node, path) => {
    const isWait = ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword || (ts.isIdentifier(node) && node.text === 'Promise');
    return path.startsWith('runtime/engine/') && isWait ? { rule: 'engine', path, value: 1, line: lineOf(node), text: 'waits; let runtime/driver do it' } : undefined;
  });
  expect(beyond('engine', waits).join('\n')).toBe('');
});

function linesWith(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, i) => (pattern.test(line) ? [i + 1] : []));
}

const NOTES = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
const MACHINE_PATHS = new RegExp(`['"\`(\\s]/(${['ho' + 'me', 'wo' + 'rk', 'Us' + 'ers', 'ro' + 'ot'].join('|')})/`);
const DEAD_CODE = /^\s*\/\/ .*[;{]$/;

test.each([
  ['no notes to oneself', NOTES, 'do it, or leave it out'],
  ['no paths of one machine', MACHINE_PATHS, 'take the path from an option'],
  ['no commented-out code', DEAD_CODE, 'delete it; the history keeps it'],
])('%s', (_name, pattern, instead) => {
  const found = files.flatMap(({ path, text }: SourceFile) => linesWith(text, pattern).map((line) => `${path}:${line}: ${instead}`));
  expect(found.join('\n')).toBe('');
});
