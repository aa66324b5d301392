import { encodeBody } from '../journal/codec.ts';
import { limits } from '../limits.ts';
import type { Body, Many } from '../sdk/message.ts';

/** The messages that one message becomes, taken in chunks. It looks one message ahead, so that the last chunk is known to be the last. */
export class Stream {
  readonly #next: () => IteratorResult<Body> | Promise<IteratorResult<Body>>;
  readonly #async: boolean;
  #ahead: IteratorResult<Body> | undefined;
  /** Place of the next one. */
  at: number;

  constructor(many: Many, at: number) {
    const bodies = many.from(at);
    this.at = at;
    this.#async = Symbol.asyncIterator in bodies;
    const iterator = Symbol.asyncIterator in bodies ? bodies[Symbol.asyncIterator]() : bodies[Symbol.iterator]();
    this.#next = () => iterator.next();
  }

  /** All have been taken. */
  get done(): boolean { return this.#ahead?.done === true; }

  take(): Body[] | Promise<Body[]> { return this.#async ? this.#takeLater() : this.#takeNow(); }

  #takeNow(): Body[] {
    let ahead = this.#ahead ?? (this.#next() as IteratorResult<Body>);
    const bodies: Body[] = [];
    for (const most = mostOf(ahead); bodies.length < most && !ahead.done; ahead = this.#next() as IteratorResult<Body>) bodies.push(ahead.value);
    return this.#took(bodies, ahead);
  }

  async #takeLater(): Promise<Body[]> {
    let ahead = this.#ahead ?? await this.#next();
    const bodies: Body[] = [];
    for (const most = mostOf(ahead); bodies.length < most && !ahead.done; ahead = await this.#next()) bodies.push(ahead.value);
    return this.#took(bodies, ahead);
  }

  #took(bodies: Body[], ahead: IteratorResult<Body>): Body[] {
    this.#ahead = ahead;
    this.at += bodies.length;
    return bodies;
  }
}

/** How many fit into a chunk, if all are about as large as the first. */
function mostOf(first: IteratorResult<Body>): number {
  if (first.done) return 0;
  try { return Math.min(limits.chunkMessages, Math.ceil(limits.chunkBytes / encodeBody(first.value).length)); } catch { return 1; }
}
