import { spawn, type ChildProcess } from 'node:child_process';
import { Agent, request as send } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUNTIME_FLAGS } from '../../bin/node24.mjs';

/** Starts the real process and speaks HTTP to it, for measurements from outside. */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const freePort = (): Promise<number> => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number };
    server.close(() => resolve(port));
  });
});

export interface Reply { readonly status: number; readonly text: string }

/** Calls one port with connections kept alive. */
export class Caller {
  readonly #agent: Agent;
  readonly #port: number;
  constructor(port: number, connections: number) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }
  call(path: string, body?: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const text = body && JSON.stringify(body);
      const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const req = send({ host: '127.0.0.1', port: this.#port, path, agent: this.#agent, method: body ? 'POST' : 'GET', headers }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject).on('end', () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      req.on('error', reject).end(text);
    });
  }
  async counts(): Promise<{ readonly completed: number; readonly pending: number; readonly deadLettered: number }> {
    return (JSON.parse((await this.call('/api/v1/runs?limit=1')).text) as { counts: { completed: number; pending: number; deadLettered: number } }).counts;
  }
  /** Resolves when nothing is pending and history has caught up. */
  async untilDone(): Promise<{ readonly completed: number; readonly pending: number; readonly deadLettered: number }> {
    for (let last = -1; ;) {
      const counts = await this.counts();
      if (counts.pending === 0 && counts.completed === last) return counts;
      last = counts.pending === 0 ? counts.completed : -1;
      await pause(300);
    }
  }
  close(): void { this.#agent.destroy(); }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

export interface Started { readonly child: ChildProcess; readonly ms: number }

/** Starts `millrace run` and waits until it is ready; `ms` is from spawn to the first good answer. */
export async function start(dir: string, port: number, more: readonly string[] = []): Promise<Started> {
  const before = performance.now();
  const args = [...RUNTIME_FLAGS, join(ROOT, 'runtime/cli/main.ts'), 'run', '--flows', join(dir, 'flows'), '--data', join(dir, 'data'), '--port', String(port), ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, MILLRACE_LOG: 'error' } });
  const caller = new Caller(port, 1);
  try {
    for (;;) {
      const ready = await caller.call('/health/ready').catch(() => undefined);
      if (ready?.status === 200) return { child, ms: performance.now() - before };
      if (child.exitCode !== null) throw new Error(`Millrace ended with code ${child.exitCode} before it was ready`);
      await pause(5);
    }
  } finally {
    caller.close();
  }
}

export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  if (child.exitCode === null && child.signalCode === null) await gone;
}
