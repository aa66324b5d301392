import { dirname } from 'node:path';
import { runCases } from '../cases.ts';
import { flowFiles } from './check.ts';
import { loadDefinitions, Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

/** Runs the cases beside each flow and prints a line for each; 1 when one failed. */
export async function test(options: Options, language: Language): Promise<number> {
  const folders = options.rest.flatMap(flowFiles).map((file) => dirname(file));
  if (folders.length === 0) throw new Usage(said.filesNeeded('test'));
  const definitions = await loadDefinitions(options.nodes);
  let passed = 0;
  let failed = 0;
  for (const folder of folders) {
    for (const { flow, name, ok, problems } of await runCases(folder, definitions)) {
      if (ok) passed++;
      else failed++;
      process.stdout.write(`${ok ? '✓' : '✗'} ${flow}: ${name}\n${problems.map((problem) => `    ${problem}\n`).join('')}`);
    }
  }
  process.stdout.write(`${said.casesDone(passed, failed)[language]}\n`);
  return failed > 0 ? 1 : 0;
}
