import { limits } from '../limits.ts';
import type { SandboxMessage } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { rowParts, withMessageId } from './body-codec.ts';
import type { Cause } from './failures.ts';
import type { MessageCalls } from './fetch-calls.ts';
import type { Asked } from './fetch-requests.ts';
import type { BatchFailure, Definition } from './frames.ts';
import type { BatchCall, Tell } from './link.ts';
import type { KeyUse } from './message-keys.ts';

/** A message that waits for its result. */
interface Item<R> { message: SandboxMessage; readonly group: Group<R>; readonly index: number; row: readonly string[] | undefined; size: number; /** It was alone in a process that ended by itself. */ endedOne: boolean; calls: MessageCalls | undefined }
interface Group<R> { readonly results: R[]; left: number; readonly resolve: (results: readonly R[]) => void }

/** What is called, and how its results are read. */
export interface FunctionParts<R> {
  readonly id: number;
  readonly definition: Definition;
  readonly keys: KeyUse;
  readonly usesId: boolean;
  /** Whether a message is the same in the sandbox as here, where that counts. */
  crosses?(body: Body): boolean;
  /** `AGAIN`: it is to be asked once more, traced. */
  read(given: unknown, message: SandboxMessage): R | typeof AGAIN;
  failed(code: string, cause: Cause): R;
  /** For code that may call servers: its calls for one message, and what a result means after them. */
  callsOf?(message: SandboxMessage): MessageCalls;
  judge?(result: R, calls: MessageCalls): R;
}
export const AGAIN = Symbol('again');

/** What carries batches: the process that serves all, the one for functions that did not behave, or the one for suspects, which takes one message at a time. */
export interface Carrier {
  together(call: BatchCall): void;
  /** `pauseMs` later: code that does not end takes its toll of everything else, and so does a new process each time. */
  apart(call: BatchCall, pauseMs?: number): void;
  alone(call: BatchCall, pauseMs?: number): void;
  closed(fn: number): void;
}

const TRACED_AFTER = 8; // after one that had to be asked twice, as many are asked so that they need not be
const PAUSE_FIRST_MS = 100; // after a function ended a second process, or its code did not end three times in a row
const STRIKES = 3;
const BATCHES_IN_FLIGHT = 2; // one is written while the other runs (EXPERIMENTS E1)

/**
 * The queue of one function node. A batch takes what has gathered while the last ones ran, never waiting for more. When a batch fails, its
 * messages run one by one, and only the one to blame fails; when the whole process was lost, they do so in a process of their own.
 */
export class SandboxedFunction<R> {
  readonly #parts: FunctionParts<R>;
  readonly #carrier: Carrier;
  readonly #wantsId: boolean;
  #waiting: Item<R>[] = [];
  /** To be run one by one before anything else. */
  #oneByOne: Item<R>[] = [];
  #inFlight = 0;
  /** Messages that are asked traced at once: one like them had to be asked twice. */
  #tracedNext = 0;
  /** Messages still to be run in the process for suspects. */
  #distrust = 0;
  /** Processes that it ended since it was trusted last. */
  #endings = 0;
  /** Messages in a row whose code did not end or needed too much memory. */
  #strikes = 0;
  /** Messages still to be run apart from functions that behave. */
  #keptApart = 0;
  #way: keyof Omit<Carrier, 'closed'> = 'together';
  #closed = false;

  constructor(parts: FunctionParts<R>, carrier: Carrier) {
    this.#parts = parts;
    this.#carrier = carrier;
    this.#wantsId = parts.keys?.cross.includes('_msgid') ?? false;
  }

  call(messages: readonly SandboxMessage[]): Promise<readonly R[]> {
    if (messages.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const group: Group<R> = { results: new Array<R>(messages.length), left: messages.length, resolve };
      messages.forEach((message, index) => { this.#waiting.push({ message, group, index, row: undefined, size: 0, endedOne: false, calls: undefined }); });
      this.#pump();
    });
  }

  /** Makes it ready, which runs the setup code. Why that failed. */
  ready(): Promise<BatchFailure | undefined> {
    return new Promise((resolve) => {
      const ask = (how: 'together' | 'alone'): void => {
        this.#carrier[how]({
          fn: this.#parts, text: () => ['[]'], take: (_, last) => { if (last) resolve(undefined); },
          failed: (failure) => {
            if (failure.reason === 'lost' || failure.reason === 'suspect') ask(failure.reason === 'lost' ? how : 'alone');
            else resolve(failure);
          },
        });
      };
      ask('together');
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#inFlight === 0) this.#carrier.closed(this.#parts.id);
  }

  #pump(): void {
    while (this.#inFlight < BATCHES_IN_FLIGHT) {
      const way = this.#distrust > 0 ? 'alone' : this.#keptApart > 0 ? 'apart' : 'together';
      // What is in another process would be overtaken.
      if (way !== this.#way && this.#inFlight > 0) return;
      this.#way = way;
      if (this.#oneByOne.length > 0 || this.#distrust > 0) {
        if (this.#inFlight > 0) return;
        const item = this.#oneByOne.shift() ?? this.#waiting.shift();
        if (!item) return;
        this.#send([item], true);
      } else {
        const items = this.#nextBatch();
        if (items.length === 0) return;
        this.#send(items);
      }
    }
  }

  #nextBatch(): Item<R>[] {
    let size = 0;
    let count = 0;
    while (count < this.#waiting.length && count < limits.batchMessages) {
      const item = this.#waiting[count];
      if (!item) break;
      if (item.row === undefined && !this.#write(item)) { this.#waiting.splice(count, 1); continue; }
      size += item.size;
      if (count > 0 && size > limits.batchBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** False when the message cannot cross at all; it has its result then. */
  #write(item: Item<R>): boolean {
    try {
      if (this.#tracedNext > 0 && !item.message.traced) {
        this.#tracedNext--;
        item.message = tracedOf(item.message);
      }
      const { message } = item;
      if (this.#parts.crosses?.(message.body) === false) throw new TypeError('the message holds what JSON cannot');
      item.row = rowParts(this.#wantsId ? { ...message, body: withMessageId(message.body, message.id) } : message, this.#parts);
      item.size = 0;
      for (const part of item.row) item.size += part.length;
      return true;
    } catch (error) {
      this.#settle(item, this.#parts.failed('result', { message: error instanceof Error ? error.message : String(error) }));
      return false;
    }
  }

  #send(items: readonly Item<R>[], isOneByOne = false): void {
    const ready = items.filter((item) => item.row !== undefined || this.#write(item));
    if (ready.length === 0) return;
    this.#inFlight++;
    const way = this.#way;
    let done = 0;
    let from = 0;
    const call: BatchCall = {
      fn: this.#parts,
      text: () => listOf(ready, (from = done)),
      take: (results, last) => {
        for (const result of results) {
          const item = ready[done++];
          if (item) this.#read(item, result);
        }
        if (!last) return;
        this.#strikes = 0;
        if (way === 'alone') this.#distrust = Math.max(0, this.#distrust - ready.length);
        if (this.#distrust === 0) this.#endings = 0;
        if (way !== 'together') this.#keptApart = Math.max(0, this.#keptApart - ready.length);
        this.#left(ready.slice(done), { reason: 'broken', message: 'results are missing' });
      },
      failed: (failure) => { this.#left(ready.slice(done), failure, isOneByOne); },
      ...(this.#parts.callsOf && { ask: (asked, tell) => asked.every((each) => this.#ask(from + each.row < done ? undefined : ready[from + each.row], each, tell)) }),
    };
    if (way === 'together') this.#carrier.together(call);
    else this.#carrier[way](call, way === 'alone' ? pauseAfter(this.#endings, 2) : pauseAfter(this.#strikes, STRIKES));
  }

  #ask(item: Item<R> | undefined, asked: Asked, tell: Tell): boolean {
    if (!item) return false; // it has its result, or never was
    item.calls ??= this.#parts.callsOf?.(item.message);
    return item.calls?.ask(asked, tell) ?? false;
  }

  /** The batch is over; `rest` has no result. */
  #left(left: readonly Item<R>[], failure: BatchFailure, wasOneByOne = false): void {
    this.#inFlight--;
    const isKnown = left.length === 1 && !failure.ended && failure.reason !== 'lost' && failure.reason !== 'suspect';
    const rest = isKnown ? left : left.filter((item) => this.#mayRunAgain(item));
    const [only] = rest;
    const { reason, message } = failure;
    if (failure.ended) this.#endings++;
    if (reason === 'timeout' || reason === 'memory') this.#keptApart = limits.sandboxApartAfter;
    if (reason === 'lost') (wasOneByOne ? this.#oneByOne : this.#waiting).unshift(...rest);
    else if (reason === 'suspect') {
      this.#distrust = Math.max(this.#distrust, rest.length);
      this.#oneByOne.unshift(...rest);
    } else if (only && rest.length > 1 && reason !== 'syntax' && reason !== 'setup' && reason !== 'modules' && reason !== 'unavailable') this.#oneByOne.unshift(...rest);
    else if (only && !only.endedOne && reason === 'broken' && failure.ended) {
      // Something else may have ended the process at that moment: alone in it once more, it is to blame when that one ends too.
      only.endedOne = true;
      this.#distrust = limits.sandboxAloneAfterCrash;
      this.#oneByOne.unshift(only);
    } else {
      const { timeoutMs, memoryMb } = this.#parts.definition;
      // The process was ended by it: what follows has to show itself harmless first.
      if (failure.ended) this.#distrust = limits.sandboxAloneAfterCrash;
      const code = reason === 'broken' ? 'crashed' : reason;
      // A turn that was cut off waited for nothing: it computed.
      const cause = { ...failure, ...(message !== undefined && { message }), timeoutMs: Math.min(timeoutMs, limits.sandboxCpuMs), memoryMb };
      if (reason === 'timeout' || reason === 'memory') this.#strikes += rest.length;
      for (const item of rest) this.#settle(item, this.#parts.failed(code, cause));
    }
    this.#pump();
    if (this.#closed && this.#inFlight === 0) this.#carrier.closed(this.#parts.id);
  }

  /** One for which something outside may have been changed has its result: nobody knows what came of it. */
  #mayRunAgain(item: Item<R>): boolean {
    if (!item.calls) return true;
    if (item.calls.wrote) this.#settle(item, this.#parts.failed('fetch-interrupted', {}));
    else item.calls.end();
    const again = !item.calls.wrote;
    item.calls = undefined;
    return again;
  }

  #read(item: Item<R>, given: unknown): void {
    const result = this.#parts.read(given, item.message);
    if (result !== AGAIN) { this.#settle(item, result); return; }
    this.#tracedNext = TRACED_AFTER;
    item.message = tracedOf(item.message);
    item.row = undefined;
    this.#waiting.unshift(item);
  }

  #settle(item: Item<R>, result: R): void {
    const { group, index, calls } = item;
    group.results[index] = calls === undefined ? result : this.#parts.judge?.(result, calls) ?? result;
    calls?.end();
    if (--group.left === 0) group.resolve(group.results);
  }
}

/** Twice as long each time, up to a limit. */
const pauseAfter = (times: number, from: number): number => (times < from ? 0 : Math.min(limits.sandboxRestartMaxMs, PAUSE_FIRST_MS * 2 ** (times - from)));

/** In parts: put together they would be copied once more. */
function listOf(items: readonly { readonly row: readonly string[] | undefined }[], from: number): readonly string[] {
  const parts: string[] = [];
  let open = '[';
  for (let at = from; at < items.length; at++) {
    const row = items[at]?.row ?? [];
    for (let i = 0; i < row.length - 1; i++) {
      parts.push(open + String(row[i]));
      open = '';
    }
    open += row[row.length - 1] + (at === items.length - 1 ? '' : ',');
  }
  parts.push(`${open}]`);
  return parts;
}

/** Its id is asked for only when it is needed. */
const tracedOf = (message: SandboxMessage): SandboxMessage => ({ get id() { return message.id; }, nowMs: message.nowMs, body: message.body, traced: true, ...(message.state && { state: message.state }) });
