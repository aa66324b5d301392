import { existsSync, readFileSync } from 'node:fs';
import { problemText } from '../flow/problem-text.ts';
import type { Runtime } from '../runtime.ts';
import { openRuntime } from './open-runtime.ts';
import { Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

const BY = { name: 'command line' };

/** Saves the flows of a file as drafts; prints what was found wrong. */
export async function importFile(options: Options, language: Language): Promise<number> {
  const [file] = options.rest;
  if (file === undefined) throw new Usage(said.filesNeeded('import'));
  if (!existsSync(file)) throw new Usage(said.noSuchFile(file));
  const text = readFileSync(file, 'utf8');
  return await withDocuments(options, async ({ project }) => {
    const answer = await project.import({ text, mode: 'save' }, BY);
    const problems = [...answer.problems, ...answer.flows.flatMap((flow) => flow.problems)];
    for (const problem of problems) process.stderr.write(`${problem.level}: ${problemText(problem, (text) => text[language])}\n`);
    for (const id of answer.saved) process.stdout.write(`${id}\n`);
    return answer.saved.length > 0 ? 0 : 1;
  });
}

/** Prints one flow as its file, or several as one export. */
export async function exportFlows(options: Options): Promise<number> {
  if (options.rest.length === 0) throw new Usage(said.filesNeeded('export'));
  return await withDocuments(options, async ({ project }) => {
    process.stdout.write(await project.export(options.rest));
    return 0;
  });
}

async function withDocuments(options: Options, work: (runtime: Runtime) => Promise<number>): Promise<number> {
  const runtime = await openRuntime(options, { documentsOnly: true });
  try { return await work(runtime); } finally { await runtime.close(); }
}
