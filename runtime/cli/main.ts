import { Failure, failureCodes } from '../errors.ts';
import { problemText } from '../flow/problem-text.ts';
import { readOptions, Usage, versionOfThis, type Options } from './options.ts';
import { help, languageOf, said } from './texts.ts';

/** The command `millrace`. Commands are loaded when they are called: `serve` must not wait for what only `test` needs. */

const language = languageOf(process.env);
const COMMANDS: { readonly [name: string]: (options: Options) => Promise<number | undefined> } = {
  serve: async (options) => await (await import('./serve.ts')).serve(options, { language, editor: true }),
  run: async (options) => await (await import('./serve.ts')).serve(options, { language, editor: false }),
  check: async (options) => (await import('./check.ts')).check(options, language),
  test: async (options) => await (await import('./test.ts')).test(options, language),
  import: async (options) => await (await import('./transfer.ts')).importFile(options, language),
  backup: async (options) => await (await import('./backup.ts')).backup(options, language),
  restore: async (options) => await (await import('./backup.ts')).restore(options, language),
  salvage: async (options) => (await import('./salvage.ts')).salvageJournal(options, language),
  replay: async (options) => await (await import('./replay.ts')).replay(options, language),
  modules: async (options) => await (await import('./modules.ts')).listModules(options, language),
  export: async (options) => await (await import('./transfer.ts')).exportFlows(options),
};

async function main(): Promise<number | undefined> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.version) {
    process.stdout.write(`${versionOfThis()}\n`);
    return 0;
  }
  if (options.help || options.command === 'help') {
    process.stdout.write(`${help[language]}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, options.command) ? COMMANDS[options.command] : undefined;
  if (!command) throw new Usage(said.unknown(options.command));
  return await command(options);
}

function explain(error: unknown): string {
  if (error instanceof Usage) return error.text[language];
  if (!(error instanceof Failure)) return error instanceof Error ? error.stack ?? error.message : String(error);
  const problems = error.problems.map((problem) => `  ${problemText(problem, (text) => text[language])}`);
  return [error.text[language], (error.fix ?? failureCodes[error.code].fix)[language], ...problems].join('\n');
}

try {
  const code = await main();
  if (code !== undefined) process.exitCode = code;
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(error instanceof Usage ? 2 : 1);
}
