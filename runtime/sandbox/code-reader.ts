import { systemClock, type Clock } from '../clock.ts';
import type { SandboxFailure, SandboxProgram } from '../sdk/context.ts';
import type { Analysis } from './analyse.ts';
import { failure } from './failures.ts';
import { TypeEraser } from './type-eraser.ts';

/** Reads the code of function nodes, without running any of it. */
export class CodeReader {
  readonly #eraser: TypeEraser;

  constructor(clock: Clock = systemClock) { this.#eraser = new TypeEraser(clock); }

  /** What reading tells, or why it cannot be read. */
  async read({ code, setup = '', language = 'javascript', modules = [], isClosing = false }: Pick<SandboxProgram, 'code' | 'setup' | 'language' | 'modules' | 'isClosing'>): Promise<Analysis | SandboxFailure> {
    // Loaded with the first function node: most starts have none.
    const { analyse, analyseClosing } = await import('./analyse.ts');
    const erase = async (text: string) => (language === 'typescript' && text.trim() !== '' ? await this.#eraser.erase(text) : text);
    const erased = await erase(code);
    if (typeof erased !== 'string') return failure('syntax', erased, { isClosing });
    const prepared = await erase(setup);
    if (typeof prepared !== 'string') return failure('setup', prepared);
    const read = (isClosing ? analyseClosing : analyse)(erased, prepared, modules.map(({ name }) => name));
    return 'source' in read ? read : failure(read.inSetup ? 'setup' : 'syntax', read, { isClosing });
  }
}
