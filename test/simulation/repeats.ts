import { rowFlag, type Row } from '../../runtime/journal/rows.ts';
import type { StepRecord } from '../../runtime/store/store.ts';
import type { CallStart } from './ledger.ts';

/**
 * Runs that repeat others: what a receiver who takes the idempotency key would see. One key is one work: the same in all that repeats it under the same keys,
 * and never another one, which the receiver would not do. What is recorded as done is not called again.
 */
export class Repeats {
  readonly #violated: (text: string) => void;
  /** Deploys leave the wires as they are: only then does a repeated message come under its earlier names. */
  keepsNames = true;
  readonly #replays = new Map<string, NonNullable<StepRecord['replay']>>();
  /** Calls that the store knows as done, by message and node, with how many it knew before. */
  readonly #done = new Map<string, number>();
  /** How many those were when a replay under the same keys began. */
  readonly #knownAt = new Map<string, number>();
  readonly #elsewhere = new Set<string>();
  readonly #keyOfWork = new Map<string, string>();
  readonly #workOfKey = new Map<string, string>();

  constructor(violated: (text: string) => void) { this.#violated = violated; }

  /** Steps that a commit brings to the journal: they say which run repeats which. */
  told(steps: readonly StepRecord[]): void { for (const { run, replay } of steps) if (replay) this.#replays.set(run, replay); }
  /** Steps that are in the store. */
  stored(steps: readonly StepRecord[]): void {
    for (const { message, node, outcome } of steps) if (outcome === 'done' && !this.#done.has(`${message}|${node}`)) this.#done.set(`${message}|${node}`, this.#done.size);
  }

  /** How the run repeats another. */
  modeOf(run: string): string | undefined { return this.#replays.get(run)?.mode; }
  /** The run of the dead letter that began it. */
  resentFrom(run: string): string | undefined {
    const replay = this.#replays.get(run);
    return replay?.mode === 'resend' ? replay.of : undefined;
  }
  /** Both do the same work under the same keys. */
  isSame(one: string, other: string): boolean { return one !== other && this.#first(one) === this.#first(other); }
  /** The runs that it repeats, and that those repeat. */
  repeated(run: string): readonly string[] {
    const of = this.#replays.get(run)?.of;
    return of === undefined ? [] : [of, ...this.repeated(of)];
  }
  /** It was resent to another node than its own, which has not had it before. */
  elsewhere(run: string): void { this.#elsewhere.add(run); }
  saved({ run, flags }: Row): void { if ((flags & rowFlag.asBefore) !== 0 && !this.#knownAt.has(run)) this.#knownAt.set(run, this.#done.size); }
  /** What was done before is answered from its record. */
  isAsBefore(run: string): boolean { return this.#knownAt.has(run); }

  called(call: CallStart): void {
    const { run, id, node, path, idempotencyKey } = call;
    const work = `${this.#first(run)}|${node}|${path}`;
    const key = this.#keyOfWork.get(work) ?? idempotencyKey;
    this.#keyOfWork.set(work, key);
    if (key !== idempotencyKey) this.#violated(`${run}|${node}|${path} comes with another idempotency key than before`);
    const other = this.#workOfKey.get(`${node}|${idempotencyKey}`) ?? path;
    this.#workOfKey.set(`${node}|${idempotencyKey}`, other);
    // A whole is the same message also when other parts of it have come.
    if (other !== path && !path.includes('/join')) this.#violated(`${run}|${node}|${path} comes with the idempotency key of ${other}, so that who takes it does not do it`);
    if ((this.#done.get(`${id}|${node}`) ?? Infinity) < (this.#knownAt.get(run) ?? 0)) this.#violated(`${run}|${node}|${path} is called, and was recorded as done before its run began`);
  }

  /** The run whose keys it has. */
  #first(run: string): string {
    const replay = this.#replays.get(run);
    return !this.keepsNames || replay === undefined || replay.mode === 'new-generation' || this.#elsewhere.has(run) ? run : this.#first(replay.of);
  }
}
