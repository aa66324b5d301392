import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Caller, pause, ROOT } from '../kit/millrace.ts';

const READY_MS = 60_000;

/** The process under torture: one port and one data folder, many lives. */
export class Life {
  readonly data: string;
  readonly port: number;
  readonly caller: Caller;
  /** What it said about itself as an error, by its beginning. */
  readonly complaints = new Map<string, number>();
  readonly #done: (line: string) => void;
  #child: ChildProcess | undefined;

  constructor(data: string, port: number, done: (line: string) => void) {
    this.data = data;
    this.port = port;
    this.caller = new Caller(port, 128);
    this.#done = done;
  }

  async start(): Promise<void> {
    for (;;) {
      const child = spawn(process.execPath, ['--no-node-snapshot', join(ROOT, 'runtime/cli/main.ts'), 'serve', '--data', this.data, '--port', String(this.port)], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MILLRACE_LOG: 'error' } });
      this.#child = child;
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => this.#listen(chunk.toString()));
      if (await this.#ready(child)) return;
      this.#done(`did not start (code ${String(child.exitCode)}, signal ${String(child.signalCode)})`);
      await this.end('SIGKILL');
      await pause(500);
    }
  }

  async #ready(child: ChildProcess): Promise<boolean> {
    for (const until = performance.now() + READY_MS; performance.now() < until && child.exitCode === null && child.signalCode === null;) {
      const answer = await this.caller.call('/health/ready').catch(() => undefined);
      if (answer?.status === 200) return true;
      await pause(50);
    }
    return false;
  }

  #listen(text: string): void {
    for (const line of text.split('\n')) {
      if (!/"level":"?(error|50|fatal)|Error|error/.test(line)) continue;
      const begin = line.replace(/"time":[^,]*,|"at":\d+,|[0-9a-z]{26}|\d+/g, '').slice(0, 220);
      this.complaints.set(begin, (this.complaints.get(begin) ?? 0) + 1);
    }
  }

  signal(signal: NodeJS.Signals): void { this.#child?.kill(signal); }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}
