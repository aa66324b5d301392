import { dirname } from 'node:path';
import { runCases } from '../cases.ts';
import { catalogOf, flowCheck } from '../runtime.ts';
import { flowFiles, problemLine, problemsIn } from './check.ts';
import { loadDefinitions, modulesFolder, Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

/** Runs the cases beside each flow and prints a line for each; 1 when one failed, or a flow has an error and cannot be tested. */
export async function test(options: Options, language: Language): Promise<number> {
  const files = options.rest.flatMap(flowFiles);
  if (files.length === 0) throw new Usage(said.filesNeeded('test'));
  const definitions = await loadDefinitions(options.nodes);
  const look = flowCheck(catalogOf(definitions));
  let passed = 0;
  let failed = 0;
  const tell = (name: string, problems: readonly string[], ok: boolean): void => {
    if (ok) passed++;
    else failed++;
    process.stdout.write(`${ok ? '✓' : '✗'} ${name}\n${problems.map((problem) => `    ${problem}\n`).join('')}`);
  };
  for (const file of files) {
    const errors = (await problemsIn(file, look)).filter(({ level }) => level === 'error');
    if (errors.length > 0) tell(file, errors.map((problem) => problemLine(file, problem, language)), false);
    else for (const { flow, name, ok, problems } of await runCases(dirname(file), { ...definitions, modules: { folder: modulesFolder(options), allowed: options.modules } })) tell(`${flow}: ${name}`, problems, ok);
  }
  process.stdout.write(`${said.casesDone(passed, failed)[language]}\n`);
  return failed > 0 ? 1 : 0;
}
