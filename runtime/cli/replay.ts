import type { ErrorAnswer, ReplayAnswer } from '../api/contract.ts';
import { Usage, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

const MODES = ['same-keys', 'new-generation', 'dry-run'] as const;

/** Asks the running Millrace to repeat runs. Prints the runs that it started, or what a dry run did; answers 1 when one was refused. */
export async function replay(options: Options, language: Language): Promise<number> {
  const mode = MODES.find((each) => each === (options.mode ?? 'same-keys'));
  if (options.rest.length === 0) throw new Usage(said.runsNeeded);
  if (mode === undefined) throw new Usage(said.replayMode(options.mode ?? '', MODES));
  let refused = 0;
  for (const run of options.rest) {
    const answer = await ask(options, { run, request: { mode, ...(options.from !== undefined && { from: options.from }) } });
    if ('error' in answer) {
      process.stderr.write(`${run}: ${answer.error.message[language]}\n`);
      refused++;
      continue;
    }
    for (const id of answer.runs) process.stdout.write(`${id}\n`);
    for (const { node, outcome, failure } of answer.steps ?? []) process.stdout.write(`${node}\t${outcome}${failure ? `\t${failure.code}` : ''}\n`);
  }
  return refused === 0 ? 0 : 1;
}

async function ask({ host, port }: Options, { run, request }: { readonly run: string; readonly request: object }): Promise<ReplayAnswer | ErrorAnswer> {
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let response: Response;
  try {
    response = await fetch(`${at}/api/v1/runs/${encodeURIComponent(run)}/replay`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) });
  } catch {
    throw new Usage(said.notServing(at));
  }
  return await response.json() as ReplayAnswer | ErrorAnswer;
}
