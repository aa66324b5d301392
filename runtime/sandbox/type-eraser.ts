import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import { sibling } from '../sibling.ts';
import type { TypeProblem } from './erase-types.ts';

type Erased = string | TypeProblem;

const IDLE_MS = 10_000; // the thread stays for the next code

/** Also what a thread says that had no time or memory: another look may find it in order. */
const TOO_MUCH: TypeProblem = {
  message: 'it is nested too deeply, or in a way that takes the parser of types too long; make it simpler, or write it as JavaScript',
  ru: 'вложенность слишком велика или такова, что разбор типов занимает слишком много времени; упростите код или запишите его на JavaScript',
};

/**
 * Erases types in a thread of its own. Node's parser of types takes a minute for some texts of a hundred characters, and after others it does not
 * work any more where it ran: neither may happen in the runtime's own thread. One code at a time, so that it is known which one it was.
 */
export class TypeEraser {
  readonly #clock: Clock;
  #worker: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #stopIdle: (() => void) | undefined;

  constructor(clock: Clock) { this.#clock = clock; }

  erase(code: string): Promise<Erased> {
    const turn = this.#turn.then(() => this.#ask(code));
    this.#turn = turn.catch(() => undefined); // one that could not be asked keeps nobody after it
    return turn;
  }

  #ask(code: string): Promise<Erased> {
    this.#stopIdle?.();
    const worker = this.#worker ??= new Worker(sibling('./erase-thread', import.meta.url));
    return new Promise((resolve) => {
      const end = (erased: Erased): void => {
        callOff();
        worker.off('message', end).off('error', fail);
        worker.unref();
        this.#stopIdle = this.#clock.after(IDLE_MS, () => { this.#stop(); });
        resolve(erased);
      };
      const fail = (): void => {
        this.#stop();
        end(TOO_MUCH);
      };
      const callOff = this.#clock.after(limits.sandboxEraseMs, fail);
      worker.once('message', end).once('error', fail);
      worker.ref();
      worker.postMessage(code);
    });
  }

  #stop(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }
}
