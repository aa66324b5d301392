import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConnectionsDocument, Problem } from '../flow/flow.ts';
import type { CatalogInfo } from '../flow/node-info.ts';
import { parseConnections, parseFlow } from '../flow/parse.ts';
import { validateFlow } from '../flow/validate.ts';
import { loadDefinitions, Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

/** Prints every problem of the given flow files, each with its place and what to do; 1 when one is an error. */
export async function check(options: Options, language: Language): Promise<number> {
  const files = options.rest.flatMap(flowFiles);
  if (files.length === 0) throw new Usage(said.filesNeeded('check'));
  const { nodes, connections } = await loadDefinitions(options.nodes);
  const catalog: CatalogInfo = { nodes: Object.fromEntries(nodes.map(({ info }) => [info.type, info])), connections: Object.fromEntries(connections.map(({ info }) => [info.type, info])) };
  let errors = 0;
  let found = 0;
  for (const file of files) {
    for (const problem of problemsIn(file, catalog)) {
      found++;
      if (problem.level === 'error') errors++;
      process.stdout.write(`${line(file, problem, language)}\n`);
    }
  }
  if (found === 0) process.stdout.write(`${said.noProblems(files.length)[language]}\n`);
  return errors > 0 ? 1 : 0;
}

/** A file as it is; a folder of one flow; a folder of flows. */
export function flowFiles(path: string): string[] {
  if (!existsSync(path)) throw new Usage(said.noSuchFile(path));
  if (!statSync(path).isDirectory()) return [path];
  const own = join(path, 'flow.json');
  if (existsSync(own)) return [own];
  return readdirSync(path).sort().map((name) => join(path, name, 'flow.json')).filter((each) => existsSync(each));
}

function problemsIn(file: string, catalog: CatalogInfo): readonly Problem[] {
  const { value, problems } = parseFlow(readFileSync(file, 'utf8'));
  if (!value) return problems;
  const beside = connectionsBeside(file);
  return [...problems, ...validateFlow(value, catalog, beside ? { connections: beside } : {})];
}

function connectionsBeside(file: string): ConnectionsDocument | undefined {
  const path = join(dirname(dirname(file)), 'connections.json');
  return existsSync(path) ? parseConnections(readFileSync(path, 'utf8')).value : undefined;
}

function line(file: string, { level, code, where, message, fix }: Problem, language: Language): string {
  const spot = where.line === undefined || where.node !== undefined ? '' : `:${where.line}${where.column === undefined ? '' : `:${where.column}`}`;
  const place = [where.node, where.field, where.wire, where.connection].filter(Boolean).join(' ');
  return `${file}${spot}: ${level} ${code}${place === '' ? '' : ` (${place})`}: ${message[language]} ${fix[language]}`;
}
