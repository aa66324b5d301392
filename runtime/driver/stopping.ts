import type { NodeState, StopContext } from '../sdk/context.ts';
import { failureOf, timedOut } from './failures.ts';
import type { Services } from './services.ts';
import { noState, type Draft } from './state-draft.ts';
import type { Unit } from './unit.ts';

/** Nodes of one flow that stop: what their types do then, in turn with the calls that use the same context. */
export class Stopping {
  readonly #services: Services;
  readonly #under = new Set<Promise<void>>();
  #isOver = false;

  constructor(services: Services) { this.#services = services; }

  /** After the last message of the node. A failure is told at the node. */
  async stop(unit: Unit): Promise<void> {
    if (!unit.definition?.stop || !unit.config) return; // one that could not start has nothing to end
    const stopped = this.#inTurn(unit).catch((error: unknown) => { this.#tell(unit, error); });
    this.#under.add(stopped);
    await stopped;
    this.#under.delete(stopped);
  }

  /** When those that have begun to stop have done so. */
  async done(): Promise<void> { await Promise.all(this.#under); }

  /** Nothing is written any more: the journal is about to be closed, or the flow to be forgotten. */
  giveUp(): void { this.#isOver = true; }

  /** The next revision may run already: its calls and this one lose no update of each other. */
  async #inTurn(unit: Unit): Promise<void> {
    const { states } = this.#services;
    await states.open(unit.place.flow.id); // known already, unless the flow never came to run
    const endTurn = unit.plan.state && await states.turn(unit);
    const draft = states.draftOf(unit);
    try {
      if (this.#isOver) return;
      await this.#inTime(unit, unit.definition?.stop?.(contextOf(unit, draft) as never));
      if (draft && !this.#isOver) await states.keep(draft);
    } finally {
      draft?.close();
      endTurn?.();
    }
  }

  /** As every call it has a deadline: whoever waits for the context, waits for it. */
  async #inTime({ id, timeoutMs }: Unit, work: Promise<void> | undefined): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.#services.clock.after(timeoutMs, () => { reject(timedOut(id, timeoutMs)); });
    try {
      await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }

  #tell({ id, place }: Unit, error: unknown): void {
    const { observers, clock } = this.#services;
    const { code, text } = failureOf(error, id);
    observers.emit({ kind: 'failure', at: clock.now(), flow: place.flow.id, node: id, runId: '', code, text, attempt: 1, final: true });
  }
}

function contextOf({ id, place, config, prepared }: Unit, draft: Draft | undefined): StopContext<unknown, unknown> {
  return {
    ...place, config: config?.atDeploy, prepared: prepared.value,
    get state(): NodeState {
      if (!draft) throw noState(id);
      return draft;
    },
  };
}
