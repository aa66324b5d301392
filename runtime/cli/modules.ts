import { Modules } from '../modules/modules.ts';
import { modulesFolder, type Options } from './options.ts';
import { said, type Language } from './texts.ts';

/** Prints each allowed module: its version, the size of its bundle, or why it cannot be used. 1 when one cannot. */
export async function listModules(options: Options, language: Language): Promise<number> {
  const folder = modulesFolder(options);
  if (options.modules.length === 0) {
    process.stdout.write(`${said.noModules(folder)[language]}\n`);
    return 0;
  }
  const states = await new Modules({ folder, allowed: options.modules }).list();
  for (const { name, version, chars = 0, builtins = [], problem } of states) {
    const told = problem ?? said.moduleFits(Math.ceil(chars / 1024), builtins);
    process.stdout.write(`${problem ? '✗' : '✓'} ${name}${version === undefined ? '' : `@${version}`}: ${told[language]}\n`);
  }
  return states.some(({ problem }) => problem !== undefined) ? 1 : 0;
}
