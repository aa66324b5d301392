import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket, type SocketConstructorOpts } from 'node:net';
import { constants, setPriority } from 'node:os';
import { dirname, extname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import { Slots } from '../slots.ts';
import { requestsIn, type Asked } from './fetch-requests.ts';
import { FrameWriter, kinds, type BatchFailure, type Definition, type Frame } from './frames.ts';
import { JsonPieces } from './json-pieces.ts';
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

/** A batch in the process. `coming`: a large list of results of which a part has come. `untaken`: whom the answers were for that its code has not yet, in their order. */
interface Work { readonly call: BatchCall; coming: JsonPieces | undefined; readonly untaken: (() => void)[] }

const FIRST = 1; // id of a call; 0 is none
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
  /** One both ways, and one on which large results come. */
  readonly #pipes: readonly Socket[];
  readonly #writer: FrameWriter;
  readonly #defined = new Set<number>();
  readonly #works = new Slots<Work>();
  readonly #startedAt: number;
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
    const pipes = new TwoPipes(limits.sandboxFrameBytesMax, {
      take: (frame) => { this.#take(frame); },
      hold: (isHeld) => { if (isHeld) second.pause(); else second.resume(); },
    });
    const first = readPipe(this.#process.stdio[3], (chunk) => { this.#read(() => { pipes.readFirst(chunk); }); });
    const second = readPipe(this.#process.stdio[4], (chunk) => { this.#read(() => { pipes.readSecond(chunk); }); });
    this.#pipes = [first, second];
    this.#writer = new FrameWriter(first);
    for (const pipe of this.#pipes) {
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
  get idle(): boolean { return this.#works.size === 0; }

  run(call: BatchCall): void {
    const { id, definition } = call.fn;
    if (!this.#defined.has(id)) {
      this.#defined.add(id);
      this.#writer.write({ kind: kinds.define, id, text: JSON.stringify(definition) });
    }
    if (this.#works.size === 0) this.#heardAt = this.#clock.elapsed();
    const work: Work = { call, coming: undefined, untaken: [] };
    this.#writer.write({ kind: kinds.call, id: this.#works.add(work) + FIRST, text: `${id} `, parts: call.text() });
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
    const work = this.#works.get(id - FIRST);
    if (kind === kinds.beat) {
      if (Number(text) > this.#rssMax()) this.kill('memory', `it took ${text} MB`);
    } else if (kind === kinds.fatal) this.#fatal(text, work?.call);
    else if (!work) return;
    else if (kind === kinds.ask) this.#ask(work, id, text);
    else if (kind === kinds.taken) work.untaken.shift()?.();
    else if (kind === kinds.piece) (work.coming ??= new JsonPieces()).push(text);
    else if (kind === kinds.part) work.call.take(resultsOf(work, text), false);
    else {
      this.#works.take(id - FIRST);
      if (kind === kinds.end) work.call.take(resultsOf(work, text), true);
      else work.call.failed(JSON.parse(text) as BatchFailure);
    }
  }

  /** Starved is believed only of a process that may be, and which does not come again at once. */
  #fatal(text: string, call: BatchCall | undefined): void {
    if (text === 'starved' && this.#idler) this.kill('starved', 'it got too little time');
    else this.kill(text === 'memory' ? 'memory' : 'timeout', text, call);
  }

  /** Whoever writes what the guest never writes has left it. */
  #ask(work: Work, id: number, text: string): void {
    const { call } = work;
    const asked = requestsIn(text);
    const tell: Tell = (answer, taken) => {
      if (this.#works.get(id - FIRST) !== work || this.#verdict) return;
      // Said by the process, which may lie, and written to its pipe.
      let missing = 2;
      const one = (): void => { if (--missing === 0) taken(); };
      work.untaken.push(one);
      this.#writer.write({ kind: kinds.answer, id, text: answer, written: one });
    };
    if (!asked || call.ask?.(asked, tell) !== true) this.kill('crashed', 'it asked for what code cannot ask', call);
  }

  /** From outside, because a thread that allocates without end may keep the child from noticing. */
  #watch(): void {
    if (this.#watching || this.idle || this.#ended) return;
    this.#watching = true;
    const due = this.#clock.elapsed() + limits.sandboxRssWatchMs;
    this.#clock.after(limits.sandboxRssWatchMs, () => {
      this.#watching = false;
      // This process stood still itself, and what was said meanwhile has not been read.
      if (this.#clock.elapsed() - due > LATE_MS) this.#heardAt = this.#clock.elapsed();
      const rss = rssMb(this.#process.pid);
      if (rss > this.#rssMax()) this.kill('memory', `it took ${Math.round(rss)} MB`);
      else if (!this.idle) this.#listen(this.#clock.elapsed() - this.#heardAt);
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
    for (const pipe of this.#pipes) pipe.destroy();
    const { reason, message: said, guilty } = this.#verdict ?? { reason: MEMORY_WORDS.test(this.#stderr) ? 'memory' as const : 'crashed' as const, message, guilty: undefined };
    const others = [...this.#works].map(({ call }) => call).filter((call) => call !== guilty);
    this.#works.clear();
    const words = reason === 'crashed' && !this.#heard ? `${said}: ${this.#stderr.trim().split('\n').at(-1) ?? ''}` : said;
    const neverStarted = !this.#heard && reason === 'crashed';
    if (neverStarted && this.#idler && this.#stderr.includes('chrt')) knownIdler = null; // it may not be used here
    this.#onEnd({ reason, message: words, guilty, others, neverStarted, livedMs: this.#clock.elapsed() - this.#startedAt });
  }
}

function resultsOf(work: Work, text: string): unknown[] {
  const { coming } = work;
  work.coming = undefined;
  return (coming ? coming.end(text) : JSON.parse(text)) as unknown[];
}

/**
 * Reads a pipe to a child into one place that is used again and again: Node would make a new one for each read, and V8 looks for those only when there are 64 MB of them, in a pause of many ms.
 * Only the constructor takes `onread`, so the handle goes over to a socket of our own.
 */
function readPipe(given: unknown, take: (chunk: Buffer) => void): Socket {
  const pipe = given as { _handle: object | null };
  const { _handle: handle } = pipe;
  pipe._handle = null;
  const onread: SocketConstructorOpts['onread'] = {
    buffer: Buffer.allocUnsafeSlow(limits.sandboxReadBytes),
    callback: (bytes, chunk) => { take(Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, bytes)); return true; },
  };
  return new Socket({ handle, readable: true, writable: true, onread } as SocketConstructorOpts);
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
  const readable = [binary, join(folder, 'sandbox', '*'), ...['clock', 'limits', 'token-bucket'].map((name) => join(folder, `${name}${extname(entry)}`))];
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
