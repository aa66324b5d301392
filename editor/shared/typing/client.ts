import type { Language } from '../../i18n/index.ts';
import { later } from '../../state/timing.ts';
import type { AnswerTo, CodeFieldName, FromWorker, NodeCode, Question, ToWorker } from './protocol.ts';

const ANSWER_MS = 30_000; // the first answer reads the whole language; code whose types never end is given up
const IDLE_MS = 300_000; // it holds some hundred megabytes, which nobody who has gone on to other things needs

interface Waiting { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void; readonly callOff: () => void }

/** The type worker of the page, as far as its users know it. It is made at the first question, and anew when the language of the page is another. */
export class TypeClient {
  readonly #language: Language;
  readonly #make: (language: Language) => Worker;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #asked = 0;
  #callOffIdle: (() => void) | undefined;

  constructor(language: Language, make: (language: Language) => Worker = makeWorker) {
    this.#language = language;
    this.#make = make;
  }

  /** Rejects when the worker cannot be had, or does not answer. */
  ask<Q extends Question>(of: { readonly node: NodeCode; readonly field: CodeFieldName }, question: Q): Promise<AnswerTo<Q>> {
    const worker = (this.#worker ??= this.#open());
    this.#callOffIdle?.();
    this.#callOffIdle = later(IDLE_MS, () => { this.close(new Error('nobody asked for long')); });
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const callOff = later(ANSWER_MS, () => { this.close(new Error(`no answer in ${ANSWER_MS / 1000} s`)); });
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, callOff });
      worker.postMessage({ id, ...of, question } satisfies ToWorker);
    });
  }

  close(why: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#callOffIdle?.();
    for (const { reject, callOff } of this.#waiting.values()) { callOff(); reject(why); }
    this.#waiting.clear();
  }

  #open(): Worker {
    const worker = this.#make(this.#language);
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => { this.#take(data); };
    worker.onerror = (event) => { this.close(new Error(event.message || 'the worker could not be loaded')); };
    return worker;
  }

  #take({ id, answer, failed }: FromWorker): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.callOff();
    if (failed === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(failed));
  }
}

const makeWorker = (name: Language): Worker => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });

let shared: { readonly language: Language; readonly client: TypeClient } | undefined;

/** One worker serves all fields. */
export function typeClient(language: Language): TypeClient {
  if (shared?.language === language) return shared.client;
  shared?.client.close(new Error('the language of the page has changed'));
  shared = { language, client: new TypeClient(language) };
  return shared.client;
}
