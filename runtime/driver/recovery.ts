import type { DeployEffects } from '../api/contract.ts';
import type { Collecting } from './collecting.ts';
import type { FlowRunner } from './flow-runner.ts';
import { rowState, type CancelledRun } from '../journal/rows.ts';

/** What the journal holds of a flow goes on. */
export class Recovery {
  readonly #runner: FlowRunner;
  readonly #collecting: Collecting;

  constructor(runner: FlowRunner, collecting: Collecting) {
    this.#runner = runner;
    this.#collecting = collecting;
  }

  /** After a start, before anything new is accepted. Answers what has no place any more. */
  async open(): Promise<DeployEffects['parks']> {
    try {
      return await this.#open();
    } catch (error) {
      // What could be read in part only is read anew by the next deploy.
      this.#runner.forget();
      throw error;
    }
  }

  async #open(): Promise<DeployEffects['parks']> {
    const { flow, services: { journal, states } } = this.#runner;
    await journal.recover(flow);
    await states.open(flow);
    const parks = await this.#runner.parking.atStart();
    for (const { node, key, row } of await journal.keyHolds(flow)) {
      this.#runner.station(node).holdForPerson(key);
      if (row !== null) this.#runner.settling.heldBy(row, { node, key });
    }
    await this.restore();
    await this.#collecting.recover();
    return parks;
  }

  /** Waits of keys are gone: what their later messages wait for is what is left. */
  async duesOf(node: string, gone: CancelledRun['rows']): Promise<void> {
    const { flow, services: { journal } } = this.#runner;
    const { lastDue } = this.#runner.station(node);
    const known = new Map(gone.flatMap(({ state, key }) => (state === rowState.held && key !== null ? [[key, lastDue.get(key)]] : [])));
    if (known.size === 0) return;
    const left = new Map((await journal.heldDues(flow)).filter((each) => each.node === node).map(({ key, due, pos }) => [key, { due, pos }]));
    for (const [key, before] of known) {
      if (lastDue.get(key) !== before) continue; // another came to wait meanwhile
      const due = left.get(key);
      if (due) lastDue.set(key, due);
      else lastDue.delete(key);
    }
  }

  /** Tells stations what the journal says lies there: all of them, or those that were emptied. */
  async restore(emptied?: ReadonlySet<string>): Promise<void> {
    const { flow, services: { journal } } = this.#runner;
    if (emptied?.size === 0) return;
    const except = [...emptied ?? []].flatMap((node) => [...this.#runner.station(node).atWork].map(({ seq }) => seq));
    if (emptied) await journal.asideTogether({ flow, nodes: [...emptied], except });
    const here = ({ node }: { readonly node: string }): boolean => emptied?.has(node) ?? true;
    for (const { node, key } of (await journal.retryingKeys(flow)).filter(here)) this.#runner.station(node).hold(key);
    for (const { node, key, count } of (await journal.asideKeys(flow)).filter(here)) this.#runner.station(node).restoreAside(key, count);
    for (const { node, key, due, pos } of (await journal.heldDues(flow)).filter(here)) this.#runner.station(node).lastDue.set(key, { due, pos });
    const left = new Set(emptied);
    for (const rest of (await journal.counts(flow)).filter(here)) {
      this.#runner.station(rest.node).restore(rest);
      left.delete(rest.node);
    }
    for (const node of left) this.#runner.station(node).restore({ queued: 0, waiting: 0 });
  }
}
