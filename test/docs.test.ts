import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { generated } from '../bin/generate.ts';
import { loadDefinitions } from '../bin/generate/catalog.ts';
import { persistedNames, readNames } from '../bin/generate/persisted-names.ts';
import { failureCodes, nodeFailureCodes, problemCodes } from '../runtime/errors.ts';
import { canonicalFlow, canonicalJson } from '../runtime/flow/canonical.ts';
import { parseConnections, parseFlow } from '../runtime/flow/parse.ts';
import { validateFlow } from '../runtime/flow/validate.ts';
import { ROOT, sourceFiles } from './kit/source-files.ts';

const { nodes, connections } = await loadDefinitions();

describe('what is generated is fresh', () => {
  test.each(generated)('$path', async ({ path, make }) => {
    const stored = readFileSync(join(ROOT, path), 'utf8');
    expect(stored === (await make(ROOT)), `${path} is stale: run npm run generate`).toBe(true);
  });
});

test('no name that stands in stored flows, journals or answers was removed', async () => {
  const now = new Set(await persistedNames());
  const gone = readNames(join(ROOT, 'test/persisted-names.txt')).filter((name) => !now.has(name));
  expect(gone, 'a flow file or journal may hold these: bring them back, or migrate').toEqual([]);
});

const ofNodes = nodes.flatMap(({ info }) => Object.keys(info.failures ?? {}));
const declared = new Set([...Object.keys(failureCodes), ...Object.keys(problemCodes), ...Object.keys(nodeFailureCodes), ...ofNodes]);
const isCode = (text: string): boolean => /^[a-z][a-z-]*\.[a-z][a-z0-9-]*$/.test(text);

/** Every code that some line raises, with that line: the first argument of a failure or problem, and `code: '…'` of a failure made as data. */
function raised(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of sourceFiles('runtime', 'nodes')) {
    if (file.path === 'runtime/errors.ts' || !/\b(Failure|problem)\(|code: '/.test(file.text)) continue;
    const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      const code = codePart(node, file.path);
      if (code) for (const each of literalsIn(code)) found.set(each, `${file.path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function codePart(node: ts.Node, path: string): ts.Node | undefined {
  if (ts.isNewExpression(node) && /^(Node)?Failure$/.test(node.expression.getText())) return node.arguments?.[0];
  if (ts.isCallExpression(node) && node.expression.getText() === 'problem') return node.arguments[0];
  if (path.startsWith('nodes/')) return undefined; // there it is data of an example
  return ts.isPropertyAssignment(node) && node.name.getText() === 'code' ? node.initializer : undefined;
}

function literalsIn(node: ts.Node): string[] {
  if (ts.isStringLiteral(node)) return isCode(node.text) ? [node.text] : [];
  return ts.isConditionalExpression(node) ? [...literalsIn(node.whenTrue), ...literalsIn(node.whenFalse)] : [];
}

test('every code that is raised is declared with its meaning', () => {
  const unknown = [...raised()].filter(([code]) => !declared.has(code)).map(([code, line]) => `${line}: ${code} is declared neither in runtime/errors.ts nor in a node's failures`);
  expect(unknown.join('\n')).toBe('');
});

/** Codes that are put together from a prefix and a word; the file names the words. */
const COMPOSED: { readonly [prefix: string]: string } = { 'function.': 'runtime/sandbox/failures.ts' };

test('every declared code is raised somewhere', () => {
  const code = sourceFiles('runtime', 'nodes').filter(({ path }) => path !== 'runtime/errors.ts');
  const lines = code.flatMap(({ text }) => text.split('\n')).filter((line) => !/^\s*'[a-z.-]+': \{/.test(line)).join('\n');
  const isComposed = (name: string): boolean => Object.entries(COMPOSED).some(([prefix, path]) =>
    name.startsWith(prefix) && new RegExp(`^\\s*'?${name.slice(prefix.length)}'?: `, 'm').test(code.find((file) => file.path === path)?.text ?? ''));
  const idle = [...declared].filter((name) => !lines.includes(`'${name}'`) && !isComposed(name));
  expect(idle, 'remove them, or raise them').toEqual([]);
});

test('every code is explained in both languages', () => {
  const tables = { ...problemCodes, ...failureCodes, ...nodeFailureCodes };
  for (const [code, { means, fix }] of Object.entries(tables)) {
    expect(isCode(code), code).toBe(true);
    for (const words of [means, fix]) {
      expect(words.en, code).toMatch(/^\S.{10,}\.$/s);
      expect(words.ru, code).toMatch(/[а-яё]/i);
    }
  }
});

/** Blocks of JSON in a page, by the name after the language: ```json flow */
function blocksOf(page: string, name: string): string[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```json (\S+)\n(.*?)^```$/gms)].filter(([, kind]) => kind === name).map(([, , text]) => text ?? '');
}

describe('docs/flow.md shows what is true', () => {
  const catalog = { nodes: Object.fromEntries(nodes.map(({ info }) => [info.type, info])), connections: Object.fromEntries(connections.map(({ info }) => [info.type, info])) };
  const flows = blocksOf('docs/flow.md', 'flow');

  test('its flows are canonical and have no problems', () => {
    expect(flows.length).toBeGreaterThan(0);
    for (const text of flows) {
      const { value, problems } = parseFlow(text);
      expect(problems).toEqual([]);
      expect(canonicalFlow(value!)).toBe(text);
      expect(validateFlow(value!, catalog)).toEqual([]);
    }
  });

  test('its connections are canonical and have no problems', () => {
    const found = blocksOf('docs/flow.md', 'connections');
    expect(found.length).toBeGreaterThan(0);
    for (const text of found) {
      expect(parseConnections(text).problems).toEqual([]);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }
  });

  test('it names every key of the schema', () => {
    const schema = JSON.parse(readFileSync(join(ROOT, 'docs/flow.schema.json'), 'utf8')) as Schema;
    const page = readFileSync(join(ROOT, 'docs/flow.md'), 'utf8');
    const keys = [schema, schema.$defs.node, schema.$defs.wire].flatMap((each) => Object.keys(each.properties));
    expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
  });
});

interface Properties { readonly properties: { readonly [key: string]: unknown } }
interface Schema extends Properties { readonly $defs: { readonly node: Properties; readonly wire: Properties } }

test('every icon that a shipped type names is one that the editor has', () => {
  const known = new Set([...readFileSync(join(ROOT, 'editor/shared/icon-set.ts'), 'utf8').matchAll(/icons\/([\w-]+)'/g)].map(([, name]) => name));
  const unknown = [...nodes, ...connections].flatMap(({ info }) => ('icon' in info && !known.has(info.icon) ? [`${info.type}: ${info.icon}`] : []));
  expect(unknown, 'add it to editor/shared/icon-set.ts: it is shown as a box').toEqual([]);
});
