import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConnectionsDocument, Problem } from '../flow/flow.ts';
import { parseConnections, parseFlow } from '../flow/parse.ts';
import { problemText } from '../flow/problem-text.ts';
import { catalogOf, flowCheck, type FlowCheck } from '../runtime.ts';
import { loadDefinitions, Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

/** Prints every problem of the given flow files, each with its place and what to do; 1 when one is an error. */
export async function check(options: Options, language: Language): Promise<number> {
  const files = options.rest.flatMap(flowFiles);
  if (files.length === 0) throw new Usage(said.filesNeeded('check'));
  const look = flowCheck(catalogOf(await loadDefinitions(options.nodes)));
  let errors = 0;
  let found = 0;
  for (const file of files) {
    for (const problem of await problemsIn(file, look, connectionsBeside(file))) {
      found++;
      if (problem.level === 'error') errors++;
      process.stdout.write(`${problemLine(file, problem, language)}\n`);
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

/** Without connections, those that the flow names count as there. */
export async function problemsIn(file: string, look: FlowCheck, connections?: ConnectionsDocument): Promise<readonly Problem[]> {
  const { value, problems } = parseFlow(readFileSync(file, 'utf8'));
  return value ? [...problems, ...await look(value, connections ? { connections } : {})] : problems;
}

function connectionsBeside(file: string): ConnectionsDocument | undefined {
  const path = join(dirname(dirname(file)), 'connections.json');
  return existsSync(path) ? parseConnections(readFileSync(path, 'utf8')).value : undefined;
}

export function problemLine(file: string, { level, code, where, message, fix }: Problem, language: Language): string {
  const spot = where.line === undefined || where.node !== undefined ? '' : `:${where.line}${where.column === undefined ? '' : `:${where.column}`}`;
  const place = [where.node, where.field, where.wire, where.connection].filter(Boolean).join(' ');
  return `${file}${spot}: ${level} ${code}${place === '' ? '' : ` (${place})`}: ${problemText({ message, fix }, (text) => text[language])}`;
}
