import { limits } from '../limits.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { CallContext } from './call-context.ts';
import { failureOf } from './failures.ts';
import { configFor, type Unit } from './unit.ts';
import type { Visit } from './visit.ts';
import type { Walker } from './walker.ts';


const BATCHES_IN_FLIGHT = 2; // one is prepared while the other is in work (EXPERIMENTS E1)

/**
 * Gives messages to a node that takes many at once: whatever queued while the last batch was in work, never waiting for more.
 * Results leave in the order in which the messages came.
 */
export class Batcher {
  readonly #unit: Unit;
  readonly #walker: Walker;
  #queue: Visit[] = [];
  #inFlight = 0;
  #scheduled = false;
  #last: Promise<void> = Promise.resolve();

  constructor(unit: Unit, walker: Walker) {
    this.#unit = unit;
    this.#walker = walker;
  }

  add(item: Visit): void {
    item.segment.open++;
    this.#queue.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight >= BATCHES_IN_FLIGHT) return;
    this.#scheduled = true;
    // One turn later: everything that this turn brings goes together.
    setImmediate(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#queue.length === 0) return;
    const items = this.#queue.length <= limits.batchMessages ? this.#queue : this.#queue.slice(0, limits.batchMessages);
    this.#queue = this.#queue.length <= limits.batchMessages ? [] : this.#queue.slice(limits.batchMessages);
    this.#inFlight++;
    const results = this.#call(items);
    this.#last = this.#last.then(async () => {
      const all = await results;
      this.#inFlight--;
      this.#schedule();
      items.forEach((item, i) => this.#finish(item, all[i]));
    });
    this.#schedule();
  }

  async #call(items: readonly Visit[]): Promise<readonly (HandlerResult | Error)[]> {
    try {
      const contexts: CallContext[] = [];
      for (const visit of items) {
        const context = new CallContext(this.#unit, visit, visit.segment.origin);
        const config = configFor(this.#unit, visit.body, context);
        context.config = config instanceof Promise ? await config : config;
        contexts.push(context);
      }
      const results = await this.#unit.definition?.batch?.(items.map(({ body }) => body), contexts as never[]);
      return results ?? items.map(() => undefined);
    } catch (error) {
      return items.map(() => failureOf(error, this.#unit.id));
    }
  }

  #finish(visit: Visit, result: HandlerResult | Error): void {
    try {
      if (result instanceof Error) this.#walker.fail(visit, failureOf(result, this.#unit.id));
      else this.#walker.leave(visit, result);
    } catch (error) {
      this.#walker.services.bug(error, { en: `leaving node ${this.#unit.id}`, ru: `выход из узла ${this.#unit.id}` });
    } finally {
      visit.segment.close();
    }
  }
}
