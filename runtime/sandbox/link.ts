import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import { requestsIn, type Asked } from './fetch-requests.ts';
import { FrameWriter, kinds, type BatchFailure, type Definition, type Frame } from './frames.ts';
import { plainChild } from './plain-child.ts';
import { TwoPipes } from './two-pipes.ts';

/** A batch on its way through a process. */
export interface BatchCall {
  readonly fn: { readonly id: number; readonly definition: Definition };
  /** The rows of the messages that have no result yet, in parts. */
  text(): readonly string[];
  /** Results in order; after the last one the batch is done. */
  take(results: readonly unknown[], last: boolean): void;
  failed(failure: BatchFailure): void;
  /** What the code asks of the network; `tell` brings an answer. False for what honest code never asks. */
  ask?(asked: readonly Asked[], tell: Tell): boolean;
}
/** Brings an answer; `taken` is called when the code has it, and nothing of it is held here any more. */
export type Tell = (text: string, taken: () => void) => void;

/** Why a process ended, and whose batch did it when that is known. */
export interface LinkEnd {
  /** `starved`: it yields to all others, and got too little time for its limits to be fair. */
  readonly reason: 'crashed' | 'memory' | 'timeout' | 'closed' | 'starved';
  readonly message: string;
  readonly guilty: BatchCall | undefined;
  readonly others: readonly BatchCall[];
  /** It never said a word: it could not be started. */
  readonly neverStarted: boolean;
  readonly livedMs: number;
}

export interface LinkOptions {
  readonly clock: Clock;
  /** Node. */
  readonly program: string;
  readonly priority: Priority;
}

/** `low` and `lowest` are for what has not behaved. `lowest` runs only when nobody else wants to; where there is no such thing it is `low`. */
export type Priority = 'normal' | 'low' | 'lowest';

const STDERR_KEPT = 2000;
const LATE_MS = 100;
const NOBODY = 65534;
// An isolate that fills its memory otherwise keeps a collector busy on every core.
const BACKGROUND_FLAGS = ['--single-threaded-gc', '--v8-pool-size=1'];
const MEMORY_WORDS = /out of memory|heap limit|Allocation failed|Committing semi space/i;

/** One sandbox process and the pipe to it. It is started when made, and dead once `onEnd` was called. */
export class Link {
  readonly #clock: Clock;
  readonly #onEnd: (end: LinkEnd) => void;
  readonly #process: ChildProcess;
  /** The program that gave it the lowest priority. */
  readonly #idler: string | undefined;
  readonly #writer: FrameWriter;
  readonly #defined = new Set<number>();
  readonly #calls = new Map<number, BatchCall>();
  /** Whom the answers of a batch were for that its code has not yet, in their order. */
  readonly #untaken = new Map<number, (() => void)[]>();
  readonly #startedAt: number;
  #ids = 0;
  #heardAt: number;
  #heard = false;
  #watching = false;
  #ended = false;
  #stderr = '';
  #verdict: { readonly reason: LinkEnd['reason']; readonly message: string; readonly guilty?: BatchCall | undefined } | undefined;

  /** Throws when this platform has no native file of isolated-vm. */
  constructor({ clock, program, priority }: LinkOptions, onEnd: (end: LinkEnd) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#startedAt = this.#heardAt = clock.elapsed();
    const background = priority !== 'normal';
    this.#idler = priority === 'lowest' ? idler() : undefined;
    const args = [...(background ? BACKGROUND_FLAGS : []), ...childArguments(), ...(this.#idler ? ['yields'] : [])];
    this.#process = spawn(this.#idler ?? program, this.#idler ? ['-i', '0', program, ...args] : args, { env: process.env.TZ ? { TZ: process.env.TZ } : {}, cwd: '/', stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    this.#writer = new FrameWriter(this.#process.stdio[3] as Socket);
    const [first, second] = this.#pipes();
    const pipes = new TwoPipes(limits.sandboxFrameBytesMax, {
      take: (frame) => { this.#take(frame); },
      hold: (isHeld) => { if (isHeld) second?.pause(); else second?.resume(); },
    });
    first?.on('data', (chunk: Buffer) => { this.#read(() => { pipes.readFirst(chunk); }); });
    second?.on('data', (chunk: Buffer) => { this.#read(() => { pipes.readSecond(chunk); }); });
    for (const pipe of this.#pipes()) {
      // Most often because the process has just ended, which is told by itself.
      pipe.on('error', () => { this.#process.kill('SIGKILL'); });
    }
    this.#process.stderr?.on('data', (chunk: Buffer) => { this.#stderr = (this.#stderr + String(chunk)).slice(-STDERR_KEPT); });
    this.#process.on('error', (error) => { this.#end(error.message); });
    this.#process.on('exit', (code, signal) => { this.#end(signal ? `ended by ${signal}` : `ended with code ${code}`); });
    this.#expendable();
    if (background) this.#yieldToOthers();
  }

  get pid(): number | undefined { return this.#process.pid; }
  get idle(): boolean { return this.#calls.size === 0; }

  /** One both ways, and one on which large results come. */
  #pipes(): readonly Socket[] { return this.#process.stdio.slice(3) as Socket[]; }

  run(call: BatchCall): void {
    const { id, definition } = call.fn;
    if (!this.#defined.has(id)) {
      this.#defined.add(id);
      this.#writer.write({ kind: kinds.define, id, text: JSON.stringify(definition) });
    }
    if (this.#calls.size === 0) this.#heardAt = this.#clock.elapsed();
    const number = (this.#ids = (this.#ids + 1) >>> 0);
    this.#calls.set(number, call);
    this.#writer.write({ kind: kinds.call, id: number, text: `${id} `, parts: call.text() });
    this.#watch();
  }

  forget(fn: number): void {
    if (this.#defined.delete(fn)) this.#writer.write({ kind: kinds.forget, id: fn, text: '' });
  }

  kill(reason: LinkEnd['reason'], message: string, guilty?: BatchCall): void {
    this.#verdict ??= { reason, message, guilty };
    this.#process.kill('SIGKILL');
  }

  /** The kernel ends this process first when memory is short. Raising is always allowed; where there is no such file, nothing is lost. */
  #expendable(): void {
    try {
      if (process.platform === 'linux' && this.#process.pid) writeFileSync(`/proc/${this.#process.pid}/oom_score_adj`, '1000');
    } catch { /* it has ended already, and says so by itself */ }
  }

  /** Set before it has made its threads, which inherit it. */
  #yieldToOthers(): void {
    try {
      if (this.#process.pid) setPriority(this.#process.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch { /* it has ended already */ }
  }

  #read(read: () => void): void {
    this.#heardAt = this.#clock.elapsed();
    this.#heard = true;
    try {
      read();
    } catch (error) {
      this.kill('crashed', error instanceof Error ? error.message : 'unreadable answer');
    }
  }

  #take({ kind, id, text }: Frame): void {
    if (this.#verdict) return;
    const call = this.#calls.get(id);
    if (kind === kinds.beat) {
      if (Number(text) > this.#rssMax()) this.kill('memory', `it took ${text} MB`);
    } else if (kind === kinds.fatal) this.#fatal(text, call);
    else if (!call) return;
    else if (kind === kinds.ask) this.#ask(id, call, text);
    else if (kind === kinds.taken) this.#untaken.get(id)?.shift()?.();
    else if (kind === kinds.part) call.take(JSON.parse(text) as unknown[], false);
    else {
      this.#calls.delete(id);
      this.#untaken.delete(id);
      if (kind === kinds.end) call.take(JSON.parse(text) as unknown[], true);
      else call.failed(JSON.parse(text) as BatchFailure);
    }
  }

  /** Starved is believed only of a process that may be, and which does not come again at once. */
  #fatal(text: string, call: BatchCall | undefined): void {
    if (text === 'starved' && this.#idler) this.kill('starved', 'it got too little time');
    else this.kill(text === 'memory' ? 'memory' : 'timeout', text, call);
  }

  /** Whoever writes what the guest never writes has left it. */
  #ask(number: number, call: BatchCall, text: string): void {
    const asked = requestsIn(text);
    const tell: Tell = (answer, taken) => {
      if (this.#calls.get(number) !== call || this.#verdict) return;
      // Said by the process, which may lie, and written to its pipe.
      let missing = 2;
      const one = (): void => { if (--missing === 0) taken(); };
      this.#untaken.set(number, [...this.#untaken.get(number) ?? [], one]);
      this.#writer.write({ kind: kinds.answer, id: number, text: answer, written: one });
    };
    if (!asked || call.ask?.(asked, tell) !== true) this.kill('crashed', 'it asked for what code cannot ask', call);
  }

  /** From outside, because a thread that allocates without end may keep the child from noticing. */
  #watch(): void {
    if (this.#watching || this.#calls.size === 0 || this.#ended) return;
    this.#watching = true;
    const due = this.#clock.elapsed() + limits.sandboxRssWatchMs;
    this.#clock.after(limits.sandboxRssWatchMs, () => {
      this.#watching = false;
      // This process stood still itself, and what was said meanwhile has not been read.
      if (this.#clock.elapsed() - due > LATE_MS) this.#heardAt = this.#clock.elapsed();
      const rss = rssMb(this.#process.pid);
      if (rss > this.#rssMax()) this.kill('memory', `it took ${Math.round(rss)} MB`);
      else if (this.#calls.size > 0) this.#listen(this.#clock.elapsed() - this.#heardAt);
      this.#watch();
    });
  }

  #listen(silentMs: number): void {
    if (this.#idler && silentMs > limits.sandboxStarvedMs) this.kill('starved', 'it gets no time');
    else if (silentMs > limits.sandboxSilenceMs) this.kill('timeout', 'it was silent');
  }

  #rssMax(): number { return limits.sandboxProcessMb + this.#defined.size * limits.sandboxContextMb; }

  #end(message: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const pipe of this.#pipes()) pipe.destroy();
    const { reason, message: said, guilty } = this.#verdict ?? { reason: MEMORY_WORDS.test(this.#stderr) ? 'memory' as const : 'crashed' as const, message, guilty: undefined };
    const others = [...this.#calls.values()].filter((call) => call !== guilty);
    this.#calls.clear();
    const words = reason === 'crashed' && !this.#heard ? `${said}: ${this.#stderr.trim().split('\n').at(-1) ?? ''}` : said;
    const neverStarted = !this.#heard && reason === 'crashed';
    if (neverStarted && this.#idler && this.#stderr.includes('chrt')) knownIdler = null; // it may not be used here
    this.#onEnd({ reason, message: words, guilty, others, neverStarted, livedMs: this.#clock.elapsed() - this.#startedAt });
  }
}

let knownIdler: string | null | undefined;
const IDLERS = ['/usr/bin/chrt', '/bin/chrt'];

/** `chrt` of util-linux or busybox: Node itself can only be nice. */
function idler(): string | undefined {
  if (knownIdler === undefined) knownIdler = (process.platform === 'linux' && IDLERS.find((path) => existsSync(path))) || null;
  return knownIdler ?? undefined;
}

let known: { readonly entry: string; readonly childArguments: readonly string[] } | undefined;

/** Found once, which takes some ms: starting a process again holds up everything else as short as can be. */
function childArguments(): readonly string[] {
  if (!known || !existsSync(known.entry)) {
    const child = plainChild();
    known = { entry: child.entry, childArguments: argumentsFor(child) };
  }
  return known.childArguments;
}

/** The isolates and the process are the walls; Node's permissions are a third: no file but these, no process, no worker. */
function argumentsFor({ entry, folder }: ReturnType<typeof plainChild>): string[] {
  const binary = pathOfIsolatedVm();
  const readable = [binary, join(folder, 'sandbox', '*'), ...['clock', 'limits'].map((name) => join(folder, `${name}${extname(entry)}`))];
  return [
    '--no-node-snapshot', '--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning', '--max-old-space-size=256', '--liftoff-only',
    '--permission', '--allow-addons', ...readable.map((path) => `--allow-fs-read=${path}`),
    entry, binary, process.getuid?.() === 0 ? String(NOBODY) : '0',
  ];
}

/** The native file itself: found here, so that the child need not be able to look around. */
function pathOfIsolatedVm(): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('isolated-vm');
  const { path } = createRequire(entry)('node-gyp-build') as { path(folder: string): string };
  return path(dirname(entry));
}

function rssMb(pid: number | undefined): number {
  if (process.platform !== 'linux' || !pid) return 0;
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
