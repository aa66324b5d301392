import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The command `millrace` as a person starts it: a process of its own, with its own data folder. */

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const LAUNCHER = join(ROOT, 'bin', 'millrace.mjs');
/** As `script`: without the launcher, after whose end the runtime stops in order. Only so a SIGKILL ends the runtime itself. */
export const RUNTIME = ['--no-node-snapshot', join(ROOT, 'runtime', 'cli', 'main.ts')];

export interface Ended { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly out: string; readonly err: string }
export interface StartOptions { readonly env?: { readonly [name: string]: string }; readonly script?: readonly string[] }

export class MillraceProcess {
  readonly child: ChildProcess;
  out = '';
  err = '';
  readonly ended: Promise<Ended>;
  #address: string | undefined;

  constructor(args: readonly string[], { env = {}, script = [LAUNCHER] }: StartOptions = {}) {
    const { LANG: _lang, LC_ALL: _all, LC_MESSAGES: _messages, ...rest } = process.env;
    const own = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('MILLRACE_')));
    this.child = spawn(process.execPath, [...script, ...args], { cwd: ROOT, env: { ...own, LANG: 'C', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => { this.out += chunk.toString(); });
    this.child.stderr?.on('data', (chunk: Buffer) => { this.err += chunk.toString(); });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null, out: this.out, err: this.err }));
  }

  /** The address that it prints when it is ready. Rejects with what it said when it ends instead. */
  async ready(): Promise<string> {
    while (this.#address === undefined) {
      this.#address = /http:\/\/\S+/.exec(this.out)?.[0];
      if (this.#address !== undefined) break;
      const more = this.child.stdout ? once(this.child.stdout, 'data') : Promise.reject(new Error('no output'));
      const end = this.ended.then(({ code, out, err }): never => { throw new Error(`millrace ended with ${code}:\n${out}${err}`); });
      await Promise.race([more, end]);
    }
    return this.#address;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return await this.ended;
  }
}

/** Runs a command to its end. */
export const millrace = async (args: readonly string[], options?: StartOptions): Promise<Ended> => await new MillraceProcess(args, options).ended;

/** A folder that is gone when the test file ends: `using dir = new TempDir()`, or `remove` in afterEach. */
export class TempDir {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  join(...parts: readonly string[]): string { return join(this.path, ...parts); }
  remove(): void { rmSync(this.path, { recursive: true, force: true }); }
}

const LOOK_AGAIN_MS = 30;
/** Looks again and again until there is something, and gives it. The test's own time limit ends it. */
export async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
  }
}
