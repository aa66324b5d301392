import { encodeBody } from '../journal/codec.ts';
import { endCodes, type AnswerRow, type Guard, type Op } from '../journal/rows.ts';
import type { HttpAnswer, ReplyIdempotency } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import type { Services } from './services.ts';

type Known = Pick<AnswerRow, 'run' | 'bodyHash' | 'answer' | 'ended'>;
interface Taken extends ReplyIdempotency { readonly run: string; readonly at: number; written?: Promise<void> }

/**
 * Callers' own keys in memory mode. While its run goes on a key is in memory as the run is, and a crash forgets both: a repeat begins another
 * run. What became of it is on disk before the caller is told.
 */
export class CallerKeys {
  readonly #services: Services;
  readonly #byKey = new Map<string, Taken>();
  readonly #byRun = new Map<string, Taken>();

  constructor(services: Services) { this.#services = services; }

  /** What is known of the key; undefined when it is this run's from now on. */
  async take(key: ReplyIdempotency, run: string): Promise<Known | undefined> {
    const before = this.#byKey.get(nameOf(key));
    if (before) return { ...before, answer: null, ended: 0 };
    const taken: Taken = { ...key, run, at: this.#services.clock.now() };
    this.#byKey.set(nameOf(key), taken);
    this.#byRun.set(run, taken);
    try {
      const known = await this.#services.journal.findAnswer(key.scope, key.key);
      if (known) this.forget(run);
      return known;
    } catch (error) {
      this.forget(run);
      throw error;
    }
  }

  /** The run did not begin after all, or all is written. */
  forget(run: string): void {
    const taken = this.#byRun.get(run);
    if (taken) this.#byKey.delete(nameOf(taken));
    this.#byRun.delete(run);
  }

  /** Writes the answer of a run, then tells it. False when the run has no key. */
  answered(run: string, answer: HttpAnswer): boolean {
    const taken = this.#byRun.get(run);
    if (!taken) return false;
    this.#write(taken, { op: 'answered', run, answer: encodeBody(answer as unknown as Body), at: this.#services.clock.now() }, () => { this.#services.replies.answer(run, answer); });
    return true;
  }

  /** The run has ended: whoever waits for it is told, with a key after that is written. */
  ended(run: string, how: keyof typeof endCodes): void {
    const { replies, clock } = this.#services;
    const taken = this.#byRun.size === 0 ? undefined : this.#byRun.get(run);
    if (!taken) { replies.ended(run, how); return; }
    this.#write(taken, { op: 'answered', run, answer: null, at: clock.now(), ended: endCodes[how] }, () => {
      replies.ended(run, how);
      this.forget(run);
    });
  }

  /** Takes out the keys of runs that go on in the next life. */
  takeAll(): readonly NonNullable<Guard['answer']>[] {
    const all = [...this.#byRun.values()].filter(({ written }) => !written).map(({ scope, key, bodyHash, run, at }) => ({ scope, key, bodyHash, run, at }));
    for (const { run } of all) this.forget(run);
    return all;
  }

  /** One after the other: the first that is written counts. */
  #write(taken: Taken, op: Op, then: () => void): void {
    const { journal, bug } = this.#services;
    const { scope, key, bodyHash, run, at } = taken;
    taken.written = (taken.written ?? Promise.resolve())
      .then(async () => { await journal.commit({ ops: [op], guard: { answer: { scope, key, bodyHash, run, at } } }); })
      .then(then, (error: unknown) => bug(error, { en: `recording the answer of run ${run}`, ru: `запись ответа запуска ${run}` }));
  }
}

const nameOf = ({ scope, key }: ReplyIdempotency): string => JSON.stringify([scope, key]);
