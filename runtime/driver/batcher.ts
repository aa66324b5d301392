import { limits } from '../limits.ts';
import type { FusedAnswer, HandlerResult } from '../sdk/define-node.ts';
import { CallContext } from './call-context.ts';
import { failureOf } from './failures.ts';
import type { Fused } from './fused.ts';
import { configFor, type Unit } from './unit.ts';
import type { Visit } from './visit.ts';
import type { Walker } from './walker.ts';

const BATCHES_IN_FLIGHT = 2; // one is prepared while the other is in work (EXPERIMENTS E1)
const THROUGH_MIN = 1 / 8; // of a batch: when fewer get to the end of a row, it costs them more than it saves
const ONE_BY_ONE = 15; // batches then, before the row is tried again

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
  /** Batches that go one by one although there is a row. */
  #oneByOne = 0;
  #last: Promise<void> = Promise.resolve();
  /** Came and have not left. */
  #here = 0;
  #idle: (() => void)[] = [];

  constructor(unit: Unit, walker: Walker) {
    this.#unit = unit;
    this.#walker = walker;
  }

  add(item: Visit): void {
    item.segment.open++;
    this.#here++;
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
      for (const [i, item] of items.entries()) {
        for (let before = this.#before(all[i]); before; before = this.#before(all[i])) await before;
        this.#finish(item, all[i]);
      }
    });
    this.#schedule();
  }

  async #call(items: readonly Visit[]): Promise<readonly Outcome[]> {
    const { fused } = this.#unit;
    if (!fused || this.#oneByOne-- > 0) return await this.#callOne(items);
    const answers = await this.#callFused(fused, items);
    const through = answers.filter((answer) => answer?.answer.stage === fused.units.length - 1).length;
    this.#oneByOne = through < Math.floor(items.length * THROUGH_MIN) ? ONE_BY_ONE : 0;
    const left = items.filter((_, i) => !answers[i]);
    const results = left.length === 0 ? [] : await this.#callOne(left);
    let at = 0;
    return answers.map((answer) => answer ?? results[at++]);
  }

  /** All nodes of the row in one call. What a person is shown, or is kept, is told of each of them; of the rest of a batch nobody sees more than the last. */
  async #callFused(fused: Fused, items: readonly Visit[]): Promise<readonly (Passed | undefined)[]> {
    const { units, nodes } = fused;
    const contexts = items.map((visit) => new CallContext(this.#unit, visit, visit.segment.origin));
    const all = this.#walker.services.trace !== undefined || units.some(({ count }) => count.lastDue.size > 0);
    const shown = items.findLast(({ segment }) => segment.shown)?.segment;
    for (const { segment } of items) if (segment !== shown) segment.shown = false;
    try {
      const answers = await nodes.call(items.map(({ body }) => body), contexts, items.map(({ segment }) => all || segment.shown || segment.recorded));
      return answers.map((answer) => answer && new Passed(fused, answer));
    } catch (error) {
      this.#walker.services.bug(error, { en: `calling node ${this.#unit.id} with those behind it`, ru: `вызов узла ${this.#unit.id} вместе со следующими` });
      return items.map(() => undefined);
    }
  }

  async #callOne(items: readonly Visit[]): Promise<readonly (HandlerResult | Error)[]> {
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

  #finish(visit: Visit, result: Outcome): void {
    try {
      if (result instanceof Passed) this.#finishFused(visit, result);
      else if (result instanceof Error) this.#walker.fail(visit, failureOf(result, this.#unit.id));
      else this.#walker.leave(visit, result);
    } catch (error) {
      this.#walker.services.bug(error, { en: `leaving node ${this.#unit.id}`, ru: `выход из узла ${this.#unit.id}` });
    } finally {
      visit.segment.close();
      if (--this.#here === 0) for (const idle of this.#idle.splice(0)) idle();
    }
  }

  /** When all that came has left. */
  get idle(): Promise<void> | undefined { return this.#here === 0 ? undefined : new Promise((resolve) => { this.#idle.push(resolve); }); }

  /** One that could not pass all of the row goes on from node to node: those after it must not leave the row, or enter it, before it. */
  #before(result: Outcome): Promise<void> | undefined {
    if (!(result instanceof Passed)) return undefined;
    const { fused: { units }, answer: { stage } } = result;
    for (let at = 1; at <= stage; at++) {
      const idle = this.#walker.idleAt(units[at]);
      if (idle) return idle;
    }
    return undefined;
  }

  #finishFused(first: Visit, { fused: { wires }, answer: { stage, results } }: Passed): void {
    let visit: Visit | undefined = first;
    for (const wire of wires.slice(0, stage + 1 - results.length)) visit = this.#walker.pass(visit, wire);
    for (const [i, read] of results.entries()) {
      if (!visit) return;
      if (read === null) { visit = this.#walker.through(visit); continue; }
      const result = read(visit.body, new CallContext(visit.unit, visit, visit.segment.origin));
      if (result instanceof Error) { this.#walker.fail(visit, failureOf(result, visit.unit.id)); return; }
      if (i === results.length - 1) this.#walker.leave(visit, result);
      else visit = this.#walker.follow(visit, result);
    }
  }
}

/** What came of a message that passed several nodes in one call. */
class Passed {
  readonly fused: Fused;
  readonly answer: FusedAnswer;
  constructor(fused: Fused, answer: FusedAnswer) {
    this.fused = fused;
    this.answer = answer;
  }
}
type Outcome = HandlerResult | Error | Passed;
