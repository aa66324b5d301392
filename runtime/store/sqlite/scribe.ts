import { Worker } from 'node:worker_threads';
import { Failure } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { sibling } from '../../sibling.ts';
import { Slots } from '../../slots.ts';
import type { Store } from '../store.ts';

/** What nobody waits for and is written all the time: on the thread that moves the messages it would take a third of it. */
export type WrittenAside = Pick<Store, 'addRuns' | 'addSteps' | 'pruneRuns' | 'pruneSteps' | 'shrink'>;
export interface Task { readonly id: number; readonly name: keyof WrittenAside; readonly args: readonly unknown[] }
export type Done = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

interface Waiter { resolve(value: unknown): void; reject(error: Error): void }
interface Thread { readonly worker: Worker; readonly waiting: Slots<Waiter> }

/** A second connection to the store's file, in a thread of its own. The thread begins with the first task and again after it has died. */
export class Scribe implements WrittenAside {
  readonly #file: string;
  #thread: Thread | undefined;

  constructor(file: string) { this.#file = file; }

  addRuns: Store['addRuns'] = (...args) => this.#ask('addRuns', args) as Promise<void>;
  addSteps: Store['addSteps'] = (...args) => this.#ask('addSteps', args) as Promise<void>;
  pruneSteps: Store['pruneSteps'] = (...args) => this.#ask('pruneSteps', args) as Promise<number>;
  pruneRuns: Store['pruneRuns'] = (...args) => this.#ask('pruneRuns', args) as Promise<number>;
  shrink: Store['shrink'] = () => this.#ask('shrink', []) as Promise<void>;

  /** After the tasks given so far. */
  async close(): Promise<void> {
    const worker = this.#thread?.worker;
    if (!worker) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage(null);
    await gone;
  }

  #ask(name: Task['name'], args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { worker, waiting } = (this.#thread ??= this.#start());
      worker.postMessage({ id: waiting.add({ resolve, reject }), name, args } satisfies Task);
    });
  }

  #start(): Thread {
    const worker = new Worker(sibling('./scribe-worker', import.meta.url), { workerData: { file: this.#file }, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: limits.threadYoungMb } });
    const thread: Thread = { worker, waiting: new Slots() };
    worker.on('message', (done: Done) => {
      const waiter = thread.waiting.take(done.id);
      if ('error' in done) waiter?.reject(notWritten(this.#file, done.error));
      else waiter?.resolve(done.value);
    });
    worker.on('error', (error) => this.#died(thread, error.message));
    worker.on('exit', () => this.#died(thread, 'its thread has ended'));
    return thread;
  }

  #died(thread: Thread, reason: string): void {
    if (this.#thread === thread) this.#thread = undefined;
    for (const { reject } of thread.waiting) reject(notWritten(this.#file, reason));
  }
}

function notWritten(file: string, reason: string): Failure {
  return new Failure('store.unavailable', { en: `writing history to ${file}: ${reason}`, ru: `запись истории в ${file}: ${reason}` }, { details: { file } });
}
